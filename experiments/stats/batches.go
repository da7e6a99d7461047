package stats

import (
	"time"

	"github.com/blastgauge/blastgauge/experiments/stats/distributions"
)

// LeastBatches is how many batches are needed to estimate how much they vary. With
// fewer, journeys are taken as independent, and the [Difference] says so.
const LeastBatches = 8

// Batches of a stretch of time are as long as they can be, because bursts of harm that
// are longer than a batch make the next one alike: ten of them, fewer where they would
// be shorter than two seconds, none where they would be fewer than [LeastBatches].
const (
	mostBatches   = 10
	ShortestBatch = 2 * time.Second
)

// Settling is what a system that is back may still need to be as it was: the time after
// a fault is a control for [BeforeAndAfter] only from then on.
const Settling = 10 * time.Second

// Batches is how many batches a stretch of time is cut into: 1 if it is too short to
// show how much they vary. This package's tests simulate how well that does.
func Batches(stretch time.Duration) int { return BatchesOf(stretch, 0) }

// BatchesOf is the same where trials come together every so often, as the counts of a
// scrape do: a batch is no shorter than that, so that each has trials.
func BatchesOf(stretch, every time.Duration) int {
	n := min(mostBatches, int(stretch/max(ShortestBatch, every)))
	if n < LeastBatches {
		return 1
	}
	return n
}

// A Pair is one batch: the trials of both arms in the same stretch of time.
type Pair struct {
	Fault, Control Count
}

// A Method is how an interval was made.
type Method string

const (
	// Independent takes every trial as independent of every other.
	Independent Method = "Newcombe"
	// Paired compares the arms within stretches of time.
	Paired Method = "paired batch means"
	// Repeated fits a line through turns of control and fault, with a step at the fault.
	Repeated Method = "turns"
	// Surrounded does so through the time before, under and after one fault.
	Surrounded Method = "before and after"
	// Beside compares how two kinds of trials changed, one of which the fault cannot touch.
	Beside Method = "difference in differences"
	// Unpaired lets each arm vary over its own stretches of time.
	Unpaired Method = "batch means"
)

// A Difference is the share of the fault arm minus that of the control.
type Difference struct {
	Interval
	Method  Method
	Batches int // of each arm; 0 where Method is Independent
	// Effective is how many independent trials per arm would have told as much:
	// far below the number of trials where harm comes in bursts.
	Effective float64
	// Newcombe is the interval as if trials were independent.
	Newcombe Interval
}

// PairedBatches is the interval of the difference of two arms that ran at the
// same time, from the variance of the difference between batches: trials in one
// batch may depend on each other in any way, and what harms both arms in the
// same batch cancels out. It assumes that batches are long enough to be nearly
// independent of each other, and that there are at least [LeastBatches] of
// them; with fewer it falls back to [Newcombe].
//
// The point estimate is the difference of the pooled shares, its variance the
// ratio estimator's (Cochran). That variance makes an effective sample size:
// how many independent trials would have had it, with Student's t in place of
// the normal point (Korn and Graubard). The interval is [Newcombe]'s for that
// many trials, because the score interval stays right where harm is rare, and
// mean ± t·s does not: without any harm it has no width at all. The effective
// size never exceeds the real one, as too little harm makes batches look more
// alike than they can be.
//
// Sources: W. G. Cochran, "Sampling Techniques", 3rd ed. (1977), section 6.3;
// E. L. Korn and B. I. Graubard, "Confidence intervals for proportions with
// small expected number of positive counts estimated from survey data", Survey
// Methodology 24 (1998), 193-201; A. M. Law and W. D. Kelton, "Simulation
// Modeling and Analysis" (1991), section 9.5.3, on batch means.
func PairedBatches(batches []Pair) Difference {
	p := newPaired(batches)
	d := independent(p.fault, p.control)
	if len(batches) < LeastBatches || p.fault.N == 0 || p.control.N == 0 {
		return d
	}
	design := effect(p.variance, p.independent)
	scale := max(1, design*penalty(len(batches)))
	d.Interval = bounded(Minus(wilson(p.fault, scale, z95), wilson(p.control, scale, z95)))
	d.Method, d.Batches = Paired, len(batches)
	d.Effective = float64(min(p.fault.N, p.control.N)) / max(1, design)
	return d
}

