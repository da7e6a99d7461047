// Package stats is the arithmetic behind the verdicts: intervals and quantiles
// as pure functions that state their assumptions and their source.
//
// Its tests simulate how often they are right, over traffic whose harm is independent,
// bursty and autocorrelated. This prints the tables:
//
//	go test ./experiments/stats -run Calibration -calibrate -v
package stats

import "math"

// z95 is the two-sided 95 % point of the standard normal distribution.
const z95 = 1.959963984540054

// Confidence is the level of every interval in this package.
const Confidence = 0.95

// A Count is Hits out of N.
type Count struct {
	Hits, N int
}

// Share is Hits/N, and 0 for an empty count.
func (c Count) Share() float64 {
	if c.N == 0 {
		return 0
	}
	return float64(c.Hits) / float64(c.N)
}

// An Interval is an estimate with its 95 % bounds.
type Interval struct {
	Estimate, Low, High float64
}

// Wilson is the score interval of a share. It assumes independent trials.
// An empty count gives 0 to 1: nothing is known.
//
// Source: E. B. Wilson, "Probable Inference, the Law of Succession, and
// Statistical Inference", JASA 22 (1927), 209-212.
func Wilson(c Count) Interval { return wilson(c, 1, z95) }

// wilson is the score interval, to the normal point z, of a share that is known
// as well as by c.N/scale independent trials.
func wilson(c Count, scale, z float64) Interval {
	if c.N == 0 {
		return Interval{0, 0, 1}
	}
	n, p := float64(c.N)/scale, c.Share()
	centre := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	// Rounding must not push a bound past the estimate: 0 of n has Low exactly 0.
	return Interval{p, max(0, min(centre-half, p)), min(1, max(centre+half, p))}
}

// Newcombe is the interval of the difference a − b of two independent shares,
// built from their score intervals. It assumes independent trials in both.
//
// Source: R. G. Newcombe, "Interval estimation for the difference between
// independent proportions", Statistics in Medicine 17 (1998), 873-890, method 10.
func Newcombe(a, b Count) Interval {
	return newcombe(a, b, z95)
}

// newcombe is [Newcombe] to the normal point z.
func newcombe(a, b Count, z float64) Interval {
	if a.N == 0 || b.N == 0 {
		return Interval{a.Share() - b.Share(), -1, 1}
	}
	return bounded(Minus(wilson(a, 1, z), wilson(b, 1, z)))
}

// Minus is the interval of the difference a − b of two independent estimates,
// from the distances of their bounds (the method of variance estimates
// recovery, which gives [Newcombe] for two score intervals).
//
// Source: G. Y. Zou and A. Donner, "Construction of confidence limits about
// effect measures", Statistics in Medicine 27 (2008), 1693-1702.
func Minus(a, b Interval) Interval {
	d := a.Estimate - b.Estimate
	return Interval{
		Estimate: d,
		Low:      d - math.Hypot(a.Estimate-a.Low, b.High-b.Estimate),
		High:     d + math.Hypot(a.High-a.Estimate, b.Estimate-b.Low),
	}
}
