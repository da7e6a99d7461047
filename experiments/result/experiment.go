package result

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors"
)

// result measures and judges one experiment.
func (r *experimentRun) result(f *fold) Experiment {
	p := r.plan
	e := Experiment{
		ID: p.ID, Title: p.Title, Hypothesis: p.Hypothesis, Owner: p.Owner, IfRefuted: p.IfRefuted, File: p.File, Line: p.Line,
		Warnings: slices.Clone(p.Warnings), Past: past(p.Past), SharedControl: p.SharedControl, Digests: Digests(p.Digests),
		Limits:   Limits{p.Limits.BlastRadius, seconds(p.Limits.Recovery), p.Limits.Baseline},
		Criteria: []Criterion{}, Journeys: []Journey{}, Faults: []Fault{}, Invariants: r.invariants(),
		Phases: r.phaseRows(f), Lateness: r.late.lateness(), Outages: r.outages(), Measured: r.measuredBy(), Generator: r.generator(),
	}
	if s := f.plan.System.Alerts; s != nil {
		e.Alerts = r.alertRows(s.Kind())
	}
	e.Warnings = append(e.Warnings, r.missingWarnings()...)
	e.Warnings = append(e.Warnings, alertWarnings(e.Alerts)...)
	e.Warnings, e.SharedBaseline = append(e.Warnings, settledItself(e.Invariants)...), r.sharedRow()
	e.Warnings = append(e.Warnings, r.sharedWarnings()...)
	if r.trip != nil {
		e.Guardrail = &Guardrail{true, cmp.Or(r.trip.Guardrail, "blast_radius"), r.trip.At, r.trip.Value, r.trip.Limit, r.trip.Detail}
	}
	why := facts{notRun: r.notRun(f)}
	shifted := r.measured() && r.shifted()
	for _, rec := range r.faults {
		e.Faults = append(e.Faults, r.fault(rec, shifted))
	}
	e.Warnings = append(e.Warnings, partialWarnings(e.Faults)...)
	switch {
	case r.measured():
		for i, rec := range r.faults {
			r.gradeSparse(&e.Faults[i].Exercised, rec, f.plan.System.Dependencies)
		}
		r.measure(&e)
		e.Amplification, e.Spread = r.amplification(f.plan.System.Dependencies), r.spread()
		e.Warnings = append(e.Warnings, r.measuredWarnings()...)
		why.invalid, why.grade, why.sparse = r.distrust(&e), weakestGrade(e.Faults), hardlyMet(e.Faults)
		why.criteria, why.cut = e.Criteria, r.interruption()
		why.command = slices.ContainsFunc(r.faults, func(f *faultRecord) bool { return f.plan.ByCommand() })
	case r.harmed != nil && why.notRun == nil:
		r.measureBaseline(&e)
		why.invalid = append(r.distrustJourneys(), r.baselineHarmed(&e)...)
	case why.notRun == nil && len(r.distrustJourneys()) > 0:
		why.invalid = r.distrustJourneys() // which ended it before its fault was in force
	case why.notRun == nil:
		why.notRun = &reason{ReasonNoFault, "it ended before its fault was in force and removed"}
	}
	verdict, reasons := judge(why)
	e.Verdict = verdict
	if died := e.died(); died != nil && verdict != NotRun {
		reasons = append([]reason{*died}, reasons...)
	}
	e.explain(reasons)
	e.voidNumbers(why.invalid)
	e.Events = r.events(&e)
	return e
}

// measure fills in what was measured, and the criteria that it is judged by.
func (r *experimentRun) measure(e *Experiment) {
	for i := range r.plan.Journeys {
		j := r.journey(i)
		e.Warnings = append(e.Warnings, journeyWarnings(&j)...)
		e.Journeys = append(e.Journeys, j)
	}
	e.BlastRadius = headline(e.Journeys)
	switch b := e.BlastRadius; {
	case b == nil || b.Control != BaselineControl:
	case b.TookTurns():
		e.Warnings = append(e.Warnings, fmt.Sprintf("there is no concurrent control arm: control and fault took turns %d times, which balances what changes steadily and nothing else", b.Batches))
	case b.Beside != nil:
		e.Warnings = append(e.Warnings, fmt.Sprintf("there is no concurrent control arm: %s, which never need what is broken, are the control, and what else changed meanwhile for %s alone counts as the fault's", figures.List(b.Beside, "and"), b.Journey))
	case b.HasSecondControl():
		e.Warnings = append(e.Warnings, "there is no concurrent control arm: the time before and after the fault is the control, which balances what changes in a straight line and nothing else")
	default:
		e.Warnings = append(e.Warnings, "the control is the baseline before the fault, not a concurrent arm: what else changed meanwhile counts as the fault's")
	}
	e.Warnings = append(e.Warnings, r.sparedFaults()...)
	e.Saturation = r.saturation()
	e.Recovery = r.slowestRecovery(e.Journeys)
	if later := describeLater(e.Recovery); later != "" {
		e.Warnings = append(e.Warnings, later)
	}
	e.Criteria = append(e.Criteria, r.criteria(e)...)
}

