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

// Preflight looks whether a plan's faults can be put on their files and taken
// back again, and changes nothing. What it returns is what each would do, in the
// order of the plan. The error holds all that is wrong, of class
// experiments.ErrRefused or experiments.ErrInvalid where it is not the machine's
// doing.
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
				errs = append(errs, fmt.Errorf("%w: %s: two faults on %s at the same time: the second would take the bad version for the good one", experiments.ErrInvalid, e.ID, c.File))
			}
			on[c.File] = append(on[c.File], f)
			changes = append(changes, c)
		}
	}
	return changes, errors.Join(errs...)
}

func preflight(f plan.Fault, seed uint64) (Change, error) {
	s, err := parse(f.Complete())
	if err != nil {
		return Change{}, fmt.Errorf("%w: %w", experiments.ErrInvalid, err)
	}
	t, err := find(s.file, s.within)
	if err != nil {
		return Change{}, err
	}
	defer t.close()
	now, err := t.read()
	if err == nil {
		err = errors.Join(t.free(mark{Fault: f.Name}), t.replaceable(now.attributes))
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

// replaceable tells whether the target can be replaced by a file of the same
// owner.
func (t *target) replaceable(a attributes) error {
	const write, search = 2, 1
	dir := filepath.Dir(t.path())
	if err := syscall.Access(dir, write|search); err != nil {
		return fmt.Errorf("%s: %w: the folder must be writable, because the file is replaced as a whole", dir, err)
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

// FindMark looks for the mark of a fault beside a file. It returns the name of the
// fault and the path of the mark, or empty strings. The mark is all that is known
// of a fault whose run directory is gone.
func FindMark(file string) (fault, mark string) {
	t, err := open(filepath.Dir(file), filepath.Base(file))
	if err != nil {
		return "", ""
	}
	defer t.close()
	m, err := t.holder()
	if err != nil {
		return "", ""
	}
	return m.Fault, filepath.Join(t.tree, t.beside(markSuffix))
}
