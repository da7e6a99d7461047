package result

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
	"github.com/blastgauge/blastgauge/injectors"
)

// exercised grades the evidence that a fault met traffic.
func (r *experimentRun) exercised(f *faultRecord, shifted bool) Exercised {
	e := Exercised{Met: f.evidence.Met, Of: f.evidence.Of}
	kind, _ := injectors.Lookup(f.plan.Inject)
	counted, nothing := f.evidence.Counted, f.evidence.Met == 0
	switch {
	case f.injected == nil:
		e.Grade, e.Unmet, e.Note = GradeNo, UnmetNotInjected, "it was not injected"
	case f.lost() && (f.probe == nil || !f.probe.Met):
		e = Exercised{Grade: GradeNo, Unmet: UnmetUnknown, Note: r.fate.unwritten()}
	case kind.Level == injectors.File:
		e.gradeFile(f.evidence, shifted)
	case kind.Level == injectors.Command:
		e.gradeCommand(f.evidence, shifted)
	case counted && f.evidence.Refuses:
		r.gradeRefused(&e, f, shifted)
	case counted && nothing && kind.Config:
		e.Grade = GradeNo
		e.Unmet, e.Note = notFetched(f)
		r.seeInstead(&e, f)
	case counted && nothing:
		e.Grade = GradeNo
		e.Unmet, e.Note = unmet(f)
		r.seeInstead(&e, f)
	case counted && kind.Config: // config is read when a system wants to know, not once per journey
		e.Grade = GradeCounted
	case counted && r.aboveIdle(f):
		e.Grade = GradeCounted
	case counted && shifted:
		e.Grade, e.Note = GradeObserved, onlyIdle+", but the fault arm changed significantly"
	case counted:
		e.Grade, e.Unmet, e.Note = GradeNo, UnmetOnlyIdle, onlyIdle
	case shifted:
		e.Grade, e.Note = GradeObserved, "this server cannot count, but the fault arm changed significantly"
	case f.probe != nil && f.probe.Met:
		e.Grade, e.Note = GradeProbed, "only our own probe met it: no journey showed that it did"
	default:
		e.Grade, e.Unmet, e.Note = GradeNo, UnmetNoEvidence, fmt.Sprintf("nothing shows that it met traffic: does the system reach %s through the proxy?", f.plan.Into)
	}
	return e
}

// notFetched is why no client got a bad document.
func notFetched(f *faultRecord) (UnmetCode, string) {
	const why = "no bad document was fetched"
	if len(f.evidence.Passed) == 0 {
		return UnmetNotFetched, why + fmt.Sprintf(": does the system ask %s for it through the proxy, and often enough?", f.plan.Into)
	}
	var passed []string
	for _, reason := range slices.Sorted(maps.Keys(f.evidence.Passed)) {
		passed = append(passed, fmt.Sprintf("%d passed unchanged (%s)", f.evidence.Passed[reason], reason))
	}
	return UnmetUnchanged, why + ": " + strings.Join(passed, "; ")
}

// gradeFile grades the evidence that a bad file was read. Reads while no journeys
// run count as well, as a system may keep what it read.
func (e *Exercised) gradeFile(seen journal.Evidence, shifted bool) {
	switch {
	case seen.Counted && seen.Met > 0:
		e.Grade = GradeCounted
	case seen.Counted:
		e.Grade, e.Unmet = GradeNo, UnmetNotRead
		e.Note = "nobody read the file while it was bad: does the system read it again, at its next look or when it is told?"
	case shifted:
		e.Grade, e.Note = GradeObserved, "this file system does not note who reads, but the fault arm changed significantly"
	default:
		e.Grade, e.Unmet = GradeNo, UnmetNoEvidence
		e.Note = "nothing shows that the bad file was read: this file system does not note who reads, and journeys went as before"
	}
}

// gradeCommand grades the evidence that a fault by command met traffic. That its check
// found it in force is as good as a probe: nobody counts what a program causes.
func (e *Exercised) gradeCommand(seen journal.Evidence, shifted bool) {
	if shifted {
		e.Grade, e.Note = GradeObserved, "nobody counts what a command causes, but the fault arm changed significantly"
		return
	}
	e.Grade, e.Note = GradeProbed, "its check found it in force, and no journey showed that it met it"
	if seen.Output != "" {
		e.Note += "; check wrote: " + cutTo(seen.Output, mostText)
	}
}

// unmet is why the proxy may have counted nothing that met the fault.
func unmet(f *faultRecord) (UnmetCode, string) {
	if f.plan.Share > 0 && f.plan.Share < 1 && f.evidence.Of > 0 {
		return UnmetShareTooLow, fmt.Sprintf("it acted on none of the %d that it could have met: a share of %s is too low for so few", f.evidence.Of, f.plan.Portion())
	}
	note := fmt.Sprintf("the proxy counted nothing that met it: does the system reach %s through the proxy?", f.plan.Into)
	if _, given := f.plan.Attributes["match"]; given {
		return UnmetNoMatch, note + " is any of its requests as match says?"
	}
	return UnmetNothingCounted, note
}

// shifted reports whether the fault arm changed significantly when the fault
// came, beyond what the control arm did: more harm, or more journeys slower
// than nine in ten were before. A change is compared with a change, because the
// arms take different routes and are not equally fast to begin with.
func (r *experimentRun) shifted() bool {
	for i := range r.journeys {
		j := &r.journeys[i]
		if j.excess.difference().Low > 0 {
			return true
		}
		change := j.slower[plan.FaultArm].difference().Interval
		if j.controlKind == ConcurrentControl {
			change = stats.Minus(change, j.slower[plan.ControlArm].difference().Interval)
		}
		if change.Low > 0 {
			return true
		}
	}
	return false
}

// hardlyMet are the faults that met far less than was to be expected.
func hardlyMet(faults []Fault) (list []reason) {
	for _, f := range faults {
		if f.Exercised.Grade == GradeSparse {
			list = append(list, reason{ReasonSparse, fmt.Sprintf("fault hardly met: %s into %s: %s: it can show harm, but not that there is none", f.Inject, f.Into, f.Exercised.Note)})
		}
	}
	return list
}

// weakestGrade is the grade of an experiment: that of its least proven fault.
func weakestGrade(faults []Fault) Grade {
	order := []Grade{GradeNo, GradeProbed, GradeSparse, GradeObserved, GradeCounted}
	worst := len(order) - 1
	for _, f := range faults {
		worst = min(worst, max(0, slices.Index(order, f.Exercised.Grade))) // none is no evidence
	}
	if len(faults) == 0 {
		return GradeNo
	}
	return order[worst]
}
