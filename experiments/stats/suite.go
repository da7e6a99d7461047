package stats

import (
	"cmp"
	"math"
	"slices"

	"github.com/blastgauge/blastgauge/experiments/stats/distributions"
)

// Levels of the tests of a change.
const (
	// FalseDiscoveries is the share of false ones among all changes that are called
	// changes; where nothing changed, the chance that any is.
	FalseDiscoveries = 0.05
	// EquivalenceLevel is that of each of the two tests that show a change to be small.
	EquivalenceLevel = 0.05
	// Power is the chance to see a change that is called one that would have been seen.
	Power = 0.8
)

// AtMost is the p value of the hypothesis that the difference is at most x: how often
// an estimate as large as this one, or larger, is met where it is x.
func (c Comparison) AtMost(x float64) float64 { return c.tail(c.Estimate-x, c.below, c.Low) }

// AtLeast is the p value of the hypothesis that the difference is at least x.
func (c Comparison) AtLeast(x float64) float64 { return c.tail(x-c.Estimate, c.above, c.High) }

// tail is the chance of a distance from the truth, or of more, that the standard error se
// explains. Where the run-to-run spread of a suite is not known, several runs are known
// to Student's t of their own, as in the interval whose end is bound.
func (c Comparison) tail(distance, se, bound float64) float64 {
	se, point := c.scale(se, bound)
	switch {
	case se > 0:
		return point.Survival(distance / se)
	case distance > 0:
		return 0
	}
	return 1
}

// A distribution is that of an estimate in units of its standard error.
type distribution interface {
	Survival(x float64) float64
	Quantile(p float64) float64
}

// scale is the standard error to one side of the estimate, and the distribution that
// belongs to it.
func (c Comparison) scale(se, bound float64) (float64, distribution) {
	if c.Repeated && !c.spread {
		t := distributions.StudentsT{DF: float64(c.df)}
		return math.Abs(c.Estimate-bound) / student(c.df+1), t
	}
	return math.Hypot(se, math.Sqrt(c.variance*c.perRun)), distributions.Normal{}
}

// Within is the p value of the hypothesis that the difference is margin or more, either
// way: of the less certain of two tests, each at its own level. A 95 % interval within the
// margin asks for more than that.
//
// Source: D. J. Schuirmann, "A comparison of the two one-sided tests procedure and the
// power approach for assessing the equivalence of average bioavailability", Journal of
// Pharmacokinetics and Biopharmaceutics 15 (1987), 657-680.
func (c Comparison) Within(margin float64) float64 {
	return max(c.AtMost(-margin), c.AtLeast(margin))
}

// Equivalence is the interval that belongs to [Comparison.Within]: it is of 90 %, and within
// the margin where both tests are at their level.
func (c Comparison) Equivalence() Interval {
	below, of := c.scale(c.below, c.Low)
	above, _ := c.scale(c.above, c.High)
	point := of.Quantile(1 - EquivalenceLevel)
	return Interval{c.Estimate, c.Estimate - point*below, c.Estimate + point*above}
}

// Detectable is about the smallest difference that a test of "at most x" at this level
// finds with a chance of [Power], given how well this one is known.
func (c Comparison) Detectable(x, level float64) float64 {
	se, of := c.scale(c.below, c.Low)
	return x + se*(of.Quantile(1-level)+of.Quantile(Power))
}

// WithSpread is the comparison where runs vary by this variance beyond what their own
// intervals explain, as the suite shows. It enters the tests; and the interval, too, where
// each side is one run and nothing else tells it. Where the runs of a side differ by more
// than the suite's, theirs is taken.
func (c Comparison) WithSpread(variance float64) Comparison {
	c.variance, c.spread = max(variance, c.variance), true
	if !c.Repeated {
		c.Interval = c.widened(z95, c.variance*c.perRun, 0)
		c.Drift = math.Sqrt(c.variance)
	}
	return c
}

// leastPerSide is how many differences up, and how many down, tell a spread.
const leastPerSide = 5

// RunToRun learns from the differences of a suite how much runs vary beyond what their
// own intervals explain: the variance of one run. It is for those differences where
// there is harm, since what is never harmed does not vary. False where the suite is too
// small to tell.
//
// Where sides have several runs, it is the mean over the suite of what these show.
// Where each side is one run, most experiments of a suite are taken not to have changed.
// Then the squares of half of the differences are below 0.455 times their variance,
// whatever the others did. Chance goes up as often as down, so that differences up and
// differences down have to tell the same; if they do not, by more than two standard errors,
// one of them holds real changes, and the smaller tells the spread. Thus a change of most
// of the suite is not mistaken for its noise.
func RunToRun(list []Comparison) (variance float64, known bool) {
	var up, down []Comparison
	squares, df := 0.0, 0
	for _, c := range list {
		switch {
		case c.Repeated:
			squares, df = squares+float64(c.df)*c.variance, df+c.df
		case c.Estimate > 0:
			up = append(up, c)
		case c.Estimate < 0:
			down = append(down, c)
		}
	}
	if df > 0 {
		return squares / float64(df), df >= 2*leastPerSide
	}
	if len(up) < leastPerSide || len(down) < leastPerSide {
		return 0, false
	}
	return varianceOf(alike(up, down)), true
}

// alike are all differences if both sides of zero vary alike, or else those of the side
// that varies less.
func alike(up, down []Comparison) []Comparison {
	// Of the logarithm of a variance that a median tells.
	const logVariance = 5.4
	ratio := math.Log(medianSquare(up, 0) / medianSquare(down, 0))
	chance := 2 * math.Sqrt(logVariance/float64(len(up))+logVariance/float64(len(down)))
	switch {
	case ratio > chance:
		return down
	case ratio < -chance:
		return up
	}
	return slices.Concat(up, down)
}

// varianceOf is the variance of a run with which half of the differences are as small as
// chance makes them; zero if they are without any.
func varianceOf(list []Comparison) float64 {
	// The median of the square of a standard normal variable.
	const median = 0.4549364
	if medianSquare(list, 0) <= median {
		return 0
	}
	low, high := 0.0, 1.0
	for range 60 {
		if mid := (low + high) / 2; medianSquare(list, mid) > median {
			low = mid
		} else {
			high = mid
		}
	}
	return high
}

// medianSquare is the median of the squares of the differences, each by its variance,
// where runs vary by this variance.
func medianSquare(list []Comparison, variance float64) float64 {
	squares := make([]float64, len(list))
	for i, c := range list {
		se := c.below
		if c.Estimate < 0 {
			se = c.above
		}
		squares[i] = c.Estimate * c.Estimate / max(se*se+variance*c.perRun, math.SmallestNonzeroFloat64)
	}
	slices.Sort(squares)
	return (squares[(len(squares)-1)/2] + squares[len(squares)/2]) / 2
}

// Adjusted are p values adjusted for each other: calling those a discovery that are at
// most q keeps the expected share of false ones among the discoveries at q. It holds for
// independent tests and for those that err together in one direction, as the journeys of
// an experiment do, which meet the same fault in the same minutes.
//
// Sources: Y. Benjamini and Y. Hochberg, "Controlling the false discovery rate", JRSS B 57
// (1995), 289-300; Y. Benjamini and D. Yekutieli, "The control of the false discovery rate
// in multiple testing under dependency", Annals of Statistics 29 (2001), 1165-1188, theorem
// 1.2, on positive dependence.
func Adjusted(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	out := make([]float64, len(p))
	least := 1.0
	for rank, i := range slices.Backward(order) {
		least = min(least, p[i]*float64(len(p))/float64(rank+1))
		out[i] = least
	}
	return out
}
