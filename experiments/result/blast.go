package result

import (
	"math"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

const (
	// tolerance is how much worse than expected the control may be before it is
	// no control: one point, at the lower end of the interval.
	tolerance = 0.01
	// few is the number of journeys in an arm below which nothing is concluded.
	few = 30
)

// Kinds of control, as BlastRadius.Control names them.
const (
	ConcurrentControl   = "concurrent"
	BaselineControl     = "baseline"
	ContaminatedControl = "contaminated" // the control arm met the fault as well: the baseline stands in
)

// A comparison is one journey's cohort and what it is compared with.
type comparison struct {
	list    []journal.Observation
	cohort  span
	control string // kind
	ctrlArm plan.Arm
	ctrlIn  span
	// Where control and fault took turns: the stretches of each.
	turns, between []span
}

// compare decides what the fault cohort of a journey is compared with.
func (t *trial) compare(i int, m times) comparison {
	j := t.plan.Journeys[i]
	c := comparison{list: t.observed[i], cohort: m.cohort(j.SlowAfter)}
	if t.trip != nil && tally(c.list, plan.FaultArm, c.cohort).Journeys < few {
		// A guardrail may end the fault before a cohort has formed. Counting the
		// journeys that its removal rescued can only make harm look smaller.
		c.cohort.to = m.removing
	}
	c.control, c.ctrlArm, c.ctrlIn = BaselineControl, plan.FaultArm, m.baseline
	c.turns, c.between = t.turns(m, j.SlowAfter)
	if t.plan.Control == plan.Concurrent {
		during, before := group{arm: plan.ControlArm, in: c.cohort}, group{arm: plan.ControlArm, in: m.baseline}
		if differ(c.list, during, before, journal.Observation.Harmed).Low > tolerance {
			c.control = ContaminatedControl
		} else {
			c.control, c.ctrlArm, c.ctrlIn = ConcurrentControl, plan.ControlArm, c.cohort
		}
	}
	return c
}

func (c comparison) fault() Counts { fault, _ := c.groups(); return fault.tally(c.list) }
func (c comparison) ctrl() Counts  { _, control := c.groups(); return control.tally(c.list) }

// groups are the journeys that are compared.
func (c comparison) groups() (fault, control group) {
	return group{plan.FaultArm, c.cohort, c.turns}, group{c.ctrlArm, c.ctrlIn, c.between}
}

// excess is the share of the cohort harmed beyond the control.
func (c comparison) excess() stats.Difference {
	fault, control := c.groups()
	return differ(c.list, fault, control, journal.Observation.Harmed)
}

// journey measures one journey.
func (t *trial) journey(i int, m times) Journey {
	j, c := t.plan.Journeys[i], t.compare(i, m)
	fault, ctrl := c.fault(), c.ctrl()
	out := Journey{
		Name: j.Name, Rate: j.Rate, Limit: j.Limit, SlowAfter: seconds(j.SlowAfter),
		Arms:     Arms{Fault: fault},
		Baseline: Arms{Fault: tally(c.list, plan.FaultArm, m.baseline)},
		Steps:    t.steps(i, c),
		Series:   series(c.list, t.start.Since, m.end, t.plan.Arms()),
	}
	if t.plan.Control == plan.Concurrent {
		during, before := tally(c.list, plan.ControlArm, c.cohort), tally(c.list, plan.ControlArm, m.baseline)
		out.Arms.Control, out.Baseline.Control = &during, &before
	}
	t.latency(&out, c, m)
	if flying := inFlight(c.list, m); flying.Journeys > 0 {
		out.InFlight = &flying
	}
	if released := tally(c.list, plan.FaultArm, span{c.cohort.to, m.removing}); released.Journeys > 0 {
		out.Released = &released
	}
	if fault.Journeys > 0 && ctrl.Journeys > 0 {
		out.BlastRadius = t.blastRadius(j.Name, c, m)
	}
	return out
}

// methods are how intervals were made, as people read it.
var methods = map[stats.Method]string{
	stats.Independent: "Newcombe, journeys taken as independent",
	stats.Paired:      "paired batch means",
	stats.Unpaired:    "batch means",
	stats.Repeated:    "repeats of control and fault",
}

// blastRadius of a fault that a guardrail stopped carries the bounds that hold at
// a moment that the data chose.
func (t *trial) blastRadius(journey string, c comparison, m times) *BlastRadius {
	d := c.excess()
	b := &BlastRadius{
		Journey: journey, Estimate: d.Estimate, Low: d.Low, High: d.High, Confidence: stats.Confidence,
		Control: c.control, Method: methods[d.Method], Batches: d.Batches, Effective: math.Round(d.Effective),
		Independent: &Bounds{d.Newcombe.Low, d.Newcombe.High},
	}
	if t.trip != nil && c.control == ConcurrentControl {
		s := c.sequence(m.baseline)
		b.Low, b.High, b.Method = s.Low, s.High, "confidence sequence, as a guardrail stopped the fault"
	}
	return b
}

// steps says where journeys of the cohort were first harmed.
func (t *trial) steps(i int, c comparison) []Step {
	steps := t.plan.Journeys[i].Steps
	fault, control := c.groups()
	rows, by := make([]Step, len(steps)), make([]contrast, len(steps))
	all := newContrast(fault, control)
	for k, s := range steps {
		rows[k].Name = s.Name
		by[k] = newContrast(fault, control)
	}
	for _, o := range c.list {
		all.count(o, fault, control, false)
		if !o.Harmed() || o.Step < 0 || o.Step >= len(steps) {
			continue
		}
		by[o.Step].count(o, fault, control, true)
		if o.Arm == plan.FaultArm && fault.holds(o.Intended) {
			rows[o.Step].add(o.Outcome)
		}
	}
	for k := range rows {
		// Every journey of the cohort could have been harmed at this step.
		for b := range by[k].fault {
			by[k].fault[b].N = all.fault[b].N
		}
		for b := range by[k].control {
			by[k].control[b].N = all.control[b].N
		}
		d := by[k].difference()
		rows[k].Excess, rows[k].Low, rows[k].High = d.Estimate, d.Low, d.High
	}
	return rows
}

func (s *Step) add(o journal.Outcome) {
	switch o {
	case journal.Slow:
		s.Slow++
	case journal.Wrong:
		s.Wrong++
	case journal.Failed:
		s.Failed++
	}
}

// smallerArm is the number of journeys in the smaller of the groups compared.
func (j Journey) smallerArm() int {
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
