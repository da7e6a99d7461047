package result

import (
	"testing"

	"github.com/blastgauge/blastgauge/experiments/journal"
)

// A fault that makes connect() fail is met unseen. It is proven by what it cut and by
// what came until then; the stories call once per journey before it.
func TestRefusedUnseen(t *testing.T) {
	t.Parallel()
	probe := func(met bool) func(*story) {
		return func(s *story) {
			s.at(15, journal.Event{Kind: journal.Exchanged, Fault: "blastgauge.r.1", Exchanges: &journal.ExchangePair{Met: met}})
		}
	}
	nobody := func(s *story) { // came before
		s.edit(journal.Sampled, func(e *journal.Event) {
			for i := range e.Traffic {
				e.Traffic[i].Connections, e.Traffic[i].Calls = 0, new(int64(0))
			}
		})
	}
	onlyIdle := func(s *story) {
		for moment, n := range map[string]int64{journal.BeforeIdle: 0, journal.BeforeTraffic: 1000} {
			second := map[string]float64{journal.BeforeIdle: 0.1, journal.BeforeTraffic: 0.2}[moment]
			s.at(second, journal.Event{Kind: journal.Sampled, Detail: moment, Traffic: []journal.Traffic{{Proxy: "payments", Connections: n, Calls: new(n)}}})
		}
		s.edit(journal.Sampled, func(e *journal.Event) {
			if e.Detail != journal.BeforeIdle && e.Detail != journal.BeforeTraffic {
				e.Traffic[0].Connections += 1000
				e.Traffic[0].Calls = new(*e.Traffic[0].Calls + 1000)
			}
		})
	}
	harmed := func(s *story) { s.harm = duringFault(0.4) }
	for name, tt := range map[string]struct {
		met     int64
		change  []func(*story)
		want    Grade
		verdict Verdict
	}{
		"a breaker holds":                     {0, nil, GradeCounted, Held},
		"and connections were cut":            {7, nil, GradeCounted, Held},
		"and our probe was refused":           {0, []func(*story){probe(true)}, GradeCounted, Held},
		"no breaker":                          {0, []func(*story){harmed}, GradeCounted, Refuted},
		"our probe could connect":             {0, []func(*story){probe(false)}, GradeNo, Invalid},
		"nothing came before":                 {0, []func(*story){nobody}, GradeNo, Invalid},
		"nothing but our probe":               {0, []func(*story){nobody, probe(true)}, GradeProbed, Inconclusive},
		"nothing came before, and harm":       {0, []func(*story){nobody, harmed}, GradeObserved, Refuted},
		"cut, though nothing was counted":     {3, []func(*story){nobody}, GradeSparse, Inconclusive},
		"health checks alone":                 {0, []func(*story){onlyIdle}, GradeNo, Invalid},
		"health checks alone, and one is cut": {1, []func(*story){onlyIdle}, GradeNo, Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStory()
			f := &s.plan.Experiments[0].Faults[0]
			f.Inject, f.Attributes = "down", nil
			calling(s, 0)
			s.evidence(journal.Evidence{Met: tt.met, Of: tt.met, Refuses: true})
			for _, change := range tt.change {
				change(s)
			}
			e := s.fold(t).Experiments[0]
			if x := e.Faults[0].Exercised; x.Grade != tt.want || x.Note == "" || e.Verdict != tt.verdict {
				t.Errorf("%+v and %s because of %q, want %s and %s", x, e.Verdict, e.Reasons, tt.want, tt.verdict)
			}
			if len(e.Amplification) > 0 {
				t.Errorf("calls that nobody saw are compared: %+v", e.Amplification)
			}
		})
	}
}

// Where journeys called less already before a fault came, as by a cache that is warm by
// then, the fault is not why they stopped: what it met, or refused unseen, proves too
// little. The stories call once per journey, for 40 seconds before the fault.
func TestCallsThatEndedBeforeTheFault(t *testing.T) {
	t.Parallel()
	until := func(end float64) func(float64) float64 {
		return func(second float64) float64 {
			if second < end {
				return 25
			}
			return 1
		}
	}
	for name, tt := range map[string]struct {
		end     float64 // of the calls; the fault comes at 41
		refuses bool
		want    Grade
	}{
		"with the fault":              {41, false, GradeCounted},
		"with the fault, refused":     {41, true, GradeCounted},
		"seconds before":              {33, false, GradeSparse},
		"seconds before, refused":     {33, true, GradeSparse},
		"in the last moment":          {39, false, GradeCounted},
		"in the last moment, refused": {39, true, GradeCounted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := longer(until(tt.end))
			f := &s.plan.Experiments[0].Faults[0]
			f.Inject, f.Attributes = "down", nil
			if !tt.refuses {
				f.Inject = "http_error"
			}
			s.evidence(journal.Evidence{Met: 40, Of: 40, Refuses: tt.refuses})
			e := s.fold(t).Experiments[0]
			if x := e.Faults[0].Exercised; x.Grade != tt.want || (e.Verdict == Inconclusive) != (tt.want == GradeSparse) {
				t.Errorf("%+v and %s because of %q, want %s", x, e.Verdict, e.Reasons, tt.want)
			}
		})
	}
}
