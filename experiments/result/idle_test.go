package result

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors"
)

// What journeys bring is told from what comes without them, whatever is still under way
// from an earlier fault, and however few bytes a fault's own answers have.
func TestAboveIdle(t *testing.T) {
	t.Parallel()
	type load struct{ connections, bytes, calls float64 } // per second
	tag := map[string]any{"baggage": map[string]any{plan.Tag: "r"}}
	spares := map[string]any{"not": map[string]any{"path": "/health"}}
	const inForce = removedAt - faultAt
	for name, tt := range map[string]struct {
		inject      string
		match       map[string]any
		first, idle *load // before the first experiment, and before this one; nil: unknown
		busy        load
		seen, of    int64
		harm        float64
		want        Grade
	}{
		"nothing is known of idle times":        {"http_error", nil, nil, nil, load{}, 21, 21, 0, GradeCounted},
		"answers without bytes beside one late": {"http_error", spares, nil, &load{0, 800, 2}, load{0, 300, 10}, 21, 21, 0, GradeCounted},
		"a late connection, and calls":          {"http_error", nil, nil, &load{2, 800, 2}, load{3, 300, 10}, 200, 200, 0, GradeCounted},
		"health checks alone":                   {"http_error", nil, nil, &load{1, 100, 1}, load{1, 100, 1}, inForce, inForce, 0, GradeNo},
		"health checks alone, and both times":   {"http_error", nil, &load{1, 100, 1}, &load{1, 100, 1}, load{1, 100, 1}, inForce, inForce, 0, GradeNo},
		"health checks, some come in a burst":   {"http_error", nil, nil, &load{1, 100, 1}, load{1.9, 190, 1.9}, 1.9 * inForce, 1.9 * inForce, 0, GradeNo},
		"health checks alone, and they harm":    {"http_error", nil, nil, &load{1, 100, 1}, load{1, 100, 1}, inForce, inForce, 0.4, GradeObserved},
		"what an earlier fault put off":         {"http_error", spares, &load{}, &load{20, 9000, 30}, load{3, 900, 10}, 200, 200, 0, GradeCounted},
		"what an earlier run put off":           {"http_error", spares, &load{20, 9000, 30}, &load{}, load{3, 900, 10}, 200, 200, 0, GradeCounted},
		"bytes that an earlier fault put off":   {"latency", nil, &load{}, &load{20, 9000, 0}, load{3, 900, 0}, 0, 60, 0, GradeCounted},
		"bytes of health checks alone":          {"latency", nil, &load{1, 100, 0}, &load{20, 9000, 0}, load{1, 100, 0}, 0, inForce, 0, GradeNo},
		"few journeys beside many checks":       {"http_error", spares, nil, &load{1, 1000, 10}, load{1.2, 1200, 12}, 12 * inForce, 2 * inForce, 0, GradeNo}, // or few of the checks, beside journeys that match spares
		"checks are met, and journeys spared":   {"http_error", map[string]any{"method": "GET"}, nil, &load{1, 1000, 10}, load{1.8, 1800, 18}, 18 * inForce, 10 * inForce, 0, GradeNo},
		"what is seen and never called":         {"postgres_error", spares, nil, &load{1, 1000, 2}, load{1.5, 1500, 3}, 9 * inForce, inForce, 0, GradeNo},
		"a check in one of two times":           {"http_error", nil, &load{}, &load{1, 100, 1}, load{1, 100, 1}, inForce, inForce, 0, GradeNo},
		"a check in the other one":              {"http_error", nil, &load{1, 100, 1}, &load{}, load{1, 100, 1}, inForce, inForce, 0, GradeNo},
		"few journeys, and checks are met":      {"http_error", nil, nil, &load{1, 1000, 10}, load{1.2, 1200, 12}, 12 * inForce, 12 * inForce, 0, GradeNo},
		"only what carries the mark":            {"http_error", tag, nil, &load{1, 1000, 10}, load{1.1, 1100, 11}, 11 * inForce, inForce, 0, GradeCounted},
		"large answers beside many checks":      {"http_error", nil, nil, &load{1, 1000, 10}, load{1, 9000, 12}, 12 * inForce, 12 * inForce, 0, GradeCounted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStory()
			s.harm = duringFault(tt.harm)
			f := &s.plan.Experiments[0].Faults[0]
			f.Inject, f.Attributes = tt.inject, injectors.Attributes{}
			if tt.match != nil {
				f.Attributes["match"] = tt.match
			}
			s.evidence(journal.Evidence{Met: tt.of, Of: tt.of, Seen: tt.seen})
			earlier := s.plan.Experiments[0]
			earlier.ID = "earlier"
			s.plan.Experiments = append(s.plan.Experiments, earlier)
			s.plan.Experiments[0], s.plan.Experiments[1] = s.plan.Experiments[1], s.plan.Experiments[0]
			sample := func(experiment, moment string, second float64, n load) {
				calls := int64(n.calls)
				s.at(second, journal.Event{Kind: journal.Sampled, Detail: moment, Traffic: []journal.Traffic{
					{Proxy: "payments", Connections: int64(n.connections), Bytes: int64(n.bytes), Calls: &calls},
				}})
				s.events[len(s.events)-1].Experiment = experiment
			}
			for experiment, idle := range map[string]*load{"earlier": tt.first, "payments-slow": tt.idle} {
				if idle == nil {
					continue
				}
				sample(experiment, journal.BeforeIdle, 0, load{})
				sample(experiment, journal.BeforeTraffic, 1, *idle)
				sample(experiment, journal.AfterFault, 11, load{idle.connections + 10*tt.busy.connections, idle.bytes + 10*tt.busy.bytes, idle.calls + 10*tt.busy.calls})
			}
			s.send()
			for i := range s.obs {
				s.obs[i].Experiment = 1
			}
			e := s.fold(t).Experiments[1]
			x := e.Faults[0].Exercised
			if x.Grade != tt.want || (x.Unmet == UnmetOnlyIdle) != (tt.want == GradeNo) {
				t.Errorf("%+v, want %s", x, tt.want)
			}
		})
	}
}

