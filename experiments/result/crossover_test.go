package result

import (
	"math"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// crossoverStory is a story in which control and fault take turns: from 11 s on 5 s of
// fault and 10 s without it, four times, and 10 s of recovery.
func crossoverStory() *story {
	s := newStory()
	e := &s.plan.Experiments[0]
	e.Control, e.Repeat, e.FaultPeriod = plan.Baseline, 4, 5*time.Second
	one := e.Faults[0]
	e.Faults = nil
	for k := range 4 {
		one.Name, one.Period = "blastgauge.r."+string(rune('1'+k)), k
		e.Faults = append(e.Faults, one)
	}
	s.at(0, journal.Event{Kind: journal.RunStarted, Plan: s.plan, Toxiproxy: &journal.Toxiproxy{Kind: "blastgauge", Version: "1"}})
	s.at(0, journal.Event{Kind: journal.ExperimentStarted})
	s.at(baselineAt, journal.Event{Kind: journal.PhaseStarted, Phase: journal.Baseline})
	s.at(faultAt-0.01, journal.Event{Kind: journal.PhaseStarted, Phase: journal.Fault})
	for k, f := range e.Faults {
		from := float64(faultAt + 15*k)
		s.at(from, journal.Event{Kind: journal.FaultIntended, Fault: f.Name})
		s.at(from, journal.Event{Kind: journal.FaultInjected, Fault: f.Name, Evidence: metAll})
		s.at(from+5, journal.Event{Kind: journal.FaultRemoved, Fault: f.Name, Verified: true, Began: time.Duration((from + 5) * 1e9), Evidence: metAll})
	}
	s.at(61, journal.Event{Kind: journal.PhaseStarted, Phase: journal.Recovery})
	s.at(turnsEnd, journal.Event{Kind: journal.ExperimentEnded})
	s.at(turnsEnd, journal.Event{Kind: journal.RunEnded})
	return s
}

const turnsEnd = 71

// underFault reports whether a fault of crossoverStory is in force.
func underFault(second float64) bool {
	into := math.Mod(second-faultAt, 15)
	return second >= faultAt && second < 61 && into < 5
}

func (s *story) sendCrossover() {
	for n := 0; float64(n)/s.rate < turnsEnd; n++ {
		second := float64(n) / s.rate
		o := journal.Observation{Intended: time.Duration(second * 1e9), Took: 40 * time.Millisecond, Step: -1}
		if s.rng.Float64() < s.harm(plan.FaultArm, second) {
			o.Outcome, o.Cause, o.Step = journal.Failed, journal.Status, 1
		}
		s.obs = append(s.obs, o)
	}
}

// A system that gets worse by itself from minute to minute harms more in every period.
// With one baseline before one fault, the fault would get the blame.
func TestCrossoverBalancesADrift(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ excess float64 }{"a fault": {0.3}, "none": {0}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := crossoverStory()
			s.plan.Experiments[0].Limits.Baseline = 0.2
			s.harm = func(_ plan.Arm, second float64) float64 {
				p := 0.004 * second
				if underFault(second) {
					p += tt.excess
				}
				return p
			}
			s.sendCrossover()
			e := s.fold(t).Experiments[0]
			b := e.BlastRadius
			if b == nil || b.Method != "turns of control and fault" || b.Batches != 4 || b.Control != BaselineControl {
				t.Fatalf("blast radius = %+v: %q", b, e.Reasons)
			}
			if b.Low > tt.excess || b.High < tt.excess || math.Abs(b.Estimate-tt.excess) > 0.06 {
				t.Errorf("excess %v (%v to %v), want %v", b.Estimate, b.Low, b.High, tt.excess)
			}
			// 4 s of each turn count, as the last second of its journeys may be rescued.
			if want := 4 * 4 * 25; e.Journeys[0].Arms.Fault.Journeys != want {
				t.Errorf("%d journeys count, want %d", e.Journeys[0].Arms.Fault.Journeys, want)
			}
		})
	}
}

// The first half of a control period is left out, as the system has to recover.
func TestHalfAControlPeriodIsForRecovery(t *testing.T) {
	t.Parallel()
	s := crossoverStory()
	s.harm = func(_ plan.Arm, second float64) float64 {
		if into := math.Mod(second-faultAt, 15); second >= faultAt && into < 9 { // 4 s after each removal
			return 0.5
		}
		return 0
	}
	s.sendCrossover()
	e := s.fold(t).Experiments[0]
	near(t, "blast radius", e.BlastRadius.Estimate, 0.5, 0.06)
	if r := e.Recovery; r == nil || math.Abs(r.Seconds-4) > 0.6 {
		t.Errorf("recovery = %+v, want 4 s after the last removal", r)
	}
}

// A guardrail that ends the second fault period leaves the first to be judged.
func TestAGuardrailEndsTheFaultPeriods(t *testing.T) {
	t.Parallel()
	s := crossoverStory()
	for i, e := range s.events {
		if e.Fault == "blastgauge.r.3" {
			s.events = s.events[:i]
			break
		}
	}
	s.at(31, journal.Event{Kind: journal.GuardrailTripped, Guardrail: "blast_radius", Detail: "blast radius of checkout", Value: 0.9, Limit: 0.5})
	s.at(turnsEnd, journal.Event{Kind: journal.ExperimentEnded})
	s.at(turnsEnd, journal.Event{Kind: journal.RunEnded})
	s.harm = func(_ plan.Arm, second float64) float64 {
		if underFault(second) && second < 31 {
			return 0.9
		}
		return 0
	}
	s.sendCrossover()
	e := s.fold(t).Experiments[0]
	if e.Verdict != Refuted || len(e.Faults) != 2 {
		t.Errorf("%s %q with %d faults, want it refuted by the two that were injected", e.Verdict, e.Reasons, len(e.Faults))
	}
}
