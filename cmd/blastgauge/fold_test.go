package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/report"
)

// longRun writes the run directory of one experiment of so many journeys of five
// steps, at 400 a second over both arms, as a run leaves it.
func longRun(b testing.TB, journeys int) *os.Root {
	b.Helper()
	lasts := time.Duration(journeys) * time.Second / 400
	tenth := lasts / 10
	phases := experiments.Phases{Warmup: tenth, Baseline: 3 * tenth, Fault: 4 * tenth, Recovery: 2 * tenth}
	f := plan.Fault{Name: "blastgauge.r.1", Proxy: "payments", Until: phases.Fault,
		Fault: experiments.Fault{Inject: "latency", Into: "payments", Attributes: injectors.Attributes{"latency": 2.0}, Share: 1}}
	steps := []experiments.Step{{Name: "browse"}, {Name: "product"}, {Name: "cart"}, {Name: "pay"}, {Name: "confirm"}}
	p := &plan.Plan{Run: "r", System: experiments.System{Name: "checkout", Environment: "test"}, Experiments: []plan.Experiment{{
		ID: "payments-slow", Phases: phases, Faults: []plan.Fault{f}, Control: plan.Concurrent, Limits: plan.Limits{BlastRadius: 0.05, Baseline: 0.02},
		Journeys: []plan.Journey{{Limit: 0.05, Journey: experiments.Journey{Name: "checkout", Rate: 400, SlowAfter: time.Second, Timeout: 3 * time.Second, Steps: steps}}},
	}}}
	dir, err := os.OpenRoot(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { dir.Close() })
	log, err := journal.Create(dir)
	if err != nil {
		b.Fatal(err)
	}
	met := &journal.Evidence{Present: true, Counted: true, Met: 1000, Of: 1000}
	seq := 0
	at := func(since time.Duration, e journal.Event) {
		seq++
		e.Seq, e.Since, e.At = seq, since, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(since)
		if seq > 1 {
			e.Experiment = "payments-slow"
		}
		if err := log.Record(e); err != nil {
			b.Fatal(err)
		}
	}
	at(0, journal.Event{Kind: journal.RunStarted, Plan: p, Toxiproxy: &journal.Toxiproxy{Kind: "blastgauge", Version: "1"}})
	at(0, journal.Event{Kind: journal.ExperimentStarted})
	at(0, journal.Event{Kind: journal.PhaseStarted, Phase: journal.Warmup})
	at(tenth, journal.Event{Kind: journal.PhaseStarted, Phase: journal.Baseline})
	at(4*tenth, journal.Event{Kind: journal.PhaseStarted, Phase: journal.Fault})
	at(4*tenth, journal.Event{Kind: journal.FaultIntended, Fault: f.Name})
	at(4*tenth, journal.Event{Kind: journal.FaultInjected, Fault: f.Name, Evidence: met})
	at(8*tenth, journal.Event{Kind: journal.FaultRemoved, Fault: f.Name, Verified: true, Began: 8 * tenth, Evidence: met})
	at(8*tenth, journal.Event{Kind: journal.PhaseStarted, Phase: journal.Recovery})
	at(lasts, journal.Event{Kind: journal.ExperimentEnded})
	at(lasts, journal.Event{Kind: journal.RunEnded})
	rng := rand.New(rand.NewPCG(1, 2))
	took := make([]time.Duration, len(steps))
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
			b.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		b.Fatal(err)
	}
	return dir
}

// BenchmarkFold reads the journal of a run of a million journeys, computes its
// result and renders its page:
//
//	go test ./cmd/blastgauge -run '^$' -bench Fold -benchtime 5x
func BenchmarkFold(b *testing.B) {
	dir := longRun(b, 1_000_000)
	format, err := report.For("html", report.Options{})
	if err != nil {
		b.Fatal(err)
	}
	var page bytes.Buffer
	runtime.GC()
	for b.Loop() {
		r, err := result.Read(dir)
		if err != nil || r.Experiments[0].Verdict != result.Refuted {
			b.Fatalf("%+v, %v", r, err)
		}
		page.Reset()
		if err := format(&page, r); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(page.Len())/1000, "KB/page")
}

// A page does not grow with the length of a run.
func TestALongRunsPageIsSmall(t *testing.T) {
	r, err := result.Read(longRun(t, 60_000))
	if err != nil {
		t.Fatal(err)
	}
	format, err := report.For("html", report.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var page bytes.Buffer
	if err := format(&page, r); err != nil || page.Len() > 500_000 {
		t.Errorf("the page has %d bytes, %v", page.Len(), err)
	}
}
