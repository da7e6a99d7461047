package stats

import "math"

// AtAnyTime widens the interval of a measurement that somebody may have ended because of
// what it showed: with a confidence of 95 % it is right at every moment at once. part is
// how much of the planned measurement had been made, as a share of its length. It is for
// means of many trials, where there is no [ExcessSequence]; the interval has to be one
// that is right for a fixed time.
//
// The bounds are those of a normal mixture, tightest at about half of what was planned:
// they are 1.5 times as far from the estimate there, and 2.4 times after a fiftieth.
//
// Source: I. Waudby-Smith, D. Arbour, R. Sinha, E. H. Kennedy and A. Ramdas,
// "Time-uniform central limit theory and asymptotic confidence sequences", Annals of
// Statistics 52 (2024), 2613-2640, theorem 2.2; for the mixture, H. Robbins,
// "Statistical methods related to the law of the iterated logarithm", Annals of
// Mathematical Statistics 41 (1970), 1397-1409.
func AtAnyTime(i Interval, part float64) Interval {
	const tightest, alpha = 20, 1 - Confidence // the boundary is tightest near 10/20 of the plan
	if !(part > 0) {
		return Interval{i.Estimate, -1, 1}
	}
	n := tightest * part
	wider := math.Sqrt((1+1/n)*math.Log((1+n)/(alpha*alpha))) / z95
	return bounded(Interval{i.Estimate, i.Estimate - wider*(i.Estimate-i.Low), i.Estimate + wider*(i.High-i.Estimate)})
}