// journey is what was measured of journey i.
func (r *experimentRun) journey(i int) Journey {
	p, j := r.plan.Journeys[i], &r.journeys[i]
	out := Journey{
		Name: p.Name, Rate: p.Rate, Limit: p.Limit, SlowAfter: seconds(p.SlowAfter),
		Arms:     Arms{Fault: j.fault.Counts},
		Baseline: Arms{Fault: j.before[plan.FaultArm].Counts},
		Steps:    j.steps.rows(r.widened(j)),
		Series:   j.series[plan.FaultArm].series(),
	}
	if r.plan.Measured() {
		out.SlowAfter = 0 // how far scrapes are apart, and no budget
	}
	if r.plan.Control == plan.Concurrent {
		out.Arms.Control, out.Baseline.Control = &j.during.Counts, &j.before[plan.ControlArm].Counts
		out.Series.Control = j.series[plan.ControlArm].rows()
	}
	out.LatencyBounds = r.latencyBounds(p, j)
	out.Causes = r.causeRows(&j.causes, out.Arms.Control != nil)
	j.timing.fillLatency(&out)
	out.Latency.Ratio, out.Ended = j.batched.ratios(r.plan.Seed), j.endings.row()
	if j.inFlight.Journeys > 0 {
		out.InFlight = &j.inFlight
	}
	if j.released.Journeys > 0 {
		out.Released = &j.released.Counts
	}
	if j.fault.Journeys > 0 && j.control.Journeys > 0 {
		out.BlastRadius = r.blastRadius(p, j)
		j.seconds.concurrent = out.BlastRadius.Control != BaselineControl || out.BlastRadius.Beside != nil
		out.Episodes = j.seconds.episodes()
	}
	return out
}

// journeyWarnings are what a reader of a blast radius should know.
func journeyWarnings(j *Journey) (list []string) {
	b := j.BlastRadius
	if b == nil {
		return nil
	}
	if b.Control == ContaminatedControl {
		list = append(list, "control contaminated: "+describeSpillOver(j))
	}
	switch {
	case b.HarmSpread:
		list = append(list, fmt.Sprintf("%s: harm of steps before any that needs what is broken grew as well, so all of its harm counts", j.Name))
	case b.CountedAt != nil:
		list = append(list, fmt.Sprintf("%s: harm counts from step %s on, the first that needs what is broken: of all steps it is %s", j.Name, b.CountedAt[0], describeAmount(*b.AllHarm)))
	}
	if a := b.ArmsBefore; a != nil {
		list = append(list, describeArms(j.Name, *a))
	}
	if j.fewEpisodes() {
		list = append(list, fmt.Sprintf("%s: %s", j.Name, describeEpisodes(j)))
	}
	if n := j.smallerArm(); b.Effective < float64(n)/2 {
		list = append(list, fmt.Sprintf("harm of %s comes in bursts: %s journeys per arm say as much as %s independent ones", j.Name, figures.Count(n), figures.Count(int(b.Effective))))
	}
	return list
}

// notRun is why an experiment has no verdict of its own; nil if it has.
func (r *experimentRun) notRun(f *fold) *reason {
	started := r.start.Kind != ""
	switch {
	case !started && len(f.preflight) > 0:
		return &reason{ReasonPreflight, "nothing was injected, because the system did not work already: " + strings.Join(f.preflight, "; ")}
	case !started && f.skipped(r) != nil:
		return f.skipped(r)
	case !started && f.interrupt != nil:
		return &reason{ReasonInterrupted, "the run was interrupted before it"}
	case !started && f.stop != "":
		return &reason{ReasonSuiteStopped, "the suite stopped before it: " + f.stop}
	case !started:
		return &reason{ReasonRunEnded, "the run ended before it"}
	case r.end == nil:
		return &reason{ReasonRunDied, "the run " + r.fate.verb() + " in the middle of it"}
	case r.cut != nil && r.measured():
		return nil // what was measured until then counts
	case r.cut != nil:
		return &reason{ReasonInterrupted, "interrupted before its fault had been in force"}
	case r.end.Error != "" && r.unremoved():
		return nil // it was measured; that a fault stayed makes it invalid
	case r.end.Error != "":
		return &reason{ReasonFailed, r.failure()}
	}
	return nil
}

