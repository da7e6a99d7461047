package result

import (
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
)

// Unchecked is a step that was passed although the calls behind it fell away under the
// fault: what it expects does not tell whether the dependency did its work. Calls are per
// journey, as the proxies count them; Passed is the share of the journeys of the fault arm
// that passed the step while the fault was in force, of those that take it.
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
	leastCalls  = 0.5 // per journey that takes the step, in the baseline
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
		if a.Unit != Calls || a.Baseline == 0 || isSpared(e, a.Dependency, dependencies) {
			continue
		}
		left := a.Fault / a.Baseline
		if a.Factor > 0 {
			left = a.High // more than that is not left
		}
		for i := range e.Journeys {
			j := &e.Journeys[i]
			for _, k := range r.stepsThatNeed(i, a.Dependency) {
				if a.Baseline < leastCalls*r.plan.Journeys[i].Steps[k].Weight.Share() {
					continue
				}
				if passed := r.journeys[i].passes.share(k); passed >= leastPassed && left < leftOfCalls*passed {
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

// stepPasses are how many journeys of a group passed the steps that they take while the
// fault was in force.
type stepPasses struct {
	of      group
	inForce []stretch
	steps   []experiments.Step
	counts  []passCounts // by step
}

// passCounts are of the journeys that take a step. Those that passed it only after the
// fault was gone made the calls behind it too late to be counted under it.
type passCounts struct{ takers, stopped, afterward int }

// share is the share of the journeys that take step k which completed it as expected, or
// late, while the fault was in force; 0 where nothing was measured.
func (p *stepPasses) share(k int) float64 {
	if k >= len(p.counts) || p.counts[k].takers == 0 {
		return 0
	}
	c := p.counts[k]
	return float64(max(0, c.takers-c.stopped-c.afterward)) / float64(c.takers)
}

func (p *stepPasses) add(o *journal.Observation) {
	if !p.of.has(o) {
		return
	}
	removing := time.Duration(0)
	for _, s := range p.inForce {
		if o.Intended >= s.injected {
			removing = s.removing
		}
	}
	at := o.Intended + o.Late + o.Paused // which pause came before which step is not known
	for k := range p.counts {
		stopped := !completed(o) && o.Step <= k
		if k < len(o.Steps) {
			at += o.Steps[k]
		} else {
			at = o.Ended() // not known by step
		}
		if !p.steps[k].Weight.Takes(o.Draw) {
			continue
		}
		c := &p.counts[k]
		c.takers++
		switch {
		case stopped:
			c.stopped++
		case at > removing:
			c.afterward++
		}
	}
}
