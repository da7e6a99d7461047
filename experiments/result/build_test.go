package result

import (
	"iter"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors"
)

// A story is a run to fold: one experiment of 1 s warm-up, 10 s baseline, 20 s
// fault and 10 s recovery with 25 journeys/s per arm. Tests change what they
// are about.
type story struct {
	plan   *plan.Plan
	events []journal.Event
	obs    []journal.Observation
	// harm is the share of journeys harmed, by arm and the second of their
	// intended start.
	harm func(arm plan.Arm, second float64) float64
	took func(arm plan.Arm, second float64) time.Duration
	rate float64
	late time.Duration
	shed bool // harm is shedding
	rng  *rand.Rand
}

const (
	baselineAt = 1
	faultAt    = 11
	removedAt  = 31
	endAt      = 41
)

var epoch = time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC)

func newStory() *story {
	recovery := 5 * time.Second
	e := plan.Experiment{
		ID: "payments-slow", Title: "Payments slow", Hypothesis: "Checkout keeps working.",
		Phases: experiments.Phases{Warmup: time.Second, Baseline: 10 * time.Second, Fault: 20 * time.Second, Recovery: 10 * time.Second},
		Faults: []plan.Fault{{
			Name: "blastgauge.r.1", Proxy: "payments", Until: 20 * time.Second,
			Fault: experiments.Fault{Inject: "latency", Into: "payments", Attributes: injectors.Attributes{"latency": 2.0}, Share: 1},
		}},
		Journeys: []plan.Journey{{Limit: 0.05, Journey: experiments.Journey{
			Name: "checkout", Rate: 50, SlowAfter: time.Second, Timeout: 3 * time.Second,
			Steps: []experiments.Step{{Name: "browse"}, {Name: "pay"}},
		}}},
		Limits:  plan.Limits{BlastRadius: 0.05, Recovery: recovery, Baseline: 0.02},
		Control: plan.Concurrent,
	}
	return &story{
		plan: &plan.Plan{Run: "r", Seed: 1, System: experiments.System{Name: "checkout", Environment: "test"}, Experiments: []plan.Experiment{e}},
		harm: func(plan.Arm, float64) float64 { return 0 },
		took: func(plan.Arm, float64) time.Duration { return 40 * time.Millisecond },
		rate: 25,
		rng:  rand.New(rand.NewPCG(1, 2)),
	}
}

// duringFault harms a share of the fault arm while the fault is in force.
func duringFault(share float64) func(plan.Arm, float64) float64 {
	return func(arm plan.Arm, second float64) float64 {
		if arm == plan.FaultArm && second >= faultAt && second < removedAt {
			return share
		}
		return 0
	}
}

func (s *story) at(second float64, e journal.Event) {
	since := time.Duration(second * float64(time.Second))
	e.Seq, e.Since, e.At = len(s.events)+1, since, epoch.Add(since)
	if e.Kind != journal.RunStarted && e.Kind != journal.RunEnded {
		e.Experiment = "payments-slow"
	}
	s.events = append(s.events, e)
}

var metAll = &journal.Evidence{Present: true, Counted: true, Met: 480, Of: 500}

// writeJournal writes the journal of a run in which nothing went wrong.
func (s *story) writeJournal() {
	s.at(0, journal.Event{Kind: journal.RunStarted, Plan: s.plan, Toxiproxy: &journal.Toxiproxy{Kind: "blastgauge", Version: "1"}})
	s.at(0, journal.Event{Kind: journal.ExperimentStarted})
	s.at(0, journal.Event{Kind: journal.PhaseStarted, Phase: journal.Warmup})
	s.at(baselineAt, journal.Event{Kind: journal.PhaseStarted, Phase: journal.Baseline})
	s.at(faultAt-0.01, journal.Event{Kind: journal.PhaseStarted, Phase: journal.Fault})
	s.at(faultAt-0.005, journal.Event{Kind: journal.FaultIntended, Fault: "blastgauge.r.1"})
	s.at(faultAt, journal.Event{Kind: journal.FaultInjected, Fault: "blastgauge.r.1", Evidence: &journal.Evidence{Present: true, Counted: true}})
	s.at(removedAt, journal.Event{Kind: journal.FaultRemoved, Fault: "blastgauge.r.1", Verified: true, Began: removedAt * time.Second, Evidence: metAll})
	s.at(removedAt, journal.Event{Kind: journal.PhaseStarted, Phase: journal.Recovery})
	s.at(endAt, journal.Event{Kind: journal.ExperimentEnded})
	s.at(endAt, journal.Event{Kind: journal.RunEnded})
}

// send observes the journeys of the whole run.
func (s *story) send() {
	for _, arm := range s.plan.Experiments[0].Arms() {
		for n := 0; ; n++ {
			second := float64(n) / s.rate
			if second >= endAt {
				break
			}
			o := journal.Observation{
				Arm: arm, Intended: time.Duration(second * float64(time.Second)), Late: s.late, Took: s.took(arm, second), Step: -1,
			}
			if s.rng.Float64() < s.harm(arm, second) {
				o.Outcome, o.Cause, o.Step = journal.Failed, journal.Status, 1
				if s.shed {
					o.Cause, o.Step = journal.Shed, 0
				}
			}
			s.obs = append(s.obs, o)
		}
	}
}

func seq[T any](list []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, v := range list {
			if !yield(v, nil) {
				return
			}
		}
	}
}

// journeys are observations in memory.
type journeys struct {
	list   []journal.Observation
	damage error
}

func (j journeys) Damage() error { return j.damage }

func (j journeys) Of(experiment int) iter.Seq2[*journal.Observation, error] {
	return func(yield func(*journal.Observation, error) bool) {
		for _, o := range j.list {
			if o.Experiment == experiment && !yield(&o, nil) {
				return
			}
		}
	}
}

func (s *story) fold(t *testing.T) *Result {
	t.Helper()
	if s.events == nil {
		s.writeJournal()
	}
	if s.obs == nil {
		s.send()
	}
	r, err := Fold(seq(s.events), journeys{s.obs, nil})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// edit changes the events of a kind.
func (s *story) edit(k journal.Kind, change func(*journal.Event)) {
	if s.events == nil {
		s.writeJournal()
	}
	for i := range s.events {
		if s.events[i].Kind == k {
			change(&s.events[i])
		}
	}
}

// cut ends the journal before the first event of a kind.
func (s *story) cut(k journal.Kind) {
	if s.events == nil {
		s.writeJournal()
	}
	for i := range s.events {
		if s.events[i].Kind == k {
			s.events = s.events[:i]
			return
		}
	}
}
