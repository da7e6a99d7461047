package prometheus_test

import (
	"context"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/experiments/run/prometheus"
	"github.com/blastgauge/blastgauge/experiments/run/systemtest"
	"github.com/blastgauge/blastgauge/experiments/waiting"
	"github.com/blastgauge/blastgauge/injectors/injectortest/required"
)

var (
	_ engine.Generator = (*prometheus.Generator)(nil)
	_ engine.Measurer  = (*prometheus.Generator)(nil)
)

func TestMain(m *testing.M) { os.Exit(waiting.Tests{M: m}.Run()) }

// shop starts a shop that a real Prometheus scrapes.
func shop(t *testing.T, o systemtest.CountedOptions) *systemtest.Counted {
	t.Helper()
	c, err := systemtest.StartCounted(t.TempDir(), o)
	required.NoError(t, err, exec.ErrNotFound)
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func planOf(t *testing.T, c *systemtest.Counted) *plan.Plan {
	t.Helper()
	p, err := c.Plan()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func noEnv(string) (string, bool) { return "", false }

// What is observed is what the shop counts, journey by journey, on each arm.
func TestARealPrometheusTellsEveryCheckout(t *testing.T) {
	t.Parallel()
	c := shop(t, systemtest.CountedOptions{Scrape: 500 * time.Millisecond, Lanes: true, System: systemtest.Options{Entry: systemtest.Planted(&systemtest.Harm{Percent: 10}, nil)}})
	p := planOf(t, c)
	epoch := time.Now()
	g, err := prometheus.New(prometheus.Options{Plan: p, Epoch: epoch, Env: noEnv})
	if err != nil {
		t.Fatal(err)
	}
	var counted [2][2]int // by arm: all, harmed
	var took time.Duration
	var done sync.WaitGroup
	before, _ := c.Totals()
	done.Go(func() {
		g.Run(context.Background(), func(o journal.Observation) {
			counted[o.Arm][0] += o.Times()
			if o.Harmed() {
				counted[o.Arm][1] += o.Times()
			}
			took = max(took, o.Took)
		})
	})
	time.Sleep(4 * time.Second)
	g.Stop()
	done.Wait()
	after, _ := c.Totals()
	all, m := counted[0][0]+counted[1][0], g.Measured()
	// Between the first scrape after the start and the last one before now, but for two
	// scrapes at each end, and those of each replica at its own times.
	lowest, highest := int(2.5*100), after-before+100
	if all < lowest || all > highest {
		t.Errorf("%d checkouts were observed, want %d to %d", all, lowest, highest)
	}
	if share := float64(counted[plan.FaultArm][1]) / float64(counted[plan.FaultArm][0]); share < 0.05 || share > 0.15 {
		t.Errorf("%.3f of the fault arm were harmed: %v", share, counted)
	}
	if counted[plan.ControlArm][1] > counted[plan.ControlArm][0]/50 {
		t.Errorf("the control was harmed: %v", counted)
	}
	if took > 750*time.Millisecond || m.Unanswered > 0 || m.ClockMoved > 250*time.Millisecond || len(m.Counts) != 2 || m.Counts[0].Targets != 2 || len(m.Durations) == 0 {
		t.Errorf("an interval of %s; %+v", took, m)
	}
}

// A system that is as its document says can be measured, and each mistake is found.
func TestLookFindsWhatCannotBeMeasured(t *testing.T) {
	t.Parallel()
	c := shop(t, systemtest.CountedOptions{Scrape: 500 * time.Millisecond})
	s := planOf(t, c).System
	ask := func(change func(*experiments.Measure)) *prometheus.Finding {
		changed, m := s, *s.Measure
		m.Journeys = append([]experiments.MeasuredJourney(nil), m.Journeys...)
		d := *m.Journeys[0].Duration
		m.Journeys[0].Duration = &d
		change(&m)
		changed.Measure = &m
		return prometheus.Look(t.Context(), &changed, noEnv, m.Journeys[0])
	}
	var f *prometheus.Finding
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		if f = ask(func(*experiments.Measure) {}); f == nil {
			break
		}
	}
	if f != nil {
		t.Fatalf("as it is: %+v", f)
	}
	for name, change := range map[string]func(*experiments.Measure){
		"no such series":   func(m *experiments.Measure) { m.Journeys[0].Total = `shop_orders_total{job="shop"}` },
		"another interval": func(m *experiments.Measure) { m.Scrape = 2 * time.Second },
		"a part that is more": func(m *experiments.Measure) {
			m.Journeys[0].Total, m.Journeys[0].Harmed = `shop_checkouts_total{code="200"}`, `{__name__=~"shop_.*",code!="502",le=~"0.05|"}`
			m.Journeys[0].Harmed = `{__name__=~"shop_checkout_seconds_bucket|shop_checkouts_total"}`
		},
		"no arm": func(m *experiments.Measure) {
			m.Journeys[0].Arm = &experiments.ArmLabel{Label: "lane", Fault: "canary", Control: "fault"}
		},
		"no edge":        func(m *experiments.Measure) { m.Journeys[0].Duration.SlowAfter = 700 * time.Millisecond },
		"no histogram":   func(m *experiments.Measure) { m.Journeys[0].Duration.Histogram = "shop_nothing_bucket" },
		"no bucket":      func(m *experiments.Measure) { m.Journeys[0].Duration.Histogram = "shop_checkouts_total" },
		"no counter":     func(m *experiments.Measure) { m.Journeys[0].Total = "scrape_duration_seconds" },
		"nobody there":   func(m *experiments.Measure) { m.Prometheus = "http://127.0.0.1:1" },
		"not allowed":    func(m *experiments.Measure) { m.Prometheus = "http://prometheus.example.com" },
		"no token there": func(m *experiments.Measure) { m.Token = "${env:NO_SUCH_TOKEN}" },
	} {
		if f := ask(change); f == nil || f.Do == "" {
			t.Errorf("%s: %+v", name, f)
		}
	}
}
