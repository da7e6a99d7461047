package plan

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/injectors"
)

func unset() experiments.Phases { return NoOverride() }

// documents are a system and an experiment that say as little as they may.
func documents() (*experiments.System, *experiments.Experiment) {
	s := &experiments.System{
		Name: "checkout", URL: "http://127.0.0.1:8080", ControlURL: "http://127.0.0.1:8081", File: "blastgauge.yaml",
		Dependencies: []experiments.Dependency{
			{Name: "payments", Listen: "127.0.0.1:18083", Upstream: "http://127.0.0.1:8083"},
			{Name: "search", Proxy: "search-v2"},
		},
		Journeys: []experiments.Journey{
			{Name: "checkout", Rate: 40, SlowAfter: 3 * time.Second, Timeout: 10 * time.Second},
			{Name: "browse", Rate: 10, SlowAfter: time.Second, Timeout: 10 * time.Second},
		},
		Defaults: experiments.Settings{Phases: unset()},
	}
	e := &experiments.Experiment{
		ID: "payments-slow", Hypothesis: "h", File: "payments-slow.yaml",
		Faults:   []experiments.Fault{{Inject: "latency", Into: "payments", Attributes: injectors.Attributes{"latency": 2.0}, Share: 1}},
		Settings: experiments.Settings{Phases: unset()},
	}
	return s, e
}

func makeOne(t *testing.T, s *experiments.System, e *experiments.Experiment, o Options) Experiment {
	t.Helper()
	if o.Phases == (experiments.Phases{}) {
		o.Phases = NoOverride()
	}
	o.Run = "r"
	p, err := Make(s, []*experiments.Experiment{e}, o)
	if err != nil {
		t.Fatal(err)
	}
	return p.Experiments[0]
}

func TestPhasesAreTheMostSpecificThatAreGiven(t *testing.T) {
	t.Parallel()
	s, e := documents()
	s.Defaults.Phases.Baseline = 20 * time.Second
	s.Defaults.Phases.Fault = 30 * time.Second
	e.Settings.Phases.Fault = 40 * time.Second
	e.Settings.Phases.Recovery = 0
	o := Options{Phases: NoOverride()}
	o.Phases.Warmup = 2 * time.Second
	got := makeOne(t, s, e, o).Phases
	want := experiments.Phases{Warmup: 2 * time.Second, Baseline: 20 * time.Second, Fault: 40 * time.Second, Recovery: 0}
	if got != want {
		t.Errorf("phases = %v, want %v", got, want)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	s, e := documents()
	s.Defaults.Limits = experiments.Limits{BlastRadius: new(0.1), Journeys: map[string]float64{"browse": 0.2}}
	if x := makeOne(t, s, e, Options{}); x.Journeys[0].Limit != 0.1 || x.Journeys[1].Limit != 0.2 || x.Limits.Baseline != 0.02 {
		t.Errorf("limits of the system: %v, %v", x.Journeys[0].Limit, x.Journeys[1].Limit)
	}
	e.Settings.Limits = experiments.Limits{BlastRadius: new(0.03), Journeys: map[string]float64{"checkout": 0.01}}
	if x := makeOne(t, s, e, Options{}); x.Journeys[0].Limit != 0.01 || x.Journeys[1].Limit != 0.03 {
		t.Errorf("limits of the experiment: %v, %v", x.Journeys[0].Limit, x.Journeys[1].Limit)
	}
}

func TestAFaultKnowsItsProxyAndItsName(t *testing.T) {
	t.Parallel()
	s, e := documents()
	e.Faults = append(e.Faults, experiments.Fault{Inject: "down", Into: "search", At: 10 * time.Second, For: 5 * time.Second})
	x := makeOne(t, s, e, Options{})
	a, b := x.Faults[0], x.Faults[1]
	if a.Name != "blastgauge.r.1" || a.Proxy != "payments" || a.Listen != "127.0.0.1:18083" || a.Until != x.Phases.Fault {
		t.Errorf("first fault = %+v", a)
	}
	if b.Name != "blastgauge.r.2" || b.Proxy != "search-v2" || b.Until != 15*time.Second {
		t.Errorf("second fault = %+v", b)
	}
}

func TestACapIsAGuardrail(t *testing.T) {
	t.Parallel()
	s, e := documents()
	s.Caps.BlastRadius = 0.6
	s.Defaults.Guardrails = []experiments.Guardrail{{BlastRadius: 0.3}}
	if g := makeOne(t, s, e, Options{}).Guardrails; len(g) != 2 || g[1].BlastRadius != 0.6 {
		t.Errorf("guardrails = %v, want the default and the cap", g)
	}
	e.Settings.Guardrails = []experiments.Guardrail{}
	if g := makeOne(t, s, e, Options{}).Guardrails; len(g) != 1 || g[0].BlastRadius != 0.6 {
		t.Errorf("guardrails = %v: an experiment may drop the default, not the cap", g)
	}
}

func TestWhatCannotBePlanned(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		edit func(*experiments.System, *experiments.Experiment)
		want string
	}{
		"fault phase too short": {func(_ *experiments.System, e *experiments.Experiment) { e.Settings.Phases.Fault = 5 * time.Second }, "make it at least 6s"},
		"no baseline":           {func(_ *experiments.System, e *experiments.Experiment) { e.Settings.Phases.Baseline = 0 }, "nothing to compare with"},
		"beyond the phase":      {func(_ *experiments.System, e *experiments.Experiment) { e.Faults[0].At = time.Hour }, "outside the fault phase"},
		"beyond the cap":        {func(s *experiments.System, _ *experiments.Experiment) { s.Caps.Duration = time.Minute }, "more than caps.duration"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, e := documents()
			tt.edit(s, e)
			_, err := Make(s, []*experiments.Experiment{e}, Options{Phases: NoOverride()})
			if !errors.Is(err, ErrImpossible) || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "payments-slow.yaml") {
				t.Errorf("Make() = %v, want ErrImpossible with %q", err, tt.want)
			}
		})
	}
}

