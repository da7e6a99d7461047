package engine

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// gameDayBench has three experiments, before each of which it asks decide.
func gameDayBench(decide func(ctx context.Context, experiment string) (journal.Decide, error)) *bench {
	b := newBench()
	first := b.plan.Experiments[0]
	b.plan.Experiments = nil
	for i, id := range []string{"first", "second", "third"} {
		e := first
		e.ID, e.Faults = id, []plan.Fault{newFault("blastgauge.r."+string(rune('1'+i)), 0, 10*time.Second)}
		b.plan.Experiments = append(b.plan.Experiments, e)
	}
	b.opts.Decide = func(experiment string) func(context.Context) (journal.Decide, error) {
		return func(ctx context.Context) (journal.Decide, error) { return decide(ctx, experiment) }
	}
	return b
}

// ran are the experiments that were started.
func (m *memory) ran() (ids []string) {
	for _, e := range m.events {
		if e.Kind == journal.ExperimentStarted {
			ids = append(ids, e.Experiment)
		}
	}
	return ids
}

// While a run waits it injects nothing and sends nothing, and what it waits counts for no
// phase.
func TestWaitingForADecision(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const thinks = time.Hour
		var b *bench
		b = gameDayBench(func(ctx context.Context, experiment string) (journal.Decide, error) {
			seen := b.mem.seen
			time.Sleep(thinks)
			if b.in.harming() || b.mem.seen != seen {
				t.Errorf("before %s a fault is in force, or journeys were sent", experiment)
			}
			return journal.Decide{Decision: journal.Continue, Author: "ann", Why: "go"}, ctx.Err()
		})
		start := time.Now()
		if err := b.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := time.Since(start).Round(time.Second) - 3*thinks; got < 57*time.Second || got > 60*time.Second {
			t.Errorf("beside the waits it took %v, want the 57 s of its phases", got)
		}
		if ran := b.mem.ran(); !slices.Equal(ran, []string{"first", "second", "third"}) {
			t.Errorf("ran %q", ran)
		}
		waiting, _ := b.mem.find(journal.Waiting)
		decided, _ := b.mem.find(journal.Decided)
		if waiting.Experiment != "first" || decided.Experiment != "first" || decided.Decision != journal.Continue || decided.Author != "ann" || decided.Reason != "go" || decided.Since-waiting.Since != thinks {
			t.Errorf("waiting %+v, decided %+v", waiting, decided)
		}
		if kinds := b.mem.kinds(); !slices.Equal(kinds[:4], []journal.Kind{journal.RunStarted, journal.Waiting, journal.Decided, journal.ExperimentStarted}) {
			t.Errorf("journal = %v", kinds[:4])
		}
	})
}

func TestSkipAndEnd(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		decisions map[string]journal.DayDecision
		ran       []string
		asked     int
	}{
		"skip the first": {map[string]journal.DayDecision{"first": journal.Skip}, []string{"second", "third"}, 3},
		"skip the last":  {map[string]journal.DayDecision{"third": journal.Skip}, []string{"first", "second"}, 3},
		"skip all":       {map[string]journal.DayDecision{"first": journal.Skip, "second": journal.Skip, "third": journal.Skip}, nil, 3},
		"end":            {map[string]journal.DayDecision{"second": journal.End}, []string{"first"}, 2},
		"end at once":    {map[string]journal.DayDecision{"first": journal.End}, nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				b := gameDayBench(func(_ context.Context, experiment string) (journal.Decide, error) {
					asked++
					d := c.decisions[experiment]
					if d == "" {
						d = journal.Continue
					}
					return journal.Decide{Decision: d}, nil
				})
				if err := b.run(t.Context()); err != nil {
					t.Fatal(err)
				}
				if ran := b.mem.ran(); !slices.Equal(ran, c.ran) || asked != c.asked {
					t.Errorf("ran %q and asked %d times, want %q and %d", ran, asked, c.ran, c.asked)
				}
				if end, _ := b.mem.find(journal.RunEnded); end.Error != "" {
					t.Errorf("the run ended with %q", end.Error)
				}
			})
		})
	}
}

// forever waits until nobody waits for it any more.
func forever(ctx context.Context, _ string) (journal.Decide, error) {
	<-ctx.Done()
	return journal.Decide{}, context.Cause(ctx)
}

func TestAnInterruptEndsTheWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := gameDayBench(forever)
		ctx, stop := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Hour, func() { stop(&Interrupt{Signal: "TERM"}) })
		start := time.Now()
		err := b.run(ctx)
		if i, ok := errors.AsType[*Interrupt](err); !ok || i.Signal != "TERM" || !errors.Is(err, errInterrupted) {
			t.Errorf("Run() = %v, want an interrupt", err)
		}
		if took := time.Since(start); took != time.Hour {
			t.Errorf("it ended after %v", took)
		}
		if e, ok := b.mem.find(journal.Interrupted); !ok || e.Detail != "TERM" {
			t.Errorf("interrupted = %+v", e)
		}
		if _, decided := b.mem.find(journal.Decided); decided || b.mem.ran() != nil {
			t.Error("something was decided or run")
		}
	})
}

// Whoever forgets a game day does not hold its Toxiproxies for ever.
func TestDecideWithin(t *testing.T) {
	t.Parallel()
	for within, want := range map[time.Duration]time.Duration{0: DefaultDecideWithin, 30 * time.Minute: 30 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			b := gameDayBench(forever)
			b.opts.DecideWithin = within
			start := time.Now()
			err := b.run(t.Context())
			if i, ok := errors.AsType[*Interrupt](err); !ok || i.Signal != "INT" || !errors.Is(err, errInterrupted) {
				t.Errorf("Run() = %v, want an interrupt", err)
			}
			if took := time.Since(start); took != want {
				t.Errorf("it waited %v, want %v", took, want)
			}
			if e, _ := b.mem.find(journal.Interrupted); e.Detail != "INT" || !strings.Contains(e.Reason, figures.Span(want)) {
				t.Errorf("interrupted = %+v, want who and why", e)
			}
		})
	}
}

// What is no decision, and a journal that cannot be written, run nothing.
func TestAWrongDecisionRunsNothing(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]journal.Kind{"no decision": "", "the wait": journal.Waiting, "the decision": journal.Decided} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := gameDayBench(func(context.Context, string) (journal.Decide, error) {
					if fail == "" {
						return journal.Decide{Decision: "perhaps"}, nil
					}
					return journal.Decide{Decision: journal.Continue}, nil
				})
				b.mem.failAt = fail
				if err := b.run(t.Context()); err == nil || b.mem.ran() != nil {
					t.Errorf("ran %q, error %v", b.mem.ran(), err)
				}
			})
		})
	}
}
