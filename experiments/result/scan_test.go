package result

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/scan"
	"github.com/blastgauge/blastgauge/injectors"
)

// scanStory is a scan to fold: payments hangs, which harms, and refuses, which does not.
func scanStory() *story {
	s := newStory()
	e := &s.plan.Experiments[0]
	e.ID = plan.ScanID
	s.plan.System.Dependencies = []experiments.Dependency{{Name: "payments", Criticality: experiments.Soft}}
	s.plan.Scan = &plan.Scan{
		Budget: time.Minute, Modes: []plan.FailureMode{plan.Hang, plan.Refuse}, Dependencies: []string{"payments"}, Slow: time.Second,
	}
	e.Faults = []plan.Fault{
		{Name: "blastgauge.r.1", Proxy: "payments", Until: time.Minute, Mode: plan.Hang, Fault: experiments.Fault{Inject: "timeout", Into: "payments", Attributes: injectors.Attributes{}, Share: 1}},
		{Name: "blastgauge.r.2", Proxy: "payments", Until: time.Minute, Mode: plan.Refuse, Fault: experiments.Fault{Inject: "down", Into: "payments", Attributes: injectors.Attributes{}, Share: 1}},
	}
	return s
}

// writeScan writes the journal of a scan in which nothing went wrong.
func (s *story) writeScan() {
	calls := int64(250)
	s.at(0, journal.Event{Kind: journal.RunStarted, Plan: s.plan, Toxiproxy: &journal.Toxiproxy{Kind: "blastgauge", Version: "1"}})
	s.at(0, journal.Event{Kind: journal.ExperimentStarted})
	s.at(0, journal.Event{Kind: journal.PhaseStarted, Phase: journal.Warmup})
	s.at(1, journal.Event{Kind: journal.PhaseStarted, Phase: journal.Baseline})
	s.at(11, journal.Event{Kind: journal.Exercised, Exercise: &journal.Exercise{
		From: time.Second, To: 11 * time.Second, Journeys: []journal.ArmCounts{{Fault: journal.Tally{Of: 250}, Control: journal.Tally{Of: 250}}},
		Carried: []journal.Traffic{{Proxy: "payments", Connections: 10, Calls: &calls}}, Idle: []journal.IdleRate{{Proxy: "payments"}},
	}})
	s.at(11, journal.Event{Kind: journal.PhaseStarted, Phase: journal.Fault})
	s.writeCell(1, 12, journal.CellJourney{
		ArmCounts: journal.ArmCounts{Fault: journal.Tally{Harmed: 50, Of: 50}, Control: journal.Tally{Of: 50}}, Started: 60,
		Decision: journal.Harmful, Harmful: 1e9, Share: journal.Share{Estimate: 1, Low: 0.9, High: 1},
	})
	s.writeCell(2, 20, journal.CellJourney{
		ArmCounts: journal.ArmCounts{Fault: journal.Tally{Of: 150}, Control: journal.Tally{Of: 150}}, Started: 160,
		Decision: journal.Harmless, Harmless: 25, Share: journal.Share{Low: -0.01, High: 0.03},
	})
	s.at(30, journal.Event{Kind: journal.ScanEnded, Detail: journal.ScanComplete})
	s.at(30, journal.Event{Kind: journal.PhaseStarted, Phase: journal.Recovery})
	s.at(32, journal.Event{Kind: journal.ExperimentEnded})
	s.at(32, journal.Event{Kind: journal.RunEnded})
	for i := range s.events {
		if s.events[i].Experiment != "" {
			s.events[i].Experiment = plan.ScanID
		}
	}
}

