package engine

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// A server that dies under a harmless fault harms journeys, and the fault did not: the cell
// says that its fault was not seen any more.
func TestAServerThatDiesMakesNoFaultHarmful(t *testing.T) {
	t.Parallel()
	for name, dies := range map[string]func(b *scanBench){
		"it does not answer": func(b *scanBench) { b.in.silence(errors.New("connection refused")) },
		"it is back without faults": func(b *scanBench) {
			b.in.silence(errors.New("connection refused"))
			time.AfterFunc(2500*time.Millisecond, func() { b.in.vanish(); b.in.silence(nil) })
		},
		"it hangs": func(b *scanBench) { b.opts.Injectors["latency"].(*hangingChecks).hang.Store(true) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newScanBench([]string{soft}, []string{soft})
				b.opts.Injectors["latency"] = &hangingChecks{fakeInjector: b.in}
				b.plan.Experiments[0].Guardrails = guardrails(experiments.Guardrail{BlastRadius: 0.9})
				dead := false
				b.effect = func(string, int) effect {
					if dead {
						return fails
					}
					return fine
				}
				first := true
				b.mem.on = func(e journal.Event) {
					switch {
					case e.Kind == journal.FaultInjected && first:
						first = false
						time.AfterFunc(time.Second, func() {
							b.in.mu.Lock()
							dead = true
							b.in.mu.Unlock()
							dies(b)
						})
					case e.Kind == journal.FaultVanished:
						b.in.mu.Lock()
						dead = false
						b.in.mu.Unlock()
						b.opts.Injectors["latency"].(*hangingChecks).hang.Store(false)
						time.AfterFunc(100*time.Millisecond, func() { b.in.silence(nil) })
					}
				}
				if err := b.scan(t.Context()); err != nil {
					t.Fatal(err)
				}
				end := b.end(t, 1)
				if end.Why != journal.CellVanished || end.Detail == "" {
					t.Errorf("cell 1 ended as %s, %q, and checkout is %q", end.Why, end.Detail, end.Journeys[0].Decision)
				}
				if end := b.end(t, 2); end.Why != journal.CellDecided {
					t.Errorf("cell 2 ended as %s", end.Why)
				}
				b.checkJournal(t)
			})
		})
	}
}

// A guardrail ends its cell at once, also where the server is too slow to say whether the
// fault is still there.
func TestAGuardrailDoesNotWaitForASlowServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newScanBench([]string{hard})
		checks := &hangingChecks{fakeInjector: b.in}
		b.opts.Injectors["latency"] = checks
		b.plan.Experiments[0].Guardrails = guardrails(experiments.Guardrail{BlastRadius: 0.1})
		b.mem.on = func(e journal.Event) {
			if e.Kind == journal.FaultInjected {
				checks.hang.Store(true)
			}
		}
		if err := b.scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		end := b.end(t, 1)
		removed, _ := b.mem.find(journal.FaultRemoved)
		if end.Why != journal.CellGuarded || removed.Since-end.To > 500*time.Millisecond {
			t.Errorf("it ended as %s, and the fault was there for %v more", end.Why, removed.Since-end.To)
		}
	})
}

// hangingChecks are an injector whose read-backs hang, whatever their context says.
type hangingChecks struct {
	*fakeInjector
	hang atomic.Bool
}

func (in *hangingChecks) Check(ctx context.Context, f plan.Fault) (journal.Evidence, error) {
	if in.hang.Load() {
		time.Sleep(3 * time.Second)
		return journal.Evidence{}, errors.New("no answer")
	}
	return in.fakeInjector.Check(ctx, f)
}
