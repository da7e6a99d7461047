package stats

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"sort"

	"github.com/blastgauge/blastgauge/experiments/stats/distributions"
)

// quantile is the nearest-rank quantile of sorted values: the smallest value
// with at least q of all values at or below it. It is 0 for no values.
//
// Source: R. J. Hyndman and Y. Fan, "Sample Quantiles in Statistical Packages",
// The American Statistician 50 (1996), 361-365, definition 1.
func quantile[T cmp.Ordered](sorted []T, q float64) T {
	if len(sorted) == 0 {
		var none T
		return none
	}
	return sorted[Rank(q, len(sorted))-1]
}

// Rank is the nearest rank of a quantile among n values, from 1: of the smallest value
// with at least q of all values at or below it.
func Rank(q float64, n int) int {
	return min(max(int(math.Ceil(q*float64(n))), 1), n)
}

// QuantileRanks are the ranks, from 1, of the two of n sorted values that hold a
// quantile between them with at least 95 % confidence. It assumes independent
// values and nothing of their distribution. It is false where even the smallest
// and the largest of n values do not: few values say nothing of a far quantile.
//
// Source: H. A. David and H. N. Nagaraja, "Order Statistics", 3rd ed. (2003),
// section 7.1; W. J. Conover, "Practical Nonparametric Statistics", 3rd ed.
// (1999), section 3.2.
func QuantileRanks(n int, q float64) (low, high int, ok bool) {
	if n < 1 || q <= 0 || q >= 1 {
		return 0, 0, false
	}
	below := distributions.Binomial{N: n, P: q}
	const tail = (1 - Confidence) / 2
	// The quantile is below the l-th value when fewer than l values are at or
	// below it: the largest l for which that is rare enough, and the same from
	// above.
	low = firstTrue(n, func(l int) bool { return below.CDF(l-1) > tail }) - 1
	high = firstTrue(n, func(u int) bool { return below.CDF(u-1) >= 1-tail })
	return low, high, low >= 1 && high <= n
}

// firstTrue is the smallest of 1 to n for which a growing condition holds; n+1 if it
// holds for none.
func firstTrue(n int, holds func(int) bool) int {
	low, high := 0, n+1
	for high-low > 1 {
		if mid := (low + high) / 2; holds(mid) {
			high = mid
		} else {
			low = mid
		}
	}
	return high
}

// QuantileRatio is the interval of the q-quantile of the fault arm divided by that of
// the control, by a bootstrap of whole batches of time: values of one batch stay
// together, because slow moments last longer than one journey. If the arms
// are simultaneous, batch k of one is the same time as batch k of the other, and both are
// drawn together; else each arm is drawn by itself. It assumes
// batches that are nearly independent, and is false for fewer than [LeastBatches] of
// them with values, and for a control of 0. The same rng gives the same interval.
//
// Of values that did not end (see [Survival]) the quantile may not be known, nor that of
// resamples; where they are too many for a bound, it is false as well.
//
// The bounds are percentiles of 1,000 resamples, further out than at 2.5 and 97.5 %:
// resamples of few batches vary too little, and Student's t instead of the normal
// points makes up for it (the expanded percentile interval).
//
// Sources: H. R. Künsch, "The jackknife and the bootstrap for general stationary
// observations", Annals of Statistics 17 (1989), 1217-1241; E. Carlstein, "The
// use of subseries values for estimating the variance of a general statistic
// from a stationary sequence", Annals of Statistics 14 (1986), 1171-1179; T. C.
// Hesterberg, "What Teachers Should Know About the Bootstrap", The American
// Statistician 69 (2015), 371-386, section 5.3.
func QuantileRatio(fault, control []Lifetimes, simultaneous bool, q float64, rng *rand.Rand) (Interval, bool) {
	const resamples = 1000
	if simultaneous {
		fault, control = bothWithValues(fault, control)
	} else {
		fault, control = withValues(fault), withValues(control)
	}
	n := min(len(fault), len(control))
	if n < LeastBatches {
		return Interval{}, false
	}
	over, of := newPool(fault), newPool(control)
	whole := slices.Repeat([]int{1}, max(len(fault), len(control)))
	above, ok1 := over.quantile(whole, q)
	below, ok2 := of.quantile(whole, q)
	if !ok1 || !ok2 || below <= 0 {
		return Interval{}, false
	}
	ratios := make([]float64, 0, resamples)
	a, b := make([]int, len(fault)), make([]int, len(control))
	for range resamples {
		resample(a, rng)
		if simultaneous {
			copy(b, a)
		} else {
			resample(b, rng)
		}
		under, known := of.quantile(b, q)
		if !known {
			return Interval{}, false
		}
		if value, known := over.quantile(a, q); !known {
			ratios = append(ratios, math.Inf(1)) // longer than anything that ended
		} else if under > 0 {
			ratios = append(ratios, value/under)
		}
	}
	slices.Sort(ratios)
	tail := distributions.Normal{}.CDF(-student(n) * math.Sqrt(float64(n)/float64(n-1)))
	i := Interval{above / below, quantile(ratios, tail), quantile(ratios, 1-tail)}
	return i, len(ratios) > 0 && !math.IsInf(i.High, 1)
}

