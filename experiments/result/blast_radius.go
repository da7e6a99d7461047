package result

import (
	"math"
	"strings"
	"time"

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
	ContaminatedControl = "contaminated" // the control arm was harmed as well: it and the baseline bracket the harm
)

// A comparison is one journey's cohort and what it is compared with.
type comparison struct {
	cohort      spans
	baseline    span
	controlKind string
	against     group
	// Where control and fault took turns: the periods of the fault; nil if they did not.
	faultPeriods spans
	every        time.Duration // see [group]
}

// groups are the journeys that are compared.
func (c comparison) groups() (fault, control group) {
	if c.faultPeriods != nil {
		return group{arm: plan.FaultArm, spans: c.faultPeriods, turns: true}, c.against
	}
	return group{arm: plan.FaultArm, spans: c.cohort, every: c.every}, c.against
}

// A candidate is a cohort that may become the one of a comparison.
type candidate struct {
	cohort   groupCounts
	baseline span
	// control is the control arm's harm during the cohort against that before the fault.
	control contrast
}

func (r *experimentRun) candidate(cohort spans, baseline span) candidate {
	during, before := r.group(plan.ControlArm, cohort), r.group(plan.ControlArm, spans{baseline})
	return candidate{groupCounts{group: r.group(plan.FaultArm, cohort)}, baseline, newContrast(during, before, harmed)}
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
	c := comparison{
		cohort: chosen.cohort.spans, baseline: chosen.baseline, controlKind: BaselineControl,
		against: r.group(plan.FaultArm, spans{chosen.baseline}), every: r.plan.BatchEvery,
	}
	harmedAfter := r.plan.Journeys[i].HarmedAfter()
	fault, control := r.crossoverPeriods(harmedAfter, j.inflight(harmedAfter))
	switch {
	case fault != nil:
		c.faultPeriods, c.against = fault, group{arm: plan.FaultArm, spans: control, turns: true}
	case r.plan.Control == plan.Concurrent:
		c.controlKind, c.against = ConcurrentControl, r.group(plan.ControlArm, c.cohort)
		if chosen.control.difference().Low > tolerance {
			c.controlKind = ContaminatedControl
		}
	}
	return c
}

// countedMethod is added to the name of a method where only harm at the steps counts
// that need what is broken.
const countedMethod = ", harm at the steps that need what is broken"

// TookTurns reports whether control and fault took turns on one route.
func (b *BlastRadius) TookTurns() bool {
	return b.Control == BaselineControl && strings.HasPrefix(b.Method, methodName(stats.Repeated))
}

// HasSecondControl reports whether the time after the fault was a control as well as that
// before it, on one route.
func (b *BlastRadius) HasSecondControl() bool {
	return b.Control == BaselineControl && strings.HasPrefix(b.Method, methodName(stats.Surrounded))
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
		return "turns of control and fault"
	case stats.Surrounded:
		return "before and after the fault"
	case stats.Beside:
		return "beside journeys that never need what is broken, before the fault and under it"
	}
	return ""
}

// blastRadius of a fault that a guardrail or an interruption stopped carries the bounds
// that hold at a moment that the data chose.
func (r *experimentRun) blastRadius(p plan.Journey, j *journeyRecord) *BlastRadius {
	b := &BlastRadius{Journey: p.Name, Confidence: stats.Confidence, Control: j.controlKind}
	d := r.excess(p, j, b)
	b.Method, b.Batches, b.Effective = methodName(d.Method), d.Batches, math.Round(d.Effective)
	b.Base, b.Independent = stats.Total(j.counted.control).Share(), &Bounds{d.Newcombe.Low, d.Newcombe.High}
	if b.CountedAt != nil {
		b.Method += countedMethod
	}
	switch {
	case (r.trip != nil || r.cutInFault()) && j.controlKind != BaselineControl:
		sequence := j.guardrail.confidenceSequence()
		d.Interval = stats.Interval{Estimate: d.Estimate, Low: sequence.Low, High: sequence.High}
		b.Method = "confidence sequence, as " + r.stopper() + " stopped the fault"
	case r.cutInFault():
		d.Interval = stats.AtAnyTime(d.Interval, r.measuredPart(j))
		b.Method += ", widened to hold at any time, as an interruption stopped the fault"
	}
	b.Estimate, b.Low, b.High = d.Estimate, d.Low, d.High
	if j.controlKind != BaselineControl {
		b.correctForArms(j.armsBefore.difference().Interval, p.Limit)
	}
	if j.controlKind == ContaminatedControl {
		b.bracket(j.ownBefore.difference().Interval, j.spillOver.difference().Interval)
	}
	return b
}

