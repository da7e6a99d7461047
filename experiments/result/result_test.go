package result

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors"
)

// Every row of the verdict table, reached through a whole journal.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		story  func(*story)
		want   Verdict
		code   ReasonCode // of the first reason
		reason string     // part of its text
		exit   int
	}{
		"no harm, counted": {func(*story) {}, Held, ReasonHarmless, "at most 0.9% of checkout", ExitHeld},
		"harm beyond the limit": {func(s *story) { s.harm = duringFault(0.3) },
			Refuted, ReasonHarmful, "the fault harms", ExitRefuted},
		"harm about the limit": {func(s *story) { s.harm = duringFault(0.05) },
			Inconclusive, ReasonHarmUndecided, "journeys per arm instead of", ExitInconclusive},
		"harm, only observed": {func(s *story) {
			s.harm = duringFault(0.3)
			s.edit(journal.FaultRemoved, func(e *journal.Event) { e.Evidence = &journal.Evidence{Present: true} })
			s.edit(journal.FaultInjected, func(e *journal.Event) { e.Evidence = nil })
		}, Refuted, ReasonHarmful, "the fault harms", ExitRefuted},
		"no harm, only probed": {func(s *story) {
			s.edit(journal.FaultRemoved, func(e *journal.Event) { e.Evidence = &journal.Evidence{Present: true} })
			s.edit(journal.FaultInjected, func(e *journal.Event) { e.Evidence = nil })
			s.at(15, journal.Event{Kind: journal.Exchanged, Fault: "blastgauge.r.1", Exchanges: &journal.ExchangePair{Met: true}})
		}, Inconclusive, ReasonNotCounted, "only probed, not counted", ExitInconclusive},
		"nothing shows the fault": {func(s *story) {
			s.edit(journal.FaultRemoved, func(e *journal.Event) { e.Evidence = &journal.Evidence{Present: true} })
			s.edit(journal.FaultInjected, func(e *journal.Event) { e.Evidence = nil })
		}, Invalid, ReasonNotExercised, "fault not exercised", ExitInvalid},
		"the proxy counted nothing": {func(s *story) {
			s.harm = duringFault(0.3)
			s.edit(journal.FaultRemoved, func(e *journal.Event) { e.Evidence = &journal.Evidence{Present: true, Counted: true} })
		}, Invalid, ReasonNotExercised, "the proxy counted nothing", ExitInvalid},
		"no busier than idle": {func(s *story) {
			s.writeJournal()
			for i, moment := range []string{journal.BeforeIdle, journal.BeforeTraffic, journal.AfterFault} {
				second := []float64{0, 0.5, removedAt}[i]
				s.at(second, journal.Event{Kind: journal.Sampled, Detail: moment, Traffic: []journal.Traffic{{Proxy: "payments", Connections: 1, Bytes: int64(1000 * second)}}})
			}
		}, Invalid, ReasonNotExercised, "no more than it does when no journeys run", ExitInvalid},
		"a file that was read": {func(s *story) { onFile(s, journal.Evidence{Counted: true, Met: 1, Of: 1}) },
			Held, ReasonHarmless, "at most 0.9% of checkout", ExitHeld},
		"a file that nobody read": {func(s *story) {
			s.harm = duringFault(0.3)
			onFile(s, journal.Evidence{Counted: true, Of: 1})
		}, Invalid, ReasonNotExercised, "nobody read the file while it was bad", ExitInvalid},
		"a file of which nobody knows who reads it": {func(s *story) {
			s.harm = duringFault(0.3)
			onFile(s, journal.Evidence{})
		}, Refuted, ReasonHarmful, "the fault harms", ExitRefuted},
		"a file that nothing shows was read": {func(s *story) { onFile(s, journal.Evidence{}) },
			Invalid, ReasonNotExercised, "nothing shows that the bad file was read", ExitInvalid},
		"a command that harms": {func(s *story) {
			s.harm = duringFault(0.3)
			byCommand(s)
		}, Refuted, ReasonHarmful, "the fault harms", ExitRefuted},
		"a command that harms nobody": {byCommand,
			Inconclusive, ReasonNotCounted, "only probed, not counted: nobody counts what a command causes", ExitInconclusive},
		"baseline harmed": {func(s *story) { s.harm = func(plan.Arm, float64) float64 { return 0.1 } },
			Invalid, ReasonBaselineHarmed, "harmed already before the fault", ExitInvalid},
		"arms differ in the baseline": {func(s *story) {
			s.plan.Experiments[0].Limits.Baseline = 0.5
			s.harm = func(arm plan.Arm, _ float64) float64 { return 0.15 * float64(1-arm) }
		}, Invalid, ReasonArmsDiffer, "the arms differ already before the fault", ExitInvalid},
		"traffic late": {func(s *story) { s.late = 150 * time.Millisecond },
			Invalid, ReasonTooBusy, "traffic was late", ExitInvalid},
		"control shed": {func(s *story) {
			s.shed = true
			s.harm = func(arm plan.Arm, second float64) float64 {
				if arm == plan.ControlArm && second > 15 {
					return 0.02
				}
				return 0
			}
		}, Invalid, ReasonControlShed, "could not be started", ExitInvalid},
		"too few journeys":         {func(s *story) { s.rate = 1 }, Inconclusive, ReasonTooFewJourneys, "too few journeys", ExitInconclusive},
		"few journeys, all harmed": {func(s *story) { s.rate, s.harm = 1, duringFault(1) }, Refuted, ReasonHarmful, "100%", ExitRefuted},
		"fault vanished": {func(s *story) {
			s.harm = duringFault(0.3)
			s.writeJournal()
			s.at(20, journal.Event{Kind: journal.FaultVanished, Detail: "toxic is gone"})
		}, Invalid, ReasonFaultVanished, "vanished in the middle: toxic is gone", ExitInvalid},
		"slow recovery": {func(s *story) {
			s.harm = func(arm plan.Arm, second float64) float64 {
				if arm == plan.FaultArm && second >= removedAt && second < removedAt+6 {
					return 0.5
				}
				return 0
			}
		}, Refuted, ReasonRecoveredLate, "recovery takes 6.0 s, limit 5 s", ExitRefuted},
		"never recovered": {func(s *story) {
			s.harm = func(arm plan.Arm, second float64) float64 {
				if arm == plan.FaultArm && second >= removedAt {
					return 0.5
				}
				return 0
			}
		}, Refuted, ReasonNotRecovered, "not recovered after 10.0 s", ExitRefuted},
		"recovery not watched long enough": {func(s *story) {
			s.plan.Experiments[0].Limits.Recovery = time.Minute
			s.harm = func(arm plan.Arm, second float64) float64 {
				if arm == plan.FaultArm && second >= removedAt {
					return 0.5
				}
				return 0
			}
		}, Inconclusive, ReasonRecoveryUndecided, "a longer recovery phase would settle it", ExitInconclusive},
		"invariant broken": {func(s *story) { invariant(s, 0, 2) },
			Refuted, ReasonInvariantBroken, `invariant "charged once" is broken: 2 violations: order-1, order-2`, ExitRefuted},
		"invariant broken before": {func(s *story) { invariant(s, 1, 3) },
			Inconclusive, ReasonInvariantBrokenBefore, "did not hold before the fault either", ExitInconclusive},
		"invariant holds": {func(s *story) { invariant(s, 0, 0) }, Held, ReasonHarmless, "", ExitHeld},
		"invariant not asked": {func(s *story) {
			s.plan.Experiments[0].Invariants = []experiments.Invariant{{Name: "charged once"}}
		}, Inconclusive, ReasonInvariantNotAsked, "could not be asked", ExitInconclusive},
		"guardrail tripped": {func(s *story) {
			s.writeJournal()
			s.at(20, journal.Event{Kind: journal.GuardrailTripped, Detail: "blast radius of checkout: 50% > 36%", Value: 0.5, Limit: 0.36})
		}, Refuted, ReasonGuardrailTripped, "guardrail tripped", ExitRefuted},
		"guardrail tripped before a cohort formed": {func(s *story) {
			s.harm = func(arm plan.Arm, second float64) float64 { return duringFault(1)(arm, second) }
			s.edit(journal.FaultRemoved, func(e *journal.Event) {
				e.Began, e.Since = (faultAt+1)*time.Second, (faultAt+1)*time.Second
			})
			s.at(faultAt+1, journal.Event{Kind: journal.GuardrailTripped, Detail: "100% > 36%", Value: 1, Limit: 0.36})
		}, Refuted, ReasonHarmful, "the fault harms", ExitRefuted},
		"interrupted": {func(s *story) {
			s.harm = duringFault(0.3)
			s.edit(journal.ExperimentEnded, func(e *journal.Event) { e.Error = "interrupted: TERM received" })
			s.at(endAt, journal.Event{Kind: journal.Interrupted, Detail: "TERM"})
		}, Refuted, ReasonHarmful, "the fault harms", ExitTERM},
		"removal not verified": {func(s *story) {
			s.edit(journal.FaultRemoved, func(e *journal.Event) { e.Verified, e.Error = false, "no answer within 10s" })
			s.edit(journal.ExperimentEnded, func(e *journal.Event) { e.Error = "a fault could not be removed" })
			s.edit(journal.RunEnded, func(e *journal.Event) { e.Error = "a fault could not be removed" })
		}, Invalid, ReasonRemovalUnverified, "could not be verified", ExitNotRemoved},
		"died in the fault": {func(s *story) { s.cut(journal.FaultRemoved) }, NotRun, ReasonRunDied, "the run goes on, or it died in the middle of it", ExitNotRemoved},
		"died in the fault, recovered": {func(s *story) {
			s.cut(journal.FaultRemoved)
			s.events = append(s.events, journal.Event{Experiment: "payments-slow", Kind: journal.FaultRemoved, Fault: "blastgauge.r.1", Verified: true})
		}, NotRun, ReasonRunDied, "the run goes on, or it died in the middle of it", ExitError},
		"died before the fault": {func(s *story) { s.cut(journal.FaultIntended) }, NotRun, ReasonRunDied, "the run goes on, or it died in the middle of it", ExitError},
		"died after the intent": {func(s *story) { s.cut(journal.FaultInjected) }, NotRun, ReasonRunDied, "the run goes on, or it died in the middle of it", ExitNotRemoved},
		"died before it began":  {func(s *story) { s.cut(journal.ExperimentStarted) }, NotRun, ReasonRunEnded, "the run ended before it", ExitError},
		"the injection failed": {func(s *story) {
			s.cut(journal.FaultInjected)
			s.at(faultAt, journal.Event{Kind: journal.FaultRemoved, Fault: "blastgauge.r.1", Verified: true})
			s.at(faultAt, journal.Event{Kind: journal.ExperimentEnded, Error: "inject latency into payments: 404"})
			s.at(faultAt, journal.Event{Kind: journal.RunEnded, Error: "inject latency into payments: 404"})
		}, NotRun, ReasonFailed, "inject latency into payments: 404", ExitError},
		"contaminated control": {func(s *story) {
			s.harm = func(_ plan.Arm, second float64) float64 { return duringFault(0.3)(plan.FaultArm, second) }
		}, Inconclusive, ReasonControlContaminated, "control contaminated", ExitInconclusive},
		"baseline control": {func(s *story) {
			s.plan.Experiments[0].Control = plan.Baseline
			s.harm = duringFault(0.3)
		}, Refuted, ReasonHarmful, "the fault harms", ExitRefuted},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStory()
			tt.story(s)
			r := s.fold(t)
			e := r.Experiments[0]
			if e.Verdict != tt.want || len(e.Reasons) == 0 || !strings.Contains(e.Reasons[0], tt.reason) {
				t.Errorf("verdict %s %q, want %s because %q", e.Verdict, e.Reasons, tt.want, tt.reason)
			}
			if len(e.ReasonCodes) != len(e.Reasons) || e.ReasonCodes[0] != tt.code || slices.Contains(e.ReasonCodes, "") {
				t.Errorf("codes %q of %q, want one for each, %s first", e.ReasonCodes, e.Reasons, tt.code)
			}
			for _, c := range e.Criteria {
				if kind, subject := kindOf(c.Name); c.Code == "" || c.Kind == "" || c.Kind != kind || c.Subject != subject {
					t.Errorf("criterion %+v, want a code, and %s of %q", c, kind, subject)
				}
			}
			if r.Run.ExitCode != tt.exit {
				t.Errorf("exit code %d, want %d", r.Run.ExitCode, tt.exit)
			}
			if _, err := json.Marshal(r); err != nil {
				t.Errorf("the result is not JSON: %v", err)
			}
		})
	}
}

