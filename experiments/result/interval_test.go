package result

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// inBursts harms half of the journeys of an arm in one second of four.
func inBursts(second float64) float64 {
	if int(second)%4 == 0 {
		return 0.5
	}
	return 0
}

func TestHarmInBurstsIsKnownLessWell(t *testing.T) {
	t.Parallel()
	steady, bursts := newStory(), newStory()
	steady.harm = duringFault(0.125)
	bursts.harm = func(arm plan.Arm, second float64) float64 {
		if duringFault(1)(arm, second) == 0 {
			return 0
		}
		return inBursts(second)
	}
	a, b := steady.fold(t).Experiments[0], bursts.fold(t).Experiments[0]
	width := func(e Experiment) float64 { return e.BlastRadius.High - e.BlastRadius.Low }
	if width(b) < 1.3*width(a) {
		t.Errorf("bursts are known to %.3f, steady harm to %.3f", width(b), width(a))
	}
	r := b.BlastRadius
	if r.Method != "paired batch means" || r.Batches < 8 || r.Independent == nil || r.Independent.High-r.Independent.Low > width(b)/1.3 {
		t.Errorf("blast radius = %+v", r)
	}
	if len(b.Warnings) != 2 || !strings.Contains(b.Warnings[0], "harm came in 5 episodes") || !strings.Contains(b.Warnings[1], "comes in bursts: 475 journeys per arm") {
		t.Errorf("warnings = %q", b.Warnings)
	}
	if len(a.Warnings) != 0 {
		t.Errorf("steady harm: warnings = %q", a.Warnings)
	}
	step := b.Journeys[0].Steps[1]
	if step.Excess != r.Estimate || step.Low != r.Low || step.High != r.High {
		t.Errorf("all harm is at one step, but its row says %v to %v and the journey %v to %v", step.Low, step.High, r.Low, r.High)
	}
}

// A short fault has too few batches to estimate how much they vary.
func TestShortFaultsTakeJourneysAsIndependent(t *testing.T) {
	t.Parallel()
	s := newStory()
	s.harm = duringFault(0.3)
	s.edit(journal.FaultRemoved, func(e *journal.Event) { e.Began, e.Since = 20*time.Second, 20*time.Second })
	r := s.fold(t).Experiments[0].BlastRadius
	if r.Method != "Newcombe, journeys taken as independent" || r.Batches != 0 || *r.Independent != (Bounds{r.Low, r.High}) {
		t.Errorf("blast radius = %+v", r)
	}
}

func TestTheBaselineAsControlUsesUnpairedBatches(t *testing.T) {
	t.Parallel()
	s := newStory()
	s.plan.Experiments[0].Control = plan.Baseline
	s.plan.Experiments[0].Phases.Baseline = 20 * time.Second
	s.harm = func(_ plan.Arm, second float64) float64 { return duringFault(0.3)(plan.FaultArm, second) }
	s.writeJournal()
	for i := range s.events { // the baseline starts earlier
		if s.events[i].Since >= baselineAt*time.Second {
			s.events[i].Since += 10 * time.Second
			if s.events[i].Began > 0 {
				s.events[i].Began += 10 * time.Second
			}
		}
		if s.events[i].Phase == journal.Baseline {
			s.events[i].Since -= 10 * time.Second
		}
	}
	s.harm = func(_ plan.Arm, second float64) float64 { return duringFault(0.3)(plan.FaultArm, second-10) }
	r := s.fold(t).Experiments[0].BlastRadius
	if r.Method != "batch means" || r.Batches < 8 || r.Low > 0.3 || r.High < 0.3 {
		t.Errorf("blast radius = %+v", r)
	}
}

// The bounds of a fault that a guardrail stopped hold at a moment that the data
// chose, and are wider for it.
func TestAStoppedFaultCarriesTheConfidenceSequence(t *testing.T) {
	t.Parallel()
	s := newStory()
	s.harm = duringFault(0.4)
	s.edit(journal.FaultRemoved, func(e *journal.Event) {
		e.Began, e.Since = (faultAt+4)*time.Second, (faultAt+4)*time.Second
	})
	s.at(faultAt+4, journal.Event{Kind: journal.GuardrailTripped, Detail: "40% > 36%", Value: 0.4, Limit: 0.36})
	r := s.fold(t).Experiments[0].BlastRadius
	if !strings.HasPrefix(r.Method, "confidence sequence") || r.Low <= 0.05 || r.Low > 0.4 || r.High < 0.4 || r.High-r.Low <= r.Independent.High-r.Independent.Low {
		t.Errorf("blast radius = %+v", r)
	}
}