func TestArmsShareTheRate(t *testing.T) {
	t.Parallel()
	s, e := documents()
	x := makeOne(t, s, e, Options{})
	if fault, control := x.Cohort(x.Journeys[0]); x.Control != Concurrent || fault != 20*117 || control != fault {
		t.Errorf("concurrent cohort = %d and %d, want 20/s for 117 s in both", fault, control)
	}
	s.ControlURL = ""
	x = makeOne(t, s, e, Options{})
	if fault, control := x.Cohort(x.Journeys[0]); x.Control != Baseline || fault != 40*117 || control != 40*60 {
		t.Errorf("baseline cohort = %d and %d, want 40/s for 117 s and for 60 s", fault, control)
	}
}

func TestAPlanWarnsOfWhatCannotConclude(t *testing.T) {
	t.Parallel()
	s, e := documents()
	e.Settings.Phases.Fault = 8 * time.Second
	warnings := strings.Join(makeOne(t, s, e, Options{}).Warnings, "\n")
	if !strings.Contains(warnings, "browse: cannot be shown to hold") || strings.Contains(warnings, "jitter") {
		t.Errorf("warnings = %q, want browse, and nothing about a jitter that is not there", warnings)
	}
}

// Digests must not change with what differs from run to run, and must change
// with everything else.
func TestDigests(t *testing.T) {
	t.Parallel()
	s, e := documents()
	e.Faults[0].Attributes = injectors.Attributes{"latency": 2.0}
	s.Journeys[0].Steps = []experiments.Step{{Name: "x", Request: experiments.Request{Method: "GET", Target: "http://127.0.0.1:1234/x"}}}
	base := makeOne(t, s, e, Options{Seed: 1}).Digests
	s.Journeys[0].Steps[0].Request.Target = "http://127.0.0.1:9999/x"
	s.Dependencies[0].Listen = "127.0.0.1:4711"
	if got := makeOne(t, s, e, Options{Seed: 2}).Digests; got != base {
		t.Errorf("digests changed with addresses and seed: %v, %v", got, base)
	}
	s.Journeys[0].Steps[0].Request.Target = "http://127.0.0.1:9999/y"
	e.Faults[0].Attributes["latency"] = 3.0
	s.Journeys[1].Rate = 11
	e.Settings.Limits.BlastRadius = new(0.2)
	got := makeOne(t, s, e, Options{}).Digests
	if got.Faults == base.Faults || got.Journeys == base.Journeys || got.Load == base.Load || got.Limits == base.Limits {
		t.Errorf("digests did not all change: %v, %v", got, base)
	}
}

