// Package truth plays whole experiments in fake time against simulated systems whose
// harm is known, so that what a result says can be held against the truth: the real
// plan, the real engine with its guardrails, the real result with its verdict.
//
// Only the system under test is simulated. A run of three minutes takes some ten
// milliseconds.
package truth

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/truth/world"
)

// A Scene is one experiment and the system that it is run against. Times are in
// seconds, shares are fractions 0 to 1.
type Scene struct {
	Seed     uint64
	Warmup   float64
	Baseline float64
	Fault    float64
	Recovery float64

	// Rates are journeys per second of each kind of journey, over all arms. The kinds
	// are named j0, j1 and so on.
	Rates     []float64
	SlowAfter float64
	Timeout   float64

	Control    plan.Control
	Saturation []float64          // shares of journeys that the fault touches in turns; nil: all
	Repeat     int                // pairs of baseline and fault; 0: one
	Limit      float64            // of the blast radius
	Limits     map[string]float64 // of single journeys, by name
	RecoverIn  float64            // limit of the recovery; 0: none
	Guardrails []experiments.Guardrail
	// Interrupt is when the run gets a signal; nil: it gets none. It is asked again and
	// again, with what has become of the journeys so far.
	Interrupt func(now float64, seen *Seen) bool
	// Faults replaces the one fault for the whole phase. All have kind Inject.
	Faults []experiments.Fault
	Inject string // kind of fault; "": latency

	// Needs declares which step of each kind needs what is broken; nil: nothing is declared.
	Needs []Need
	// Spreads is the share of the fault's harm that comes at a step before any that needs
	// what is broken.
	Spreads float64

	// Suite is how many experiments of the same kind are played one after the other in one
	// run; 0: one. Share lets the recovery of one be the baseline of the next.
	Suite int
	Share bool

	Base world.Process    // harm without a fault, shared by both arms
	Own  [2]world.Process // harm without a fault of each arm's own route; nil: none
	Harm world.Process    // what the fault adds, over the time since it was first injected; nil: Decide knows
	// Step is when, after its intended start, a journey comes to its decisive step.
	Step float64
	// Pause is how long a user waits before the decisive step, in seconds, from and to.
	Pause [2]float64
	// Weight is the share of the journeys that take the decisive step; 0: all do. Others
	// look alone, which nothing harms.
	Weight float64
	// Decide says what becomes of a journey at its decisive step, and how long it takes
	// from there. Nil: [Scene.failing] for half a tenth of a second.
	Decide func(Moment) (journal.Outcome, float64)
	// Met is what the fault's counters say, of as many; 0: a thousand.
	Met int64
	// Calls is how often a journey calls the dependency at a moment; nil: the proxy has no
	// counters.
	Calls func(Moment) int
}

// Seen is what somebody who watches a run sees of it: journeys harmed under the fault and
// all of them, by arm.
type Seen struct{ Harmed, All [2]int }

// A Need is what the steps of a kind of journey need: a step look, and then a step pay
// that needs what is broken.
type Need struct {
	// Early is the share of harm without a fault that comes at look. At 0 there is no such
	// step.
	Early float64
	// Never: there is no step pay, and the fault never harms the journey, or does although
	// it does not need what is broken if it is Touched.
	Never, Touched bool
}

func (n Need) steps() []experiments.Step {
	look, pay := experiments.Step{Name: "look"}, experiments.Step{Name: "pay", Needs: []string{"payments"}}
	switch {
	case n.Never:
		return []experiments.Step{look}
	case n.Early == 0:
		return []experiments.Step{pay}
	}
	return []experiments.Step{look, pay}
}

// spared reports whether the fault never harms journeys of a kind.
func (s *Scene) spared(kind int) bool {
	return s.Needs != nil && s.Needs[kind].Never && !s.Needs[kind].Touched
}

// harmedAt is the index of the step at which a journey of a kind was harmed.
func (s *Scene) harmedAt(m Moment) int {
	if s.Needs == nil {
		return min(1, int(math.Ceil(s.Weight))) // after look, where there is one
	}
	need := s.Needs[m.Journey]
	if need.Never || need.Early == 0 {
		return 0
	}
	early := need.Early
	if m.Rand.Float64()*world.Either(m.Base, m.Harm) > m.Base { // the fault did it
		early = s.Spreads
	}
	if m.Rand.Float64() < early {
		return 0
	}
	return 1
}

