package truth

import (
	"math"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/truth/world"
)

// With a last run to go by, what a plan promises comes out where harm comes in bursts as
// well, whether the last run's fault harmed anybody or nobody.
func TestPlannedPrecisionFromTheLastRun(t *testing.T) {
	t.Parallel()
	kinds := world.Documented()
	for name, c := range map[string]struct {
		world world.World
		edit  func(*Scene) *Scene
	}{
		"second route, bursts":     {kinds[2], func(s *Scene) *Scene { s.Control = plan.Concurrent; return s }},
		"second route, memory":     {kinds[3], func(s *Scene) *Scene { s.Control = plan.Concurrent; return s }},
		"before and after, bursts": {kinds[2], func(s *Scene) *Scene { return s }},
		"before and after, even":   {kinds[0], func(s *Scene) *Scene { return s }},
		"baseline only, bursts":    {kinds[2], func(s *Scene) *Scene { s.Recovery = 5; return s }},
		"baseline only, memory":    {kinds[3], func(s *Scene) *Scene { s.Recovery = 5; return s }},
		"steps, bursts":            {kinds[2], atOneStep},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scene := func(seed uint64, excess float64) *Scene { return c.edit(oneRoute(seed, c.world, excess)) }
			limit := scene(1, 0).Limit
			achieved := mean{} // by runs that begin from neither of the last ones
			for k := range uint64(*runs) {
				if e := scene(k+1001, limit).Play(t); e.Trusted() {
					achieved.add((e.BlastRadius.High - e.BlastRadius.Low) / 2)
				}
			}
			for last, excess := range map[string]float64{"harmless": 0, "at its limit": limit} {
				promised := mean{}
				for k := range uint64(*runs) {
					p, err := scene(k+1, 0).Plan()
					if err != nil {
						t.Fatal(err)
					}
					x := &p.Experiments[0]
					if e := scene(k+1, excess).Play(t); e.Trusted() {
						if !e.Foretell(x) {
							t.Fatalf("the last run foretells nothing: %s %v", e.Verdict, e.Reasons)
						}
						promised.add(x.Precision(x.Journeys[0]))
					}
				}
				ratio := promised.value() / achieved.value()
				t.Logf("%s: promised ± %.2f points, %.2f times what came out", last, 100*promised.value(), ratio)
				if slack := 3 * 0.4 / math.Sqrt(float64(*runs)); ratio < 0.7-slack || ratio > 1.3+slack {
					t.Errorf("%s: promised ± %.2f points, %.2f times what came out", last, 100*promised.value(), ratio)
				}
			}
		})
	}
}

type mean struct{ sum, n float64 }

func (m *mean) add(v float64)  { m.sum, m.n = m.sum+v, m.n+1 }
func (m *mean) value() float64 { return m.sum / m.n }

// settles reports whether a run was undecided and asked for what a run can have, and whether
// that settled it.
func settles(t *testing.T, seed uint64) (asked, settled bool) {
	t.Helper()
	scene := func(seed uint64) *Scene {
		s := oneRoute(seed, world.Documented()[0], 0.035)
		s.Control, s.Recovery = plan.Concurrent, 5
		return s
	}
	j := scene(seed).Play(t).Journeys[0]
	have := j.Arms.Fault.Journeys
	needed, possible := j.NeededToSettle()
	if j.Verdict != result.Inconclusive || !possible || needed > 20*have { // hours of journeys
		return false, false
	}
	longer := scene(seed + 10_000)
	longer.Fault *= float64(needed) / float64(have)
	return true, longer.Play(t).Journeys[0].Verdict != result.Inconclusive
}

// What a result says would settle it does.
func TestWhatWouldSettleItDoes(t *testing.T) {
	t.Parallel()
	asked, settled := 0, 0
	for seed := range uint64(*runs * 4) {
		if a, s := settles(t, seed+1); a {
			asked++
			if s {
				settled++
			}
		}
	}
	if share, slack := float64(settled)/float64(max(1, asked)), 1.5/math.Sqrt(float64(max(1, asked))); asked == 0 || share < 0.75-slack {
		t.Errorf("%d of %d undecided runs are settled by what they asked for", settled, asked)
	} else {
		t.Logf("%d of %d", settled, asked)
	}
}