// Redirects that are followed make other requests.
func TestDigestsKnowFollow(t *testing.T) {
	t.Parallel()
	s, e := documents()
	s.Journeys[0].Steps = []experiments.Step{{Name: "x", Request: experiments.Request{Method: "GET", Target: "/x"}}}
	base := makeOne(t, s, e, Options{Seed: 1}).Digests
	s.Journeys[0].Steps[0].Follow = 1
	got := makeOne(t, s, e, Options{Seed: 1}).Digests
	if got.Journeys == base.Journeys || got.Load != base.Load || got.Faults != base.Faults {
		t.Errorf("digests with follow: %v, %v without", got, base)
	}
}

func TestSeedsAreEachExperimentsOwn(t *testing.T) {
	t.Parallel()
	s, e := documents()
	a := makeOne(t, s, e, Options{Seed: 1}).Seed
	other := *e
	other.ID = "other"
	p, err := Make(s, []*experiments.Experiment{&other, e}, Options{Seed: 1, Phases: NoOverride()})
	if err != nil {
		t.Fatal(err)
	}
	if p.Experiments[1].Seed != a || p.Experiments[0].Seed == a {
		t.Error("an experiment run alone must repeat what it does in the suite, and only that")
	}
}

func TestRunIDsSortByTime(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 14, 2, 3, 0, time.UTC)
	id := NewRun(at)
	if !regexp.MustCompile(`^20261123t140203z-[0-9a-z]{6}$`).MatchString(id) || id == NewRun(at) {
		t.Errorf("NewRun() = %s", id)
	}
}

func TestPortionIsAPercentage(t *testing.T) {
	t.Parallel()
	for share, want := range map[float64]string{0.07: "7%", 0.125: "12.5%", 0.001: "0.1%", 0.00001: "0.001%"} {
		f := Fault{Fault: experiments.Fault{Share: share}}
		if got := f.Portion(); got != want {
			t.Errorf("Portion() of %v = %s, want %s", share, got, want)
		}
	}
}

// A guardrail that trips on less than a limit allows leaves nothing to judge the limit by.
func TestAPlanWarnsOfAGuardrailBelowALimit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		guardrail experiments.Guardrail
		cap       float64
		want      int // journeys of two, both with a limit of 5 %
	}{
		{experiments.Guardrail{BlastRadius: 0.03}, 0, 2},
		{experiments.Guardrail{Failed: 0.04}, 0, 2},
		{experiments.Guardrail{BlastRadius: 0.05}, 0, 0},
		{experiments.Guardrail{BlastRadius: 0.36}, 0.6, 0},
		{experiments.Guardrail{BlastRadius: 0.36}, 0.01, 2}, // a cap is one, too
		{experiments.Guardrail{P99: time.Second}, 0, 0},
		{experiments.Guardrail{Probe: &experiments.Probe{}}, 0, 0},
	} {
		s, e := documents()
		s.Caps.BlastRadius, e.Settings.Guardrails = tt.cap, []experiments.Guardrail{tt.guardrail}
		x := makeOne(t, s, e, Options{})
		list := x.guardrailWarnings()
		if len(list) != tt.want {
			t.Errorf("%+v, cap %v: %q, want %d", tt.guardrail, tt.cap, list, tt.want)
		}
		for _, text := range list {
			if !strings.Contains(strings.Join(x.Warnings, "\n"), text) {
				t.Errorf("the plan does not say %q", text)
			}
		}
	}
}
