package scan

import (
	"cmp"
	"slices"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// importance is the order of findings, most important first.
func importance() []FindingCode {
	return []FindingCode{BrokenInvariant, SoftBehavesHard, HangWorse, NoTimeout, FallbackHarms, LowBreaking, NotBack, HardHarms}
}

// findings are all of them, those that matter most first. Each dependency has its first
// before any has its second: five of one would hide the rest.
func (m *Map) findings() []Finding {
	type ranked struct {
		Finding
		nth int
	}
	var all []ranked
	for _, d := range m.Dependencies {
		own := m.findingsOf(&d)
		slices.SortStableFunc(own, compareFindings)
		for i, f := range own {
			all = append(all, ranked{f, i})
		}
	}
	for i := range m.Pools {
		for _, f := range m.poolFindings(&m.Pools[i]) {
			all = append(all, ranked{f, 0})
		}
	}
	slices.SortStableFunc(all, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(a.nth, b.nth), compareFindings(a.Finding, b.Finding))
	})
	var list []Finding
	for _, f := range all {
		list = append(list, f.Finding)
	}
	return list
}

// Top are the findings that are shown, and written as experiments.
func (m *Map) Top() []Finding { return m.Findings[:min(len(m.Findings), MostFindings)] }

// CellsOf are the cells that show a finding, as it lists them. A level of the search for a
// breaking point is one as well. What was taken over has no number, and is told by what it
// shows.
func (m *Map) CellsOf(f *Finding) []*Cell {
	var list []*Cell
	for _, c := range m.candidates(f) {
		if c.Number > 0 && slices.Contains(f.Cells, c.Number) || c.Number == 0 && c.TakenOver && f.shownBy(c) {
			list = append(list, c)
		}
	}
	return list
}

// candidates are the cells of the faults of a finding.
func (m *Map) candidates(f *Finding) []*Cell {
	var list []*Cell
	d := m.Dependency(f.Dependency)
	switch {
	case len(f.Pool) > 0:
		for i := range m.Pools {
			list = append(list, &m.Pools[i])
		}
	case f.Other != "":
		for i := range m.Pairs {
			if c := &m.Pairs[i]; len(c.Faults) == 2 && c.Faults[0].Dependency == f.Dependency && c.Faults[1].Dependency == f.Other {
				list = append(list, c)
			}
		}
	case d != nil:
		for _, t := range d.tried() {
			// Where a cell shows it, levels are not listed.
			if t.latency == 0 || f.Latency > 0 || f.Code == BrokenInvariant || f.Code == NotBack {
				list = append(list, t.Cell)
			}
		}
	}
	return list
}

// shownBy reports whether a cell of a finding's dependencies is one of those that show it.
func (f *Finding) shownBy(c *Cell) bool {
	if slices.ContainsFunc(c.Faults, func(x Fault) bool { return !slices.Contains(f.Modes, x.Mode) }) {
		return false
	}
	switch f.Code {
	case BrokenInvariant:
		return c.breaks(f.Invariant)
	case NotBack:
		return c.NotBack
	}
	return c.clearlyHarms()
}

// breaks reports whether an invariant broke in a cell.
func (c *Cell) breaks(invariant string) bool {
	return slices.ContainsFunc(c.Broken, func(b Broken) bool { return b.Invariant == invariant })
}

func compareFindings(a, b Finding) int {
	return cmp.Or(cmp.Compare(slices.Index(importance(), a.Code), slices.Index(importance(), b.Code)), cmp.Compare(b.Estimate, a.Estimate))
}

func (m *Map) findingsOf(d *Dependency) []Finding {
	list := d.brokenInvariants()
	if harmful := d.harmful(); len(harmful) > 0 {
		switch d.Declared {
		case string(experiments.Soft):
			list = append(list, finding(SoftBehavesHard, d.Name, harmful))
		case "":
			list = append(list, finding(HardHarms, d.Name, harmful))
		}
	}
	list = append(list, d.hangFindings()...)
	list = append(list, m.fallbackFindings(d.Name)...)
	list = append(list, d.lowBreaking()...)
	if kept := those(d.tried(), func(c *Cell) bool { return c.NotBack }); len(kept) > 0 {
		list = append(list, finding(NotBack, d.Name, kept))
	}
	return list
}

