// Package configfile puts bad config into files on disk, and puts the original
// files back.
//
// Before it touches a file, it saves the file's bytes, mode and owner in the run's
// directory, so that every process that has the directory can restore the file. It
// does not save extended attributes, ACLs and times: a restored file is newer than
// before, so that programs that watch times notice the change.
//
// A file is always replaced as a whole, and only while it is what the fault left. A
// file that was changed by another program meanwhile is left alone, and the error
// says how to restore it by hand. The processes of a run take turns: they lock the
// run's undo folder.
package configfile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors/badconfig"
	"github.com/blastgauge/blastgauge/injectors/manual"
)

// Kind is the fault kind that this injector handles.
const Kind = "config_file"

// Options say where a run keeps its records. Only Run is required, also to revert what
// another process injected.
type Options struct {
	Run  *os.Root // the run's directory
	Seed uint64   // of the plan: decides where a fault leaves a choice
	// Files holds the path of each fault's file by the fault's name, as [Files] found it
	// when the run began. Nothing but this file is touched: a record that names another is
	// refused. A fault that is not in it has the file that its plan leads to now.
	Files map[string]string
	// Untrusted means that a stranger may have written the run's directory. A file is
	// restored only where no link is on the way to it and where the mark beside it names
	// the fault. It keeps its owner, and it gets no setuid or setgid bit.
	Untrusted bool
	// Replaced is called after another version of a fault's file is in place. It notifies
	// systems that read config only on request. When it returns an error, Inject and
	// Revert fail with that error although the file has been replaced.
	Replaced func(ctx context.Context, f plan.Fault, bad bool) error
}

// An Injector injects faults into files. Several goroutines may use it.
type Injector struct {
	o    Options
	undo undo

	mu         sync.Mutex
	injections map[string]*injection // by fault; those that this process injected
}

// New returns an injector.
func New(o Options) *Injector {
	if o.Replaced == nil {
		o.Replaced = func(context.Context, plan.Fault, bool) error { return nil }
	}
	return &Injector{o: o, undo: undo{o.Run}, injections: map[string]*injection{}}
}

// A Change is what a fault did to its file.
type Change struct {
	File      string    `json:"file"`   // absolute, without links
	Before    string    `json:"before"` // digests
	After     string    `json:"after"`
	Where     []string  `json:"where,omitempty"` // JSON Pointers; none means the whole document
	What      string    `json:"what"`            // in words, without any text of the document
	Rewritten bool      `json:"rewritten,omitempty"`
	At        time.Time `json:"at"`
}

// Inject replaces the file by the bad version.
func (in *Injector) Inject(ctx context.Context, f plan.Fault) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	s, err := parseSettings(f.Complete())
	if err != nil {
		return err
	}
	if s.digest, err = digestOf(f); err != nil {
		return err
	}
	if !localName(f.Name) {
		return fmt.Errorf("%q cannot be the name of a fault", f.Name)
	}
	in.stopFlapping(f.Name)
	l, err := in.putBad(ctx, f, s)
	if err != nil {
		return err
	}
	if err := in.o.Replaced(ctx, f, true); err != nil {
		return fmt.Errorf("%s has the bad version, but the system was not notified: %w", s.file, err)
	}
	if s.flap > 0 {
		in.startFlapping(ctx, f, l, s.flap)
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.injections[f.Name] = l
	return nil
}

// putBad saves the original and replaces the file by the bad version.
func (in *Injector) putBad(ctx context.Context, f plan.Fault, s *settings) (*injection, error) {
	unlock, err := in.undo.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if b, ok := journal.FindFence(in.o.Run); ok {
		return nil, errors.New(b.String())
	}
	r, t, original, err := in.findOriginal(f, s)
	if err != nil {
		return nil, err
	}
	defer t.close()
	fresh := r.Settings == ""
	bad, err := in.mutate(r, s, original)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.path(), err)
	}
	if err := in.undo.save(r, original.body); err != nil {
		return nil, fmt.Errorf("save the original: %w", err)
	}
	now, err := t.read()
	if err == nil && !r.isKnownVersion(now.digest) {
		err = fmt.Errorf("%w: %s", ErrChanged, t.path())
	}
	if err == nil {
		err = t.mark(in.mark(f.Name))
	}
	if err != nil {
		if fresh { // the file was not touched
			err = errors.Join(err, in.undo.forget(f.Name))
		}
		return nil, err
	}
	l := &injection{bad: bad, current: bad.digest, isBad: true, placed: 1}
	l.traces, err = t.replace(now.digest, bad)
	return l, err
}

