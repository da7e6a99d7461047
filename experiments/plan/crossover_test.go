package plan

import (
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
)

// Without a control arm the faults are injected in each period, each with a name of
// its own.
func TestCrossover(t *testing.T) {
	t.Parallel()
	s, doc := documents()
	s.ControlURL = ""
	doc.Settings.Repeat = 3
	doc.Settings.Phases = experiments.Phases{Warmup: time.Second, Baseline: 30 * time.Second, Fault: 20 * time.Second, Recovery: 10 * time.Second}
	once := *doc
	once.Settings.Repeat = 0
	e, single := makeOne(t, s, doc, Options{}), makeOne(t, s, &once, Options{})
	if e.Repeat != 3 || e.FaultPeriod != 20*time.Second || e.Phases.Fault != 120*time.Second || len(e.Faults) != 3*len(single.Faults) {
		t.Fatalf("repeat %d, period %s, fault phase %s, %d faults", e.Repeat, e.FaultPeriod, e.Phases.Fault, len(e.Faults))
	}
	names := map[string]bool{}
	for i, f := range e.Faults {
		names[f.Name] = true
		k := i / len(single.Faults)
		of := single.Faults[i%len(single.Faults)]
		if want := time.Duration(k) * 50 * time.Second; f.Period != k || f.At != of.At+want || f.Until != of.Until+want {
			t.Errorf("fault %d of period %d lasts from %s to %s", i, f.Period, f.At, f.Until)
		}
	}
	if len(names) != len(e.Faults) {
		t.Errorf("names %v: each period needs its own", names)
	}
	if e.Digests.Faults != single.Digests.Faults || e.Digests.Load == single.Digests.Load {
		t.Error("the same faults are sent more often: only the load differs")
	}
	if e.Precision(e.Journeys[0]) >= single.Precision(single.Journeys[0]) {
		t.Error("three turns are expected to tell no more than one")
	}
}

func TestRepeatIsNotNeededBesideAControl(t *testing.T) {
	t.Parallel()
	s, doc := documents()
	s.ControlURL = "http://127.0.0.1:8081"
	doc.Settings.Repeat = 3
	e := makeOne(t, s, doc, Options{})
	if e.Repeat != 0 || !strings.Contains(strings.Join(e.Warnings, "\n"), "repeat: 3 is not needed") {
		t.Errorf("repeat %d, warnings %q", e.Repeat, e.Warnings)
	}
}
