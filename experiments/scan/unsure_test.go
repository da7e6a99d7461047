package scan

import (
	"slices"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// An invariant that breaks in a pool, and cannot tell new violations from old ones after
// that, is a finding of the pool; nobody of it is cleared or called soft.
func TestAPoolBreaksAnInvariant(t *testing.T) {
	t.Parallel()
	broken := false
	w := &world{names: []string{"a", "b"}, soft: []string{"a", "b"}, alter: func(c journal.Cell, end *journal.CellEnd) {
		switch {
		case broken:
			end.Unjudged = []journal.CheckResult{{Invariant: "charged once", Error: "it did not hold before either"}}
		case c.Stage == journal.Pool && c.Faults[0].Mode == plan.ErrorAfter:
			broken = true
			end.Broken = []journal.CheckResult{{Invariant: "charged once", Violations: 2}}
		}
	}}
	m := w.play(t).scan.Map()
	if len(m.Findings) != 1 || !m.Weaknesses() {
		t.Fatalf("findings %+v, weak %t", m.Findings, m.Weaknesses())
	}
	f := &m.Findings[0]
	cells := m.CellsOf(f)
	if f.Code != BrokenInvariant || f.Invariant != "charged once" || !slices.Equal(f.Pool, []string{"a", "b"}) || len(cells) != 1 || len(cells[0].Faults) != 2 {
		t.Errorf("finding %+v of cells %+v", f, cells)
	}
	for _, d := range m.Dependencies {
		if c := d.cell(plan.ErrorAfter); c.Verdict != Undecided || c.Why != journal.CellNotAsked || d.Behaves != "" {
			t.Errorf("%s: behaves %q, %+v", d.Name, d.Behaves, c)
		}
		if b := d.BreakingPoint; b == nil || b.Kind != "never" { // levels are about journeys
			t.Errorf("%s: breaking point %+v", d.Name, b)
		}
	}
	if m.Whole() {
		t.Error("the map is whole")
	}
}

// What was found with an invariant that could not be asked is not taken over.
func TestTakesOverWhatWasAsked(t *testing.T) {
	t.Parallel()
	w := &world{names: []string{"a"}, hard: []string{"a"}, harms: map[place]float64{{"a", plan.Hang}: 1}, modes: []plan.FailureMode{plan.Hang}}
	p := w.plan()
	if n := TakeOver(w.play(t).scan.Map(), BasisOf(p), p).Cells(); n != 1 {
		t.Fatalf("%d cells are taken over", n)
	}
	w.alter = func(_ journal.Cell, end *journal.CellEnd) {
		end.Unjudged = []journal.CheckResult{{Invariant: "charged once"}}
	}
	if n := TakeOver(w.play(t).scan.Map(), BasisOf(p), p).Cells(); n != 0 {
		t.Errorf("%d cells are taken over", n)
	}
}

// Harm of a cell whose fault was gone, or never there, is nobody's.
func TestHarmWithoutAFault(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		why, detail string
		want        Verdict
	}{
		"in force": {journal.CellDecided, "", Harmful}, "vanished": {journal.CellVanished, "", Undecided}, "guarded": {journal.CellGuarded, "", Harmful},
		"a signal": {journal.CellCut, "", Harmful}, "the server died": {journal.CellCut, "the lease is lost", Undecided}, "not injected": {journal.CellNotInjected, "", Undecided},
	} {
		w := &world{names: []string{"a"}, harms: map[place]float64{{"a", plan.Hang}: 1}, modes: []plan.FailureMode{plan.Hang}, alter: func(_ journal.Cell, end *journal.CellEnd) {
			end.Why, end.Detail = tt.why, tt.detail
			if tt.why == journal.CellNotInjected {
				end.Broken = []journal.CheckResult{{Invariant: "charged once", Violations: 1}}
			}
		}}
		p := w.play(t)
		m := p.scan.Map()
		c := m.Dependencies[0].cell(plan.Hang)
		if c.Verdict != tt.want || m.Weaknesses() != (tt.want == Harmful) || len(c.Broken) > 0 {
			t.Errorf("%s: %+v, findings %+v", name, c, m.Findings)
		}
		if live := p.scan.Verdict(c.Number); live != tt.want {
			t.Errorf("%s: told live as %s", name, live)
		}
	}
}

// A pair that breaks an invariant and harms no journey is a finding, as is a pool after
// which the system does not come back.
func TestFindingsOfSeveralFaults(t *testing.T) {
	t.Parallel()
	w := &world{names: []string{"a", "b"}, calls: map[string]float64{"b": 0}, fallbacks: map[string]string{"a": "b"}, alter: func(c journal.Cell, end *journal.CellEnd) {
		if c.Stage == journal.PairStage {
			end.Broken = []journal.CheckResult{{Invariant: "charged once", Violations: 2}}
		}
	}}
	m := w.play(t).scan.Map()
	if len(m.Findings) != 1 || m.Findings[0].Code != BrokenInvariant || m.Findings[0].Other != "b" || len(m.CellsOf(&m.Findings[0])) != 1 {
		t.Errorf("a pair: findings %+v", m.Findings)
	}
	w = &world{names: []string{"a", "b"}, soft: []string{"a", "b"}, alter: func(_ journal.Cell, end *journal.CellEnd) { end.Back = -1 }}
	m = w.play(t).scan.Map()
	if len(m.Findings) != 1 || m.Findings[0].Code != NotBack || !slices.Equal(m.Findings[0].Pool, []string{"a", "b"}) || !m.Weaknesses() {
		t.Errorf("a pool: findings %+v", m.Findings)
	}
}

