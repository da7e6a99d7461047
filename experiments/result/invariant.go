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
		row := Invariant{Name: inv.Name, BrokenMeans: inv.BrokenMeans}
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
		unasked := row.After == nil && !r.failedToAsk(inv.Name)
		row.CutOff = unasked && (r.cut != nil || r.fenced)
		switch {
		case row.CutOff:
			row.Detail = cmp.Or(row.Detail, "the run was interrupted")
		case unasked && r.end != nil && r.end.Error != "":
			row.endedBefore(r.failure())
		case row.Before == nil && row.After == nil:
			row.Detail = cmp.Or(row.Detail, "it was not asked")
		}
		row.SettledItself = inv.Within == 0 && row.settled()
		list = append(list, row)
	}
	return list
}

// endedBefore says that the experiment failed before it could ask. What was seen of new
// violations by then says more.
func (inv *Invariant) endedBefore(failure string) {
	if under, _, _ := inv.New(); under == 0 {
		inv.Detail = "the experiment ended before: " + failure
	}
}

// failedToAsk reports whether an invariant was asked and gave no answer.
func (r *experimentRun) failedToAsk(name string) bool {
	return slices.ContainsFunc(r.readings, func(e journal.Event) bool {
		return e.Check != nil && e.Check.Invariant == name && e.Check.Error != ""
	})
}

// settled reports whether what was violated under the fault was in order after it.
func (inv *Invariant) settled() bool {
	under, after, told := inv.New()
	return told && under > 0 && inv.After != nil && after == 0
}

// settledItself says of which invariants that are judged at once the violations went by
// themselves: asynchronous work may be all that there was.
func settledItself(list []Invariant) (hints []string) {
	for _, inv := range list {
		if inv.SettledItself {
			hints = append(hints, fmt.Sprintf("invariant %q was broken under the fault and held after it, and nobody had mended it: if work behind it may take its time, give it `within: 10s`, and only what lasts longer counts", inv.Name))
		}
	}
	return hints
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
		if r.New != nil {
			old = nil // the keys are those of new violations
		}
		inv.addNewKeys(r.Keys, old)
	}
	switch e.Phase {
	case journal.Baseline:
		inv.Before = &violations
	case journal.Fault:
		inv.During, inv.NewDuring = larger(inv.During, &violations), larger(inv.NewDuring, r.New)
	default:
		inv.After, inv.NewAfter = &violations, r.New
	}
}

// larger is the larger one of two numbers, each of which may be absent.
func larger(a, b *float64) *float64 {
	if a == nil || b != nil && *a < *b {
		return b
	}
	return a
}

// addNewKeys adds the keys that were in order before the fault.
func (inv *Invariant) addNewKeys(keys, old []string) {
	for _, k := range keys {
		if len(inv.Keys) < mostKeys && !slices.Contains(inv.Keys, k) && !slices.Contains(old, k) {
			inv.Keys = append(inv.Keys, k)
		}
	}
}

// New is how many violations there are that were not there before the fault: after it,
// and the most under it. It is not told if some were there before and keys do not tell
// the others from them.
func (inv *Invariant) New() (under, after float64, told bool) {
	during, last := inv.During, inv.After
	if inv.Before == nil {
		return 0, 0, false
	}
	if *inv.Before > 0 {
		during, last = inv.NewDuring, inv.NewAfter
		if during == nil && inv.During != nil || last == nil && inv.After != nil {
			return 0, 0, false
		}
	}
	if during != nil {
		under = *during
	}
	if last != nil {
		after = *last
	}
	return under, after, true
}

// Breach is how many new violations the invariant is broken by: those after the fault,
// or the most under it if none is left.
func (inv *Invariant) Breach() (violations float64, underOnly bool) {
	under, after, _ := inv.New()
	if after == 0 && under > 0 {
		return under, true
	}
	return after, false
}

// Dirty reports whether there were violations before the fault.
func (inv *Invariant) Dirty() bool { return inv.Before != nil && *inv.Before > 0 }

func invariantCriterion(inv *Invariant) Criterion {
	c := newCriterion(InvariantCriterion, inv.Name, "no new violation")
	under, after, told := inv.New()
	among := ""
	if inv.Dirty() {
		among = fmt.Sprintf(" new, %g before", *inv.Before)
	}
	switch {
	case inv.CutOff && under == 0:
		c.decide(Inconclusive, ReasonInvariantNotAsked, fmt.Sprintf("invariant %q was not asked after the fault, because the run was interrupted", inv.Name))
	case inv.Before == nil || inv.After == nil && under == 0:
		c.decide(Inconclusive, ReasonInvariantNotAsked, fmt.Sprintf("invariant %q could not be asked: %s", inv.Name, inv.Detail))
	case !told:
		c.Measured = fmt.Sprintf("%g before, %g after", *inv.Before, *inv.After)
		c.decide(Inconclusive, ReasonInvariantBrokenBefore, fmt.Sprintf("invariant %q did not hold before the fault either, and keys do not tell new violations from old ones: it is not judged", inv.Name))
	case after > 0:
		c.Measured = fmt.Sprintf("%g", max(under, after)) + among
		c.decide(Refuted, ReasonInvariantBroken, fmt.Sprintf("invariant %q is broken: %s", inv.Name, describeViolations(inv)))
	case under > 0:
		c.Measured = fmt.Sprintf("%g under the fault", under) + strings.Replace(among, " new", ", new", 1)
		c.decide(Refuted, ReasonInvariantBrokenUnder, fmt.Sprintf("invariant %q was broken while the fault was in force: %s", inv.Name, describeViolations(inv)))
	case inv.Dirty():
		c.Measured = "0" + among
		c.decide(Held, ReasonInvariantHolds, fmt.Sprintf("invariant %q has no new violation; %g were there before the fault", inv.Name, *inv.Before))
	default:
		c.Measured = "0"
		c.decide(Held, ReasonInvariantHolds, fmt.Sprintf("invariant %q holds", inv.Name))
	}
	return c
}

// describeViolations is "5 violations: J-1, J-2, J-3 and 2 more".
func describeViolations(inv *Invariant) string {
	n, _ := inv.Breach()
	kind := " "
	if inv.Dirty() {
		kind = " new "
	}
	text := fmt.Sprintf("%g%sviolations", n, kind)
	if n == 1 {
		text = "1" + kind + "violation"
	}
	if len(inv.Keys) > 0 {
		text += ": " + strings.Join(inv.Keys[:min(3, len(inv.Keys))], ", ")
		if more := len(inv.Keys) - 3; more > 0 {
			text += fmt.Sprintf(" and %d more", more)
		}
	}
	return text
}
