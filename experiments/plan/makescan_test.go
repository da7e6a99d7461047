package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/injectors"
)

// scanned is a system of which all can be scanned: two routes, an invariant and enough
// traffic.
func scanned() *experiments.System {
	s, _ := documents()
	s.Environment, s.Dependencies = "test", s.Dependencies[:1]
	s.Invariants = []experiments.Invariant{{Name: "stock"}}
	return s
}

// dependOn makes the system have one dependency for each upstream.
func dependOn(s *experiments.System, upstreams ...string) {
	s.Dependencies = nil
	for i, upstream := range upstreams {
		s.Dependencies = append(s.Dependencies, experiments.Dependency{
			Name: fmt.Sprintf("d%d", i), Listen: fmt.Sprintf("127.0.0.1:%d", 18000+i), Upstream: upstream,
		})
	}
}

func scanOf(t *testing.T, s *experiments.System, change func(*ScanOptions)) *Plan {
	t.Helper()
	o := DefaultScan()
	o.Run, o.Seed = "r", 1
	if change != nil {
		change(&o)
	}
	p, err := MakeScan(s, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func noChange(*ScanOptions) {}

// Each protocol has its own errors; what breaks connections is the same for all.
func TestFaultsOfAScanByProtocol(t *testing.T) {
	t.Parallel()
	always := []string{"hang timeout map[]", "refuse down map[]", "slow latency map[latency:3]", "reset reset_peer map[]"}
	errorsOf := map[string][]string{
		"http":     {"error http_error map[status:503 when:before]", "error-after http_error map[status:503 when:after]"},
		"https":    {"error http_error map[status:503 when:before]", "error-after http_error map[status:503 when:after]"},
		"h2c":      {"error grpc_error map[code:UNAVAILABLE when:before]", "error-after grpc_error map[code:UNAVAILABLE when:after]"},
		"grpc":     {"error grpc_error map[code:UNAVAILABLE when:before]", "error-after grpc_error map[code:UNAVAILABLE when:after]"},
		"grpcs":    {"error grpc_error map[code:UNAVAILABLE when:before]", "error-after grpc_error map[code:UNAVAILABLE when:after]"},
		"redis":    {"error redis_error map[error:ERR internal error]"},
		"rediss":   {"error redis_error map[error:ERR internal error]"},
		"postgres": {"error postgres_error map[sqlstate:53200 when:before]", "error-after postgres_error map[sqlstate:53200 when:after]"},
		"":         nil,
	}
	for scheme, own := range errorsOf {
		s, upstream := scanned(), "127.0.0.1:8083"
		if scheme != "" {
			upstream = scheme + "://" + upstream
		}
		dependOn(s, upstream)
		p := scanOf(t, s, nil)
		var got []string
		for _, f := range p.Experiments[0].Faults {
			got = append(got, fmt.Sprintf("%s %s %v", f.Mode, f.Inject, map[string]any(f.Attributes)))
			kind, known := injectors.Lookup(f.Inject)
			if err := kind.Check(f.Attributes); !known || err != nil {
				t.Errorf("%q: %s: %v", scheme, f.Inject, err)
			}
			if kind.Level == injectors.Message && !slices.Contains(kind.Schemes, scheme) {
				t.Errorf("%q: %s acts on %v", scheme, f.Inject, kind.Schemes)
			}
		}
		want := slices.Concat(always, own)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", scheme, got, want)
		}
		if n := len(FailureModes()) - len(want); len(p.Scan.Unavailable) != n || slices.ContainsFunc(p.Scan.Unavailable, func(u Unavailable) bool { return u.Why == "" || u.Dependency != "d0" }) {
			t.Errorf("%q: unavailable are %+v, want %d with reasons", scheme, p.Scan.Unavailable, n)
		}
	}
}

// The plan of a scan has one experiment, and a fault of its own name for each failure.
func TestPlanOfAScan(t *testing.T) {
	t.Parallel()
	s := scanned()
	s.Caps = experiments.Caps{BlastRadius: 0.6, Duration: time.Hour}
	s.Defaults.Repeat, s.Defaults.Limits.Journeys = 5, map[string]float64{"browse": 0.2}
	dependOn(s, "http://127.0.0.1:8083", "127.0.0.1:8084")
	s.Dependencies[1].Proxy = "search-v2"
	p := scanOf(t, s, func(o *ScanOptions) { o.Budget, o.Since = 5*time.Minute, "earlier" })
	e := p.Experiments[0]
	names := map[string]bool{}
	for _, f := range e.Faults {
		names[f.Name] = true
		if run, _, ok := injectors.ParseFaultName(f.Name); !ok || run != "r" || f.Share != 1 || f.At != 0 || f.Until != e.Phases.Fault || f.Proxy == "" || f.Upstream == "" {
			t.Errorf("%+v", f)
		}
	}
	if len(p.Experiments) != 1 || e.ID != ScanID || len(e.Faults) != 10 || len(names) != 10 || e.Faults[6].Proxy != "search-v2" {
		t.Errorf("%d experiments, %s with %d faults of %d names", len(p.Experiments), e.ID, len(e.Faults), len(names))
	}
	if p.Duration() != 5*time.Minute || p.Scan.Budget != 5*time.Minute || e.Phases.Baseline != 20*time.Second || e.Phases.Warmup != 5*time.Second {
		t.Errorf("phases %+v of %s", e.Phases, p.Scan.Budget)
	}
	if p.Scan.Slow != 3*time.Second || !p.Scan.Thresholds || !p.Scan.Pairs || p.Scan.Since != "earlier" || !slices.Equal(p.Scan.Dependencies, []string{"d0", "d1"}) || !slices.Equal(p.Scan.Modes, FailureModes()) {
		t.Errorf("%+v", p.Scan)
	}
	if e.Control != Concurrent || e.Repeat != 0 || e.Journeys[0].Limit != 0.05 || e.Journeys[1].Limit != 0.2 || len(e.Invariants) != 1 {
		t.Errorf("control %s, repeat %d, journeys %+v", e.Control, e.Repeat, e.Journeys)
	}
	if len(e.Guardrails) != 1 || e.Guardrails[0].BlastRadius != 0.6 {
		t.Errorf("the cap is no guardrail: %+v", e.Guardrails)
	}
	if len(p.Documents) != 1 || p.Documents[0].File != "blastgauge.yaml" || p.Choices.Selected {
		t.Errorf("%+v, %+v", p.Documents, p.Choices)
	}
	text, err := json.Marshal(p)
	var again Plan
	if err := errors.Join(err, json.Unmarshal(text, &again)); err != nil {
		t.Fatal(err)
	}
	if twice, err := json.Marshal(again); err != nil || !bytes.Equal(text, twice) {
		t.Errorf("a journal does not hold the plan: %v", err)
	}
}

func TestOptionsOfAScan(t *testing.T) {
	t.Parallel()
	s := scanned()
	dependOn(s, "http://127.0.0.1:8083", "http://127.0.0.1:8084", "http://127.0.0.1:8085")
	s.Defaults.Limits.Journeys = map[string]float64{"browse": 0.2}
	p := scanOf(t, s, func(o *ScanOptions) {
		o.Dependencies, o.Modes, o.Limit = []string{"d2", "d0"}, []FailureMode{Reset, Hang, Reset}, 0.1
		o.Rates = map[string]float64{"checkout": 100}
	})
	e := p.Experiments[0]
	if !slices.Equal(p.Scan.Dependencies, []string{"d0", "d2"}) || !slices.Equal(p.Scan.Modes, []FailureMode{Hang, Reset}) || len(e.Faults) != 4 || !p.Choices.Selected {
		t.Errorf("%+v with %d faults, %+v", p.Scan, len(e.Faults), p.Choices)
	}
	if e.Journeys[0].Limit != 0.1 || e.Journeys[1].Limit != 0.1 || e.Journeys[0].Rate != 100 || e.Journeys[1].Rate != 10 {
		t.Errorf("%+v", e.Journeys)
	}
	if want := []string{"d2", "d0", "--faults", "reset,hang,reset", "--limit", "10%"}; !slices.Equal(p.Choices.Scan, want) {
		t.Errorf("as the command line says it: %q", p.Choices.Scan)
	}
	s.Caps.Duration = 4 * time.Minute
	if p := scanOf(t, s, noChange); p.Scan.Budget != 4*time.Minute {
		t.Errorf("without a budget %s, and the cap is 4m", p.Scan.Budget)
	}
	s.Caps.Duration = 0
	if p := scanOf(t, s, noChange); p.Scan.Budget != DefaultBudget {
		t.Errorf("without a budget %s", p.Scan.Budget)
	}
}

// One route has the time before a fault as its control, whose requests are tagged only
// where every fault can tell them apart.
func TestControlOfAScan(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		controlURL, propagates string
		modes                  []FailureMode
		control                Control
		tagged                 bool
	}{
		{"http://127.0.0.1:8081", "", nil, Concurrent, false},
		{"", "", nil, Baseline, false},
		{"", "baggage", nil, Baseline, false},
		{"", "baggage", []FailureMode{Error, ErrorAfter}, Concurrent, true},
	} {
		s := scanned()
		s.ControlURL, s.Propagates = tt.controlURL, tt.propagates
		e := scanOf(t, s, func(o *ScanOptions) { o.Modes = tt.modes }).Experiments[0]
		if e.Control != tt.control || e.Tagged != tt.tagged || e.ControlWhy == "" {
			t.Errorf("%+v: control %s, tagged %v: %s", tt, e.Control, e.Tagged, e.ControlWhy)
		}
		if match, _ := e.Faults[0].Attributes["match"].(map[string]any); (match["baggage"] != nil) != tt.tagged {
			t.Errorf("%+v: attributes %v", tt, e.Faults[0].Attributes)
		}
	}
}