// The time between two samples is the longest that it can have been: each takes time on a
// busy machine, and a shorter time would make idle traffic look like more.
func TestSamplesTakeTime(t *testing.T) {
	t.Parallel()
	r := newExperimentRun(&experiments.System{}, &plan.Experiment{})
	for _, e := range []journal.Event{
		{Detail: journal.BeforeIdle, Began: 1e9, Since: 2e9, Traffic: carried(0)},
		{Detail: journal.BeforeTraffic, Began: 2.5e9, Since: 3e9, Traffic: carried(8)},
	} {
		e.Kind = journal.Sampled
		r.event(e)
	}
	if rate, ok := r.proxyRate(journal.BeforeIdle, journal.BeforeTraffic, "payments"); !ok || rate.calls != 4 {
		t.Errorf("%+v, %v; want 4 calls per second", rate, ok)
	}
	r.event(journal.Event{Kind: journal.Sampled, Detail: journal.BeforeTraffic, Since: 3e9, Traffic: []journal.Traffic{{Proxy: "payments", Connections: -1}}})
	if rate, ok := r.proxyRate(journal.BeforeIdle, journal.BeforeTraffic, "payments"); ok {
		t.Errorf("%+v of a server that started anew", rate)
	}
}

// What match says comes back from a journal and from a result as it was written.
func TestMatchComesBack(t *testing.T) {
	t.Parallel()
	match := map[string]any{
		"method": "POST", "path": []any{"/charges", "/refunds/*"}, "headers": map[string]any{"X-Tenant": []any{"acme", "shop"}, "X-One": "1"},
		"not": map[string]any{"path": "/health", "baggage": map[string]any{"k": []any{"v"}}},
	}
	s := newStory()
	f := &s.plan.Experiments[0].Faults[0]
	f.Inject, f.Attributes = "http_error", injectors.Attributes{"status": 503.0, "match": match}
	r := s.fold(t)
	var lines bytes.Buffer
	for _, e := range s.events {
		if err := json.NewEncoder(&lines).Encode(e); err != nil {
			t.Fatal(err)
		}
	}
	again, err := Fold(journal.ReadEvents(&lines), journeys{s.obs, nil})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(again)
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []Fault{r.Experiments[0].Faults[0], again.Experiments[0].Faults[0], decoded.Experiments[0].Faults[0]} {
		if !reflect.DeepEqual(got.Attributes["match"], any(match)) || got.Description != r.Experiments[0].Faults[0].Description {
			t.Errorf("%v, %s; want %v", got.Attributes, got.Description, match)
		}
	}
}
