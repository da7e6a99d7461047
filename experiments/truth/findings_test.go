package truth

import (
	"math"
	"slices"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/truth/world"
)

// A bound is what a share of runs must keep.
type bound struct {
	what        string
	got         float64
	least, most float64
}

// check compares shares of n runs with their bounds, loosened by three standard errors
// where the bound is not 0 or 1.
func check(t *testing.T, name string, s *Score, bounds ...bound) {
	t.Helper()
	for _, b := range bounds {
		slack := func(share float64) float64 { return 3 * math.Sqrt(share*(1-share)/float64(max(1, s.Runs))) }
		if b.got < b.least-slack(b.least) || b.got > b.most+slack(b.most) {
			t.Errorf("%s: %s in %.1f %% of runs, want %.1f to %.1f: %s", name, b.what, 100*b.got, 100*b.least, 100*b.most, s)
		}
	}
	t.Logf("%s: %s", name, s)
}

func atMost(what string, got, most float64) bound   { return bound{what, got, 0, most} }
func atLeast(what string, got, least float64) bound { return bound{what, got, least, 1} }

// long is a scene whose recovery is watched and limited.
func long(seed uint64, control plan.Control, base world.Process, rate float64) *Scene {
	return &Scene{
		Seed: seed, Warmup: 2, Baseline: 60, Fault: 60, Recovery: 90,
		Rates: []float64{rate}, SlowAfter: 1, Timeout: 3, Control: control, Limit: 0.05, RecoverIn: 30,
		Base: base, Step: 0.02,
	}
}

// collapse is a fault that harms a share during, and after whose removal a share of both
// arms fails for good.
func collapse(seed uint64, share, during float64) *Scene {
	s := long(seed, plan.Concurrent, world.Level(0.01), 50)
	s.Harm = world.Steady(during)
	s.Decide = func(m Moment) (journal.Outcome, float64) {
		if m.Removed >= 0 && m.Rand.Float64() < share || m.Harmed() {
			return journal.Failed, 0.02
		}
		return journal.OK, 0.05
	}
	return s
}

// A system that collapses for both arms once the fault is gone is not held, and not
// called recovered.
func TestACollapseOfBothArmsIsNotHeld(t *testing.T) {
	t.Parallel()
	for _, share := range []float64{0.1, 0.3, 0.6} {
		for _, during := range []float64{0, 0.03} {
			recovered := 0
			s := Tally(t, *runs, during, func(seed uint64) *Scene { return collapse(seed, share, during) }, func(e *result.Experiment) {
				for _, c := range e.Criteria {
					if c.Kind == result.RecoveryCriterion && c.Verdict == result.Held {
						recovered++
					}
				}
			})
			check(t, "collapse", s, atMost("held", s.Held, 0), atMost("called recovered", float64(recovered)/float64(s.Runs), 0))
		}
	}
}

// A spill is harm by the fault of its own arm, and of the control.
type spill struct{ fault, control float64 }

func spills() []spill {
	return []spill{{0.9, 0.03}, {0.9, 0.4}, {0.5, 0.05}, {0.3, 0.02}, {0.2, 0.04}, {0.2, 0.09}}
}

func spillOver(seed uint64, c spill) *Scene {
	s := minute(seed, plan.Concurrent, world.World{Base: world.Level(0.005), Harm: world.Steady}, 0)
	s.Decide = func(m Moment) (journal.Outcome, float64) {
		harm := 0.0
		switch {
		case m.Faulted:
			harm = c.fault
		case m.Injected >= 0 && m.Removed < 0:
			harm = c.control
		}
		if m.Rand.Float64() < world.Either(m.Base, harm) {
			return journal.Failed, 0.02
		}
		return journal.OK, 0.05
	}
	return s
}

