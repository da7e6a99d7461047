package compare

import (
	"fmt"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// journeys compares each journey that a side has, and returns beside each the change that
// is to be judged, nil where there is none. Where the experiment is not comparable, they
// only show what each side found.
func journeys(names Names, base, head []experimentRun, comparable bool) ([]Journey, []*stats.Comparison) {
	list := []Journey{}
	var changes []*stats.Comparison
	for _, name := range journeyNames(base, head) {
		j := Journey{Name: name, Status: NotComparable}
		b, bLimit := blastRadii(name, base)
		h, hLimit := blastRadii(name, head)
		j.Limit = hLimit
		if len(h) == 0 {
			j.Limit = bLimit
		} else if len(b) > 0 && bLimit != hLimit {
			j.BaseLimit = &bLimit
		}
		j.Base, j.Head = newRadius(name, b, base), newRadius(name, h, head)
		changes = append(changes, j.compare(names, b, h, comparable))
		list = append(list, j)
	}
	return list, changes
}

// compare returns the change of a journey, nil where it is not comparable.
func (j *Journey) compare(names Names, b, h []*result.BlastRadius, comparable bool) *stats.Comparison {
	j.ReasonCode, j.Reason = notComparable(names, b, h, comparable)
	if len(b) == 0 || len(h) == 0 {
		return nil
	}
	change := stats.Compare(intervals(b), intervals(h))
	j.Base.set(change.Base)
	j.Head.set(change.Head)
	if j.ReasonCode != "" {
		return nil
	}
	return &change
}

// setChange shows a change as its suite knows it.
func (j *Journey) setChange(change stats.Comparison, ofSuite bool) {
	i := clampChange(change.Interval)
	j.Change = &Change{Estimate: i.Estimate, Low: i.Low, High: i.High, Method: "difference of two runs' intervals (Zou and Donner)"}
	switch {
	case change.Repeated:
		j.Change.Method = "difference of means over runs, with the variance from run to run"
	case ofSuite:
		j.Change.Method = "difference of two runs' intervals (Zou and Donner), with the suite's variance from run to run"
	default:
		return
	}
	j.Change.Drift = &change.Drift
}

// notComparable is why the blast radii of a journey cannot be compared; empty if
// they can.
func notComparable(names Names, b, h []*result.BlastRadius, comparable bool) (ReasonCode, string) {
	switch {
	case !comparable:
		return ReasonExperimentNotComparable, "the experiments are not comparable"
	case len(b) == 0:
		return ReasonNotMeasuredInBase, "not measured in " + names.Base
	case len(h) == 0:
		return ReasonNotMeasuredInHead, "not measured in " + names.Head
	case controlOf(b) != controlOf(h) || controlOf(b) == mixedControls:
		return ReasonControlsDiffer, fmt.Sprintf("the kind of control differs: %s in %s, %s in %s", controlOf(b), names.Base, controlOf(h), names.Head)
	}
	if was, is := countedOf(b), countedOf(h); was != is {
		return ReasonCountedStepsDiffer, fmt.Sprintf("the steps at which harm counts differ: %s in %s, %s in %s", was, names.Base, is, names.Head)
	}
	return "", ""
}

// countedOf are the steps at which harm counts in the runs of a side.
func countedOf(list []*result.BlastRadius) string {
	var all []string
	for _, b := range list {
		text := strings.Join(b.CountedAt, " and ")
		if text == "" {
			text = "all"
		}
		if !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return strings.Join(all, " or ")
}

// clampChange keeps a change within -100 to 100 points. The fault harms from none to
// all of the journeys in base and in head, but the difference of two differences can
// leave that range by chance.
func clampChange(i stats.Interval) stats.Interval {
	clamp := func(v float64) float64 { return max(-1, min(1, v)) }
	return stats.Interval{Estimate: clamp(i.Estimate), Low: clamp(i.Low), High: clamp(i.High)}
}

func (r *Radius) set(i stats.Interval) { r.Estimate, r.Low, r.High = i.Estimate, i.Low, i.High }

// mixedControls is the kind of control of a side whose runs have different ones.
const mixedControls = "mixed"

// controlOf is the kind of control of all runs of a side.
func controlOf(list []*result.BlastRadius) string {
	for _, b := range list {
		if b.Control != list[0].Control {
			return mixedControls
		}
	}
	return list[0].Control
}

func intervals(list []*result.BlastRadius) []stats.Interval {
	out := make([]stats.Interval, len(list))
	for i, b := range list {
		out[i] = stats.Interval{Estimate: b.Estimate, Low: b.Low, High: b.High}
	}
	return out
}

func journeyNames(sides ...[]experimentRun) []string {
	var names []string
	for _, side := range slices.Backward(sides) { // head's order first
		for _, r := range side {
			for _, j := range r.Journeys {
				if !slices.Contains(names, j.Name) {
					names = append(names, j.Name)
				}
			}
		}
	}
	return names
}

// blastRadii are the blast radii of a journey by run, and its limit in the last run.
func blastRadii(name string, side []experimentRun) (list []*result.BlastRadius, limit float64) {
	for _, r := range side {
		for i := range r.Journeys {
			if j := &r.Journeys[i]; j.Name == name && j.BlastRadius != nil {
				list, limit = append(list, j.BlastRadius), j.Limit
			}
		}
	}
	return list, limit
}

// newRadius is the blast radius of one side; nil if it was not measured. With a
// single run its interval is that of the run.
func newRadius(name string, list []*result.BlastRadius, side []experimentRun) *Radius {
	if len(list) == 0 {
		return nil
	}
	r := &Radius{Control: controlOf(list)}
	r.set(stats.Compare(intervals(list), intervals(list)).Base)
	for _, b := range list {
		if len(list) > 1 {
			r.Runs = append(r.Runs, b.Estimate)
		} else {
			r.Low, r.High = b.Low, b.High
		}
	}
	fault, against := rawCounts(name, side)
	r.Fault, r.Against, r.Journeys = fault.Share(), against.Share(), fault.N
	return r
}

// rawCounts are the journeys of the fault arm and of what it is compared with, over
// all runs of a side.
func rawCounts(name string, side []experimentRun) (fault, against stats.Count) {
	for _, run := range side {
		for _, j := range run.Journeys {
			if j.Name != name || j.BlastRadius == nil {
				continue
			}
			f, c := j.Arms.Fault, j.Against()
			fault = stats.Count{Hits: fault.Hits + f.Harmed(), N: fault.N + f.Journeys}
			against = stats.Count{Hits: against.Hits + c.Harmed(), N: against.N + c.Journeys}
		}
	}
	return fault, against
}
