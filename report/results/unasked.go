package results

import (
	"cmp"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/page"
)

// An unaskedInvariant is an invariant of which nobody knows whether it holds, because it
// was not asked, or could not be.
type unaskedInvariant struct {
	of  *result.Experiment
	inv *result.Invariant
}

// Of links to the experiment.
func (u unaskedInvariant) Of() *page.Link { return link(u.of) }

// Name is the name of the invariant.
func (u unaskedInvariant) Name() string { return u.inv.Name }

// Why says why it was not asked.
func (u unaskedInvariant) Why() string {
	if u.inv.CutOff {
		return "the run was interrupted"
	}
	return cmp.Or(u.inv.Detail, "it was not asked after the fault")
}

// sentence says all of it.
func (u unaskedInvariant) sentence() string {
	if u.inv.CutOff {
		return u.inv.Name + " was not asked after the fault, because " + u.Why() + ", " + u.of.ID
	}
	return u.inv.Name + " was not asked: " + u.Why() + ", " + u.of.ID
}

// unaskedTitle is the title of a list of them. Those that an interruption cut off may
// have been asked before.
func (s *summary) unaskedTitle() string {
	if s.cutOff() {
		return "Invariants that were not asked after the fault"
	}
	return "Invariants that were not asked"
}

// cutOff reports whether an interruption alone kept invariants from being asked.
func (s *summary) cutOff() bool {
	return !slices.ContainsFunc(s.unasked, func(u unaskedInvariant) bool { return !u.inv.CutOff })
}

// unasked are the invariants of an experiment that was begun which were not asked,
// whatever its verdict: nobody should take a verdict for an answer to them.
func unasked(e *result.Experiment) (list []unaskedInvariant) {
	if len(e.Phases) == 0 {
		return nil // that nothing was asked goes without saying
	}
	for i := range e.Invariants {
		inv := &e.Invariants[i]
		c := e.Criterion(result.InvariantCriterion, inv.Name)
		if c != nil && c.Code == result.ReasonInvariantNotAsked || inv.Before == nil && inv.After == nil {
			list = append(list, unaskedInvariant{e, inv})
		}
	}
	return list
}

// whys are the reasons of a verdict for people. That a guardrail removed the fault is told
// also where it decided nothing.
func whys(e *result.Experiment) []string {
	g := e.Guardrail
	if g == nil || !g.Tripped || guardrailIsTold(e) {
		return e.Reasons
	}
	return append(e.Reasons[:len(e.Reasons):len(e.Reasons)], "a guardrail removed the fault early: "+cmp.Or(g.Detail, "it tripped"))
}

// guardrailIsTold reports whether the reasons of a verdict name the guardrail. Results of
// older versions have no codes, but say it in words.
func guardrailIsTold(e *result.Experiment) bool {
	if e.HasReason(result.ReasonGuardrailTripped) {
		return true
	}
	return len(e.ReasonCodes) == 0 && slices.ContainsFunc(e.Reasons, func(text string) bool { return strings.HasPrefix(text, "guardrail tripped") })
}
