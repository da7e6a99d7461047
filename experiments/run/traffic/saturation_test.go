package traffic

import (
	"context"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/journey"
	"github.com/blastgauge/blastgauge/experiments/run/journey/httpclient"
)

func inTurns(p *plan.Plan) {
	e := &p.Experiments[0]
	e.Control, e.Tagged = plan.Baseline, true
	e.Turns = []plan.Turn{{Until: time.Minute, Share: 0.5}}
	e.Journeys[0].Rate = 200
}

// touchedOf are the numbers of journeys that a share touches. Every request of a journey
// is sent as its arm says.
func touchedOf(t *testing.T, share float64) map[time.Duration]bool {
	t.Helper()
	touched := map[time.Duration]bool{}
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		sent := [2]int{}
		count := func(arm plan.Arm) journey.Sender {
			return sender(func(_ context.Context, _ *httpclient.Request, resp *httpclient.Response) error {
				mu.Lock()
				defer mu.Unlock()
				sent[arm]++
				resp.Status = 200
				return nil
			})
		}
		traffic, err := New(Options{Plan: aPlan(inTurns), Fault: count(plan.FaultArm), Control: count(plan.ControlArm)})
		if err != nil {
			t.Fatal(err)
		}
		if share < 1 {
			traffic.Touch(share)
		}
		arms := [2]int{}
		for _, o := range observe(t, traffic, 10*time.Second) {
			arms[o.Arm]++
			touched[o.Intended] = o.Arm == plan.FaultArm
		}
		if got := float64(arms[plan.FaultArm]) / 2000; math.Abs(got-share) > 0.04 || arms[0]+arms[1] != 2000 {
			t.Errorf("a share of %g touches %d of %d", share, arms[plan.FaultArm], arms[0]+arms[1])
		}
		if sent[plan.FaultArm] != 2*arms[plan.FaultArm] || sent[plan.ControlArm] != 2*arms[plan.ControlArm] {
			t.Errorf("%v requests of %v journeys of two steps", sent, arms)
		}
	})
	return touched
}

// A share decides journey by journey, as the seed says, and a larger share touches all
// that a smaller one does. Before the first turn all journeys are of the fault arm.
func TestShareOfJourneys(t *testing.T) {
	t.Parallel()
	few, again, half, all := touchedOf(t, 0.1), touchedOf(t, 0.1), touchedOf(t, 0.5), touchedOf(t, 1)
	for at, touched := range few {
		if again[at] != touched || touched && !half[at] || !all[at] {
			t.Fatalf("the journey at %s: %t at a tenth, then %t, %t at a half, %t at all", at, touched, again[at], half[at], all[at])
		}
	}
}

// Journeys that hang are known by their arm, which guardrails ask for.
func TestInFlightByArm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		traffic, err := New(Options{Plan: aPlan(inTurns), Fault: taking(always(time.Hour)), Control: taking(always(0))})
		if err != nil {
			t.Fatal(err)
		}
		traffic.Touch(0.5)
		var wg sync.WaitGroup
		wg.Go(func() { traffic.Run(t.Context(), func(journal.Observation) {}) })
		time.Sleep(2*time.Second + time.Millisecond)
		touched, others := traffic.InFlight(0, plan.FaultArm), traffic.InFlight(0, plan.ControlArm)
		if len(touched) < 150 || len(touched) > 250 || len(others) > 1 {
			t.Errorf("%d and %d in flight of 400, half of which hang", len(touched), len(others))
		}
		traffic.Stop()
		wg.Wait()
	})
}