// Two scans of the same system do the same, however long they may take and whatever the
// run is called.
func TestDigestsOfAScan(t *testing.T) {
	t.Parallel()
	digests := func(change func(*experiments.System, *ScanOptions)) Digests {
		s, o := scanned(), DefaultScan()
		o.Run, o.Seed = "r", 1
		change(s, &o)
		p, err := MakeScan(s, o)
		if err != nil {
			t.Fatal(err)
		}
		return p.Experiments[0].Digests
	}
	one := digests(func(*experiments.System, *ScanOptions) {})
	for name, change := range map[string]func(*experiments.System, *ScanOptions){
		"run and seed": func(_ *experiments.System, o *ScanOptions) { o.Run, o.Seed = "q", 2 },
		"budget":       func(_ *experiments.System, o *ScanOptions) { o.Budget = time.Minute },
		"phases":       func(s *experiments.System, _ *ScanOptions) { s.Defaults.Phases.Warmup = time.Second },
	} {
		if other := digests(change); other != one {
			t.Errorf("another %s: %+v, %+v", name, one, other)
		}
	}
	for name, change := range map[string]func(*experiments.System, *ScanOptions){
		"faults":   func(_ *experiments.System, o *ScanOptions) { o.Modes = []FailureMode{Hang} },
		"journeys": func(s *experiments.System, _ *ScanOptions) { s.Journeys[0].Timeout++ },
		"load":     func(s *experiments.System, _ *ScanOptions) { s.Journeys[0].Rate++ },
		"limits":   func(_ *experiments.System, o *ScanOptions) { o.Limit = 0.01 },
	} {
		if other := digests(change); other == one {
			t.Errorf("other %s: the digests are the same", name)
		}
	}
}

