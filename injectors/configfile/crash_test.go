package configfile_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors/configfile"
)

// A process can die between any two calls to the kernel. Each state that it can
// leave is made here from a whole injection, and taken back by another process,
// twice.
func TestEveryStateThatADeathLeaves(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]func(p *place, undo, beside string) error{
		"the folder for records is made": func(p *place, undo, beside string) error {
			return errors.Join(p.restore(), os.RemoveAll(undo), os.Mkdir(undo, 0o700), os.Remove(beside))
		},
		"the original's bytes are half written": func(p *place, undo, beside string) error {
			return errors.Join(p.restore(), os.Remove(undo+"/"+p.fault.Name+".json"), os.Remove(beside),
				os.Rename(undo+"/"+p.fault.Name+".original", undo+"/"+p.fault.Name+".original.next"), os.Truncate(undo+"/"+p.fault.Name+".original.next", 3))
		},
		"the original's bytes are kept, without a record": func(p *place, undo, beside string) error {
			return errors.Join(p.restore(), os.Remove(undo+"/"+p.fault.Name+".json"), os.Remove(beside))
		},
		"the record is half written": func(p *place, undo, beside string) error {
			return errors.Join(p.restore(), os.Rename(undo+"/"+p.fault.Name+".json", undo+"/"+p.fault.Name+".json.next"), os.Remove(beside))
		},
		"the record is kept, without a mark": func(p *place, _, beside string) error {
			return errors.Join(p.restore(), os.Remove(beside))
		},
		"the mark is empty": func(p *place, _, beside string) error {
			return errors.Join(p.restore(), os.Truncate(beside, 0))
		},
		"the next version is half written": func(p *place, _, beside string) error {
			return errors.Join(p.restore(), os.WriteFile(beside+"-next", []byte("# pri"), 0o600))
		},
		"the next version is whole": func(p *place, _, beside string) error {
			return errors.Join(p.restore(), os.WriteFile(beside+"-next", []byte(bad), 0o640))
		},
		"the file is bad": func(*place, string, string) error { return nil },
		"the file is bad and its mark was lost": func(_ *place, _, beside string) error {
			return os.Remove(beside)
		},
		"the original is about to take its place": func(_ *place, _, beside string) error {
			return os.WriteFile(beside+"-next", []byte(good), 0o640)
		},
		"the file is restored": func(p *place, _, _ string) error { return p.restore() },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.inject(p.injector())
			dir, base := filepath.Split(p.file)
			if err := tt(p, filepath.Join(p.run.Name(), configfile.UndoDir), dir+"."+base+".blastgauge"); err != nil {
				t.Fatal(err)
			}
			p.revert(p.injector())
			p.revert(p.injector())
			in := p.injector()
			p.inject(in)
			p.revert(in)
		})
	}
}

// restore does what Revert does to the file itself.
func (p *place) restore() error {
	next := p.file + ".next"
	return errors.Join(os.WriteFile(next, []byte(good), 0o600), os.Chmod(next, 0o640), os.Rename(next, p.file))
}

// A run that is killed at any moment of any turn leaves a file that is one whole
// version or the other, and that another process puts back.
func TestKilled(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts 20 processes")
	}
	for i := range 20 {
		p := newPlace(t)
		p.fault.Attributes["flap"] = 0.1
		text, err := json.Marshal(p.fault)
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$")
		cmd.Env = append(os.Environ(), "CONFIGFILE_CHILD="+string(text), "CONFIGFILE_RUN="+p.run.Name())
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 { // half of them while they start and inject, half while the versions alternate
			time.Sleep(time.Duration(i) * time.Millisecond)
		} else {
			eventually(t, "the child has injected", func() bool { return p.is(bad) == nil })
			time.Sleep(time.Duration(97+i) * time.Millisecond)
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // it was killed
		if errGood, errBad := p.is(good), p.is(bad); errGood != nil && errBad != nil {
			t.Fatalf("%v; %v", errGood, errBad)
		}
		p.revert(p.injector())
	}
}

// TestChild is the process that is killed.
func TestChild(t *testing.T) {
	t.Parallel()
	text := os.Getenv("CONFIGFILE_CHILD")
	if text == "" {
		t.Skip("only as a process of its own")
	}
	var f plan.Fault
	if err := json.Unmarshal([]byte(text), &f); err != nil {
		t.Fatal(err)
	}
	run, err := os.OpenRoot(os.Getenv("CONFIGFILE_RUN"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second) // should nobody kill it
	defer cancel()
	in := configfile.New(configfile.Options{Run: run})
	if err := in.Inject(ctx, f); err != nil {
		t.Fatal(err)
	}
	<-ctx.Done()
	if err := in.Revert(context.Background(), f); err != nil {
		t.Fatal(err)
	}
}
