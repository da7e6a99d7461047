package configfile_test

import (
	"context"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors/configfile"
)

func shell(ctx context.Context, command string) *exec.Cmd {
	return exec.CommandContext(ctx, "sh", "-c", command)
}

// flapping is a place whose file alternates. The system is told bad and good by
// turns, until over.
func flapping(t *testing.T) (p *place, told *atomic.Int64, over *atomic.Bool) {
	p, told, over = newPlace(t), new(atomic.Int64), new(atomic.Bool)
	p.fault.Attributes["flap"] = 0.1
	p.o.Replaced = func(_ context.Context, _ plan.Fault, bad bool) error {
		if n := told.Add(1); bad != (n%2 == 1) && !over.Load() {
			t.Errorf("at call %d told %v", n, bad)
		}
		return nil
	}
	return p, told, over
}

func TestFlap(t *testing.T) {
	t.Parallel()
	p, told, over := flapping(t)
	in := p.injector()
	p.inject(in)
	for range 3 {
		eventually(t, "good", func() bool { return p.is(good) == nil })
		if e := p.check(in); !e.Present {
			t.Fatalf("Check() = %+v", e)
		}
		eventually(t, "bad", func() bool { return p.is(bad) == nil })
		if e := p.check(in); !e.Present {
			t.Fatalf("Check() = %+v", e)
		}
	}
	e := p.check(in)
	if e.Of < 4 || e.Counted && (e.Met < 2 || e.Met > e.Of) {
		t.Errorf("Check() = %+v", e)
	}
	over.Store(true) // the original is told at the end, whichever version is in place
	p.revert(in)
	before := told.Load()
	if e := p.check(in); e.Present || told.Load() != before {
		t.Errorf("Check() = %+v, told %d times more", e, told.Load()-before)
	}
}

// Flapping stops by itself when another process has reverted the fault, fenced
// the run off, or changed the file: none of them is undone.
func TestFlapYields(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		meddle func(p *place)
		text   string
		detail string
	}{
		"to another process that reverted it": {func(p *place) {
			other := p.o
			other.Replaced = nil
			if err := configfile.New(other).Revert(p.Context(), p.fault); err != nil {
				p.Error(err)
			}
		}, good, "the file is as it was"},
		"to a fence": {func(p *place) {
			if err := journal.Fence(p.run, journal.Barrier{By: "recover", Why: "told to stop"}); err != nil {
				p.Error(err)
			}
		}, "", "fenced off by recover"},
		"to another's change": {func(p *place) { p.write(p.file, "mine: 1\n") }, "mine: 1\n", "changed by another program"},
	} {
		t.Run(name, func(t *testing.T) {
			p, _, _ := flapping(t)
			in := p.injector()
			p.inject(in)
			tt.meddle(p)
			eventually(t, tt.detail, func() bool {
				e, err := in.Check(t.Context(), p.fault)
				return err == nil && !e.Present && strings.Contains(e.Detail, tt.detail)
			})
			if tt.text != "" {
				if err := p.is(tt.text); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
