package truth

import (
	"fmt"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/truth/world"
)

// suite is three experiments in one run, which share their baselines or do not. The
// recovery is long enough to be a baseline.
func suite(seed uint64, control plan.Control, w world.World, excess float64, share bool) *Scene {
	s := timed(seed, control, w, excess, 60, 25)
	s.Recovery, s.Suite, s.Share = 80, 3, share
	return s
}

// A suite that shares baselines takes less time, says so, and one whose system is back
// shares them all.
func TestASuiteSharesBaselines(t *testing.T) {
	t.Parallel()
	independent := world.Documented()[0]
	for _, control := range []plan.Control{plan.Concurrent, plan.Baseline} {
		var took [2]float64
		for k, share := range []bool{false, true} {
			list := suite(5, control, independent, 0.2, share).PlaySuite(t)
			took[k] = list[2].Phases[3].From.Sub(list[0].Phases[0].From).Seconds()
			for i, e := range list {
				shared := share && i > 0
				s := e.SharedBaseline
				if (s != nil && s.Of == list[max(0, i-1)].ID) != shared {
					t.Fatalf("%s, experiment %d: %+v", control, i, s)
				}
				if shared && (s.To-s.From < 59.9 || s.To > 0) {
					t.Errorf("%s: shared %+v", control, s)
				}
				if b := e.BlastRadius; e.Verdict != result.Refuted || b.Low > 0.2 || b.High < 0.2 {
					t.Errorf("%s, experiment %d: %s %v", control, i, e.Verdict, b)
				}
				if n := e.Journeys[0].Baseline.Fault.Journeys; n < 1400 || n > 1600 {
					t.Errorf("%s, experiment %d: %d journeys in a baseline of a minute at 25/s", control, i, n)
				}
			}
		}
		if saved := took[0] - took[1]; saved < 119 || saved > 121 {
			t.Errorf("%s: %.1f s are saved, want two minutes", control, saved)
		}
	}
}

// A recovery that is not one, or comes late, is nobody's baseline: the next experiment
// measures its own, and says why.
func TestWhatIsNotBackIsNoBaseline(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(s *Scene){
		"harm that stays":     func(s *Scene) { s.Decide = harmedSince(0.3, 1e9) },
		"harm that ends late": func(s *Scene) { s.Decide = harmedSince(0.3, 20) },
		"a guardrail ended the fault": func(s *Scene) {
			s.Harm, s.Guardrails = world.Steady(0.5), guardedBy(0.1)
		},
		"bad again later": func(s *Scene) {
			s.Decide = func(m Moment) (journal.Outcome, float64) {
				if m.Arm == plan.FaultArm && m.Removed > 40 && m.Removed < 60 {
					m.Harm = 0.3
				}
				return Failing(0.05, 0.02)(m)
			}
		},
		"a recovery that is too short": func(s *Scene) { s.Recovery = 60 },
	} {
		for _, control := range []plan.Control{plan.Concurrent, plan.Baseline} {
			s := suite(3, control, world.Documented()[0], 0.1, true)
			edit(s)
			e := s.PlaySuite(t)[1]
			if e.SharedBaseline != nil && e.SharedBaseline.Of != "" {
				t.Errorf("%s, %s: %+v", name, control, e.SharedBaseline)
			}
			if name != "a recovery that is too short" && e.Verdict != result.NotRun && (e.SharedBaseline == nil || e.SharedBaseline.Own == "") {
				t.Errorf("%s, %s: why it has its own baseline is not said: %s %q", name, control, e.Verdict, e.Reasons)
			}
		}
	}
}

// harmedSince harms a share of the fault arm under the fault and for so long after it.
func harmedSince(share, after float64) func(Moment) (journal.Outcome, float64) {
	return func(m Moment) (journal.Outcome, float64) {
		if m.Arm == plan.FaultArm && m.Injected >= 0 && m.Removed < after {
			m.Harm = share
		}
		return Failing(0.05, 0.02)(m)
	}
}

// shareCases are suites with shared baselines beside the same ones with their own. Only
// experiments after the first count.
func shareCases() (list []oneCase) {
	for i, w := range append(world.Documented(), world.Harder(680)...) {
		for _, control := range []plan.Control{plan.Concurrent, plan.Baseline} {
			row := map[plan.Control]string{plan.Concurrent: "shared refuted second", plan.Baseline: "shared refuted one"}[control]
			list = append(list, shareCase(control, w, 0, func(e *result.Experiment, h *hearing) { h.share(row, e.Verdict == result.Refuted) }))
			if i < len(world.Documented()) {
				list = append(list, shareCase(control, w, 0.06, func(e *result.Experiment, h *hearing) { h.share("shared held", e.Verdict == result.Held) }))
			}
		}
	}
	return list
}

func shareCase(control plan.Control, w world.World, excess float64, judge func(*result.Experiment, *hearing)) oneCase {
	name := fmt.Sprintf("suite, control: %s, %s, %g points", control, w.Name, 100*excess)
	return oneCase{name: name, heavy: true, play: func(t *testing.T, seed uint64, h *hearing) {
		t.Helper()
		var covered, intervals [2]float64 // own, shared
		for k, share := range []bool{false, true} {
			for _, e := range suite(seed, control, w, excess, share).PlaySuite(t)[1:] {
				if b := e.BlastRadius; b != nil {
					intervals[k]++
					if b.Low <= excess && excess <= b.High {
						covered[k]++
					}
				}
				if share {
					judge(&e, h)
					h.share("shared at all", e.SharedBaseline != nil && e.SharedBaseline.Of != "")
				}
			}
		}
		if intervals[0] > 0 && intervals[1] > 0 {
			h.ratio("shared covered", covered[1]/intervals[1], covered[0]/intervals[0])
		}
	}}
}
