// Package configfile puts bad config into files on disk, and puts the original files back.
//
// Before it touches a file, it saves the file's bytes, mode and owner in the run's
// directory, marks the file by another one beside it, and sets the original aside by a
// hard link beside it. To restore is to rename that back: it needs no room on the disk,
// and it brings back the very file, with its extended attributes and ACLs. Where that is
// not possible, the saved bytes are written. A restored file is newer than before, so
// that programs that watch times notice the change.
//
// That a record is missing proves nothing. The process that injects a fault keeps the
// original, and the folder of the file open, until the file is restored. A process that
// did not inject it looks at the record, and at what lies beside the file that the plan
// names.
//
// A file is always replaced as a whole, and only while it is what the fault left. A
// file that was changed by another program meanwhile is left alone, and the error
// says how to restore it by hand. The processes of a run take turns: they lock the
// run's directory.
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

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors/badconfig"
)

// Kind is the fault kind that this injector handles.
const Kind = "config_file"

// Options say where a run keeps its records.
type Options struct {
	// Run is the run's directory. It may have been removed since. Nil: it is gone, and
	// faults can only be reverted.
	Run  *os.Root
	Seed uint64 // of the plan: decides where a fault leaves a choice
	// Files holds the path of each fault's file by the fault's name, as [Files] found it
	// when the run began. Nothing but this file is touched: a record that names another is
	// refused. A fault that is not in it has the file that its plan leads to now.
	Files map[string]string
	// Originals holds the digest of each fault's file by the fault's name, as [Originals]
	// found it when the run began. A file that is another version now is not taken for one
	// that is as it was, although nothing tells of the fault. It may be nil.
	Originals map[string]string
	// Keep means that a person says the files are right as they are: Revert leaves a file
	// alone that is neither the original nor what the fault made of it, and deletes what
	// was kept for the fault.
	Keep bool
	// Untrusted means that a stranger may have written the run's directory. A file is
	// restored only where no link is on the way to it and where the mark beside it names
	// the fault. It keeps its owner, and it gets no setuid or setgid bit.
	Untrusted bool
	// Replaced is called after another version of a fault's file is in place. It notifies
	// systems that read config only on request. When it returns an error, Inject and
	// Revert fail with that error although the file has been replaced.
	Replaced func(ctx context.Context, f plan.Fault, bad bool) error

	link linkFunc // nil: the file system's
}

// An Injector injects faults into files. Several goroutines may use it.
type Injector struct {
	o    Options
	undo undo

	mu         sync.Mutex
	injections map[string]*injection // by fault; those that this process injected and has not reverted
	tried      map[string]bool       // by fault; those that this process was asked to inject
}

// New returns an injector.
func New(o Options) *Injector {
	if o.Replaced == nil {
		o.Replaced = func(context.Context, plan.Fault, bool) error { return nil }
	}
	if o.link == nil {
		o.link = (*os.Root).Link
	}
	return &Injector{o: o, undo: undo{o.Run}, injections: map[string]*injection{}, tried: map[string]bool{}}
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
	in.noteTry(f.Name)
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
	return nil
}

// putBad saves the original, sets it aside, and replaces the file by the bad version.
func (in *Injector) putBad(ctx context.Context, f plan.Fault, s *settings) (*injection, error) {
	if in.o.Run == nil {
		return nil, errors.New("the run's directory is gone")
	}
	unlock, err := in.undo.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if b, ok := journal.FindFence(in.o.Run); ok {
		return nil, errors.New(b.String())
	}
	u, original, err := in.findOriginal(f, s)
	if err != nil {
		return nil, err
	}
	l := &injection{target: u.target, record: u.record.clone(), original: original}
	if err := in.prepare(ctx, l, s); err != nil {
		u.close()
		return nil, err
	}
	in.hold(f.Name, l)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.traces, err = l.target.replace(l.current, l.bad)
	l.touched = l.touched || !errors.Is(err, ErrChanged) // which is found before the file is touched
	l.current, l.isBad, l.placed = l.bad.digest, true, 1
	return l, err
}

// prepare does everything that comes before the file is touched. Should the process die
// in the middle, another one finds out what there is to take back.
func (in *Injector) prepare(ctx context.Context, l *injection, s *settings) error {
	r, fresh := l.record, l.record.Settings == ""
	bad, err := in.mutate(r, s, l.original)
	if err != nil {
		return fmt.Errorf("%s: %w", r.path(), err)
	}
	if err := in.undo.save(r, l.original.body); err != nil {
		return fmt.Errorf("save the original: %w", err)
	}
	now, err := l.target.read()
	if err == nil && !r.isKnown(now.digest) {
		err = fmt.Errorf("%w: %s", ErrChanged, l.target.path())
	}
	marked := false
	if err == nil {
		err = l.target.mark(ctx, mark{Fault: r.Fault, Run: in.runDir(), versions: r.versions}, now)
		marked = err == nil
	}
	if err == nil {
		err = l.target.keepAside(now, l.original, in.o.link)
	}
	if err != nil && fresh { // the file was not touched
		if marked {
			err = errors.Join(err, l.target.clear(), l.target.unmark(ctx, r.Fault))
		}
		err = errors.Join(err, in.undo.forget(r.Fault))
	}
	l.bad, l.current, l.touched = bad, now.digest, !fresh
	return err
}

