package stats

import "math"

// RateRatio is how many times as often something happened in one exposure as in
// another: a events in an exposure of at, against b events in one of bt. The
// interval is that of the logarithm, and assumes that events are independent:
// events that come in groups, as retries do, are known less well. Without events
// on one of the two sides nothing is known, and the bounds are 0 and infinity.
//
// Source: K. J. Rothman, "Epidemiology: An Introduction", 2nd ed. (2012), chapter
// 9, on rate ratios.
func RateRatio(a, at, b, bt float64) Interval {
	if a <= 0 || b <= 0 || at <= 0 || bt <= 0 {
		return Interval{0, 0, math.Inf(1)}
	}
	ratio := (a / at) / (b / bt)
	spread := math.Exp(z95 * math.Sqrt(1/a+1/b))
	return Interval{ratio, ratio / spread, ratio * spread}
}
