package scan

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/plan"
)

// A cell is weak where it harms and nobody declared that, where an invariant broke in it, or
// where a weakness was seen in it.
func TestWeakCells(t *testing.T) {
	t.Parallel()
	broken := []Broken{{Invariant: "charged once", Violations: 1}}
	for name, tt := range map[string]struct {
		declared string
		cell     Cell
		finding  FindingCode
		want     bool
	}{
		"hard and harmful":            {"hard", Cell{Number: 1, Verdict: Harmful, Significant: true}, "", false},
		"soft and harmful":            {"soft", Cell{Number: 1, Verdict: Harmful, Significant: true}, "", true},
		"soft, perhaps by chance":     {"soft", Cell{Number: 1, Verdict: Harmful}, "", false},
		"nothing declared":            {"", Cell{Number: 1, Verdict: Harmful, Significant: true}, HardHarms, true},
		"soft and harmless":           {"soft", Cell{Number: 1, Verdict: Harmless}, "", false},
		"soft and not decided":        {"soft", Cell{Number: 1, Verdict: Undecided}, "", false},
		"hard, breaks an invariant":   {"hard", Cell{Number: 1, Verdict: Harmful, Significant: true, Broken: broken}, "", true},
		"hard, without a time-out":    {"hard", Cell{Number: 1, Verdict: Harmful, Significant: true}, NoTimeout, true},
		"the refusal beside the hang": {"hard", Cell{Number: 1, Verdict: Harmless}, HangWorse, false},
		"harmless, and never back":    {"hard", Cell{Number: 1, Verdict: Harmless}, NotBack, true},
		"cleared by a pool":           {"hard", Cell{Number: 1, Verdict: Harmless, Pooled: true}, NotBack, false},
	} {
		m := &Map{Dependencies: []Dependency{{Name: "mail", Declared: tt.declared, Cells: []Cell{tt.cell}}}}
		if tt.finding != "" {
			m.Findings = []Finding{{Code: tt.finding, Dependency: "mail", Cells: []int{1}}}
		}
		if got := m.Weak(&m.Dependencies[0], &m.Dependencies[0].Cells[0]); got != tt.want {
			t.Errorf("%s: weak %t, want %t", name, got, tt.want)
		}
		if tt.want && !m.Weaknesses() {
			t.Errorf("%s: the map has no weakness", name)
		}
	}
	pair := &Map{Pairs: []Cell{{Verdict: Harmful, Significant: true}}}
	if !pair.Weaknesses() || (&Map{}).Weaknesses() {
		t.Error("a harmful pair is a weakness, and an empty map has none")
	}
}

// The worst journey is harmed beyond its limit, if any is.
func TestWorstJourney(t *testing.T) {
	t.Parallel()
	c := Cell{Journeys: []CellJourney{
		{Journey: "a", Verdict: Undecided, Low: 0.04, High: 0.9}, {Journey: "b", Verdict: Harmful, Low: 0.1, High: 0.2}, {Journey: "c", Verdict: Harmful, Low: 0.5, High: 0.6},
	}}
	if got := c.Worst(); got == nil || got.Journey != "c" {
		t.Errorf("got %+v, want c", got)
	}
	c.Journeys = c.Journeys[:1]
	if got := c.Worst(); got == nil || got.Journey != "a" {
		t.Errorf("got %+v, want a", got)
	}
	m := &Map{Pools: []Cell{{Number: 7, Journeys: c.Journeys}}}
	if got := m.Numbers(&Cell{Number: 7, Pooled: true}); len(got) != 1 {
		t.Errorf("got %+v, want the pool's", got)
	}
	if (&Cell{}).Worst() != nil || m.Numbers(&Cell{Number: 7}) != nil {
		t.Error("nothing was counted, and yet something is known")
	}
}