func TestScansThatCannotBePlanned(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*experiments.System, *ScanOptions)
		says   []string
	}{
		"no such dependency": {func(_ *experiments.System, o *ScanOptions) { o.Dependencies = []string{"payment", "x"} }, []string{`no dependency "payment" in blastgauge.yaml`, `did you mean "payments"?`, `no dependency "x"`, "known: payments"}},
		"no such mode":       {func(_ *experiments.System, o *ScanOptions) { o.Modes = []FailureMode{"hung"} }, []string{`no failure mode "hung"`, `did you mean "hang"?`, "error-after"}},
		"short":              {func(_ *experiments.System, o *ScanOptions) { o.Budget = 29 * time.Second }, []string{"30s"}},
		"negative":           {func(_ *experiments.System, o *ScanOptions) { o.Budget = -time.Second }, []string{"30s"}},
		"beyond the cap":     {func(s *experiments.System, o *ScanOptions) { s.Caps.Duration, o.Budget = time.Minute, 2*time.Minute }, []string{"caps.duration of 1m", "at most 1m"}},
		"small cap":          {func(s *experiments.System, _ *ScanOptions) { s.Caps.Duration = 10 * time.Second }, []string{"caps.duration of 10s"}},
		"limit":              {func(_ *experiments.System, o *ScanOptions) { o.Limit = 5 }, []string{"limit of 5"}},
		"no traffic":         {func(_ *experiments.System, o *ScanOptions) { o.Rates = map[string]float64{"checkout": 0, "browse": 0} }, []string{"no journey"}},
		"slow journeys": {func(s *experiments.System, o *ScanOptions) {
			s.Journeys[0].SlowAfter, o.Budget = 20*time.Second, time.Minute
		}, []string{"40s", "at least 1m5s"}},
		"ramp": {func(s *experiments.System, _ *ScanOptions) {
			s.Journeys[0].Stages = []experiments.Stage{{Rate: 1, For: time.Minute}}
		}, []string{"warm-up"}},
		"nothing possible": {func(s *experiments.System, o *ScanOptions) {
			s.Dependencies[0].Upstream, o.Modes = "127.0.0.1:8083", []FailureMode{Error}
		}, []string{"none of the failure modes", "http://127.0.0.1:8083"}},
	} {
		s, o := scanned(), DefaultScan()
		o.Run = "r"
		tt.change(s, &o)
		_, err := MakeScan(s, o)
		if !errors.Is(err, ErrImpossible) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, want := range tt.says {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", name, err, want)
			}
		}
	}
}

