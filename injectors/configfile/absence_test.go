package configfile_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors/badconfig"
	"github.com/blastgauge/blastgauge/injectors/configfile"
)

// beside returns the path of one of the files beside the place's file.
func (p *place) beside(suffix string) string {
	dir, base := filepath.Split(p.file)
	return filepath.Join(dir, "."+base+".blastgauge"+suffix)
}

func (p *place) undo() string { return filepath.Join(p.run.Name(), configfile.UndoDir) }

// kept returns the path of a file that the run keeps for the place's fault.
func (p *place) kept(suffix string) string { return filepath.Join(p.undo(), p.fault.Name+suffix) }

// other returns the injector of another process, which knows what the run knew when it
// began.
func (p *place) other(files, originals map[string]string) *configfile.Injector {
	o := p.o
	o.Files, o.Originals = files, originals
	return configfile.New(o)
}

// believed returns what a run knows of its files when it begins.
func (p *place) believed() (files, originals map[string]string) {
	p.Helper()
	path, err := filepath.EvalSymlinks(p.file)
	if err != nil {
		p.Fatal(err)
	}
	files = map[string]string{p.fault.Name: path}
	return files, configfile.Originals(files)
}

// What can become of each thing that is kept while a fault is in a file.
const (
	whole = iota
	removed
	damaged
	fates
)

// kept are the things that are kept.
var kept = []struct {
	name string
	path func(p *place) string
}{
	{"record", func(p *place) string { return p.kept(".json") }},
	{"copy", func(p *place) string { return p.kept(".original") }},
	{"mark", func(p *place) string { return p.beside("") }},
	{"aside", func(p *place) string { return p.beside("-original") }},
}

// meet makes each thing that is kept meet its fate.
func (p *place) meet(fate []int) error {
	var errs []error
	for i, k := range kept {
		switch fate[i] {
		case removed:
			errs = append(errs, os.Remove(k.path(p)))
		case damaged:
			errs = append(errs, overwrite(k.path(p)))
		}
	}
	return errors.Join(errs...)
}

// overwrite changes a file in place.
func overwrite(path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString("#damaged ")
	return errors.Join(err, file.Close())
}

// Whatever is removed or damaged of what was kept, the process that injected the fault
// restores the file. Another process restores it where one thing says what it was and
// another holds that, and otherwise says that it does not know: it never says that a file
// is as it was which is not.
func TestAbsenceProvesNothing(t *testing.T) {
	t.Parallel()
	for n := range fates * fates * fates * fates {
		fate := []int{n % fates, n / fates % fates, n / fates / fates % fates, n / fates / fates / fates}
		t.Run(fmt.Sprint(fate), func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			files, originals := p.believed()
			injecting := p.injector()
			p.inject(injecting)
			if err := p.meet(fate); err != nil {
				t.Fatal(err)
			}
			p.revertByAnother(p.other(files, originals), (fate[0] == whole || fate[2] == whole) && (fate[1] == whole || fate[3] == whole))
			p.revert(injecting)
		})
	}
}

// revertByAnother reverts as a process that has not injected the fault and that should
// know enough to restore the file, or should not.
func (p *place) revertByAnother(in *configfile.Injector, enough bool) {
	p.Helper()
	if e, err := in.Check(p.Context(), p.fault); err == nil && !e.Present {
		p.Errorf("Check() = %+v, and the file is bad", e)
	}
	err := in.Revert(p.Context(), p.fault)
	if enough {
		if err := errors.Join(err, p.is(good), p.clean()); err != nil {
			p.Error(err)
		}
		return
	}
	if _, manual := errors.AsType[*configfile.ManualError](err); !manual {
		p.Errorf("Revert() = %v, want what to do by hand", err)
	}
	if err := p.is(bad); err != nil {
		p.Error(err)
	}
}

