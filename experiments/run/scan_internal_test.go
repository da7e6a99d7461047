package run

import (
	"os"
	"slices"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/scan"
)

// twoFaults is the plan of a scan that may hang and refuse one dependency.
func twoFaults(t *testing.T) *plan.Plan {
	t.Helper()
	s := &experiments.System{
		Name: "shop", File: "blastgauge.yaml", Text: "version: 1\n", URL: "http://127.0.0.1:8080", ControlURL: "http://127.0.0.1:8081",
		Dependencies: []experiments.Dependency{{Name: "payments", Listen: "127.0.0.1:18083", Upstream: "http://127.0.0.1:8083"}},
		Journeys:     []experiments.Journey{{Name: "checkout", Rate: 40, SlowAfter: time.Second, Timeout: 3 * time.Second}},
		Defaults:     experiments.Settings{Phases: plan.NoOverride()},
	}
	p, err := plan.MakeScan(s, plan.ScanOptions{Run: "r", Commit: "abc", Modes: []plan.FailureMode{plan.Hang, plan.Refuse}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// What an earlier scan found is part of the plan, and so of the journal, if it still holds.
func TestTakeOver(t *testing.T) {
	t.Parallel()
	earlier := func() *result.Result {
		p := twoFaults(t)
		m := scan.New(p).Map()
		c := &m.Dependencies[0].Cells[0]
		*c = scan.Cell{Number: 1, Verdict: scan.Harmful, Significant: true, Faults: c.Faults, Journeys: []scan.CellJourney{{Journey: "checkout", Verdict: scan.Harmful, Estimate: 1, Low: 0.8, High: 1}}}
		return &result.Result{Run: result.Run{ID: "earlier", Commit: "abc"}, Scan: m, Documents: []result.Document{{File: "blastgauge.yaml", Text: "version: 1\n"}}}
	}
	for name, tt := range map[string]struct {
		change func(*result.Result)
		known  bool
	}{
		"the same":    {func(*result.Result) {}, true},
		"other build": {func(r *result.Result) { r.Run.Commit = "other" }, false},
		"no build":    {func(r *result.Result) { r.Run.Commit = "" }, false},
		"other files": {func(r *result.Result) { r.Documents[0].Text = "version: 2\n" }, false},
	} {
		was := earlier()
		tt.change(was)
		before := twoFaults(t)
		r := &run{o: Options{Earlier: was}.withDefaults(), plan: before}
		if err := r.takeOver(); err != nil {
			t.Fatal(err)
		}
		if (r.plan.Scan.Known != nil) != tt.known || r.plan.Scan.Since != "earlier" || before.Scan.Since != "" ||
			(len(r.plan.Experiments[0].Warnings) == len(before.Experiments[0].Warnings)) != tt.known {
			t.Errorf("%s: %+v", name, r.plan.Scan)
		}
		if c := scan.New(r.plan).Map().Dependencies[0].Cells[0]; c.TakenOver != tt.known {
			t.Errorf("%s: %+v", name, c)
		}
	}
	r := &run{o: Options{Earlier: &result.Result{}}.withDefaults(), plan: twoFaults(t)}
	if err := r.takeOver(); ExitCode(err) != result.ExitUsage {
		t.Errorf("a run that is no scan: %v", err)
	}
	r = &run{o: Options{}.withDefaults(), plan: twoFaults(t)}
	if err := r.takeOver(); err != nil || r.plan.Scan.Since != "" {
		t.Errorf("without an earlier scan: %+v, %v", r.plan.Scan, err)
	}
}

// By hand only that is to be removed that may be there. Where the journal does not tell,
// that is all.
func TestFaultsThatMayBeThere(t *testing.T) {
	t.Parallel()
	p := twoFaults(t)
	hang, refuse := p.Experiments[0].Faults[0].Name, p.Experiments[0].Faults[1].Name
	event := func(kind journal.Kind, fault string, verified bool) journal.Event {
		return journal.Event{Kind: kind, Fault: fault, Verified: verified, Experiment: plan.ScanID}
	}
	began := []journal.Event{
		{Kind: journal.RunStarted, Plan: p},
		event(journal.FaultIntended, hang, false), event(journal.FaultInjected, hang, false), event(journal.FaultRemoved, hang, true),
		event(journal.FaultIntended, refuse, false), event(journal.FaultInjected, refuse, false), event(journal.FaultRemoved, refuse, false),
	}
	again := append(slices.Clone(began), event(journal.FaultIntended, hang, false))
	ended := journal.Event{Kind: journal.RunEnded}
	for name, tt := range map[string]struct {
		events []journal.Event
		want   []string
	}{
		"one":       {append(slices.Clone(began), ended), []string{refuse}},
		"again":     {append(slices.Clone(again), ended), []string{hang, refuse}},
		"not ended": {began, []string{hang, refuse}},
		"nothing":   {nil, []string{hang, refuse}},
	} {
		root, err := os.OpenRoot(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		log, err := journal.Create(root)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range tt.events {
			if err := log.Record(e); err != nil {
				t.Fatal(err)
			}
		}
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range (&run{plan: p}).mayBeThere(root) {
			got = append(got, f.Name)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
		if err := root.Close(); err != nil {
			t.Error(err)
		}
	}
}
