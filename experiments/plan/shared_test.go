package plan

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
)

// The plan warns where the documents say that the control arm meets the fault, too, and
// only there.
func TestSharedWays(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		edit   func(*experiments.System, *experiments.Experiment)
		warned string // a part of the warning; empty: none
	}{
		"a way of its own": {func(*experiments.System, *experiments.Experiment) {}, ""},
		"same entry":       {func(s *experiments.System, _ *experiments.Experiment) { s.ControlURL = "http://localhost:8080/v2" }, "the same address as url"},
		"control enters through the proxy": {func(s *experiments.System, _ *experiments.Experiment) {
			s.ControlURL = "http://localhost:18083"
		}, "control_url goes through the proxy of payments"},
		"through a chain of proxies": {func(s *experiments.System, _ *experiments.Experiment) {
			s.Dependencies = append(s.Dependencies, experiments.Dependency{Name: "edge", Listen: ":18090", Upstream: "http://127.0.0.1:18083"})
			s.ControlURL = "http://127.0.0.1:18090"
		}, "control_url goes through the proxy of payments"},
		"another proxy": {func(s *experiments.System, _ *experiments.Experiment) {
			s.Dependencies = append(s.Dependencies, experiments.Dependency{Name: "edge", Listen: ":18090", Upstream: "http://127.0.0.1:8081"})
			s.ControlURL = "http://127.0.0.1:18090"
		}, ""},
		"a step to the proxy": {func(s *experiments.System, _ *experiments.Experiment) {
			s.Journeys[0].Steps = []experiments.Step{{Name: "pay", Request: experiments.Request{Target: "http://127.0.0.1:18083/charge/${id}"}}}
		}, "step pay of checkout goes through the proxy of payments"},
		"a step by the system's own name": {func(s *experiments.System, _ *experiments.Experiment) {
			s.Host = "127.0.0.1:18083"
			s.Journeys[0].Steps = []experiments.Step{{Name: "pay", Request: experiments.Request{Target: "http://127.0.0.1:18083/charge/${id}"}}}
		}, ""},
		"a journey of another system": {func(s *experiments.System, _ *experiments.Experiment) {
			s.Journeys[0].Steps = []experiments.Step{{Name: "a", Request: experiments.Request{Target: "http://search.test/graphql"}}, {Name: "b", Request: experiments.Request{Target: "http://search.test/graphql/${id}"}}}
		}, "goes to http://search.test/graphql on both arms"},
		"a step of another system": {func(s *experiments.System, _ *experiments.Experiment) {
			s.Journeys[0].Steps = []experiments.Step{{Name: "a", Request: experiments.Request{Target: "http://search.test/graphql"}}, {Name: "b", Request: experiments.Request{Target: "/b"}}}
		}, ""},
		"a journey of the system's own URL": {func(s *experiments.System, _ *experiments.Experiment) {
			s.Journeys[0].Steps = []experiments.Step{{Name: "a", Request: experiments.Request{Target: s.URL + "/graphql"}}}
		}, ""},
		"a journey that nobody knows": {func(s *experiments.System, _ *experiments.Experiment) {
			s.Journeys[0].Steps = []experiments.Step{{Name: "a", Request: experiments.Request{Target: "${env:API}/graphql"}}}
		}, ""},
		"a step that nobody knows": {func(s *experiments.System, _ *experiments.Experiment) {
			s.Journeys[0].Steps = []experiments.Step{{Name: "pay", Request: experiments.Request{Target: "${location}"}}}
		}, ""},
		"the baseline is the control": {func(s *experiments.System, e *experiments.Experiment) {
			s.ControlURL, e.Control = "http://127.0.0.1:18083", experiments.ControlBaseline
		}, ""},
		"no second arm": {func(s *experiments.System, _ *experiments.Experiment) { s.ControlURL = "" }, ""},
	} {
		s, e := documents()
		tt.edit(s, e)
		x := makeOne(t, s, e, Options{})
		var shared []string
		for _, w := range x.Warnings {
			if strings.Contains(w, "control: baseline in the experiment") {
				shared = append(shared, w)
			}
		}
		if x.SharedControl != (tt.warned != "") {
			t.Errorf("%s: shared control is %t", name, x.SharedControl)
		}
		switch {
		case tt.warned == "" && len(shared) > 0:
			t.Errorf("%s: %q", name, shared)
		case tt.warned != "" && (len(shared) != 1 || !strings.Contains(shared[0], tt.warned)):
			t.Errorf("%s: %q, want one with %q", name, shared, tt.warned)
		}
	}
}

// An experiment may ask for the baseline as its control wherever another is possible;
// what it is stays the same.
func TestControlBaseline(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*experiments.System){
		"a second route": func(*experiments.System) {},
		"a tag": func(s *experiments.System) {
			s.ControlURL, s.Propagates = "", experiments.PropagatesBaggage
		},
	} {
		s, e := documents()
		edit(s)
		e.Faults[0].Inject, e.Faults[0].Attributes = "http_abort", nil
		with := makeOne(t, s, e, Options{})
		e.Control = experiments.ControlBaseline
		without := makeOne(t, s, e, Options{})
		if with.Control != Concurrent || without.Control != Baseline || without.Tagged || len(without.Arms()) != 1 || with.Digests != without.Digests {
			t.Errorf("%s: control %s, then %s (%s)", name, with.Control, without.Control, without.ControlWhy)
		}
		e.Settings.Repeat = 3
		if turns := makeOne(t, s, e, Options{}); turns.Repeat != 3 {
			t.Errorf("%s: it takes %d turns, want 3", name, turns.Repeat)
		}
	}
}

// Addresses from elsewhere are in no digest, a rate is.
func TestDigestsOfResolvedDocuments(t *testing.T) {
	t.Parallel()
	s, e := documents()
	was := makeOne(t, s, e, Options{}).Digests
	s.URL, s.ControlURL, s.Dependencies[0].Upstream = "http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:3"
	if is := makeOne(t, s, e, Options{}).Digests; is != was {
		t.Errorf("other addresses: %+v, want %+v", is, was)
	}
	s.Journeys[0].Rate++
	if is := makeOne(t, s, e, Options{}).Digests; is.Load == was.Load || is.Journeys != was.Journeys || is.Faults != was.Faults {
		t.Errorf("another rate: %+v, was %+v", is, was)
	}
}

// What the command line sets is in the run's documents.
func TestWhatWasSetIsADocument(t *testing.T) {
	t.Parallel()
	s, e := documents()
	s.Set = []string{"url=${env:URL}", "journeys.checkout.rate=1/s"}
	phases := NoOverride()
	phases.Baseline, phases.Warmup = 90*time.Second, 0
	p, err := Make(s, []*experiments.Experiment{e}, Options{Run: "r", Phases: phases, Selected: true})
	if err != nil {
		t.Fatal(err)
	}
	if c := p.Choices; !slices.Equal(c.Set, s.Set) || c.Phases != "warmup=0s,baseline=1m30s" || !c.Selected {
		t.Errorf("choices = %+v", c)
	}
	if d := p.Documents[1]; d.File != SetDocument || d.Text != "url=${env:URL}\njourneys.checkout.rate=1/s\n" {
		t.Errorf("documents = %+v", p.Documents)
	}
}