// A dependency that so few journeys call that its failure harms no kind of them beyond its
// limit is not harmless.
func TestRarelyCalled(t *testing.T) {
	t.Parallel()
	for calls, want := range map[float64]Verdict{0.02: Undecided, 0.2: Harmless} { // two kinds, limits of 5 %
		w := &world{names: []string{"a"}, calls: map[string]float64{"a": calls}, modes: []plan.FailureMode{plan.Hang}}
		m := w.play(t).scan.Map()
		c := m.Dependencies[0].cell(plan.Hang)
		if c.Verdict != want || (c.Why == journal.CellRare) != (want == Undecided) || m.Whole() != (want == Harmless) {
			t.Errorf("%g calls: %+v, whole %t", calls, c, m.Whole())
		}
	}
}

// Where nobody counts, that no journey was harmed does not make a dependency soft: the
// system may go round its proxy.
func TestNobodyCounts(t *testing.T) {
	t.Parallel()
	w := &world{names: []string{"a"}, blind: true}
	m := w.play(t).scan.Map()
	if m.Dependencies[0].Behaves != "" || m.Whole() || m.Weaknesses() {
		t.Errorf("behaves %q, whole %t, weak %t", m.Dependencies[0].Behaves, m.Whole(), m.Weaknesses())
	}
	w.blind = false
	if m := w.play(t).scan.Map(); m.Dependencies[0].Behaves != BehavesSoft || !m.Whole() {
		t.Errorf("behaves %q where the server counts, whole %t", m.Dependencies[0].Behaves, m.Whole())
	}
}

// A pool clears nobody whom a rare kind of journey may not have reached, or whom callers
// tried again and again.
func TestCalledAsUsual(t *testing.T) {
	t.Parallel()
	w := &world{names: []string{"a"}}
	for name, tt := range map[string]struct {
		kinds [2]int
		came  float64
		want  bool
	}{
		"all":                   {[2]int{300, 300}, 1, true},
		"a little less":         {[2]int{300, 300}, 0.91, true},
		"too few":               {[2]int{300, 300}, 0.89, false},
		"a rare kind":           {[2]int{400, 20}, 0.95, false},
		"all of a rare kind":    {[2]int{400, 20}, 0.98, true},
		"a kind was not sent":   {[2]int{400, 0}, 0.91, true},
		"they tried once again": {[2]int{300, 300}, 1.3, false},
	} {
		s := New(w.plan())
		e := journal.Exercise{}
		for _, n := range tt.kinds {
			e.Journeys = append(e.Journeys, journal.ArmCounts{Fault: journal.Tally{Of: n}})
		}
		s.Exercised(e)
		if got := s.asUsual(100*tt.came, 100); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// A fault on the end of transactions meets few of all calls, and all that it can.
func TestMetOfWhatCouldMeetIt(t *testing.T) {
	t.Parallel()
	for of, want := range map[int64]Verdict{20: Harmless, 300: NotMet} {
		w := &world{names: []string{"a"}, modes: []plan.FailureMode{plan.ErrorAfter}, alter: func(_ journal.Cell, end *journal.CellEnd) {
			end.Met[0].Met, end.Met[0].Of = 20, of
		}}
		if c := w.play(t).scan.Map().Dependencies[0].cell(plan.ErrorAfter); c.Verdict != want {
			t.Errorf("20 of %d: %s", of, c.Verdict)
		}
	}
}

// A straggler before there are journeys does not make a dependency one that is called
// without them.
func TestAStragglerBeforeJourneys(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		idle          journal.IdleRate
		called, known bool
	}{
		"a straggler":           {journal.IdleRate{Calls: 0.5, Seconds: 2}, true, true},
		"two of them":           {journal.IdleRate{Calls: 1, Seconds: 2}, false, false},
		"health checks":         {journal.IdleRate{Calls: 10, Seconds: 2}, false, true},
		"of an earlier journal": {journal.IdleRate{Calls: 2}, false, true},
		"none":                  {journal.IdleRate{Seconds: 2}, true, true},
	} {
		w := &world{names: []string{"a"}}
		e := w.exercise(21e9)
		count := int64(20) // in 16 s
		e.Carried[0].Calls, tt.idle.Proxy = &count, e.Carried[0].Proxy
		e.Idle = []journal.IdleRate{tt.idle}
		s := New(w.plan())
		s.Exercised(e)
		if called, known := s.exercised("a"); called != tt.called || known != tt.known {
			t.Errorf("%s: called %t, known %t", name, called, known)
		}
	}
}
