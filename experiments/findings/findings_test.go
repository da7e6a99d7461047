package findings

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
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

// makeAll makes the experiments of all findings of a map, also of those beyond its first.
func makeAll(t *testing.T, p *plan.Plan, m *scan.Map) (files []File) {
	t.Helper()
	for _, f := range m.Findings {
		one := *m
		one.Findings = []scan.Finding{f}
		made, err := Make(p, &one)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(files, func(other File) bool { return other.Name == made[0].Name }) {
			files = append(files, made...)
		}
	}
	return files
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
			{Code: scan.SoftBehavesHard, Dependency: "stock", Cells: []int{4}},
			{Code: scan.HangWorse, Dependency: "payments", Cells: []int{1}},
			{Code: scan.NoTimeout, Dependency: "payments", Cells: []int{1}}, // the same faults
			{Code: scan.LowBreaking, Dependency: "payments", Cells: []int{40}, Latency: 0.9},
			{Code: scan.FallbackHarms, Dependency: "stock", Other: "carts", Cells: []int{9}},
			{Code: scan.NotBack, Dependency: "carts", Cells: []int{7}},
			{Code: scan.HardHarms, Dependency: "carts", Cells: []int{6}},
			{Code: scan.SoftBehavesHard, Dependency: "orders", Modes: []plan.FailureMode{plan.Slow}, Latency: 0.3}, // levels alone show it
		},
	}
	files := makeAll(t, p, m)
	dir := filepath.Join(t.TempDir(), "found", "here")
	if w, err := Write(dir, files); err != nil || len(w.New) != len(files) {
		t.Fatal(w, err)
	}
	found, planned := load(t, file, dir)
	fault := func(mode plan.FailureMode, into string) experiments.Fault {
		i := slices.IndexFunc(p.Experiments[0].Faults, func(f plan.Fault) bool { return f.Mode == mode && f.Into == into })
		return p.Experiments[0].Faults[i].Fault
	}
	slow, level := fault(plan.Slow, "payments"), fault(plan.Slow, "orders")
	slow.Attributes = injectors.Attributes{"latency": 1.11} // the upper end, rounded up
	level.Attributes = injectors.Attributes{"latency": 0.3}
	want := map[string][]experiments.Fault{
		"payments-error-after":    {fault(plan.ErrorAfter, "payments")},
		"orders-error-after":      {fault(plan.ErrorAfter, "orders")},
		"stock-error":             {fault(plan.Error, "stock")},
		"payments-hang":           {fault(plan.Hang, "payments")},
		"payments-slow":           {slow},
		"stock-refuse-carts-hang": {fault(plan.Refuse, "stock"), fault(plan.Hang, "carts")},
		"carts-reset":             {fault(plan.Reset, "carts")},
		"carts-error":             {fault(plan.Error, "carts")},
		"orders-slow":             {level},
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
	seen, err := d.seen()
	if err != nil {
		t.Fatal(err)
	}
	if e := d.experiment(seen.faults); e.Settings.Phases != plan.NoOverride() {
		t.Errorf("phases %+v", e.Settings.Phases)
	}
}

func TestAFindingWithoutItsFault(t *testing.T) {
	t.Parallel()
	_, p := scanned(t)
	row := scan.Dependency{Name: "carts", Cells: []scan.Cell{single(1, "carts", plan.ErrorAfter)}}
	for name, f := range map[string]scan.Finding{
		"no cell":                  {Code: scan.NoTimeout, Dependency: "payments", Modes: []plan.FailureMode{plan.Hang}},
		"a mode that is not there": {Code: scan.SoftBehavesHard, Dependency: "carts", Cells: []int{1}},
		"an unknown dependency":    {Code: scan.LowBreaking, Dependency: "mail", Latency: 1},
	} {
		if files, err := Make(p, &scan.Map{Limit: 0.05, Dependencies: []scan.Dependency{row}, Findings: []scan.Finding{f}}); err == nil {
			t.Errorf("%s: %+v", name, files)
		}
	}
}

