package truth

import (
	"testing"

	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/truth/world"
)

// A base below its limit, in bursts or not, is hardly ever taken for broken; one far
// beyond it always is, and then nothing is injected.
func TestABrokenBaselineEndsAnExperiment(t *testing.T) {
	t.Parallel()
	for _, w := range world.Documented() {
		for _, control := range []plan.Control{plan.Concurrent, plan.Baseline} {
			s := Tally(t, *runs, 0, func(seed uint64) *Scene { return minute(seed, control, w, 0) }, nil)
			check(t, w.Name, s, atMost("not injected", s.Uninjected, 0.05))
		}
	}
	for _, share := range []float64{0.2, 1} {
		s := Tally(t, *runs, 0, func(seed uint64) *Scene {
			return minute(seed, plan.Concurrent, world.World{Base: world.Level(share), Harm: world.Steady}, 0.3)
		}, nil)
		check(t, "broken", s, atLeast("not injected", s.Uninjected, 1), atLeast("invalid", s.Invalid, 1))
	}
}

// Those who run an experiment and those who judge it agree whether its baseline was
// harmed, also where it is a close thing.
func TestBothAgreeOnTheBaseline(t *testing.T) {
	t.Parallel()
	harmed, injected, differ := 0, 0, 0
	for _, share := range []float64{0.02, 0.03, 0.035, 0.04, 0.06} {
		for seed := range uint64(*runs) {
			e := minute(seed+1, plan.Concurrent, world.World{Base: world.Level(share), Harm: world.Steady}, 0).Play(t)
			ended := e.Faults[0].Injected.IsZero()
			switch said := e.HasReason(result.ReasonBaselineHarmed); {
			case ended != said:
				differ++
			case ended:
				harmed++
			default:
				injected++
			}
		}
	}
	t.Logf("%d harmed, %d injected, %d differ", harmed, injected, differ)
	if harmed == 0 || injected == 0 || differ > (harmed+injected)/100 {
		t.Errorf("%d harmed, %d injected, %d differ", harmed, injected, differ)
	}
}

// suspicious interrupts a run as soon as it looks bad: when the fault arm has been
// harmed clearly more often than the other, or than was to be expected.
func suspicious(now float64, seen *Seen) bool {
	f, c := plan.FaultArm, plan.ControlArm
	if seen.All[f] < 60 {
		return now > 170
	}
	excess := float64(seen.Harmed[f])/float64(seen.All[f]) - float64(seen.Harmed[c])/float64(max(1, seen.All[c]))
	return excess > 0.06 || now > 170
}

// Whoever ends a run because of what it shows refutes nothing that is true, and finds
// what is clear.
func TestAnInterruptedRunTellsTheTruth(t *testing.T) {
	t.Parallel()
	for _, control := range []plan.Control{plan.Concurrent, plan.Baseline} {
		for _, w := range world.Documented()[:2] {
			for excess, want := range map[float64]result.Verdict{0.04: "", 0.5: result.Refuted} {
				s := Tally(t, *runs, excess, func(seed uint64) *Scene {
					s := minute(seed, control, w, excess)
					s.Interrupt = suspicious
					if want == result.Refuted { // ten seconds of clear harm
						s.Interrupt = func(now float64, _ *Seen) bool { return now > 72 }
					}
					return s
				}, nil)
				if want == result.Refuted {
					check(t, w.Name, s, atLeast("refuted", s.Refuted, 0.99))
				} else {
					check(t, w.Name, s, atMost("refuted", s.Refuted, 0.05), atMost("held", s.Held, 0))
				}
			}
		}
	}
}
