package scan

import (
	"slices"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// Map draws the map of what is known so far.
func (s *Scan) Map() *Map {
	e := s.experiment()
	m := &Map{
		Limit: e.Limits.BlastRadius, Budget: s.rules.Budget.Seconds(), Spent: s.spent.Seconds(),
		Modes: s.modes(), Control: e.Control, Since: s.rules.Since, Addresses: s.addresses(),
		Journeys: s.drawJourneyKinds(), Dependencies: []Dependency{},
	}
	m.Ended, m.Detail = s.whyEnded()
	for _, d := range s.dependencies() {
		m.Dependencies = append(m.Dependencies, s.drawDependency(d))
	}
	for _, r := range s.cells {
		if r.Stage == journal.Pool {
			m.Pools = append(m.Pools, s.draw(r))
		}
	}
	m.Pairs = s.drawPairs()
	m.markSignificant()
	for i := range m.Dependencies {
		m.Dependencies[i].conclude()
	}
	m.Findings = m.findings()
	return m
}

// whyEnded is why the scan ended.
func (s *Scan) whyEnded() (why, detail string) {
	switch {
	case s.ended != "":
		return s.ended, s.detail
	case s.why != "":
		return s.why, ""
	}
	return Died, ""
}

// drawJourneyKinds are the journeys as the baseline saw them.
func (s *Scan) drawJourneyKinds() []Journey {
	list := []Journey{}
	for i, j := range s.experiment().Journeys {
		drawn := Journey{Name: j.Name, Limit: j.Limit, Rate: j.MaxRate(), SlowAfter: j.SlowAfter.Seconds()}
		if s.exercise != nil && i < len(s.exercise.Journeys) {
			counts := s.exercise.Journeys[i]
			drawn.Harmed, drawn.Of = counts.Fault.Harmed+counts.Control.Harmed, counts.Fault.Of+counts.Control.Of
		}
		if s.exercise != nil && i < len(s.exercise.Late) {
			drawn.Late = finite(s.exercise.Late[i].P99)
		}
		list = append(list, drawn)
	}
	return list
}

func (s *Scan) drawDependency(d experiments.Dependency) Dependency {
	drawn := Dependency{Name: d.Name, Declared: string(d.Criticality), Owner: d.Owner, Cells: []Cell{}}
	if called, known := s.exercised(d.Name); known {
		drawn.Exercised = &called
	}
	if usual, known := s.usual(d.Name); known {
		calls := usual.best()
		drawn.Calls = &calls
	}
	for _, mode := range s.modes() {
		drawn.Cells = append(drawn.Cells, s.drawPlace(place{d.Name, mode}))
	}
	drawn.BreakingPoint, drawn.Fallbacks = s.breakingPoint(d.Name), s.fallbacks(d.Name)
	return drawn
}

// found is what is known of a failure mode of a dependency, and the record that shows it, or
// the cell that was taken over.
func (s *Scan) found(at place) (Verdict, *record, *Cell) {
	_, possible := s.faults[at]
	single, known := s.single(at), s.known.cell(at)
	switch {
	case !possible:
		return Unavailable, nil, nil
	case single != nil:
		verdict, _ := s.verdict(single)
		return verdict, single, nil
	case s.idle[at.dependency]:
		return NotExercised, nil, nil
	case s.cleared(at):
		pool := s.pool(at.mode)
		verdict, _ := s.verdict(pool)
		return verdict, pool, nil
	case known != nil:
		return known.Verdict, nil, known
	}
	return NotReached, nil, nil
}

// drawPlace draws a failure mode of a dependency. One that a pool cleared has what the pool
// measured.
func (s *Scan) drawPlace(at place) Cell {
	verdict, r, known := s.found(at)
	switch {
	case verdict == Unavailable:
		return Cell{Faults: []Fault{{Dependency: at.dependency, Mode: at.mode}}, Verdict: verdict, Why: s.unavailable(at)}
	case known != nil:
		return taken(*known)
	case r == nil:
		return Cell{Faults: []Fault{drawFault(s.faults[at])}, Verdict: verdict}
	}
	c := s.draw(r)
	if r.Stage == journal.Pool {
		c.Pooled = true
		c.Faults = slices.DeleteFunc(c.Faults, func(f Fault) bool { return f.Dependency != at.dependency })
	}
	return c
}

// unavailable says why a failure mode cannot be caused in a dependency.
func (s *Scan) unavailable(at place) string {
	for _, u := range s.rules.Unavailable {
		if u.Dependency == at.dependency && u.Mode == at.mode {
			return u.Why
		}
	}
	return "the plan has no such fault"
}

// cell is what is known of a mode; nil where it is not on the map.
func (d *Dependency) cell(mode plan.FailureMode) *Cell {
	for i, c := range d.Cells {
		if len(c.Faults) == 1 && c.Faults[0].Mode == mode {
			return &d.Cells[i]
		}
	}
	return nil
}

// harms reports whether journeys, and not only invariants, are harmed.
func (c *Cell) harms() bool {
	return c.Verdict == Harmful && slices.ContainsFunc(c.Journeys, func(j CellJourney) bool { return j.Verdict == Harmful })
}

// clearlyHarms reports whether that stays so where all cells are looked at together.
func (c *Cell) clearlyHarms() bool { return c.harms() && c.Significant }

// How a dependency behaves.
const (
	BehavesHard = "hard"   // journeys are harmed
	BehavesSoft = "soft"   // journeys do without it
	Breaks      = "breaks" // journeys are not harmed, and an invariant breaks
)

// unseen reports whether nobody knows that journeys call a dependency: the server counts
// nothing, and no fault showed it. It may be that the system goes round its proxy.
func (d *Dependency) unseen() bool {
	return d.Exercised == nil && !slices.ContainsFunc(d.Cells, func(c Cell) bool {
		return c.Verdict == Harmful || slices.ContainsFunc(c.Faults, func(f Fault) bool { return f.Met != nil && *f.Met > 0 })
	})
}

// conclude says what the cells of a dependency say together. To contradict what is declared
// takes more than one harmful cell among many.
func (d *Dependency) conclude() {
	open, broken := false, false
	for _, c := range d.tried() {
		switch {
		case c.clearlyHarms() || c.harms() && d.Declared == string(experiments.Hard):
			d.Behaves = BehavesHard
			return
		case len(c.Broken) > 0:
			broken = true
		case c.Verdict == Harmful || c.Verdict == Undecided || c.Verdict == NotMet:
			open = true
		}
	}
	harmless := func(mode plan.FailureMode) bool {
		c := d.cell(mode)
		return c != nil && c.Verdict == Harmless
	}
	switch {
	case broken:
		d.Behaves = Breaks
	case !open && !d.unseen() && harmless(plan.Hang) && harmless(plan.Refuse):
		d.Behaves = BehavesSoft
	}
}