// Two findings about the same faults are one experiment, of the first of them; and only those
// that a report tells are written.
func TestOnlyWhatIsToldIsWritten(t *testing.T) {
	t.Parallel()
	_, p := scanned(t)
	m := &scan.Map{Limit: 0.05}
	for i, name := range []string{"payments", "stock", "carts", "orders"} {
		m.Dependencies = append(m.Dependencies, scan.Dependency{Name: name, Cells: []scan.Cell{single(2*i+1, name, plan.Hang), single(2*i+2, name, plan.Refuse)}})
		m.Findings = append(m.Findings, scan.Finding{Code: scan.SoftBehavesHard, Dependency: name, Cells: []int{2*i + 1}})
	}
	m.Findings = slices.Insert(m.Findings, 1, scan.Finding{Code: scan.NoTimeout, Dependency: "payments", Cells: []int{1}})
	m.Findings = append(m.Findings, scan.Finding{Code: scan.NotBack, Dependency: "orders", Cells: []int{8}})
	files, err := Make(p, m)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, f.Name)
	}
	if want := []string{"payments-hang.yaml", "stock-hang.yaml", "carts-hang.yaml", "orders-hang.yaml"}; !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
}

// What a pool alone shows is an experiment of the whole pool.
func TestAPoolIsOneExperiment(t *testing.T) {
	t.Parallel()
	_, p := scanned(t)
	for _, members := range [][]string{{"stock"}, {"stock", "carts", "orders"}} {
		pool, want := scan.Cell{Number: 1, Verdict: scan.Harmless, NotBack: true}, ""
		for _, name := range members {
			pool.Faults = append(pool.Faults, scan.Fault{Dependency: name, Mode: plan.Hang})
			want += name + "-hang-"
		}
		m := &scan.Map{Limit: 0.05, Dependencies: []scan.Dependency{{Name: "stock"}}, Pools: []scan.Cell{pool},
			Findings: []scan.Finding{{Code: scan.NotBack, Dependency: "stock", Pool: members, Cells: []int{1}}}}
		files, err := Make(p, m)
		if err != nil || len(files) != 1 || files[0].Name != strings.TrimSuffix(want, "-")+".yaml" || strings.Count(files[0].Text, "- inject:") != len(members) {
			t.Errorf("%v: %v, %+v", members, err, files)
		}
	}
}

// harms is a cell with a journey that it harms.
func harms(c scan.Cell, estimate float64) scan.Cell {
	c.Significant = true
	c.Journeys = []scan.CellJourney{
		{Journey: "browse", Verdict: scan.Harmless, Estimate: 0.999, High: 1},
		{Journey: "checkout", Verdict: scan.Harmful, Estimate: estimate, Low: estimate - 0.01, High: estimate + 0.01},
	}
	return c
}

// The number in a file is that of the faults in it.
func TestTheNumberIsThatOfTheFaults(t *testing.T) {
	t.Parallel()
	_, p := scanned(t)
	stock := scan.Dependency{Name: "stock", Cells: []scan.Cell{harms(single(1, "stock", plan.Hang), 0.391), harms(single(2, "stock", plan.Error), 0.992)}}
	stock.BreakingPoint = &scan.BreakingPoint{
		Edges:  []scan.Edge{{Low: 0.3, High: 0.37, Rises: true}},
		Levels: []scan.Level{{Latency: 0.3, Number: 3, Verdict: scan.Harmless}, {Latency: 0.37, Number: 4, Verdict: scan.Harmful, Journeys: harms(scan.Cell{}, 0.211).Journeys}},
	}
	m := &scan.Map{Limit: 0.05, Dependencies: []scan.Dependency{stock}, Findings: []scan.Finding{
		{Code: scan.SoftBehavesHard, Dependency: "stock", Cells: []int{1, 2}, Journey: "checkout", Estimate: 0.992},
		{Code: scan.LowBreaking, Dependency: "stock", Cells: []int{4}, Latency: 0.3, Journey: "checkout", Estimate: 0.999},
	}}
	files, err := Make(p, m)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct{ name, kind, harm string }{{"stock-error.yaml", "inject: grpc_error", "99.2%"}, {"stock-slow.yaml", "latency: 370ms", "21.1%"}} {
		if f := files[i]; f.Name != want.name || !strings.Contains(f.Text, want.kind) || !strings.Contains(f.Text, want.harm+" of checkout") {
			t.Errorf("%s, want %s with %s of %s:\n%s", f.Name, want.name, want.kind, want.harm, f.Text)
		}
	}
}

