package result

import (
	"fmt"
	"slices"
)

// facts are all that a verdict depends on.
type facts struct {
	notRun   *reason  // why it did not run to its end; nil if it did
	invalid  []reason // why its measurement cannot be trusted
	grade    Grade
	sparse   []reason // faults that hardly met traffic
	command  bool     // a fault is by command: nobody can count what it meets
	cut      *reason  // the run was interrupted in the middle of it; nil if not
	criteria []Criterion
}

// judge is the verdict table: the first row that matches wins. An experiment that was
// interrupted is refuted by what it had shown until then, and never held.
func judge(f facts) (Verdict, []reason) {
	v, why := judgeMeasured(f)
	switch {
	case f.cut == nil:
		return v, why
	case v == Held:
		return Inconclusive, []reason{*f.cut}
	case v == Refuted, v == Invalid && !followsFromCut(why[0].code):
		return v, append(why, *f.cut)
	}
	return v, append([]reason{*f.cut}, why...)
}

// followsFromCut reports whether an interruption explains the reason.
func followsFromCut(code ReasonCode) bool {
	return code == ReasonTooFewJourneys || code == ReasonNotExercised
}

// judgeMeasured is the table without interruptions.
func judgeMeasured(f facts) (Verdict, []reason) {
	refuted := reasonsOf(f.criteria, Refuted)
	undecided := reasonsOf(f.criteria, Inconclusive)
	switch {
	case f.notRun != nil:
		return NotRun, []reason{*f.notRun}
	case len(f.invalid) > 0:
		if broken := brokenInvariants(f.criteria); len(broken) > 0 && f.faultMet() {
			return Refuted, append(broken, f.invalid...)
		}
		return Invalid, f.invalid
	case len(refuted) > 0 && f.grade.refutes():
		return Refuted, refuted
	case len(refuted) == 0 && len(undecided) == 0 && f.grade == GradeCounted:
		return Held, reasonsOf(f.criteria, Held)
	}
	reasons := slices.Concat(refuted, undecided, f.sparse)
	if f.grade != GradeCounted && len(reasons) == 0 {
		reasons = append(reasons, reason{ReasonNotCounted, f.notCounted()})
	} else if f.grade == GradeProbed {
		reasons = append(reasons, reason{ReasonOnlyProbed, f.onlyProbed()})
	}
	return Inconclusive, reasons
}

// notCounted says why a hypothesis is not held although nothing speaks against it.
func (f facts) notCounted() string {
	text := fmt.Sprintf("no harm beyond the limits, but the fault is only %s, not counted: ", f.grade)
	if f.command {
		return text + "nobody counts what a command causes, so it can refute and never hold"
	}
	return text + "use blastgauge proxy, which counts what a fault meets"
}

func (f facts) onlyProbed() string {
	if f.command {
		return "only its check found the fault: nothing shows that a journey met it"
	}
	return "only our own probe met the fault: nothing shows that a journey did"
}

// faultMet reports whether the fault was in force, met traffic and is gone. Then what
// broke under it is a fact, also where the numbers of journeys mean nothing.
func (f facts) faultMet() bool {
	doubt := slices.ContainsFunc(f.invalid, func(r reason) bool {
		return r.code == ReasonFaultVanished || r.code == ReasonNotExercised || r.code == ReasonRemovalUnverified
	})
	return !doubt && f.grade.refutes()
}

// refutes reports whether a fault of this grade met the system's own traffic, so that
// what is wrong may be its doing.
func (g Grade) refutes() bool {
	return g == GradeCounted || g == GradeObserved || g == GradeSparse
}

// brokenInvariants are the reasons of the invariants that broke.
func brokenInvariants(criteria []Criterion) []reason {
	isOther := func(c Criterion) bool { return c.Kind != InvariantCriterion }
	return reasonsOf(slices.DeleteFunc(slices.Clone(criteria), isOther), Refuted)
}

// voidNumbers marks what was measured of journeys as void for these reasons. Where an
// invariant decided all the same, every other criterion is without a verdict.
func (e *Experiment) voidNumbers(why []reason) {
	if e.Verdict != Invalid && e.Verdict != Refuted || len(why) == 0 {
		return
	}
	for _, r := range why {
		if !slices.Contains(e.Void, r.code) {
			e.Void = append(e.Void, r.code)
		}
	}
	if e.Verdict == Invalid {
		return // no criterion is judged
	}
	for i := range e.Criteria {
		if c := &e.Criteria[i]; c.Kind != InvariantCriterion {
			c.Measured = ""
			c.decide(Invalid, why[0].code, why[0].text)
		}
	}
	for i := range e.Journeys {
		e.Journeys[i].Verdict = Invalid
	}
}

// Trusted reports whether the numbers of journeys can be trusted.
func (e *Experiment) Trusted() bool {
	return (e.Verdict == Held || e.Verdict == Refuted || e.Verdict == Inconclusive) && len(e.Void) == 0
}

// Judged reports whether the criteria have verdicts that count: those of an experiment that
// is invalid or was not run say nothing.
func (e *Experiment) Judged() bool { return e.Verdict != Invalid && e.Verdict != NotRun }

// reasonsOf are the reasons of the criteria with a verdict.
func reasonsOf(criteria []Criterion, v Verdict) []reason {
	var list []reason
	for _, c := range criteria {
		if c.Verdict == v {
			list = append(list, reason{c.Code, c.Detail})
		}
	}
	return list
}
