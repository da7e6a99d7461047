package result

import (
	"math"

	"github.com/blastgauge/blastgauge/experiments"
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
	cohort  span
	control string // kind
	ctrlArm plan.Arm
	ctrlIn  span
	// Where control and fault took turns: the stretches of each.
	turns, between []span
}

// A candidate is a cohort that may become the one of a comparison.
type candidate struct {
	cohort tally
	// control is the control arm's harm during the cohort against that before the fault.
	control contrast
}

func (t *trial) candidate(cohort span) candidate {
	during, before := group{arm: plan.ControlArm, in: cohort}, group{arm: plan.ControlArm, in: t.when.baseline}
	return candidate{tally{group: group{arm: plan.FaultArm, in: cohort}}, newContrast(during, before, harmed)}
}

func (c *candidate) look(o *journal.Observation) {
	c.cohort.look(o)
	c.control.look(o)
}

// compare decides what the fault cohort of a journey is compared with.
func (t *trial) compare(i int) comparison {
	s, j := &t.seen[i], t.plan.Journeys[i]
	of := &s.regular
	if t.trip != nil && of.cohort.Journeys < few {
		// A guardrail may end the fault before a cohort has formed. Counting the
		// journeys that its removal rescued can only make harm look smaller.
		of = &s.hasty
	}
	c := comparison{cohort: of.cohort.in, control: BaselineControl, ctrlArm: plan.FaultArm, ctrlIn: t.when.baseline}
	c.turns, c.between = t.turns(t.when, j.SlowAfter)
	if t.plan.Control == plan.Concurrent {
		if of.control.difference().Low > tolerance {
			c.control = ContaminatedControl
		} else {
			c.control, c.ctrlArm, c.ctrlIn = ConcurrentControl, plan.ControlArm, c.cohort
		}
	}
	return c
}

// groups are the journeys that are compared.
func (c comparison) groups() (fault, control group) {
	return group{plan.FaultArm, c.cohort, c.turns}, group{c.ctrlArm, c.ctrlIn, c.between}
}

// journey is what was measured of a journey.
func (t *trial) journey(i int) Journey {
	j, s := t.plan.Journeys[i], &t.seen[i]
	out := Journey{
		Name: j.Name, Rate: j.Rate, Limit: j.Limit, SlowAfter: seconds(j.SlowAfter),
		Arms:     Arms{Fault: s.fault.Counts},
		Baseline: Arms{Fault: s.before[plan.FaultArm].Counts},
		Steps:    s.steps.rows(),
		Series:   Series{Bucket: seconds(s.lines[plan.FaultArm].width), Fault: s.lines[plan.FaultArm].series()},
	}
	if t.plan.Control == plan.Concurrent {
		out.Arms.Control, out.Baseline.Control = &s.during.Counts, &s.before[plan.ControlArm].Counts
		out.Series.Control = s.lines[plan.ControlArm].series()
	}
	s.timing.latency(&out)
	out.Latency.Ratio = s.lengths.ratios(t.plan.Seed)
	if s.inFlight.Journeys > 0 {
		out.InFlight = &s.inFlight
	}
	if s.released.Journeys > 0 {
		out.Released = &s.released.Counts
	}
	if s.fault.Journeys > 0 && s.ctrl.Journeys > 0 {
		out.BlastRadius = t.blastRadius(j.Name, s)
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
func (t *trial) blastRadius(journey string, s *seen) *BlastRadius {
	d, c := s.excess.difference(), s.comparison
	b := &BlastRadius{
		Journey: journey, Estimate: d.Estimate, Low: d.Low, High: d.High, Confidence: stats.Confidence,
		Control: c.control, Method: methods[d.Method], Batches: d.Batches, Effective: math.Round(d.Effective),
		Independent: &Bounds{d.Newcombe.Low, d.Newcombe.High},
	}
	if t.trip != nil && c.control == ConcurrentControl {
		bounds := s.looks.sequence()
		b.Low, b.High, b.Method = bounds.Low, bounds.High, "confidence sequence, as a guardrail stopped the fault"
	}
	return b
}

// stepping is where journeys of the cohort were first harmed.
type stepping struct {
	fault group
	first []Step
	all   contrast
	by    []contrast // of the journeys first harmed at a step
}

func newStepping(steps []experiments.Step, c comparison) stepping {
	fault, control := c.groups()
	s := stepping{fault: fault, all: newContrast(fault, control, harmed)}
	for _, step := range steps {
		s.first = append(s.first, Step{Name: step.Name})
		s.by = append(s.by, newContrast(fault, control, harmed))
	}
	return s
}

func (s *stepping) look(o *journal.Observation) {
	s.all.look(o)
	if !o.Harmed() || o.Step < 0 || o.Step >= len(s.first) {
		return
	}
	s.by[o.Step].look(o)
	if s.fault.has(o) {
		s.first[o.Step].add(o.Outcome)
	}
}

func (s *stepping) rows() []Step {
	for k := range s.first {
		// Every journey of the cohort could have been harmed at this step.
		for b := range s.by[k].fault {
			s.by[k].fault[b].N = s.all.fault[b].N
		}
		for b := range s.by[k].control {
			s.by[k].control[b].N = s.all.control[b].N
		}
		d := s.by[k].difference()
		s.first[k].Excess, s.first[k].Low, s.first[k].High = d.Estimate, d.Low, d.High
	}
	return s.first
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