// UnpairedBatches is the interval of the difference of two arms that ran one
// after the other, from the variance between the batches of each. Neither arm is
// known better than the burstiness of both together says, because ten batches without
// a burst do not show that there are none; bad moments that outlast a batch count as
// [persistence] says. It assumes what [PairedBatches] assumes,
// and that nothing but the fault changed between the two stretches of time, which
// no arithmetic can check. With fewer than [LeastBatches] batches in an arm it
// falls back to [Newcombe].
//
// Sources: as for PairedBatches.
func UnpairedBatches(fault, control []Count) Difference {
	f, c := Total(fault), Total(control)
	d := independent(f, c)
	if min(len(fault), len(control)) < LeastBatches || f.N == 0 || c.N == 0 {
		return d
	}
	vf, vc := variance(deviations(fault)), variance(deviations(control))
	pooled := effect(vf+vc, f.variance()+c.variance())
	longer := persistence(deviations(fault), deviations(control))
	ef, ec := longer*max(pooled, effect(vf, f.variance())), longer*max(pooled, effect(vc, c.variance()))
	d.Interval = bounded(Minus(wilson(f, max(1, ef*penalty(len(fault))), z95), wilson(c, max(1, ec*penalty(len(control))), z95)))
	d.Method, d.Batches = Unpaired, min(len(fault), len(control))
	d.Effective = min(float64(f.N)/max(1, ef), float64(c.N)/max(1, ec))
	return d
}

// Share is the interval of a share from batches of time, in which trials may depend on
// each other: [Wilson] of as many independent trials as would vary as much. With fewer
// than [LeastBatches] batches it is Wilson of the total.
//
// Sources: as for [PairedBatches].
func Share(batches []Count) Interval {
	all := Total(batches)
	if len(batches) < LeastBatches || all.N == 0 {
		return Wilson(all)
	}
	design := effect(variance(deviations(batches)), all.variance())
	return wilson(all, max(1, design*penalty(len(batches))), z95)
}

// Total adds counts up.
func Total(counts []Count) Count {
	var all Count
	for _, c := range counts {
		all = all.plus(c)
	}
	return all
}

func (c Count) plus(d Count) Count { return Count{c.Hits + d.Hits, c.N + d.N} }

// variance of the share, if trials are independent.
func (c Count) variance() float64 {
	p := c.Share()
	return p * (1 - p) / float64(c.N)
}

// independent is the difference as if trials were independent.
func independent(fault, control Count) Difference {
	n := Newcombe(fault, control)
	return Difference{Interval: n, Method: Independent, Effective: float64(min(fault.N, control.N)), Newcombe: n}
}

// deviations are what each batch adds to the deviation of the pooled share.
func deviations(batches []Count) []float64 {
	all := Total(batches)
	p := all.Share()
	list := make([]float64, len(batches))
	for i, b := range batches {
		list[i] = (float64(b.Hits) - p*float64(b.N)) / float64(all.N)
	}
	return list
}

// variance of the sum of deviations, whose mean is zero.
func variance(deviations []float64) float64 {
	k, squares := float64(len(deviations)), 0.0
	for _, d := range deviations {
		squares += d * d
	}
	return squares * k / (k - 1)
}

// persistence is how much larger the variance of a mean is because deviations of
// batches that follow each other are alike, as they are where a bad moment outlasts a
// batch: the variance inflation of a first-order autoregression, (1 + r)/(1 − r), with
// r their correlation over all sequences. Negative correlations count as none, and r
// is at most a half, because twenty batches do not show more.
//
// Source: G. V. Bayley and J. M. Hammersley, "The effective number of independent
// observations in an autocorrelated time series", Supplement to the JRSS 8 (1946),
// 184-197.
func persistence(sequences ...[]float64) float64 {
	products, squares := 0.0, 0.0
	for _, values := range sequences {
		for i, v := range values {
			squares += v * v
			if i > 0 {
				products += v * values[i-1]
			}
		}
	}
	if squares == 0 {
		return 1
	}
	r := max(0, min(0.5, products/squares))
	return (1 + r) / (1 - r)
}

// effect is the design effect: how much larger the variance is than that of
// independent trials. Without any harm, or nothing but harm, there is none.
func effect(measured, independent float64) float64 {
	if independent == 0 {
		return 0
	}
	return measured / independent
}

// penalty is how much wider an interval has to be because its variance is not known but
// estimated from k batches.
func penalty(k int) float64 {
	t := student(k) / z95
	return t * t
}

// student is the two-sided 95 % point of Student's t for k values.
func student(k int) float64 {
	return distributions.StudentsT{DF: float64(k - 1)}.Quantile((1 + Confidence) / 2)
}

// bounded keeps the bounds of a difference of shares within −1 and 1.
func bounded(i Interval) Interval {
	return Interval{i.Estimate, max(-1, i.Low), min(1, i.High)}
}
