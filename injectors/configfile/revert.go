package configfile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors/manual"
)

// Revert restores the original and reads back that it is in place, with its mode and
// owner. Then it deletes what was saved. That nothing is found is no error where this
// process took the fault back before, or where nothing lies beside the file that tells of
// the fault. The error is a [ManualError] where only a person can go on.
func (in *Injector) Revert(ctx context.Context, f plan.Fault) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if !localName(f.Name) {
		return nil // such a fault was never injected
	}
	in.stopFlapping(f.Name)
	restored, err := in.restore(ctx, f)
	if err != nil || !restored {
		return err
	}
	if err := in.o.Replaced(ctx, f, false); err != nil { // the record stays, and the next call notifies the system again
		return in.errNotNotified(f, fmt.Errorf("the file is restored, but the system was not notified: %w", err))
	}
	return in.finish(ctx, f)
}

// restore restores the original. It reports false when there was nothing to restore.
func (in *Injector) restore(ctx context.Context, f plan.Fault) (bool, error) {
	unlock, err := in.undo.lock(ctx)
	if err != nil {
		return false, err
	}
	defer unlock()
	u, err := in.find(f)
	if err != nil {
		return false, err
	}
	if u == nil { // there may be an original without a record: its process died before it touched the file, or after it restored it
		return false, in.undo.forget(f.Name)
	}
	defer u.close()
	if u.held != nil && !u.held.touched {
		return false, in.end(ctx, u)
	}
	now, err := u.read()
	switch {
	case err != nil:
		return false, in.withManualSteps(u, err)
	case !u.record.isKnown(now.digest) && in.o.Keep:
		return false, in.end(ctx, u)
	case !u.record.isKnown(now.digest):
		return false, in.withManualSteps(u, fmt.Errorf("%w: %s is now %s, but the fault had left %s", ErrChanged, u.path(), now.digest, u.record.lastBad()))
	case now.digest == u.record.Original && u.held != nil && !in.isTraced(u): // another process has restored it and notified the system
		return false, in.end(ctx, u)
	case now.digest == u.record.Original:
		return true, u.clear()
	}
	if err := in.putBack(u, now); err != nil {
		return false, in.withManualSteps(u, err)
	}
	return true, nil
}

// putBack replaces what is in place by the original, and reads it back.
func (in *Injector) putBack(u *subject, now version) error {
	want := u.record.attributes()
	if in.o.Untrusted {
		want = attributes{want.mode & fs.ModePerm, now.uid, now.gid}
	}
	var err error
	if u.hasAside(want) {
		err = u.bringBack(now.digest)
	} else {
		err = in.writeBack(u, now.digest, want)
	}
	if err != nil {
		return err
	}
	now, err = u.read()
	if err == nil && (now.digest != u.record.Original || now.attributes != want) {
		err = fmt.Errorf("%s was restored, but it is not what it was", u.path())
	}
	return err
}

// hasAside reports whether the original with these attributes is set aside.
func (u *subject) hasAside(want attributes) bool {
	aside, err := u.readAside()
	return err == nil && aside.digest == u.record.Original && aside.attributes == want
}

func (in *Injector) writeBack(u *subject, expected string, want attributes) error {
	original, err := in.originalOf(u, want)
	if err == nil {
		_, err = u.replace(expected, original)
	}
	return err
}

// originalOf returns the original from wherever it was kept, with these attributes.
func (in *Injector) originalOf(u *subject, want attributes) (version, error) {
	if aside, err := u.readAside(); err == nil && aside.digest == u.record.Original {
		return versionOf(aside.body, want), nil
	}
	original, err := in.undo.original(u.record)
	if err != nil && u.held != nil {
		original, err = u.held.original, nil
	}
	return versionOf(original.body, want), err
}

// finish checks that the file is the original, and deletes what was kept for the fault.
func (in *Injector) finish(ctx context.Context, f plan.Fault) error {
	unlock, err := in.undo.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	u, err := in.find(f)
	if err != nil {
		return err
	}
	if u == nil {
		return in.undo.forget(f.Name)
	}
	defer u.close()
	now, err := u.read()
	if err != nil {
		return err
	}
	if now.digest != u.record.Original { // the fault was injected again meanwhile, or another program changed the file
		return in.withManualSteps(u, fmt.Errorf("%w: %s is now %s", ErrChanged, u.path(), now.digest))
	}
	return in.end(ctx, u)
}

// end deletes what was kept for a fault whose file is the original. The record goes last:
// while it is there, another process tries again.
func (in *Injector) end(ctx context.Context, u *subject) error {
	err := errors.Join(u.clear(), u.unmark(ctx, u.record.Fault))
	if err == nil {
		err = in.undo.forget(u.record.Fault)
	}
	if err == nil {
		in.release(u.record.Fault)
	}
	return err
}

