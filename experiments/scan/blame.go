package scan

import (
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// showsWithin is how long after a cell what it broke may show at the least: nobody says of
// most invariants how long that takes.
const showsWithin = 5 * time.Second

// breaks reports whether an invariant was seen broken after a cell, and was not before.
func (r *record) breaks(invariant string) bool {
	return r.end != nil && r.end.Why != journal.CellNotInjected &&
		slices.ContainsFunc(r.end.Broken, func(b journal.CheckResult) bool { return b.Invariant == invariant })
}

// fails reports whether a dependency fails in a cell.
func (r *record) fails(dependency string) bool {
	return slices.ContainsFunc(r.Faults, func(f plan.Fault) bool { return f.Into == dependency })
}

// suspects are the cells that may have broken an invariant which was seen broken after a
// later one: they ended so shortly before it that it may not have shown by then. Those of
// the same dependencies are none, and neither are those after which nothing broke when they
// were tried another time.
func (s *Scan) suspects(r *record, invariant string) []*record {
	within := showsWithin
	for _, inv := range s.experiment().Invariants {
		if inv.Name == invariant {
			within = max(within, inv.Within)
		}
	}
	var list []*record
	for _, o := range s.cells {
		if o.Number >= r.Number || o.end == nil || o.end.Why == journal.CellNotInjected || r.end.From-o.end.To >= within {
			continue
		}
		if slices.ContainsFunc(o.Faults, func(f plan.Fault) bool { return !r.fails(f.Into) }) && !s.brokeNothing(o, invariant, within) {
			list = append(list, o)
		}
	}
	return list
}

// brokeNothing reports whether the same as in a cell was tried another time, and an invariant
// held until it would have shown.
func (s *Scan) brokeNothing(r *record, invariant string, within time.Duration) bool {
	for i, o := range s.cells[:len(s.cells)-1] {
		if o == r || !o.like(r) || o.end == nil || o.breaks(invariant) {
			continue
		}
		next := s.cells[i+1].end
		unknown := func(list []journal.CheckResult) bool {
			return slices.ContainsFunc(list, func(c journal.CheckResult) bool { return c.Invariant == invariant })
		}
		if next != nil && next.Why != journal.CellCut && next.To-o.end.To >= within && !unknown(next.Unjudged) && !unknown(next.Broken) {
			return true
		}
	}
	return false
}

// ownDoing reports whether a cell broke an invariant that was seen broken after it: nothing
// else may have, or it breaks under the same dependency when others came before as well.
func (s *Scan) ownDoing(r *record, invariant string) bool {
	before := s.suspects(r, invariant)
	if len(before) == 0 {
		return true
	}
	apart := func(o *record) bool { // no dependency is a suspect of both
		return !slices.ContainsFunc(s.suspects(o, invariant), func(a *record) bool {
			return slices.ContainsFunc(before, func(b *record) bool {
				return slices.ContainsFunc(a.Faults, func(f plan.Fault) bool { return b.fails(f.Into) })
			})
		})
	}
	return slices.ContainsFunc(s.cells, func(o *record) bool {
		return o != r && o.breaks(invariant) && slices.ContainsFunc(o.Faults, func(f plan.Fault) bool { return r.fails(f.Into) }) && apart(o)
	})
}

// explained reports whether a suspect broke the invariant itself: then what shows later is
// more of the same.
func (s *Scan) explained(r *record, invariant string) bool {
	return slices.ContainsFunc(s.suspects(r, invariant), func(o *record) bool { return o.breaks(invariant) && s.ownDoing(o, invariant) })
}

// What becomes of the invariants that were seen broken after a cell.
type blame struct {
	own       []journal.CheckResult // the cell broke them
	unsettled []journal.CheckResult // it did, or a cell before
	explained []journal.CheckResult // a cell before did, and more shows
}

// blame tells which invariants a cell broke.
func (s *Scan) blame(r *record) (b blame) {
	if r.end == nil || r.end.Why == journal.CellNotInjected {
		return b
	}
	for _, broken := range r.end.Broken {
		switch {
		case s.ownDoing(r, broken.Invariant):
			b.own = append(b.own, broken)
		case s.explained(r, broken.Invariant):
			b.explained = append(b.explained, broken)
		default:
			b.unsettled = append(b.unsettled, broken)
		}
	}
	return b
}

// unsettled reports whether it is not known if a cell broke an invariant, or one before.
func (s *Scan) unsettled(r *record) bool { return len(s.blame(r).unsettled) > 0 }

// Unsettled reports whether an invariant broke, by what is known so far, under a cell or under
// one before, and nobody knows which.
func (s *Scan) Unsettled(number int) bool {
	i, found := s.find(number)
	return found && s.unsettled(s.cells[i])
}

// unblamed reports whether trying a cell once more may tell whether it broke an invariant. One
// that is still broken, without keys that tell new violations, cannot break again.
func (s *Scan) unblamed(r *record) bool {
	if r.Stage != journal.Single && r.Stage != journal.PairStage {
		return false
	}
	b, last := s.blame(r), s.cells[len(s.cells)-1]
	return slices.ContainsFunc(slices.Concat(b.unsettled, b.explained), func(broken journal.CheckResult) bool {
		return last.end == nil || !slices.ContainsFunc(last.end.Unjudged, func(u journal.CheckResult) bool { return u.Invariant == broken.Invariant })
	})
}

// drawUnsettled draws an invariant that a cell broke, or one before.
func (s *Scan) drawUnsettled(r *record, c journal.CheckResult) Broken {
	b := drawBroken(c)
	for _, o := range s.suspects(r, c.Invariant) {
		for _, f := range o.Faults {
			if !r.fails(f.Into) {
				b.Or = append(b.Or, drawFault(f))
			}
		}
	}
	return b
}
