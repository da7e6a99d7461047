package scan

import (
	"fmt"
	"slices"

	"github.com/blastgauge/blastgauge/experiments/journal"
)

// distrust is why what journeys met in a cell says nothing; empty where it does.
func (s *Scan) distrust(r *record) string {
	if r.end == nil {
		return ""
	}
	return r.end.Distrust(s.experiment().Journeys)
}

// untrusted reports the same of a cell of the map.
func (c *Cell) untrusted() bool { return c.Why == journal.CellLate || c.Why == journal.CellShed }

// sayDistrust says by how much this machine was too busy.
func (s *Scan) sayDistrust(r *record) string {
	journeys := s.experiment().Journeys
	if i := journal.LateAmong(r.end.Late, journeys); i >= 0 {
		return fmt.Sprintf("it held one journey of %s in a hundred up for %.0f ms or more, at most %.0f ms are allowed", journeys[i].Name, 1000*r.end.Late[i].P99, 1000*journeys[i].MostLate().Seconds())
	}
	shed := 0
	for _, l := range r.end.Late {
		shed += l.Shed
	}
	return fmt.Sprintf("%d of them", shed)
}

// takesAnother reports whether a cell is to be tried once more: this machine was too busy,
// or a cell before may have broken what broke, and it is the first of its kind. The second
// counts, whatever it says.
func (s *Scan) takesAnother(r *record) bool {
	if r.end == nil || s.count(r) != 1 {
		return false
	}
	verdict, why := s.verdict(r)
	return verdict == Undecided && (why == journal.CellLate || why == journal.CellShed) || s.unblamed(r)
}

// count is how often the same was tried.
func (s *Scan) count(r *record) (n int) {
	for _, o := range s.cells {
		if o.like(r) {
			n++
		}
	}
	return n
}

// lastLike is the last record of what was tried in another.
func (s *Scan) lastLike(r *record) *record {
	for _, o := range slices.Backward(s.cells) {
		if o.like(r) {
			return o
		}
	}
	return r
}

// like reports whether two cells try the same. A pair is one whatever its modes.
func (r *record) like(o *record) bool { return r.what() == o.what() }

// what names what a cell tries. It is put together once: a long scan compares many cells.
func (r *record) what() string {
	if r.named != "" {
		return r.named
	}
	var parts []string
	for _, f := range r.Faults {
		part := f.Into
		if r.Stage != journal.PairStage || len(r.Faults) != 2 {
			part = fmt.Sprintf("%q %q %d", f.Into, f.Mode, f.Attributes.Duration("latency"))
		}
		parts = append(parts, part)
	}
	if r.Stage == journal.PairStage && len(r.Faults) == 2 {
		slices.Sort(parts)
	}
	r.named = fmt.Sprintf("%q %q", r.Stage, parts)
	return r.named
}
