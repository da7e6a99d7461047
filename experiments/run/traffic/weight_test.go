package traffic

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/journey/httpclient"
)

// weighted makes the journey of a plan one of four steps, of which only some take three.
func weighted(p *plan.Plan) {
	j := &p.Experiments[0].Journeys[0]
	step := func(name string, w experiments.Weight) experiments.Step {
		return experiments.Step{Name: name, Request: experiments.Request{Target: "/" + name}, Weight: w, Pause: experiments.Pause{Least: time.Second, Most: time.Second}}
	}
	j.Steps = []experiments.Step{step("look", 0), step("search", 0.3), step("buy", 0.1), step("rate", 0.3)}
	j.Steps[0].Pause = experiments.Pause{}
}

// A weight is the share of the journeys that take the step, alike on both arms. Who takes
// a step takes all that weigh as much or more, and a step that is left out has no time, no
// pause and no request.
func TestWeightsDecideWhoTakesAStep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sent := make(chan string, 100_000)
		sender := taking(func(req *httpclient.Request) time.Duration { sent <- req.Target; return 100 * time.Millisecond })
		list := run(t, aPlan(weighted), 200*time.Second, sender, sender, nil)
		steps := aPlan(weighted).Experiments[0].Journeys[0].Steps
		takers, requests := make([]int, len(steps)), 0
		for i, o := range list {
			if o.Harmed() || len(o.Steps) != len(steps) {
				t.Fatalf("%+v", o)
			}
			taken := 0
			for k, s := range steps {
				took := time.Duration(0)
				if s.Weight.Takes(o.Draw) {
					took = 100 * time.Millisecond
					takers[k]++
					taken++
				}
				if o.Steps[k] != took {
					t.Fatalf("step %s of a draw of %d took %s, want %s", s.Name, o.Draw, o.Steps[k], took)
				}
			}
			requests += taken
			if o.Paused != time.Duration(taken-1)*time.Second || o.Took != time.Duration(taken)*100*time.Millisecond {
				t.Fatalf("%+v, with %d steps", o, taken)
			}
			if i%2 == 1 && o.Draw != list[i-1].Draw {
				t.Fatalf("draws of %d and %d on the two arms", o.Draw, list[i-1].Draw)
			}
		}
		if len(list) != 4000 || requests != len(sent) {
			t.Errorf("%d journeys with %d steps, and %d requests", len(list), requests, len(sent))
		}
		for k, s := range steps { // both arms are alike, so that half of them are independent
			w, n := s.Weight.Share(), float64(len(list))
			if got := float64(takers[k]) / n; math.Abs(got-w) > 4*math.Sqrt(w*(1-w)/n*2) {
				t.Errorf("step %s was taken by %.3f, want %g", s.Name, got, w)
			}
		}
		if takers[1] != takers[3] {
			t.Errorf("steps of equal weights were taken by %d and %d", takers[1], takers[3])
		}
	})
}

// What could not be started has its draw as well: else the shed ones would be taken for
// journeys that take every step.
func TestShedJourneysHaveADraw(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		list := run(t, aPlan(weighted), 100*time.Second, taking(always(time.Hour)), taking(always(0)), func(o *Options) { o.MaxInFlight = 1 })
		shed, takers := 0, 0
		for i, o := range list {
			if o.Cause != journal.Shed {
				continue
			}
			shed++
			if experiments.Weight(0.3).Takes(o.Draw) {
				takers++
			}
			if i+1 < len(list) && o.Arm == plan.FaultArm && list[i+1].Draw != o.Draw {
				t.Fatalf("draws of %d and %d on the two arms", o.Draw, list[i+1].Draw)
			}
		}
		if share := float64(takers) / float64(shed); shed < 500 || math.Abs(share-0.3) > 0.1 {
			t.Errorf("%.2f of %d shed journeys take a step of 30%%", share, shed)
		}
	})
}

// A journey without weights has no draw, and is observed as it always was.
func TestWithoutWeightsThereIsNoDraw(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, o := range run(t, aPlan(nil), 5*time.Second, taking(always(0)), taking(always(0)), nil) {
			if o.Draw != 0 {
				t.Fatalf("%+v", o)
			}
		}
	})
}
