// Package configfile puts bad config into files on disk: atomically, provably
// read or not, and always back.
//
// Before a file is touched, its bytes, mode and owner are in the run's directory,
// so that any process that has the directory can put the file back. What is not
// kept are extended attributes, ACLs and the times of the file: a restored file
// is newer than it was, so that whoever watches times sees that it changed.
//
// A file is only ever replaced as a whole, and only where it is what the fault
// left: one that somebody else changed meanwhile is left alone, with the words to
// put it right. All processes of a run take turns by a lock on its undo folder.
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

// Kind is the fault kind that this injector is for.
const Kind = "config_file"

// Options say where a run keeps its records. Only Run is needed, also to take
// back what another process did.
type Options struct {
	Run  *os.Root // the run's directory
	Seed uint64   // of the plan: decides wherever a fault leaves a choice
	// Replaced is called whenever another version of a fault's file is in place, to
	// tell a system that reads config only when told. While its error lasts, a
	// fault is neither injected nor taken back; the file itself is.
	Replaced func(ctx context.Context, f plan.Fault, bad bool) error
}

// An Injector puts faults on files. It may be used by several goroutines.
type Injector struct {
	o    Options
	undo undo

	mu    sync.Mutex
	lives map[string]*life // of faults that this injector caused
}

// New makes an injector.
func New(o Options) *Injector {
	if o.Replaced == nil {
		o.Replaced = func(context.Context, plan.Fault, bool) error { return nil }
	}
	return &Injector{o: o, undo: undo{o.Run}, lives: map[string]*life{}}
}

// A Change is what a fault did to its file.
type Change struct {
	File      string    `json:"file"`   // absolute, without links
	Before    string    `json:"before"` // digests
	After     string    `json:"after"`
	Where     []string  `json:"where,omitempty"` // JSON Pointers; none: the whole document
	What      string    `json:"what"`            // in words, without any text of the document
	Rewritten bool      `json:"rewritten,omitempty"`
	At        time.Time `json:"at"`
}

// ErrChanged is wrapped by the error of Revert where somebody else changed the
// file while the fault was on it. The file is left as it is.
var ErrChanged = errChanged

// Inject puts the bad version in the file's place.
func (in *Injector) Inject(ctx context.Context, f plan.Fault) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	s, err := parse(f.Complete())
	if err != nil {
		return err
	}
	if s.digest, err = digestOf(f); err != nil {
		return err
	}
	if !localName(f.Name) {
		return fmt.Errorf("%q is no name of a fault", f.Name)
	}
	in.end(f.Name)
	l, err := in.put(ctx, f, s)
	if err != nil {
		return err
	}
	if err := in.o.Replaced(ctx, f, true); err != nil {
		return fmt.Errorf("%s went bad, but the system was not told: %w", s.file, err)
	}
	if s.flap > 0 {
		in.alternate(ctx, f, l, s.flap)
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.lives[f.Name] = l
	return nil
}

// put records the file and replaces it.
func (in *Injector) put(ctx context.Context, f plan.Fault, s *settings) (*life, error) {
	unlock, err := in.undo.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if b, ok := journal.FindFence(in.o.Run); ok {
		return nil, errors.New(b.String())
	}
	r, t, original, err := in.subject(f, s)
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
		return nil, fmt.Errorf("keep the original: %w", err)
	}
	now, err := t.read()
	if err == nil && !r.knows(now.digest) {
		err = fmt.Errorf("%w: %s", errChanged, t.path())
	}
	if err == nil {
		err = t.claim(in.mark(f.Name))
	}
	if err != nil {
		if fresh { // nothing was done to the file
			err = errors.Join(err, in.undo.forget(f.Name))
		}
		return nil, err
	}
	l := &life{bad: bad, current: bad.digest, isBad: true, served: 1}
	l.traces, err = t.replace(now.digest, bad)
	return l, err
}

// subject finds the file and its original: on disk, or where the fault is on it
// already, among the records.
func (in *Injector) subject(f plan.Fault, s *settings) (*record, *target, version, error) {
	r, err := in.undo.load(f.Name)
	if err != nil {
		return nil, nil, version{}, err
	}
	if r != nil {
		original, err := in.undo.original(r)
		if err != nil {
			return nil, nil, version{}, err
		}
		t, err := open(r.Tree, r.Rel)
		return r, t, original, err
	}
	t, err := find(s.file, s.within)
	if err != nil {
		return nil, nil, version{}, err
	}
	original, err := t.read()
	if err == nil {
		err = t.free(in.mark(f.Name))
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

// mutate makes the bad version, and notes it in the record.
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

// apply makes the bad version of a file, and says what is different.
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

// Check looks whether the bad version is in place. Where the file system notes
// reading, Met counts the bad versions that somebody read, and Of all that were
// put in place: more than one where the fault alternates.
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
		return journal.Evidence{Detail: fmt.Sprintf("another fault is on %s under this name", r.path())}, nil
	}
	t, err := open(r.Tree, r.Rel)
	if errors.Is(err, fs.ErrNotExist) {
		return journal.Evidence{Detail: r.Tree + " is gone"}, nil
	}
	if err != nil {
		return journal.Evidence{}, err
	}
	defer t.close()
	l := in.lifeOf(f.Name)
	now, err := t.read()
	if errors.Is(err, fs.ErrNotExist) {
		return journal.Evidence{Detail: r.path() + " is gone"}, nil
	}
	if err != nil {
		return journal.Evidence{}, err
	}
	if detail := l.wrong(r, now.digest); detail != "" {
		return journal.Evidence{Detail: detail}, nil
	}
	e := l.evidence(t)
	c := r.Change
	e.Documents = []journal.Mutated{{Name: c.File, Before: c.Before, After: c.After, What: c.What, Where: c.Where, Fetched: e.Met}}
	return e, nil
}

