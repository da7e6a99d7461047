package engine

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// sharing is a bench with a second experiment that may share the baseline of the first.
func sharing() *bench {
	b := newBench()
	second := b.plan.Experiments[0]
	b.plan.Experiments[0].Phases.Recovery, second.Phases.Recovery = 25*time.Second, 25*time.Second
	second.ID, second.SharesBaseline, second.Faults = "payments-slower", true, []plan.Fault{newFault("blastgauge.r.2", 0, 10*time.Second)}
	b.plan.Experiments = append(b.plan.Experiments, second)
	return b
}

func (m *memory) of(experiment string) (list []journal.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.events {
		if e.Experiment == experiment {
			list = append(list, e)
		}
	}
	return list
}

func kindOf(list []journal.Event, k journal.Kind) *journal.Event {
	i := slices.IndexFunc(list, func(e journal.Event) bool { return e.Kind == k })
	if i < 0 {
		return nil
	}
	return &list[i]
}

// A baseline that is shared is in the journal before the fault, and is the last part of the
// recovery before, as long as a baseline; it takes no time.
func TestASharedBaseline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := sharing()
		b.harm = (*fakeInjector).harming
		if err := b.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		first, second := b.mem.of("payments-slow"), b.mem.of("payments-slower")
		shared, ended := kindOf(second, journal.BaselineShared), kindOf(first, journal.ExperimentEnded)
		if shared == nil || kindOf(second, journal.BaselineOwn) != nil || kindOf(first, journal.BaselineShared) != nil {
			t.Fatalf("%+v", b.mem.kinds())
		}
		s, removed, injected := shared.Shared, kindOf(first, journal.FaultRemoved), kindOf(second, journal.FaultInjected)
		if s.Of != "payments-slow" || s.To-s.From != 5*time.Second || s.To > ended.Since || s.From < removed.Since+10*time.Second {
			t.Errorf("%+v, removed at %s, ended at %s", s, removed.Since, ended.Since)
		}
		if injected == nil || injected.Seq < shared.Seq || injected.Since-shared.Since > time.Second {
			t.Errorf("shared %+v, injected %+v", shared, injected)
		}
	})
}

// Where the recovery before says nothing of the system without a fault, a baseline is
// measured, and the journal says why.
func TestNoBaselineToShare(t *testing.T) {
	t.Parallel()
	removedFor := func(in *fakeInjector) func() time.Duration {
		var last time.Time
		return func() time.Duration {
			if in.harming() {
				last = time.Now()
			}
			return time.Since(last)
		}
	}
	for name, edit := range map[string]func(b *bench){
		"harm that ends late": func(b *bench) {
			since := removedFor(b.in)
			b.harm = func(*fakeInjector) bool { return b.mem.count(journal.FaultInjected) > 0 && since() < 15*time.Second }
		},
		"a fault that vanished": func(b *bench) {
			b.harm = func(in *fakeInjector) bool {
				if in.harming() && b.mem.count(journal.FaultInjected) == 1 {
					in.vanish()
				}
				return false
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := sharing()
				edit(b)
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				if err := b.run(ctx); err != nil {
					t.Fatal(err)
				}
				second := b.mem.of("payments-slower")
				own, injected := kindOf(second, journal.BaselineOwn), kindOf(second, journal.FaultInjected)
				if own == nil || own.Detail == "" || kindOf(second, journal.BaselineShared) != nil || injected == nil || injected.Since-own.Since < 5*time.Second {
					t.Errorf("own %+v, injected %+v", own, injected)
				}
			})
		})
	}
}

func (m *memory) count(k journal.Kind) (n int) {
	for _, kind := range m.kinds() {
		if kind == k {
			n++
		}
	}
	return n
}