// failure is the error that ended the experiment. Whose it is stands beside it.
func (r *experimentRun) failure() string {
	return strings.TrimPrefix(r.end.Error, r.plan.ID+": ")
}

// unremoved reports whether a fault may still be in force.
func (r *experimentRun) unremoved() bool {
	return slices.ContainsFunc(r.faults, func(f *faultRecord) bool { return f.dangling() })
}

// fault is one fault with the evidence that it was there and is gone.
func (r *experimentRun) fault(rec *faultRecord, shifted bool) Fault {
	p := rec.plan
	kind, _ := injectors.Lookup(p.Inject)
	f := Fault{
		Name: p.Name, Inject: p.Inject, Into: p.Into, Proxy: p.Proxy, Attributes: p.Attributes, Share: p.Share,
		Description: kind.Describe(p.Bare()), Exercised: r.exercised(rec, shifted),
		Intended: rec.intended != nil,
	}
	for _, d := range rec.evidence.Documents {
		f.Documents = append(f.Documents, Mutated(d))
	}
	f.Passed = rec.evidence.Passed
	f.addInstances(rec.evidence)
	f.Caveats = kind.CaveatsFor(p.Attributes)
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

// phaseRows are the phases that began. The last ends with the experiment, or with the
// journal of a run that died.
func (r *experimentRun) phaseRows(f *fold) []Phase {
	rows := []Phase{}
	for i, e := range r.phases {
		to := f.last
		if r.end != nil {
			to = *r.end
		}
		if i+1 < len(r.phases) {
			to = r.phases[i+1]
		}
		rows = append(rows, Phase{string(e.Phase), e.At, to.At, seconds(e.Since - r.start.Since), seconds(to.Since - r.start.Since)})
	}
	return rows
}

// events are what happened in the experiment, for people, in the order of time.
func (r *experimentRun) events(e *Experiment) []Event {
	list := []Event{}
	add := func(ev *journal.Event, format string, args ...any) {
		if ev != nil {
			list = append(list, Event{ev.At, seconds(ev.Since - r.start.Since), fmt.Sprintf(format, args...)})
		}
	}
	for i, f := range r.faults {
		what := fmt.Sprintf("%s into %s", e.Faults[i].Description, f.plan.Into)
		add(f.injected, "fault injected and read back: %s", what)
		switch {
		case f.removed != nil && f.removed.Verified && f.undone():
			add(f.removed, "fault removed by another process, and read back as gone: %s", what)
		case f.removed != nil && f.removed.Verified:
			add(f.removed, "fault removed and read back as gone: %s", what)
		case f.removed != nil:
			add(f.removed, "FAULT NOT REMOVED: %s: %s", what, f.removed.Error)
		}
	}
	if r.own != nil {
		add(r.own, "it measures its own baseline: %s", r.own.Detail)
	}
	add(r.harmed, "the baseline is harmed beyond its limit: the fault is not injected")
	for i := range r.turns {
		add(&r.turns[i].event, "the fault touches %s of the journeys", figures.ShortPercent(r.turns[i].Share, 2))
	}
	if r.trip != nil {
		add(r.trip, "guardrail tripped: %s", r.trip.Detail)
	}
	if r.vanished != nil {
		add(r.vanished, "fault vanished: %s", r.vanished.Detail)
	}
	if r.cut != nil {
		add(r.cut, "the run was interrupted")
	}
	if took := e.Recovery.Took(); took != nil && r.measured() {
		list = append(list, r.recoveryEvent(*took))
	}
	list = append(list, e.outageEvents()...)
	list = append(list, alertEvents(e.Alerts)...)
	slices.SortStableFunc(list, func(a, b Event) int { return cmp.Compare(a.Second, b.Second) })
	return list
}

// recoveryEvent is that harm was back at the control's level so many seconds after
// the removal.
func (r *experimentRun) recoveryEvent(after float64) Event {
	at := r.moments.removed + time.Duration(after*float64(time.Second))
	when := "at once"
	if after >= 0.05 {
		when = fmt.Sprintf("%.1f s after the removal", after)
	}
	since := at - r.start.Since
	return Event{r.start.At.Add(since), seconds(since), "harm back at the control's level, " + when}
}
