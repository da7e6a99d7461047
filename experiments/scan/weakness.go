package scan

import (
	"slices"

	"github.com/blastgauge/blastgauge/experiments"
)

// Dependency is the row of that name; nil if there is none.
func (m *Map) Dependency(name string) *Dependency {
	for i := range m.Dependencies {
		if m.Dependencies[i].Name == name {
			return &m.Dependencies[i]
		}
	}
	return nil
}

// Weak reports whether a cell of a dependency speaks against the system: an invariant broke
// in it, or it harms, also where all cells are looked at together, and nobody declared that
// it would, or a finding that is a weakness was seen in it. Where the map has a weak cell, or
// a weak pair, a scan ends with the exit code of a refuted hypothesis.
func (m *Map) Weak(d *Dependency, c *Cell) bool {
	if c.Verdict == Harmful && c.Significant && (len(c.Broken) > 0 || d.Declared != string(experiments.Hard)) {
		return true
	}
	return m.named(d.Name, c)
}

// WeakPair reports whether a pair harms although its single faults do not.
func (m *Map) WeakPair(c *Cell) bool {
	return c.Verdict == Harmful && c.Significant
}

// named reports whether a weakness among the findings was seen in the cell.
func (m *Map) named(dependency string, c *Cell) bool {
	if c.Pooled {
		return false
	}
	return slices.ContainsFunc(m.Findings, func(f Finding) bool {
		return f.Dependency == dependency && (f.Code == NotBack || c.Verdict == Harmful) &&
			slices.ContainsFunc(m.CellsOf(&f), c.sameAs)
	})
}

// sameAs reports whether two cells of a map are one: by number, or where they were taken
// over by what failed.
func (c *Cell) sameAs(o *Cell) bool {
	return c.Number == o.Number && slices.EqualFunc(c.Faults, o.Faults, func(a, b Fault) bool {
		return a.Dependency == b.Dependency && a.Mode == b.Mode
	})
}

// LimitOf is the limit of harm of a kind of journey.
func (m *Map) LimitOf(journey string) float64 {
	for _, j := range m.Journeys {
		if j.Name == journey {
			return j.Limit
		}
	}
	return m.Limit
}

// Weaknesses reports whether the scan found any.
func (m *Map) Weaknesses() bool {
	if len(m.Findings) > 0 {
		return true
	}
	for i := range m.Dependencies {
		d := &m.Dependencies[i]
		if slices.ContainsFunc(d.Cells, func(c Cell) bool { return m.Weak(d, &c) }) {
			return true
		}
	}
	return slices.ContainsFunc(m.Pairs, func(c Cell) bool { return m.WeakPair(&c) })
}

// Worst is the journey that a cell harms most: of those that are harmed beyond their limit
// the one of which most is shown, else the one of which least is excluded. It is nil where
// nothing was counted.
func (c *Cell) Worst() *CellJourney { return worst(c.Journeys) }

// Worst is the same of a level.
func (l *Level) Worst() *CellJourney { return worst(l.Journeys) }

func worst(list []CellJourney) *CellJourney {
	var most *CellJourney
	for i := range list {
		if j := &list[i]; most == nil || j.worse(most) {
			most = j
		}
	}
	return most
}

func (j *CellJourney) worse(than *CellJourney) bool {
	switch {
	case (j.Verdict == Harmful) != (than.Verdict == Harmful):
		return j.Verdict == Harmful
	case j.Verdict == Harmful:
		return j.Low > than.Low
	}
	return j.High > than.High
}

// Numbers are the journeys of a cell, or of the pool that cleared it.
func (m *Map) Numbers(c *Cell) []CellJourney {
	if len(c.Journeys) > 0 || !c.Pooled {
		return c.Journeys
	}
	for i := range m.Pools {
		if m.Pools[i].Number == c.Number {
			return m.Pools[i].Journeys
		}
	}
	return nil
}

// Decided reports whether a verdict is an answer: harm or none.
func (v Verdict) Decided() bool { return v == Harmful || v == Harmless }
