package stats

import (
	"math/rand/v2"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/truth/world"
)

// Harm that comes evenly has no episodes, also where base harm that both arms share comes
// in bursts. Long episodes of a fault are counted.
func TestEpisodes(t *testing.T) {
	t.Parallel()
	bursty, steady := world.Documented()[2], world.Documented()[0]
	for name, tt := range map[string]struct {
		world   world.World
		excess  float64
		control bool
		few     float64 // share of runs with episodes, and fewer than eight, at least
		most    float64
	}{
		"independent":        {world: steady, excess: 0.03, control: true, most: 0.01},
		"one route":          {world: steady, excess: 0.03, most: 0.01},
		"no harm":            {world: steady, control: true, most: 0.01},
		"no harm, one route": {world: steady, most: 0.02},
		"bursts of both":     {world: bursty, excess: 0.03, control: true, most: 0.02},
		"much":               {world: steady, excess: 0.5, control: true, most: 0.01},
		"rare":               {world: world.Documented()[1], control: true, most: 0.01},
		"episodes of 10 s":   {world: world.World{Base: world.Level(0.005), Harm: world.InBursts(10, 0.25)}, excess: 0.1, control: true, few: 0.75, most: 1},
		"of 20 s, one route": {world: world.World{Base: world.Level(0.005), Harm: world.InBursts(20, 0.25)}, excess: 0.1, few: 0.6, most: 1},
		"three points":       {world: world.World{Base: world.Level(0.005), Harm: world.InBursts(15, 0.25)}, excess: 0.03, control: true, few: 0.5, most: 1},
		"few, and little":    {world: world.World{Base: world.Level(0.005), Harm: world.InBursts(20, 0.25)}, excess: 0.05, control: true, few: 0.5, most: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const runs = 200
			few := 0
			for seed := range uint64(runs) {
				s := drawSample(tt.world, rand.New(rand.NewPCG(seed, 5)), 60, tt.excess)
				control := s.control
				if !tt.control {
					control = nil
				}
				if n := Episodes(s.fault, control); n > 0 && n < LeastEpisodes {
					few++
				}
			}
			share := float64(few) / runs
			t.Logf("%.1f %% of runs have few episodes", 100*share)
			if share < tt.few || share > tt.most+0.02 {
				t.Errorf("%.1f %% of runs have few episodes, want %.0f to %.0f %%", 100*share, 100*tt.few, 100*tt.most)
			}
		})
	}
}