// poolFindings are what a pool alone shows: an invariant that broke and did not in a cell of
// one of its dependencies, and a system that did not come back.
func (m *Map) poolFindings(c *Cell) []Finding {
	if len(c.Faults) == 0 {
		return nil
	}
	var list []Finding
	add := func(code FindingCode, invariant string) {
		f := finding(code, c.Faults[0].Dependency, []trial{{Cell: c}})
		f.Invariant = invariant
		for _, x := range c.Faults {
			f.Pool = append(f.Pool, x.Dependency)
		}
		list = append(list, f)
	}
	for _, b := range slices.Concat(c.Broken, c.Unsettled) {
		if !slices.ContainsFunc(c.Faults, func(x Fault) bool {
			d := m.Dependency(x.Dependency)
			return d != nil && slices.ContainsFunc(d.tried(), func(t trial) bool { return t.breaks(b.Invariant) })
		}) {
			add(BrokenInvariant, b.Invariant)
			list[len(list)-1].Or = b.or()
		}
	}
	if c.NotBack {
		add(NotBack, "")
	}
	return list
}

// A trial is a cell of a dependency's own, or a level of the search for its breaking point.
type trial struct {
	*Cell
	latency float64 // of a level
}

// tried are the trials of a dependency. What a pool measured is nobody's own.
func (d *Dependency) tried() []trial {
	var list []trial
	for i := range d.Cells {
		if !d.Cells[i].Pooled {
			list = append(list, trial{Cell: &d.Cells[i]})
		}
	}
	if d.BreakingPoint == nil {
		return list
	}
	for _, l := range d.BreakingPoint.Levels {
		if slow := d.cell(plan.Slow); slow != nil && slow.Faults[0].Attributes["latency"] == l.Latency {
			continue // it is that cell
		}
		// The test of a level errs a tenth as often as that of a cell, so that all levels of
		// a search are right together. A harmful one therefore stands by itself.
		list = append(list, trial{&Cell{
			Number: l.Number, Faults: []Fault{{Dependency: d.Name, Mode: plan.Slow}}, Verdict: l.Verdict, Significant: l.Verdict == Harmful,
			NotBack: l.NotBack, Journeys: l.Journeys, Broken: l.Broken, TakenOver: d.BreakingPoint.TakenOver,
		}, l.Latency})
	}
	return list
}

// harmful are the cells of a dependency that harm journeys; where there are none, the
// levels that do.
func (d *Dependency) harmful() []trial {
	all := those(d.tried(), func(c *Cell) bool { return c.clearlyHarms() })
	if cells := slices.DeleteFunc(slices.Clone(all), func(t trial) bool { return t.latency > 0 }); len(cells) > 0 {
		return cells
	}
	return all
}

func those(list []trial, are func(c *Cell) bool) []trial {
	return slices.DeleteFunc(list, func(t trial) bool { return !are(t.Cell) })
}

// finding is what some cells show, with the journey that is harmed most in them.
func finding(code FindingCode, dependency string, trials []trial) Finding {
	f := Finding{Code: code, Dependency: dependency, Cells: []int{}}
	if len(trials) > 0 {
		f.Latency = trials[0].latency // levels are the shortest first, and behind cells
	}
	for _, c := range trials {
		for _, fault := range c.Faults {
			if !slices.Contains(f.Modes, fault.Mode) {
				f.Modes = append(f.Modes, fault.Mode)
			}
		}
		if c.Number > 0 {
			f.Cells = append(f.Cells, c.Number)
		}
		if j := c.harmedMost(); j != nil && (f.Journey == "" || j.Estimate > f.Estimate) {
			f.Journey, f.Estimate, f.Low, f.High = j.Journey, j.Estimate, j.Low, j.High
		}
	}
	return f
}

// harmedMost is the journey that is harmed most in a cell; nil where none is harmed.
func (c *Cell) harmedMost() *CellJourney {
	var most *CellJourney
	for i, j := range c.Journeys {
		if j.Verdict == Harmful && (most == nil || j.Estimate > most.Estimate) {
			most = &c.Journeys[i]
		}
	}
	return most
}

// brokenInvariants has a finding for each invariant that broke while the dependency failed.
func (d *Dependency) brokenInvariants() []Finding {
	var names []string
	for _, c := range d.tried() {
		for _, b := range c.Broken {
			if !slices.Contains(names, b.Invariant) {
				names = append(names, b.Invariant)
			}
		}
	}
	var list []Finding
	for _, name := range names {
		f := finding(BrokenInvariant, d.Name, those(d.tried(), func(c *Cell) bool { return c.breaks(name) }))
		f.Invariant = name
		list = append(list, f)
	}
	return append(list, d.unsettledInvariants(names)...)
}

// unsettledInvariants has a finding for each invariant that broke while the dependency failed or
// shortly before, but for some.
func (d *Dependency) unsettledInvariants(but []string) []Finding {
	var list []Finding
	for _, t := range d.tried() {
		for _, b := range t.Unsettled {
			if slices.Contains(but, b.Invariant) {
				continue
			}
			f := finding(BrokenInvariant, d.Name, []trial{t})
			f.Invariant, f.Or = b.Invariant, b.or()
			but, list = append(but, b.Invariant), append(list, f)
		}
	}
	return list
}

