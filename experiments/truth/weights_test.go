package truth

import (
	"fmt"
	"math"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/truth/world"
)

// Certain harm at a step that some take is all of the harm at the step, and its weight in
// all journeys. Without harm there is none, in whatever design, and with or without pauses.
func TestHarmAtAStepThatSomeTake(t *testing.T) {
	t.Parallel()
	for design, edit := range map[string]func(*Scene){
		"second route": func(*Scene) {},
		"one route":    func(s *Scene) { s.Control = plan.Baseline },
		"turns":        func(s *Scene) { s.Control, s.Repeat = plan.Baseline, 3 },
		"pauses":       func(s *Scene) { s.Pause = [2]float64{0.5, 5} },
		"guarded":      func(s *Scene) { s.Guardrails = []experiments.Guardrail{{BlastRadius: 0.9}} },
	} {
		for _, weight := range []float64{0.05, 0.3, 0.8} {
			for _, harm := range []float64{0, 1} {
				t.Run(fmt.Sprintf("%s, %g, harm %g", design, weight, harm), func(t *testing.T) {
					t.Parallel()
					s := pausing([2]float64{}, harm)
					s.Weight = weight
					edit(s)
					e := s.Play(t)
					if e.BlastRadius == nil || len(e.Journeys[0].Steps) != 2 {
						t.Fatalf("nothing was measured: %v", e.Reasons)
					}
					j := e.Journeys[0]
					n := float64(j.Arms.Fault.Journeys)
					if got, allowed := e.BlastRadius.Estimate, 4*math.Sqrt(weight*(1-weight)/n); math.Abs(got-weight*harm) > allowed*harm+1e-9 {
						t.Errorf("blast radius %g, want %g", got, weight*harm)
					}
					look, some := j.Steps[0], j.Steps[1]
					if look.Share != 0 || look.Taken != 0 || look.Excess != 0 {
						t.Errorf("the step of all: %+v", look)
					}
					if some.Share != weight || math.Abs(some.Excess-harm) > 1e-9 || some.Low > harm || some.High < harm {
						t.Errorf("%+v, want an excess of %g", some, harm)
					}
					if harmed := some.Failed + some.Slow + some.Wrong; harmed != int(harm)*some.Taken || some.Taken == 0 || harmed != j.Arms.Fault.Harmed() {
						t.Errorf("%d of %d that take the step were harmed, and %d of all", harmed, some.Taken, j.Arms.Fault.Harmed())
					}
				})
			}
		}
	}
}

// What harms both arms alike at a step that some take is no harm of the fault, at the step
// as little as in all.
func TestArmsAlikeAtAStepThatSomeTake(t *testing.T) {
	t.Parallel()
	s := pausing([2]float64{}, 0)
	s.Weight, s.Base, s.Baseline, s.Fault = 0.3, world.Level(0.05), 120, 120
	e := s.Play(t)
	some := e.Journeys[0].Steps[1]
	if e.BlastRadius.Low > 0 || some.Low > 0 || some.High < 0 || some.Failed == 0 {
		t.Errorf("blast radius %+v, step %+v", e.BlastRadius, some)
	}
	if share := float64(some.Failed) / float64(some.Taken); math.Abs(share-0.05) > 0.04 {
		t.Errorf("%.3f of those that take the step failed, want 0.05", share)
	}
}
