package progress

import (
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// Control is what the journeys of one kind on the fault arm are compared with: those of an
// arm beside them, or those from before the fault.
func (p *Progress) Control(c Counts, journey int) (ArmCounts, plan.Arm) {
	if e := p.Experiment(); e.Control == plan.Concurrent || e.Turns != nil {
		return c.Journey(journey), plan.ControlArm
	}
	return p.Current.Baseline.Journey(journey), plan.FaultArm
}

// Beyond is by how much more journeys of one kind are harmed than in the control; false:
// there is nothing yet that they can be compared with.
func (p *Progress) Beyond(c Counts, journey int) (excess float64, known bool) {
	control, arm := p.Control(c, journey)
	return c.Journey(journey).HarmedShare(plan.FaultArm) - control.HarmedShare(arm), control.Journeys[arm] > 0
}

// Shown is the kind of journey that stands for all: the one that the fault harms most.
func (p *Progress) Shown() int {
	if p.Current.Phase == journal.Recovery {
		return p.worst(p.Current.UnderFault)
	}
	return p.worst(p.Current.Counts)
}

// worst is the kind of journey that is harmed most beyond the control.
func (p *Progress) worst(c Counts) int {
	worst, most := 0, 0.0
	for i := range min(len(c), len(p.Experiment().Journeys)) {
		if excess, _ := p.Beyond(c, i); excess > most {
			worst, most = i, excess
		}
	}
	return worst
}