// A fault that spills over to the control arm can be refuted.
func TestSpillOverIsRefuted(t *testing.T) {
	t.Parallel()
	for _, c := range spills() {
		s := Tally(t, *runs, c.fault, func(seed uint64) *Scene { return spillOver(seed, c) }, nil)
		check(t, "spill-over", s, atLeast("refuted", s.Refuted, 0.95))
	}
}

// A trend that both arms share leaves the control as good as it is.
func TestATrendOfBothArms(t *testing.T) {
	t.Parallel()
	s := Tally(t, *runs, 0.03, func(seed uint64) *Scene {
		return minute(seed, plan.Concurrent, world.World{Base: world.Trend(0.005, 0.08), Harm: world.Steady}, 0.03)
	}, nil)
	check(t, "trend", s, atLeast("covered", s.Covered, 0.93), atMost("refuted", s.Refuted, 0.025))
}

// No limit of the recovery refutes a fault that harms nobody.
func TestRecoveryRefutesNoHarmlessFault(t *testing.T) {
	t.Parallel()
	worlds := append(world.Documented()[:4], world.Harder(212)...)
	for _, w := range worlds {
		for control, most := range map[plan.Control]float64{plan.Concurrent: 0.025, plan.Baseline: 0.05} {
			s := Tally(t, *runs, 0, func(seed uint64) *Scene { return long(seed, control, w.Base, 50) }, nil)
			check(t, w.Name+", "+string(control), s, atMost("refuted", s.Refuted, most))
		}
	}
}

// Little harm that stays for good is not a recovery where little harm matters.
func TestLittleHarmThatStays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ stays, limit float64 }{{0.02, 0.02}, {0.03, 0.02}} {
		held := 0
		s := Tally(t, *runs, 0.1, func(seed uint64) *Scene {
			s := long(seed, plan.Concurrent, world.Level(0.005), 50)
			s.Limit = c.limit
			s.Decide = func(m Moment) (journal.Outcome, float64) {
				harm := 0.0
				switch {
				case m.Arm != plan.FaultArm || m.Injected < 0:
				case m.Removed < 0:
					harm = 0.1
				default:
					harm = c.stays
				}
				if m.Rand.Float64() < world.Either(m.Base, harm) {
					return journal.Failed, 0.02
				}
				return journal.OK, 0.05
			}
			return s
		}, func(e *result.Experiment) {
			for _, c := range e.Criteria {
				if c.Kind == result.RecoveryCriterion && c.Verdict == result.Held {
					held++
				}
			}
		})
		check(t, "little harm stays", s, atMost("recovery held", float64(held)/float64(s.Runs), 0.05))
	}
}

// Turns without any harm have a width: a limit that is exceeded is not held.
func TestTurnsAreNotHeldByChance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ rate, turn, excess, limit float64 }{{1, 20, 0.03, 0.01}, {2, 20, 0.02, 0.01}, {5, 60, 0.008, 0.005}} {
		s := Tally(t, *runs, c.excess, func(seed uint64) *Scene {
			s := minute(seed, plan.Baseline, world.World{Base: world.Level(0.0005), Harm: world.Steady}, c.excess)
			s.Baseline, s.Fault, s.Rates, s.Repeat, s.Limit = c.turn, c.turn, []float64{c.rate}, 3, c.limit
			return s
		}, nil)
		check(t, "turns", s, atMost("held", s.Held, 0.025), atLeast("covered", s.Covered, 0.94))
	}
}

// Time between two faults is not time under a fault.
func TestAPauseBetweenFaultsIsNoFault(t *testing.T) {
	t.Parallel()
	s := Tally(t, *runs, 0.1, func(seed uint64) *Scene {
		s := minute(seed, plan.Concurrent, world.World{Base: world.Level(0.005), Harm: world.Steady}, 0.1)
		s.Fault = 60
		one := experiments.Fault{Inject: "latency", Into: "payments", Attributes: map[string]any{"latency": 2.0}, Share: 1}
		first, second := one, one
		first.For, second.At, second.For = inSeconds(10), inSeconds(50), inSeconds(10)
		s.Faults = []experiments.Fault{first, second}
		return s
	}, nil)
	check(t, "pause", s, atLeast("covered", s.Covered, 0.9), atMost("held", s.Held, 0))
	if s.Estimate < 0.08 {
		t.Errorf("the estimate is %.1f %%, want 10", 100*s.Estimate)
	}
}