// The folder with the records, or the run's whole directory, can go at once.
func TestTheRunsDirectoryIsRemoved(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(p *place) error{
		"its undo folder": func(p *place) error { return os.RemoveAll(p.undo()) },
		"all of it":       func(p *place) error { return os.RemoveAll(p.run.Name()) },
	} {
		for _, fate := range [][]int{{0, 0, whole, whole}, {0, 0, removed, whole}, {0, 0, whole, removed}, {0, 0, removed, removed}} {
			t.Run(fmt.Sprint(name, fate), func(t *testing.T) {
				p := newPlace(t)
				files, originals := p.believed()
				injecting := p.injector()
				p.inject(injecting)
				if err := errors.Join(p.meet(fate), lose(p)); err != nil {
					t.Fatal(err)
				}
				p.revertByAnother(p.other(files, originals), fate[2] == whole && fate[3] == whole)
				p.revert(injecting)
			})
		}
	}
}

// Who comes when the run's directory is gone has nothing to open.
func TestWithoutTheRunsDirectory(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.inject(p.injector())
	if err := os.RemoveAll(p.run.Name()); err != nil {
		t.Fatal(err)
	}
	in := configfile.New(configfile.Options{})
	if e := p.check(in); !e.Present {
		t.Errorf("Check() = %+v", e)
	}
	if err := in.Inject(t.Context(), p.fault); err == nil {
		t.Error("Inject() worked without a run's directory")
	}
	p.revert(configfile.New(configfile.Options{}))
}

// A file that was changed by hand is told from one that has the fault, also when all that
// is left is in the memory of the process; and what the process knows outlives it.
func TestWhatOnlyMemoryHolds(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(p *place) error{
		"undo":                   func(p *place) error { return os.RemoveAll(p.undo()) },
		"the run":                func(p *place) error { return os.RemoveAll(p.run.Name()) },
		"all beside and the run": func(p *place) error { return os.RemoveAll(p.run.Name()) },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			in := p.injector()
			p.inject(in)
			if err := errors.Join(lose(p), os.Remove(p.beside("-original"))); err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(name, "all") {
				if err := os.Remove(p.beside("")); err != nil {
					t.Fatal(err)
				}
			}
			p.write(p.file, "mine: 1\n")
			err := in.Revert(t.Context(), p.fault)
			if _, manual := errors.AsType[*configfile.ManualError](err); !manual || !errors.Is(err, configfile.ErrChanged) {
				t.Fatalf("Revert() = %v", err)
			}
			if text, err := os.ReadFile(p.file); err != nil || string(text) != "mine: 1\n" {
				t.Errorf("the file is %q, %v", text, err)
			}
			p.byHand(in.ManualRestore(t.Context(), p.fault))
			if err := in.Revert(t.Context(), p.fault); err != nil {
				t.Errorf("Revert() after it was put right = %v", err)
			}
		})
	}
}

// A fault whose record is lost is not over while its bad version is in place: the next
// one would take that for the original.
func TestALostRecordDoesNotFreeTheFile(t *testing.T) {
	t.Parallel()
	p, q := newPlace(t), newPlace(t)
	in := p.injector()
	p.inject(in)
	if err := os.RemoveAll(p.undo()); err != nil {
		t.Fatal(err)
	}
	second := p.fault
	second.Name = "blastgauge.20261124t000000z-test00.2"
	if err := q.injector().Inject(t.Context(), second); err == nil || !strings.Contains(err.Error(), "already has fault "+p.fault.Name) {
		t.Errorf("Inject() = %v", err)
	}
	if err := os.Remove(p.beside("")); err != nil {
		t.Fatal(err)
	}
	if err := q.injector().Inject(t.Context(), second); err == nil || !strings.Contains(err.Error(), "set aside and not put back") {
		t.Errorf("Inject() = %v", err)
	}
	if err := p.is(bad); err != nil {
		t.Error(err)
	}
	p.revert(in)
}

// The same fault is injected again after its record was lost: the original stays the
// first one.
func TestInjectedAgainWithoutARecord(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.inject(p.injector())
	if err := os.RemoveAll(p.undo()); err != nil {
		t.Fatal(err)
	}
	in := p.injector()
	p.inject(in)
	p.revert(in)
}

