package stats

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Narrow is how close to each other the latencies on both sides of a sharp edge are: the
// longer is at most this many times the shorter.
const Narrow = 1.25

// An EdgeKind says how to read what a [ThresholdSearch] found.
type EdgeKind string

// Kinds of edges.
const (
	Sharp   EdgeKind = "sharp"   // every edge is between two latencies that are no further apart than [Narrow]
	Gradual EdgeKind = "gradual" // harm of some latency could not be told from the limit: edges are wide, or unknown
	Never   EdgeKind = "never"   // every latency that was tried is harmless
	Always  EdgeKind = "always"  // every latency that was tried is harmful
	Open    EdgeKind = "open"    // the search is not at its end
)

// An Edge is where the decision changes: between Low and High. Where it Rises, Low is
// harmless and High is harmful, otherwise the other way round.
type Edge struct {
	Low, High time.Duration
	Rises     bool
}

// narrow reports whether nothing is left to search.
func (e Edge) narrow() bool { return float64(e.High) <= Narrow*float64(e.Low)*(1+1e-9) }

// A ThresholdSearch finds at which latency a dependency becomes harmful, one decision at a
// time. Harm need not grow with latency: just below a client's time-out a slow dependency
// can harm more than one that hangs. So it tries a coarse grid first, shortest latency
// first, and then bisects, in the logarithm of latency, every stretch of the grid over
// which the decision changes, until its ends are [Narrow]. A window of harm that lies
// between two latencies of the grid is not found.
//
// A latency that stayed undecided is not tried again. Both sides of it are
// searched until they are narrow, or until a second latency stays undecided: there harm is
// so near to the limit that no time of this order tells. The edge is then as wide as what
// is not known.
//
// It assumes that each decision is right. One that is wrong with a probability of at most
// α, as those of [NewThresholdTest] are, makes edges that miss the truth with at most the
// sum of these. Simple bisection on estimates is wrong where harm has a plateau near the limit
// (this package's tests simulate both).
type ThresholdSearch struct {
	grid   []time.Duration
	levels []level // decided or undecided, shortest first
}

type level struct {
	latency  time.Duration
	decision Decision
	number   int // of those that were tried
}

// NewThresholdSearch searches between the shortest and the longest latency of the grid, in
// any order.
func NewThresholdSearch(grid []time.Duration) *ThresholdSearch {
	sorted := slices.Clone(grid)
	slices.Sort(sorted)
	return &ThresholdSearch{grid: slices.Compact(sorted)}
}

// Decided notes what was found at a latency, also at one that was not asked for. A later
// decision on the same latency replaces an earlier one.
func (s *ThresholdSearch) Decided(latency time.Duration, d Decision) {
	i, found := slices.BinarySearchFunc(s.levels, latency, func(l level, t time.Duration) int { return cmp.Compare(l.latency, t) })
	if found {
		s.levels[i].decision = d
		return
	}
	s.levels = slices.Insert(s.levels, i, level{latency, d, len(s.levels)})
}

func (s *ThresholdSearch) tried(latency time.Duration) bool {
	return slices.ContainsFunc(s.levels, func(l level) bool { return l.latency == latency })
}

// Next is the latency to try next; false where nothing is left to search.
func (s *ThresholdSearch) Next() (latency time.Duration, ok bool) {
	for _, l := range s.grid {
		if !s.tried(l) {
			return l, true
		}
	}
	for _, b := range s.brackets() {
		if l, ok := b.next(); ok {
			return l, true
		}
	}
	return 0, false
}

// Edges are where the decision changes, shortest latency first, as far as is known now.
// There are none where no latency is harmful, or none harmless.
func (s *ThresholdSearch) Edges() (edges []Edge, kind EdgeKind) {
	sharp := true
	for _, b := range s.brackets() {
		edges = append(edges, b.Edge)
		sharp = sharp && b.narrow()
	}
	_, open := s.Next()
	all := func(d Decision) bool {
		return !slices.ContainsFunc(s.levels, func(l level) bool { return l.decision != d })
	}
	switch {
	case open || len(s.levels) == 0:
		kind = Open
	case all(Harmless):
		kind = Never
	case all(Harmful):
		kind = Always
	case sharp && len(edges) > 0:
		kind = Sharp
	default:
		kind = Gradual
	}
	return edges, kind
}

// A bracket is an edge with the levels within it that stayed undecided, shortest first.
type bracket struct {
	Edge
	undecided []level
}

// brackets are those of all changes of the decision.
func (s *ThresholdSearch) brackets() []bracket {
	var list []bracket
	var last *level
	var undecided []level
	for i := range s.levels {
		l := &s.levels[i]
		if l.decision == Undecided {
			undecided = append(undecided, *l)
			continue
		}
		if last != nil && last.decision != l.decision {
			list = append(list, bracket{Edge{last.latency, l.latency, l.decision == Harmful}, undecided})
		}
		last, undecided = l, nil
	}
	return list
}

// next is the latency that narrows a bracket best. Each side of the level that stayed
// undecided first is searched until a level stays undecided there.
func (b bracket) next() (time.Duration, bool) {
	if len(b.undecided) == 0 {
		return b.split()
	}
	first := slices.MinFunc(b.undecided, func(x, y level) int { return cmp.Compare(x.number, y.number) })
	if b.undecided[0] == first {
		if l, ok := (Edge{b.Low, first.latency, b.Rises}).split(); ok {
			return l, true
		}
	}
	if b.undecided[len(b.undecided)-1] == first {
		return Edge{first.latency, b.High, b.Rises}.split()
	}
	return 0, false
}

// split is where to try next within an edge. As many narrow parts as are needed fill it,
// and half of them are on each side; the odd one is on the side that a harmful latency
// leaves, because harm is told sooner than its absence.
func (e Edge) split() (time.Duration, bool) {
	if e.narrow() || e.Low <= 0 {
		return 0, false
	}
	ratio := float64(e.High) / float64(e.Low)
	parts := math.Ceil(math.Log(ratio)/math.Log(Narrow) - 1e-9)
	below := math.Floor(parts / 2)
	if e.Rises {
		below = parts - below
	}
	l := time.Duration(float64(e.Low) * math.Pow(ratio, below/parts)).Round(time.Millisecond)
	return l, e.Low < l && l < e.High
}
