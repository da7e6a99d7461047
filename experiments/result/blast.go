package result

import (
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

const (
	method = "Newcombe, journeys taken as independent"
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
	if t.plan.Control == plan.Concurrent {
		during := tally(c.list, plan.ControlArm, c.cohort).harm()
		before := tally(c.list, plan.ControlArm, m.baseline).harm()
		if stats.Newcombe(during, before).Low > tolerance {
			c.control = ContaminatedControl
		} else {
			c.control, c.ctrlArm, c.ctrlIn = ConcurrentControl, plan.ControlArm, c.cohort
		}
	}
	return c
}

func (c comparison) fault() Counts { return tally(c.list, plan.FaultArm, c.cohort) }
func (c comparison) ctrl() Counts  { return tally(c.list, c.ctrlArm, c.ctrlIn) }

// journey measures one journey.
func (t *trial) journey(i int, m times) Journey {
	j, c := t.plan.Journeys[i], t.compare(i, m)
	fault, ctrl := c.fault(), c.ctrl()
	out := Journey{
		Name: j.Name, Rate: j.Rate, Limit: j.Limit,
		Arms:     Arms{Fault: fault},
		Baseline: Arms{Fault: tally(c.list, plan.FaultArm, m.baseline)},
		Steps:    t.steps(i, c, fault.Journeys, ctrl.Journeys),
		Latency: Latency{
			Fault:    percentiles(c.list, plan.FaultArm, c.cohort),
			Baseline: percentiles(c.list, plan.FaultArm, m.baseline),
		},
		Series: series(c.list, t.start.Since, m.end, t.plan.Arms()),
	}
	if t.plan.Control == plan.Concurrent {
		during, before := tally(c.list, plan.ControlArm, c.cohort), tally(c.list, plan.ControlArm, m.baseline)
		out.Arms.Control, out.Baseline.Control = &during, &before
		out.Latency.Control = percentiles(c.list, plan.ControlArm, c.cohort)
	}
	if flying := inFlight(c.list, m); flying.Journeys > 0 {
		out.InFlight = &flying
	}
	if released := tally(c.list, plan.FaultArm, span{c.cohort.to, m.removing}); released.Journeys > 0 {
		out.Released = &released
	}
	if fault.Journeys > 0 && ctrl.Journeys > 0 {
		d := stats.Newcombe(fault.harm(), ctrl.harm())
		out.BlastRadius = &BlastRadius{j.Name, d.Estimate, d.Low, d.High, stats.Confidence, c.control, method}
	}
	return out
}

// steps says where journeys of the cohort were first harmed.
func (t *trial) steps(i int, c comparison, faults, ctrls int) []Step {
	steps := t.plan.Journeys[i].Steps
	rows, ctrl := make([]Step, len(steps)), make([]int, len(steps))
	for k, s := range steps {
		rows[k].Name = s.Name
	}
	for _, o := range c.list {
		if !o.Harmed() || o.Step < 0 || o.Step >= len(steps) {
			continue
		}
		if o.Arm == plan.FaultArm && c.cohort.holds(o.Intended) {
			rows[o.Step].add(o.Outcome)
		}
		if o.Arm == c.ctrlArm && c.ctrlIn.holds(o.Intended) {
			ctrl[o.Step]++
		}
	}
	for k := range rows {
		r := &rows[k]
		d := stats.Newcombe(stats.Count{Hits: r.Failed + r.Wrong + r.Slow, N: faults}, stats.Count{Hits: ctrl[k], N: ctrls})
		r.Excess, r.Low, r.High = d.Estimate, d.Low, d.High
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