// findOriginal finds the file and its original version: on disk or, when the fault is in
// the file already, among the records.
func (in *Injector) findOriginal(f plan.Fault, s *settings) (*record, *target, version, error) {
	r, err := in.undo.load(f.Name)
	if err != nil {
		return nil, nil, version{}, err
	}
	if r != nil {
		original, err := in.undo.original(r)
		if err != nil {
			return nil, nil, version{}, err
		}
		t, err := openTarget(r.Tree, r.Rel)
		return r, t, original, err
	}
	t, err := findTarget(s.file, s.within)
	if err != nil {
		return nil, nil, version{}, err
	}
	original, err := t.read()
	if err == nil {
		err = t.checkUnmarked(in.mark(f.Name))
	}
	if err != nil {
		t.close()
		return nil, nil, version{}, err
	}
	return &record{
		Fault: f.Name, Tree: t.tree, Rel: t.rel, Original: original.digest,
		Mode: original.mode, UID: original.uid, GID: original.gid,
	}, t, original, nil
}

// mutate makes the bad version and adds it to the record.
func (in *Injector) mutate(r *record, s *settings, original version) (version, error) {
	bad, change, err := s.apply(original, in.o.Seed)
	if err != nil {
		return version{}, err
	}
	if !slices.Contains(r.Bad, bad.digest) {
		r.Bad = append(r.Bad, bad.digest)
	}
	r.Settings, r.Flaps = s.digest, s.flap > 0
	r.Change = change
	r.Change.File = r.path()
	return bad, nil
}

// apply makes the bad version of a file, and describes the change.
func (s *settings) apply(original version, seed uint64) (version, Change, error) {
	now := time.Now().UTC()
	result, err := s.mutation.Apply(badconfig.Document{
		Body: original.body, Format: s.formatOf(original.body), Seed: seed, At: now,
	})
	if err != nil {
		return version{}, Change{}, err
	}
	bad := versionOf(result.Body, original.attributes)
	return bad, Change{
		Before: original.digest, After: bad.digest,
		Where: result.Where, What: result.What, Rewritten: result.Rewritten, At: now,
	}, nil
}

func (in *Injector) mark(fault string) mark {
	dir, err := filepath.Abs(in.o.Run.Name())
	if err != nil {
		dir = in.o.Run.Name()
	}
	return mark{Fault: fault, Run: dir}
}

// Check reports whether the bad version is in place. When the file system records read
// times, Met counts the bad versions that a program has read, and Of counts all bad
// versions that were put in place: more than one when the fault flaps.
func (in *Injector) Check(ctx context.Context, f plan.Fault) (journal.Evidence, error) {
	if ctx.Err() != nil {
		return journal.Evidence{}, context.Cause(ctx)
	}
	r, err := in.undo.load(f.Name)
	if err != nil {
		return journal.Evidence{}, err
	}
	if r == nil {
		return journal.Evidence{Detail: "the file is as it was"}, nil
	}
	settings, err := digestOf(f)
	if err != nil {
		return journal.Evidence{}, err
	}
	if settings != r.Settings {
		return journal.Evidence{Detail: fmt.Sprintf("%s has another fault of this name", r.path())}, nil
	}
	t, err := openTarget(r.Tree, r.Rel)
	if errors.Is(err, fs.ErrNotExist) {
		return journal.Evidence{Detail: r.Tree + " no longer exists"}, nil
	}
	if err != nil {
		return journal.Evidence{}, err
	}
	defer t.close()
	l := in.injectionOf(f.Name)
	now, err := t.read()
	if errors.Is(err, fs.ErrNotExist) {
		return journal.Evidence{Detail: r.path() + " no longer exists"}, nil
	}
	if err != nil {
		return journal.Evidence{}, err
	}
	if detail := l.problem(r, now.digest); detail != "" {
		return journal.Evidence{Detail: detail}, nil
	}
	e := l.evidence(t)
	c := r.Change
	e.Documents = []journal.Mutated{{Name: c.File, Before: c.Before, After: c.After, What: c.What, Where: c.Where, Fetched: e.Met}}
	return e, nil
}

// Change returns what a fault in force did to its file. It reports false when the fault
// is not in force.
func (in *Injector) Change(f plan.Fault) (Change, bool) {
	r, err := in.undo.load(f.Name)
	if err != nil || r == nil {
		return Change{}, false
	}
	return r.Change, true
}