// A Moment is what a journey meets at its decisive step.
type Moment struct {
	Rand    *rand.Rand
	Arm     plan.Arm
	Journey int     // index of its kind
	At      float64 // of the step, since the start of the experiment
	Base    float64 // share that is harmed at this moment without the fault
	Harm    float64 // share that the fault harms beyond that, if it is in force for this arm
	// Touched is the share of journeys that the fault touches, of those that start now; 0
	// while it is not in force.
	Touched float64
	// Faulted reports that the fault is in force and that this is the fault's arm.
	Faulted bool
	// Injected and Removed are times since the last injection and the last removal;
	// negative where there was none.
	Injected, Removed float64
}

// Harmed draws whether the journey is harmed, by the base or by the fault.
func (m Moment) Harmed() bool { return m.Rand.Float64() < world.Either(m.Base, m.Harm) }

// Failing is a system in which a harmed journey fails after failAfter and any other
// one is done after takes, both in seconds after the decisive step.
func Failing(takes, failAfter float64) func(Moment) (journal.Outcome, float64) {
	return func(m Moment) (journal.Outcome, float64) {
		if m.Harmed() {
			return journal.Failed, failAfter
		}
		return journal.OK, takes
	}
}

// inSeconds turns seconds into a duration.
func inSeconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// Plan is the plan of the scene's experiment.
func (s *Scene) Plan() (*plan.Plan, error) {
	list := []*experiments.Experiment{s.document()}
	for k := 1; k < s.Suite; k++ {
		doc := s.document()
		doc.ID = fmt.Sprintf("%s-%d", doc.ID, k+1)
		list = append(list, doc)
	}
	return plan.Make(s.system(), list, plan.Options{
		Run: "20260101t000000z-aaaaaa", Seed: s.Seed, Phases: plan.NoOverride(),
	})
}

func (s *Scene) kind() string {
	if s.Inject == "" {
		return "latency"
	}
	return s.Inject
}

func (s *Scene) document() *experiments.Experiment {
	doc := &experiments.Experiment{ID: "scene", Hypothesis: "the result tells the truth.", Faults: s.Faults, Saturation: s.Saturation}
	if doc.Faults == nil {
		doc.Faults = []experiments.Fault{{Inject: s.kind(), Into: "payments", Attributes: map[string]any{"latency": 2.0}, Share: 1}}
	}
	doc.Settings = experiments.Settings{
		Phases: experiments.Phases{
			Warmup: inSeconds(s.Warmup), Baseline: inSeconds(s.Baseline), Fault: inSeconds(s.Fault), Recovery: inSeconds(s.Recovery),
		},
		Guardrails: s.Guardrails,
		Repeat:     s.Repeat,
	}
	doc.Settings.Limits.BlastRadius = &s.Limit
	doc.Settings.Limits.Journeys = s.Limits
	if s.RecoverIn > 0 {
		limit := inSeconds(s.RecoverIn)
		doc.Settings.Limits.Recovery = &limit
	}
	return doc
}

func (s *Scene) system() *experiments.System {
	system := &experiments.System{
		Name: "truth", Environment: "test", URL: "http://127.0.0.1:1",
		Dependencies: []experiments.Dependency{{Name: "payments", Upstream: "http://127.0.0.1:2", Listen: "127.0.0.1:3"}},
	}
	if s.Control == plan.Concurrent {
		system.ControlURL = "http://127.0.0.1:4"
	}
	for i, rate := range s.Rates {
		system.Journeys = append(system.Journeys, experiments.Journey{
			Name: fmt.Sprintf("j%d", i), Rate: rate, SlowAfter: inSeconds(s.SlowAfter), Timeout: inSeconds(s.Timeout),
			Steps: []experiments.Step{{Name: "step"}},
		})
		if s.Weight > 0 {
			system.Journeys[i].Steps = []experiments.Step{{Name: "look"}, {Name: "step"}}
		}
		if s.Needs != nil {
			system.Journeys[i].Steps = s.Needs[i].steps()
		}
		steps := system.Journeys[i].Steps
		steps[len(steps)-1].Weight = experiments.Weight(s.Weight)
		steps[len(steps)-1].Pause = experiments.Pause{Least: inSeconds(s.Pause[0]), Most: inSeconds(s.Pause[1])}
	}
	if s.Saturation != nil {
		system.Propagates = experiments.PropagatesBaggage
	}
	system.Defaults.Phases, system.Defaults.ShareBaselines = plan.NoOverride(), s.Share
	return system
}