// What another process undid after the death of a run has its place after what the run did,
// and what the fault met is not known: the run would have written that down.
func TestARunThatDiedUnderTheFault(t *testing.T) {
	t.Parallel()
	for _, gone := range []time.Duration{20 * time.Second, 400 * 24 * time.Hour} {
		s := newStory()
		s.cut(journal.FaultRemoved)
		s.events = append(s.events, journal.Event{At: epoch.Add(gone), Experiment: "payments-slow", Kind: journal.FaultRemoved, Fault: "blastgauge.r.1", Verified: true})
		r := s.fold(t)
		e := &r.Experiments[0]
		if f := e.Faults[0]; f.Exercised.Grade != GradeNo || f.Exercised.Unmet != UnmetUnknown || f.Exercised.Of != 0 || !f.RemovalVerified {
			t.Errorf("the fault: %+v", f)
		}
		if want := min(gone, journal.LongestRun).Seconds(); len(e.Events) != 2 || e.Events[0].Second != faultAt || e.Events[1].Second != want {
			t.Errorf("events %+v, want the removal last, at %g", e.Events, want)
		}
		if !r.Run.Died || r.Run.Outcome != FailedRun || !strings.Contains(r.Run.Error, "11 s after its start") || !strings.Contains(r.Run.Error, "fault phase of payments-slow") {
			t.Errorf("the run: %+v", r.Run)
		}
	}
	s := newStory()
	if r := s.fold(t); r.Run.Died || r.Experiments[0].Faults[0].Exercised.Unmet != "" {
		t.Errorf("one that came to its end: %+v", r.Run)
	}
}