// n is how many there are, ended or not.
func (l *Lifetimes) n() int { return l.Ended.n + l.GivenUp.n }

// withValues leaves out empty batches.
func withValues(batches []Lifetimes) []Lifetimes {
	return slices.DeleteFunc(slices.Clone(batches), func(l Lifetimes) bool { return l.n() == 0 })
}

// bothWithValues leaves out the batches that are empty in either arm.
func bothWithValues(fault, control []Lifetimes) (f, c []Lifetimes) {
	for i := range min(len(fault), len(control)) {
		if fault[i].n() > 0 && control[i].n() > 0 {
			f, c = append(f, fault[i]), append(c, control[i])
		}
	}
	return f, c
}

// resample draws as many batches as there are, and sets how often each was drawn.
func resample(times []int, rng *rand.Rand) {
	clear(times)
	for range times {
		times[rng.IntN(len(times))]++
	}
}

// A pool is the values of several batches in one order, and how many of each batch
// ended, and were given up, at or below each of them. So a quantile of any resample can
// be found by bisection.
type pool struct {
	slots   []int
	ended   [][]int // by slot and batch
	givenUp [][]int
	breaks  []int // indices of slots in which something was given up
}

func newPool(batches []Lifetimes) pool {
	var p pool
	longest := 0
	for _, l := range batches {
		longest = max(longest, len(l.Ended.counts), len(l.GivenUp.counts))
	}
	used, broken := make([]bool, longest), make([]bool, longest) // most slots are empty
	for _, l := range batches {
		l.Ended.mark(used)
		l.GivenUp.mark(used)
		l.GivenUp.mark(broken)
	}
	ended, givenUp := make([]int, len(batches)), make([]int, len(batches))
	for slot := range longest {
		if !used[slot] {
			continue
		}
		for b := range batches {
			ended[b] += batches[b].Ended.in(slot)
			givenUp[b] += batches[b].GivenUp.in(slot)
		}
		if broken[slot] {
			p.breaks = append(p.breaks, len(p.slots))
		}
		p.slots = append(p.slots, slot)
		p.ended, p.givenUp = append(p.ended, slices.Clone(ended)), append(p.givenUp, slices.Clone(givenUp))
	}
	return p
}

// weigh adds up batches of which each was drawn so many times.
func weigh(batches, times []int) (n int) {
	for b, m := range batches {
		n += times[b] * m
	}
	return n
}

// quantile is the q-quantile of a resample that contains each batch so many times, as
// that of a [Survival]. Between two slots in which something was given up, the share
// that is left falls as the number that is left.
func (p pool) quantile(times []int, q float64) (float64, bool) {
	last := len(p.slots) - 1
	n := weigh(p.ended[last], times) + weigh(p.givenUp[last], times)
	if at := Rank(q, n); n == 0 || at > weigh(p.ended[last], times) {
		return 0, false
	} else if len(p.breaks) == 0 {
		i := sort.Search(last, func(i int) bool { return weigh(p.ended[i], times) >= at })
		return float64(valueOf(p.slots[i])), true
	}
	rest, left, before, from := 1.0, float64(n), 0, 0
	for _, to := range slices.Concat(p.breaks, []int{last}) {
		after := func(i int) float64 {
			return rest * (left - float64(weigh(p.ended[i], times)-before)) / left
		}
		if left > 0 && 1-after(to) >= q-rounding {
			i := from + sort.Search(to-from, func(i int) bool { return 1-after(from+i) >= q-rounding })
			return float64(valueOf(p.slots[i])), true
		}
		if left > 0 {
			rest = after(to)
		}
		before, from = weigh(p.ended[to], times), min(to+1, last)
		left = float64(n - before - weigh(p.givenUp[to], times))
	}
	return 0, false
}
