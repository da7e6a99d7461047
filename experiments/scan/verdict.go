package scan

import (
	"math"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// Verdict is the verdict on a cell, as the map has it; [Undecided] for one that is under way
// or was never started.
func (s *Scan) Verdict(number int) Verdict {
	i, found := s.find(number)
	if !found {
		return Undecided
	}
	verdict, _ := s.verdict(s.cells[i])
	return verdict
}

// verdict is what a cell shows, and more of it: a code of the journal's. It is harmful when
// it harms one kind of journey, and harmless only when it harms none. What journeys met
// while this machine was too busy says neither; an invariant that broke is a fact.
func (s *Scan) verdict(r *record) (Verdict, string) {
	if r.end == nil {
		return Undecided, journal.CellCut
	}
	distrust := s.distrust(r)
	broken := s.blame(r)
	if len(broken.own) > 0 {
		return Harmful, distrust
	}
	harmless, harmful := 0, false
	for _, j := range r.end.Journeys {
		harmful = harmful || j.Decision == journal.Harmful
		if j.Decision == journal.Harmless {
			harmless++
		}
	}
	switch {
	case r.end.Why == journal.CellNotInjected:
		return Undecided, r.end.Why
	case distrust != "":
		return Undecided, distrust
	case r.end.Why == journal.CellVanished, r.end.Why == journal.CellCut && r.end.Detail != "": // a server that dies harms journeys as well
		return Undecided, r.end.Why
	case harmful:
		return Harmful, ""
	case r.end.Why == journal.CellGuarded: // something was harmed
		return Undecided, r.end.Why
	case harmless == 0 || harmless < len(r.end.Journeys) || harmless < len(s.experiment().Journeys):
		return Undecided, undecidedWhy(r.end.Why)
	case r.Stage != journal.Pool && !s.met(r): // of a pool each fault is looked at by itself
		return NotMet, ""
	case r.isSingle() && s.tooRare(r.Faults[0].Into):
		return Undecided, journal.CellRare
	case r.Stage == journal.Threshold: // levels are about journeys alone
	case len(broken.unsettled) > 0:
		return Undecided, journal.CellBefore
	case len(r.end.Unjudged)+len(broken.explained) > 0:
		return Undecided, journal.CellNotAsked
	}
	return Harmless, ""
}

// harmlessToJourneys reports whether a cell harms no journey, whatever is known of
// invariants.
func (s *Scan) harmlessToJourneys(r *record) bool {
	verdict, why := s.verdict(r)
	return verdict == Harmless || why == journal.CellNotAsked || why == journal.CellBefore
}

// undecidedWhy is why a cell is not decided. One that ended because a journey was decided
// may leave others undecided.
func undecidedWhy(why string) string {
	if why == journal.CellDecided || why == "" {
		return journal.CellUndecided
	}
	return why
}

// draw returns what is known of a cell that was tried.
func (s *Scan) draw(r *record) Cell {
	c := Cell{Number: r.Number}
	c.Verdict, c.Why = s.verdict(r)
	for i, f := range r.Faults {
		drawn := drawFault(f)
		if r.end != nil {
			if m, counted := r.metOf(i); counted {
				drawn.Met, drawn.Of = &m.Met, &m.Of
			}
		}
		c.Faults = append(c.Faults, drawn)
	}
	if r.end == nil {
		return c
	}
	c.Detail = r.end.Detail
	if c.untrusted() {
		c.Detail = s.sayDistrust(r)
	}
	c.Seconds = r.inForce().Seconds()
	switch waited := r.end.Why != journal.CellCut && r.end.Why != journal.CellNotInjected && !r.end.BackUnknown; {
	case waited && r.end.Back < 0:
		c.NotBack = !r.end.LateBack(s.experiment().Journeys)
	case waited:
		c.Back = new(r.end.Back.Seconds())
	}
	c.Journeys = s.drawJourneys(r)
	s.drawInvariants(r, &c)
	return c
}

// drawInvariants says what became of those that did not hold.
func (s *Scan) drawInvariants(r *record, c *Cell) {
	broken := s.blame(r)
	for _, b := range broken.own {
		c.Broken = append(c.Broken, drawBroken(b))
	}
	for _, b := range broken.unsettled {
		c.Unsettled = append(c.Unsettled, s.drawUnsettled(r, b))
	}
	unjudged := slices.Concat(broken.explained, r.end.Unjudged)
	if r.end.Why == journal.CellNotInjected { // nobody knows whose doing it is
		unjudged = slices.Concat(r.end.Broken, r.end.Unjudged)
	}
	for _, u := range unjudged {
		c.Unjudged = append(c.Unjudged, u.Invariant)
	}
}

func drawFault(f plan.Fault) Fault {
	return Fault{Dependency: f.Into, Mode: f.Mode, Inject: f.Inject, Attributes: f.Bare(),
		Description: strings.TrimSuffix(f.Describe(), " into "+f.Into)}
}

func drawBroken(b journal.CheckResult) Broken {
	violations := b.Violations
	if b.New != nil { // those that were there before are not the cell's
		violations = *b.New
	}
	return Broken{Invariant: b.Invariant, Violations: finite(violations), Detail: b.Detail, Keys: b.Keys}
}

// drawJourneys are the journeys of a cell by name. A journal from elsewhere may have more
// of them than its plan.
func (s *Scan) drawJourneys(r *record) []CellJourney {
	var list []CellJourney
	planned, trusted := s.experiment().Journeys, s.distrust(r) == ""
	for i, j := range r.end.Journeys[:min(len(r.end.Journeys), len(planned))] {
		c := CellJourney{
			Journey: planned[i].Name, Verdict: Undecided,
			Estimate: finite(j.Share.Estimate), Low: finite(j.Share.Low), High: finite(j.Share.High),
			Harmed: j.Fault.Harmed, N: j.Fault.Of, ControlHarmed: j.Control.Harmed, ControlN: j.Control.Of,
			HarmfulE: finite(j.Harmful), HarmlessE: finite(j.Harmless),
		}
		if s.experiment().Control != plan.Concurrent {
			c.ControlHarmed, c.ControlN = j.Before.Fault.Harmed, j.Before.Fault.Of
		}
		switch {
		case !trusted:
		case j.Decision == journal.Harmful:
			c.Verdict = Harmful
		case j.Decision == journal.Harmless:
			c.Verdict = Harmless
		}
		if i < len(r.end.Late) {
			c.Late, c.ControlShed = finite(r.end.Late[i].P99), r.end.Late[i].Shed
		}
		if j.Cause != nil {
			c.Class, c.Cause = j.Cause.Class, sayCause(*j.Cause)
		}
		list = append(list, c)
	}
	return list
}

// finite is a number that JSON has.
func finite(v float64) float64 {
	switch {
	case math.IsNaN(v):
		return 0
	case math.IsInf(v, 1):
		return math.MaxFloat64
	case math.IsInf(v, -1):
		return -math.MaxFloat64
	}
	return v
}