// excess is the harm of the cohort beyond what it is compared with, and tells b how it
// was counted.
func (r *experimentRun) excess(p plan.Journey, j *journeyRecord, b *BlastRadius) stats.Difference {
	d := j.differenceWithin(&j.excess, r.recoveredTail(p, j, j.recovery.harm[plan.FaultArm]))
	if j.controlKind != BaselineControl {
		return d
	}
	return r.narrowed(p, j, d, b)
}

// differenceWithin is the difference of a contrast of the journey. On one route the time
// after the fault is a second control, once the system is shown to have come back.
func (j *journeyRecord) differenceWithin(c *contrast, after []stats.Stretch) stats.Difference {
	if j.controlKind == BaselineControl && j.faultPeriods == nil && after != nil {
		return c.differenceWithin(after)
	}
	return c.difference()
}

// correctForArms minds that the arms may not be alike, as [stats.AllowForArms] says.
func (b *BlastRadius) correctForArms(before stats.Interval, limit float64) {
	i, differ := stats.AllowForArms(stats.Interval{Estimate: b.Estimate, Low: b.Low, High: b.High}, before, limit)
	if differ {
		b.ArmsBefore = amountOf(before)
	}
	b.Estimate, b.Low, b.High = i.Estimate, i.Low, i.High
}

// bracket widens the interval where the control arm was harmed as well. Harm of the
// control can only make the difference to it smaller, so its lower end still holds; the
// upper end is the one against the baseline.
func (b *BlastRadius) bracket(ownBefore, spillOver stats.Interval) {
	b.AgainstBaseline, b.SpillOver = amountOf(ownBefore), amountOf(spillOver)
	b.High = max(b.High, ownBefore.High)
}

func amountOf(i stats.Interval) *Amount { return &Amount{i.Estimate, i.Low, i.High} }

// smallerArm is the number of journeys in the smaller of the groups compared.
func (j *Journey) smallerArm() int {
	if b := j.BlastRadius; b != nil && b.Control != BaselineControl {
		return min(j.Arms.Fault.Journeys, j.Arms.Control.Journeys)
	}
	return min(j.Arms.Fault.Journeys, j.Baseline.Fault.Journeys)
}

// headline is the blast radius of the journey furthest over its limit, or nearest to it:
// first of those that are shown to be beyond it, then, by the upper end, of those that are
// not known to be within. Of two that are alike it is the one that is known better.
func headline(journeys []Journey) *BlastRadius {
	var worst *BlastRadius
	rank, over := 0, 0.0
	for _, j := range journeys {
		b := j.BlastRadius
		if b == nil {
			continue
		}
		known, beyond := b.beyond(j.Limit)
		if worst == nil || known > rank || known == rank && (beyond > over || beyond == over && b.Low > worst.Low) {
			worst, rank, over = b, known, beyond
		}
	}
	if worst == nil {
		return nil
	}
	head := *worst
	return &head
}

// beyond is how far a blast radius is over a limit, among those of its rank: 2 where it is
// shown to be beyond it, 1 where it may be, 0 where it is not.
func (b *BlastRadius) beyond(limit float64) (rank int, over float64) {
	switch {
	case b.Low > limit:
		return 2, b.Estimate - limit
	case b.High > limit:
		return 1, b.High - limit
	}
	return 0, b.Estimate - limit
}
