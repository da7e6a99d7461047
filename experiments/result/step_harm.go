package result

import (
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
}

func newStepHarm(steps []experiments.Step, c comparison) stepHarm {
	fault, control := c.groups()
	s := stepHarm{fault: fault, all: newContrast(fault, control, harmed)}
	for _, step := range steps {
		s.steps = append(s.steps, Step{Name: step.Name})
		s.byStep = append(s.byStep, newContrast(fault, control, harmed))
	}
	return s
}

func (s *stepHarm) add(o *journal.Observation) {
	s.all.add(o)
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
// could have been harmed at each of them.
func (s *stepHarm) rows() []Step {
	for k := range s.steps {
		setTotals(s.byStep[k].fault, s.all.fault)
		setTotals(s.byStep[k].control, s.all.control)
		d := s.byStep[k].difference()
		s.steps[k].Excess, s.steps[k].Low, s.steps[k].High = d.Estimate, d.Low, d.High
	}
	return s.steps
}

func setTotals(hits, all []stats.Count) {
	for b := range hits {
		hits[b].N = all[b].N
	}
}
