package scan

import (
	"slices"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// fallsBack reports whether a map says that a dependency is called instead of another.
func (m *Map) fallsBack(t *testing.T, from, to string) bool {
	t.Helper()
	return slices.ContainsFunc(m.dependency(t, from).Fallbacks, func(f Fallback) bool { return f.To == to })
}

// A fallback that takes a fifth of the calls is found, one that is called anyway if that is
// clearly more, and in one failure mode alone as well.
func TestRareFallbacksAreFound(t *testing.T) {
	t.Parallel()
	for name, w := range map[string]*world{
		"new":                     {calls: map[string]float64{"b": 0}, instead: 0.2},
		"new, beside checks":      {calls: map[string]float64{"b": 0}, instead: 0.2, health: map[string]float64{"b": 1}},
		"of what is rarely done":  {calls: map[string]float64{"a": 0.3, "b": 0}, instead: 0.2},
		"called anyway":           {calls: map[string]float64{"b": 0.3}, instead: 0.2},
		"as often as the other":   {calls: map[string]float64{"b": 1}},
		"in one mode":             {calls: map[string]float64{"b": 0}, instead: 0.2, modes: []plan.FailureMode{plan.Refuse}},
		"in one mode, more often": {calls: map[string]float64{"b": 0.5}, instead: 0.5, modes: []plan.FailureMode{plan.Refuse}},
	} {
		w.names, w.fallbacks = []string{"a", "b", "c"}, map[string]string{"a": "b"}
		w.together = map[[2]string]bool{{"a", "b"}: true}
		m := w.play(t).scan.Map()
		if !m.fallsBack(t, "a", "b") || len(m.dependency(t, "b").Fallbacks)+len(m.dependency(t, "c").Fallbacks) > 0 {
			t.Errorf("%s: %+v", name, m.Dependencies)
		}
		if w.calls["a"] == 0 && !slices.ContainsFunc(m.Findings, func(f Finding) bool { return f.Code == FallbackHarms }) {
			t.Errorf("%s: the pair is not found: %+v", name, m.Pairs)
		}
	}
}

// What is called more often for another reason is no fallback, and no pair is tried for it.
func TestWhatIsNoFallback(t *testing.T) {
	t.Parallel()
	of := func(c journal.Cell, dependency string) bool {
		return slices.ContainsFunc(c.Faults, func(f plan.Fault) bool { return f.Into == dependency })
	}
	calls := func(end *journal.CellEnd, dependency string, times float64) {
		for i, c := range end.Carried {
			if c.Proxy == "proxy-"+dependency {
				n := int64(times * float64(*c.Calls))
				end.Carried[i].Calls, end.Carried[i].Connections = &n, n
			}
		}
	}
	var failed time.Duration // when b did last
	var tries int            // of a cell
	for name, alter := range map[string]func(journal.Cell, *journal.CellEnd){
		// Orders that were taken while b failed are carried out for the next quarter of a minute.
		"put off": func(c journal.Cell, end *journal.CellEnd) {
			switch {
			case of(c, "b"):
				failed = end.To
			case failed > 0 && end.From-failed < 15*time.Second:
				calls(end, "b", 2.2)
			}
		},
		// Half as many journeys as before come that do not call b.
		"another mix": func(c journal.Cell, end *journal.CellEnd) {
			if of(c, "a") {
				end.Journeys[0].Started, end.Journeys[1].Started = end.Journeys[0].Started/8, end.Journeys[1].Started*15/8
				calls(end, "b", 1.875)
			}
		},
		// Whoever lost a asks for the whole page again.
		"asked for again": func(c journal.Cell, end *journal.CellEnd) {
			if of(c, "a") {
				calls(end, "b", 2)
				calls(end, "c", 2)
			}
		},
		// Callers of b try again for a while, for reasons of their own.
		"tried again once": func(c journal.Cell, end *journal.CellEnd) {
			if of(c, "a") && c.Faults[0].Mode == plan.Refuse {
				if tries++; tries == 1 {
					calls(end, "b", 2)
				}
			}
		},
		"one straggler": func(c journal.Cell, end *journal.CellEnd) {
			if of(c, "a") {
				for i, t := range end.Carried {
					if t.Proxy == "proxy-idle" {
						end.Carried[i].Calls, end.Carried[i].Connections = new(int64(2)), 2
					}
				}
			}
		},
	} {
		for seed := range uint64(8) {
			failed, tries = 0, 0
			w := &world{names: []string{"a", "b", "c", "idle"}, calls: map[string]float64{"a": 0.05, "b": 0.37, "idle": 0}, seed: seed, alter: alter}
			m := w.play(t).scan.Map()
			for _, d := range m.Dependencies {
				if len(d.Fallbacks) > 0 {
					t.Errorf("%s, seed %d: %s has %+v", name, seed, d.Name, d.Fallbacks)
				}
			}
			if len(m.Pairs) > 0 {
				t.Errorf("%s, seed %d: pairs %+v", name, seed, m.Pairs)
			}
		}
	}
}
