package truth

import (
	"fmt"
	"math"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/truth/world"
)

// pausing is a scene whose journeys pause before their decisive step, which fails for
// certain under the fault, or never. A journey may be in flight for far longer than its
// timeout.
func pausing(pause [2]float64, harm float64) *Scene {
	return &Scene{
		Seed: 5, Warmup: 15, Baseline: 60, Fault: 60, Recovery: 40, Rates: []float64{20}, SlowAfter: 1, Timeout: 2, Control: plan.Concurrent,
		Limit: 0.05, Base: world.Level(0), Harm: world.Level(harm), Step: 0.02, Pause: pause,
	}
}

// However long users pause, all that a certain harm can meet is harmed and counts, and
// nothing else: no journey that came before it counts as spared, and no one in a pause as
// one that hangs.
func TestPausesAreNoHarmAndHideNone(t *testing.T) {
	t.Parallel()
	fault := func(at, lasting float64) []experiments.Fault {
		return []experiments.Fault{{Inject: "latency", Into: "payments", Attributes: map[string]any{"latency": 2.0}, Share: 1, At: inSeconds(at), For: inSeconds(lasting)}}
	}
	for design, edit := range map[string]func(*Scene){
		"second route":  func(*Scene) {},
		"one route":     func(s *Scene) { s.Control = plan.Baseline },
		"turns":         func(s *Scene) { s.Control, s.Repeat = plan.Baseline, 3 },
		"two stretches": func(s *Scene) { s.Fault, s.Faults = 80, append(fault(0, 35), fault(45, 35)...) },
		"guarded":       func(s *Scene) { s.Guardrails = guardedBy(0.9) },
		"shares in turns": func(s *Scene) {
			s.Control, s.Saturation, s.Inject, s.Fault = plan.Baseline, []float64{0.5, 1}, "http_error", 240
		},
		"interrupted": func(s *Scene) {
			s.Interrupt = func(now float64, _ *Seen) bool { return now > 15+60+50 }
		},
	} {
		for _, pause := range [][2]float64{{0, 0}, {3, 3}, {0.5, 5}, {0, 12}} {
			t.Run(fmt.Sprintf("%s, pauses of %v", design, pause), func(t *testing.T) {
				t.Parallel()
				for _, harm := range []float64{0, 1} {
					s := pausing(pause, harm)
					edit(s)
					e := s.Play(t)
					if harm == 0 && e.Guardrail != nil {
						t.Fatalf("a guardrail stopped harm of none: %s", e.Guardrail.Detail)
					}
					checkPaused(t, e, s, harm)
				}
			})
		}
	}
}

func checkPaused(t *testing.T, e *result.Experiment, s *Scene, harm float64) {
	t.Helper()
	if e.Faults[0].Injected.IsZero() || e.BlastRadius == nil {
		t.Fatalf("nothing was measured: %v", e.Reasons)
	}
	j := e.Journeys[0]
	if got := e.BlastRadius.Estimate; math.Abs(got-harm) > 0.002 {
		t.Errorf("blast radius %g of %d journeys, %d harmed, want %g", got, j.Arms.Fault.Journeys, j.Arms.Fault.Harmed(), harm)
	}
	if n := j.Baseline.Fault.Harmed(); n != 0 || j.Baseline.Fault.Journeys == 0 {
		t.Errorf("%d of %d were harmed before the fault", n, j.Baseline.Fault.Journeys)
	}
	if got := j.Latency.Baseline; len(got) == 0 || got[len(got)-1].Seconds > 0.2 {
		t.Errorf("durations before the fault hold pauses: %v", got)
	}
	if s.Interrupt != nil {
		return // the recovery was not watched
	}
	if rec := e.Recovery; rec == nil || harm == 0 && !rec.Unharmed || harm == 1 && (rec.Censored || rec.Seconds > 1) {
		t.Errorf("recovery %+v after harm of %g", rec, harm)
	}
}

// A guardrail stops harm no later than pauses make it show, for every kind of guardrail
// on journeys.
func TestGuardrailsSeeHarmBehindPauses(t *testing.T) {
	t.Parallel()
	for name, g := range map[string]experiments.Guardrail{"blast radius": {BlastRadius: 0.1}, "failed": {Failed: 0.1}, "p99": {P99: inSeconds(0.5)}} {
		for _, control := range []plan.Control{plan.Concurrent, plan.Baseline} {
			for _, harm := range []float64{0, 1} {
				t.Run(fmt.Sprintf("%s, %s, harm %g", name, control, harm), func(t *testing.T) {
					t.Parallel()
					s := pausing([2]float64{2, 6}, harm)
					s.Control, s.Guardrails = control, []experiments.Guardrail{g}
					s.Decide = Failing(0.05, 0.9)
					e := s.Play(t)
					if (e.Guardrail != nil) != (harm > 0) {
						t.Fatalf("guardrail %+v at harm of %g", e.Guardrail, harm)
					}
					if harm > 0 {
						if after := e.Faults[0].Removed.Sub(e.Faults[0].Injected).Seconds(); after > 15 {
							t.Errorf("stopped after %.1f s", after)
						}
					}
				})
			}
		}
	}
}

// A plan expects as many journeys to count as do.
func TestPlansKnowPauses(t *testing.T) {
	t.Parallel()
	for _, control := range []plan.Control{plan.Concurrent, plan.Baseline} {
		s := pausing([2]float64{2, 8}, 0)
		s.Control = control
		p, err := s.Plan()
		if err != nil {
			t.Fatal(err)
		}
		e := s.Play(t)
		expected, _ := p.Experiments[0].Cohort(p.Experiments[0].Journeys[0])
		if got := e.Journeys[0].Arms.Fault.Journeys; got < expected-2 || got > expected+2 {
			t.Errorf("%s: %d journeys count, planned %d", control, got, expected)
		}
	}
}
