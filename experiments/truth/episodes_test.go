package truth

import (
	"testing"

	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/stats"
	"github.com/blastgauge/blastgauge/experiments/truth/world"
)

// Harm in fewer than eight episodes is said to be so and never held. Base harm
// that both arms share is not called episodes of the fault.
func TestHarmInFewEpisodesIsNotHeld(t *testing.T) {
	t.Parallel()
	episodes := world.World{Base: world.Level(0.005), Harm: world.InBursts(15, 0.25)}
	told, heldOfFew := 0, 0
	s := Tally(t, *runs, 0.06, func(seed uint64) *Scene {
		s := minute(seed, plan.Concurrent, episodes, 0.06)
		s.Limit, s.Fault = 0.3, 60
		return s
	}, func(e *result.Experiment) {
		if n := e.Journeys[0].Episodes; n > 0 && n < stats.LeastEpisodes {
			told++
			if e.Verdict == result.Held {
				heldOfFew++
			}
		}
	})
	if told < s.Runs/3 || heldOfFew > 0 {
		t.Errorf("few episodes are told in %d of %d runs and held in %d: %s", told, s.Runs, heldOfFew, s)
	}
	for _, w := range world.Documented()[:4] {
		few := 0
		even := Tally(t, *runs, 0, func(seed uint64) *Scene {
			s := minute(seed, plan.Concurrent, w, 0)
			s.Limit = 0.1
			return s
		}, func(e *result.Experiment) {
			if n := e.Journeys[0].Episodes; n > 0 && n < stats.LeastEpisodes {
				few++
			}
		})
		check(t, w.Name, even, atMost("called few episodes", float64(few)/float64(even.Runs), 0.02))
	}
}
