package result

import (
	"fmt"
	"math"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// facts are all that a verdict depends on.
type facts struct {
	notRun   *reason  // why it did not run to its end; nil if it did
	invalid  []reason // why its measurement cannot be trusted
	grade    Grade
	criteria []Criterion
}

// judge is the verdict table: the first row that matches wins.
func judge(f facts) (Verdict, []reason) {
	refuted := reasonsOf(f.criteria, Refuted)
	undecided := reasonsOf(f.criteria, Inconclusive)
	switch {
	case f.notRun != nil:
		return NotRun, []reason{*f.notRun}
	case len(f.invalid) > 0:
		return Invalid, f.invalid
	case len(refuted) > 0 && (f.grade == GradeCounted || f.grade == GradeObserved):
		return Refuted, refuted
	case len(refuted) == 0 && len(undecided) == 0 && f.grade == GradeCounted:
		return Held, reasonsOf(f.criteria, Held)
	}
	reasons := append(refuted, undecided...)
	if f.grade != GradeCounted && len(reasons) == 0 {
		reasons = append(reasons, reason{ReasonNotCounted, fmt.Sprintf("no harm beyond the limits, but the fault is only %s, not counted: use blastgauge proxy, which counts what a fault meets", f.grade)})
	} else if f.grade == GradeProbed {
		reasons = append(reasons, reason{ReasonOnlyProbed, "only our own probe met the fault: nothing shows that a journey did"})
	}
	return Inconclusive, reasons
}

// reasonsOf are those of the criteria with a verdict.
func reasonsOf(criteria []Criterion, v Verdict) []reason {
	var list []reason
	for _, c := range criteria {
		if c.Verdict == v {
			list = append(list, reason{c.Code, c.Detail})
		}
	}
	return list
}

// reasons collects why a measurement cannot be trusted.
type reasons []reason

func (r *reasons) add(code ReasonCode, format string, args ...any) {
	*r = append(*r, reason{code, fmt.Sprintf(format, args...)})
}

// invalid lists why a measurement cannot be trusted, most telling first.
func (t *trial) invalid(e *Experiment) []reason {
	var why reasons
	if t.vanished != nil {
		why.add(ReasonFaultVanished, "the fault vanished in the middle: %s", t.vanished.Detail)
	}
	for i := range e.Faults {
		if x := e.Faults[i].Exercised; x.Grade == GradeNo {
			why.add(ReasonNotExercised, "fault not exercised: %s into %s: %s", e.Faults[i].Inject, e.Faults[i].Into, x.Note)
		}
		if !e.Faults[i].RemovalVerified {
			why.add(ReasonRemovalUnverified, "the removal of %s from %s could not be verified", e.Faults[i].Inject, e.Faults[i].Into)
		}
	}
	for i, j := range t.plan.Journeys {
		why = append(why, invalidJourney(j, &t.seen[i], t.plan.Arms(), t.trip != nil, e.Limits.Baseline)...)
	}
	return why
}

func invalidJourney(j plan.Journey, s *seen, arms []plan.Arm, tripped bool, limit float64) []reason {
	var why reasons
	for _, arm := range arms {
		before := s.before[arm].Counts
		if w := stats.Wilson(before.harm()); before.Journeys > 0 && w.Low > limit {
			why.add(ReasonBaselineHarmed, "%s: %s of the %s arm were harmed already before the fault (%d of %d; at most %s allowed)",
				j.Name, percent(w.Estimate), arm, before.Harmed(), before.Journeys, percent(limit))
		}
	}
	if late := lateness(&s.late); late != nil && late.P99 > 0.1*j.SlowAfter.Seconds() {
		why.add(ReasonTooBusy, "%s: traffic was late: one journey in a hundred started %.0f ms or more after its time (at most 10%% of slow_after allowed): this machine is too busy",
			j.Name, late.P99*1000)
	}
	if shed := s.ctrl.FailedBy.Shed; shed > 0 {
		why.add(ReasonControlShed, "%s: %d journeys of the control could not be started: too many were in flight", j.Name, shed)
	}
	if fault, ctrl := s.fault.Journeys, s.ctrl.Journeys; !tripped && min(fault, ctrl) < few {
		why.add(ReasonTooFewJourneys, "%s: too few journeys: %d in the fault arm and %d in the control, at least %d are needed in each", j.Name, fault, ctrl, few)
	}
	if len(arms) > 1 {
		if d := s.apart.difference(); d.Low > tolerance || d.High < -tolerance {
			why.add(ReasonArmsDiffer, "%s: the arms differ already before the fault: %s harmed in the fault arm, %s in control",
				j.Name, percent(s.before[plan.FaultArm].harm().Share()), percent(s.before[plan.ControlArm].harm().Share()))
		}
	}
	return why
}

// criteria are the things that had to be true, in the order of reports.
func (t *trial) criteria(e *Experiment) []Criterion {
	var list []Criterion
	for i := range e.Journeys {
		c := journeyCriterion(&e.Journeys[i])
		e.Journeys[i].Verdict = c.Verdict
		list = append(list, c)
	}
	if t.trip != nil {
		list = append(list, guardrailCriterion(e.Guardrail))
	}
	if e.Limits.Recovery > 0 {
		list = append(list, recoveryCriterion(e.Recovery, e.Limits.Recovery))
	}
	for i := range e.Invariants {
		list = append(list, invariantCriterion(&e.Invariants[i]))
	}
	return list
}

func journeyCriterion(j *Journey) Criterion {
	c := newCriterion(JourneyCriterion, j.Name, "≤ "+percent(j.Limit))
	b := j.BlastRadius
	if b == nil {
		c.decide(Inconclusive, ReasonNotMeasured, j.Name+": nothing was measured")
		return c
	}
	c.Measured = share(*b)
	switch {
	case b.Low > j.Limit && b.Control == ContaminatedControl:
		// Either the control meets the fault, or something else harmed both arms, such
		// as a restart: no arithmetic tells the two apart.
		c.decide(Inconclusive, ReasonControlContaminated, fmt.Sprintf("control contaminated: %s of %s were harmed beyond the baseline, and the control arm was harmed meanwhile as well: by the fault, or both by something else", c.Measured, j.Name))
	case b.Low > j.Limit:
		c.decide(Refuted, ReasonHarmful, fmt.Sprintf("the fault harms %s of %s, limit %s", c.Measured, j.Name, percent(j.Limit)))
	case b.High <= j.Limit:
		c.decide(Held, ReasonHarmless, fmt.Sprintf("the fault harms at most %s of %s, limit %s", percent(b.High), j.Name, percent(j.Limit)))
	default:
		c.decide(Inconclusive, ReasonHarmUndecided, fmt.Sprintf("%s: the interval, %s to %s, contains the limit of %s: %s", j.Name, points(max(b.Low, 0)), percent(b.High), percent(j.Limit), settle(j)))
	}
	return c
}

// settle says what would decide an undecided limit.
func settle(j *Journey) string {
	b := j.BlastRadius
	gap := j.Limit - b.Estimate
	if gap < 0 {
		gap = -gap
	}
	have := j.Arms.Fault.Journeys
	need := stats.Needed(max(b.Estimate, 0), gap)
	if i := b.Independent; i != nil && i.High > i.Low { // where journeys are not independent it takes more of them
		need = int(float64(need) * math.Pow((b.High-b.Low)/(i.High-i.Low), 2))
	}
	if gap > 0 && need < 1_000_000 {
		return fmt.Sprintf("about %s journeys per arm instead of %s would settle it, if the estimate stays", figures.Count(max(need, have+1)), figures.Count(have))
	}
	return "the estimate is too close to the limit to be settled by more journeys"
}

func guardrailCriterion(g *Guardrail) Criterion {
	c := newCriterion(GuardrailCriterion, "", percent(g.Limit))
	c.Measured = percent(g.Value)
	if g.Kind == "probe" {
		c.Limit, c.Measured = fmt.Sprintf("< %g wrong answers in a row", g.Limit), fmt.Sprintf("%g", g.Value)
	}
	c.decide(Refuted, ReasonGuardrailTripped, "guardrail tripped: "+g.Detail)
	return c
}

func recoveryCriterion(r *Recovery, limit float64) Criterion {
	c := newCriterion(RecoveryCriterion, "", fmt.Sprintf("≤ %g s", limit))
	if r == nil {
		c.decide(Inconclusive, ReasonRecoveryNotWatched, "recovery was not watched: the recovery phase is too short")
		return c
	}
	c.Measured = fmt.Sprintf("%.1f s", r.Seconds)
	if r.Censored {
		c.Measured = "> " + c.Measured
	}
	switch {
	case r.Censored && r.Metastable && r.Seconds >= limit:
		c.decide(Refuted, ReasonNotRecovered, fmt.Sprintf("not recovered after %.1f s, limit %g s: harm goes on although the fault is proven gone", r.Seconds, limit))
	case r.Censored && r.Harmed > limit:
		c.decide(Refuted, ReasonNotRecovered, fmt.Sprintf("not recovered after %.1f s, limit %g s", r.Harmed, limit))
	case r.Censored && r.Metastable:
		c.decide(Inconclusive, ReasonRecoveryUndecided, fmt.Sprintf("harm was not back at the control's level within the %.1f s that were watched: a longer recovery phase would settle it", r.Seconds))
	case r.Censored:
		c.decide(Inconclusive, ReasonRecoveryUndecided, fmt.Sprintf("no harm is proven later than %.1f s after the removal, but too few journeys came after it to show that harm is back at the control's level: a longer recovery phase would settle it", r.Harmed))
	case r.Seconds > limit:
		c.decide(Refuted, ReasonRecoveredLate, fmt.Sprintf("recovery takes %.1f s, limit %g s", r.Seconds, limit))
	default:
		c.decide(Held, ReasonRecovered, fmt.Sprintf("recovery takes %.1f s, limit %g s", r.Seconds, limit))
	}
	return c
}

// share writes a blast radius: where the interval includes zero the upper bound
// is all that is known.
func share(b BlastRadius) string {
	if b.Low <= 0 {
		return "at most " + percent(b.High)
	}
	return fmt.Sprintf("%s (95%% interval %s to %s)", percent(b.Estimate), points(b.Low), percent(b.High))
}

// percent writes a share as people write limits: 5%, 0.5%.
func percent(share float64) string { return figures.ShortPercent(share, 1) }

// points writes a share in percent without the sign, for the first of two.
func points(share float64) string { return figures.Short(share*100, 1) }