// What a run wrote down with its own removal stands, also where that removal failed and
// another process removed the fault later.
func TestAFaultThatWasRemovedLaterKeepsItsEvidence(t *testing.T) {
	t.Parallel()
	for verified, failure := range map[bool]string{true: "", false: "a fault could not be removed"} {
		s := newStory()
		s.edit(journal.FaultRemoved, func(e *journal.Event) { e.Verified = verified })
		s.edit(journal.ExperimentEnded, func(e *journal.Event) { e.Error = failure })
		want := s.fold(t).Experiments[0].Faults[0].Exercised
		s.events = append(s.events, journal.Event{At: epoch.Add(time.Hour), Experiment: "payments-slow", Kind: journal.FaultRemoved, Fault: "blastgauge.r.1", Verified: true})
		r := s.fold(t)
		f := r.Experiments[0].Faults[0]
		if f.Exercised.Unmet != want.Unmet || f.Exercised.Met != metAll.Met || f.Exercised.Of != metAll.Of || !f.RemovalVerified || r.Run.Died {
			t.Errorf("verified %t: %+v, want %+v", verified, f, want)
		}
		s.cut(journal.FaultRemoved)
		s.at(endAt, journal.Event{Kind: journal.RunEnded, Error: "no space left on device"})
		if r := s.fold(t); r.Run.Died || r.Experiments[0].Faults[0].Exercised.Unmet != UnmetUnknown || r.Experiments[0].Faults[0].Exercised.Note != hasEnded.unwritten() {
			t.Errorf("a removal that was not written down: %+v", r.Experiments[0].Faults[0])
		}
	}
}

