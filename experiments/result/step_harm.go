package result

import (
	"cmp"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// stepHarm is at which step journeys of the cohort were first harmed.
type stepHarm struct {
	fault  group
	steps  []Step
	all    contrast
	byStep []contrast // of the journeys first harmed at a step
	some   []takers   // of the steps that not all journeys take
}

// takers are the journeys that take a step with a weight, whether they come to it or not.
type takers struct {
	step   int
	weight experiments.Weight
	contrast
}

func newStepHarm(steps []experiments.Step, c comparison) stepHarm {
	fault, control := c.groups()
	s := stepHarm{fault: fault, all: newContrast(fault, control, harmed)}
	for k, step := range steps {
		s.steps = append(s.steps, Step{Name: step.Name, Share: float64(step.Weight)})
		if step.Weight > 0 {
			s.some = append(s.some, takers{k, step.Weight, newContrast(fault, control, harmed)})
		}
		s.byStep = append(s.byStep, newContrast(fault, control, harmed))
	}
	return s
}

func (s *stepHarm) add(o *journal.Observation) {
	s.all.add(o)
	for i := range s.some {
		if s.some[i].weight.Takes(o.Draw) {
			s.some[i].add(o)
		}
	}
	if !o.Harmed() || o.Step < 0 || o.Step >= len(s.steps) {
		return
	}
	s.byStep[o.Step].add(o)
	if s.fault.has(o) {
		s.steps[o.Step].add(o.Outcome)
	}
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

// rows are the steps with the harm beyond the control. Every journey of the cohort
// could have been harmed at each of the steps that it takes. widen makes an interval one
// that holds for when the fault ended.
func (s *stepHarm) rows(widen func(stats.Interval) stats.Interval) []Step {
	could := make([]*contrast, len(s.steps))
	for i := range s.some {
		t := &s.some[i]
		could[t.step], s.steps[t.step].Taken = &t.contrast, stats.Total(t.fault).N
	}
	for k := range s.steps {
		all := cmp.Or(could[k], &s.all)
		setTotals(s.byStep[k].fault, all.fault)
		setTotals(s.byStep[k].control, all.control)
		d := widen(s.byStep[k].difference().Interval)
		s.steps[k].Excess, s.steps[k].Low, s.steps[k].High = d.Estimate, d.Low, d.High
	}
	return s.steps
}

func setTotals(hits, all []stats.Count) {
	for b := range hits {
		hits[b].N = all[b].N
	}
}
