package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// NeedsDeclared reports whether the documents say which steps need a dependency.
func (e Experiment) NeedsDeclared(dependency string) bool {
	return slices.ContainsFunc(e.Journeys, func(j Journey) bool { return j.MayNeed(dependency) })
}

// MayNeed reports whether a step of the journey is declared to need a dependency.
func (j Journey) MayNeed(dependency string) bool {
	return slices.ContainsFunc(j.Steps, func(s experiments.Step) bool { return slices.Contains(s.Needs, dependency) })
}

// NeedsKnown reports whether the documents say so of every dependency that is broken.
func (e Experiment) NeedsKnown() bool {
	return !slices.ContainsFunc(e.Faults, func(f Fault) bool { return !e.NeedsDeclared(f.Into) })
}

// StepsBeforeNeed is how many steps j takes before the first that needs what is broken:
// all of them, where none does.
func (e Experiment) StepsBeforeNeed(j Journey) int {
	if list := e.StepsThatNeed(j); list != nil {
		return list[0]
	}
	return len(j.Steps)
}

// StepsThatNeed are the indices of the steps of j that need what is broken; nil: none.
func (e Experiment) StepsThatNeed(j Journey) (list []int) {
	for k, s := range j.Steps {
		if slices.ContainsFunc(e.Faults, func(f Fault) bool { return slices.Contains(s.Needs, f.Into) }) {
			list = append(list, k)
		}
	}
	return list
}

// CountedFrom is the index of the first step at which harm of j counts for its blast
// radius. On one route that is the first step that needs what is broken: earlier steps
// have bad moments that are not the fault's. It is 0, so that all harm counts, where a
// second route tells the two apart, where harm of journeys that the fault does not touch
// is asked for, where the documents do not say what steps need, and
// of a journey that never needs what is broken: all of its harm is harm that spread.
func (e Experiment) CountedFrom(j Journey) int {
	if e.Control == Concurrent || e.Turns != nil || !e.NeedsKnown() {
		return 0
	}
	if k := e.StepsBeforeNeed(j); k < len(j.Steps) {
		return k
	}
	return 0
}

// Counted are the names of the steps at which harm of j counts; nil: at all.
func (e Experiment) Counted(j Journey) []string {
	from := e.CountedFrom(j)
	if from == 0 {
		return nil
	}
	var list []string
	for _, s := range j.Steps[from:] {
		list = append(list, s.Name)
	}
	return list
}

// Beside are the names of the journeys that run beside j on one route, never need what is
// broken, and are at least half as many: a concurrent negative control of bad moments
// that all journeys share. It is nil where only harm at later steps of j counts, where
// control and fault or shares take turns, and where the phases are too short to show how much
// harm varies.
func (e Experiment) Beside(j Journey) []string {
	if e.Control == Concurrent || e.Repeat > 1 || e.Turns != nil || !e.NeedsKnown() || e.StepsBeforeNeed(j) > 0 {
		return nil
	}
	if c := e.cohort(j); min(length(c.control), length(c.fault)) < stats.LeastBatches*e.shortestBatch() {
		return nil
	}
	rate := 0.0
	var names []string
	for _, other := range e.Journeys {
		if e.StepsBeforeNeed(other) == len(other.Steps) {
			rate += other.Rate
			names = append(names, other.Name)
		}
	}
	if rate < j.Rate/2 {
		return nil
	}
	return names
}

// broken names what the faults break, each once.
func (e Experiment) broken() string {
	var names []string
	for _, f := range e.Faults {
		if !slices.Contains(names, f.Into) {
			names = append(names, f.Into)
		}
	}
	return figures.List(names, "or")
}

// knowsOfNeeds is what is known of j because documents say what steps need, in words;
// empty where that helps nothing.
func (e Experiment) knowsOfNeeds(j Journey) string {
	if at := e.Counted(j); at != nil {
		return fmt.Sprintf("harm counts from step %s on, the first that needs %s: harm of earlier steps is shown beside it, and counts as well where it is shown to have grown", at[0], e.broken())
	}
	if names := e.Beside(j); names != nil {
		verb := "never need"
		if len(names) == 1 {
			verb = "never needs"
		}
		return fmt.Sprintf("%s %s %s and is a control at the same time, if the baseline shows that bad moments are shared", strings.Join(names, ", "), verb, e.broken())
	}
	return ""
}