// byCommand makes a program cause the fault. Its check said something each time.
func byCommand(s *story) {
	f := &s.plan.Experiments[0].Faults[0]
	f.Inject, f.Proxy, f.Attributes = "command", "", injectors.Attributes{"do": []any{"tc"}, "undo": []any{"tc"}, "check": []any{"tc"}}
	for _, kind := range []journal.Kind{journal.FaultInjected, journal.FaultRemoved} {
		s.edit(kind, func(e *journal.Event) { e.Evidence = &journal.Evidence{Present: true, Output: "loss 5%"} })
	}
}

// onFile makes the fault one on a file, with this evidence.
func onFile(s *story, e journal.Evidence) {
	f := &s.plan.Experiments[0].Faults[0]
	f.Proxy, f.Inject, f.Attributes = "", "config_file", injectors.Attributes{"file": "/etc/shop.json", "drop": map[string]any{"path": "/tax"}}
	e.Present = true
	s.edit(journal.FaultRemoved, func(ev *journal.Event) { ev.Evidence = &e })
	s.edit(journal.FaultInjected, func(ev *journal.Event) { ev.Evidence = &journal.Evidence{Present: true, Counted: e.Counted, Of: e.Of} })
}

func invariant(s *story, before, after float64) {
	s.plan.Experiments[0].Invariants = []experiments.Invariant{{Name: "charged once"}}
	s.writeJournal()
	s.at(2, journal.Event{Kind: journal.InvariantChecked, Phase: journal.Baseline,
		Check: &journal.CheckResult{Invariant: "charged once", Holds: before == 0, Violations: before}})
	s.at(40, journal.Event{Kind: journal.InvariantChecked, Phase: journal.Recovery,
		Check: &journal.CheckResult{Invariant: "charged once", Holds: after == 0, Violations: after, Keys: []string{"order-1", "order-2"}}})
}

// A violation under the fault counts even if it was gone after it. Keys are listed if
// they were in order before.
func TestInvariantsAreJudgedByWhatIsNew(t *testing.T) {
	t.Parallel()
	type reading struct {
		phase journal.Phase
		keys  []string
	}
	bad := func(phase journal.Phase, keys ...string) reading { return reading{phase, keys} }
	for name, tt := range map[string]struct {
		readings []reading
		want     Verdict
		says     string
		keys     []string
	}{
		"holds":            {[]reading{bad(journal.Baseline), bad(journal.Fault), bad(journal.Recovery)}, Held, "holds", nil},
		"broken after it":  {[]reading{bad(journal.Baseline), bad(journal.Recovery, "a", "b")}, Refuted, "is broken: 2 violations: a, b", []string{"a", "b"}},
		"broken under it":  {[]reading{bad(journal.Baseline), bad(journal.Fault, "a"), bad(journal.Recovery)}, Refuted, "was broken while the fault was in force: 1 violation: a", []string{"a"}},
		"worse and worse":  {[]reading{bad(journal.Baseline), bad(journal.Fault, "a"), bad(journal.Fault, "a", "b"), bad(journal.Recovery, "b", "c")}, Refuted, "a, b, c", []string{"a", "b", "c"}},
		"broken before it": {[]reading{bad(journal.Baseline, "a"), bad(journal.Fault, "a", "b"), bad(journal.Recovery, "a", "b")}, Inconclusive, "did not hold before the fault either", []string{"a", "b"}},
		// That nobody could ask after the fault takes nothing from what was seen under it.
		"broken under it, and not asked after it": {[]reading{bad(journal.Baseline), bad(journal.Fault, "a")}, Refuted, "was broken while the fault was in force: 1 violation: a", []string{"a"}},
		"holds under it, and not asked after it":  {[]reading{bad(journal.Baseline), bad(journal.Fault)}, Inconclusive, "could not be asked", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStory()
			s.plan.Experiments[0].Invariants = []experiments.Invariant{{Name: "charged once"}}
			s.writeJournal()
			for i, r := range tt.readings {
				s.at(float64(i+2), journal.Event{Kind: journal.InvariantChecked, Phase: r.phase, Check: &journal.CheckResult{
					Invariant: "charged once", Holds: len(r.keys) == 0, Violations: float64(len(r.keys)), Keys: r.keys}})
			}
			e := s.fold(t).Experiments[0]
			c := e.Criteria[len(e.Criteria)-1]
			if c.Verdict != tt.want || !strings.Contains(c.Detail, tt.says) {
				t.Errorf("%s: %q, want %s with %q", c.Verdict, c.Detail, tt.want, tt.says)
			}
			if !slices.Equal(e.Invariants[0].Keys, tt.keys) && tt.want == Refuted {
				t.Errorf("keys %q, want %q", e.Invariants[0].Keys, tt.keys)
			}
		})
	}
}