// Slow journeys that start before the fault and come to its step before it do not
// count for it.
func TestSlowJourneysAreNotDiluted(t *testing.T) {
	t.Parallel()
	for _, fault := range []float64{10, 20, 60} {
		s := Tally(t, *runs, 0.1, func(seed uint64) *Scene {
			return &Scene{
				Seed: seed, Warmup: 2, Baseline: max(20, fault/2), Fault: fault, Recovery: 5, Rates: []float64{100}, SlowAfter: 3, Timeout: 10,
				Control: plan.Concurrent, Limit: 0.08, Base: world.Level(0.001), Harm: world.Steady(0.1), Step: 0.01, Decide: Failing(2.5, 2.5),
			}
		}, nil)
		check(t, "slow journeys", s, atMost("held", s.Held, 0.025), atLeast("covered", s.Covered, 0.9))
	}
}

// A fault that hangs every journey harms every journey: how long they usually take is
// not learnt from those that the fault caught.
func TestAHangDoesNotDiluteItself(t *testing.T) {
	t.Parallel()
	s := Tally(t, min(*runs, 10), 1, func(seed uint64) *Scene {
		return &Scene{
			Seed: seed, Warmup: 2, Baseline: 30, Fault: 30, Recovery: 20, Rates: []float64{2}, SlowAfter: 15, Timeout: 20,
			Control: plan.Baseline, Limit: 0.05, Base: world.Level(0), Step: 0.5,
			Decide: func(m Moment) (journal.Outcome, float64) {
				if m.Faulted {
					return journal.Failed, 19
				}
				return journal.OK, 1.5
			},
		}
	}, nil)
	check(t, "hang", s, atLeast("refuted", s.Refuted, 1))
	if s.Estimate < 0.9 {
		t.Errorf("the estimate is %.0f %%, want 93 at least", 100*s.Estimate)
	}
}

// A fault that is shorter than the budget of a journey has a cohort: those that may
// have met it.
func TestAShortFaultHasACohort(t *testing.T) {
	t.Parallel()
	s := Tally(t, *runs, 1, func(seed uint64) *Scene {
		s := long(seed, plan.Concurrent, world.Level(0.001), 50)
		s.SlowAfter, s.Timeout, s.Fault, s.Recovery = 8, 10, 20, 40
		s.Faults = []experiments.Fault{{Inject: "latency", Into: "payments", Attributes: map[string]any{"latency": 2.0}, Share: 1, For: inSeconds(5)}}
		s.Harm = world.Steady(1)
		return s
	}, nil)
	check(t, "short fault", s, atLeast("refuted", s.Refuted, 1))
	if s.Estimate < 0.9 {
		t.Errorf("the estimate is %.0f %%, want nearly 100", 100*s.Estimate)
	}
}

// Routes that differ without any fault decide nothing about the fault.
func TestRoutesThatDiffer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ fault, control, excess, limit float64 }{
		{0.005, 0.015, 0.015, 0.01}, {0.005, 0.019, 0.03, 0.02}, {0.015, 0.005, 0, 0.01}, {0.018, 0.003, 0, 0.01},
	} {
		for _, rate := range []float64{10, 50, 200} {
			s := Tally(t, *runs, c.excess, func(seed uint64) *Scene {
				s := minute(seed, plan.Concurrent, world.World{Base: world.Level(0), Harm: world.Steady}, c.excess)
				s.Rates, s.Limit = []float64{rate}, c.limit
				s.Own = [2]world.Process{plan.FaultArm: world.Level(c.fault), plan.ControlArm: world.Level(c.control)}
				return s
			}, nil)
			if c.excess > c.limit {
				check(t, "routes differ", s, atMost("held", s.Held, 0.025), atLeast("covered", s.Covered, 0.93))
			} else {
				check(t, "routes differ", s, atMost("refuted", s.Refuted, 0.025), atLeast("covered", s.Covered, 0.93))
			}
		}
	}
}

