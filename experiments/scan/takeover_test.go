package scan

import (
	"maps"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// What was found for the same documents and the same build is not tried again, and the
// map is the same.
func TestTakeOver(t *testing.T) {
	t.Parallel()
	w := shop()
	first := w.play(t)
	old := first.scan.Map()
	p := w.plan()
	known := TakeOver(old, BasisOf(p), p)
	if known.Cells() == 0 {
		t.Fatal("nothing is taken over")
	}
	w.since = known
	second := w.play(t)
	m := second.scan.Map()
	for _, c := range second.cells {
		t.Errorf("%s is tried again: %v", c.Stage, placeOf(c.Faults[0]))
	}
	if !maps.Equal(old.verdicts(), m.verdicts()) || len(m.Findings) != len(old.Findings) || len(m.Pairs) != len(old.Pairs) || !m.Whole() {
		t.Errorf("first:\n%s\nthen:\n%s", show(t, old), show(t, m))
	}
	for i, d := range m.Dependencies {
		for _, c := range d.Cells {
			if c.TakenOver != (c.Verdict != NotExercised) || c.TakenOver && c.Number != 0 {
				t.Errorf("%s: %+v", d.Name, c)
			}
		}
		if b, was := d.BreakingPoint, old.Dependencies[i].BreakingPoint; (b == nil) != (was == nil) || b != nil && (!b.TakenOver || b.Kind != was.Kind) {
			t.Errorf("%s: breaking point %+v, and %+v before", d.Name, b, was)
		}
	}

	// The plan holds what is known, so that the journal is enough.
	if err := known.Into(p); err != nil {
		t.Fatal(err)
	}
	s := New(p)
	for _, e := range second.events {
		s.Event(e)
	}
	if show(t, s.Map()) != show(t, m) {
		t.Errorf("from the plan:\n%s\nand not:\n%s", show(t, s.Map()), show(t, m))
	}
}

func TestTakesOverOnlyWhatHolds(t *testing.T) {
	t.Parallel()
	same := func() (*Map, Basis, *plan.Plan) {
		w := shop()
		p := w.plan()
		p.Documents, p.Commit = []plan.Document{{File: "a.yaml", Text: "x"}, {File: plan.SetDocument, Text: "limits.blast_radius: 5%"}}, "abc"
		return w.play(t).scan.Map(), BasisOf(p), p
	}
	m, b, p := same()
	all := TakeOver(m, b, p).Cells()
	for name, change := range map[string]func(m *Map, b *Basis, p *plan.Plan){
		"another build":       func(_ *Map, b *Basis, _ *plan.Plan) { b.Commit = "def" },
		"no build then":       func(_ *Map, b *Basis, _ *plan.Plan) { b.Commit = "" },
		"no build now":        func(_ *Map, _ *Basis, p *plan.Plan) { p.Commit = "" },
		"no build at all":     func(_ *Map, b *Basis, p *plan.Plan) { b.Commit, p.Commit = "", "" },
		"another document":    func(_ *Map, b *Basis, _ *plan.Plan) { b.Documents = []plan.Document{{Text: "y"}, b.Documents[1]} },
		"nothing set":         func(_ *Map, b *Basis, _ *plan.Plan) { b.Documents = b.Documents[:1] },
		"another limit":       func(_ *Map, _ *Basis, p *plan.Plan) { p.Experiments[0].Journeys[0].Limit = 0.2 },
		"another control":     func(_ *Map, _ *Basis, p *plan.Plan) { p.Experiments[0].Control = plan.Baseline },
		"another journey":     func(_ *Map, _ *Basis, p *plan.Plan) { p.Experiments[0].Journeys = p.Experiments[0].Journeys[:1] },
		"another host":        func(_ *Map, _ *Basis, p *plan.Plan) { p.System.URL = "http://staging-b:8080" },
		"another upstream":    func(_ *Map, _ *Basis, p *plan.Plan) { p.System.Dependencies[0].Upstream = "staging-b:8080" },
		"another environment": func(_ *Map, _ *Basis, p *plan.Plan) { p.System.Environment = "staging-b" },
		"no map":              func(m *Map, _ *Basis, _ *plan.Plan) { *m = Map{} },
		"intervals at limit":  func(m *Map, _ *Basis, _ *plan.Plan) { m.touch() },
	} {
		m, b, p := same()
		change(m, &b, p)
		if k := TakeOver(m, b, p); k.Cells() != 0 {
			t.Errorf("%s: %d cells are taken over", name, k.Cells())
		}
		if stale := Stale(m, b, p); (stale != "") != (name != "intervals at limit") {
			t.Errorf("%s: stale because %q", name, stale)
		}
	}
	m, b, p = same()
	b.Documents[0].File = "elsewhere/a.yaml"
	if n := TakeOver(m, b, p).Cells(); n != all {
		t.Errorf("under another name of the file %d of %d are taken over", n, all)
	}
	for i := range p.Experiments[0].Faults { // slower than before
		if f := &p.Experiments[0].Faults[i]; f.Mode == plan.Slow {
			f.Attributes["latency"] = 4.0
		}
	}
	p.System.URL = "http://user:pass@shop"
	m.Addresses = func() string { q := *p; q.System.URL = "http://shop"; return New(&q).addresses() }()
	k := TakeOver(m, b, p)
	if k.cell(place{"payments", plan.Slow}) != nil || k.cell(place{"payments", plan.Hang}) == nil {
		t.Error("the wrong cells are taken over where latency changed")
	}
}

// touch makes every interval of a map touch the limit.
func (m *Map) touch() {
	for _, c := range m.all() {
		for i := range c.Journeys {
			c.Journeys[i].Low, c.Journeys[i].High = 0.01, 1
		}
	}
	for _, d := range m.Dependencies {
		if b := d.BreakingPoint; b != nil {
			for _, l := range b.Levels {
				for i := range l.Journeys {
					l.Journeys[i].Low, l.Journeys[i].High = 0.01, 1
				}
			}
		}
	}
}

// What is not known any more is tried, and no more than that.
func TestTriesWhatIsOwed(t *testing.T) {
	t.Parallel()
	w := shop()
	old := w.play(t).scan.Map()
	stale := old.dependency(t, "carts")
	stale.cell(plan.Hang).Verdict = Undecided
	p := w.plan()
	w.since = TakeOver(old, BasisOf(p), p)
	again := w.play(t)
	if len(again.cells) != 1 || again.cells[0].Stage != journal.Single || placeOf(again.cells[0].Faults[0]) != (place{"carts", plan.Hang}) {
		t.Errorf("cells: %v", again.cells)
	}
	m := again.scan.Map()
	if now := m.dependency(t, "carts"); now.cell(plan.Hang).Verdict != Harmless || now.cell(plan.Hang).TakenOver || !now.cell(plan.Refuse).TakenOver {
		t.Errorf("map: %s", show(t, m))
	}
}
