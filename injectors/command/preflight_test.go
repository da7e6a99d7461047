package command_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/command"
)

// planOf is a plan with one experiment of these faults, each in force for 10 s.
func planOf(faults ...plan.Fault) *plan.Plan {
	for i := range faults {
		faults[i].At, faults[i].Until = 0, 10*time.Second
	}
	return &plan.Plan{Experiments: []plan.Experiment{{ID: "e", File: "e.yaml", Line: 3, Faults: faults}}}
}

// Programs and their folder are named by absolute paths, as seen from the document.
func TestLocate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	shell, err := filepath.Abs("/bin/sh")
	if err != nil {
		t.Fatal(err)
	}
	given := func(dir any) experiments.Fault {
		a := injectors.Attributes{"do": []any{"./flag.sh", "./set"}, "undo": []any{"no-such-program-anywhere"}, "check": []any{shell, "-c", "x"}}
		if dir != nil {
			a["dir"] = dir
		}
		return experiments.Fault{Inject: command.Kind, Attributes: a}
	}
	for name, tt := range map[string]struct {
		dir  any
		want string
	}{"its folder": {nil, dir}, "one below": {"a", filepath.Join(dir, "a")}, "another": {"/srv", "/srv"}} {
		f := given(tt.dir)
		got := command.Locate(f, filepath.Join(dir, "e.yaml"))
		if d := got.Text("dir"); d != tt.want {
			t.Errorf("%s: dir %q, want %q", name, d, tt.want)
		}
		if p := got.Program("do"); len(p) != 2 || p[0] != filepath.Join(tt.want, "flag.sh") || p[1] != "./set" {
			t.Errorf("%s: do %q", name, p)
		}
		if u, c := got.Program("undo"), got.Program("check"); u[0] != "no-such-program-anywhere" || c[0] != shell {
			t.Errorf("%s: undo %q, check %q", name, u, c)
		}
		if f.Attributes.Program("do")[0] != "./flag.sh" {
			t.Error("the document's own attributes were changed")
		}
	}
	found := command.Locate(experiments.Fault{Inject: command.Kind, Attributes: injectors.Attributes{"do": []any{"sh"}}}, "e.yaml")
	if p := found.Program("do")[0]; !filepath.IsAbs(p) || filepath.Base(p) != "sh" || !filepath.IsAbs(found.Text("dir")) {
		t.Errorf("sh was found as %q in %q", p, found.Text("dir"))
	}
	if other := command.Locate(experiments.Fault{Inject: "config_file", Attributes: injectors.Attributes{"file": "a"}}, "e.yaml"); other["dir"] != nil {
		t.Errorf("a fault of another kind was located: %v", other)
	}
}

// What cannot be run is told before anything is, and nothing is run to find out.
func TestPreflight(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(f *flag)
		want   string // empty: all is well
		class  error
	}{
		"all is there":         {func(*flag) {}, "", nil},
		"no folder":            {func(f *flag) { f.fault.Attributes["dir"] = f.dir + "/nowhere" }, "e.yaml:3: e: dir: ", os.ErrNotExist},
		"a file":               {func(f *flag) { f.write("file"); f.fault.Attributes["dir"] = f.dir + "/file" }, "is no folder", nil},
		"no such program":      {func(f *flag) { f.fault.Attributes["undo"] = []any{"no-such-program-anywhere"} }, "e.yaml:3: e: undo: ", nil},
		"a missing script":     {func(f *flag) { f.fault.Attributes["check"] = []any{f.dir + "/flag.sh"} }, "e.yaml:3: e: check: ", os.ErrNotExist},
		"not to be run":        {func(f *flag) { f.write("flag.sh"); f.fault.Attributes["do"] = []any{f.dir + "/flag.sh"} }, "permission denied", nil},
		"of a hostile journal": {func(f *flag) { f.fault.Attributes["do"] = "rm" }, "do names no program", experiments.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFlag(t)
			for _, step := range []string{"do", "undo", "check"} {
				f.with(step, "touch ran")
			}
			tt.change(f)
			err := command.Preflight(planOf(f.fault, plan.Fault{Fault: experiments.Fault{Inject: "latency"}}))
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("Preflight() = %v, want %q", err, tt.want)
			}
			if tt.class != nil && !errors.Is(err, tt.class) {
				t.Errorf("Preflight() = %v, want class %v", err, tt.class)
			}
			if f.isThere("ran") {
				t.Error("a program was run")
			}
		})
	}
}

func (f *flag) write(name string) {
	if err := os.WriteFile(filepath.Join(f.dir, name), []byte("#!/bin/sh\n"), 0o600); err != nil {
		f.Fatal(err)
	}
}

// Of two faults at a time, the end of one must not look like that of the other.
func TestFaultsThatCannotBeToldApart(t *testing.T) {
	t.Parallel()
	f := newFlag(t)
	one, two := f.fault, f.fault
	p := planOf(one, two)
	if err := command.Preflight(p); !errors.Is(err, experiments.ErrInvalid) {
		t.Errorf("at the same time: %v", err)
	}
	p.Experiments[0].Faults[1].At = 10 * time.Second
	p.Experiments[0].Faults[1].Until = 20 * time.Second
	if err := command.Preflight(p); err != nil {
		t.Errorf("one after the other: %v", err)
	}
	p = planOf(one, two)
	p.Experiments[0].Faults[1].Attributes = newFlag(t).fault.Attributes
	if err := command.Preflight(p); err != nil {
		t.Errorf("in two folders: %v", err)
	}
}

// A fault that is there already is nobody's to undo, and a check that does not work is
// found before it is needed.
func TestAbsent(t *testing.T) {
	t.Parallel()
	f := newFlag(t)
	in := command.New(command.Options{})
	if err := in.Absent(t.Context(), planOf(f.fault, f.fault)); err != nil {
		t.Errorf("Absent() = %v", err)
	}
	f.write("set")
	if err := in.Absent(t.Context(), planOf(f.fault)); !errors.Is(err, experiments.ErrRefused) || !strings.Contains(err.Error(), in.Manual(f.fault)) {
		t.Errorf("Absent() of a fault in force = %v", err)
	}
	f.with("check", "echo who >&2; exit 7")
	if err := in.Absent(t.Context(), planOf(f.fault)); err == nil || errors.Is(err, experiments.ErrRefused) || !strings.Contains(err.Error(), "check ends with 7: who") {
		t.Errorf("Absent() with a broken check = %v", err)
	}
	if !f.isThere("set") {
		t.Error("what was there is gone")
	}
}
