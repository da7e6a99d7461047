package stats

import "math"

// powerOverall is the power of what [NeededToSettle] advises, over where the truth may be.
// It is [Power] if the estimate is the truth.
const powerOverall = 0.75

// mostNeeded is the largest number of trials that is ever advised.
const mostNeeded = 1_000_000

// NeededToSettle is about how many trials per arm, instead of n, show on which side of
// limit a difference is that is known to no more than i: with a power of 80 % if the
// estimate is the truth, and of 75 % over all that the truth may be, given i. A number
// that the estimate alone asks for settles half of the runs, because estimates that look
// easy are so by luck. It is a million at the most, which no number of trials may be.
// A difference below zero counts as none.
//
// It assumes that the width of the interval falls with the root of the number of trials.
//
// Source: D. J. Spiegelhalter, L. S. Freedman and M. K. B. Parmar, "Bayesian Approaches to
// Randomized Trials", JRSS A 157 (1994), 357-416, on power over all that the truth may be.
func NeededToSettle(i Interval, n int, limit float64) int {
	se := (i.High - i.Low) / 2 / z95
	truth := max(0, i.Estimate)
	for m := float64(n) * 1.05; m < mostNeeded; m *= 1.05 {
		s := se * math.Sqrt(float64(n)/m)
		if power(truth-limit, s) >= Power && averagePower(i.Estimate, se, limit, s) >= powerOverall {
			return int(math.Ceil(m))
		}
	}
	return mostNeeded
}

// power is how often an interval with this standard error keeps off a limit that is so
// far away.
func power(gap, se float64) float64 {
	if se <= 0 {
		return 1
	}
	return math.Erfc((z95-math.Abs(gap)/se)/math.Sqrt2) / 2
}

// averagePower is the power of a standard error s over where the truth may be, given an
// estimate with a standard error.
func averagePower(estimate, se, limit, s float64) float64 {
	const steps, farthest = 20, 3.0 // standard errors
	sum, weights := 0.0, 0.0
	for k := -steps; k <= steps; k++ {
		z := farthest * float64(k) / steps
		w := math.Exp(-z * z / 2)
		sum += w * power(max(0, estimate+z*se)-limit, s)
		weights += w
	}
	return sum / weights
}
