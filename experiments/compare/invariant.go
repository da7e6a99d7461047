package compare

import (
	"fmt"
	"slices"

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
	case was == result.Refuted && is == result.Held:
		i.Status = Improved
	case was == is && was != result.Inconclusive:
		i.Status = Unchanged
	}
	return i
}

// reason is why the invariant changed; false if it is not known to have.
func (i Invariant) reason() (reason, bool) {
	text := fmt.Sprintf("invariant %q: %s in base, %s in head", i.Name, i.Base.text(), i.Head.text())
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
		for _, inv := range r.Invariants {
			if inv.Name == name && inv.After != nil && *inv.After > s.Violations {
				s.Violations, s.Keys = *inv.After, inv.Keys
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
	return fmt.Sprintf("%g violations", s.Violations)
}