// or are the dependencies that failed shortly before.
func (b Broken) or() []string {
	var names []string
	for _, f := range b.Or {
		if !slices.Contains(names, f.Dependency) {
			names = append(names, f.Dependency)
		}
	}
	return names
}

// hangFindings says that a time-out is missing: journeys do without the dependency where it
// refuses, and not where it hangs; or what harms them is the wait. That is so where the most
// frequent cause of harm is that answers came after the journey's budget, or never, while
// the dependency hung or was slow: a shorter time-out would have made them fail sooner, or
// would have saved them.
func (d *Dependency) hangFindings() []Finding {
	hang, refuse := d.cell(plan.Hang), d.cell(plan.Refuse)
	if hang == nil || !hang.clearlyHarms() {
		return nil
	}
	if refuse != nil && refuse.Verdict == Harmless {
		return []Finding{finding(HangWorse, d.Name, []trial{{Cell: hang}})}
	}
	if slow := d.cell(plan.Slow); hang.waits() || slow != nil && slow.clearlyHarms() && slow.waits() {
		return []Finding{finding(NoTimeout, d.Name, []trial{{Cell: hang}})}
	}
	return nil
}

// waits reports whether the journey that is harmed most is harmed by waiting.
func (c *Cell) waits() bool {
	most := c.harmedMost()
	return most != nil && (most.Class == journal.Timeout.String() || most.Class == journal.TooSlow.String())
}

// fallbackFindings has the pairs of a dependency that harm where each alone does not, break
// an invariant, or leave the system broken.
func (m *Map) fallbackFindings(dependency string) []Finding {
	var list []Finding
	for i := range m.Pairs {
		c := &m.Pairs[i]
		if len(c.Faults) != 2 || c.Faults[0].Dependency != dependency {
			continue
		}
		add := func(code FindingCode, invariant string) {
			f := finding(code, dependency, []trial{{Cell: c}})
			f.Other, f.Invariant = c.Faults[1].Dependency, invariant
			list = append(list, f)
		}
		if c.clearlyHarms() {
			add(FallbackHarms, "")
		}
		for _, b := range slices.Concat(c.Broken, c.Unsettled) {
			add(BrokenInvariant, b.Invariant)
			list[len(list)-1].Or = b.or()
		}
		if c.NotBack {
			add(NotBack, "")
		}
	}
	return list
}

// lowBreaking says that journeys are harmed at a latency which the dependency has by itself
// once in a hundred calls.
func (d *Dependency) lowBreaking() []Finding {
	b := d.BreakingPoint
	if b == nil || b.P99 == nil {
		return nil
	}
	for _, e := range b.Edges {
		if !e.Rises || !b.isUsual(e) {
			continue
		}
		f := finding(LowBreaking, d.Name, those(d.tried(), func(c *Cell) bool { return c.clearlyHarms() && c.Faults[0].Mode == plan.Slow }))
		f.Latency = e.Low
		return []Finding{f}
	}
	return nil
}

// isUsual reports whether the dependency is by itself once in a hundred calls as slow as at
// an edge. Where callers give up so often, they do so at their edge.
func (b *BreakingPoint) isUsual(e Edge) bool {
	return *b.P99 >= e.High || b.P99AtLeast && *b.P99 >= e.Low
}

// Decided reports whether anything at all is known: a cell is harmful or harmless.
func (m *Map) Decided() bool {
	return slices.ContainsFunc(m.all(), (*Cell).decided)
}

// Whole reports whether the scan came to its end and left nothing open that it meant to
// find out.
func (m *Map) Whole() bool {
	for _, d := range m.Dependencies {
		if d.BreakingPoint != nil && d.BreakingPoint.Kind == string(stats.Open) || slices.ContainsFunc(d.Cells, d.leavesOpen) {
			return false
		}
	}
	none := Dependency{}
	return m.Ended == journal.ScanComplete && !slices.ContainsFunc(m.Pairs, none.leavesOpen)
}

// leavesOpen reports whether a cell of a dependency has no answer: that nobody was harmed is
// none where nobody knows that it is called. Harm that was declared needs none that stands
// among all cells.
func (d *Dependency) leavesOpen(c Cell) bool {
	switch c.Verdict {
	case Undecided, NotMet, NotReached:
		return true
	case Harmless:
		return d.Name != "" && d.unseen()
	}
	return c.Verdict == Harmful && !c.Significant && d.Declared != string(experiments.Hard)
}

// all are the cells of the map's rows and its pairs. Pools are means to know these.
func (m *Map) all() []*Cell {
	var list []*Cell
	for i := range m.Dependencies {
		for j := range m.Dependencies[i].Cells {
			list = append(list, &m.Dependencies[i].Cells[j])
		}
	}
	for i := range m.Pairs {
		list = append(list, &m.Pairs[i])
	}
	return list
}