// A base below its limit is not called harmed because its harm comes in bursts.
func TestABurstyBaseIsNotInvalid(t *testing.T) {
	t.Parallel()
	for _, w := range world.Documented()[2:4] {
		for _, rate := range []float64{10, 50} {
			s := Tally(t, *runs, 0, func(seed uint64) *Scene {
				s := minute(seed, plan.Concurrent, w, 0)
				s.Rates = []float64{rate}
				return s
			}, nil)
			check(t, w.Name, s, atMost("invalid", s.Invalid, 0.05))
		}
	}
}

// Few journeys decide what they can decide.
func TestFewJourneys(t *testing.T) {
	t.Parallel()
	for excess, want := range map[float64]result.Verdict{1: result.Refuted, 0: result.Inconclusive} {
		s := minute(1, plan.Concurrent, world.World{Base: world.Level(0), Harm: world.Steady}, excess)
		s.Rates, s.Fault = []float64{0.5}, 60
		if e := s.Play(t); e.Verdict != want || e.BlastRadius == nil {
			t.Errorf("excess %g: %s, %q", excess, e.Verdict, e.Reasons)
		}
	}
}

// A fault that one request met, where thousands were to be expected, is not held; one
// that did harm is refuted, and a system that stopped calling what is broken is held.
func TestAFaultThatHardlyMetTrafficIsNotHeld(t *testing.T) {
	t.Parallel()
	independent := world.Documented()[0]
	breaker := func(m Moment) int {
		if m.Faulted && m.Injected > 0.2 && m.Rand.Float64() > 0.02 {
			return 0
		}
		return 1
	}
	always := func(Moment) int { return 1 }
	warm := func(m Moment) int { // a cache that knows nearly all answers before the fault comes
		if m.At > 45 && m.Rand.Float64() > 0.02 {
			return 0
		}
		return 1
	}
	for name, tt := range map[string]struct {
		met                         int64
		calls                       func(Moment) int
		excess                      float64
		held, refuted, inconclusive float64
	}{
		"one of thousands":     {1, always, 0, 0, 0, 1},
		"half of a tenth":      {150, always, 0, 0, 0, 1},
		"harm by few":          {1, always, 0.3, 0, 1, 0},
		"nearly all":           {2900, always, 0, 1, 0, 0},
		"a circuit breaker":    {70, breaker, 0, 1, 0, 0},
		"a cache that is warm": {50, warm, 0, 0, 0, 1},
		"calls are not known":  {1, nil, 0, 1, 0, 0},
	} {
		s := Tally(t, *runs, tt.excess, func(seed uint64) *Scene {
			s := minute(seed, plan.Concurrent, independent, tt.excess)
			s.Met, s.Calls = tt.met, tt.calls
			return s
		}, func(e *result.Experiment) {
			if sparse := e.Faults[0].Exercised.Grade == result.GradeSparse; sparse != (tt.held == 0) {
				t.Errorf("%s: %+v", name, e.Faults[0].Exercised)
			}
		})
		// One harmless run in twenty may be undecided for other reasons.
		least := func(want float64) float64 { return max(0, want-0.1) }
		check(t, name, s, bound{"held", s.Held, least(tt.held), tt.held}, bound{"refuted", s.Refuted, tt.refuted, tt.refuted},
			bound{"inconclusive", s.Inconclusive, tt.inconclusive, max(tt.inconclusive, tt.held/10)})
	}
}

