package traffic

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// pausing makes the journey of a plan pause before its second step.
func pausing(p *plan.Plan) {
	j := &p.Experiments[0].Journeys[0]
	j.Steps[1].Pause = experiments.Pause{Least: time.Second, Most: 9 * time.Second}
	j.SlowAfter, j.Timeout = time.Second, 4*time.Second
}

// A pause is in no duration, no budget and no timeout, and lasts as long on both arms.
func TestPausesAreNotMeasured(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		list := run(t, aPlan(pausing), 30*time.Second, taking(always(300*time.Millisecond)), taking(always(200*time.Millisecond)), nil)
		if len(list) != 600 {
			t.Fatalf("%d journeys, want 600", len(list))
		}
		shortest, longest := time.Hour, time.Duration(0)
		for i, o := range list {
			took := []time.Duration{600 * time.Millisecond, 400 * time.Millisecond}[o.Arm]
			if o.Harmed() || o.Late != 0 || o.Took != took || len(o.Steps) != 2 || o.Steps[0] != took/2 || o.Steps[1] != took/2 {
				t.Fatalf("%+v, want %s", o, took)
			}
			shortest, longest = min(shortest, o.Paused), max(longest, o.Paused)
			if i%2 == 1 && o.Paused != list[i-1].Paused {
				t.Fatalf("pauses of %s and %s on the two arms", o.Paused, list[i-1].Paused)
			}
		}
		if shortest < time.Second || longest > 9*time.Second || shortest > 1500*time.Millisecond || longest < 8500*time.Millisecond {
			t.Errorf("pauses from %s to %s, want all from 1s to 9s", shortest, longest)
		}
	})
}

// A system that never answers after a pause is given all of the timeout, and nothing is
// shed while the journeys pause.
func TestATimeoutCountsNoPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := aPlan(func(p *plan.Plan) {
			pausing(p)
			p.Experiments[0].Control = plan.Baseline
			p.Experiments[0].Journeys[0].Rate = 50
		})
		list := run(t, p, 20*time.Second, taking(always(time.Hour)), nil, nil)
		second := aPlan(func(p *plan.Plan) {
			pausing(p)
			p.Experiments[0].Control = plan.Baseline
			p.Experiments[0].Journeys[0].Steps[0], p.Experiments[0].Journeys[0].Steps[1] = p.Experiments[0].Journeys[0].Steps[1], p.Experiments[0].Journeys[0].Steps[0]
			p.Experiments[0].Journeys[0].Rate = 50
		})
		list = append(list, run(t, second, 20*time.Second, taking(always(time.Hour)), nil, nil)...)
		for _, o := range list {
			if o.Cause != journal.Timeout || o.Took != 4*time.Second || o.Step != 0 || o.Ended() != o.Intended+o.Paused+4*time.Second {
				t.Fatalf("%+v, want a time-out after 4s", o)
			}
		}
		if len(list) != 2000 {
			t.Errorf("%d journeys, want 2000", len(list))
		}
	})
}

// What is abandoned in a pause is not known to be slow, whatever its age.
func TestAPauseIsAbandonedAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		traffic, err := New(Options{Plan: aPlan(func(p *plan.Plan) {
			pausing(p)
			p.Experiments[0].Journeys[0].Steps[1].Pause = experiments.Pause{Least: time.Minute, Most: time.Minute}
		}), Fault: taking(always(0)), Control: taking(always(0))})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { traffic.Run(ctx, func(o journal.Observation) { t.Errorf("observed %+v", o) }) })
		time.Sleep(30 * time.Second)
		cancel()
		begun := time.Now()
		wg.Wait()
		if took := time.Since(begun); took != 0 {
			t.Errorf("Run() took %s after its context", took)
		}
	})
}
