package result

import (
	"math"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

const (
	// tolerance is how much worse than expected the control may be and still be a
	// control: one point, at the lower end of the interval.
	tolerance = 0.01
	// leastJourneys is how many journeys an arm needs before anything is concluded.
	leastJourneys = 30
)

// Kinds of control, as BlastRadius.Control names them.
const (
	ConcurrentControl   = "concurrent"
	BaselineControl     = "baseline"
	ContaminatedControl = "contaminated" // the control arm met the fault as well: the baseline stands in
)

// A comparison is one journey's cohort and what it is compared with.
type comparison struct {
	cohort      span
	controlKind string
	controlArm  plan.Arm
	controlSpan span
	// Where control and fault took turns: the periods of each.
	faultPeriods, controlPeriods []span
}

// groups are the journeys that are compared.
func (c comparison) groups() (fault, control group) {
	return group{plan.FaultArm, c.cohort, c.faultPeriods}, group{c.controlArm, c.controlSpan, c.controlPeriods}
}

// A candidate is a cohort that may become the one of a comparison.
type candidate struct {
	cohort groupCounts
	// control is the control arm's harm during the cohort against that before the fault.
	control contrast
}

func (r *experimentRun) candidate(cohort span) candidate {
	during, before := group{arm: plan.ControlArm, in: cohort}, group{arm: plan.ControlArm, in: r.moments.baseline}
	return candidate{groupCounts{group: group{arm: plan.FaultArm, in: cohort}}, newContrast(during, before, harmed)}
}

func (c *candidate) add(o *journal.Observation) {
	c.cohort.add(o)
	c.control.add(o)
}

// compare decides what the fault cohort of journey i is compared with.
func (r *experimentRun) compare(i int) comparison {
	j := &r.journeys[i]
	chosen := &j.usual
	if r.trip != nil && chosen.cohort.Journeys < leastJourneys {
		// A guardrail may end the fault before a cohort has formed. Counting the
		// journeys that its removal rescued can only make harm look smaller.
		chosen = &j.earlyStopped
	}
	c := comparison{cohort: chosen.cohort.in, controlKind: BaselineControl, controlArm: plan.FaultArm, controlSpan: r.moments.baseline}
	c.faultPeriods, c.controlPeriods = r.crossoverPeriods(r.plan.Journeys[i].SlowAfter)
	if r.plan.Control == plan.Concurrent {
		if chosen.control.difference().Low > tolerance {
			c.controlKind = ContaminatedControl
		} else {
			c.controlKind, c.controlArm, c.controlSpan = ConcurrentControl, plan.ControlArm, c.cohort
		}
	}
	return c
}

// methodName is how an interval was made, as people read it.
func methodName(m stats.Method) string {
	switch m {
	case stats.Independent:
		return "Newcombe, journeys taken as independent"
	case stats.Paired:
		return "paired batch means"
	case stats.Unpaired:
		return "batch means"
	case stats.Repeated:
		return "repeats of control and fault"
	}
	return ""
}

// blastRadius of a fault that a guardrail stopped carries the bounds that hold at
// a moment that the data chose.
func (r *experimentRun) blastRadius(journey string, j *journeyRecord) *BlastRadius {
	d := j.excess.difference()
	b := &BlastRadius{
		Journey: journey, Estimate: d.Estimate, Low: d.Low, High: d.High, Confidence: stats.Confidence,
		Control: j.controlKind, Method: methodName(d.Method), Batches: d.Batches, Effective: math.Round(d.Effective),
		Independent: &Bounds{d.Newcombe.Low, d.Newcombe.High},
	}
	if r.trip != nil && j.controlKind == ConcurrentControl {
		bounds := j.guardrail.confidenceSequence()
		b.Low, b.High, b.Method = bounds.Low, bounds.High, "confidence sequence, as a guardrail stopped the fault"
	}
	return b
}

// smallerArm is the number of journeys in the smaller of the groups compared.
func (j *Journey) smallerArm() int {
	if b := j.BlastRadius; b != nil && b.Control == ConcurrentControl {
		return min(j.Arms.Fault.Journeys, j.Arms.Control.Journeys)
	}
	return min(j.Arms.Fault.Journeys, j.Baseline.Fault.Journeys)
}

// headline is the blast radius of the journey furthest over its limit, or
// nearest to it.
func headline(journeys []Journey) *BlastRadius {
	var worst *BlastRadius
	over := 0.0
	for _, j := range journeys {
		if b := j.BlastRadius; b != nil && (worst == nil || b.Estimate-j.Limit > over) {
			worst, over = b, b.Estimate-j.Limit
		}
	}
	if worst == nil {
		return nil
	}
	head := *worst
	return &head
}