func TestRecoverySaysWhenHarmFellAndWhenItWasBack(t *testing.T) {
	t.Parallel()
	between := func(from, to, share float64) func(plan.Arm, float64) float64 {
		return func(arm plan.Arm, second float64) float64 {
			if arm == plan.FaultArm && second >= removedAt+from && second < removedAt+to {
				return share
			}
			return duringFault(0.6)(arm, second)
		}
	}
	tests := map[string]struct {
		harm         func(plan.Arm, float64) float64
		seconds      float64
		fell         float64
		censored     bool
		metastable   bool
		harmedBeyond float64
	}{
		"at once":     {between(0, 0, 0), 0, 0, false, false, 0},
		"after three": {between(0, 3, 0.6), 3, 3, false, false, 2.4},
		"a relapse":   {between(4, 5.5, 0.9), 5.5, 0, false, false, 5},
		"little, for two": {func(arm plan.Arm, second float64) float64 {
			if arm == plan.FaultArm && second >= faultAt && second < removedAt+2 {
				return 0.25 // too little to be proven in half a second, and too much to be back over all ten
			}
			return 0
		}, 2, 2, false, false, 0},
		"goes on":           {between(0, 10, 0.6), 10, -1, true, true, 9},
		"comes back at end": {between(8.5, 10, 0.9), 10, 0, true, true, 9},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStory()
			s.harm = tt.harm
			r := s.fold(t).Experiments[0].Recovery
			if math.Abs(r.Seconds-tt.seconds) > 0.6 || r.Censored != tt.censored || r.Metastable != tt.metastable || r.Harmed < tt.harmedBeyond {
				t.Errorf("recovery = %+v", r)
			}
			if tt.fell < 0 {
				return // harm that goes on never fell
			}
			if r.FellAt == nil || math.Abs(r.FellAt.Seconds-tt.fell) > 0.3 || r.FellAt.Low > r.FellAt.Seconds || r.FellAt.High < r.FellAt.Seconds {
				t.Errorf("fell at %+v, want %v", r.FellAt, tt.fell)
			}
		})
	}
}

// On one route an outage well after the removal refutes nothing: a break of harm tells it
// from what is left of the fault's. Its moment is told, and "longer than" is not said.
func TestALaterOutageOnOneRouteRefutesNothing(t *testing.T) {
	t.Parallel()
	for after, want := range map[float64]ReasonCode{2: ReasonRecoveryUndecided, 4: ReasonRecovered, 6: ReasonRecovered} {
		s := newStory()
		s.plan.Experiments[0].Control = plan.Baseline
		s.plan.Experiments[0].Limits.BlastRadius, s.plan.Experiments[0].Journeys[0].Limit = 1, 1
		s.harm = func(_ plan.Arm, second float64) float64 {
			if second >= faultAt && second < removedAt || second >= removedAt+after {
				return 1
			}
			return 0
		}
		e := s.fold(t).Experiments[0]
		c := e.Criterion(RecoveryCriterion, "")
		if e.Verdict == Refuted || c.Code != want || e.Recovery.Metastable || e.Recovery.AtLeast() > 0 || math.Abs(e.Recovery.Later-after) > 0.5 {
			t.Errorf("dead %g s after the removal: %s %+v, recovery %+v", after, e.Verdict, c, e.Recovery)
		}
		if !slices.ContainsFunc(e.Warnings, func(w string) bool { return w == describeLater(e.Recovery) }) {
			t.Errorf("dead %g s after the removal: warnings %q", after, e.Warnings)
		}
	}
}

// A bad moment of the whole system after the fault is not the fault's.
func TestABadMomentOfBothArmsIsNoRelapse(t *testing.T) {
	t.Parallel()
	s := newStory()
	s.rate = 100
	s.harm = func(arm plan.Arm, second float64) float64 {
		if second >= removedAt+5 && second < removedAt+6 {
			return 0.7
		}
		return duringFault(0.6)(arm, second)
	}
	if r := s.fold(t).Experiments[0].Recovery; r.Censored || r.Seconds > 0.5 {
		t.Errorf("recovery = %+v, want at once", r)
	}
}

// Removing a timeout cuts the connections that it held. Journeys that fail at that moment
// do not show that the system has not recovered.
func TestHarmOfTheRemovalItselfIsLeftOut(t *testing.T) {
	t.Parallel()
	for inject, want := range map[string]float64{"timeout": 0, "latency": 0.5} {
		s := newStory()
		s.plan.Experiments[0].Faults[0].Fault = experiments.Fault{Inject: inject, Into: "payments", Share: 1}
		s.harm = func(arm plan.Arm, second float64) float64 {
			if arm == plan.FaultArm && second >= faultAt && second < removedAt+0.4 {
				return 0.8
			}
			return 0
		}
		if r := s.fold(t).Experiments[0].Recovery; r.Censored || r.Seconds != want {
			t.Errorf("%s: recovery = %+v, want %v s", inject, r, want)
		}
	}
}

func TestTooFewJourneysShowNoRecovery(t *testing.T) {
	t.Parallel()
	s := newStory()
	s.rate = 3
	s.plan.Experiments[0].Journeys[0].Rate = 6
	s.harm = duringFault(0.6)
	s.plan.Experiments[0].Limits.BlastRadius = 1
	s.plan.Experiments[0].Journeys[0].Limit = 1
	e := s.fold(t).Experiments[0]
	if e.Verdict != Inconclusive || !e.Recovery.Censored || e.Recovery.Metastable || !strings.Contains(e.Reasons[0], "too few journeys came after it") {
		t.Errorf("%s %q, recovery %+v", e.Verdict, e.Reasons, e.Recovery)
	}
}
