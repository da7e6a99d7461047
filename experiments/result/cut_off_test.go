package result

import (
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
)

// That an interruption came before the last question is told from an answer that did not
// come.
func TestAnInterruptionCutsInvariantsOff(t *testing.T) {
	t.Parallel()
	const unremoved = "a fault could not be removed"
	for name, tt := range map[string]struct {
		before journal.CheckResult
		ended  string // by this error, and by no interruption
		fenced bool   // by another process
		cutOff bool
	}{
		"it held":                    {journal.CheckResult{Holds: true}, "", false, true},
		"it gave no answer":          {journal.CheckResult{Error: "no route"}, "", false, false},
		"it was broken once":         {journal.CheckResult{Violations: 1, All: []string{"a"}, Keys: []string{"a"}}, "", false, true},
		"the run was fenced":         {journal.CheckResult{Holds: true}, "the run was fenced off", true, true},
		"an error":                   {journal.CheckResult{Holds: true}, "disk full", false, false},
		"an error, and broken once":  {journal.CheckResult{Violations: 1, Detail: "one"}, "disk full", false, false},
		"an error, and no answer":    {journal.CheckResult{Error: "no route"}, "disk full", false, false},
		"a fault could not be taken": {journal.CheckResult{Holds: true}, unremoved, false, false},
	} {
		s := newStory()
		s.plan.Experiments[0].Invariants = []experiments.Invariant{{Name: "stock"}}
		tt.before.Invariant = "stock"
		if tt.ended == "" {
			s.interruptAt(faultAt + 10)
		} else {
			s.edit(journal.ExperimentEnded, func(e *journal.Event) { e.Error = "payments-slow: " + tt.ended })
			s.edit(journal.FaultRemoved, func(e *journal.Event) { e.Verified = tt.ended != unremoved })
		}
		s.at(faultAt-1, journal.Event{Kind: journal.InvariantChecked, Phase: journal.Baseline, Check: &tt.before})
		fencedAt := time.Duration(endAt+60) * time.Second // by a clean-up
		if tt.fenced {
			fencedAt = (faultAt + 10) * time.Second
		}
		s.events = append(s.events, journal.Event{Kind: journal.Fenced, At: epoch.Add(fencedAt), Detail: "by another"})
		e := s.fold(t).Experiments[0]
		inv, c := e.Invariants[0], e.Criterion(InvariantCriterion, "stock")
		if inv.CutOff != tt.cutOff || (tt.ended == "" || tt.ended == unremoved) && (c == nil || c.Code != ReasonInvariantNotAsked) {
			t.Errorf("%s: %+v, %+v", name, inv, c)
		}
		told := tt.ended != "" && !tt.cutOff && tt.before.Error == ""
		if strings.HasSuffix(inv.Detail, ": "+tt.ended) != told && tt.ended != "" || tt.before.Error != "" && inv.Detail != tt.before.Error {
			t.Errorf("%s: %q", name, inv.Detail)
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
