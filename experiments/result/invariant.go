package result

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/journal"
)

// mostKeys is how many keys a result holds of one invariant.
const mostKeys = 20

// invariants are the states of the invariants, in the order of the plan.
func (r *experimentRun) invariants() []Invariant {
	list := []Invariant{}
	for _, inv := range r.plan.Invariants {
		row := Invariant{Name: inv.Name}
		var old []string // in violation before the fault, so not new
		for _, e := range r.readings {
			if e.Check == nil || e.Check.Invariant != inv.Name {
				continue
			}
			if e.Phase == journal.Baseline {
				old = e.Check.Keys
			}
			row.add(e, old)
		}
		if row.Before == nil && row.After == nil {
			row.Detail = cmp.Or(row.Detail, "it was not asked")
		}
		list = append(list, row)
	}
	return list
}

// add adds one reading. What is wrong after the fault says more than what was wrong
// under it, and both say more than what was wrong before.
func (inv *Invariant) add(e journal.Event, old []string) {
	r := e.Check
	if r.Error != "" {
		inv.Detail = r.Error
		return
	}
	violations := r.Violations
	if !r.Holds {
		violations = max(violations, 1)
		inv.Detail = r.Detail
		inv.addNewKeys(r.Keys, old)
	}
	switch e.Phase {
	case journal.Baseline:
		inv.Before = &violations
	case journal.Fault:
		if inv.During == nil || *inv.During < violations {
			inv.During = &violations
		}
	default:
		inv.After = &violations
	}
}

// addNewKeys adds the keys that were in order before the fault.
func (inv *Invariant) addNewKeys(keys, old []string) {
	for _, k := range keys {
		if len(inv.Keys) < mostKeys && !slices.Contains(inv.Keys, k) && !slices.Contains(old, k) {
			inv.Keys = append(inv.Keys, k)
		}
	}
}

// worst is the most violations under the fault or after it.
func (inv *Invariant) worst() float64 {
	if inv.During != nil {
		return max(*inv.During, *inv.After)
	}
	return *inv.After
}

func invariantCriterion(inv *Invariant) Criterion {
	c := newCriterion(InvariantCriterion, inv.Name, "no new violation")
	switch {
	case inv.Before == nil || inv.After == nil:
		c.decide(Inconclusive, ReasonInvariantNotAsked, fmt.Sprintf("invariant %q could not be asked: %s", inv.Name, inv.Detail))
	case *inv.Before > 0:
		c.Measured = fmt.Sprintf("%g before, %g after", *inv.Before, *inv.After)
		c.decide(Inconclusive, ReasonInvariantBrokenBefore, fmt.Sprintf("invariant %q did not hold before the fault either: it is not judged", inv.Name))
	case *inv.After > 0:
		c.Measured = fmt.Sprintf("%g", inv.worst())
		c.decide(Refuted, ReasonInvariantBroken, fmt.Sprintf("invariant %q is broken: %s", inv.Name, describeViolations(inv)))
	case inv.worst() > 0:
		c.Measured = fmt.Sprintf("%g under the fault", inv.worst())
		c.decide(Refuted, ReasonInvariantBrokenUnder, fmt.Sprintf("invariant %q was broken while the fault was in force: %s", inv.Name, describeViolations(inv)))
	default:
		c.Measured = "0"
		c.decide(Held, ReasonInvariantHolds, fmt.Sprintf("invariant %q holds", inv.Name))
	}
	return c
}

// describeViolations is "5 violations: J-1, J-2, J-3 and 2 more".
func describeViolations(inv *Invariant) string {
	n := *inv.After
	if n == 0 {
		n = inv.worst()
	}
	text := fmt.Sprintf("%g violations", n)
	if n == 1 {
		text = "1 violation"
	}
	if len(inv.Keys) > 0 {
		text += ": " + strings.Join(inv.Keys[:min(3, len(inv.Keys))], ", ")
		if more := len(inv.Keys) - 3; more > 0 {
			text += fmt.Sprintf(" and %d more", more)
		}
	}
	return text
}
