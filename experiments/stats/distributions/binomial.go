package distributions

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mathext"
)

// Binomial is the distribution of how many of N independent trials are hits, where each
// is with probability P. N is 0 or more.
type Binomial struct {
	N int
	P float64
}

// CDF is the chance of k hits or fewer: the regularized incomplete beta function I of
// 1 − P for N − k and k + 1, by 26.5.24 of the package's source. Beyond ten
// million trials it is wrong about the mean, where gonum's incomplete beta function does not
// converge; both tails stay good to four digits up to a hundred million.
func (b Binomial) CDF(k int) float64 {
	switch {
	case k < 0:
		return 0
	case k >= b.N:
		return 1
	}
	return mathext.RegIncBeta(float64(b.N)-float64(k), float64(k)+1, 1-b.P)
}

// Draw draws a number of hits by inversion: it takes one number from r, whatever N and P
// are, and more hits belong to a larger one. So draws of two distributions from equal
// generators are as much alike as the distributions.
func (b Binomial) Draw(r *rand.Rand) int {
	p := r.Float64()
	switch {
	case !(b.P > 0): // nor is it NaN
		return 0
	case b.P >= 1:
		return b.N
	case b.P > 0.5:
		return b.N - Binomial{b.N, 1 - b.P}.quantile(1-p)
	}
	return b.quantile(p)
}

// quantile is the smallest number of hits whose CDF is above p. P is above 0, and ½ at most.
// It adds up probabilities from nine standard deviations below the mean on: less than 3e-18
// is below (Okamoto), and rounding is below 1e-9 for millions of trials.
//
// Sources: L. Devroye, "Non-Uniform Random Variate Generation" (1986), section III.2.1, on
// inversion by sequential search; M. Okamoto, "Some inequalities relating to the partial sum
// of binomial probabilities", Annals of the Institute of Statistical Mathematics 10 (1958),
// 29-35.
func (b Binomial) quantile(p float64) int {
	mean, odds := float64(b.N)*b.P, b.P/(1-b.P)
	k := int(max(0, mean-9*math.Sqrt(mean*(1-b.P))))
	prob := b.prob(k)
	for sum := prob; sum <= p && k < b.N; sum += prob {
		prob *= float64(b.N-k) / float64(k+1) * odds
		k++
		if sum+prob == sum && float64(k) > mean { // what is left of p is rounding
			break
		}
	}
	return k
}

// prob is the probability of k hits.
func (b Binomial) prob(k int) float64 {
	return math.Exp(logFactorial(b.N) - logFactorial(k) - logFactorial(b.N-k) +
		float64(k)*math.Log(b.P) + float64(b.N-k)*math.Log1p(-b.P))
}

func logFactorial(n int) float64 {
	log, _ := math.Lgamma(float64(n) + 1)
	return log
}
