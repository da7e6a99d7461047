package engine

import (
	"context"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// countedTraffic is real traffic as counters tell it: of four targets, each scraped at its
// own time, a hundred journeys a second on each arm.
type countedTraffic struct {
	epoch  time.Time
	arms   []plan.Arm
	scrape time.Duration
	late   time.Duration  // after a scrape it is told
	harm   func() float64 // share of the fault arm that is harmed now, beside 1 % of both
	stop   chan struct{}
	rng    *rand.Rand
}

func (g *countedTraffic) Run(ctx context.Context, observe func(journal.Observation)) {
	const targets = 4
	tick := time.NewTicker(g.scrape / targets)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-g.stop:
			return
		case <-tick.C:
		}
		to := time.Since(g.epoch) - g.late // scraped, and then looked at
		if to < g.scrape {
			continue
		}
		for _, arm := range g.arms {
			n, harmed := int(100*g.scrape.Seconds()/targets), 0
			for range n {
				if chance := g.rng.Float64(); chance < 0.01 || arm == plan.FaultArm && chance < 0.01+g.harm() {
					harmed++
				}
			}
			o := journal.Observation{Arm: arm, Intended: to - g.scrape, Took: g.scrape, Step: -1, Count: n - harmed}
			observe(o)
			o.Outcome, o.Cause, o.Count = journal.Failed, journal.Counted, harmed
			if harmed > 0 {
				observe(o)
			}
		}
	}
}

func (g *countedTraffic) StartPhase(journal.Phase) {}

func (g *countedTraffic) Stop() { close(g.stop) }

func (g *countedTraffic) InFlight(int, plan.Arm) []time.Duration { return nil }

func (g *countedTraffic) Measured() *journal.Measurement {
	return &journal.Measurement{Scrape: g.scrape}
}

// measuredBench is an experiment that counters measure, with a guardrail of 20 %.
func measuredBench(scrape time.Duration, control plan.Control, seed uint64, harm float64, late time.Duration) *bench {
	b := newBench()
	e := &b.plan.Experiments[0]
	e.Phases = experiments.Phases{Warmup: 2 * scrape, Baseline: 12 * scrape, Fault: 20 * scrape, Recovery: scrape}
	e.Faults[0].Until = e.Phases.Fault
	e.BatchEvery, e.Control, e.Limits.Baseline = scrape, control, 0.05
	e.Journeys[0].SlowAfter, e.Journeys[0].Timeout = scrape*3/2, 10*time.Second
	e.Guardrails = []experiments.Guardrail{{BlastRadius: 0.2}}
	b.opts.Traffic = func(_ int, epoch time.Time) (Generator, error) {
		return &countedTraffic{epoch: epoch, arms: e.Arms(), scrape: scrape, late: late, stop: make(chan struct{}), rng: rand.New(rand.NewPCG(seed, 1)), harm: func() float64 {
			if b.in.harming() {
				return harm
			}
			return 0
		}}, nil
	}
	return b
}

// A guardrail acts on scrapes as they come: within some of them it has removed a fault that
// harms half, and it leaves one that harms nobody alone.
func TestGuardrailsActOnScrapes(t *testing.T) {
	t.Parallel()
	for _, control := range []plan.Control{plan.Concurrent, plan.Baseline} {
		for _, scrape := range []time.Duration{time.Second, 5 * time.Second, 15 * time.Second} {
			for seed := range uint64(8) {
				harm := 0.5 * float64(seed%2)
				synctest.Test(t, func(t *testing.T) {
					b := measuredBench(scrape, control, seed, harm, 100*time.Millisecond)
					if err := b.run(context.Background()); err != nil {
						t.Fatal(err)
					}
					trip, tripped := b.mem.find(journal.GuardrailTripped)
					injected, _ := b.mem.find(journal.FaultInjected)
					switch after := trip.Since - injected.Since; {
					case tripped != (harm > 0):
						t.Errorf("%s, %s, harm %.1f: tripped %v: %s", control, scrape, harm, tripped, trip.Detail)
					case tripped && after > 4*scrape+3*time.Second:
						t.Errorf("%s, %s: tripped %s after the injection", control, scrape, after)
					}
					if m, ok := b.mem.find(journal.Measured); !ok || m.Measurement.Scrape != scrape {
						t.Errorf("how complete it was is not in the journal: %+v", m)
					}
					if _, harmed := b.mem.find(journal.BaselineHarmed); harmed {
						t.Error("1 % of harm is a harmed baseline")
					}
				})
			}
		}
	}
}

// Scrapes that are told a scrape later, as where looks and answers take their time, count for a
// guardrail all the same.
func TestGuardrailsActOnScrapesThatComeLate(t *testing.T) {
	t.Parallel()
	for _, scrape := range []time.Duration{time.Second, 5 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			b := measuredBench(scrape, plan.Concurrent, 1, 0.5, scrape+time.Second)
			if err := b.run(context.Background()); err != nil {
				t.Fatal(err)
			}
			trip, tripped := b.mem.find(journal.GuardrailTripped)
			injected, _ := b.mem.find(journal.FaultInjected)
			if after := trip.Since - injected.Since; !tripped || after > 5*scrape+4*time.Second {
				t.Errorf("%s: tripped %v, %s after the injection", scrape, tripped, after)
			}
		})
	}
}
