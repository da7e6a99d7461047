package result

import (
	"fmt"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
)

// gradeRefused grades the evidence of a fault that makes connect() fail. No server sees
// who tries, so what is counted is the other side of it: the connections that the fault
// has cut, and the calls that came until then, none of which could come any more. Where
// our own probe could connect all the same, there is no fault to speak of.
func (r *experimentRun) gradeRefused(e *Exercised, f *faultRecord, shifted bool) {
	calls, unit := r.callsBefore(f.plan.Proxy)
	connects := f.probe != nil && f.probe.Before.Error == "" && !f.probe.Met
	switch {
	case connects:
		e.Grade, e.Unmet = GradeNo, UnmetNoEvidence
		e.Note = fmt.Sprintf("our own probe could connect to %s although the proxy refuses: is something else in between?", f.plan.Into)
	case (e.Met > 0 || calls >= leastReaction) && r.aboveIdle(f):
		e.Grade, e.Note = GradeCounted, refusedNote(e, f, calls, unit)
	case shifted:
		e.Grade, e.Note = GradeObserved, "who is refused is not seen by the proxy, but the fault arm changed significantly"
	case e.Met > 0 || calls > 0:
		e.Grade, e.Unmet, e.Note = GradeNo, UnmetOnlyIdle, "until it was down, the proxy carried no more than it does when no journeys run"
	case f.probe != nil && f.probe.Met:
		e.Grade, e.Note = GradeProbed, "only our own probe met it: nothing had come to the proxy before, and who is refused is not seen"
	default:
		e.Grade, e.Unmet = GradeNo, UnmetNoConnection
		e.Note = fmt.Sprintf("nothing came to the proxy of %s before it was down: does the system reach it through the proxy?", f.plan.Into)
	}
}

func refusedNote(e *Exercised, f *faultRecord, calls int64, unit string) string {
	note := fmt.Sprintf("%s was refused to everybody, which no server can count", f.plan.Into)
	if calls > 0 {
		note += fmt.Sprintf(": %s %s came in the baseline", figures.Count(int(calls)), unit)
	}
	if e.Met > 0 {
		note += ", and it cut " + quantity(e.Met, "connection")
	}
	return note
}

// callsBefore is how many calls, or connections where calls are not known, a proxy
// counted before the fault.
func (r *experimentRun) callsBefore(proxy string) (calls int64, unit string) {
	c, ok := countCalls(proxy, r.batches.before)
	if !ok {
		return 0, Connections
	}
	return int64(sum(c.calls)), c.unit
}

// gradeSparselyRefused is gradeSparse for a fault that makes connect() fail: too few calls
// were to be expected, or the system had stopped calling before the fault.
func (r *experimentRun) gradeSparselyRefused(e *Exercised, f *faultRecord, dependencies []experiments.Dependency) {
	x, ok := r.expect(f, dependencies, Calls)
	if !ok {
		if x, ok = r.expect(f, dependencies, Connections); !ok || e.Met > 0 {
			return // connections that were there before the baseline may have carried any number of calls
		}
	}
	e.Expected = round(x.met)
	numbers := fmt.Sprintf("%s %s were to be expected, at the %s per journey of the baseline", figures.Count(int(x.met+0.5)), x.unit, figures.Short(x.perJourney, 2))
	switch {
	case x.fellBefore:
		e.Grade, e.Note = GradeSparse, numbers+", but the system called less already before it was down"
	case x.met < leastReaction:
		e.Grade, e.Note = GradeSparse, "only "+numbers
	default:
		e.Note += "; " + numbers
	}
}

// refusesAt reports whether a fault made connect() fail at a proxy, so that nobody knows
// how often it was called under the fault.
func (r *experimentRun) refusesAt(proxy string) bool {
	for _, f := range r.faults {
		if f.plan.Proxy == proxy && f.evidence.Refuses {
			return true
		}
	}
	return false
}
