package findings

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/scan"
	"github.com/blastgauge/blastgauge/injectors"
)

const system = `version: 1
system: shop
environment: staging
toxiproxy: http://127.0.0.1:8474
url: http://127.0.0.1:8080
control_url: http://127.0.0.1:8081
dependencies:
  payments: {upstream: "http://127.0.0.1:8083", listen: "127.0.0.1:18083"}
  stock: {upstream: "grpc://127.0.0.1:8084", listen: "127.0.0.1:18084", criticality: soft}
  carts: {upstream: "redis://127.0.0.1:6379", listen: "127.0.0.1:16379"}
  orders: {upstream: "postgres://127.0.0.1:5432", listen: "127.0.0.1:15432"}
journeys:
  checkout: {rate: 40/s, steps: [{name: look, request: GET /}]}
  browse: {rate: 20/s, steps: [{name: look, request: GET /}]}
`

// scanned is the plan of a scan of the system, with faults of every kind that a scan
// injects.
func scanned(t *testing.T) (file string, p *plan.Plan) {
	t.Helper()
	file = filepath.Join(t.TempDir(), experiments.SystemFile)
	if err := os.WriteFile(file, []byte(system), 0o600); err != nil {
		t.Fatal(err)
	}
	s, _, err := experiments.Load(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	e := plan.Experiment{ID: plan.ScanID}
	add := func(mode plan.FailureMode, kind, into string, attributes injectors.Attributes) {
		e.Faults = append(e.Faults, plan.Fault{Mode: mode, Fault: experiments.Fault{Inject: kind, Into: into, Attributes: attributes, Share: 1}})
	}
	for _, d := range s.Dependencies {
		add(plan.Hang, "timeout", d.Name, injectors.Attributes{"timeout": 0.0})
		add(plan.Refuse, "down", d.Name, nil)
		add(plan.Slow, "latency", d.Name, injectors.Attributes{"latency": 2.0})
		add(plan.Reset, "reset_peer", d.Name, injectors.Attributes{"timeout": 0.0})
	}
	add(plan.Error, "http_error", "payments", injectors.Attributes{"status": 503.0})
	add(plan.ErrorAfter, "http_error", "payments", injectors.Attributes{"status": 503.0, "when": "after"})
	add(plan.Error, "grpc_error", "stock", injectors.Attributes{"code": "UNAVAILABLE"})
	add(plan.Error, "redis_error", "carts", injectors.Attributes{"error": "ERR internal error, no: # \"it\"\u00a0"})
	add(plan.ErrorAfter, "postgres_error", "orders", injectors.Attributes{"sqlstate": "57014", "when": "after", "match": map[string]any{"statement": []any{"commit", "insert"}}})
	return file, &plan.Plan{Run: "20261129t120000z-abcdef", Seed: 1, System: *s, Experiments: []plan.Experiment{e}}
}

// single is a cell of one fault.
func single(number int, dependency string, mode plan.FailureMode) scan.Cell {
	return scan.Cell{Number: number, Verdict: scan.Harmful, Faults: []scan.Fault{{Dependency: dependency, Mode: mode}}}
}

// load loads what was written beside its system and plans a run of it.
func load(t *testing.T, file, dir string) (map[string]*experiments.Experiment, *plan.Plan) {
	t.Helper()
	s, list, err := experiments.Selection{SystemFile: file, Arguments: []string{dir}}.Load()
	if err != nil {
		t.Fatalf("%s%v", experiments.Explain(err), err)
	}
	p, err := plan.Make(s, list, plan.Options{Run: "r", Seed: 1, Phases: plan.NoOverride()})
	if err != nil {
		t.Fatal(err)
	}
	byID := map[string]*experiments.Experiment{}
	for _, e := range list {
		byID[e.ID] = e
	}
	return byID, p
}

// What was found is written so that it loads, and injects what the scan injected.
func TestEveryFindingIsAnExperiment(t *testing.T) {
	t.Parallel()
	file, p := scanned(t)
	m := &scan.Map{
		Limit:    0.05,
		Journeys: []scan.Journey{{Name: "checkout", Limit: 0.05}, {Name: "browse", Limit: 0.02}},
		Dependencies: []scan.Dependency{
			{Name: "payments", Cells: []scan.Cell{single(1, "payments", plan.Hang), single(2, "payments", plan.ErrorAfter), single(3, "payments", plan.Error)},
				BreakingPoint: &scan.BreakingPoint{Edges: []scan.Edge{{Low: 0.9, High: 1.107, Rises: true}}}},
			{Name: "stock", Cells: []scan.Cell{single(4, "stock", plan.Error), single(5, "stock", plan.Refuse)}},
			{Name: "carts", Cells: []scan.Cell{single(6, "carts", plan.Error), single(7, "carts", plan.Reset)}},
			{Name: "orders", Cells: []scan.Cell{single(8, "orders", plan.ErrorAfter)}},
		},
		Pairs: []scan.Cell{{Number: 9, Verdict: scan.Harmful, Faults: []scan.Fault{{Dependency: "stock", Mode: plan.Refuse}, {Dependency: "carts", Mode: plan.Hang}}}},
		Findings: []scan.Finding{
			{Code: scan.BrokenInvariant, Dependency: "payments", Cells: []int{2}, Modes: []plan.FailureMode{plan.ErrorAfter}, Invariant: `charged "once": per # order`},
			{Code: scan.BrokenInvariant, Dependency: "orders", Cells: []int{8}, Invariant: "x"},
			{Code: scan.SoftBehavesHard, Dependency: "stock", Cells: []int{4}, Journey: "checkout", Estimate: 0.7, Low: 0.6, High: 0.8},
			{Code: scan.HangWorse, Dependency: "payments", Cells: []int{1}},
			{Code: scan.NoTimeout, Dependency: "payments", Cells: []int{1}}, // the same faults
			{Code: scan.LowBreaking, Dependency: "payments", Cells: []int{40}, Latency: 0.9},
			{Code: scan.FallbackHarms, Dependency: "stock", Other: "carts", Cells: []int{9}},
			{Code: scan.NotBack, Dependency: "carts", Cells: []int{7}},
			{Code: scan.HardHarms, Dependency: "carts", Cells: []int{6}},
			{Code: scan.NoTimeout, Dependency: "orders", Modes: []plan.FailureMode{plan.Hang}}, // its cell is on no map
		},
	}
	files, err := Make(p, m)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "found", "here")
	if paths, err := Write(dir, files); err != nil || len(paths) != len(files) {
		t.Fatal(paths, err)
	}
	found, planned := load(t, file, dir)
	fault := func(mode plan.FailureMode, into string) experiments.Fault {
		i := slices.IndexFunc(p.Experiments[0].Faults, func(f plan.Fault) bool { return f.Mode == mode && f.Into == into })
		return p.Experiments[0].Faults[i].Fault
	}
	slow := fault(plan.Slow, "payments")
	slow.Attributes = injectors.Attributes{"latency": 1.11} // the upper end, rounded up
	want := map[string][]experiments.Fault{
		"payments-error-after":    {fault(plan.ErrorAfter, "payments")},
		"orders-error-after":      {fault(plan.ErrorAfter, "orders")},
		"stock-error":             {fault(plan.Error, "stock")},
		"payments-hang":           {fault(plan.Hang, "payments")},
		"payments-slow":           {slow},
		"stock-refuse-carts-hang": {fault(plan.Refuse, "stock"), fault(plan.Hang, "carts")},
		"carts-reset":             {fault(plan.Reset, "carts")},
		"carts-error":             {fault(plan.Error, "carts")},
		"orders-hang":             {fault(plan.Hang, "orders")},
	}
	if len(found) != len(want) {
		t.Errorf("%d experiments, want %d", len(found), len(want))
	}
	for id, faults := range want {
		e := found[id]
		if e == nil {
			t.Errorf("no experiment %s", id)
			continue
		}
		if !reflect.DeepEqual(e.Faults, faults) {
			t.Errorf("%s injects %+v, want %+v", id, e.Faults, faults)
		}
		if e.Title == "" || e.Hypothesis == "" || e.IfRefuted == "" {
			t.Errorf("%s lacks words: %+v", id, e)
		}
	}
	for _, e := range planned.Experiments {
		if e.Journeys[0].Limit != 0.05 || e.Journeys[1].Limit != 0.02 {
			t.Errorf("%s: limits %v and %v", e.ID, e.Journeys[0].Limit, e.Journeys[1].Limit)
		}
		needed, _, ok := e.PhasesFor(0.02)
		if !ok || e.Phases.Fault < needed.Fault || e.Phases.Fault > 10*time.Minute {
			t.Errorf("%s: a fault phase of %s, and %s is needed", e.ID, e.Phases.Fault, needed.Fault)
		}
	}
	if r := found["carts-reset"].Settings.Limits.Recovery; r == nil || *r != backWithin {
		t.Errorf("no limit of recovery where the system did not recover: %v", r)
	}
}

