package result

import (
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors"
)

// A fault that met less than a tenth of what the calls before it let expect shows harm,
// but not that there is none. The stories call once per journey before the fault, and
// 500 journeys come while it is in force.
func TestSparse(t *testing.T) {
	t.Parallel()
	requests := func(s *story, attributes injectors.Attributes) {
		f := &s.plan.Experiments[0].Faults[0]
		f.Inject, f.Attributes = "http_error", attributes
	}
	for name, tt := range map[string]struct {
		under    float64 // calls per journey
		met      int64
		change   func(*story)
		want     Grade
		expected float64 // 0: unknown
		verdict  Verdict
	}{
		"met by one":                 {1, 1, nil, GradeSparse, 500, Held},
		"met by a tenth":             {1, 50, nil, GradeCounted, 500, Held},
		"met by fewer":               {1, 40, nil, GradeSparse, 500, Held},
		"met by all":                 {1, 500, nil, GradeCounted, 500, Held},
		"one, and no more":           {0, 1, nil, GradeSparse, 500, Held},
		"the system stopped calling": {0.04, 20, nil, GradeCounted, 500, Held},
		"it went on calling":         {1, 20, nil, GradeSparse, 500, Held},
		"harm beyond the limit":      {1, 20, func(s *story) { s.harm = duringFault(0.3) }, GradeSparse, 500, Refuted},
		"a small share":              {1, 20, func(s *story) { s.plan.Experiments[0].Faults[0].Share = 0.05 }, GradeCounted, 25, Held},
		"few of a small share":       {1, 1, func(s *story) { s.plan.Experiments[0].Faults[0].Share = 0.05 }, GradeSparse, 25, Held},
		"requests of a kind": {1, 1, func(s *story) {
			requests(s, injectors.Attributes{"match": map[string]any{"path": "/charges"}})
		}, GradeCounted, 0, Held},
		"requests of the arm": {1, 1, func(s *story) {
			requests(s, injectors.Attributes{"match": map[string]any{"baggage": map[string]any{plan.Tag: "r"}}})
		}, GradeSparse, 500, Held},
		"the first requests": {1, 3, func(s *story) { requests(s, injectors.Attributes{"first": 3.0}) }, GradeCounted, 3, Held},
		"all requests":       {1, 3, func(s *story) { requests(s, nil) }, GradeSparse, 500, Held},
		"config":             {1, 1, func(s *story) { s.plan.Experiments[0].Faults[0].Inject = "http_config" }, GradeCounted, 0, Held},
		"clients that connect": {1, 1, func(s *story) {
			s.plan.Experiments[0].Faults[0].Inject = "postgres_error"
			s.plan.Experiments[0].Faults[0].Attributes = injectors.Attributes{"when": "connect"}
		}, GradeCounted, 0, Held},
		"another dependency": {1, 1, func(s *story) { s.plan.System.Dependencies[0].Name = "carts" }, GradeCounted, 0, Held},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStory()
			calling(s, tt.under)
			s.evidence(journal.Evidence{Met: tt.met, Of: tt.met})
			if tt.change != nil {
				tt.change(s)
			}
			e := s.fold(t).Experiments[0]
			x := e.Faults[0].Exercised
			if x.Grade != tt.want {
				t.Errorf("%+v, want %s", x, tt.want)
			}
			near(t, "expected", x.Expected, tt.expected, 0.01*tt.expected)
			sparse := tt.want == GradeSparse
			want := tt.verdict
			if sparse && want == Held {
				want = Inconclusive
			}
			if e.Verdict != want || e.HasReason(ReasonSparse) != (want == Inconclusive) {
				t.Errorf("%s because of %q, want %s", e.Verdict, e.Reasons, want)
			}
			if all := strings.Join(e.Reasons, "\n"); want == Inconclusive && !strings.Contains(all, x.Note) {
				t.Errorf("reasons %q without the numbers %q", all, x.Note)
			}
		})
	}
}

// calling adds counters to a story: one call and connection per journey of the fault arm
// before the fault, and so many under it.
func calling(s *story, under float64) {
	s.plan.System.Dependencies = []experiments.Dependency{{Name: "payments", Upstream: "http://127.0.0.1:1"}}
	s.plan.Experiments[0].Limits.Recovery = 0
	s.writeJournal()
	reading := func(second, calls float64, moment string) {
		n := int64(calls)
		s.at(second, journal.Event{Kind: journal.Sampled, Detail: moment, Traffic: []journal.Traffic{{Proxy: "payments", Connections: n, Calls: &n}}})
	}
	before := s.rate * (faultAt - baselineAt)
	reading(baselineAt, 0, journal.BeforeBaseline)
	reading(faultAt, before, journal.BeforeFault)
	reading(removedAt, before+under*s.rate*(removedAt-faultAt), journal.AfterFault)
}

// Of two faults that follow each other, each is expected to meet what came in its own
// time.
func TestEachFaultIsExpectedToMeetItsOwnTime(t *testing.T) {
	t.Parallel()
	s := newStory()
	e := &s.plan.Experiments[0]
	e.Faults[0].Until = 2 * time.Second
	calling(s, 1)
	second := e.Faults[0]
	second.Name = "blastgauge.r.2"
	e.Faults = append(e.Faults, second)
	s.at(faultAt+2, journal.Event{Kind: journal.FaultIntended, Fault: second.Name})
	s.at(faultAt+2, journal.Event{Kind: journal.FaultInjected, Fault: second.Name, Evidence: &journal.Evidence{Present: true, Counted: true}})
	s.at(removedAt, journal.Event{Kind: journal.FaultRemoved, Fault: second.Name, Verified: true, Began: removedAt * time.Second, Evidence: metAll})
	for i := range s.events {
		if ev := &s.events[i]; ev.Kind == journal.FaultRemoved && ev.Fault == e.Faults[0].Name {
			ev.Began, ev.Since = (faultAt+2)*time.Second, (faultAt+2)*time.Second
			ev.Evidence = &journal.Evidence{Present: true, Counted: true, Met: 30, Of: 30}
		}
	}
	faults := s.fold(t).Experiments[0].Faults
	for i, want := range []float64{50, 450} {
		near(t, "expected", faults[i].Exercised.Expected, want, 1)
		if faults[i].Exercised.Grade != GradeCounted {
			t.Errorf("fault %d: %+v", i, faults[i].Exercised)
		}
	}
}