// An invariant that broke is a fact, whatever became of the numbers of journeys, if the
// fault was there, met traffic and is gone.
func TestABrokenInvariantIsAFact(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		spoil func(*story) // before the journal is written
		after func(*story) // and after it
		want  Verdict
		code  ReasonCode // why the numbers are void
		exit  int
	}{
		"the machine was busy": {spoil: func(s *story) { s.late = 150 * time.Millisecond },
			want: Refuted, code: ReasonTooBusy, exit: ExitRefuted},
		"the baseline was harmed": {spoil: func(s *story) { s.harm = func(plan.Arm, float64) float64 { return 0.1 } },
			want: Refuted, code: ReasonBaselineHarmed, exit: ExitRefuted},
		"there were no journeys": {spoil: func(s *story) { s.obs = []journal.Observation{} },
			want: Refuted, code: ReasonTooFewJourneys, exit: ExitRefuted},
		"the fault met nothing": {after: func(s *story) { s.evidence(journal.Evidence{}) },
			want: Invalid, code: ReasonNotExercised, exit: ExitInvalid},
		"the fault vanished": {after: func(s *story) { s.at(20, journal.Event{Kind: journal.FaultVanished, Detail: "toxic is gone"}) },
			want: Invalid, code: ReasonFaultVanished, exit: ExitInvalid},
		"the fault is not proven gone": {after: func(s *story) {
			s.edit(journal.FaultRemoved, func(e *journal.Event) { e.Verified, e.Error = false, "no answer within 10s" })
		}, want: Invalid, code: ReasonRemovalUnverified, exit: ExitNotRemoved},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStory()
			for _, spoil := range []func(*story){tt.spoil, func(s *story) { invariant(s, 0, 2) }, tt.after} {
				if spoil != nil {
					spoil(s)
				}
			}
			r := s.fold(t)
			e := r.Experiments[0]
			if e.Verdict != tt.want || r.Exit(nil) != tt.exit || !e.HasReason(tt.code) {
				t.Fatalf("%s, exit %d, %v; want %s, exit %d, with %s", e.Verdict, r.Exit(nil), e.ReasonCodes, tt.want, tt.exit, tt.code)
			}
			if !slices.Contains(e.Void, tt.code) || e.Trusted() {
				t.Errorf("void %v, trusted %v: the numbers of journeys are void by %s", e.Void, e.Trusted(), tt.code)
			}
			if c := e.Criterion(InvariantCriterion, "charged once"); c == nil || c.Verdict != Refuted {
				t.Errorf("criterion %+v, want a refuted one", c)
			}
			if tt.want != Refuted {
				return
			}
			if e.ReasonCodes[0] != ReasonInvariantBroken {
				t.Errorf("%v: the invariant's reason comes first", e.ReasonCodes)
			}
			if c := e.Criterion(JourneyCriterion, "checkout"); c == nil || c.Verdict != Invalid || e.Journeys[0].Verdict != Invalid {
				t.Errorf("journey %s, criterion %+v: no journey is judged", e.Journeys[0].Verdict, c)
			}
		})
	}
}

// Of a staging that is dirty already only what is new counts, where keys tell.
func TestNewViolationsRefuteBesideOldOnes(t *testing.T) {
	t.Parallel()
	type reading struct {
		phase journal.Phase
		all   float64
		fresh *float64
		keys  []string
	}
	before := reading{journal.Baseline, 30, nil, []string{"o1", "o2"}}
	for name, tt := range map[string]struct {
		readings []reading
		want     Verdict
		code     ReasonCode
		keys     []string
	}{
		"new after it":     {[]reading{before, {journal.Recovery, 31, new(1.0), []string{"n"}}}, Refuted, ReasonInvariantBroken, []string{"n"}},
		"new under it":     {[]reading{before, {journal.Fault, 31, new(1.0), []string{"n"}}, {journal.Recovery, 30, new(0.0), nil}}, Refuted, ReasonInvariantBrokenUnder, []string{"n"}},
		"old ones healed":  {[]reading{before, {journal.Recovery, 2, new(2.0), []string{"n", "m"}}}, Refuted, ReasonInvariantBroken, []string{"n", "m"}},
		"an old key again": {[]reading{before, {journal.Recovery, 31, new(1.0), []string{"o1"}}}, Refuted, ReasonInvariantBroken, []string{"o1"}},
		"old ones alone":   {[]reading{before, {journal.Recovery, 30, new(0.0), nil}}, Held, ReasonInvariantHolds, nil},
		"keys do not tell": {[]reading{before, {journal.Recovery, 31, nil, nil}}, Inconclusive, ReasonInvariantBrokenBefore, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStory()
			s.plan.Experiments[0].Invariants = []experiments.Invariant{{Name: "charged once"}}
			s.writeJournal()
			for i, r := range tt.readings {
				s.at(float64(i+2), journal.Event{Kind: journal.InvariantChecked, Phase: r.phase, Check: &journal.CheckResult{
					Invariant: "charged once", Violations: r.all, New: r.fresh, Keys: r.keys}})
			}
			e := s.fold(t).Experiments[0]
			c := e.Criterion(InvariantCriterion, "charged once")
			if c == nil || c.Verdict != tt.want || c.Code != tt.code || e.Verdict != tt.want {
				t.Errorf("%s with %+v, want %s by %s", e.Verdict, c, tt.want, tt.code)
			}
			if !slices.Equal(e.Invariants[0].Keys, tt.keys) {
				t.Errorf("keys %q, want %q", e.Invariants[0].Keys, tt.keys)
			}
		})
	}
}

