package configfile

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors/manual"
)

// A subject is the file of a fault with what is known of the fault. Who finds it closes
// it.
type subject struct {
	*target
	record *record
	held   *injection // nil unless this process injected the fault
	fresh  version    // of a fault that is not in the file yet: what is in place
}

// find finds the file of a fault. It returns nil when this process took the fault back,
// or failed to inject it, and when nothing tells of the fault.
func (in *Injector) find(f plan.Fault) (*subject, error) {
	u, err := in.findRecorded(f)
	if u != nil || err != nil || in.wasTried(f.Name) {
		return u, err
	}
	return in.findMarked(f)
}

// findRecorded finds a fault that this process holds, or that the run's directory has a
// record of. It returns nil when there is neither.
func (in *Injector) findRecorded(f plan.Fault) (*subject, error) {
	u, err := in.findHeld(f.Name)
	if u != nil || err != nil {
		return u, err
	}
	r, err := in.undo.load(f.Name)
	if err != nil { // it may be damaged, and then the mark tells the same
		u, failed := in.findMarked(f)
		if u == nil && failed == nil {
			failed = in.errUnknown(f, err)
		}
		return u, failed
	}
	if r == nil {
		return nil, nil //nolint:nilnil // see above
	}
	t, err := in.openFile(f)
	if err != nil {
		return nil, err
	}
	u = &subject{target: t, record: r}
	if err := in.checkRecord(u); err != nil {
		u.close()
		return nil, err
	}
	return u, nil
}

// checkRecord returns an error when a record may not be followed.
func (in *Injector) checkRecord(u *subject) error {
	if u.record.path() != u.path() {
		return &ManualError{hopeless{fmt.Errorf("the record of %s is about %q, but the plan's fault is on %s: nothing was restored; when that file is right, delete the record with\n  rm -f %s",
			u.record.Fault, u.record.path(), u.path(), manual.Quote(in.keptPath(u.record.Fault, recordSuffix)))}}
	}
	if !in.o.Untrusted {
		return nil
	}
	if m, err := u.readMark(); err != nil || m.Fault != u.record.Fault {
		return &ManualError{hopeless{errors.Join(fmt.Errorf("%s does not carry the mark of %s, so the record of a foreign run proves nothing: nothing was restored; when the file is right, delete the record with\n  rm -f %s",
			u.path(), u.record.Fault, manual.Quote(in.keptPath(u.record.Fault, recordSuffix))), err)}}
	}
	return nil
}

// openFile opens the folder of the plan's file. It follows no link on the way there but
// those that led to the file when the run began.
func (in *Injector) openFile(f plan.Fault) (*target, error) {
	path, err := in.pathOf(f)
	if err != nil {
		return nil, in.errUnreached(f, f.File(), err)
	}
	t, err := openTarget(path)
	if err != nil {
		return nil, in.errUnreached(f, path, err)
	}
	return t, nil
}

// pathOf returns the path of the plan's file.
func (in *Injector) pathOf(f plan.Fault) (string, error) {
	if path, ok := in.o.Files[f.Name]; ok {
		return path, nil
	}
	within := f.Attributes.Text("within")
	if !in.o.Untrusted {
		return resolve(f.File(), within)
	}
	if within == "" {
		return f.File(), nil
	}
	tree, err := filepath.Abs(within)
	if err != nil {
		return "", err
	}
	return f.File(), checkInside(f.File(), f.File(), tree)
}

// errUnreached is the error for a file that cannot be looked at. Nothing is written
// through whatever is there instead.
func (in *Injector) errUnreached(f plan.Fault, path string, err error) error {
	err = fmt.Errorf("%s may still have fault %s, and its folder was not reached: %w; put the folder back, and then\n  blastgauge recover %s", path, f.Name, err, manual.Quote(in.runDir()))
	if errors.Is(err, errLink) {
		err = hopeless{err}
	}
	return &ManualError{err}
}

// findMarked finds a fault by what lies beside the plan's file: its mark, and the
// original that was set aside. It returns nil when nothing there tells of the fault.
func (in *Injector) findMarked(f plan.Fault) (*subject, error) {
	t, err := in.openFile(f)
	if err != nil {
		return nil, err
	}
	m, err := t.readMark()
	if err == nil && m.Fault == f.Name && m.Original != "" {
		return &subject{target: t, record: m.record(t)}, nil
	}
	var u *subject
	switch {
	case err != nil || m.Fault == f.Name:
		err = in.errUnknown(f, err)
	case m.Fault == "":
		u, err = in.findUnmarked(f.Name, t)
	default: // what lies beside the file is another fault's, which began from some version
		err = in.checkUnchanged(f.Name, t, m.Original, nil)
	}
	if u == nil {
		t.close()
	}
	return u, err
}

// findUnmarked finds an original that was set aside and that no mark tells of. It returns
// nil when there is none, and the file is not known to have changed.
func (in *Injector) findUnmarked(fault string, t *target) (*subject, error) {
	now, failed := t.read()
	aside, err := t.readAside()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, in.checkUnchanged(fault, t, now.digest, failed)
	}
	if err = errors.Join(err, failed); err == nil && now.digest == aside.digest { // it was put back
		return &subject{target: t, record: &record{Fault: fault, Tree: t.dir, Rel: t.name, versions: versions{Original: now.digest}}}, nil
	}
	return nil, &ManualError{hopeless{errors.Join(fmt.Errorf("the original of %s was set aside and not put back, and nothing is left that tells which is right; %s", t.path(), t.chooseAside()), err)}}
}

// checkUnchanged returns an error when a file, whose digest was found with an error or
// without, is known to have been another version when the run began.
func (in *Injector) checkUnchanged(fault string, t *target, now string, err error) error {
	want, known := in.o.Originals[fault]
	if !known || in.o.Keep || err == nil && now == want {
		return nil
	}
	lost := fmt.Errorf("%s was %s when the run began and is not that now, and %w (fault %s)", t.path(), want, ErrLost, fault)
	return &ManualError{hopeless{errors.Join(lost, err)}}
}

// ErrLost means that a file is not what it was when its run began, and that nothing of
// what a fault keeps is left: nothing tells whether the fault changed it.
var ErrLost = errors.New("everything that could restore it is gone")

// errUnknown is the error for a fault that may be in the file, and of which nothing is
// known but that.
func (in *Injector) errUnknown(f plan.Fault, err error) error {
	path, pathErr := in.pathOf(f)
	if pathErr != nil {
		path = f.File()
	}
	t := target{dir: filepath.Dir(path), name: filepath.Base(path)}
	what := fmt.Errorf("%s may still have fault %s, and the record of what it was is gone", path, f.Name)
	if err != nil {
		what = fmt.Errorf("%w: %w", what, err)
	}
	command := "rm -f " + manual.Quote(filepath.Join(t.dir, t.beside(markSuffix)))
	if in.o.Run != nil {
		command += " " + manual.Quote(in.keptPath(f.Name, recordSuffix))
	}
	return &ManualError{hopeless{fmt.Errorf("%w; put it back from where it came from, and then\n  %s", what, command)}}
}
