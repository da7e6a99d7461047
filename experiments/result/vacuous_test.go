package result

import (
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors"
)

// evidence edits the last evidence of the fault, as its server gave it.
func (s *story) evidence(e journal.Evidence) {
	e.Present, e.Counted = true, true
	s.edit(journal.FaultRemoved, func(ev *journal.Event) { ev.Evidence = &e })
}

// failing makes journeys of some arms fail from one moment to another.
func failing(from, to float64, arms ...plan.Arm) func(plan.Arm, float64) float64 {
	return func(arm plan.Arm, second float64) float64 {
		for _, a := range arms {
			if a == arm && second >= from && second < to {
				return 1
			}
		}
		return 0
	}
}

// Ways to measure nothing: none of them is held or refuted, and each says what was
// wrong. Whole runs do the same, with proxies and traffic, in experiments/run.
func TestVacuousMeasurements(t *testing.T) {
	t.Parallel()
	both := []plan.Arm{plan.FaultArm, plan.ControlArm}
	for name, tt := range map[string]struct {
		story  func(*story)
		want   Verdict
		code   ReasonCode
		unmet  UnmetCode
		reason string
	}{
		"the proxy is bypassed": {func(s *story) { s.evidence(journal.Evidence{}) },
			Invalid, ReasonNotExercised, UnmetNothingCounted, "does the system reach payments through the proxy?"},
		"a path that nobody calls": {func(s *story) {
			s.plan.Experiments[0].Faults[0].Attributes = injectors.Attributes{"match": map[string]any{"path": "/nowhere"}}
			s.evidence(journal.Evidence{})
		}, Invalid, ReasonNotExercised, UnmetNoMatch, "is any of its requests as match says?"},
		"journeys fail already": {func(s *story) { s.harm = failing(0, endAt, both...) },
			Invalid, ReasonBaselineHarmed, "", "harmed already before the fault"},
		"no journeys": {func(s *story) { s.obs = []journal.Observation{} },
			Invalid, ReasonTooFewJourneys, "", "too few journeys: 0 in the fault arm and 0 in the control"},
		"the wrong port": {func(s *story) {
			s.harm = failing(0, endAt, plan.FaultArm)
			s.evidence(journal.Evidence{})
		}, Invalid, ReasonNotExercised, UnmetNothingCounted, "does the system reach payments through the proxy?"},
		"a share too low to hit anything": {func(s *story) {
			s.plan.Experiments[0].Faults[0].Share = 0.001
			s.evidence(journal.Evidence{Of: 480})
		}, Invalid, ReasonNotExercised, UnmetShareTooLow, "none of the 480 that it could have met: a share of 0.1% is too low"},
		"a starved generator": {func(s *story) { s.late = 300 * time.Millisecond },
			Invalid, ReasonTooBusy, "", "traffic was late"},
		"a broken control": {func(s *story) { s.harm = failing(0, endAt, plan.ControlArm) },
			Invalid, ReasonBaselineHarmed, "", "100% of the control arm were harmed already before the fault"},
		"an exposed control": {func(s *story) { s.harm = failing(faultAt, removedAt, both...) },
			Inconclusive, ReasonControlContaminated, "", "control contaminated"},
		"a dependency that is cached": {func(s *story) {
			s.writeJournal()
			for i, moment := range []string{journal.BeforeIdle, journal.BeforeTraffic, journal.AfterFault} {
				second := []float64{0, 0.5, removedAt}[i]
				s.at(second, journal.Event{Kind: journal.Sampled, Detail: moment, Traffic: []journal.Traffic{{Proxy: "payments", Connections: 1, Bytes: int64(1000 * second)}}})
			}
		}, Invalid, ReasonNotExercised, UnmetOnlyIdle, "no more than it does when no journeys run"},
		"a recovery phase that is too short": {func(s *story) {
			s.writeJournal()
			s.edit(journal.ExperimentEnded, func(e *journal.Event) { e.Since = (removedAt + 0.5) * 1e9 })
		}, Inconclusive, ReasonRecoveryNotWatched, "", "recovery was not watched: the recovery phase is too short"},
		"a proxy that is restarted in the middle": {func(s *story) {
			s.writeJournal()
			s.at(20, journal.Event{Kind: journal.FaultVanished, Fault: "blastgauge.r.1", Detail: "no such toxic"})
		}, Invalid, ReasonFaultVanished, "", "vanished"},
		"a system that is restarted in the middle": {func(s *story) { s.harm = failing(18, 23, both...) },
			Inconclusive, ReasonControlContaminated, "", "something else that harmed both arms"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStory()
			tt.story(s)
			e := s.fold(t).Experiments[0]
			if unmet := e.Faults[0].Exercised.Unmet; !e.HasReason(tt.code) || unmet != tt.unmet {
				t.Errorf("reasons %q, unmet %q; want %s, %q", e.ReasonCodes, unmet, tt.code, tt.unmet)
			}
			if all := strings.Join(e.Reasons, "\n"); e.Verdict != tt.want || !strings.Contains(all, tt.reason) {
				t.Errorf("%s: %q, want %s with %q", e.Verdict, e.Reasons, tt.want, tt.reason)
			}
		})
	}
}

// A system that fails before the fault may call nothing: the first reason, which is what
// advice is made of, is that it fails, and not the path to the dependency.
func TestHarmBeforeTheFaultIsTheFirstReason(t *testing.T) {
	t.Parallel()
	s := newStory()
	s.harm = failing(0, endAt, plan.FaultArm, plan.ControlArm)
	s.evidence(journal.Evidence{})
	e := s.fold(t).Experiments[0]
	if !e.HasReason(ReasonNotExercised) || len(e.ReasonCodes) == 0 || e.ReasonCodes[0] != ReasonBaselineHarmed {
		t.Errorf("reasons %q; want %s first, and %s", e.ReasonCodes, ReasonBaselineHarmed, ReasonNotExercised)
	}
}
