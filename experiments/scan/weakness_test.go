package scan

import "testing"

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
		"hard, as declared":           {"hard", Cell{Number: 1, Verdict: Harmful, Significant: true}, HardHarms, false},
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