// What a scan cannot show is said before it begins, and nothing is said of one that can
// show all.
func TestWarningsOfAScan(t *testing.T) {
	t.Parallel()
	of := func(change func(*experiments.System, *ScanOptions)) []string {
		s, o := scanned(), DefaultScan()
		s.Journeys[1].Rate = 20
		change(s, &o)
		p, err := MakeScan(s, o)
		if err != nil {
			t.Fatal(err)
		}
		return p.Experiments[0].Warnings
	}
	if list := of(func(*experiments.System, *ScanOptions) {}); len(list) > 0 {
		t.Errorf("a good scan: %q", list)
	}
	for name, tt := range map[string]struct {
		change func(*experiments.System, *ScanOptions)
		says   string
	}{
		"rare":     {func(s *experiments.System, _ *ScanOptions) { s.Journeys[0].Rate = 10 }, "checkout: 10/s may be too rare to show in the 20s of one fault that it harms at most 5%: 18/s would do"},
		"strict":   {func(_ *experiments.System, o *ScanOptions) { o.Limit = 0.01 }, "90/s would do"},
		"not sent": {func(s *experiments.System, _ *ScanOptions) { s.Journeys[1].Rate = 0 }, "browse is not sent"},
		"slow and rare": {func(s *experiments.System, _ *ScanOptions) {
			s.Journeys[0].Rate, s.Journeys[0].SlowAfter = 10, 19500*time.Millisecond
		}, "checkout: 10/s may be too rare to show in the 29.5s of one fault that it harms at most 5%"},
		"one route":     {func(s *experiments.System, _ *ScanOptions) { s.ControlURL = "" }, "control_url"},
		"no invariants": {func(s *experiments.System, _ *ScanOptions) { s.Invariants = nil }, "no invariants"},
		"short":         {func(_ *experiments.System, o *ScanOptions) { o.Budget = time.Minute }, "6 faults take about 2m"},
		"shared":        {func(s *experiments.System, _ *ScanOptions) { s.ControlURL = s.URL }, "control_url leads to the same address"},
		"guardrail":     {func(s *experiments.System, _ *ScanOptions) { s.Caps.BlastRadius = 0.01 }, "a guardrail stops the fault"},
	} {
		if list := of(tt.change); !slices.ContainsFunc(list, func(text string) bool { return strings.Contains(text, tt.says) }) {
			t.Errorf("%s: %q, want %q", name, list, tt.says)
		}
	}
}

// An unchanged Toxiproxy knows no requests: what acts on these is left out, and said.
func TestScanOnStock(t *testing.T) {
	t.Parallel()
	p := scanOf(t, scanned(), nil)
	stock, err := p.OnStock()
	if err != nil {
		t.Fatal(err)
	}
	if n := len(stock.Experiments[0].Faults); n != 4 || len(stock.Scan.Unavailable) != 2 || stock.Scan.Unavailable[0] != (Unavailable{"payments", Error, NeedsOurs}) {
		t.Errorf("%d faults, unavailable are %+v", n, stock.Scan.Unavailable)
	}
	hangs := func(text string) bool { return strings.HasPrefix(text, "hang: a stock toxiproxy-server passes on") }
	if w := stock.Experiments[0].Warnings; len(w) != len(p.Experiments[0].Warnings)+1 || !slices.ContainsFunc(w, hangs) {
		t.Errorf("warnings are %q: a harmless hang shows nothing there", w)
	}
	if len(p.Experiments[0].Faults) != 6 || len(p.Scan.Unavailable) != 0 || slices.ContainsFunc(p.Experiments[0].Warnings, hangs) {
		t.Error("the plan itself was changed")
	}
	for i, f := range stock.Experiments[0].Faults {
		if !slices.ContainsFunc(p.Experiments[0].Faults, func(g Fault) bool { return g.Name == f.Name && g.Mode == f.Mode }) {
			t.Errorf("fault %d has another name: %+v", i, f)
		}
	}
	only := scanOf(t, scanned(), func(o *ScanOptions) { o.Modes = []FailureMode{Error, ErrorAfter} })
	if _, err := only.OnStock(); !errors.Is(err, ErrImpossible) {
		t.Errorf("nothing is left: %v", err)
	}
	s, e := documents()
	run, err := Make(s, []*experiments.Experiment{e}, Options{Phases: NoOverride()})
	if err != nil {
		t.Fatal(err)
	}
	if same, err := run.OnStock(); same != run || err != nil {
		t.Errorf("a run of experiments: %v", err)
	}
}