// What an earlier scan found is the same experiment as it was then.
func TestWhatWasTakenOverIsTheSameExperiment(t *testing.T) {
	t.Parallel()
	_, p := scanned(t)
	m := &scan.Map{
		Limit:        0.05,
		Dependencies: []scan.Dependency{{Name: "stock", Cells: []scan.Cell{harms(single(1, "stock", plan.Hang), 0.391), harms(single(2, "stock", plan.Error), 0.992)}}},
		Pairs:        []scan.Cell{harms(scan.Cell{Number: 3, Verdict: scan.Harmful, Faults: []scan.Fault{{Dependency: "stock", Mode: plan.Refuse}, {Dependency: "carts", Mode: plan.Hang}}}, 0.8)},
		Findings: []scan.Finding{
			{Code: scan.SoftBehavesHard, Dependency: "stock", Modes: []plan.FailureMode{plan.Hang, plan.Error}, Cells: []int{1, 2}},
			{Code: scan.FallbackHarms, Dependency: "stock", Other: "carts", Modes: []plan.FailureMode{plan.Refuse, plan.Hang}, Cells: []int{3}},
		},
	}
	was, err := Make(p, m)
	if err != nil {
		t.Fatal(err)
	}
	for i := range m.Findings {
		m.Findings[i].Cells = []int{}
	}
	for i := range m.Dependencies[0].Cells {
		m.Dependencies[0].Cells[i].Number, m.Dependencies[0].Cells[i].TakenOver = 0, true
	}
	m.Pairs[0].Number, m.Pairs[0].TakenOver = 0, true
	if is, err := Make(p, m); err != nil || !slices.Equal(is, was) {
		t.Errorf("%v\n%+v\nwas\n%+v", err, is, was)
	}
	if pair := was[1]; pair.Name != "stock-refuse-carts-hang.yaml" || strings.Count(pair.Text, "- inject:") != 2 {
		t.Errorf("a pair of faults is written as\n%s", pair.Text)
	}
}

// What is there stays, whoever wrote it, and the rest is written.
func TestWriteOverwritesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) []string { return []string{filepath.Join(dir, name)} }
	files := []File{{"a.yaml", "# Found by the scan 2\na: 1 # one\n"}, {"b.yaml", "b: 1\n"}, {"c.yaml", "c: 1\n"}}
	there := map[string]string{"a.yaml": "# Found by the scan 1\n  # of mine\na: 1 # one\n", "b.yaml": "#b: 1\n"}
	for name, text := range there {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w, err := Write(dir, files)
	if want := (Written{New: at("c.yaml"), Same: at("a.yaml"), Kept: at("b.yaml")}); err != nil || !reflect.DeepEqual(w, want) {
		t.Errorf("%+v, want %+v (%v)", w, want, err)
	}
	for name, text := range there {
		if is, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(is) != text {
			t.Errorf("%s: %q, %v", name, is, err)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) != 3 {
		t.Errorf("left behind: %v", left)
	}
	w, err = Write(dir, files)
	if err != nil || len(w.New) != 0 || len(w.Same) != 2 || len(w.Kept) != 1 {
		t.Errorf("again: %+v, %v", w, err)
	}
}

// What cannot be written takes back what was.
func TestWriteIsAllOrNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if w, err := Write(dir, []File{{"a.yaml", "a"}, {"nowhere/b.yaml", "b"}}); err == nil || len(w.New) > 0 {
		t.Errorf("%+v, %v", w, err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