func TestKeysAreBounded(t *testing.T) {
	t.Parallel()
	inv := &Invariant{}
	for i := range 100 {
		inv.addNewKeys([]string{fmt.Sprint(i)}, []string{"3"})
	}
	if len(inv.Keys) != mostKeys || slices.Contains(inv.Keys, "3") {
		t.Errorf("%d keys: %q", len(inv.Keys), inv.Keys)
	}
}

func TestTheCohortDependsOnlyOnIntendedStarts(t *testing.T) {
	t.Parallel()
	s := newStory()
	s.harm = duringFault(1)
	e := s.fold(t).Experiments[0]
	j := e.Journeys[0]
	// From the injection to 1 s (slow_after) before the removal, at 25 journeys/s. The
	// one in flight at the injection is told beside it.
	if want := (removedAt - 1 - faultAt) * 25; j.Arms.Fault.Journeys != want {
		t.Errorf("%d journeys count, want %d", j.Arms.Fault.Journeys, want)
	}
	if j.Arms.Control.Journeys != j.Arms.Fault.Journeys {
		t.Errorf("%d in control, %d in fault: membership must not depend on the arm", j.Arms.Control.Journeys, j.Arms.Fault.Journeys)
	}
	if j.Released == nil || j.Released.Journeys != 25 {
		t.Errorf("released = %+v, want the 25 journeys of the last second", j.Released)
	}
	steps := j.Steps[0].Failed + j.Steps[1].Failed
	if steps != j.Arms.Fault.Harmed() {
		t.Errorf("the step rows add up to %d, the journey to %d", steps, j.Arms.Fault.Harmed())
	}
}

func TestContaminationIsABracket(t *testing.T) {
	t.Parallel()
	s := newStory()
	s.harm = func(_ plan.Arm, second float64) float64 { return duringFault(0.3)(plan.FaultArm, second) }
	e := s.fold(t).Experiments[0]
	b := e.BlastRadius
	if b.Control != ContaminatedControl || b.Low > 0 || b.High < 0.3 || math.Abs(b.AgainstBaseline.Estimate-0.3) > 0.05 || math.Abs(b.SpillOver.Estimate-0.3) > 0.05 {
		t.Errorf("blast radius = %+v, want a bracket from 0 against the control to 0.3 against the baseline", b)
	}
	if len(e.Warnings) == 0 || !strings.Contains(e.Warnings[0], "control contaminated") {
		t.Errorf("warnings = %q", e.Warnings)
	}
}

// The headline is the journey furthest over its own limit, never a pooled one.
func TestTheHeadlineIsTheJourneyFurthestOverItsLimit(t *testing.T) {
	t.Parallel()
	journeys := []Journey{
		{Name: "checkout", Limit: 0.5, BlastRadius: &BlastRadius{Journey: "checkout", Estimate: 0.4}},
		{Name: "browse", Limit: 0.01, BlastRadius: &BlastRadius{Journey: "browse", Estimate: 0.1}},
		{Name: "search", Limit: 0.01},
	}
	if got := headline(journeys); got.Journey != "browse" {
		t.Errorf("headline = %+v, want browse: 9 points over its limit", got)
	}
}

// Where nothing is shown to be beyond its limit, it is the journey of which least is known
// to be within, and never hides one that is shown to be beyond.
func TestTheHeadlineIsTheJourneyNotKnownToBeWithin(t *testing.T) {
	t.Parallel()
	of := func(name string, estimate, low, high float64, control string) Journey {
		return Journey{Name: name, Limit: 0.05, BlastRadius: &BlastRadius{Journey: name, Estimate: estimate, Low: low, High: high, Control: control}}
	}
	for want, other := range map[string][2]Journey{
		"contaminated": {of("contaminated", -0.01, -0.14, 0.78, ContaminatedControl), of("browse", 0, -0.1, 0.099, ConcurrentControl)},
		"undecided":    {of("undecided", 0.01, -0.02, 0.06, ConcurrentControl), of("checkout", 0.041, 0.035, 0.047, ConcurrentControl)},
		"refuted":      {of("refuted", 0.2, 0.1, 0.3, ConcurrentControl), of("wide", 0.1, -0.2, 0.9, ConcurrentControl)},
	} {
		for _, list := range [][]Journey{other[:], {other[1], other[0]}} {
			if got := headline(list); got.Journey != want {
				t.Errorf("headline is about %s, want %s", got.Journey, want)
			}
		}
	}
}

