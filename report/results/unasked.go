package results

import (
	"cmp"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/page"
)

// unaskedInvariants are invariants of an experiment of which nobody knows whether they
// hold, because they were not asked, or could not be, for one and the same reason.
type unaskedInvariants struct {
	of     *result.Experiment
	names  []string
	cutOff bool // by the end of the run
	why    string
}

// Of links to the experiment.
func (u unaskedInvariants) Of() *page.Link { return link(u.of) }

// Names are the names of the invariants, in quotation marks.
func (u unaskedInvariants) Names() string {
	quoted := make([]string, len(u.names))
	for i, name := range u.names {
		quoted[i] = "“" + name + "”"
	}
	return figures.List(quoted, "and")
}

// Why says why they were not asked.
func (u unaskedInvariants) Why() string { return u.why }

// whyUnasked says why an invariant was not asked.
func whyUnasked(inv *result.Invariant) string {
	if inv.CutOff {
		return "the run was interrupted"
	}
	return cmp.Or(inv.Detail, "it was not asked after the fault")
}

// sentence says all of it, of an experiment under this name.
func (u unaskedInvariants) sentence(experiment string) string {
	were := " was"
	if len(u.names) > 1 {
		were = " were"
	}
	if u.cutOff {
		return figures.List(u.names, "and") + were + " not asked after the fault, because " + u.why + ", " + experiment
	}
	return figures.List(u.names, "and") + were + " not asked: " + u.why + ", " + experiment
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
	return !slices.ContainsFunc(s.unasked, func(u unaskedInvariants) bool { return !u.cutOff })
}

// unasked are the invariants of an experiment that was begun which were not asked,
// whatever its verdict: nobody should take a verdict for an answer to them. Those with one
// reason stand together.
func unasked(e *result.Experiment) (list []unaskedInvariants) {
	if len(e.Phases) == 0 {
		return nil // that nothing was asked goes without saying
	}
	for i := range e.Invariants {
		inv := &e.Invariants[i]
		c := e.Criterion(result.InvariantCriterion, inv.Name)
		if c != nil && c.Code == result.ReasonInvariantNotAsked || inv.Before == nil && inv.After == nil {
			why := whyUnasked(inv)
			k := slices.IndexFunc(list, func(u unaskedInvariants) bool { return u.cutOff == inv.CutOff && u.why == why })
			if k < 0 {
				k = len(list)
				list = append(list, unaskedInvariants{of: e, cutOff: inv.CutOff, why: why})
			}
			list[k].names = append(list[k].names, inv.Name)
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
