package scan

import (
	"slices"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// Advice is what to do about a finding. Reports and experiments that are made from findings
// say it in the same words.
func (m *Map) Advice(f *Finding) string {
	switch f.Code {
	case BrokenInvariant:
		failing := f.Failing("or")
		if len(f.Or) > 0 {
			failing += " or " + figures.List(f.Or, "or")
		}
		return "Make what " + failing + " does safe to repeat: send the same idempotency key again, and find out what it did before anybody is told that it failed."
	case SoftBehavesHard:
		return "Let journeys go on without " + f.Dependency + m.timeoutAdvice(f) + ". If they cannot, declare it hard."
	case HangWorse, NoTimeout:
		return "Give calls to " + f.Dependency + " a time-out" + m.within(f) + ", and treat it as a refused connection."
	case LowBreaking:
		return "Give calls to " + f.Dependency + " a time-out above its own p99, or make it faster: an ordinary bad moment breaks journeys."
	case FallbackHarms:
		return "Do not count on " + f.Other + " being there: let journeys go on without both, or make sure that the two do not fail together."
	case NotBack:
		return "Find what stays full after " + f.Failing("or") + " is back: connection pools, queues, retries. Bound each of them."
	case HardHarms:
		return "Declare " + f.Dependency + " hard if that is meant. If not, let journeys go on without it."
	}
	return "Look at the cells that show it."
}

// Failing names what failed where a finding was seen: one dependency, a pair, or a pool,
// joined by a word.
func (f *Finding) Failing(word string) string {
	switch {
	case len(f.Pool) > 0:
		return figures.List(f.Pool, word)
	case f.Other != "":
		return f.Dependency + " " + word + " " + f.Other
	}
	return f.Dependency
}

// Unseen reports whether nobody knows that journeys call a dependency. Then it is no answer
// that none was harmed.
func (d *Dependency) Unseen() bool { return d.unseen() }

// timeoutAdvice asks for a time-out where hanging or slowness is what harms.
func (m *Map) timeoutAdvice(f *Finding) string {
	if slices.ContainsFunc(f.Modes, func(mode plan.FailureMode) bool { return mode == plan.Hang || mode == plan.Slow }) {
		return ": give its calls a time-out" + m.within(f) + ", and answer without it"
	}
	return ": answer without it where it fails"
}

// within is the time that a journey may take, which bounds a time-out in it.
func (m *Map) within(f *Finding) string {
	for _, j := range m.Journeys {
		if j.Name == f.Journey && j.SlowAfter > 0 {
			return " well below the " + figures.Duration(j.SlowAfter) + " that " + f.Journey + " may take"
		}
	}
	return ""
}
