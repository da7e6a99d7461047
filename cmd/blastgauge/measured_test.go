package main

import (
	"os"
	"os/exec"
	"slices"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/blastgauge/blastgauge/experiments/run/systemtest"
	"github.com/blastgauge/blastgauge/injectors/injectortest/required"
)

// Of the shop that startMeasured starts: percent of its customers that are harmed.
const (
	harmedAnyway = 1
	harmedBy     = 30 // the fault, beyond that
)

// startMeasured DIR [lanes] [restart] [outage] [gone] starts a shop with customers of its own, and
// a Prometheus that scrapes it.
func startMeasured(ts *testscript.TestScript, _ bool, args []string) {
	usual := func(seed uint64) *systemtest.Harm {
		return &systemtest.Harm{Percent: harmedAnyway, Chance: true, Seed: seed}
	}
	o := systemtest.CountedOptions{
		Lanes: slices.Contains(args, "lanes"), Restart: slices.Contains(args, "restart"), Outage: slices.Contains(args, "outage"), Gone: slices.Contains(args, "gone"),
		System: systemtest.Options{Entry: systemtest.Planted(usual(1), &systemtest.Harm{Percent: harmedAnyway + harmedBy, Chance: true, Seed: 2})},
	}
	if o.Lanes {
		o.System.Control = systemtest.Planted(usual(3), usual(3))
	}
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o700))
	c, err := systemtest.StartCounted(dir, o)
	required.NoError(test(ts), err, exec.ErrNotFound)
	ts.Defer(func() {
		if err := c.Close(); err != nil {
			test(ts).Errorf("%s: the shop: %v", ts.Name(), err)
		}
	})
}

// bycounters RUN wants the interval of a run to hold the harm that was planted, to have been
// made of counts, and says whether a restart was seen: restart, or whole.
func bycounters(ts *testscript.TestScript, _ bool, args []string) {
	e := readResult(ts, args[0]).Experiments[0]
	b, m := e.BlastRadius, e.Measured
	if b == nil || m == nil || e.Lateness != nil || len(e.Journeys[0].Latency.Fault) > 0 {
		ts.Fatalf("not measured by counters: %+v, %+v: %q", b, m, e.Reasons)
	}
	const truth = harmedBy / 100.0
	if slack := 0.02; b.Low > truth+slack || b.High < truth-slack || b.High-b.Low > 0.2 { // the interval of one run may miss it by a little
		ts.Fatalf("[%.3f, %.3f], and %.3f were planted: %q", b.Low, b.High, truth, e.Warnings)
	}
	if bounds := e.Journeys[0].LatencyBounds; bounds == nil || len(bounds.Fault) != 3 || len(bounds.Baseline) != 3 || bounds.Fault[0].Low > bounds.Fault[0].High {
		ts.Fatalf("latency bounds %+v", bounds)
	}
	why := map[string]int{}
	for _, l := range m.Losses {
		why[l.Why]++
	}
	if seen := why["restart"] > 0; len(args) > 1 && seen != (args[1] == "restart") {
		ts.Fatalf("losses %v", m.Losses)
	}
}
