package stats

import (
	"cmp"
	"iter"
	"math"
	"slices"
)

// Lifetimes are how long things took of which some did not end: what was given up, after
// a time, would have taken at least as long (it is censored). Like a [Sketch] they do not
// grow with their number.
type Lifetimes struct{ Ended, GivenUp Sketch }

// A Survival says how long things took of which some did not end, as the product-limit
// estimator does: at each time some are still under way, and so many of these end.
//
// Source: E. L. Kaplan and P. Meier, "Nonparametric Estimation from Incomplete
// Observations", Journal of the American Statistical Association 53 (1958), 457-481.
//
// The estimator takes it that those given up would have been like those that went on.
// Requests that fail at once would not have been, so no quantile is known here above the
// share that ended: all of those that did not may have been the slowest.
type Survival struct {
	n, ended int
	points   []survivalPoint
}

// A survivalPoint is a time at which something ended.
type survivalPoint struct {
	at     int64
	share  float64 // that ended by then
	spread float64 // Greenwood's sum: the variance of the rest, over the rest squared
}

// NewSurvival takes times and how many there are of each: of what ended, and of what was
// given up.
func NewSurvival(ended, givenUp iter.Seq2[int64, int]) *Survival {
	type count struct {
		at             int64
		ended, givenUp int
	}
	var all []count
	s := &Survival{}
	for at, n := range ended {
		all = append(all, count{at, n, 0})
		s.n, s.ended = s.n+n, s.ended+n
	}
	for at, n := range givenUp {
		all = append(all, count{at, 0, n})
		s.n += n
	}
	// Of what has the same time, that which ended comes first.
	slices.SortStableFunc(all, func(a, b count) int { return cmp.Compare(a.at, b.at) })
	left, rest, spread := float64(s.n), 1.0, 0.0
	for _, c := range all {
		if d := float64(c.ended); d > 0 {
			spread += d / (left * (left - d)) // infinite where nothing is left
			rest *= (left - d) / left
			s.points = append(s.points, survivalPoint{c.at, 1 - rest, spread})
		}
		left -= float64(c.ended + c.givenUp)
	}
	return s
}

// Share is the share that ended by a time, of all that would have ended.
func (s *Survival) Share(at int64) float64 {
	share := 0.0
	for _, p := range s.points {
		if p.at > at {
			break
		}
		share = p.share
	}
	return share
}

// Known is the share of all that ended: no quantile above it is known.
func (s *Survival) Known() float64 {
	if s.n == 0 {
		return 0
	}
	return float64(s.ended) / float64(s.n)
}

// Quantile is the first time by which at least the share q ended; false where that is
// not known.
func (s *Survival) Quantile(q float64) (int64, bool) {
	i, ok := s.find(q)
	if !ok {
		return 0, false
	}
	return s.points[i].at, true
}

// rounding is more than what products of shares lose, and less than one of any number of
// journeys.
const rounding = 1e-12

func (s *Survival) find(q float64) (int, bool) {
	if s.ended == 0 || Rank(q, s.n) > s.ended {
		return 0, false
	}
	i := slices.IndexFunc(s.points, func(p survivalPoint) bool { return p.share >= q-rounding })
	return i, i >= 0
}

// QuantileBounds hold the quantile between them with 95 % confidence, as
// [QuantileRanks] does where all ended. Where some did not, as many count as would have
// told the same if all had. It is false where too little is known for either bound.
//
// Sources: M. Greenwood, "The Natural Duration of Cancer", Reports on Public Health and
// Medical Subjects 33 (1926); F. J. Dorey and E. L. Korn, "Effective sample sizes for
// confidence intervals for survival probabilities", Statistics in Medicine 6 (1987),
// 679-687.
func (s *Survival) QuantileBounds(q float64) (low, high int64, ok bool) {
	i, ok := s.find(q)
	if !ok || s.points[i].share >= 1 {
		return 0, 0, false
	}
	p := s.points[i]
	effective := math.Floor(p.share/((1-p.share)*p.spread) + 1e-6)
	l, h, ok := QuantileRanks(int(effective), q)
	if !ok {
		return 0, 0, false
	}
	low, ok1 := s.Quantile((float64(l) - 0.5) / effective)
	high, ok2 := s.Quantile((float64(h) - 0.5) / effective)
	return low, high, ok1 && ok2
}
