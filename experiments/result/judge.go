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
	case len(refuted) > 0 && (f.grade == GradeCounted || f.grade == GradeObserved || f.grade == GradeSparse):
		return Refuted, refuted
	case len(refuted) == 0 && len(undecided) == 0 && f.grade == GradeCounted:
		return Held, reasonsOf(f.criteria, Held)
	}
	reasons := slices.Concat(refuted, undecided, f.sparse)
	if f.grade != GradeCounted && len(reasons) == 0 {
		reasons = append(reasons, reason{ReasonNotCounted, fmt.Sprintf("no harm beyond the limits, but the fault is only %s, not counted: use blastgauge proxy, which counts what a fault meets", f.grade)})
	} else if f.grade == GradeProbed {
		reasons = append(reasons, reason{ReasonOnlyProbed, "only our own probe met the fault: nothing shows that a journey did"})
	}
	return Inconclusive, reasons
}

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
