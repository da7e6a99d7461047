package result

import (
	"fmt"
	"slices"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
	"github.com/blastgauge/blastgauge/injectors"
)

const (
	// sparseShare is the share of what was to be expected below which a fault hardly met
	// traffic. Calls per journey vary, but not tenfold.
	sparseShare = 0.1
	// leastReaction is how many calls a fault must have met before it can be the reason
	// for which a system stopped calling: circuit breakers open after five failures or
	// more.
	leastReaction = 5
)

// An expectation is how much a fault would have met if journeys called as often as they
// did before it.
type expectation struct {
	unit       string
	perJourney float64 // calls before the fault
	met        float64 // under the fault
	low        float64 // the same at the lower end of what is known of calls before it
	came       float64 // the same at what journeys called under the fault; -1: unknown
	fellBefore bool    // journeys called less already before the fault came
}

// gradeSparse lowers the grade of a fault that met far less than it was to be expected
// to: such a fault shows harm, but not that there is none. Where it is not known how often
// journeys call, nothing changes.
func (r *experimentRun) gradeSparse(e *Exercised, f *faultRecord, dependencies []experiments.Dependency) {
	if e.Grade != GradeCounted {
		return
	}
	if f.evidence.Refuses {
		r.gradeSparselyRefused(e, f, dependencies)
		return
	}
	unit, ok := unitOf(f)
	if !ok {
		return
	}
	x, ok := r.expect(f, dependencies, unit)
	if !ok {
		return
	}
	met := float64(e.Met)
	e.Expected = round(x.met)
	numbers := fmt.Sprintf("it met %s, and %s were to be expected, at the %s %s per journey of the baseline", figures.Count(int(e.Met)), figures.Count(int(x.met+0.5)), figures.Short(x.perJourney, 2), x.unit)
	switch {
	case met >= sparseShare*x.low:
	case x.came >= 0 && met >= leastReaction && met >= x.came/2 && !x.fellBefore:
		// What came met it, there was enough to react to, and calls were as usual until
		// then: a circuit breaker or a fallback is what the hypothesis is about. Where
		// calls fell before the fault came, as by a cache that was warm by then, the
		// fault is not why the system stopped calling.
		e.Note = numbers + ": under the fault the system stopped calling " + f.plan.Into
	default:
		e.Grade, e.Note = GradeSparse, numbers
	}
}

// expect is false where it is not known how much, in a unit, a fault should have met.
func (r *experimentRun) expect(f *faultRecord, dependencies []experiments.Dependency, unit string) (expectation, bool) {
	i := slices.IndexFunc(dependencies, func(d experiments.Dependency) bool { return d.Name == f.plan.Into })
	if i < 0 {
		return expectation{}, false
	}
	d := dependencies[i]
	before, known := r.callCounts(d, r.batches.before, func(j *journeyRecord) *callerCounts { return &j.callers[0] })
	before, same := before.in(unit)
	if !known || !same {
		return expectation{}, false
	}
	passed := sum(before.journeys) + sum(before.others)
	x := expectation{unit: unit, perJourney: sum(before.calls) / passed, came: -1}
	x.fellBefore = before.fell(x.perJourney)
	able := f.plan.Reach() * r.callersOf(f, d)
	x.met, x.low = able*x.perJourney, able*stats.PoissonLow(sum(before.calls))/passed
	under, known := r.callCounts(d, r.batches.under, func(j *journeyRecord) *callerCounts { return &j.callers[1] })
	if under, same = under.in(unit); known && same {
		others := sum(under.others) / sum(under.journeys)
		x.came = able * max(0, sum(under.calls)/sum(under.journeys)-x.perJourney*others)
	}
	if first := f.plan.Attributes.Number("first"); first > 0 { // it meets no more
		x.met, x.low = min(x.met, first), min(x.low, first)
	}
	return x, true
}

// fell reports whether, in the last fifth of the batches, journeys called less than half as
// often as in all of them. It needs batches to tell.
func (c callCounts) fell(usual float64) bool {
	from := len(c.calls) - len(c.calls)/5
	passed := sum(c.journeys[from:]) + sum(c.others[from:])
	return passed > 0 && sum(c.calls[from:])/passed < usual/2
}

// unitOf is what a fault counts; false where the proxy counts nothing like it before the
// fault. Requests that match are a part of all, and nobody knows how large a part.
func unitOf(f *faultRecord) (unit string, ok bool) {
	kind, _ := injectors.Lookup(f.plan.Inject)
	switch {
	case kind.Config || !kind.OnProxy(): // read when a system wants to know, not once per journey, or not counted
		return "", false
	case kind.Level == injectors.Byte:
		return Connections, true
	}
	connecting := kind.WithDefaults(f.plan.Attributes).Text("when") == "connect"
	return Calls, !connecting && matchesAll(f.plan.Attributes)
}

// matchesAll reports whether a fault meets all requests of its arm.
func matchesAll(a injectors.Attributes) bool {
	match, given := a["match"].(map[string]any)
	if !given {
		return a["match"] == nil
	}
	baggage, _ := match["baggage"].(map[string]any)
	return len(match) == 1 && len(baggage) == 1 && baggage[plan.Tag] != nil
}

// callersOf is how many journeys of the fault arm may have called a dependency while the
// fault was in force: as many as came per second of the cohort.
func (r *experimentRun) callersOf(f *faultRecord, d experiments.Dependency) (all float64) {
	inForce := r.touchedFor(f.removed.Began - f.injected.Since)
	for i := range r.journeys {
		fault := &r.journeys[i].fault
		if length := fault.spans.length(); r.mayCall(i, d.Name) && length > 0 {
			all += float64(fault.Journeys-fault.FailedBy.Shed) * inForce.Seconds() / length.Seconds()
		}
	}
	return all
}