// findOriginal finds the file and its original version: in place, or what was kept when
// the fault is in the file already.
func (in *Injector) findOriginal(f plan.Fault, s *settings) (*subject, version, error) {
	u, err := in.findRecorded(f)
	if err == nil && u == nil {
		u, err = in.findUnrecorded(f, s)
	}
	if err != nil {
		return nil, version{}, err
	}
	original := u.fresh
	if u.record.Settings != "" {
		original, err = in.originalOf(u, u.record.attributes())
	}
	if err != nil {
		u.close()
	}
	return u, original, err
}

// findUnrecorded finds the file of a fault that this run has no record of.
func (in *Injector) findUnrecorded(f plan.Fault, s *settings) (*subject, error) {
	t, err := findTarget(s.file, s.within)
	if err != nil {
		return nil, err
	}
	if want, ok := in.o.Files[f.Name]; ok && want != t.path() {
		t.close()
		return nil, fmt.Errorf("%w: %s leads to %s now, and led to %s when the run began", experiments.ErrRefused, s.file, t.path(), want)
	}
	m, err := t.readMark()
	if err == nil && m.Fault == f.Name && m.Original != "" { // the record was removed
		return &subject{target: t, record: m.record(t)}, nil
	}
	original, err := t.read()
	if err == nil {
		err = errors.Join(t.checkSingle(), t.checkUnmarked(f.Name, original))
	}
	if err != nil {
		t.close()
		return nil, err
	}
	return &subject{target: t, fresh: original, record: &record{
		Fault: f.Name, Tree: t.dir, Rel: t.name,
		versions: versions{Original: original.digest, Mode: original.mode, UID: original.uid, GID: original.gid},
	}}, nil
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

// runDir returns the absolute path of the run's directory; empty when it is gone.
func (in *Injector) runDir() string {
	if in.o.Run == nil {
		return ""
	}
	dir, err := filepath.Abs(in.o.Run.Name())
	if err != nil {
		return in.o.Run.Name()
	}
	return dir
}

// Check reports whether the bad version is in place. When the file system records read
// times, Met counts the bad versions that a program has read, and Of counts all bad
// versions that were put in place: more than one when the fault flaps.
func (in *Injector) Check(ctx context.Context, f plan.Fault) (journal.Evidence, error) {
	if ctx.Err() != nil {
		return journal.Evidence{}, context.Cause(ctx)
	}
	u, err := in.find(f)
	if errors.Is(err, fs.ErrNotExist) {
		return journal.Evidence{Detail: "the folder of " + f.File() + " no longer exists"}, nil
	}
	if err != nil {
		return journal.Evidence{}, err
	}
	if u == nil {
		return journal.Evidence{Detail: "the file is as it was"}, nil
	}
	defer u.close()
	settings, err := digestOf(f)
	if err != nil {
		return journal.Evidence{}, err
	}
	if settings != u.record.Settings {
		return journal.Evidence{Detail: fmt.Sprintf("%s has another fault of this name", u.path())}, nil
	}
	now, err := u.read()
	if errors.Is(err, fs.ErrNotExist) {
		return journal.Evidence{Detail: u.path() + " no longer exists"}, nil
	}
	if err != nil {
		return journal.Evidence{}, err
	}
	if detail := in.problem(u, now.digest); detail != "" {
		return journal.Evidence{Detail: detail}, nil
	}
	e := u.held.evidence(u.target)
	c := u.record.Change
	e.Documents = []journal.Mutated{{Name: c.File, Before: c.Before, After: c.After, What: c.What, Where: c.Where, Fetched: e.Met}}
	return e, nil
}

// problem describes what is wrong with a fault whose file has a digest. It returns ""
// when the fault is in force.
func (in *Injector) problem(u *subject, digest string) string {
	switch {
	case u.held == nil:
	case digest == u.record.Original && !in.isTraced(u):
		return "the file is as it was: another process restored it"
	case !u.isAtPath():
		return u.dir + " is no longer the folder of the file: it was moved or replaced"
	}
	return u.held.problem(u.record, digest)
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
