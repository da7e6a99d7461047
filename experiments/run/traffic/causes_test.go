package traffic

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/journey/httpclient"
)

// answering answers the nth request with a status and a body.
func answering(answer func(n int) (status int, body string)) sender {
	var mu sync.Mutex
	n := 0
	return func(_ context.Context, _ *httpclient.Request, resp *httpclient.Response) error {
		mu.Lock()
		defer mu.Unlock()
		n++
		status, body := answer(n)
		resp.Status, resp.Body = status, []byte(body)
		return nil
	}
}

// introduced returns the causes that observations bring, and how many examples of each.
func introduced(t *testing.T, list []journal.Observation) (map[int]journal.SeenCause, map[int]int) {
	t.Helper()
	causes, examples := map[int]journal.SeenCause{}, map[int]int{}
	for _, o := range list {
		if o.Harmed() && o.Why > 0 && o.Seen == nil && causes[o.Why].Number == 0 {
			t.Fatalf("%+v: its cause was not introduced", o)
		}
		if o.Seen == nil {
			continue
		}
		if o.Seen.Number != o.Why {
			t.Errorf("cause %d comes with an observation of %d", o.Seen.Number, o.Why)
		}
		causes[o.Why] = *o.Seen
		if o.Seen.Example != nil {
			examples[o.Why]++
		}
	}
	return causes, examples
}

// A cause is introduced once, with the first of at most three examples; before the fault
// there is one at most.
func TestCausesAreIntroducedOnce(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		phases   []journal.Phase
		none     bool
		examples int
	}{
		"under the fault":  {[]journal.Phase{journal.Baseline, journal.Fault}, false, journal.MaxExamples},
		"before the fault": {[]journal.Phase{journal.Warmup, journal.Baseline}, false, 1},
		"nothing is kept":  {[]journal.Phase{journal.Fault}, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := aPlan(func(p *plan.Plan) {
					p.Experiments[0].Control = plan.Baseline
					if tt.none {
						p.System.Examples = experiments.NoExamples
					}
				})
				traffic, err := New(Options{Plan: p, Fault: answering(func(int) (int, string) { return 502, "no upstream" })})
				if err != nil {
					t.Fatal(err)
				}
				for _, phase := range tt.phases {
					traffic.StartPhase(phase)
				}
				list := observe(t, traffic, 3*time.Second)
				causes, examples := introduced(t, list)
				if len(list) != 60 || len(causes) != 1 || examples[1] != tt.examples {
					t.Fatalf("%d journeys, %+v with %d examples", len(list), causes, examples[1])
				}
				if c := causes[1]; c.Journey != "checkout" || c.Step != "browse" || c.Class != "status" || c.Key != "502" {
					t.Errorf("%+v", c)
				}
				for _, o := range list {
					if o.Why != 1 {
						t.Errorf("%+v", o)
					}
					if o.Seen != nil && o.Seen.Example != nil && (o.Seen.Example.Arm != "fault" || o.Seen.Example.Intended != o.Intended || o.Seen.Example.Body != "no upstream") {
						t.Errorf("%+v", o.Seen.Example)
					}
				}
			})
		})
	}
}

// In a scan, where the fault phase begins with every cell, each has its own examples.
func TestEveryFaultOfAScanHasItsExamples(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := aPlan(func(p *plan.Plan) { p.Experiments[0].Control = plan.Baseline })
		traffic, err := New(Options{Plan: p, Fault: answering(func(int) (int, string) { return 502, "no upstream" })})
		if err != nil {
			t.Fatal(err)
		}
		traffic.StartPhase(journal.Fault)
		time.AfterFunc(1500*time.Millisecond, func() { traffic.StartPhase(journal.Fault) })
		late := 0
		list := observe(t, traffic, 3*time.Second)
		causes, examples := introduced(t, list)
		for _, o := range list {
			if o.Seen != nil && o.Seen.Example != nil && o.Intended >= 1500*time.Millisecond {
				late++
			}
		}
		if len(causes) != 1 || examples[1] != 2*journal.MaxExamples || late != journal.MaxExamples {
			t.Errorf("%d causes with %d examples, %d of them in the second half", len(causes), examples[1], late)
		}
	})
}

// However many causes there are, no more than a bound are kept; the rest are harmed
// journeys without one.
func TestCausesAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := aPlan(func(p *plan.Plan) { p.Experiments[0].Control = plan.Baseline })
		traffic, err := New(Options{Plan: p, Fault: answering(func(n int) (int, string) { return 300 + n%400, "" })})
		if err != nil {
			t.Fatal(err)
		}
		traffic.StartPhase(journal.Fault)
		list := observe(t, traffic, 60*time.Second)
		causes, _ := introduced(t, list)
		without := 0
		for _, o := range list {
			if o.Harmed() && o.Why == 0 {
				without++
			}
			if o.Why > journal.MaxCauses {
				t.Fatalf("%+v", o)
			}
		}
		if len(causes) != journal.MaxCauses || without == 0 || traffic.causes.Len() > journal.MaxCauses {
			t.Errorf("%d causes of %d journeys, %d without", len(causes), len(list), without)
		}
	})
}

// A journey that could not start has a cause without a step.
func TestShedJourneysHaveACause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := aPlan(func(p *plan.Plan) { p.Experiments[0].Control = plan.Baseline })
		list := run(t, p, time.Second, taking(always(time.Hour)), nil, func(o *Options) { o.MaxInFlight = 1 })
		causes, _ := introduced(t, list)
		got := fmt.Sprint(len(causes))
		for _, c := range causes {
			if c.Class == "shed" && (c.Step != "" || c.Key != "") {
				t.Errorf("%+v", c)
			}
		}
		if got != "2" {
			t.Errorf("%+v, want a time-out and shed journeys", causes)
		}
	})
}
