package scan

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// conclusions are what a map says, however it came to know it.
func (m *Map) conclusions() []string {
	var list []string
	for at, v := range m.verdicts() {
		list = append(list, fmt.Sprint(at, v))
	}
	for _, d := range m.Dependencies {
		list = append(list, d.Name+" behaves "+d.Behaves)
		if b := d.BreakingPoint; b != nil {
			list = append(list, fmt.Sprint(d.Name, b.Kind, len(b.Levels), b.Edges))
		}
	}
	for _, c := range m.Pairs {
		list = append(list, fmt.Sprint(c.Faults[0].Dependency, c.Faults[1].Dependency, c.Verdict))
	}
	slices.Sort(list)
	for _, f := range m.Findings {
		list = append(list, fmt.Sprint(f.Code, f.Dependency, f.Other, f.Modes, f.Invariant, f.Journey, f.Estimate, f.Latency))
	}
	return list
}

// A machine that stands still for a second spoils one cell, whichever that is. The cell is
// tried once more, and the map says what it would have said.
func TestOneSpoiledCellChangesNothing(t *testing.T) {
	t.Parallel()
	w := shop()
	calm := w.play(t)
	want := calm.scan.Map().conclusions()
	stages := map[journal.Stage]bool{}
	for i, cell := range calm.cells {
		number, first := i+1, !stages[cell.Stage]
		stages[cell.Stage] = true
		spoiled := shop()
		spoiled.busy = map[int]bool{number: true}
		p := spoiled.play(t)
		if got := p.scan.Map().conclusions(); !slices.Equal(got, want) {
			t.Errorf("late in cell %d, %s of %v:\n%q\nwant\n%q", number, cell.Stage, placeOf(cell.Faults[0]), got, want)
		}
		if !first {
			continue
		}
		if show(t, p.replay(p.events)) != show(t, p.scan.Map()) {
			t.Errorf("late in cell %d: the journal gives another map", number)
		}
		spoiled.busy, spoiled.shed = nil, spoiled.busy
		if got := spoiled.play(t).scan.Map().conclusions(); !slices.Equal(got, want) {
			t.Errorf("shed in cell %d, %s of %v:\n%q\nwant\n%q", number, cell.Stage, placeOf(cell.Faults[0]), got, want)
		}
	}
	if len(stages) != 4 {
		t.Errorf("stages: %v", stages)
	}
}

// On a machine that is always too busy nothing is decided, and no cell is tried more than
// twice.
func TestABusyMachineDecidesNothing(t *testing.T) {
	t.Parallel()
	w := shop()
	w.busy, w.breaks = map[int]bool{0: true}, nil
	p := w.play(t)
	m := p.scan.Map()
	if m.Decided() || m.Weaknesses() || m.Whole() || len(m.Findings) > 0 {
		t.Errorf("decided %t, whole %t, findings %+v", m.Decided(), m.Whole(), m.Findings)
	}
	for _, c := range append(m.all(), &m.Pools[0]) {
		if c.Number > 0 && (c.Verdict != Undecided || c.Why != journal.CellLate || c.Detail == "" || c.Significant || c.Journeys[1].Verdict != Undecided || c.Journeys[1].Late != 0.97) {
			t.Errorf("cell %d: %+v", c.Number, c)
		}
	}
	tries := map[string]int{}
	for _, c := range p.cells {
		key := string(c.Stage)
		for _, f := range c.Faults {
			key += fmt.Sprint(placeOf(f), f.Attributes["latency"])
		}
		if tries[key]++; tries[key] > 2 {
			t.Errorf("%s is tried %d times", key, tries[key])
		}
	}
}

// An invariant that broke is a fact also where traffic was late. What journeys met is none.
func TestABrokenInvariantOfALateCell(t *testing.T) {
	t.Parallel()
	at := place{"a", plan.Refuse}
	w := &world{names: []string{"a"}, soft: []string{"a"}, breaks: map[place]string{at: "charged once"}, busy: map[int]bool{0: true}}
	m := w.play(t).scan.Map()
	d := m.dependency(t, "a")
	c := d.cell(plan.Refuse)
	if c.Verdict != Harmful || !c.Significant || c.harms() || c.Why != journal.CellLate {
		t.Errorf("cell: %+v", c)
	}
	if len(m.Findings) != 1 || m.Findings[0].Code != BrokenInvariant || m.Findings[0].Journey != "" {
		t.Errorf("findings: %+v", m.Findings)
	}
}

// A second try needs time as any cell does.
func TestNoTimeForASecondTry(t *testing.T) {
	t.Parallel()
	w := &world{names: []string{"a"}, modes: []plan.FailureMode{plan.Refuse}, budget: 33e9, busy: map[int]bool{1: true}}
	p := w.play(t)
	m := p.scan.Map()
	d := m.dependency(t, "a")
	if c := d.cell(plan.Refuse); len(p.cells) != 1 || c.Verdict != Undecided || c.Why != journal.CellLate || m.Ended != journal.ScanBudget {
		t.Errorf("%d cells, %+v, ended as %s", len(p.cells), c, m.Ended)
	}
}

// Evidence of late cells helps no other to be a discovery among all.
func TestLateEvidenceHelpsNobody(t *testing.T) {
	t.Parallel()
	w := &world{names: []string{"a", "b", "c", "d"}, harms: map[place]float64{{"a", plan.Refuse}: 1}, evidence: 25}
	calm := w.play(t)
	first := slices.IndexFunc(calm.cells, func(c journal.Cell) bool { return placeOf(c.Faults[0]) == place{"a", plan.Refuse} })
	w.busy = map[int]bool{}
	for number := range calm.cells {
		w.busy[number+1] = number != first && number < first+4
	}
	for _, d := range w.play(t).scan.Map().Dependencies {
		for _, c := range d.Cells {
			if c.Significant {
				t.Errorf("%s: %+v", d.Name, c)
			}
		}
	}
}

// A system that is not back, as late traffic has it, is no finding.
func TestNotBackOfALateMachine(t *testing.T) {
	t.Parallel()
	for busy, want := range map[bool]int{false: 1, true: 0} {
		w := &world{names: []string{"a"}, hard: []string{"a"}, modes: []plan.FailureMode{plan.Refuse}, stuck: place{"a", plan.Refuse}, busy: map[int]bool{1: busy}}
		m := w.play(t).scan.Map()
		if len(m.Findings) != want || m.dependency(t, "a").Cells[0].NotBack == busy {
			t.Errorf("busy %t: findings %+v", busy, m.Findings)
		}
	}
}

// The map tells how late the baseline was.
func TestALateBaselineIsTold(t *testing.T) {
	t.Parallel()
	w := &world{names: []string{"a"}}
	s := New(w.plan())
	e := w.exercise(20e9)
	e.Late = []journal.Lateness{{P99: 0.2}, {P99: 0.9}}
	s.Exercised(e)
	s.Event(journal.Event{Kind: journal.ScanEnded, Detail: journal.ScanLate, Error: "send fewer"})
	m := s.Map()
	if m.Ended != journal.ScanLate || m.Detail != "send fewer" || m.Journeys[1].Late != 0.9 || m.Decided() {
		t.Errorf("ended as %s: %s, journeys %+v", m.Ended, m.Detail, m.Journeys)
	}
	if got := slices.Collect(maps.Values(m.verdicts())); slices.ContainsFunc(got, func(v Verdict) bool { return v != NotReached }) {
		t.Errorf("verdicts: %v", got)
	}
}
