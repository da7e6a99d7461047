package configfile_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors/configfile"
)

// deaths are the states that a process can leave, in the order of its steps. Each is made
// from a whole injection.
var deaths = map[string]func(p *place) error{
	"the folder for records is made": func(p *place) error {
		return errors.Join(p.untouched(), os.RemoveAll(p.undo()), os.Mkdir(p.undo(), 0o700), os.Remove(p.beside("")))
	},
	"the original's bytes are half written": func(p *place) error {
		return errors.Join(p.untouched(), os.Remove(p.kept(".json")), os.Remove(p.beside("")),
			os.Rename(p.kept(".original"), p.kept(".original.next")), os.Truncate(p.kept(".original.next"), 3))
	},
	"the original's bytes are kept, without a record": func(p *place) error {
		return errors.Join(p.untouched(), os.Remove(p.kept(".json")), os.Remove(p.beside("")))
	},
	"the record is half written": func(p *place) error {
		return errors.Join(p.untouched(), os.Rename(p.kept(".json"), p.kept(".json.next")), os.Remove(p.beside("")))
	},
	"the record is kept, without a mark": func(p *place) error {
		return errors.Join(p.untouched(), os.Remove(p.beside("")))
	},
	"the mark is empty": func(p *place) error {
		return errors.Join(p.untouched(), os.Truncate(p.beside(""), 0))
	},
	"the mark is cut short": func(p *place) error {
		return errors.Join(p.untouched(), os.Truncate(p.beside(""), 20))
	},
	"the mark is written": func(p *place) error { return p.untouched() },
	"the original has its second name": func(p *place) error {
		return errors.Join(p.untouched(), os.Link(p.file, p.beside("-original")))
	},
	"the original's second copy is half written": func(p *place) error {
		return errors.Join(p.untouched(), os.WriteFile(p.beside("-next"), []byte(good[:5]), 0o600))
	},
	"the original's second copy is whole": func(p *place) error {
		return errors.Join(p.untouched(), os.WriteFile(p.beside("-original"), []byte(good), 0o600), os.Chmod(p.beside("-original"), 0o640))
	},
	"the next version is half written": func(p *place) error {
		return errors.Join(p.untouched(), os.Link(p.file, p.beside("-original")), os.WriteFile(p.beside("-next"), []byte("# pri"), 0o600))
	},
	"the next version is whole": func(p *place) error {
		return errors.Join(p.untouched(), os.Link(p.file, p.beside("-original")), os.WriteFile(p.beside("-next"), []byte(bad), 0o640))
	},
	"the file is bad":                          func(*place) error { return nil },
	"the file is bad and its mark was lost":    func(p *place) error { return os.Remove(p.beside("")) },
	"the file is bad and nothing is set aside": func(p *place) error { return os.Remove(p.beside("-original")) },
	"the mark is about to be written again":    func(p *place) error { return os.WriteFile(p.beside("-next"), []byte(`{"fa`), 0o644) },
	"the original is about to take its place":  func(p *place) error { return os.WriteFile(p.beside("-next"), []byte(good), 0o640) },
	"the file is restored by its second name":  func(p *place) error { return p.untouched() },
	"the file is restored by a copy": func(p *place) error {
		return errors.Join(os.WriteFile(p.beside("-next"), []byte(good), 0o600), os.Chmod(p.beside("-next"), 0o640), os.Rename(p.beside("-next"), p.file))
	},
	"the mark is removed": func(p *place) error { return errors.Join(p.untouched(), os.Remove(p.beside(""))) },
	"the record is removed": func(p *place) error {
		return errors.Join(p.untouched(), os.Remove(p.beside("")), os.Remove(p.kept(".json")))
	},
}

// untouched makes the file the original again, which has no other name.
func (p *place) untouched() error { return os.Rename(p.beside("-original"), p.file) }

// A process can die between any two calls to the kernel. What it leaves is taken back by
// another process, twice; by the same process, if it lives on; and by another one that
// finds no record.
func TestEveryStateThatADeathLeaves(t *testing.T) {
	t.Parallel()
	for name, die := range deaths {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.inject(p.injector())
			if err := die(p); err != nil {
				t.Fatal(err)
			}
			p.revert(p.injector())
			p.revert(p.injector())
			in := p.injector()
			p.inject(in)
			if err := die(p); err != nil {
				t.Fatal(err)
			}
			p.revert(in)
			p.inject(in)
			p.revert(in)
		})
		t.Run(name+", and its records are lost", func(t *testing.T) {
			p := newPlace(t)
			p.inject(p.injector())
			if err := errors.Join(die(p), os.RemoveAll(p.undo())); err != nil {
				t.Fatal(err)
			}
			wasGood := p.is(good) == nil
			err := p.injector().Revert(t.Context(), p.fault)
			if is := p.is(good); err == nil && is != nil || wasGood && is != nil {
				t.Errorf("Revert() = %v, %v", err, is)
			}
		})
	}
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
		if i%4 < 2 {
			p.revert(p.injector())
			continue
		}
		if err := os.RemoveAll(p.undo()); err != nil { // the mark tells as much
			t.Fatal(err)
		}
		if err := errors.Join(p.injector().Revert(t.Context(), p.fault), p.is(good)); err != nil {
			t.Error(err)
		}
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