// Where the slower third of journeys hangs and fails, those that are left say nothing of
// how long users wait: no percentile is shorter than that of all journeys.
func TestLatencyIsNotThatOfSurvivors(t *testing.T) {
	t.Parallel()
	s := minute(1, plan.Concurrent, world.Documented()[0], 0)
	s.Base, s.Timeout = world.Level(0), 10
	s.Decide = func(m Moment) (journal.Outcome, float64) {
		took := 0.1 + 0.3*m.Rand.ExpFloat64()
		if m.Faulted && took > 0.4 { // the slower ones need what hangs
			return journal.Failed, 10
		}
		return journal.OK, min(took, 0.9)
	}
	l := s.Play(t).Journeys[0].Latency
	median := 0.0
	for _, p := range l.Fault {
		if p.P == 0.5 {
			median = p.Seconds
		}
		if p.P > l.Completed.Fault {
			t.Errorf("%+v is not known: %.1f %% completed", p, 100*l.Completed.Fault)
		}
	}
	if want := s.Step + 0.1 + 0.3*math.Ln2; math.Abs(median-want) > 0.03 {
		t.Errorf("the median is %v s, want %v", median, want)
	}
	if len(l.Ratio) != 1 || l.Ratio[0].P != 0.5 || math.Abs(l.Ratio[0].Times-1) > 0.08 {
		t.Errorf("ratios %+v, want one of the median, of about 1", l.Ratio)
	}
}

// On one route a bad stretch long after the removal is told, with its moment, and refutes
// nothing: whose it is, is not known.
func TestABadStretchLaterRefutesNothing(t *testing.T) {
	t.Parallel()
	told := 0
	s := Tally(t, *runs, 0.03, func(seed uint64) *Scene {
		s := long(seed, plan.Baseline, world.Level(0.005), 40)
		s.Decide = func(m Moment) (journal.Outcome, float64) {
			harm := 0.0
			switch {
			case m.Faulted:
				harm = 0.03
			case m.Removed > 47 && m.Removed < 60:
				harm = 0.4
			}
			if m.Rand.Float64() < world.Either(m.Base, harm) {
				return journal.Failed, 0.02
			}
			return journal.OK, 0.05
		}
		return s
	}, func(e *result.Experiment) {
		if e.Recovery != nil && math.Abs(e.Recovery.Later-47) <= 1 {
			told++
		}
	})
	check(t, "bad later", s, atMost("refuted", s.Refuted, 0.025), atLeast("told", float64(told)/float64(s.Runs), 0.95))
}

// One unlucky journey, or one bad moment, in a recovery phase of five seconds does not
// make a harmless fault inconclusive. A collapse in it does.
func TestAShortRecoveryPhase(t *testing.T) {
	t.Parallel()
	for _, w := range world.Documented()[:4] {
		for _, control := range []plan.Control{plan.Concurrent, plan.Baseline} {
			notBack := 0.0
			s := Tally(t, *runs, 0, func(seed uint64) *Scene {
				s := minute(seed, control, w, 0)
				s.Fault, s.Rates[0], s.Limit = 60, 25, 0.1
				return s
			}, func(e *result.Experiment) {
				if slices.Contains(e.ReasonCodes, result.ReasonSystemNotBack) {
					notBack++
				}
			})
			check(t, w.Name+", "+string(control), s, atMost("not back", notBack/float64(s.Runs), 0.04))
		}
	}
	collapsed := Tally(t, *runs, 0, func(seed uint64) *Scene {
		s := minute(seed, plan.Concurrent, world.Documented()[0], 0)
		s.Fault = 60
		s.Decide = func(m Moment) (journal.Outcome, float64) {
			if m.Removed > 0 {
				m.Harm = 0.3
			}
			return Failing(0.05, 0.02)(m)
		}
		return s
	}, nil)
	check(t, "a collapse", collapsed, atMost("held", collapsed.Held, 0))
}
