package truth

import (
	"testing"

	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/truth/world"
)

// oneRoute is a minute of baseline and a minute of fault at 25 journeys a second, on one
// route, with a recovery phase of a minute.
func oneRoute(seed uint64, w world.World, excess float64) *Scene {
	s := minute(seed, plan.Baseline, w, excess)
	s.Baseline, s.Fault, s.Recovery, s.Rates = 60, 60, 70, []float64{25}
	return s
}

// atOneStep declares that the second step needs what is broken, where a quarter of the
// harm without a fault is.
func atOneStep(s *Scene) *Scene {
	s.Needs = []Need{{Early: 0.75}}
	return s
}

// beside sends as many journeys again that never need what is broken.
func beside(s *Scene) *Scene {
	s.Rates, s.Needs = []float64{25, 25}, []Need{{}, {Never: true}}
	s.Limits = map[string]float64{"j1": 0.9} // it is never the headline
	return s
}

// Where documents say which steps need what is broken, one route finds little harm in
// bursts that are not the fault's, and blames no fault for them.
func TestNeeds(t *testing.T) {
	t.Parallel()
	kinds := world.Documented()
	for name, c := range map[string]struct {
		edit  func(*Scene) *Scene
		world world.World
		found float64 // of 3 points, at least
	}{
		"steps, bursts":             {atOneStep, kinds[2], 0.85},
		"steps, memory":             {atOneStep, kinds[3], 0.85},
		"steps, bursts of 5 s":      {atOneStep, world.Harder(190)[0], 0.85},
		"steps, drift":              {atOneStep, world.Harder(190)[6], 0.85},
		"journeys, bursts":          {beside, kinds[2], 0.75},
		"journeys, drift":           {beside, world.Harder(190)[6], 0.85},
		"journeys, even":            {beside, kinds[0], 0.95},
		"journeys, the fault's own": {beside, kinds[4], 0.5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			of := func(excess float64) *Score {
				return Tally(t, *runs, excess, func(seed uint64) *Scene { return c.edit(oneRoute(seed, c.world, excess)) }, nil)
			}
			none, some := of(0), of(0.03)
			check(t, "no harm", none, atLeast("covered", none.Covered, 0.94), atMost("found", none.Found, 0.04), atMost("refuted", none.Refuted, 0.01))
			check(t, "3 points", some, atLeast("covered", some.Covered, 0.91), atLeast("found", some.Found, c.found))
		})
	}
}

// Harm by the fault at steps before any that needs what is broken is neither hidden nor
// held: where little of it is at the step that needs it, all of it counts.
func TestHarmThatSpreadsCounts(t *testing.T) {
	t.Parallel()
	kinds := world.Documented()
	for name, c := range map[string]struct {
		world           world.World
		excess, spreads float64
		refuted         float64 // at least, of a limit of 5 %
	}{
		"all of much":                 {kinds[2], 0.3, 1, 0.95},
		"most of much":                {kinds[0], 0.3, 0.9, 0.95},
		"half of what is a bit more":  {kinds[0], 0.07, 0.5, 0},
		"most of what is a bit more":  {kinds[2], 0.07, 0.8, 0},
		"all of a bit more, in drift": {world.Harder(190)[6], 0.07, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := Tally(t, *runs, c.excess, func(seed uint64) *Scene {
				s := atOneStep(oneRoute(seed, c.world, c.excess))
				s.Spreads = c.spreads
				return s
			}, func(e *result.Experiment) {
				if len(e.Spread) != 1 || e.BlastRadius == nil || e.BlastRadius.AllHarm == nil {
					t.Errorf("the harm that spread is not told: %+v", e.BlastRadius)
				}
			})
			check(t, "spread", s, atMost("held", s.Held, 0.025), atLeast("refuted", s.Refuted, c.refuted))
		})
	}
}

// Where the fault harms those beside which it is measured, harm is not held for that.
func TestAFaultThatHarmsThoseBeside(t *testing.T) {
	t.Parallel()
	s := Tally(t, *runs, 0.07, func(seed uint64) *Scene {
		s := beside(oneRoute(seed, world.Documented()[0], 0.07))
		s.Needs[1] = Need{Never: true, Touched: true}
		return s
	}, nil)
	check(t, "beside", s, atMost("held", s.Held, 0.025))
}