// What is not shown is a weakness all the same: a map of seven dependencies without a
// time-out has seven weak cells.
func TestWeakBeyondWhatIsShown(t *testing.T) {
	t.Parallel()
	w := &world{names: []string{"a", "b", "c", "d", "e", "f", "g"}, harms: map[place]float64{}, class: map[place]string{}, modes: []plan.FailureMode{plan.Hang, plan.Refuse}}
	w.hard = w.names
	for _, name := range w.names {
		w.harms[place{name, plan.Hang}], w.class[place{name, plan.Hang}] = 1, "timeout"
		w.harms[place{name, plan.Refuse}] = 1
	}
	m := w.play(t).scan.Map()
	if len(m.Findings) != 7 || len(m.Top()) != MostFindings {
		t.Errorf("%d findings, %d shown", len(m.Findings), len(m.Top()))
	}
	for i := range m.Dependencies {
		d := &m.Dependencies[i]
		for j := range d.Cells {
			if c := &d.Cells[j]; m.Weak(d, c) != (c.Faults[0].Mode == plan.Hang) {
				t.Errorf("%s %s: weak %t", d.Name, c.Faults[0].Mode, m.Weak(d, c))
			}
		}
	}
}

// A finding has the same cells after all of them were taken over.
func TestCellsOfFindings(t *testing.T) {
	t.Parallel()
	codes := map[FindingCode]bool{}
	for name, w := range map[string]*world{
		"a shop":          shop(),
		"a low breaking":  {names: []string{"a"}, hard: []string{"a"}, window: "a", from: 700 * time.Millisecond, to: time.Hour, p99: time.Second},
		"a window":        {names: []string{"a"}, soft: []string{"a"}, window: "a", from: 700 * time.Millisecond, to: 2500 * time.Millisecond},
		"nothing is said": {names: []string{"a"}, harms: map[place]float64{{"a", plan.Hang}: 1, {"a", plan.Refuse}: 1}, class: map[place]string{{"a", plan.Hang}: "timeout"}},
	} {
		old := w.play(t).scan.Map()
		p := w.plan()
		w.since = TakeOver(old, BasisOf(p), p)
		m := w.play(t).scan.Map()
		if len(m.Findings) != len(old.Findings) || len(old.Findings) == 0 {
			t.Fatalf("%s: %d findings, and %d before", name, len(m.Findings), len(old.Findings))
		}
		for i := range old.Findings {
			f, g := &old.Findings[i], &m.Findings[i]
			codes[f.Code] = true
			if was, now := told(old, f), told(m, g); len(was) == 0 || !slices.Equal(was, now) {
				t.Errorf("%s: %s of %s: cells %v, taken over %v", name, f.Code, f.Dependency, was, now)
			}
		}
		for i := range old.Dependencies {
			for j := range old.Dependencies[i].Cells {
				d, e := &old.Dependencies[i], &m.Dependencies[i]
				if was, now := old.Weak(d, &d.Cells[j]), m.Weak(e, &e.Cells[j]); was != now {
					t.Errorf("%s: %s %s: weak %t, taken over %t", name, d.Name, old.Modes[j], was, now)
				}
			}
		}
	}
	for _, code := range importance() {
		if !codes[code] && code != NotBack { // it is tried again
			t.Errorf("no map has %s", code)
		}
	}
}

// told are the cells of a finding by what failed, and how much it harmed.
func told(m *Map, f *Finding) []string {
	var list []string
	for _, c := range m.CellsOf(f) {
		worst := 0.0
		if j := c.Worst(); j != nil {
			worst = j.Estimate
		}
		failed := []place{}
		for _, x := range c.Faults {
			failed = append(failed, place{x.Dependency, x.Mode})
		}
		list = append(list, fmt.Sprintf("%s %g %v %v", c.Verdict, worst, c.Broken, failed))
	}
	return list
}

// A kind of journey without a limit of its own has that of the scan.
func TestLimitOf(t *testing.T) {
	t.Parallel()
	m := &Map{Limit: 0.05, Journeys: []Journey{{Name: "pay", Limit: 0.01}}}
	if m.LimitOf("pay") != 0.01 || m.LimitOf("browse") != 0.05 {
		t.Errorf("limits %g and %g", m.LimitOf("pay"), m.LimitOf("browse"))
	}
}
