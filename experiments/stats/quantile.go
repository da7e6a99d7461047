package stats

import (
	"cmp"
	"math"
	"slices"
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
	rank := int(math.Ceil(q * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// Sorted is a sorted copy.
func Sorted[T cmp.Ordered](values []T) []T {
	s := slices.Clone(values)
	slices.Sort(s)
	return s
}
