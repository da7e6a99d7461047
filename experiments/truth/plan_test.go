package truth

import (
	"fmt"
	"math"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/truth/world"
)

// What a plan promises of a design comes out, where harm does not come in bursts and
// is at its limit.
func TestPlannedPrecision(t *testing.T) {
	t.Parallel()
	base := world.World{Base: world.Level(0.01), Harm: world.Steady} // half of the 2 % that a baseline may have
	short := []experiments.Fault{{Inject: "latency", Into: "payments", Attributes: map[string]any{"latency": 2.0}, Share: 1, For: inSeconds(1.5)}}
	paused := []experiments.Fault{short[0], short[0]}
	paused[0].For, paused[1].For, paused[1].At = inSeconds(30), inSeconds(20), inSeconds(60)
	for name, c := range map[string]struct {
		design plan.Design
		edit   func(*Scene)
	}{
		"second route":             {plan.SecondRoute, func(s *Scene) { s.Control = plan.Concurrent }},
		"second route, low limit":  {plan.SecondRoute, func(s *Scene) { s.Control, s.Limit = plan.Concurrent, 0.01 }},
		"second route, low rate":   {plan.SecondRoute, func(s *Scene) { s.Control, s.Rates[0] = plan.Concurrent, 4 }},
		"second route, few":        {plan.SecondRoute, func(s *Scene) { s.Control, s.Fault = plan.Concurrent, 12 }},
		"a fault with a pause":     {plan.SecondRoute, func(s *Scene) { s.Control, s.Faults = plan.Concurrent, paused }},
		"a short fault":            {plan.SecondRoute, func(s *Scene) { s.Control, s.Faults = plan.Concurrent, short }},
		"before and after":         {plan.BeforeAndAfter, func(s *Scene) { s.Recovery = 40 }},
		"before and after, 1 %":    {plan.BeforeAndAfter, func(s *Scene) { s.Recovery, s.Limit, s.Rates[0] = 60, 0.01, 100 }},
		"turns":                    {plan.Turns, func(s *Scene) { s.Repeat, s.Baseline, s.Fault = 5, 20, 20 }},
		"three turns":              {plan.Turns, func(s *Scene) { s.Repeat, s.Baseline, s.Fault = 3, 20, 40 }},
		"baseline only":            {plan.BaselineOnly, func(*Scene) {}},
		"baseline only, low limit": {plan.BaselineOnly, func(s *Scene) { s.Limit = 0.01 }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scene := func(seed uint64) *Scene {
				s := minute(seed, plan.Baseline, base, 0)
				c.edit(s)
				s.Harm = world.Steady(s.Limit)
				return s
			}
			p, err := scene(1).Plan()
			if err != nil {
				t.Fatal(err)
			}
			e := p.Experiments[0]
			promised, design := e.Precision(e.Journeys[0]), e.Design(e.Journeys[0])
			s := Tally(t, *runs, scene(1).Limit, scene, nil)
			ratio := promised / (s.Width / 2)
			t.Logf("promised ± %.2f points, %.2f times what came out", 100*promised, ratio)
			// A width varies by a fifth or so from run to run.
			slack := 0.1 + 3*0.2/math.Sqrt(float64(s.Runs))
			if design != c.design || ratio < 1-slack || ratio > 1+slack {
				t.Error(fmt.Sprintf("%s: promised ± %.2f points, %.2f times what came out:", design, 100*promised, ratio), s)
			}
		})
	}
}
