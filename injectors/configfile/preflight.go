package configfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// Preflight checks that the plan's faults can be injected into their files and reverted.
// It changes nothing. It returns what each fault would change, in the order of the
// plan. The error holds everything that is wrong; its parts are of class
// experiments.ErrRefused or experiments.ErrInvalid, but for errors of the file system.
func Preflight(p *plan.Plan) ([]Change, error) {
	var changes []Change
	var errs []error
	for _, e := range p.Experiments {
		on := map[string][]plan.Fault{}
		for _, f := range e.Faults {
			if f.Inject != Kind {
				continue
			}
			c, err := preflight(f, p.Seed)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", e.ID, err))
				continue
			}
			if slices.ContainsFunc(on[c.File], func(g plan.Fault) bool { return f.At < g.Until && g.At < f.Until }) {
				errs = append(errs, fmt.Errorf("%w: %s: two faults on %s overlap in time, and the second would save the bad version as the original; change at and for so that they do not overlap", experiments.ErrInvalid, e.ID, c.File))
			}
			on[c.File] = append(on[c.File], f)
			changes = append(changes, c)
		}
	}
	return changes, errors.Join(errs...)
}

func preflight(f plan.Fault, seed uint64) (Change, error) {
	s, err := parseSettings(f.Complete())
	if err != nil {
		return Change{}, fmt.Errorf("%w: %w", experiments.ErrInvalid, err)
	}
	t, err := findTarget(s.file, s.within)
	if err != nil {
		return Change{}, err
	}
	defer t.close()
	now, err := t.read()
	if err == nil {
		err = errors.Join(t.checkSingle(), t.checkUnmarked(f.Name, now), t.replaceable(now.attributes))
	}
	if err != nil {
		return Change{}, err
	}
	_, c, err := s.apply(now, seed)
	if err != nil {
		return Change{}, fmt.Errorf("%w: %s: %w", experiments.ErrInvalid, t.path(), err)
	}
	c.File = t.path()
	return c, nil
}

// replaceable returns an error when the target cannot be replaced by a file of the same
// owner.
func (t *target) replaceable(a attributes) error {
	const write, search = 2, 1
	dir := filepath.Dir(t.path())
	if err := syscall.Access(dir, write|search); err != nil {
		return fmt.Errorf("%s: %w: the folder must be writable, because blastgauge replaces the file as a whole", dir, err)
	}
	if os.Geteuid() == 0 {
		return nil
	}
	groups, err := os.Getgroups()
	if err != nil {
		return err
	}
	if a.uid != os.Geteuid() || a.gid != os.Getegid() && !slices.Contains(groups, a.gid) {
		return fmt.Errorf("%s: the file must keep its owner %d:%d: run as that user", t.path(), a.uid, a.gid)
	}
	return nil
}

// Files returns the file of each of a plan's faults, by the fault's name: absolute and
// without links. A fault whose file cannot be found is left out, and the error says why.
func Files(p *plan.Plan) (map[string]string, error) {
	files := map[string]string{}
	var errs []error
	for _, e := range p.Experiments {
		for _, f := range e.Faults {
			if f.Inject != Kind {
				continue
			}
			path, err := resolve(f.File(), f.Attributes.Text("within"))
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", f.Name, err))
				continue
			}
			files[f.Name] = path
		}
	}
	return files, errors.Join(errs...)
}

// Originals returns the digests of files that [Files] found, by the fault's name. A file
// that cannot be read is left out, and so is one that has a fault already.
func Originals(files map[string]string) map[string]string {
	digests := map[string]string{}
	for fault, path := range files {
		t, err := openTarget(path)
		if err != nil {
			continue
		}
		if now, err := t.read(); err == nil && t.checkUnmarked("", now) == nil {
			digests[fault] = now.digest
		}
		t.close()
	}
	return digests
}

// FindMark looks for the mark of a fault beside a file. It returns the name of the
// fault and the path of the mark, or empty strings. The mark is all that is known
// of a fault whose run directory is gone.
func FindMark(file string) (fault, mark string) {
	t, err := openTarget(file)
	if err != nil {
		return "", ""
	}
	defer t.close()
	m, err := t.readMark()
	if err != nil {
		return "", ""
	}
	return m.Fault, filepath.Join(t.dir, t.beside(markSuffix))
}
