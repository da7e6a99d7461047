package stats

import (
	"math"

	"github.com/blastgauge/blastgauge/experiments/stats/distributions"
)

// rateRatio is how many times as often something happened in one exposure as in
// another: a events in an exposure of at, against b events in one of bt. The
// interval is that of the logarithm, and assumes that events are independent:
// events that come in groups, as retries do, are known less well. Without events
// on one of the two sides nothing is known, and the bounds are 0 and infinity.
//
// Source: K. J. Rothman, "Epidemiology: An Introduction", 2nd ed. (2012), chapter
// 9, on rate ratios.
func rateRatio(a, at, b, bt float64) Interval {
	if a <= 0 || b <= 0 || at <= 0 || bt <= 0 {
		return Interval{0, 0, math.Inf(1)}
	}
	ratio := (a / at) / (b / bt)
	spread := math.Exp(z95 * math.Sqrt(1/a+1/b))
	return Interval{ratio, ratio / spread, ratio * spread}
}

// A Rate is how many events there were over how much exposure, in one batch: calls over
// journeys.
type Rate struct {
	Events, Over float64
}

// Counted is the method of an interval that takes events as independent, as
// rateRatio does.
const Counted Method = "independent events"

// A Ratio is how many times as often something happened as in the control.
type Ratio struct {
	Interval
	Method  Method
	Batches int // of each arm; 0 where Method is Counted
	// Effective is how many independent events in each arm would have told as much:
	// far below their number where they come in bursts.
	Effective float64
}

// RateRatioBatches is the ratio of the rates of two stretches of time, from the
// variance between the batches of each: events in one batch may depend on each
// other in any way, as three retries of one call or a storm of them do. It assumes
// that batches are long enough to be nearly independent of each other, that there
// are at least [LeastBatches] of them on each side (with fewer it falls back to
// independent events over the totals, and says so), and that nothing but the fault changed
// between the two: that, no arithmetic can check.
//
// Each side's rate is the ratio of its totals, whose variance is the ratio
// estimator's (Cochran). The bounds of the ratio of the two are those of its
// logarithm, with Student's t for each side and the two distances added in squares
// (Zou and Donner), because a ratio's own distribution is skew and its lower end is
// never below zero. A side is never known better than if its events were
// independent: too few batches may look more alike than they can be, so the
// effective size never exceeds the real one. Where each journey calls exactly once
// that is too careful; where bursts are as long as a batch, or so rare that most
// batches see none, the bounds are somewhat narrow (simulated in this package's tests).
//
// Sources: W. G. Cochran, "Sampling Techniques", 3rd ed. (1977), section 6.3; G. Y.
// Zou and A. Donner, as for [Minus]; A. M. Law and W. D. Kelton, "Simulation
// Modeling and Analysis" (1991), section 9.5.3, on batch means.
func RateRatioBatches(fault, control []Rate) Ratio {
	f, c := totalRate(fault), totalRate(control)
	r := countedRatio(f, c)
	if min(len(fault), len(control)) < LeastBatches || math.IsInf(r.High, 1) {
		return r
	}
	vf, vc := variance(rateDeviations(fault)), variance(rateDeviations(control))
	half := math.Hypot(logHalf(vf, f, len(fault)), logHalf(vc, c, len(control)))
	r.Interval = timesExp(r.Estimate, half)
	r.Method, r.Batches = Unpaired, min(len(fault), len(control))
	r.Effective = min(f.Events/max(1, vf*f.Events), c.Events/max(1, vc*c.Events))
	return r
}

// RateRatioRepeats is the ratio of rates where control and fault took turns: each
// turn of the fault is compared with the control before it, so that what makes both
// of one turn differ from those of others cancels out. It assumes that turns are
// independent, and needs at least three; with fewer, or where there are not as many
// of both, it falls back to independent events over the totals. For the rest it is as
// [RateRatioBatches].
//
// Sources: as for RateRatioBatches and [Repeats].
func RateRatioRepeats(control, fault []Rate) Ratio {
	f, c := totalRate(fault), totalRate(control)
	r := countedRatio(f, c)
	if len(fault) < 3 || len(control) != len(fault) || math.IsInf(r.High, 1) {
		return r
	}
	residuals := rateDeviations(fault)
	for i, d := range rateDeviations(control) {
		residuals[i] -= d
	}
	v, independent := variance(residuals), 1/f.Events+1/c.Events
	r.Interval = timesExp(r.Estimate, max(z95*math.Sqrt(independent), student(len(fault))*math.Sqrt(v)))
	r.Method, r.Batches = Repeated, len(fault)
	r.Effective = min(f.Events, c.Events) / max(1, v/independent)
	return r
}

// countedRatio takes events as independent.
func countedRatio(f, c Rate) Ratio {
	return Ratio{Interval: rateRatio(f.Events, f.Over, c.Events, c.Over), Method: Counted, Effective: min(f.Events, c.Events)}
}

func totalRate(batches []Rate) (all Rate) {
	for _, b := range batches {
		all.Events += b.Events
		all.Over += b.Over
	}
	return all
}

// rateDeviations are what each batch adds to the relative deviation of the rate of
// all.
func rateDeviations(batches []Rate) []float64 {
	all := totalRate(batches)
	list := make([]float64, len(batches))
	for i, b := range batches {
		list[i] = b.Events/all.Events - b.Over/all.Over
	}
	return list
}

// logHalf is the half width of the logarithm of a rate from k batches, whose
// relative variance was measured.
func logHalf(measured float64, all Rate, k int) float64 {
	return max(z95/math.Sqrt(all.Events), student(k)*math.Sqrt(measured))
}

// timesExp is the interval whose logarithm has this half width.
func timesExp(estimate, half float64) Interval {
	return Interval{estimate, estimate * math.Exp(-half), estimate * math.Exp(half)}
}

// PoissonLow is the lower end of the 95 % interval of the mean of a Poisson count:
// exact, and 0 where nothing was counted.
//
// Source: F. Garwood, "Fiducial limits for the Poisson distribution", Biometrika 28
// (1936), 437-442.
func PoissonLow(events float64) float64 {
	if events <= 0 {
		return 0
	}
	return distributions.Gamma{Shape: events}.Quantile((1 - Confidence) / 2)
}
