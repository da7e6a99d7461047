package stats

import (
	"iter"
	"math"
	"math/rand/v2"

	"github.com/blastgauge/blastgauge/experiments/stats/distributions"
)

// An Expected is a stretch of time that is still to come, with how many independent
// trials it will have, on average.
type Expected struct {
	Trials float64
	Middle float64 // seconds, on any clock that all stretches share
}

// An Outlook is a comparison that is still to be made.
type Outlook struct {
	// Method is the one meant to be used: [Paired], [Unpaired], [Surrounded] or [Repeated].
	Method         Method
	Control, Fault []Expected
	After          []Expected // the second control of Surrounded
	// ArmsBefore are the batches of each of two arms that are compared before the fault;
	// only of Paired. See [AllowForArms].
	ArmsBefore []Expected
}

// imagined is how many comparisons an [Outlook] imagines. Their mean half width is known
// to about two points in a hundred.
const imagined = 128

// HalfWidth is the half width that the interval of a comparison will have on average, in
// shares, if base of the trials are hits without the fault and excess of the others are
// hits by it. limit is the one that the difference will be judged by. It imagines
// comparisons with the very estimators that will be used, always the same ones, so that it is
// right of designs that no formula describes.
func (o Outlook) HalfWidth(base, excess, limit float64) float64 {
	sum := 0.0
	for i := range o.intervals(base, excess, limit) {
		sum += (i.High - i.Low) / 2
	}
	return sum / imagined
}

// Holds is in how large a share of comparisons the whole interval will be at or below
// limit, if base of the trials are hits and the fault adds none.
func (o Outlook) Holds(base, limit float64) float64 {
	hold := 0
	for i := range o.intervals(base, 0, limit) {
		if i.High <= limit {
			hold++
		}
	}
	return float64(hold) / imagined
}

// intervals are those of imagined comparisons.
func (o Outlook) intervals(base, excess, limit float64) iter.Seq[Interval] {
	under := 1 - (1-base)*(1-excess)
	return func(yield func(Interval) bool) {
		r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same comparisons every time
		for range imagined {
			i := o.imagine(r, base, under).Interval
			if len(o.ArmsBefore) > 0 {
				before := PairedBatches(pairsOf(imagine(r, o.ArmsBefore, base), imagine(r, o.ArmsBefore, base)))
				i, _ = AllowForArms(i, before.Interval, limit)
			}
			if !yield(i) {
				return
			}
		}
	}
}

func (o Outlook) imagine(r *rand.Rand, base, under float64) Difference {
	control, fault := imagine(r, o.Control, base), imagine(r, o.Fault, under)
	switch o.Method {
	case Paired:
		return PairedBatches(pairsOf(fault, control))
	case Repeated:
		return Turns(control, fault)
	case Surrounded:
		return BeforeAndAfter(control, fault, imagine(r, o.After, base))
	case Independent, Unpaired, Beside:
	}
	return UnpairedBatches(counts(fault), counts(control))
}

// imagine draws the trials of stretches of time. What a stretch has beyond whole trials
// is the next one's.
func imagine(r *rand.Rand, list []Expected, share float64) []Stretch {
	drawn := make([]Stretch, len(list))
	sum, given := 0.0, 0
	for i, e := range list {
		sum += e.Trials
		n := int(sum) - given
		given += n
		drawn[i] = Stretch{Count{distributions.Binomial{N: n, P: share}.Draw(r), n}, e.Middle}
	}
	return drawn
}

func pairsOf(fault, control []Stretch) []Pair {
	list := make([]Pair, len(fault))
	for i := range list {
		list[i] = Pair{fault[i].Count, control[i].Count}
	}
	return list
}

// AllowForArms minds that two arms may not be alike without a fault, from the difference
// that they had before it. A difference that they have for certain is subtracted, with its
// interval; then it reports true. Where they seem to differ by a quarter of the limit,
// the interval holds what comes out if they do and if they do not.
func AllowForArms(d, before Interval, limit float64) (Interval, bool) {
	corrected := bounded(Minus(d, before))
	switch {
	case before.Low > 0 || before.High < 0:
		corrected.Estimate = max(-1, min(1, corrected.Estimate))
		return corrected, true
	case math.Abs(before.Estimate) > limit/4:
		return Interval{d.Estimate, min(d.Low, corrected.Low), max(d.High, corrected.High)}, false
	}
	return d, false
}
