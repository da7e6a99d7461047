package stats

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

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

// A Batch is the values of both arms in the same stretch of time.
type Batch struct {
	Fault, Control []float64
}

// QuantileRatio is the interval of the q-quantile of the fault arm divided by
// that of the control, by a bootstrap of whole batches: values of one batch stay
// together, because slow moments last longer than one journey, and so do both
// arms, because they share them. It assumes batches that are nearly independent
// and at least [LeastBatches] of them with values in both arms; else it is
// false. The same r gives the same interval. The bounds are percentiles of 1,000
// resamples.
//
// Sources: H. R. Künsch, "The jackknife and the bootstrap for general stationary
// observations", Annals of Statistics 17 (1989), 1217-1241; E. Carlstein, "The
// use of subseries values for estimating the variance of a general statistic
// from a stationary sequence", Annals of Statistics 14 (1986), 1171-1179.
func QuantileRatio(batches []Batch, q float64, r *rand.Rand) (Interval, bool) {
	const resamples = 1000
	batches = slices.DeleteFunc(slices.Clone(batches), func(b Batch) bool { return len(b.Fault) == 0 || len(b.Control) == 0 })
	if len(batches) < LeastBatches {
		return Interval{}, false
	}
	fault := merge(batches, func(b Batch) []float64 { return b.Fault })
	control := merge(batches, func(b Batch) []float64 { return b.Control })
	times := make([]int, len(batches)) // how often each batch was drawn
	for i := range times {
		times[i] = 1
	}
	of, ok := weighed(control, times, q)
	if !ok || of <= 0 {
		return Interval{}, false
	}
	over, _ := weighed(fault, times, q)
	ratios := make([]float64, 0, resamples)
	for range resamples {
		clear(times)
		for range batches {
			times[r.IntN(len(times))]++
		}
		a, okA := weighed(fault, times, q)
		b, okB := weighed(control, times, q)
		if okA && okB && b > 0 {
			ratios = append(ratios, a/b)
		}
	}
	slices.Sort(ratios)
	const tail = (1 - Confidence) / 2
	return Interval{over / of, Quantile(ratios, tail), Quantile(ratios, 1-tail)}, len(ratios) > 0
}

// A value knows its batch, so that one sort serves every resample.
type value struct {
	of    float64
	batch int
}

func merge(batches []Batch, arm func(Batch) []float64) []value {
	var list []value
	for i, b := range batches {
		for _, v := range arm(b) {
			list = append(list, value{v, i})
		}
	}
	slices.SortFunc(list, func(a, b value) int { return cmp.Compare(a.of, b.of) })
	return list
}

// weighed is the quantile of sorted values that each count as often as their
// batch was drawn.
func weighed(sorted []value, times []int, q float64) (float64, bool) {
	n := 0
	for _, v := range sorted {
		n += times[v.batch]
	}
	if n == 0 {
		return 0, false
	}
	left := rank(q, n)
	for _, v := range sorted {
		if left -= times[v.batch]; left <= 0 {
			return v.of, true
		}
	}
	return 0, false
}

// Sorted is a sorted copy.
func Sorted[T cmp.Ordered](values []T) []T {
	s := slices.Clone(values)
	slices.Sort(s)
	return s
}