// Change is what a fault in force did to its file; false where it is on none.
func (in *Injector) Change(f plan.Fault) (Change, bool) {
	r, err := in.undo.load(f.Name)
	if err != nil || r == nil {
		return Change{}, false
	}
	return r.Change, true
}

// Revert puts the original back and proves that it is there, with its mode and
// its owner. Then nothing is kept of it.
func (in *Injector) Revert(ctx context.Context, f plan.Fault) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if !localName(f.Name) {
		return nil // such a fault was never injected
	}
	in.end(f.Name)
	there, err := in.restore(ctx, f)
	if err != nil || !there {
		return err
	}
	if err := in.o.Replaced(ctx, f, false); err != nil { // its record stays: the next call tells it again
		return in.untold(f, fmt.Errorf("the file is as it was, but the system was not told: %w", err))
	}
	return in.conclude(ctx, f)
}

// restore puts the original back; false: there was nothing to put back.
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
	if r == nil { // bytes without a record: their process died before it touched the file, or after it was put back
		return false, in.undo.forget(f.Name)
	}
	t, err := open(r.Tree, r.Rel)
	if err != nil {
		return false, in.helpless(r, err)
	}
	defer t.close()
	now, err := t.read()
	switch {
	case err != nil:
		return false, in.helpless(r, err)
	case !r.knows(now.digest):
		return false, in.helpless(r, fmt.Errorf("%w: %s is %s, and was left as %s", errChanged, t.path(), now.digest, r.Bad[len(r.Bad)-1]))
	case now.digest == r.Original:
		return true, ignoreMissing(t.root.Remove(t.beside(nextSuffix)))
	}
	original, err := in.undo.original(r)
	if err != nil {
		return false, err
	}
	if _, err := t.replace(now.digest, original); err != nil {
		return false, in.helpless(r, err)
	}
	now, err = t.read()
	if err == nil && (now.digest != original.digest || now.attributes != original.attributes) {
		err = fmt.Errorf("%s was put back and is not what it was", t.path())
	}
	return true, err
}

// Helpless is what Revert fails with where only a person can go on. It says how.
type Helpless struct{ error }

func (h *Helpless) Unwrap() error { return h.error }

// untold adds what a person can do about a system that may still have the bad version.
func (in *Injector) untold(f plan.Fault, err error) error {
	r, failed := in.undo.load(f.Name)
	if failed != nil || r == nil {
		return err
	}
	return &Helpless{fmt.Errorf("%w; when it has read the file again, for example by a restart, that is over and done with\n  %s", err, in.letBe(r))}
}

// helpless adds what a person can do.
func (in *Injector) helpless(r *record, err error) error {
	err = fmt.Errorf("%w; the original is kept: put it back with\n  %s", err, in.byHand(r))
	if errors.Is(err, errChanged) {
		err = fmt.Errorf("%w\nor leave the file as it is now, with\n  %s", err, in.letBe(r))
	}
	return &Helpless{err}
}

// conclude lets go of a file that is what it was.
func (in *Injector) conclude(ctx context.Context, f plan.Fault) error {
	unlock, err := in.undo.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	r, err := in.undo.load(f.Name)
	if err != nil || r == nil {
		return err
	}
	t, err := open(r.Tree, r.Rel)
	if err != nil {
		return err
	}
	defer t.close()
	now, err := t.read()
	if err != nil {
		return err
	}
	if now.digest != r.Original { // somebody put the fault there again meanwhile, or changed the file
		return in.helpless(r, fmt.Errorf("%w: %s is %s", errChanged, t.path(), now.digest))
	}
	return errors.Join(t.release(in.mark(f.Name)), in.undo.forget(f.Name))
}

// ManualRestore is the command that puts the file back without blastgauge.
func (in *Injector) ManualRestore(_ context.Context, f plan.Fault) string {
	r, err := in.undo.load(f.Name)
	if err != nil || r == nil {
		return "# nothing is kept of " + f.Name + ": its file is as it was"
	}
	return in.byHand(r)
}

func (in *Injector) byHand(r *record) string {
	return fmt.Sprintf("cat %s > %s && %s", manual.Quote(in.kept(r, originalSuffix)), manual.Quote(r.path()), in.letBe(r))
}

// letBe is the command after which nothing is known of a fault any more.
func (in *Injector) letBe(r *record) string {
	t := target{tree: r.Tree, rel: r.Rel}
	return fmt.Sprintf("rm %s %s %s", manual.Quote(in.kept(r, originalSuffix)), manual.Quote(in.kept(r, recordSuffix)), manual.Quote(filepath.Join(r.Tree, t.beside(markSuffix))))
}

// kept is the path of what is kept of a fault.
func (in *Injector) kept(r *record, suffix string) string {
	return filepath.Join(in.mark(r.Fault).Run, fileName(r.Fault, suffix))
}
