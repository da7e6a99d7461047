package compare

import (
	"fmt"
	"slices"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// invariants compares each invariant that a side has.
func invariants(base, head []experimentRun) []Invariant {
	list := []Invariant{}
	for _, side := range [][]experimentRun{head, base} {
		for _, r := range side {
			for _, inv := range r.Invariants {
				if slices.ContainsFunc(list, func(i Invariant) bool { return i.Name == inv.Name }) {
					continue
				}
				list = append(list, newInvariant(inv.Name, base, head))
			}
		}
	}
	return list
}

func newInvariant(name string, base, head []experimentRun) Invariant {
	i := Invariant{Name: name, Status: Uncertain, Base: invariantState(name, base), Head: invariantState(name, head)}
	was, is := i.Base.Verdict, i.Head.Verdict
	switch {
	case was == result.Held && is == result.Refuted:
		i.Status = Regressed
	case was == result.Refuted && is == result.Held && (!underOnly(name, base) || askedUnder(name, head)):
		i.Status = Improved
	case was == is && was != result.Inconclusive:
		i.Status = Unchanged
	}
	return i
}

// underOnly reports whether every run that broke the invariant did so under the fault
// alone, and left no violation behind.
func underOnly(name string, side []experimentRun) bool {
	return !anyOf(name, side, func(r experimentRun, inv *result.Invariant) bool {
		_, under := inv.Breach()
		c := r.Criterion(result.InvariantCriterion, name)
		return c != nil && c.Verdict == result.Refuted && !under
	})
}

// askedUnder reports whether every run asked the invariant while its fault was in
// force. One whose answer takes longer than the fault is not asked then.
func askedUnder(name string, side []experimentRun) bool {
	return !anyOf(name, side, func(_ experimentRun, inv *result.Invariant) bool { return inv.During == nil })
}

// anyOf reports whether the invariant of any run is as is says.
func anyOf(name string, side []experimentRun, is func(experimentRun, *result.Invariant) bool) bool {
	for _, r := range side {
		for i := range r.Invariants {
			if inv := &r.Invariants[i]; inv.Name == name && is(r, inv) {
				return true
			}
		}
	}
	return false
}

// reason is why the invariant changed; false if it is not known to have.
func (i Invariant) reason(names Names) (reason, bool) {
	text := fmt.Sprintf("invariant %q: %s in %s, %s in %s", i.Name, i.Base.text(), names.Base, i.Head.text(), names.Head)
	switch i.Status {
	case Regressed:
		return reason{ReasonInvariantBroken, text}, true
	case Improved:
		return reason{ReasonInvariantHoldsAgain, text}, true
	}
	return reason{}, false
}

func invariantState(name string, side []experimentRun) InvariantState {
	s := InvariantState{Verdict: result.Held}
	judged := 0
	for _, r := range side {
		c := r.Criterion(result.InvariantCriterion, name)
		if c == nil || c.Verdict == result.Inconclusive {
			continue
		}
		judged++
		if c.Verdict != result.Refuted {
			continue
		}
		s.Broken++
		for i := range r.Invariants {
			inv := &r.Invariants[i]
			if n, _ := inv.Breach(); inv.Name == name && n > s.Violations {
				s.Violations, s.Keys = n, inv.Keys
			}
		}
	}
	switch {
	case s.Broken > 0:
		s.Verdict = result.Refuted
	case judged < len(side) || judged == 0:
		s.Verdict = result.Inconclusive
	}
	return s
}

func (s InvariantState) text() string {
	if s.Verdict != result.Refuted {
		return string(s.Verdict)
	}
	if s.Violations == 1 {
		return "1 violation"
	}
	return figures.Number(s.Violations) + " violations"
}