// writeCell writes a cell of the fault of that number, from a second on.
func (s *story) writeCell(number int, second float64, found journal.CellJourney) {
	fault := s.plan.Experiments[0].Faults[number-1]
	from := time.Duration(second * float64(time.Second))
	s.at(second, journal.Event{Kind: journal.CellStarted, Cell: &journal.Cell{Number: number, Stage: journal.Single, Faults: []plan.Fault{fault}}})
	s.at(second, journal.Event{Kind: journal.FaultIntended, Fault: fault.Name})
	s.at(second, journal.Event{Kind: journal.FaultInjected, Fault: fault.Name, Evidence: &journal.Evidence{Present: true}})
	s.at(second+5, journal.Event{Kind: journal.FaultRemoved, Fault: fault.Name, Verified: true, Began: from + 5*time.Second})
	s.at(second+6, journal.Event{Kind: journal.CellEnded, CellEnd: &journal.CellEnd{
		Number: number, Why: journal.CellDecided, From: from, To: from + 5*time.Second, Back: time.Second, Journeys: []journal.CellJourney{found},
		Met: []journal.CellMet{{Fault: fault.Name, Counted: true, Met: 160, Of: 160, Refuses: number == 2}},
	}})
}

func foldScan(t *testing.T, s *story) *Result {
	t.Helper()
	r, _, err := foldText(s.lines(t), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAScanFoldsIntoAMap(t *testing.T) {
	t.Parallel()
	s := scanStory()
	s.writeScan()
	r := foldScan(t, s)
	if r.Schema != scan.Schema || r.Experiments == nil || len(r.Experiments) > 0 || len(r.Warnings) > 0 || r.Run.Outcome != Completed {
		t.Fatalf("%s, experiments %v, warnings %q, %+v", r.Schema, r.Experiments, r.Warnings, r.Run)
	}
	cells := r.Scan.Dependencies[0].Cells
	if len(cells) != 2 || cells[0].Verdict != scan.Harmful || cells[1].Verdict != scan.Harmless || r.Scan.Ended != journal.ScanComplete {
		t.Errorf("%+v", r.Scan)
	}
	want := ScanFault{Name: "blastgauge.r.1", Dependency: "payments", Mode: plan.Hang, Inject: "timeout", Proxy: "payments", Times: 1, RemovalVerified: true}
	if len(r.ScanFaults) != 2 || r.ScanFaults[0] != want {
		t.Errorf("%+v", r.ScanFaults)
	}
	if r.Run.ExitCode != ExitRefuted || r.ExitMeaning() != "the scan found weaknesses" {
		t.Errorf("exit %d: %s", r.Run.ExitCode, r.ExitMeaning())
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	if twice, err := json.Marshal(again); err != nil || string(twice) != string(text) {
		t.Errorf("%v, it was loaded as %s", err, twice)
	}
}

// Whenever a scan dies, what is known until then is a result, and a fault that may be in
// force is never forgotten: the same fault comes and goes more than once.
func TestEveryBeginningOfAScan(t *testing.T) {
	t.Parallel()
	s := scanStory()
	s.writeScan()
	s.writeCell(1, 40, journal.CellJourney{})
	all := s.events
	dangling := map[string]bool{}
	for n := 1; n <= len(all); n++ {
		switch e := all[n-1]; e.Kind {
		case journal.FaultIntended:
			dangling[e.Fault] = true
		case journal.FaultRemoved:
			delete(dangling, e.Fault)
		}
		s.events = all[:n]
		r := foldScan(t, s)
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Decode(text); err != nil {
			t.Errorf("the first %d events: %v", n, err)
		}
		if (r.Run.ExitCode == ExitNotRemoved) != (len(dangling) > 0) {
			t.Errorf("the first %d events, of which %v may be in force: exit code %d", n, dangling, r.Run.ExitCode)
		}
	}
}

func TestHowAScanEnded(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		tail    []journal.Event // in place of what comes after the first cell
		ended   string
		code    int
		outcome string
		error   string
	}{
		"died between cells": {nil, scan.Died, ExitError, FailedRun, "the run goes on, or it died; "},
		"died in a cell": {[]journal.Event{
			{Kind: journal.CellStarted, Cell: &journal.Cell{Number: 2, Stage: journal.Single, Faults: []plan.Fault{{Mode: plan.Refuse, Fault: experiments.Fault{Inject: "down", Into: "payments"}}}}},
		}, scan.Died, ExitError, FailedRun, "in cell 2, while payments failed (refuse)"},
		"a fault is left": {[]journal.Event{
			{Kind: journal.FaultIntended, Fault: "blastgauge.r.1"}, {Kind: journal.RunEnded, Error: "a fault could not be removed"},
		}, journal.ScanFailed, ExitNotRemoved, FailedRun, "could not be removed"},
		"a fault was left, and somebody removed it": {[]journal.Event{
			{Kind: journal.FaultIntended, Fault: "blastgauge.r.1"}, {Kind: journal.FaultRemoved, Fault: "blastgauge.r.1", Verified: true},
		}, scan.Died, ExitError, FailedRun, ""},
		"interrupted": {[]journal.Event{
			{Kind: journal.Interrupted, Detail: "TERM"}, {Kind: journal.RunEnded, Error: "interrupted"},
		}, scan.Interrupted, ExitTERM, Interrupted, ""},
		"failed": {[]journal.Event{
			{Kind: journal.ScanEnded, Detail: journal.ScanFailed}, {Kind: journal.RunEnded, Error: "the server died"},
		}, journal.ScanFailed, ExitError, FailedRun, "the server died"},
		"fenced": {[]journal.Event{
			{Kind: journal.ScanEnded, Detail: journal.ScanFenced}, {Kind: journal.RunEnded},
		}, journal.ScanFenced, ExitRefuted, Completed, ""},
	} {
		s := scanStory()
		s.writeScan()
		s.events = s.events[:11]
		for _, e := range tt.tail {
			s.at(19, e)
			s.events[len(s.events)-1].Experiment = plan.ScanID
		}
		r := foldScan(t, s)
		if r.Scan.Ended != tt.ended || r.Run.ExitCode != tt.code || r.Run.Outcome != tt.outcome || !strings.Contains(r.Run.Error, tt.error) {
			t.Errorf("%s: ended as %s, exit code %d, %+v", name, r.Scan.Ended, r.Run.ExitCode, r.Run)
		}
	}
}

// A system that did not work already was not scanned, and that is no success.
func TestAScanThatWasNotRun(t *testing.T) {
	t.Parallel()
	s := scanStory()
	s.at(0, journal.Event{Kind: journal.RunStarted, Plan: s.plan})
	s.at(0, journal.Event{Kind: journal.PreflightFailed, Detail: "checkout answers 500"})
	s.at(0, journal.Event{Kind: journal.RunEnded})
	r := foldScan(t, s)
	if r.Run.ExitCode != ExitInvalid || r.Scan.Ended != ScanNotRun || !strings.Contains(r.Scan.Detail, "checkout answers 500") || len(r.ScanFaults) > 0 {
		t.Errorf("exit %d, %+v", r.Run.ExitCode, r.Scan)
	}
	if r.ExitMeaning() != "the scan decided nothing" || r.Exit([]Verdict{Invalid}) != ExitHeld {
		t.Errorf("exit %d: %s", r.Exit([]Verdict{Invalid}), r.ExitMeaning())
	}
}

func TestExitCodesOfScans(t *testing.T) {
	t.Parallel()
	cell := func(v scan.Verdict) scan.Cell {
		return scan.Cell{Verdict: v, Significant: true, Faults: []scan.Fault{{Dependency: "payments", Mode: plan.Hang}}}
	}
	for name, tt := range map[string]struct {
		declared string
		cells    []scan.Verdict
		ended    string
		code     int
		allowed  int // where inconclusive is
	}{
		"harmless":        {"soft", []scan.Verdict{scan.Harmless, scan.Harmless}, journal.ScanComplete, ExitHeld, ExitHeld},
		"as declared":     {"hard", []scan.Verdict{scan.Harmful, scan.Harmless}, journal.ScanComplete, ExitHeld, ExitHeld},
		"unavailable":     {"soft", []scan.Verdict{scan.Unavailable, scan.Harmless}, journal.ScanComplete, ExitHeld, ExitHeld},
		"nobody counts":   {"soft", []scan.Verdict{scan.Harmless, scan.Harmless}, journal.ScanComplete, ExitInconclusive, ExitHeld},
		"taken over":      {"soft", []scan.Verdict{scan.Harmful}, journal.ScanHarmed, ExitInvalid, ExitInvalid},
		"undecided":       {"soft", []scan.Verdict{scan.Undecided, scan.Harmless}, journal.ScanComplete, ExitInconclusive, ExitHeld},
		"not met":         {"soft", []scan.Verdict{scan.NotMet, scan.Harmless}, journal.ScanComplete, ExitInconclusive, ExitHeld},
		"not reached":     {"soft", []scan.Verdict{scan.NotReached, scan.Harmless}, journal.ScanBudget, ExitInconclusive, ExitHeld},
		"ended early":     {"soft", []scan.Verdict{scan.Harmless}, journal.ScanUnhealthy, ExitInconclusive, ExitHeld},
		"nothing decided": {"soft", []scan.Verdict{scan.Undecided, scan.NotReached}, journal.ScanBudget, ExitInvalid, ExitInvalid},
		"nothing called":  {"soft", []scan.Verdict{scan.NotExercised, scan.Unavailable}, journal.ScanComplete, ExitInvalid, ExitInvalid},
		"never healthy":   {"soft", []scan.Verdict{scan.NotReached}, journal.ScanHarmed, ExitInvalid, ExitInvalid},
		"too busy":        {"soft", []scan.Verdict{scan.NotReached}, journal.ScanLate, ExitInvalid, ExitInvalid},
		"weak":            {"soft", []scan.Verdict{scan.Harmful, scan.Undecided}, journal.ScanBudget, ExitRefuted, ExitRefuted},
	} {
		d := scan.Dependency{Name: "payments", Declared: tt.declared, Exercised: new(name != "nobody counts")}
		if name == "nobody counts" {
			d.Exercised = nil
		}
		for _, v := range tt.cells {
			d.Cells = append(d.Cells, cell(v))
		}
		r := &Result{Schema: scan.Schema, Run: Run{Outcome: Completed}, Scan: &scan.Map{Ended: tt.ended, Dependencies: []scan.Dependency{d}}}
		if code, allowed := r.Exit(nil), r.Exit([]Verdict{Inconclusive}); code != tt.code || allowed != tt.allowed {
			t.Errorf("%s: exit code %d, want %d; %d where inconclusive is allowed, want %d", name, code, tt.code, allowed, tt.allowed)
		}
		r.Run.ExitCode = tt.code
		if meaning := r.ExitMeaning(); !strings.Contains(meaning, "scan") {
			t.Errorf("%s: %q is not about a scan", name, meaning)
		}
	}
}

// A journal from elsewhere, or from a damaged disk, holds no scan that cannot have been.
func TestWildScans(t *testing.T) {
	t.Parallel()
	cellEnd := func(change func(*journal.CellEnd)) func([]journal.Event) {
		return func(list []journal.Event) {
			for i := range list {
				if list[i].CellEnd != nil {
					change(list[i].CellEnd)
				}
			}
		}
	}
	for name, spoil := range map[string]func([]journal.Event){
		"two experiments": func(l []journal.Event) {
			l[0].Plan.Experiments = append(l[0].Plan.Experiments, l[0].Plan.Experiments[0])
		},
		"other id":        func(l []journal.Event) { l[0].Plan.Experiments[0].ID = "other" },
		"budget":          func(l []journal.Event) { l[0].Plan.Scan.Budget = -1 },
		"mode":            func(l []journal.Event) { l[0].Plan.Scan.Modes[0] = "<b>" },
		"mode of a fault": func(l []journal.Event) { l[0].Plan.Experiments[0].Faults[0].Mode = "\x1b" },
		"dependency":      func(l []journal.Event) { l[0].Plan.Scan.Dependencies[0] = "a b" },
		"earlier scan":    func(l []journal.Event) { l[0].Plan.Scan.Since = "../.." },
		"known":           func(l []journal.Event) { l[0].Plan.Scan.Known = []byte(`{"pairs":[{"verdict":"won"}]}`) },
		"cell":            func(l []journal.Event) { l[6].Cell.Number = -1 },
		"latency":         func(l []journal.Event) { l[6].Cell.Faults[0].Attributes = injectors.Attributes{"latency": 1e300} },
		"exercise":        func(l []journal.Event) { l[4].Exercise.Journeys[0].Fault.Of = -1 },
		"why":             cellEnd(func(e *journal.CellEnd) { e.Why = "::error::" }),
		"back":            cellEnd(func(e *journal.CellEnd) { e.Back = -2 }),
		"to before from":  cellEnd(func(e *journal.CellEnd) { e.To = 0 }),
		"more harmed":     cellEnd(func(e *journal.CellEnd) { e.Journeys[0].Fault.Harmed = math.MaxInt }),
		"decision":        cellEnd(func(e *journal.CellEnd) { e.Journeys[0].Decision = "maybe" }),
		"share":           cellEnd(func(e *journal.CellEnd) { e.Journeys[0].Share.Low = 2 }),
		"met":             cellEnd(func(e *journal.CellEnd) { e.Met[0].Met = -1 }),
		"broken": cellEnd(func(e *journal.CellEnd) {
			e.Broken = []journal.CheckResult{{Invariant: "stock", Violations: 1e300}}
		}),
		"end": func(l []journal.Event) { l[16].Detail = "no word" },
	} {
		s := scanStory()
		s.writeScan()
		spoil(s.events)
		r, _, err := foldText(s.lines(t), nil, nil)
		if err == nil && !strings.Contains(strings.Join(r.Warnings, "\n"), journal.EventsFile+" line ") {
			t.Errorf("%s: %q", name, r.Warnings)
		}
	}
}

// The map of a result from elsewhere is checked as all else in it.
func TestDecodeRefusesWhatNoScanFinds(t *testing.T) {
	t.Parallel()
	good := func() map[string]any {
		s := scanStory()
		s.writeScan()
		text, err := json.Marshal(foldScan(t, s))
		if err != nil {
			t.Fatal(err)
		}
		var r map[string]any
		if err := json.Unmarshal(text, &r); err != nil {
			t.Fatal(err)
		}
		return r
	}
	for path, value := range map[string]any{
		"schema": Schema, "experiments": []any{map[string]any{"id": "x"}}, "scan": nil,
		"scan.limit": 1e300, "scan.budget": 1e300, "scan.control": "none", "scan.ended": "a b", "scan.modes": []string{"<b>"}, "scan.since": "../..",
		"scan.journeys.0.name": "a/b", "scan.journeys.0.of": -1, "scan.journeys.0.rate": 1e300,
		"scan.dependencies.0.name": "<img>", "scan.dependencies.0.declared": "so-so", "scan.dependencies.0.behaves": "a b", "scan.dependencies.0.calls": 1e300,
		"scan.dependencies.0.cells.0.verdict": "won", "scan.dependencies.0.cells.0.number": -1, "scan.dependencies.0.cells.0.seconds": 1e300,
		"scan.dependencies.0.cells.0.faults.0.dependency": "@octocat", "scan.dependencies.0.cells.0.faults.0.mode": "x\n", "scan.dependencies.0.cells.0.faults.0.met": -1,
		"scan.dependencies.0.cells.0.journeys.0.journey": "a b", "scan.dependencies.0.cells.0.journeys.0.verdict": "won", "scan.dependencies.0.cells.0.journeys.0.low": 2, "scan.dependencies.0.cells.0.journeys.0.n": -1,
		"scan.dependencies.0.fallbacks":      []any{map[string]any{"to": "a b"}},
		"scan.dependencies.0.breaking_point": map[string]any{"kind": "a b"},
		"scan.pairs":                         []any{map[string]any{"verdict": "won"}}, "scan.pools": []any{map[string]any{"number": -1}},
		"scan.findings.0.code": "A", "scan.findings.0.dependency": "a|b", "scan.findings.0.cells": []int{-1}, "scan.findings.0.low": 2, "scan.findings.0.latency": 1e300,
		"scan_faults.0.times": -1, "scan_faults.0.mode": "\x1b", "scan_faults.0.dependency": "#1",
	} {
		r := good()
		put(t, r, path, value)
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Decode(text); !errors.Is(err, ErrForeign) {
			t.Errorf("%s of %v is taken: %v", path, value, err)
		}
	}
}

// Whatever a journal of a scan holds, what it is folded into can be written and loaded.
func FuzzHostileScan(f *testing.F) {
	s := scanStory()
	s.writeScan()
	f.Add(s.lines(f))
	s.events = s.events[:9]
	f.Add(s.lines(f))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, _, err := foldText(text, nil, nil)
		if err != nil || r.Scan == nil {
			return
		}
		written, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Decode(written); err != nil {
			t.Fatalf("%v in %s", err, written)
		}
	})
}
