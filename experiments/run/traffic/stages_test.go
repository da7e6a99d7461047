package traffic

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// Every stage has as many journeys as its rate says, on both arms in turn, and what is
// measured is sent at the last rate.
func TestStages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stages := []experiments.Stage{{Rate: 10, For: 3 * time.Second}, {Rate: 100, For: 500 * time.Millisecond}, {Rate: 0.5, For: 6 * time.Second}}
		p := aPlan(func(p *plan.Plan) { p.Experiments[0].Journeys[0].Stages = stages })
		list := run(t, p, 19500*time.Millisecond, taking(always(0)), taking(always(0)), nil)
		var counts [4]int
		for i, o := range list {
			if o.Arm != plan.Arm(i%2) || o.Late != 0 {
				t.Fatalf("journey %d: %+v", i, o)
			}
			k, begun := 0, time.Duration(0)
			for k < len(stages) && o.Intended >= begun+stages[k].For {
				begun += stages[k].For
				k++
			}
			if counts[k]++; k == len(stages) && counts[k] > 1 {
				if gap := o.Intended - list[i-1].Intended; (gap - 50*time.Millisecond).Abs() > 2 {
					t.Fatalf("journey %d comes %s after the one before it at 20/s", i, gap)
				}
			}
		}
		for k, want := range []int{30, 50, 3, 200} {
			if d := counts[k] - want; d < -1 || d > 1 {
				t.Errorf("%d journeys in stage %d, want %d", counts[k], k, want)
			}
		}
		if total := len(list); total < 282 || total > 284 {
			t.Errorf("%d journeys, want 283", total)
		}
	})
}

// One stage alone is no other schedule than a rate.
func TestStagesOfOneRate(t *testing.T) {
	t.Parallel()
	starts := func(stages []experiments.Stage) (list []time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			p := aPlan(func(p *plan.Plan) { p.Experiments[0].Journeys[0].Stages = stages })
			for _, o := range run(t, p, 10*time.Second, taking(always(0)), taking(always(0)), nil) {
				list = append(list, o.Intended)
			}
		})
		return list
	}
	plain, staged := starts(nil), starts([]experiments.Stage{{Rate: 20, For: 3 * time.Second}})
	if len(plain) != len(staged) {
		t.Fatalf("%d and %d journeys", len(plain), len(staged))
	}
	for i := range plain {
		if (plain[i] - staged[i]).Abs() > 2 {
			t.Fatalf("journey %d at %s and %s", i, plain[i], staged[i])
		}
	}
}
