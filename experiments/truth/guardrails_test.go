package truth

import (
	"slices"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/truth/world"
)

func guardedBy(share float64) []experiments.Guardrail {
	return []experiments.Guardrail{{BlastRadius: share}}
}

// A delay delays all journeys of the fault arm, where a share fails anyway.
type delay struct{ fail, delay, guard, rate float64 }

func delays() []delay {
	return []delay{{0.01, 2, 0.02, 100}, {0.01, 2.5, 0.02, 200}, {0.018, 2.5, 0.02, 100}, {0.018, 2.5, 0.05, 200}}
}

func delayed(seed uint64, c delay) *Scene {
	return &Scene{
		Seed: seed, Warmup: 2, Baseline: 60, Fault: 60, Recovery: 10, Rates: []float64{c.rate}, SlowAfter: 3, Timeout: 10,
		Control: plan.Concurrent, Limit: 0.05, Guardrails: guardedBy(c.guard), Base: world.Level(c.fail), Step: 0.02,
		Decide: func(m Moment) (journal.Outcome, float64) {
			switch {
			case m.Harmed():
				return journal.Failed, 0.02
			case m.Faulted:
				return journal.OK, c.delay
			}
			return journal.OK, 0.05
		},
	}
}

// A fault that only delays journeys, within their budget, is stopped by chance in one of
// a hundred runs at the most: the fast failures that there are anyway end first and say
// nothing.
func TestGuardrailDoesNotStopADelay(t *testing.T) {
	t.Parallel()
	for _, c := range delays() {
		s := Tally(t, *runs, 0, func(seed uint64) *Scene { return delayed(seed, c) }, nil)
		check(t, "delay", s, atMost("stopped", s.Stopped, 0.01))
	}
}

// Without a second route the window rule stops more than it must. It refutes nothing.
func TestTheWindowRuleRefutesNothing(t *testing.T) {
	t.Parallel()
	for _, w := range world.Documented()[:4] {
		for _, guard := range []float64{0.02, 0.05} {
			s := Tally(t, *runs, 0, func(seed uint64) *Scene {
				s := minute(seed, plan.Baseline, w, 0)
				s.Recovery, s.Guardrails = 40, guardedBy(guard)
				return s
			}, nil)
			check(t, w.Name, s, atMost("refuted", s.Refuted, 0.05))
		}
	}
}

// guarded is a scene that a guardrail ends.
func guarded(seed uint64, rate, guard, slowAfter float64, decide func(Moment) (journal.Outcome, float64)) *Scene {
	return &Scene{
		Seed: seed, Warmup: 2, Baseline: 60, Fault: 60, Recovery: 10, Rates: []float64{rate}, SlowAfter: slowAfter, Timeout: 20,
		Control: plan.Concurrent, Limit: 0.05, Guardrails: guardedBy(guard), Base: world.Level(0.01), Step: 0.02, Decide: decide,
	}
}

// reaction is when a guardrail stopped the fault, in seconds since its injection, in the
// middle of all runs.
func reaction(t *testing.T, rate, guard, slowAfter float64, decide func(Moment) (journal.Outcome, float64)) float64 {
	t.Helper()
	var after []float64
	s := Tally(t, *runs, 0.2, func(seed uint64) *Scene { return guarded(seed, rate, guard, slowAfter, decide) }, func(e *result.Experiment) {
		if e.Guardrail != nil {
			after = append(after, e.Faults[0].Removed.Sub(e.Faults[0].Injected).Seconds())
		}
	})
	check(t, "reaction", s, atLeast("stopped", s.Stopped, 0.99))
	if len(after) == 0 {
		t.Fatal("nothing was stopped")
	}
	slices.Sort(after)
	return after[len(after)/2]
}

// jumpTo harms a share of journeys under the fault, after a while.
func jumpTo(share, after float64) func(Moment) (journal.Outcome, float64) {
	return func(m Moment) (journal.Outcome, float64) {
		if m.Faulted && m.Rand.Float64() < share {
			return journal.Failed, after
		}
		if m.Rand.Float64() < m.Base {
			return journal.Failed, 0.02
		}
		return journal.OK, 0.05
	}
}

// A guardrail of 2 % sees a jump from 1 % to 20 % soon, also where journeys hang.
func TestGuardrailReactsSoon(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rate, guard, slowAfter float64
		decide                 func(Moment) (journal.Outcome, float64)
		most                   float64
	}{
		"fails at once":  {50, 0.02, 3, jumpTo(0.2, 0.02), 3.6},
		"hangs":          {50, 0.02, 3, jumpTo(0.2, 10), 6.5},
		"most hang":      {50, 0.36, 3, jumpTo(0.8, 10), 4.6},
		"at a low rate":  {1, 0.1, 3, jumpTo(1, 0.02), 40},
		"at a lower one": {0.5, 0.1, 3, jumpTo(1, 0.02), 59},
	} {
		got := reaction(t, c.rate, c.guard, c.slowAfter, c.decide)
		t.Logf("%s: stopped after %.2f s", name, got)
		if got > c.most {
			t.Errorf("%s: stopped after %.2f s, want %g at most", name, got, c.most)
		}
	}
}

// On one route, too, a fault that harms everybody is stopped at any rate.
func TestTheWindowRuleWorksAtLowRates(t *testing.T) {
	t.Parallel()
	s := minute(1, plan.Baseline, world.World{Base: world.Level(0), Harm: world.Steady}, 1)
	s.Rates, s.Guardrails = []float64{0.5}, guardedBy(0.1)
	e := s.Play(t)
	if e.Guardrail == nil || e.Faults[0].Removed.Sub(e.Faults[0].Injected) > inSeconds(30) {
		t.Errorf("not stopped: %+v", e.Guardrail)
	}
}
