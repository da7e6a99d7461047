package result

import (
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
)

// That an interruption came before the last question is told from an answer that did not
// come.
func TestAnInterruptionCutsInvariantsOff(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		before  journal.CheckResult
		stopped bool // by another process
		cutOff  bool
	}{
		"it held":            {journal.CheckResult{Holds: true}, false, true},
		"it gave no answer":  {journal.CheckResult{Error: "no route"}, false, false},
		"it was broken once": {journal.CheckResult{Violations: 1, All: []string{"a"}, Keys: []string{"a"}}, false, true},
		"the run was fenced": {journal.CheckResult{Holds: true}, true, true},
	} {
		s := newStory()
		s.plan.Experiments[0].Invariants = []experiments.Invariant{{Name: "stock"}}
		tt.before.Invariant = "stock"
		if tt.stopped {
			s.edit(journal.ExperimentEnded, func(e *journal.Event) { e.Error = "the run was fenced off" })
		} else {
			s.interruptAt(faultAt + 10)
		}
		s.at(faultAt-1, journal.Event{Kind: journal.InvariantChecked, Phase: journal.Baseline, Check: &tt.before})
		e := s.fold(t).Experiments[0]
		inv, c := e.Invariants[0], e.Criterion(InvariantCriterion, "stock")
		if inv.CutOff != tt.cutOff || !tt.stopped && (c == nil || c.Code != ReasonInvariantNotAsked) {
			t.Errorf("%s: %+v, %+v", name, inv, c)
		}
	}
}

// An interruption before any fault removes none.
func TestAnInterruptionBeforeAnyFaultRemovesNone(t *testing.T) {
	t.Parallel()
	for at, injected := range map[float64]bool{6: false, faultAt + 10: true} {
		s := newStory()
		s.interruptAt(at)
		r := s.fold(t)
		if got := strings.HasSuffix(r.ExitMeaning(), "; faults removed"); r.Run.ExitCode != ExitINT || got != injected {
			t.Errorf("at %g: exit %d: %s", at, r.Run.ExitCode, r.ExitMeaning())
		}
	}
}