// Another fault that began from the bad version does not hide the one whose traces are
// lost.
func TestAFaultUnderAnotherOneIsNotOver(t *testing.T) {
	t.Parallel()
	p, q := newPlace(t), newPlace(t)
	files, originals := p.believed()
	p.inject(p.injector())
	if err := errors.Join(os.RemoveAll(p.undo()), os.Remove(p.beside("")), os.Remove(p.beside("-original"))); err != nil {
		t.Fatal(err)
	}
	second := p.fault
	second.Name = "blastgauge.20261124t000000z-test00.2"
	over := q.injector()
	if err := over.Inject(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	if err := p.other(files, originals).Revert(t.Context(), p.fault); !errors.Is(err, configfile.ErrLost) {
		t.Errorf("Revert() = %v", err)
	}
	if err := over.Revert(t.Context(), second); err != nil {
		t.Error(err)
	}
}

// The list of a run's files holds each one without links.
func TestFiles(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	dir := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(filepath.Dir(p.file), dir); err != nil {
		t.Fatal(err)
	}
	resolved, err := filepath.EvalSymlinks(p.file)
	if err != nil {
		t.Fatal(err)
	}
	p.fault.Attributes["file"] = filepath.Join(dir, filepath.Base(p.file))
	missing := p.fault
	missing.Name, missing.Attributes = "blastgauge.x.9", map[string]any{"file": "/nonexistent/x/y.json"}
	files, err := configfile.Files(planOf(p.fault, missing))
	if len(files) != 1 || files[p.fault.Name] != resolved || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Files() = %v, %v", files, err)
	}
	originals := configfile.Originals(files)
	if len(originals) != 1 || originals[p.fault.Name] != badconfig.Digest([]byte(good)) {
		t.Errorf("Originals() = %v", originals)
	}
	p.inject(p.other(files, originals))
	if got := configfile.Originals(files); len(got) != 0 {
		t.Errorf("Originals() of a file that has a fault = %v", got)
	}
	p.revert(p.other(files, originals))
}

// A file that leads elsewhere than when the run began gets no fault: what cleans up would
// not look there.
func TestAFileThatLeadsElsewhereMeanwhile(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	in := p.other(map[string]string{p.fault.Name: "/somewhere/else.yaml"}, nil)
	if err := in.Inject(t.Context(), p.fault); err == nil || !strings.Contains(err.Error(), "led to /somewhere/else.yaml") {
		t.Errorf("Inject() = %v", err)
	}
	if err := in.Revert(t.Context(), p.fault); err != nil {
		t.Errorf("Revert() = %v", err)
	}
	if err := errors.Join(p.is(good), p.clean()); err != nil {
		t.Error(err)
	}
}

// What versions before this one left behind is restored: a record, the bytes, and a mark
// that holds no digest.
func TestRecordsOfOlderVersions(t *testing.T) {
	t.Parallel()
	for name, undo := range map[string]bool{"whole": true, "without its record": false} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			files, _ := p.believed()
			dir := filepath.Dir(files[p.fault.Name])
			record := map[string]any{
				"fault": p.fault.Name, "tree": filepath.Dir(dir), "rel": filepath.Join(filepath.Base(dir), "settings.yaml"),
				"original": badconfig.Digest([]byte(good)), "mode": 0o640, "uid": os.Getuid(), "gid": os.Getgid(),
				"bad": []string{badconfig.Digest([]byte(bad))}, "settings": "x", "change": map[string]any{},
			}
			text, err := json.Marshal(record)
			if err != nil {
				t.Fatal(err)
			}
			if undo {
				if err := os.Mkdir(p.undo(), 0o700); err != nil {
					t.Fatal(err)
				}
				p.write(p.kept(".json"), string(text))
				p.write(p.kept(".original"), good)
			}
			p.write(p.beside(""), `{"fault":"`+p.fault.Name+`","run":"`+p.run.Name()+`"}`)
			p.write(p.file, bad)
			err = p.other(files, nil).Revert(t.Context(), p.fault)
			if undo {
				if err := errors.Join(err, p.is(good), p.clean()); err != nil {
					t.Error(err)
				}
			} else if _, manual := errors.AsType[*configfile.ManualError](err); !manual {
				t.Errorf("Revert() = %v", err)
			}
		})
	}
}

// planOf returns a plan that has the faults.
func planOf(faults ...plan.Fault) *plan.Plan {
	return &plan.Plan{Experiments: []plan.Experiment{{Faults: faults}}}
}