// A dependency that no tagged request reaches is left out, and the others keep their control.
func TestScanOfWhatTagsReach(t *testing.T) {
	t.Parallel()
	p := scanOf(t, scanned(), nil)
	all := len(p.Experiments[0].Faults)
	left, ok := p.Reached(func(string) bool { return true })
	if !ok || len(left.Experiments[0].Faults) != all || len(left.Scan.Unavailable) != 0 {
		t.Errorf("all are reached: %v, %+v", ok, left.Scan.Unavailable)
	}
	if _, ok := p.Reached(func(string) bool { return false }); ok {
		t.Error("none is reached, and it says that some are")
	}
	f := p.Experiments[0].Faults[0]
	p.Experiments[0].Faults[0].Proxy = "another"
	left, ok = p.Reached(func(proxy string) bool { return proxy != "another" })
	if !ok || len(left.Experiments[0].Faults) != all-1 || len(p.Experiments[0].Faults) != all ||
		!slices.Equal(left.Scan.Unavailable, []Unavailable{{f.Into, f.Mode, NotTagged}}) {
		t.Errorf("one is not reached: %v, %+v", ok, left.Scan.Unavailable)
	}
}

func TestParseFailureModes(t *testing.T) {
	t.Parallel()
	if got, err := ParseFailureModes([]string{"slow", " hang", "slow"}); err != nil || !slices.Equal(got, []FailureMode{Slow, Hang}) {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := ParseFailureModes(nil); err != nil || len(got) != 0 {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := ParseFailureModes([]string{"hang", "error_after"}); err == nil || !strings.Contains(err.Error(), `did you mean "error-after"?`) {
		t.Error(err)
	}
}

func TestParseBudget(t *testing.T) {
	t.Parallel()
	if d, err := ParseBudget(" 10m "); d != 10*time.Minute || err != nil {
		t.Errorf("%s, %v", d, err)
	}
	for _, text := range []string{"", "10", "ten", "29s", "-1m"} {
		if d, err := ParseBudget(text); err == nil {
			t.Errorf("%q is %s", text, d)
		}
	}
}

func TestTextOfAScan(t *testing.T) {
	t.Parallel()
	s := scanned()
	dependOn(s, "http://127.0.0.1:8083", "127.0.0.1:8084")
	s.Journeys[1].Rate = 2
	s.Defaults.Guardrails = []experiments.Guardrail{{Failed: 0.5}}
	var b bytes.Buffer
	if err := scanOf(t, s, func(o *ScanOptions) { o.Budget = 2 * time.Minute }).WriteText(&b); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", "scan.txt")
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestLoadScan(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "blastgauge.yaml")
	const document = `version: 1
system: shop
environment: ENV
toxiproxy: embedded
url: http://127.0.0.1:8080
dependencies: {payments: {listen: "127.0.0.1:18083", upstream: "http://127.0.0.1:${env:PORT}"}}
journeys: {visit: {rate: 40/s, steps: [{name: visit, request: GET /, headers: {X: "${env:SECRET}"}}]}}
`
	load := func(environment string, set map[string]string) (*Loaded, error) {
		if err := os.WriteFile(file, []byte(strings.Replace(document, "ENV", environment, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		return LoadScan(experiments.Selection{SystemFile: file}, DefaultScan(), func(name string) (string, bool) {
			v, ok := set[name]
			return v, ok
		})
	}
	loaded, err := load("test", map[string]string{"PORT": "8083"})
	if err != nil {
		t.Fatal(err)
	}
	if p := loaded.Plan; p.Run == "" || p.Seed == 0 || len(p.Experiments[0].Faults) != 6 || loaded.Unset == nil {
		t.Errorf("run %q, seed %d, %d faults, unset %v", p.Run, p.Seed, len(p.Experiments[0].Faults), loaded.Unset)
	}
	if _, err := load("production", map[string]string{"PORT": "8083"}); !errors.Is(err, experiments.ErrRefused) {
		t.Errorf("production: %v", err)
	}
	if _, err := load("test", nil); !errors.Is(err, experiments.ErrInvalid) || !strings.Contains(err.Error(), "PORT") || !strings.Contains(err.Error(), "SECRET") {
		t.Errorf("without an address: %v", err)
	}
	if _, err := LoadScan(experiments.Selection{SystemFile: file + ".not"}, DefaultScan(), nil); !errors.Is(err, experiments.ErrInvalid) {
		t.Errorf("without a file: %v", err)
	}
}
