package scan

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// lately is a world in which a cell of a dependency breaks an invariant that shows only after
// the next one.
func lately(seed uint64, names []string, culprit place, gap time.Duration) *world {
	owed := false
	w := &world{names: names, seed: seed, modes: []plan.FailureMode{plan.Hang, plan.Refuse, plan.ErrorAfter}, settles: gap}
	w.alter = func(c journal.Cell, end *journal.CellEnd) {
		if owed {
			end.Broken = append(end.Broken, journal.CheckResult{Invariant: "charged once", Violations: 1, New: new(1.0), Keys: []string{fmt.Sprint(c.Number)}})
		}
		owed = len(c.Faults) == 1 && placeOf(c.Faults[0]) == culprit
	}
	return w
}

// What shows late is no plain finding of the cell that came next.
func TestALateViolationIsNoPlainFindingOfTheNextCell(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		for _, within := range []time.Duration{0, 12 * time.Second} {
			w := lately(seed, []string{"a", "b", "c", "d"}, place{"a", plan.ErrorAfter}, within)
			p := w.play(t)
			m := p.scan.Map()
			told := false
			for _, f := range m.Findings {
				if f.Code != BrokenInvariant {
					continue
				}
				told = told || f.Dependency == "a" || slices.Contains(f.Or, "a")
				if f.Dependency != "a" && !slices.Contains(f.Or, "a") {
					t.Errorf("seed %d: %+v", seed, f)
				}
			}
			for _, d := range m.Dependencies {
				for _, c := range d.Cells {
					if d.Name != "a" && (len(c.Broken) > 0 || c.Verdict == Harmful) {
						t.Errorf("seed %d: %s: %+v", seed, d.Name, c)
					}
				}
			}
			last := placeOf(p.cells[len(p.cells)-1].Faults[0])
			if !told && last != (place{"a", plan.ErrorAfter}) || told && !m.Weaknesses() {
				t.Errorf("seed %d, %s: what broke is not told: %+v", seed, within, m.Findings)
			}
			if show(t, p.replay(p.events)) != show(t, m) {
				t.Errorf("seed %d: the journal gives another map", seed)
			}
		}
	}
}

// What breaks at once is found, and told plainly: where cells come one upon the other, once it
// was tried twice.
func TestAViolationIsAFindingOfItsCell(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		for name, w := range map[string]*world{
			"one mode":    {breaks: map[place]string{{"a", plan.ErrorAfter}: "charged once"}},
			"two modes":   {breaks: map[place]string{{"a", plan.ErrorAfter}: "charged once", {"a", plan.Hang}: "charged once"}},
			"slow to say": {breaks: map[place]string{{"a", plan.ErrorAfter}: "charged once"}, settles: 8 * time.Second},
		} {
			w.names, w.seed, w.modes = []string{"a", "b", "c", "d"}, seed, []plan.FailureMode{plan.Hang, plan.Refuse, plan.ErrorAfter}
			p := w.play(t)
			m := p.scan.Map()
			if len(m.Findings) != 1 || m.Findings[0].Dependency != "a" || len(m.Findings[0].Or) > 0 || m.Dependency("a").cell(plan.ErrorAfter).Verdict != Harmful {
				t.Errorf("%s, seed %d: %+v", name, seed, m.Findings)
			}
			if n := len(p.cells); n > 12+len(m.Pairs)+4+2 {
				t.Errorf("%s, seed %d: %d cells", name, seed, n)
			}
		}
	}
}

// Where nothing tells new violations from old ones, nothing is tried again for them, and both
// cells are named.
func TestAViolationWithoutKeysIsToldOfBoth(t *testing.T) {
	t.Parallel()
	broken := false
	w := &world{names: []string{"a", "b", "c"}, modes: []plan.FailureMode{plan.Refuse}}
	w.alter = func(c journal.Cell, end *journal.CellEnd) {
		result := journal.CheckResult{Invariant: "charged once", Violations: 1}
		switch {
		case broken:
			result.Error = "it did not hold before either"
			end.Unjudged = []journal.CheckResult{result}
		case c.Number == 2:
			broken, end.Broken = true, []journal.CheckResult{result}
		}
	}
	p := w.play(t)
	m := p.scan.Map()
	first, second := p.cells[0].Faults[0].Into, p.cells[1].Faults[0].Into
	if len(m.Findings) != 1 || m.Findings[0].Dependency != second || !slices.Equal(m.Findings[0].Or, []string{first}) || len(m.CellsOf(&m.Findings[0])) != 1 {
		t.Errorf("%+v", m.Findings)
	}
	if len(p.cells) != 3 {
		t.Errorf("%d cells", len(p.cells))
	}
}

// invariants are those of the world.
func (w *world) invariants() []experiments.Invariant {
	return []experiments.Invariant{{Name: "charged once", Within: w.settles}}
}
