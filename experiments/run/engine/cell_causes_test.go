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
		want     int // the number of the cause; 0: none, or that there was no answer
		started  int
	}{
		"none":               {[]journal.Observation{{Intended: 12 * second}}, 0, 1},
		"the most frequent":  {[]journal.Observation{{Intended: 12 * second, Why: 1}, {Intended: 13 * second, Why: 2}, {Intended: 14 * second, Why: 2}}, 2, 3},
		"before the cell":    {[]journal.Observation{{Intended: 9 * second, Took: 3 * second, Why: 1}}, 0, 0},
		"after the cell":     {[]journal.Observation{{Intended: 20 * second, Why: 1}}, 0, 0},
		"of the control":     {[]journal.Observation{{Arm: plan.ControlArm, Intended: 12 * second, Why: 1}}, 0, 0},
		"released":           {[]journal.Observation{{Intended: 19*second + 1, Took: 2 * second, Why: 1}}, 0, 1},
		"no answer by then":  {[]journal.Observation{{Intended: 18 * second, Took: 3 * second, Why: 1}}, 0, 1},
		"too slow by then":   {[]journal.Observation{{Intended: 18 * second, Took: 3 * second, Why: 3}}, 3, 1},
		"ended by then":      {[]journal.Observation{{Intended: 19500 * time.Millisecond, Took: second / 4, Why: 1}}, 1, 1},
		"of too many causes": {[]journal.Observation{{Intended: 12 * second, Outcome: journal.Failed}}, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCellCauses(&plan.Experiment{Journeys: []plan.Journey{{Journey: experiments.Journey{SlowAfter: second}}}})
			for number, class := range []journal.Cause{journal.Status, journal.Reset, journal.TooSlow} {
				c.add(journal.Observation{Seen: &journal.SeenCause{Number: number + 1, Class: class.String()}})
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

// Connections that hung are cut by the removal. Who waited on them had no answer while the
// fault was in force, and what came then is neither cause nor example.
func TestTheRemovalIsNoCause(t *testing.T) {
	t.Parallel()
	const second = time.Second
	c := newCellCauses(&plan.Experiment{Journeys: []plan.Journey{{Journey: experiments.Journey{
		Name: "buy", SlowAfter: second, Steps: []experiments.Step{{Name: "basket"}, {Name: "pay"}},
	}}}})
	c.begin(10 * second)
	cut := journal.Observation{Intended: 18 * second, Took: 2500 * time.Millisecond, Step: 1, Outcome: journal.Failed, Why: 1,
		Seen: &journal.SeenCause{Number: 1, Journey: "buy", Step: "pay", Class: journal.Status.String(), Key: "502", Example: &journal.Example{Intended: 18 * second, Body: "EOF"}}}
	seen := journal.Observation{Intended: 12 * second, Took: second / 2, Step: 1, Outcome: journal.Failed, Why: 1}
	c.add(seen)
	c.end(20 * second)
	for range 3 {
		c.add(cut)
	}
	got := c.most(0)
	if want := (journal.SeenCause{Journey: "buy", Step: "pay", Class: "slow", Key: "1s"}); got == nil || *got != want {
		t.Errorf("cause %+v, want %+v", got, want)
	}
	for range 3 {
		c.add(seen)
	}
	if got := c.most(0); got == nil || got.Number != 1 || got.Example != nil {
		t.Errorf("cause %+v, want number 1 without an example", got)
	}
}
