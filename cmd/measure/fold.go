package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/report"
)

func defineFold(f *flag.FlagSet) func(context.Context, *printer) error {
	journeys := f.Int("journeys", 1_000_000, "journeys in the journal")
	rounds := f.Int("rounds", 5, "how often it is folded")
	return func(_ context.Context, out *printer) (err error) {
		dir, err := os.MkdirTemp("", "blastgauge-measure-")
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
		root, err := os.OpenRoot(dir)
		if err != nil {
			return err
		}
		defer func() { _ = root.Close() }() // nothing is written through it any more
		if err := writeLongRun(root, *journeys); err != nil {
			return err
		}
		var page bytes.Buffer
		var seconds []float64
		for range *rounds {
			runtime.GC()
			begun := time.Now()
			page.Reset()
			if err := foldOnce(root, &page); err != nil {
				return err
			}
			seconds = append(seconds, time.Since(begun).Seconds())
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		out.printf("%d journeys read, folded and rendered in %.2f s (median of %d), page of %d KB, %.0f MB from the system\n",
			*journeys, median(seconds), *rounds, page.Len()/1000, float64(m.Sys)/1e6)
		return nil
	}
}

// foldOnce folds a run directory and renders its page.
func foldOnce(dir *os.Root, page io.Writer) error {
	r, err := result.Read(dir)
	if err != nil {
		return err
	}
	if v := r.Experiments[0].Verdict; v != result.Refuted {
		return fmt.Errorf("the verdict is %s, want %s: the journal is not as it was meant", v, result.Refuted)
	}
	format, err := report.For("html", report.Options{})
	if err != nil {
		return err
	}
	return format(page, r)
}

// writeLongRun writes the journal of one experiment of so many journeys of five
// steps, at 400 a second over both arms, as a run leaves it. Its fault makes 30 %
// of the fault arm slow.
func writeLongRun(dir *os.Root, journeys int) (err error) {
	log, err := journal.Create(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	lasts := time.Duration(journeys) * time.Second / 400
	tenth := lasts / 10
	p := longPlan(tenth)
	fault := p.Experiments[0].Faults[0].Name
	met := &journal.Evidence{Present: true, Counted: true, Met: 1000, Of: 1000}
	events := []struct {
		since time.Duration
		journal.Event
	}{
		{0, journal.Event{Kind: journal.RunStarted, Plan: p, Toxiproxy: &journal.Toxiproxy{Kind: "blastgauge", Version: "1"}}},
		{0, journal.Event{Kind: journal.ExperimentStarted}},
		{0, journal.Event{Kind: journal.PhaseStarted, Phase: journal.Warmup}},
		{tenth, journal.Event{Kind: journal.PhaseStarted, Phase: journal.Baseline}},
		{4 * tenth, journal.Event{Kind: journal.PhaseStarted, Phase: journal.Fault}},
		{4 * tenth, journal.Event{Kind: journal.FaultIntended, Fault: fault}},
		{4 * tenth, journal.Event{Kind: journal.FaultInjected, Fault: fault, Evidence: met}},
		{8 * tenth, journal.Event{Kind: journal.FaultRemoved, Fault: fault, Verified: true, Began: 8 * tenth, Evidence: met}},
		{8 * tenth, journal.Event{Kind: journal.PhaseStarted, Phase: journal.Recovery}},
		{lasts, journal.Event{Kind: journal.ExperimentEnded}},
		{lasts, journal.Event{Kind: journal.RunEnded}},
	}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i, at := range events {
		e := at.Event
		e.Seq, e.Since, e.At = i+1, at.since, start.Add(at.since)
		if i > 0 {
			e.Experiment = p.Experiments[0].ID
		}
		if err := log.Record(e); err != nil {
			return err
		}
	}
	return observeLongRun(log, journeys, tenth, len(p.Experiments[0].Journeys[0].Steps))
}

func longPlan(tenth time.Duration) *plan.Plan {
	phases := experiments.Phases{Warmup: tenth, Baseline: 3 * tenth, Fault: 4 * tenth, Recovery: 2 * tenth}
	fault := plan.Fault{Name: "blastgauge.r.1", Proxy: "payments", Until: phases.Fault,
		Fault: experiments.Fault{Inject: "latency", Into: "payments", Attributes: injectors.Attributes{"latency": 2.0}, Share: 1}}
	steps := []experiments.Step{{Name: "browse"}, {Name: "product"}, {Name: "cart"}, {Name: "pay"}, {Name: "confirm"}}
	checkout := experiments.Journey{Name: "checkout", Rate: 400, SlowAfter: time.Second, Timeout: 3 * time.Second, Steps: steps}
	return &plan.Plan{Run: "r", System: experiments.System{Name: "checkout", Environment: "test"}, Experiments: []plan.Experiment{{
		ID: "payments-slow", Phases: phases, Faults: []plan.Fault{fault}, Control: plan.Concurrent, Limits: plan.Limits{BlastRadius: 0.05, Baseline: 0.02},
		Journeys: []plan.Journey{{Limit: 0.05, Journey: checkout}},
	}}}
}

func observeLongRun(log *journal.Log, journeys int, tenth time.Duration, steps int) error {
	rng := rand.New(rand.NewPCG(1, 2))
	took := make([]time.Duration, steps)
	for i := range journeys {
		o := journal.Observation{Arm: plan.Arm(i % 2), Intended: time.Duration(i) * time.Second / 400, Late: time.Millisecond, Step: -1, Steps: took}
		for k := range took {
			took[k] = time.Duration(1+rng.ExpFloat64()*5) * time.Millisecond
			o.Took += took[k]
		}
		if o.Arm == plan.FaultArm && o.Intended > 4*tenth && o.Intended < 8*tenth && rng.Float64() < 0.3 {
			o.Outcome, o.Step, o.Took = journal.Slow, 3, 2*time.Second
		}
		if err := log.Observe(o); err != nil {
			return err
		}
	}
	return nil
}
