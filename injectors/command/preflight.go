package command

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors"
)

// Locate returns the attributes of a fault with its folder and its programs by absolute
// paths, as they are found from the document that has the fault: whoever undoes it may
// have another working directory and another PATH. A program that is not found keeps its
// name, and a fault of another kind its attributes.
func Locate(f experiments.Fault, document string) injectors.Attributes {
	if f.Inject != Kind {
		return f.Attributes
	}
	located := maps.Clone(f.Attributes)
	dir := absolute(filepath.Dir(document), f.Attributes.Text("dir"))
	located["dir"] = dir
	for _, step := range []string{do, undo, check} {
		if list, ok := located[step].([]any); ok && len(list) > 0 {
			name, _ := list[0].(string)
			located[step] = append([]any{find(dir, name)}, list[1:]...)
		}
	}
	return located
}

func absolute(dir, path string) string {
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// find returns the path of a program: one with a slash is seen from dir.
func find(dir, name string) string {
	if strings.ContainsRune(name, filepath.Separator) {
		return absolute(dir, name)
	}
	if path, err := exec.LookPath(name); err == nil {
		return absolute(".", path)
	}
	return name
}

// Faults lists the faults of a plan that programs cause.
func Faults(p *plan.Plan) (list []plan.Fault) {
	for _, e := range p.Experiments {
		for _, f := range e.Faults {
			if f.Inject == Kind {
				list = append(list, f)
			}
		}
	}
	return list
}

// Preflight checks that the programs of a plan, whose faults are located, are there. It
// runs none of them. The error holds everything that is wrong.
func Preflight(p *plan.Plan) error {
	var errs []error
	for _, e := range p.Experiments {
		var before []plan.Fault
		for _, f := range e.Faults {
			if f.Inject != Kind {
				continue
			}
			for _, g := range before {
				if step := shared(f, g); step != "" && f.At < g.Until && g.At < f.Until {
					errs = append(errs, fmt.Errorf("%w: %s:%d: %s: two faults that overlap in time have the same %s, so the end of one cannot be told from that of the other; change at and for so that they do not overlap",
						experiments.ErrInvalid, e.File, e.Line, e.ID, step))
				}
			}
			before = append(before, f)
			if err := isThere(f); err != nil {
				errs = append(errs, fmt.Errorf("%s:%d: %s: %w", e.File, e.Line, e.ID, err))
			}
		}
	}
	return errors.Join(errs...)
}

// shared returns the step that two faults have in common though they must not.
func shared(f, g plan.Fault) string {
	for _, step := range []string{undo, check} {
		if f.Attributes.Text("dir") == g.Attributes.Text("dir") && slices.Equal(f.Attributes.Program(step), g.Attributes.Program(step)) {
			return step
		}
	}
	return ""
}

// isThere checks that the programs of a fault can be started.
func isThere(f plan.Fault) error {
	dir := f.Attributes.Text("dir")
	switch info, err := os.Stat(dir); {
	case err != nil:
		return fmt.Errorf("dir: %w: it must be a folder of this machine", err)
	case !info.IsDir():
		return fmt.Errorf("dir: %s is no folder", dir)
	}
	for _, step := range []string{do, undo, check} {
		program := f.Attributes.Program(step)
		if len(program) == 0 {
			return fmt.Errorf("%w: %s names no program", experiments.ErrInvalid, step)
		}
		if _, err := exec.LookPath(program[0]); err != nil {
			return fmt.Errorf("%s: %w: write a path, seen from %s, or the name of a program in PATH", step, err, dir)
		}
	}
	return nil
}

// Absent asks each check of a plan, and returns an error of class experiments.ErrRefused
// where a fault is in force already: undoing it would undo what is not the run's.
func (in *Injector) Absent(ctx context.Context, p *plan.Plan) error {
	var errs []error
	asked := map[string]bool{}
	for _, f := range Faults(p) {
		key := injectors.DescribeProgram(append([]string{f.Attributes.Text("dir")}, f.Attributes.Program(check)...))
		if asked[key] {
			continue
		}
		asked[key] = true
		inForce, e, err := in.ask(ctx, f)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("%s: before anything was injected: %w", f.Describe(), err))
		case inForce:
			errs = append(errs, fmt.Errorf("%w: %s is in force already (%s), and a run would take back what is not its own; if a run left it, `blastgauge recover` takes it back; by hand it is\n  %s",
				experiments.ErrRefused, f.Describe(), e.describe(check), in.Manual(f)))
		}
	}
	return errors.Join(errs...)
}
