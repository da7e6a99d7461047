package engine

import (
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// The cause of a cell is the most frequent one of journeys that were harmed by it, and not
// by what came before it or by the removal of its faults.
func TestTheCauseOfACell(t *testing.T) {
	t.Parallel()
	const second = time.Second
	for name, tt := range map[string]struct {
		observed []journal.Observation
		want     int // the number of the cause; 0: none
		started  int
	}{
		"none":               {[]journal.Observation{{Intended: 12 * second}}, 0, 1},
		"the most frequent":  {[]journal.Observation{{Intended: 12 * second, Why: 1}, {Intended: 13 * second, Why: 2}, {Intended: 14 * second, Why: 2}}, 2, 3},
		"before the cell":    {[]journal.Observation{{Intended: 9 * second, Took: 3 * second, Why: 1}}, 0, 0},
		"after the cell":     {[]journal.Observation{{Intended: 20 * second, Why: 1}}, 0, 0},
		"of the control":     {[]journal.Observation{{Arm: plan.ControlArm, Intended: 12 * second, Why: 1}}, 0, 0},
		"released":           {[]journal.Observation{{Intended: 19*second + 1, Took: 2 * second, Why: 1}}, 0, 1},
		"harmed by then":     {[]journal.Observation{{Intended: 18 * second, Took: 3 * second, Why: 1}}, 1, 1},
		"ended by then":      {[]journal.Observation{{Intended: 19500 * time.Millisecond, Took: second / 4, Why: 1}}, 1, 1},
		"of too many causes": {[]journal.Observation{{Intended: 12 * second, Outcome: journal.Failed}}, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCellCauses(&plan.Experiment{Journeys: []plan.Journey{{Journey: experiments.Journey{SlowAfter: second}}}})
			for number := range 3 {
				c.add(journal.Observation{Seen: &journal.SeenCause{Number: number + 1}})
			}
			c.begin(10 * second)
			c.end(20 * second)
			for _, o := range tt.observed {
				if o.Why > 0 {
					o.Outcome = journal.Failed
				}
				c.add(o)
			}
			got := 0
			if cause := c.most(0); cause != nil {
				got = cause.Number
			}
			if got != tt.want || c.startedOf(0) != tt.started {
				t.Errorf("cause %d of %d journeys, want %d of %d", got, c.startedOf(0), tt.want, tt.started)
			}
		})
	}
}
