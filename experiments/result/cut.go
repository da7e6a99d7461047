package result

import (
	"fmt"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// cutInFault reports whether an interruption ended the fault phase, at a moment that
// somebody chose who may have seen what it showed.
func (r *experimentRun) cutInFault() bool {
	return r.cut != nil && r.trip == nil && r.vanished == nil && r.phaseStart(journal.Recovery) < 0
}

// endedEarly reports whether the fault phase did not last as long as planned.
func (r *experimentRun) endedEarly() bool {
	return r.trip != nil || r.vanished != nil || r.cutInFault()
}

// stopper is what ended the fault phase early.
func (r *experimentRun) stopper() string {
	if r.trip != nil {
		return "a guardrail"
	}
	return "an interruption"
}

// interruption is why the experiment has no more to show; nil if nothing cut it short.
func (r *experimentRun) interruption() *reason {
	switch {
	case r.cut == nil:
		return nil
	case r.cutInFault():
		return &reason{ReasonInterrupted, fmt.Sprintf("interrupted %s into its fault phase of %s: this is what it had shown by then", figures.Span((r.moments.removing - r.phaseStart(journal.Fault)).Round(100*time.Millisecond)), figures.Span(r.plan.Phases.Fault))}
	}
	watched := max(0, r.cut.Since-r.moments.removed)
	return &reason{ReasonInterrupted, fmt.Sprintf("interrupted %s after the removal of its fault: the fault phase is complete, the recovery was not watched to its end", figures.Span(watched.Round(100*time.Millisecond)))}
}

// known is until when journeys have to have started to be known whatever became of
// them: an interruption abandons those in flight, of which only harm beyond the budget is
// certain.
func (r *experimentRun) known(end time.Duration) time.Duration {
	if r.cut == nil {
		return end
	}
	var budget time.Duration
	for _, j := range r.plan.Journeys {
		budget = max(budget, j.HarmedAfter())
	}
	return min(end, r.cut.Since-budget)
}

// measuredPart is how much of the planned fault phase the cohort of a journey is, as a
// share of its length.
func (r *experimentRun) measuredPart(j *journeyRecord) float64 {
	return j.cohort.length().Seconds() / max(r.plan.Phases.Fault.Seconds(), 1e-9)
}

// widened returns what makes an interval of a fault phase hold that ended at a moment which
// the data or a person chose. One that was over has no need of it.
func (r *experimentRun) widened(j *journeyRecord) func(stats.Interval) stats.Interval {
	if r.trip == nil && !r.cutInFault() {
		return func(i stats.Interval) stats.Interval { return i }
	}
	return func(i stats.Interval) stats.Interval { return stats.AtAnyTime(i, r.measuredPart(j)) }
}

// dropSparedFaults leaves out the faults that never were in force because the fault
// phase ended early, and the periods of a repeated fault alike. What may be in force stays.
func (r *experimentRun) dropSparedFaults() {
	if !r.endedEarly() {
		return
	}
	spared := func(f *faultRecord) bool {
		return f.intended == nil || f.injected == nil && f.removed != nil && f.removed.Verified
	}
	if !slices.ContainsFunc(r.faults, func(f *faultRecord) bool { return f.injected != nil }) {
		return
	}
	for _, f := range r.faults {
		if spared(f) && f.plan.Period == 0 {
			r.spared = append(r.spared, f.plan)
		}
	}
	r.faults = slices.DeleteFunc(r.faults, spared)
}

// sparedFaults says which faults were to come and did not.
func (r *experimentRun) sparedFaults() (list []string) {
	for _, f := range r.spared {
		list = append(list, fmt.Sprintf("%s into %s was never in force: the fault phase ended before", f.Inject, f.Into))
	}
	return list
}

// baselineMoments are those of an experiment that ended with its baseline.
func (r *experimentRun) baselineMoments() moments {
	end := r.harmed.Since
	m := moments{injected: end, lastInjected: end, removing: end, removed: end, end: end}
	m.from, m.before = r.baselineFrom(end)
	return m
}

// measureBaseline fills in what was measured of an experiment that ended with its
// baseline.
func (r *experimentRun) measureBaseline(e *Experiment) {
	for i := range r.plan.Journeys {
		j := r.journey(i)
		j.Verdict, j.Steps = Invalid, nil
		e.Journeys = append(e.Journeys, j)
	}
}

// baselineHarmed is why an experiment ended with its baseline.
func (r *experimentRun) baselineHarmed(e *Experiment) []reason {
	var why reasons
	for i, p := range r.plan.Journeys {
		why = append(why, harmedBefore(p, &r.journeys[i], r.plan.Arms(), e.Limits.Baseline)...)
	}
	if len(why) == 0 { // journeys that have ended since may have done so well
		why.add(ReasonBaselineHarmed, "%s (at most %s allowed)", r.harmed.Detail, percent(r.harmed.Limit))
	}
	for i, p := range r.plan.Journeys { // which may be what harmed them
		why = append(why, r.heldUp(p, &r.journeys[i])...)
	}
	return why
}
