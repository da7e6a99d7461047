package stats

import "math"

// A ChangePoint is where a share fell for good.
type ChangePoint struct {
	// At is the index of the first block after the fall; Low and High bound it
	// with 95 % confidence.
	At, Low, High  int
	Before, After  float64 // shares
	LikelihoodGain float64 // of one change over none, as a difference of log-likelihoods
}

// FindChangePoint finds the one moment at which the share of hits fell, by maximum
// likelihood: the split of the blocks of trials, in the order of time, that two shares
// explain best. It cannot be more exact than the blocks, which have one trial each at
// best, and of which none may be empty. It is false when no split has a higher share
// before it, or when the best one explains little more than a constant share does.
//
// The interval is the profile's: every split whose log-likelihood is within 3.68
// of the best. The limit is not 1.92, as χ² would have it, because a moment is not a
// smooth parameter. To either side of the true one the log-likelihood is a random walk
// that falls, and how far it may climb before is exponential: both stay within b
// with a probability of (1 − e^−b)². It assumes independent trials and one sudden
// change. Where harm fades over ten seconds, the estimate is the middle of the fading,
// about three seconds before its end; [FindRecovery] finds the end.
//
// Sources: D. V. Hinkley and E. A. Hinkley, "Inference about the change-point in
// a sequence of binomial variables", Biometrika 57 (1970), 477-488; for the
// profile D. Siegmund, "Confidence sets in change-point problems", International
// Statistical Review 56 (1988), 31-48.
func FindChangePoint(blocks []Count) (ChangePoint, bool) {
	const (
		within = 3.676252429206873 // b with (1 − e^−b)² = 95 %
		least  = 5                 // what a constant share's best split gains by chance in one of a hundred
	)
	all, n := Total(blocks), len(blocks)
	constant, best := all.entropy(), ChangePoint{LikelihoodGain: math.Inf(-1)}
	profile := make([]float64, n+1)
	var before Count
	for i := 1; i < n; i++ {
		before = before.plus(blocks[i-1])
		after := Count{all.Hits - before.Hits, all.N - before.N}
		profile[i] = math.Inf(-1)
		if before.Share() <= after.Share() {
			continue
		}
		profile[i] = before.entropy() + after.entropy() - constant
		if profile[i] > best.LikelihoodGain {
			best = ChangePoint{At: i, Before: before.Share(), After: after.Share(), LikelihoodGain: profile[i]}
		}
	}
	if best.LikelihoodGain < least {
		return ChangePoint{}, false
	}
	best.Low, best.High = best.At, best.At
	for i := 1; i < n; i++ {
		if best.LikelihoodGain-profile[i] <= within {
			best.Low, best.High = min(best.Low, i), max(best.High, i)
		}
	}
	return best, true
}

// entropy is the log-likelihood of the trials at their own share.
func (c Count) entropy() float64 {
	h, m, n := float64(c.Hits), float64(c.N-c.Hits), float64(c.N)
	sum := 0.0
	if h > 0 {
		sum += h * math.Log(h/n)
	}
	if m > 0 {
		sum += m * math.Log(m/n)
	}
	return sum
}
