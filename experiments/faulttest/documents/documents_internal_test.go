package documents

import (
	"slices"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/faulttest"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// Whatever the address of a dependency, the documents take it.
func TestWhatATestSets(t *testing.T) {
	t.Parallel()
	o := Options{URL: "http://[::1]:1/shop", Set: []string{"journeys.checkout.rate=50/s"}}
	for name, upstream := range map[string]string{"payments": "[::1]:1", "mail": "http://[::1]:1"} {
		o.Behind = append(o.Behind, faulttest.Proxy(t, name, upstream))
	}
	p := o.load(t, "testdata/blastgauge.yaml", "testdata/experiments/mail-down.yaml")
	if p.System.URL != o.URL || p.Experiments[0].Journeys[0].Rate != 50 {
		t.Errorf("url %q, %v journeys a second", p.System.URL, p.Experiments[0].Journeys[0].Rate)
	}
	for _, d := range o.Behind {
		to, _ := p.System.Dependency(d.Name)
		if to.Upstream != d.Upstream() || to.Listen != d.Addr || !slices.Equal(to.Toxiproxy, []string{d.Toxiproxy()}) {
			t.Errorf("%s: %+v", d.Name, to)
		}
	}
}

// Phases are a quarter with -short, and that of the fault as long as what is slow needs.
func TestShortened(t *testing.T) {
	t.Parallel()
	for slow, fault := range map[time.Duration]time.Duration{time.Second: 30 * time.Second, 20 * time.Second: 40 * time.Second} {
		e := plan.Experiment{Phases: experiments.StandardPhases(), Journeys: []plan.Journey{{}}}
		e.Journeys[0].SlowAfter = slow
		want := experiments.Phases{Warmup: 1250 * time.Millisecond, Baseline: 15 * time.Second, Fault: fault, Recovery: 22500 * time.Millisecond}
		if got := shortened(&plan.Plan{Experiments: []plan.Experiment{e}}); got != want {
			t.Errorf("slow after %v: %+v, want %+v", slow, got, want)
		}
	}
}
