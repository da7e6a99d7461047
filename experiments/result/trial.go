package result

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/stats"
	"github.com/blastgauge/blastgauge/injectors"
)

// result measures and judges one experiment.
func (t *trial) result(f *fold) Experiment {
	p := t.plan
	e := Experiment{
		ID: p.ID, Title: p.Title, Hypothesis: p.Hypothesis, IfRefuted: p.IfRefuted, File: p.File, Line: p.Line,
		Warnings: slices.Clone(p.Warnings), Digests: Digests(p.Digests),
		Limits:   Limits{p.Limits.BlastRadius, seconds(p.Limits.Recovery), p.Limits.Baseline},
		Criteria: []Criterion{}, Journeys: []Journey{}, Faults: []Fault{}, Invariants: t.invariants(),
		Phases: t.phaseRows(f), Lateness: lateness(&t.late),
	}
	if t.trip != nil {
		e.Guardrail = &Guardrail{true, cmp.Or(t.trip.Guardrail, "blast_radius"), t.trip.At, t.trip.Value, t.trip.Limit, t.trip.Detail}
	}
	why := facts{notRun: t.notRun(f)}
	shifted := t.measured() && t.shifted()
	for _, rec := range t.faults {
		e.Faults = append(e.Faults, t.fault(rec, shifted))
	}
	if t.measured() {
		t.measure(&e)
		e.Amplification, e.Spread = t.amplification(f.plan.System.Dependencies), t.spread()
		why.invalid, why.grade = t.invalid(&e), weakest(e.Faults)
		why.criteria = e.Criteria
	} else if why.notRun == nil {
		why.notRun = &reason{ReasonNoFault, "it ended before its fault was in force and removed"}
	}
	verdict, reasons := judge(why)
	e.Verdict = verdict
	e.explain(reasons)
	e.Events = t.events(&e)
	return e
}

func (t *trial) measure(e *Experiment) {
	for i := range t.plan.Journeys {
		j := t.journey(i)
		if b := j.BlastRadius; b != nil && b.Control == ContaminatedControl {
			e.Warnings = append(e.Warnings, fmt.Sprintf("control contaminated: the control arm of %s was harmed by the fault as well, so the baseline is the control", j.Name))
		}
		if b, n := j.BlastRadius, j.smallerArm(); b != nil && b.Effective < float64(n)/2 {
			e.Warnings = append(e.Warnings, fmt.Sprintf("harm of %s comes in bursts: %s journeys per arm say as much as %s independent ones", j.Name, figures.Count(n), figures.Count(int(b.Effective))))
		}
		e.Journeys = append(e.Journeys, j)
	}
	e.BlastRadius = headline(e.Journeys)
	switch b := e.BlastRadius; {
	case b == nil || b.Control != BaselineControl:
	case b.Method == methods[stats.Repeated]:
		e.Warnings = append(e.Warnings, fmt.Sprintf("there is no concurrent control arm: control and fault took turns %d times, which balances what changes steadily and nothing else", b.Batches))
	default:
		e.Warnings = append(e.Warnings, "the control is the baseline before the fault, not a concurrent arm: what else changed meanwhile counts as the fault's")
	}
	e.Recovery = t.recovery()
	e.Criteria = append(e.Criteria, t.criteria(e)...)
}

// notRun is why an experiment has no verdict of its own; nil if it has.
func (t *trial) notRun(f *fold) *reason {
	started := t.start.Kind != ""
	switch {
	case !started && f.signal != "":
		return &reason{ReasonInterrupted, "the run was interrupted before it"}
	case !started && f.stop != "":
		return &reason{ReasonSuiteStopped, "the suite stopped before it: " + f.stop}
	case !started:
		return &reason{ReasonRunEnded, "the run ended before it"}
	case t.end == nil:
		return &reason{ReasonRunDied, "the run died in the middle of it"}
	case t.end.Error != "" && f.signal != "":
		return &reason{ReasonInterrupted, "interrupted"}
	case t.end.Error != "" && t.unremoved():
		return nil // it was measured; that a fault stayed makes it invalid
	case t.end.Error != "":
		return &reason{ReasonFailed, strings.TrimPrefix(t.end.Error, t.plan.ID+": ")} // whose it is stands beside it
	}
	return nil
}

func (t *trial) unremoved() bool {
	return slices.ContainsFunc(t.faults, func(f *faultRecord) bool { return f.dangling() })
}

func (t *trial) fault(rec *faultRecord, shifted bool) Fault {
	p := rec.plan
	kind, _ := injectors.Lookup(p.Inject)
	f := Fault{
		Name: p.Name, Inject: p.Inject, Into: p.Into, Proxy: p.Proxy, Attributes: p.Attributes, Share: p.Share,
		Description: kind.Describe(p.Bare()), Exercised: t.exercised(rec, shifted),
		Intended: rec.intended != nil,
	}
	for _, d := range rec.evidence.Documents {
		f.Documents = append(f.Documents, Mutated(d))
	}
	f.Passed = rec.evidence.Passed
	if f.Attributes == nil {
		f.Attributes = map[string]any{}
	}
	if rec.injected != nil {
		f.Injected = rec.injected.At
	}
	if rec.removed != nil {
		f.Removed, f.RemovalVerified = rec.removed.At, rec.removed.Verified
	}
	return f
}

func (t *trial) phaseRows(f *fold) []Phase {
	rows := []Phase{}
	for i, e := range t.phases {
		to := f.last
		if t.end != nil {
			to = *t.end
		}
		if i+1 < len(t.phases) {
			to = t.phases[i+1]
		}
		rows = append(rows, Phase{string(e.Phase), e.At, to.At, seconds(e.Since - t.start.Since), seconds(to.Since - t.start.Since)})
	}
	return rows
}

// events tells the story of the experiment in the order of time.
func (t *trial) events(e *Experiment) []Event {
	list := []Event{}
	tell := func(ev *journal.Event, format string, args ...any) {
		if ev != nil {
			list = append(list, Event{ev.At, seconds(ev.Since - t.start.Since), fmt.Sprintf(format, args...)})
		}
	}
	for i, f := range t.faults {
		what := fmt.Sprintf("%s into %s", e.Faults[i].Description, f.plan.Into)
		tell(f.injected, "fault injected and read back: %s", what)
		switch {
		case f.removed != nil && f.removed.Verified:
			tell(f.removed, "fault removed and read back as gone: %s", what)
		case f.removed != nil:
			tell(f.removed, "FAULT NOT REMOVED: %s: %s", what, f.removed.Error)
		}
	}
	tell(t.trip, "guardrail tripped: %s", detail(t.trip))
	tell(t.vanished, "fault vanished: %s", detail(t.vanished))
	if r := e.Recovery; r != nil && !r.Censored && t.measured() {
		at := t.when.removed + time.Duration(r.Seconds*float64(time.Second))
		wall := t.start.At.Add(at - t.start.Since)
		when := "at once"
		if r.Seconds >= 0.05 {
			when = fmt.Sprintf("%.1f s after the removal", r.Seconds)
		}
		list = append(list, Event{wall, seconds(at - t.start.Since), "harm back at the control's level, " + when})
	}
	slices.SortStableFunc(list, func(a, b Event) int { return cmp.Compare(a.Second, b.Second) })
	return list
}

func detail(e *journal.Event) string {
	if e == nil {
		return ""
	}
	return e.Detail
}
