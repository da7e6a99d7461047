package result

import (
	"fmt"
	"math"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// criteria are the things that had to be true, in the order of reports.
func (r *experimentRun) criteria(e *Experiment) []Criterion {
	var list []Criterion
	for i := range e.Journeys {
		c := journeyCriterion(&e.Journeys[i])
		if b := e.Journeys[i].BlastRadius; b != nil {
			r.doubtCounted(i, &c, b.High)
		}
		e.Journeys[i].Verdict = c.Verdict
		list = append(list, c)
	}
	if r.trip != nil {
		list = append(list, guardrailCriterion(e.Guardrail, r.plan.Control))
	}
	if rec := e.Recovery; e.Limits.Recovery > 0 || rec != nil && (rec.SystemHarmed || rec.Worse) {
		list = append(list, recoveryCriterion(rec, e.Limits.Recovery, r.cut != nil))
	}
	for i := range e.Invariants {
		list = append(list, invariantCriterion(&e.Invariants[i]))
	}
	return append(list, r.alertCriteria(e.Alerts)...)
}

// journeyCriterion judges the blast radius of a journey by its limit.
func journeyCriterion(j *Journey) Criterion {
	c := newCriterion(JourneyCriterion, j.Name, "≤ "+percent(j.Limit))
	b := j.BlastRadius
	if b == nil {
		c.decide(Inconclusive, ReasonNotMeasured, j.Name+": nothing was measured")
		return c
	}
	c.Measured = describeRadius(*b)
	few := j.smallerArm() < leastJourneys
	switch {
	case b.Low > j.Limit && b.Control == ContaminatedControl:
		c.decide(Refuted, ReasonHarmful, fmt.Sprintf("the fault harms %s of %s at least, against the control, which was harmed as well, and at most %s, against the baseline, limit %s", lowerPercent(b.Low), j.Name, upperPercent(b.High), percent(j.Limit)))
	case b.Low > j.Limit:
		c.decide(Refuted, ReasonHarmful, fmt.Sprintf("the fault harms %s of %s, limit %s", c.Measured, j.Name, percent(j.Limit)))
	case b.High <= j.Limit && !few && j.fewEpisodes():
		c.decide(Inconclusive, ReasonFewEpisodes, fmt.Sprintf("%s: %s: a longer fault phase would tell", j.Name, describeEpisodes(j)))
	case b.High <= j.Limit && !few:
		c.decide(Held, ReasonHarmless, fmt.Sprintf("the fault harms at most %s of %s, limit %s", upperPercent(b.High), j.Name, percent(j.Limit)))
	case b.Control == ContaminatedControl:
		// Either the control meets the fault, or something else harmed both arms, such
		// as a restart: no arithmetic tells the two apart.
		c.decide(Inconclusive, ReasonControlContaminated, fmt.Sprintf("control contaminated: %s, limit %s", describeSpillOver(j), percent(j.Limit)))
	case few:
		c.decide(Inconclusive, ReasonTooFewJourneys, fmt.Sprintf("%s: too few journeys: %d in the fault arm and %d in the control, at least %d are needed in each: %s harmed, limit %s", j.Name, j.Arms.Fault.Journeys, j.Against().Journeys, leastJourneys, c.Measured, percent(j.Limit)))
	default:
		c.decide(Inconclusive, ReasonHarmUndecided, fmt.Sprintf("%s: the interval, %s to %s, contains the limit of %s: %s", j.Name, points(max(b.Low, 0)), percent(b.High), percent(j.Limit), journeysToDecide(j)))
	}
	return c
}

// NeededToSettle is about how many journeys per arm would show in four of five runs on which
// side of its limit the blast radius is, wherever its interval lets it be. How many a fault
// that harms nobody takes is another question, which a plan answers. It is false where no
// number that a run can have would.
func (j *Journey) NeededToSettle() (perArm int, possible bool) {
	b := j.BlastRadius
	if b == nil || j.Arms.Fault.Journeys == 0 {
		return 0, false
	}
	need := stats.NeededToSettle(stats.Interval{Estimate: b.Estimate, Low: b.Low, High: b.High}, j.Arms.Fault.Journeys, j.Limit)
	return need, need < 1_000_000
}

// journeysToDecide says how many journeys would decide an undecided limit.
func journeysToDecide(j *Journey) string {
	if need, possible := j.NeededToSettle(); possible {
		return fmt.Sprintf("about %s journeys per arm instead of %s would settle it, wherever in the interval the truth is", figures.Count(need), figures.Count(j.Arms.Fault.Journeys))
	}
	return "the estimate is too close to the limit to be settled by more journeys"
}

// guardrailCriterion is the criterion of a guardrail that tripped. Without a concurrent
// control a window of a few seconds is compared with the baseline: that stops more than
// it must, so it ends the measurement and refutes nothing. The blast radius may.
func guardrailCriterion(g *Guardrail, control plan.Control) Criterion {
	c := newCriterion(GuardrailCriterion, "", percent(g.Limit))
	c.Measured = percent(g.Value)
	if g.Kind == "probe" {
		c.Limit, c.Measured = fmt.Sprintf("< %g wrong answers in a row", g.Limit), fmt.Sprintf("%g", g.Value)
	}
	if control != plan.Concurrent && g.Kind != "probe" {
		c.decide(Inconclusive, ReasonGuardrailTripped, "guardrail tripped: "+g.Detail+": the fault was stopped early, by a window of a few seconds against the baseline, which stops more than it must")
		return c
	}
	c.decide(Refuted, ReasonGuardrailTripped, "guardrail tripped: "+g.Detail)
	return c
}

// recoveryCriterion judges a recovery, which is nil if it was not watched, as where the
// run was cut, by its limit in seconds; 0: there is none, and only that the system came
// back is judged.
func recoveryCriterion(r *Recovery, limit float64, cut bool) Criterion {
	c := newCriterion(RecoveryCriterion, "", fmt.Sprintf("≤ %g s", limit))
	if limit == 0 {
		c.Limit = "back as before the fault"
	}
	switch {
	case r == nil && cut:
		c.decide(Inconclusive, ReasonRecoveryNotWatched, "recovery was not watched: the run was interrupted")
		return c
	case r == nil:
		c.decide(Inconclusive, ReasonRecoveryNotWatched, "recovery was not watched: the recovery phase is too short")
		return c
	case r.SystemHarmed:
		c.Measured = "not back"
		c.decide(Inconclusive, ReasonSystemNotBack, "the system has not come back since the fault: at the end both arms are harmed more than each was before it")
		return c
	case r.Unharmed && r.Worse:
		c.Measured = "worse"
		c.decide(Inconclusive, ReasonSystemNotBack, "the system is harmed more, after the removal, than it was before the fault: by the fault, or by something else")
		return c
	case r.Unharmed:
		c.Measured = "no harm"
		c.decide(Held, ReasonNothingToRecover, "no harm by the fault was shown, so there is nothing to recover from")
		return c
	}
	c.Measured = fmt.Sprintf("%.1f s", r.AtLeast())
	switch {
	case r.Censored && r.AtLeast() == 0:
		c.Measured = "unknown"
	case r.Censored:
		c.Measured = "> " + c.Measured
	}
	verdict, code, detail := judgeRecovery(r, limit)
	if r.Worse {
		detail += "; at the end the fault arm is harmed more than it was before the fault"
	}
	c.decide(verdict, code, detail)
	return c
}

// describeLater says that something was bad after the system had come back. It is empty
// where nothing was.
func describeLater(r *Recovery) string {
	if r == nil || r.Later == 0 {
		return ""
	}
	return fmt.Sprintf("something was bad at +%.0f s after the removal: the fault's or not, a second route would tell", r.Later)
}

// LaterHides reports whether something that was bad later is why a recovery is not shown.
func (r *Recovery) LaterHides() bool { return r.Censored && !r.Metastable && r.Later > 0 }

// judgeRecovery judges the recovery from harm that was shown.
func judgeRecovery(r *Recovery, limit float64) (Verdict, ReasonCode, string) {
	switch {
	case limit == 0 && r.Censored:
		return Inconclusive, ReasonRecoveryUndecided, fmt.Sprintf("the system is not shown to be as it was before the fault within the %.1f s that were watched", r.Seconds)
	case limit == 0:
		return Held, ReasonRecovered, fmt.Sprintf("recovery takes %.1f s", r.Seconds)
	case r.Censored && r.Metastable && r.isLate(limit):
		return Refuted, ReasonNotRecovered, fmt.Sprintf("not recovered after %.1f s, limit %g s: harm goes on although the fault is proven gone", r.Seconds, limit)
	case r.Censored && r.isLate(limit):
		return Refuted, ReasonNotRecovered, fmt.Sprintf("not recovered after %.1f s, limit %g s", r.Harmed, limit)
	case r.Censored && r.Metastable:
		return Inconclusive, ReasonRecoveryUndecided, fmt.Sprintf("harm was not back at the control's level within the %.1f s that were watched: a longer recovery phase would settle it", r.Seconds)
	case r.LaterHides():
		return Inconclusive, ReasonRecoveryUndecided, fmt.Sprintf("no harm is proven later than %.1f s after the removal, but too few journeys came between it and what was bad at +%.0f s to show that harm was back at the control's level: another run would tell", r.Harmed, r.Later)
	case r.Censored:
		return Inconclusive, ReasonRecoveryUndecided, fmt.Sprintf("no harm is proven later than %.1f s after the removal, but too few journeys came after it to show that harm is back at the control's level: a longer recovery phase would settle it", r.Harmed)
	case r.isLate(limit):
		return Refuted, ReasonRecoveredLate, fmt.Sprintf("recovery takes %.1f s, limit %g s", r.Seconds, limit)
	}
	return Held, ReasonRecovered, fmt.Sprintf("recovery takes %.1f s, limit %g s", r.Seconds, limit)
}

// describeAmount writes a share with its bounds.
func describeAmount(a Amount) string {
	return fmt.Sprintf("%s (%s to %s)", percent(a.Estimate), points(a.Low), percent(a.High))
}

// describeArms says by how much the arms of a journey differed before the fault.
func describeArms(journey string, a Amount) string {
	than := "more"
	if a.Estimate < 0 {
		a, than = Amount{-a.Estimate, -a.High, -a.Low}, "less"
	}
	return fmt.Sprintf("the arms of %s differed before the fault: the fault arm was harmed %s %s than the control arm; that is subtracted", journey, describeAmount(a), than)
}

// describeSpillOver says that the control arm of a journey was harmed as well, and what is
// known then.
func describeSpillOver(j *Journey) string {
	b := j.BlastRadius
	return fmt.Sprintf("the control arm of %s was harmed as well, %s more than before the fault: harm that spills over to those whom the fault did not touch, or something else that harmed both arms; so the fault harms at least %s, against the control, and at most %s, against the baseline",
		j.Name, describeAmount(*b.SpillOver), lowerPercent(b.Low), upperPercent(b.High))
}

// describeRadius writes a blast radius. Where the interval includes zero, only its
// upper bound is known, and of a bracket only both ends.
func describeRadius(b BlastRadius) string {
	switch {
	case b.Low <= 0:
		return "at most " + upperPercent(b.High)
	case b.Control == ContaminatedControl:
		return fmt.Sprintf("at least %s, at most %s", lowerPercent(b.Low), upperPercent(b.High))
	}
	return fmt.Sprintf("%s (95%% interval %s to %s)", percent(b.Estimate), points(b.Low), percent(b.High))
}

// percent writes a share with one decimal at most: 5%, 0.5%, 36%.
func percent(share float64) string { return figures.ShortPercent(share, 1) }

// lowerPercent and upperPercent write bounds, rounded so that they stay true.
func lowerPercent(share float64) string { return percent(math.Floor(max(0, share)*1000+1e-9) / 1000) }
func upperPercent(share float64) string { return percent(math.Ceil(share*1000-1e-9) / 1000) }

// points is a percentage without its sign, for the first of two.
func points(share float64) string { return figures.Short(share*100, 1) }
