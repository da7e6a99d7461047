package live

import (
	"fmt"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// counts are the journeys of a stretch of time: one element per kind of journey, in
// the order of the plan.
type counts []armCounts

// armCounts are the journeys of one kind, by arm.
type armCounts struct{ journeys, harmed [2]int }

func (c *counts) add(o journal.Observation) {
	for len(*c) <= o.Journey {
		*c = append(*c, armCounts{})
	}
	a := &(*c)[o.Journey]
	a.journeys[o.Arm]++
	if o.Harmed() {
		a.harmed[o.Arm]++
	}
}

// journey returns the counts of one kind of journey.
func (c counts) journey(index int) armCounts {
	if index >= len(c) {
		return armCounts{}
	}
	return c[index]
}

// worst returns the index of the kind of journey that the fault harms most beyond
// the control. A view shows this kind alone, because kinds are never pooled.
func (c counts) worst() int {
	worst, most := 0, 0.0
	for i, a := range c {
		if excess := a.harmedShare(plan.FaultArm) - a.harmedShare(plan.ControlArm); excess > most {
			worst, most = i, excess
		}
	}
	return worst
}

// harmedShare is between 0 and 1; 0 where there are no journeys.
func (a armCounts) harmedShare(arm plan.Arm) float64 {
	return float64(a.harmed[arm]) / float64(max(1, a.journeys[arm]))
}

func (a armCounts) describe(arm plan.Arm) string {
	if a.journeys[arm] == 0 {
		return "no journeys yet"
	}
	return fmt.Sprintf("%.1f%% of %d", 100*a.harmedShare(arm), a.journeys[arm])
}