// Revert restores the original and reads back that it is in place, with its mode and
// owner. Then it deletes what was saved.
func (in *Injector) Revert(ctx context.Context, f plan.Fault) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if !localName(f.Name) {
		return nil // such a fault was never injected
	}
	in.stopFlapping(f.Name)
	there, err := in.restore(ctx, f)
	if err != nil || !there {
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
	r, err := in.undo.load(f.Name)
	if err != nil {
		return false, err
	}
	if r == nil { // there may be an original without a record: its process died before it touched the file, or after it restored it
		return false, in.undo.forget(f.Name)
	}
	t, err := openTarget(r.Tree, r.Rel)
	if err != nil {
		return false, in.withManualSteps(r, err)
	}
	defer t.close()
	now, err := t.read()
	switch {
	case err != nil:
		return false, in.withManualSteps(r, err)
	case !r.isKnownVersion(now.digest):
		return false, in.withManualSteps(r, fmt.Errorf("%w: %s is now %s, but the fault had left %s", ErrChanged, t.path(), now.digest, r.Bad[len(r.Bad)-1]))
	case now.digest == r.Original:
		return true, ignoreMissing(t.root.Remove(t.beside(nextSuffix)))
	}
	original, err := in.undo.original(r)
	if err != nil {
		return false, err
	}
	if _, err := t.replace(now.digest, original); err != nil {
		return false, in.withManualSteps(r, err)
	}
	now, err = t.read()
	if err == nil && (now.digest != original.digest || now.attributes != original.attributes) {
		err = fmt.Errorf("%s was restored, but it is not what it was", t.path())
	}
	return true, err
}

// A ManualError is returned by Revert when only a person can go on. It says how.
type ManualError struct{ error }

func (h *ManualError) Unwrap() error { return h.error }

// errNotNotified adds what a person can do about a system that may still use the bad
// version.
func (in *Injector) errNotNotified(f plan.Fault, err error) error {
	r, failed := in.undo.load(f.Name)
	if failed != nil || r == nil {
		return err
	}
	return &ManualError{fmt.Errorf("%w; make the system read the file again, for example by a restart, and then delete the fault's record with\n  %s", err, in.manualForget(r))}
}

// withManualSteps adds to an error what a person can do.
func (in *Injector) withManualSteps(r *record, err error) error {
	err = fmt.Errorf("%w; restore the saved original with\n  %s", err, in.manualRestore(r))
	if errors.Is(err, ErrChanged) {
		err = fmt.Errorf("%w\nor keep the file as it is now, and delete the fault's record with\n  %s", err, in.manualForget(r))
	}
	return &ManualError{err}
}

// finish checks that the file is the original, and deletes the mark and the record.
func (in *Injector) finish(ctx context.Context, f plan.Fault) error {
	unlock, err := in.undo.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	r, err := in.undo.load(f.Name)
	if err != nil || r == nil {
		return err
	}
	t, err := openTarget(r.Tree, r.Rel)
	if err != nil {
		return err
	}
	defer t.close()
	now, err := t.read()
	if err != nil {
		return err
	}
	if now.digest != r.Original { // the fault was injected again meanwhile, or another program changed the file
		return in.withManualSteps(r, fmt.Errorf("%w: %s is now %s", ErrChanged, t.path(), now.digest))
	}
	return errors.Join(t.unmark(in.mark(f.Name)), in.undo.forget(f.Name))
}

// ManualRestore returns the shell command that restores the file without blastgauge.
func (in *Injector) ManualRestore(_ context.Context, f plan.Fault) string {
	r, err := in.undo.load(f.Name)
	if err != nil || r == nil {
		return "# nothing to do for " + f.Name + ": its file is the original"
	}
	return in.manualRestore(r)
}

func (in *Injector) manualRestore(r *record) string {
	return fmt.Sprintf("cat %s > %s && %s", manual.Quote(in.keptPath(r, originalSuffix)), manual.Quote(r.path()), in.manualForget(r))
}

// manualForget returns the shell command that deletes everything saved for a fault.
func (in *Injector) manualForget(r *record) string {
	t := target{tree: r.Tree, rel: r.Rel}
	return fmt.Sprintf("rm %s %s %s", manual.Quote(in.keptPath(r, originalSuffix)), manual.Quote(in.keptPath(r, recordSuffix)), manual.Quote(filepath.Join(r.Tree, t.beside(markSuffix))))
}

// keptPath returns the path of a file that is saved for a fault.
func (in *Injector) keptPath(r *record, suffix string) string {
	return filepath.Join(in.mark(r.Fault).Run, fileName(r.Fault, suffix))
}
