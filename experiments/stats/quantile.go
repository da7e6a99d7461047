package stats

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"sort"

	"gonum.org/v1/gonum/stat/distuv"
)

// Quantile is the nearest-rank quantile of sorted values: the smallest value
// with at least q of all values at or below it. It is 0 for no values.
//
// Source: R. J. Hyndman and Y. Fan, "Sample Quantiles in Statistical Packages",
// The American Statistician 50 (1996), 361-365, definition 1.
func Quantile[T cmp.Ordered](sorted []T, q float64) T {
	if len(sorted) == 0 {
		var none T
		return none
	}
	return sorted[rank(q, len(sorted))-1]
}

// rank is the nearest rank, from 1.
func rank(q float64, n int) int {
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
	below := distuv.Binomial{N: float64(n), P: q}
	const tail = (1 - Confidence) / 2
	// The quantile is below the l-th value when fewer than l values are at or
	// below it: the largest l for which that is rare enough, and the same from
	// above.
	low = firstOf(n, func(l int) bool { return below.CDF(float64(l-1)) > tail }) - 1
	high = firstOf(n, func(u int) bool { return below.CDF(float64(u-1)) >= 1-tail })
	return low, high, low >= 1 && high <= n
}

// firstOf is the smallest of 1 to n for which a growing condition holds, n+1 if
// for none.
func firstOf(n int, holds func(int) bool) int {
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
// together, because slow moments last longer than one journey. Where both arms ran at
// the same time, batch k of one is that of the other, and they are drawn together,
// because they share those moments; else each arm is drawn by itself. It assumes
// batches that are nearly independent, and is false for fewer than [LeastBatches] of
// them with values, and for a control of 0. The same r gives the same interval.
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
func QuantileRatio(fault, control []Sketch, together bool, q float64, r *rand.Rand) (Interval, bool) {
	const resamples = 1000
	if together {
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
	above, below := over.quantile(whole, q), of.quantile(whole, q)
	if below <= 0 {
		return Interval{}, false
	}
	ratios := make([]float64, 0, resamples)
	a, b := make([]int, len(fault)), make([]int, len(control))
	for range resamples {
		resample(a, r)
		if together {
			copy(b, a)
		} else {
			resample(b, r)
		}
		if under := of.quantile(b, q); under > 0 {
			ratios = append(ratios, over.quantile(a, q)/under)
		}
	}
	slices.Sort(ratios)
	tail := distuv.UnitNormal.CDF(-student(n) * math.Sqrt(float64(n)/float64(n-1)))
	return Interval{above / below, Quantile(ratios, tail), Quantile(ratios, 1-tail)}, len(ratios) > 0
}

func withValues(batches []Sketch) []Sketch {
	return slices.DeleteFunc(slices.Clone(batches), func(s Sketch) bool { return s.N() == 0 })
}

// bothWithValues leaves out the batches that are empty in either arm.
func bothWithValues(fault, control []Sketch) (f, c []Sketch) {
	for i := range min(len(fault), len(control)) {
		if fault[i].N() > 0 && control[i].N() > 0 {
			f, c = append(f, fault[i]), append(c, control[i])
		}
	}
	return f, c
}

// resample says how often each batch is in a resample.
func resample(times []int, r *rand.Rand) {
	clear(times)
	for range times {
		times[r.IntN(len(times))]++
	}
}

// A pool is the values of several batches in one order, and how many of each batch are
// at or below each of them: so a quantile of any resample is found by bisecting.
type pool struct {
	slots []int
	upTo  [][]int // by slot and batch
}

func newPool(batches []Sketch) pool {
	var p pool
	longest := 0
	for _, s := range batches {
		longest = max(longest, len(s.counts))
	}
	sums := make([]int, len(batches))
	for slot := range longest {
		found := false
		for b, s := range batches {
			if slot < len(s.counts) && s.counts[slot] > 0 {
				sums[b] += s.counts[slot]
				found = true
			}
		}
		if found {
			p.slots, p.upTo = append(p.slots, slot), append(p.upTo, slices.Clone(sums))
		}
	}
	return p
}

// quantile is that of a resample in which each batch is so many times.
func (p pool) quantile(times []int, q float64) float64 {
	upTo := func(i int) int {
		n := 0
		for b, m := range p.upTo[i] {
			n += times[b] * m
		}
		return n
	}
	last := len(p.slots) - 1
	at := rank(q, upTo(last))
	i := sort.Search(last, func(i int) bool { return upTo(i) >= at })
	return float64(valueOf(p.slots[i]))
}