func TestRecoveryIsMeasuredFromTheProvenRemoval(t *testing.T) {
	t.Parallel()
	s := newStory()
	s.harm = func(arm plan.Arm, second float64) float64 {
		if arm == plan.FaultArm && second >= faultAt && second < removedAt+3 {
			return 0.6
		}
		return 0
	}
	e := s.fold(t).Experiments[0]
	if e.Recovery == nil || e.Recovery.Censored || math.Abs(e.Recovery.Seconds-3) > 0.5 {
		t.Errorf("recovery = %+v, want 3 s", e.Recovery)
	}
}

func TestSeriesCoverTheWholeExperiment(t *testing.T) {
	t.Parallel()
	s := newStory()
	e := s.fold(t).Experiments[0]
	series := e.Journeys[0].Series
	total := 0
	for _, b := range series.Fault {
		total += b.Journeys
	}
	if len(series.Fault) != endAt || total != endAt*25 || len(series.Control) != endAt {
		t.Errorf("%d buckets with %d journeys", len(series.Fault), total)
	}
}

func TestSeriesAreBounded(t *testing.T) {
	t.Parallel()
	l := newArmSeries(plan.FaultArm, 0, 10*time.Hour)
	if n := len(l.rows()); n > maxBuckets || n < maxBuckets/2 {
		t.Errorf("%d buckets of %v", n, l.width)
	}
	for total := time.Second; total < 3*time.Minute; total += 700 * time.Millisecond {
		if l := newArmSeries(plan.FaultArm, 0, total, 500*time.Millisecond); len(l.buckets) > maxBuckets || l.start+l.first+time.Duration(len(l.buckets)-1)*l.width < total {
			t.Errorf("%v has %d buckets of %v after one of %v", total, len(l.buckets), l.width, l.first)
		}
	}
}

// A bucket ends when the fault comes, and a journey that was under way then counts after it:
// no harm stands before its fault.
func TestNoHarmStandsBeforeItsFault(t *testing.T) {
	t.Parallel()
	const injected = 3300 * time.Millisecond
	s := newArmSeries(plan.FaultArm, 0, 10*time.Second, injected)
	for at := time.Duration(0); at < 10*time.Second; at += 50 * time.Millisecond {
		o := journal.Observation{Arm: plan.FaultArm, Intended: at, Took: 20 * time.Millisecond, Outcome: journal.OK}
		if at+400*time.Millisecond > injected && at < 6*time.Second {
			o.Took, o.Outcome = 400*time.Millisecond, journal.Failed
		}
		s.add(&o)
	}
	got := s.series()
	if got.First != 0.3 || got.Bucket != 1 || len(got.Fault) != 11 {
		t.Fatalf("the first of %d buckets has %v s, the others %v s", len(got.Fault), got.First, got.Bucket)
	}
	total := 0
	for i, b := range got.Fault {
		total += b.Journeys
		if harmed := b.Harmed > 0; harmed != (i >= 4 && i <= 6) {
			t.Errorf("bucket %d has %d of %d harmed", i, b.Harmed, b.Journeys)
		}
	}
	if total != 200 {
		t.Errorf("%d journeys, want 200", total)
	}
}

func TestTheExitTable(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		verdicts []Verdict
		outcome  string
		signal   string
		dangling bool
		allow    []Verdict
		want     int
	}{
		"all held":                    {[]Verdict{Held, Held}, Completed, "", false, nil, 0},
		"refuted beats invalid":       {[]Verdict{Invalid, Refuted, Inconclusive}, Completed, "", false, nil, 3},
		"invalid beats inconclusive":  {[]Verdict{Inconclusive, Invalid, Held}, Completed, "", false, nil, 5},
		"not run":                     {[]Verdict{Held, NotRun}, Completed, "", false, nil, 5},
		"inconclusive":                {[]Verdict{Held, Inconclusive}, Completed, "", false, nil, 4},
		"allowed inconclusive":        {[]Verdict{Held, Inconclusive}, Completed, "", false, []Verdict{Inconclusive}, 0},
		"allowed invalid":             {[]Verdict{Invalid, Inconclusive}, Completed, "", false, []Verdict{Invalid}, 4},
		"refuted cannot be allowed":   {[]Verdict{Refuted}, Completed, "", false, []Verdict{Invalid, Inconclusive}, 3},
		"an error beats a verdict":    {[]Verdict{Refuted}, FailedRun, "", false, nil, 1},
		"interrupted beats a verdict": {[]Verdict{Refuted, NotRun}, Interrupted, "INT", false, nil, 130},
		"hung up":                     {nil, Interrupted, "HUP", false, nil, 129},
		"terminated":                  {nil, Interrupted, "TERM", false, nil, 143},
		"left over beats everything":  {[]Verdict{Refuted}, Interrupted, "INT", true, nil, 7},
		"nothing was run":             {nil, Completed, "", false, nil, 5},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &Result{Run: Run{Outcome: tt.outcome, Signal: tt.signal}}
			for _, v := range tt.verdicts {
				r.Experiments = append(r.Experiments, Experiment{Verdict: v, Faults: []Fault{{Intended: tt.dangling}}})
			}
			if got := r.Exit(tt.allow); got != tt.want {
				t.Errorf("Exit() = %d, want %d", got, tt.want)
			}
		})
	}
}