// isTraced reports whether a record or a mark of the fault is left.
func (in *Injector) isTraced(u *subject) bool {
	r, err := in.undo.load(u.record.Fault)
	if r != nil || err != nil {
		return true
	}
	m, err := u.readMark()
	return err != nil || m.Fault == u.record.Fault
}

// A ManualError is returned by Revert when only a person can go on. It says how.
type ManualError struct{ error }

func (h *ManualError) Unwrap() error { return h.error }

// errNotNotified adds what a person can do about a system that may still use the bad
// version.
func (in *Injector) errNotNotified(f plan.Fault, err error) error {
	u, failed := in.find(f)
	if failed != nil || u == nil {
		return err
	}
	defer u.close()
	return &ManualError{fmt.Errorf("%w; make the system read the file again, for example by a restart, and then delete the fault's record with\n  %s", err, in.manualForget(u))}
}

// withManualSteps adds to an error what a person can do.
func (in *Injector) withManualSteps(u *subject, err error) error {
	in.keep(u)
	err = fmt.Errorf("%w; restore the saved original with\n  %s", err, in.manualRestore(u))
	if errors.Is(err, ErrChanged) {
		err = fmt.Errorf("%w\nor keep the file as it is now, with\n  %s", err, in.manualKeep(u))
	}
	return &ManualError{err}
}

// keep writes the original to the disk again where it is only in memory any more, so
// that a person, or another process, can restore it after this one has ended.
func (in *Injector) keep(u *subject) {
	if u.held == nil || u.hasAside(u.record.attributes()) {
		return
	}
	if _, err := in.undo.original(u.record); err == nil {
		return
	}
	if in.o.Run == nil || in.undo.save(u.record, u.held.original.body) != nil {
		_ = u.copyAside(u.held.original) // if this fails as well, the steps say that nothing is left
	}
}

// ManualRestore returns the shell command that restores the file without blastgauge.
func (in *Injector) ManualRestore(_ context.Context, f plan.Fault) string {
	u, err := in.find(f)
	switch {
	case err != nil:
		return "# look at " + manual.Quote(f.File()) + " by hand: " + err.Error()
	case u == nil:
		return "# nothing to do for " + f.Name + ": its file is the original"
	}
	defer u.close()
	return in.manualRestore(u)
}

func (in *Injector) manualRestore(u *subject) string {
	forget := in.manualForget(u)
	if u.hasAside(u.record.attributes()) {
		return fmt.Sprintf("mv -f %s %s && %s", u.quoted(u.beside(asideSuffix)), u.quoted(u.name), forget)
	}
	if _, err := in.undo.original(u.record); err == nil {
		return fmt.Sprintf("cat %s > %s && %s", manual.Quote(in.keptPath(u.record.Fault, originalSuffix)), u.quoted(u.name), forget)
	}
	return fmt.Sprintf("# nothing is left of the original: put %s back from where it came from, and then\n  %s", u.quoted(u.name), forget)
}

// manualKeep returns the shell command that leaves the file as it is, and takes its fault
// for gone.
func (in *Injector) manualKeep(u *subject) string {
	dir, trust := in.runDir(), ""
	if m, err := u.readMark(); dir == "" && err == nil && m.Fault == u.record.Fault {
		dir = m.Run
	}
	if dir == "" {
		return in.manualForget(u)
	}
	if in.o.Untrusted {
		trust = "--trust "
	}
	return "blastgauge recover --keep-files " + trust + manual.Quote(dir)
}

// manualForget returns the shell command that deletes everything kept for a fault.
func (in *Injector) manualForget(u *subject) string {
	words := []string{"rm", "-f"}
	if in.o.Run != nil {
		words = append(words, manual.Quote(in.keptPath(u.record.Fault, originalSuffix)), manual.Quote(in.keptPath(u.record.Fault, recordSuffix)))
	}
	words = append(words, u.quoted(u.beside(markSuffix)), u.quoted(u.beside(asideSuffix)))
	return strings.Join(words, " ")
}

// quoted returns the path of a file in the folder as a word of a shell. Once the folder
// has moved, its path leads elsewhere: then it is a path for who has gone there.
func (t *target) quoted(name string) string {
	if !t.isAtPath() {
		return manual.Quote("." + string(os.PathSeparator) + name)
	}
	return manual.Quote(filepath.Join(t.dir, name))
}

// keptPath returns the path of a file that is saved for a fault.
func (in *Injector) keptPath(fault, suffix string) string {
	return filepath.Join(in.runDir(), fileName(fault, suffix))
}