// Where the system allows no time that is long enough, the phases are left to its defaults.
func TestPhasesKeepToTheCap(t *testing.T) {
	t.Parallel()
	_, p := scanned(t)
	p.System.Caps.Duration = 10 * time.Second
	m := &scan.Map{Limit: 0.05, Dependencies: []scan.Dependency{{Name: "payments", Cells: []scan.Cell{single(1, "payments", plan.Hang)}}},
		Findings: []scan.Finding{{Code: scan.NoTimeout, Dependency: "payments", Cells: []int{1}}}}
	d := drafter{p, m, m.Findings[0]}
	faults, err := d.faults()
	if err != nil {
		t.Fatal(err)
	}
	if e := d.experiment(faults); e.Settings.Phases != plan.NoOverride() {
		t.Errorf("phases %+v", e.Settings.Phases)
	}
}

func TestAFindingWithoutItsFault(t *testing.T) {
	t.Parallel()
	_, p := scanned(t)
	for name, f := range map[string]scan.Finding{
		"no mode":                  {Code: scan.NoTimeout, Dependency: "payments"},
		"a mode that is not there": {Code: scan.NoTimeout, Dependency: "carts", Modes: []plan.FailureMode{plan.ErrorAfter}},
		"an unknown dependency":    {Code: scan.LowBreaking, Dependency: "mail", Latency: 1},
	} {
		if files, err := Make(p, &scan.Map{Limit: 0.05, Findings: []scan.Finding{f}}); err == nil {
			t.Errorf("%s: %+v", name, files)
		}
	}
}

func TestWriteOverwritesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files := []File{{"a.yaml", "a"}, {"b.yaml", "b"}, {"c.yaml", "c"}}
	theirs := filepath.Join(dir, "b.yaml")
	if err := os.WriteFile(theirs, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Write(dir, files)
	if exists, ok := errors.AsType[*ExistsError](err); !ok || !slices.Equal(exists.Files, []string{theirs}) {
		t.Errorf("%v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("written all the same: %v", left)
	}
	if text, err := os.ReadFile(theirs); err != nil || string(text) != "mine" {
		t.Errorf("%q, %v", text, err)
	}
	if err := os.WriteFile(theirs, []byte("b"), 0o600); err != nil {
		t.Fatal(err)
	}
	paths, err := Write(dir, files)
	if err != nil || !slices.Equal(paths, []string{filepath.Join(dir, "a.yaml"), filepath.Join(dir, "c.yaml")}) {
		t.Errorf("beside one of the same text: %v, %v", paths, err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 3 {
		t.Errorf("left behind: %v", left)
	}
	if again, err := Write(dir, files); err != nil || len(again) != 0 {
		t.Errorf("again: %v, %v", again, err)
	}
}

// What cannot be written takes back what was.
func TestWriteIsAllOrNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if paths, err := Write(dir, []File{{"a.yaml", "a"}, {"nowhere/b.yaml", "b"}}); err == nil {
		t.Errorf("no error: %v", paths)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
