package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/configfile"
	"github.com/blastgauge/blastgauge/injectors/manual"
)

// fileOf is the file that a fault is put on, as a path from anywhere.
func fileOf(f plan.Fault) string {
	name, _ := f.Attributes["file"].(string)
	return fromAnywhere(name)
}

func fromAnywhere(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// filesOf are the files that a plan's faults are put on, without links.
func filesOf(p *plan.Plan) []string {
	var list []string
	for _, e := range p.Experiments {
		for _, f := range e.Faults {
			if !onFile(f) {
				continue
			}
			file := fileOf(f)
			if real, err := filepath.EvalSymlinks(file); err == nil {
				file = real
			}
			if !slices.Contains(list, file) {
				list = append(list, file)
			}
		}
	}
	return list
}

// absolute is a plan whose files are named as seen from anywhere: whoever takes
// its faults back may be somewhere else.
func absolute(p *plan.Plan) *plan.Plan {
	filled := *p
	if t := p.System.TLS; t != nil && t.CAFile != "" { // of a system that is told to read its config again
		filled.System.TLS = &experiments.TLS{CAFile: fromAnywhere(p.System.Resolve(t.CAFile)), ServerName: t.ServerName}
	}
	filled.Experiments = slices.Clone(p.Experiments)
	for i := range filled.Experiments {
		e := &filled.Experiments[i]
		e.Faults = slices.Clone(e.Faults)
		for j := range e.Faults {
			f := &e.Faults[j]
			if !onFile(*f) {
				continue
			}
			f.Attributes = maps.Clone(f.Attributes)
			for _, name := range []string{"file", "within"} {
				if text, ok := f.Attributes[name].(string); ok {
					f.Attributes[name] = fromAnywhere(text)
				}
			}
		}
	}
	return &filled
}

// printFiles looks at the files of a plan as a run would before it starts, and says
// what will happen to each.
func printFiles(w io.Writer, p *plan.Plan) error {
	if !onFiles(p) {
		return nil
	}
	changes, err := configfile.Preflight(p)
	for _, c := range changes {
		fmt.Fprintf(w, "  File       %s: %s\n", c.File, c.What)
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(w, "             bytes, mode and owner are kept in the run's directory first; a killed run's files are put back by its guard process, those of a dead machine by the next recover")
	return nil
}

// lostFiles finds the files that still carry a fault of a run whose directory is
// gone, and with it what they were.
func lostFiles(open journal.Open) error {
	var errs []error
	for _, file := range open.Files {
		fault, mark := configfile.FindMark(file)
		if run, _, ours := injectors.ParseFaultName(fault); !ours || run != open.Run {
			continue
		}
		errs = append(errs, fmt.Errorf("%w: %s still carries %s, and what it was before went with %s: put it back from where it came from, and then\n  rm %s",
			engine.ErrNotRemoved, file, fault, open.Dir, manual.Quote(mark)))
	}
	return errors.Join(errs...)
}