// An exit code of 0 says why it is 0.
func TestAnAllowedVerdictIsNotCalledHeld(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		list []Verdict
		code int
		want string
	}{
		"held":                 {[]Verdict{Held, Held}, ExitHeld, "every hypothesis held"},
		"inconclusive allowed": {[]Verdict{Held, Inconclusive}, ExitHeld, "inconclusive, which is allowed"},
		"invalid allowed":      {[]Verdict{Invalid, Inconclusive}, ExitHeld, "invalid or not run, which is allowed"},
		"inconclusive":         {[]Verdict{Inconclusive}, ExitInconclusive, "inconclusive"},
		"refuted":              {[]Verdict{Inconclusive, Refuted}, ExitRefuted, "a hypothesis was refuted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &Result{Run: Run{Outcome: Completed, ExitCode: tt.code}}
			for _, v := range tt.list {
				r.Experiments = append(r.Experiments, Experiment{Verdict: v})
			}
			if got := r.ExitMeaning(); got != tt.want {
				t.Errorf("ExitMeaning() = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestADamagedJournalIsReportedAsFarAsItGoes(t *testing.T) {
	t.Parallel()
	s := newStory()
	s.writeJournal()
	s.send()
	bad := journeys{s.obs[:10], errors.New("observation 11: damaged")}
	r, err := Fold(seq(s.events), bad)
	if err != nil || len(r.Warnings) != 1 || r.Experiments[0].Verdict != Invalid {
		t.Errorf("Fold() = %v, %v; want a warning and an invalid experiment", r.Warnings, err)
	}
	if _, err := Fold(seq([]journal.Event{{Kind: journal.RunEnded}}), bad); err == nil {
		t.Error("a journal without a plan was folded")
	}
}

// Observations that cannot be read a second time give an error, not half a result.
func TestAReadErrorIsNoResult(t *testing.T) {
	t.Parallel()
	s := newStory()
	s.writeJournal()
	s.send()
	for pass := 1; pass <= 3; pass++ {
		if r, err := Fold(seq(s.events), &unreadable{journeys{s.obs, nil}, pass}); err == nil || !strings.Contains(err.Error(), "payments-slow") {
			t.Errorf("pass %d: %v, %v; want an error that names the experiment", pass, r, err)
		}
	}
}

// unreadable fails in the middle of its n-th pass.
type unreadable struct {
	journeys
	n int
}

func (f *unreadable) Of(experiment int) iter.Seq2[*journal.Observation, error] {
	return func(yield func(*journal.Observation, error) bool) {
		f.n--
		for o := range f.journeys.Of(experiment) {
			if f.n == 0 && o.Intended > time.Second {
				yield(nil, errors.New("input/output error"))
				return
			}
			if !yield(o, nil) {
				return
			}
		}
	}
}

// What a run is told of an experiment at its end is what the result says of it after the
// run, however that went on.
func TestAnExperimentIsJudgedAtItsEnd(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*story){
		"held":    func(*story) {},
		"refuted": func(s *story) { s.harm = duringFault(0.4) },
		"invalid": func(s *story) { s.harm = func(plan.Arm, float64) float64 { return 0.3 } },
		"interrupted": func(s *story) {
			s.harm = duringFault(0.4)
			s.cut(journal.ExperimentEnded)
			s.events = append(s.events, journal.Event{Seq: 98, Kind: journal.Interrupted, Detail: "INT"})
			s.at(endAt, journal.Event{Kind: journal.ExperimentEnded, Error: "interrupted"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStory()
			second := s.plan.Experiments[0]
			second.ID = "payments-down"
			s.plan.Experiments = append(s.plan.Experiments, second)
			change(s)
			if s.events == nil {
				s.writeJournal()
			}
			s.send()
			end := slices.IndexFunc(s.events, func(e journal.Event) bool { return e.Kind == journal.ExperimentEnded }) + 1
			early, err := foldExperiment(seq(s.events[:end]), journeys{s.obs, nil}, 0)
			if err != nil {
				t.Fatal(err)
			}
			s.events = append(s.events[:end], journal.Event{Seq: 99, Kind: journal.SuiteStopped, Detail: "x"}, journal.Event{Seq: 100, Kind: journal.RunEnded})
			later := append(slices.Clone(s.obs), journal.Observation{Experiment: 1, Outcome: journal.Failed, Step: 1})
			r, err := Fold(seq(s.events), journeys{later, nil})
			if err != nil || !reflect.DeepEqual(*early, r.Experiments[0]) {
				t.Errorf("%v: at its end\n%+v\nafter the run\n%+v", err, *early, r.Experiments[0])
			}
			if _, err := foldExperiment(seq(s.events), journeys{s.obs, nil}, 2); err == nil {
				t.Error("an experiment that the plan does not have")
			}
		})
	}
}

func TestTheSameJournalGivesTheSameResult(t *testing.T) {
	t.Parallel()
	a, b := newStory(), newStory()
	a.harm, b.harm = duringFault(0.2), duringFault(0.2)
	if ra, rb := a.fold(t), b.fold(t); !reflect.DeepEqual(ra, rb) {
		t.Error("two folds differ")
	}
}
