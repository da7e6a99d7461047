package result

import (
	"slices"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// spread is nil where it is not known which steps need the faulted dependencies.
func (r *experimentRun) spread() []Spread {
	for _, f := range r.plan.Faults {
		if !r.needsDeclared(f.Into) {
			return nil
		}
	}
	var rows []Spread
	for i, p := range r.plan.Journeys {
		j := &r.journeys[i]
		if j.fault.Journeys == 0 {
			continue
		}
		d := j.beforeNeed.difference()
		rows = append(rows, Spread{p.Name, stats.Total(j.beforeNeed.fault).Hits, j.fault.Journeys, d.Estimate, d.Low, d.High})
	}
	return rows
}

// needsDeclared reports whether the documents say which steps need a dependency.
func (r *experimentRun) needsDeclared(dependency string) bool {
	for _, j := range r.plan.Journeys {
		for _, s := range j.Steps {
			if slices.Contains(s.Needs, dependency) {
				return true
			}
		}
	}
	return false
}

// harmedBeforeNeed picks executions of journey i that were harmed before they needed
// what is broken.
func (r *experimentRun) harmedBeforeNeed(i int) func(*journal.Observation) bool {
	steps := r.stepsBeforeNeed(i)
	return func(o *journal.Observation) bool {
		return o.Harmed() && o.Cause != journal.Shed && o.Step >= 0 && o.Step < steps
	}
}

// stepsBeforeNeed is how many steps journey i takes before the first that needs a
// faulted dependency.
func (r *experimentRun) stepsBeforeNeed(i int) int {
	steps := r.plan.Journeys[i].Steps
	for k, s := range steps {
		for _, f := range r.plan.Faults {
			if slices.Contains(s.Needs, f.Into) {
				return k
			}
		}
	}
	return len(steps)
}
