package result

import (
	"slices"

	"github.com/blastgauge/blastgauge/experiments"
)

// Unchecked is a step that was passed although the calls behind it fell away under the
// fault: what it expects does not tell whether the dependency did its work. Calls are per
// journey, as the proxies count them; Passed is the share of the journeys of the fault arm
// that passed the step.
type Unchecked struct {
	Journey    string  `json:"journey"`
	Step       string  `json:"step,omitempty"` // absent where no document says which steps need it
	Dependency string  `json:"dependency"`
	Unit       string  `json:"unit"`
	Passed     float64 `json:"passed"`
	Baseline   float64 `json:"baseline"`
	Fault      float64 `json:"fault"`
}

// Bounds of what is told: a call that most journeys make, of which, beyond what varies,
// less than half is left for each journey that passed.
const (
	leastCalls  = 0.5 // per journey, in the baseline
	leastPassed = 0.2 // of the journeys of the fault arm
	leftOfCalls = 0.5 // of the calls that those who passed let expect
)

// unchecked are the steps that were passed without the calls that they usually make.
// Connections tell nothing, as those that stay open carry any number of calls.
func (r *experimentRun) unchecked(e *Experiment, dependencies map[string]Dependency) (list []Unchecked) {
	if !e.Trusted() {
		return nil
	}
	for _, a := range e.Amplification {
		if a.Unit != Calls || a.Baseline < leastCalls || isSpared(e, a.Dependency, dependencies) {
			continue
		}
		left := a.Fault / a.Baseline
		if a.Factor > 0 {
			left = a.High // more than that is not left
		}
		for i := range e.Journeys {
			j := &e.Journeys[i]
			for _, k := range r.stepsThatNeed(i, a.Dependency) {
				if passed := j.passed(k); passed >= leastPassed && left < leftOfCalls*passed {
					list = append(list, Unchecked{j.Name, r.stepName(i, a.Dependency, k), a.Dependency, a.Unit, round(passed), a.Baseline, a.Fault})
				}
			}
		}
	}
	return list
}

// isSpared reports whether a dependency is faulted and soft. Journeys survive without
// it, as its document says, and so without its calls.
func isSpared(e *Experiment, dependency string, all map[string]Dependency) bool {
	faulted := slices.ContainsFunc(e.Faults, func(f Fault) bool { return f.Into == dependency })
	return faulted && all[dependency].Criticality == string(experiments.Soft)
}

// stepsThatNeed are the steps of journey i that need a dependency. Where no document says
// which do, it is the last one of the only journey.
func (r *experimentRun) stepsThatNeed(i int, dependency string) (list []int) {
	steps := r.plan.Journeys[i].Steps
	if !r.plan.NeedsDeclared(dependency) {
		if len(r.plan.Journeys) > 1 || len(steps) == 0 {
			return nil
		}
		return []int{len(steps) - 1}
	}
	for k, s := range steps {
		if slices.Contains(s.Needs, dependency) {
			list = append(list, k)
		}
	}
	return list
}

// stepName is empty where no document says which steps need the dependency.
func (r *experimentRun) stepName(i int, dependency string, k int) string {
	if !r.plan.NeedsDeclared(dependency) {
		return ""
	}
	return r.plan.Journeys[i].Steps[k].Name
}

// passed is the share of the fault arm that completed step k as expected, or late.
func (j *Journey) passed(k int) float64 {
	c := j.Arms.Fault
	if c.Journeys == 0 {
		return 0
	}
	stopped := 0
	for _, s := range j.Steps[:k+1] {
		stopped += s.Failed + s.Wrong
	}
	if k+1 < len(j.Steps) { // those that were never sent have their step, or none
		return float64(c.Journeys-max(stopped, c.FailedBy.Shed)) / float64(c.Journeys)
	}
	return float64(c.OK+c.Slow) / float64(c.Journeys)
}
