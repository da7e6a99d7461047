package plan_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors"
)

// Commands and statements are never told apart by journey, also where baggage
// passes, and the plan says so.
func TestCommandsAndStatementsHaveNoArms(t *testing.T) {
	t.Parallel()
	for inject, says := range map[string]string{
		"redis_error":    "redis_error acts on commands, which do not say whose journey they are for, and no control_url is declared: the baseline phase is the control",
		"postgres_error": "postgres_error acts on statements, which do not say whose journey they are for, and no control_url is declared: the baseline phase is the control",
	} {
		s := &experiments.System{Name: "x", URL: "http://127.0.0.1:1", Propagates: experiments.PropagatesBaggage,
			Dependencies: []experiments.Dependency{{Name: "store", Listen: "127.0.0.1:3", Upstream: "redis://127.0.0.1:4"}},
			Journeys:     []experiments.Journey{{Name: "buy", Rate: 40, SlowAfter: time.Second, Timeout: 2 * time.Second}}}
		doc := &experiments.Experiment{ID: "e", Faults: []experiments.Fault{{Inject: inject, Into: "store", Share: 1}}}
		p, err := plan.Make(s, []*experiments.Experiment{doc}, plan.Options{Run: "r", Seed: 1, Phases: experiments.StandardPhases()})
		if err != nil {
			t.Fatal(err)
		}
		if e := p.Experiments[0]; e.Tagged || e.Control != plan.Baseline || e.ControlWhy != says {
			t.Errorf("%s: tagged %v, control %s: %s", inject, e.Tagged, e.Control, e.ControlWhy)
		}
	}
}

// Where the system passes baggage on, faults on requests meet tagged journeys
// only; what an experiment is does not depend on the run's tag.
func TestArmsByRequest(t *testing.T) {
	t.Parallel()
	given := injectors.Attributes{"status": 503.0, "match": map[string]any{"method": "POST", "baggage": map[string]any{"tier": "gold"}}}
	spares := injectors.Attributes{"match": map[string]any{"not": map[string]any{"path": "/health", "baggage": map[string]any{"tier": []any{"gold", "free"}}}}}
	for name, tt := range map[string]struct {
		inject     string
		attributes injectors.Attributes
		controlURL string
		propagates string
		tagged     bool
		control    plan.Control
	}{
		"on requests":           {"http_error", given, "", experiments.PropagatesBaggage, true, plan.Concurrent},
		"without a match":       {"http_abort", nil, "", experiments.PropagatesBaggage, true, plan.Concurrent},
		"on all but some":       {"http_abort", spares, "", experiments.PropagatesBaggage, true, plan.Concurrent},
		"on connections":        {"latency", injectors.Attributes{"latency": 2.0}, "", experiments.PropagatesBaggage, false, plan.Baseline},
		"a route of its own":    {"http_error", given, "http://127.0.0.1:2", experiments.PropagatesBaggage, false, plan.Concurrent},
		"baggage does not pass": {"http_error", given, "", "", false, plan.Baseline},
	} {
		t.Run(name, func(t *testing.T) {
			s := &experiments.System{Name: "x", URL: "http://127.0.0.1:1", ControlURL: tt.controlURL, Propagates: tt.propagates,
				Dependencies: []experiments.Dependency{{Name: "payments", Listen: "127.0.0.1:3", Upstream: "http://127.0.0.1:4"}},
				Journeys:     []experiments.Journey{{Name: "buy", Rate: 40, SlowAfter: time.Second, Timeout: 2 * time.Second}}}
			made := func(run string) plan.Experiment {
				doc := &experiments.Experiment{ID: "e", Faults: []experiments.Fault{{Inject: tt.inject, Into: "payments", Share: 1, Attributes: tt.attributes}}}
				p, err := plan.Make(s, []*experiments.Experiment{doc}, plan.Options{Run: run, Seed: 1, Phases: experiments.StandardPhases()})
				if err != nil {
					t.Fatal(err)
				}
				return p.Experiments[0]
			}
			e := made("r1")
			if e.Tagged != tt.tagged || e.Control != tt.control || e.ControlWhy == "" || e.Digests != made("r2").Digests {
				t.Errorf("tagged %v, control %s: %s", e.Tagged, e.Control, e.ControlWhy)
			}
			if bare := e.Faults[0].Bare(); len(tt.attributes) != len(bare) || len(bare) > 0 && !reflect.DeepEqual(bare, tt.attributes) {
				t.Errorf("bare attributes are %v, want %v", bare, tt.attributes)
			}
			if !tt.tagged {
				return
			}
			match := e.Faults[0].Attributes["match"].(map[string]any)
			if match["baggage"].(map[string]any)[plan.Tag] != "r1" {
				t.Errorf("the fault matches %v", match)
			}
			if kind, _ := injectors.Lookup(tt.inject); kind.Check(e.Faults[0].Attributes) != nil || !reflect.DeepEqual(match["not"], map[string]any(tt.attributes.Group("match"))["not"]) {
				t.Errorf("the fault matches %v: %v", match, kind.Check(e.Faults[0].Attributes))
			}
			if _, leaked := given["match"].(map[string]any)["baggage"].(map[string]any)[plan.Tag]; leaked {
				t.Error("the documents were changed")
			}
			e.Untag("it rains")
			if e.Tagged || e.Control != plan.Baseline || e.ControlWhy != "it rains: the baseline phase is the control" || !strings.Contains(strings.Join(e.Warnings, " "), "it rains") {
				t.Errorf("after Untag: %+v", e)
			}
			if got := e.Faults[0].Attributes; len(got) != len(tt.attributes) {
				t.Errorf("after Untag the fault has %v", got)
			}
		})
	}
}
