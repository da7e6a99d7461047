package stats

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/truth/world"
)

// Breast cancer after fluoroscopy, Rothman's example: 41 cases in 28,010
// person-years against 15 in 19,017.
func TestRateRatioPublishedExample(t *testing.T) {
	t.Parallel()
	got := rateRatio(41, 28010, 15, 19017)
	near(t, "ratio", got.Estimate, 1.86, 5e-3)
	near(t, "low", got.Low, 1.03, 5e-3)
	near(t, "high", got.High, 3.35, 5e-3)
}

func TestRateRatioOfNothing(t *testing.T) {
	t.Parallel()
	for _, v := range [][4]float64{{0, 10, 5, 10}, {5, 10, 0, 10}, {5, 0, 5, 10}, {5, 10, 5, 0}} {
		if got := rateRatio(v[0], v[1], v[2], v[3]); got.Low != 0 || !math.IsInf(got.High, 1) {
			t.Errorf("rateRatio(%v) = %v, want nothing to be known", v, got)
		}
	}
}

// rates are batches over ten journeys each.
func rates(events ...float64) (list []Rate) {
	for _, e := range events {
		list = append(list, Rate{e, 10})
	}
	return list
}

// Ten batches of 20 and 40 in turn vary by √(10/9 · 10 · (10/300)²) = 1/9 of their
// rate, whose Student's t of nine degrees of freedom is 2.262; a control that does
// not vary at all is known as well as 100 independent events are, to 1.960/√100.
// Both together are √(0.25135² + 0.19600²) = 0.31874 on the logarithm of three.
func TestRateRatioOfBatchesByHand(t *testing.T) {
	t.Parallel()
	got := RateRatioBatches(rates(20, 40, 20, 40, 20, 40, 20, 40, 20, 40), rates(10, 10, 10, 10, 10, 10, 10, 10, 10, 10))
	near(t, "ratio", got.Estimate, 3, 1e-12)
	near(t, "low", got.Low, 3*math.Exp(-0.318737), 1e-5)
	near(t, "high", got.High, 3*math.Exp(0.318737), 1e-5)
	near(t, "effective size", got.Effective, 81, 1e-9) // of 300 events, as few as have a relative error of 1/9
	if got.Method != Unpaired || got.Batches != 10 {
		t.Errorf("method %q of %d batches", got.Method, got.Batches)
	}
}

// Three turns of 30, 33 and 27 events per ten journeys against 10, 12 and 8 before
// each: the relative residuals are 0, 1/30 - 1/15 = -1/30 and 1/30, their variance
// 3/2 · 2/900 = 1/300, and Student's t of two degrees of freedom is 4.303. That is
// less than what 90 and 30 independent events are known to, which has to do.
func TestRateRatioOfRepeatsByHand(t *testing.T) {
	t.Parallel()
	got := RateRatioRepeats(rates(10, 12, 8), rates(30, 33, 27))
	near(t, "ratio", got.Estimate, 3, 1e-12)
	near(t, "low", got.Low, 3*math.Exp(-1.959964*math.Sqrt(1.0/90+1.0/30)), 1e-5)
	near(t, "effective size", got.Effective, 30, 1e-9)
	much := RateRatioRepeats(rates(1000, 1200, 800), rates(3000, 3300, 2700))
	near(t, "low of many", much.Low, 3*math.Exp(-4.302653*math.Sqrt(1.0/300)), 1e-5)
	near(t, "high of many", much.High, 3*math.Exp(4.302653*math.Sqrt(1.0/300)), 1e-5)
	if got.Method != Repeated || got.Batches != 3 {
		t.Errorf("method %q of %d", got.Method, got.Batches)
	}
}

// With too few batches events are taken as independent, and that is said.
func TestFewBatchesOfRatesAreCounted(t *testing.T) {
	t.Parallel()
	seven, ten := rates(1, 9, 1, 9, 1, 9, 1), rates(2, 2, 2, 2, 2, 2, 2, 2, 2, 2)
	for name, got := range map[string]Ratio{
		"under the fault": RateRatioBatches(seven, ten), "before it": RateRatioBatches(ten, seven),
		"turns": RateRatioRepeats(seven[:2], ten[:2]), "uneven turns": RateRatioRepeats(seven, ten),
	} {
		if got.Method != Counted || got.Batches != 0 || !(got.Low < got.Estimate && got.Estimate < got.High) {
			t.Errorf("%s: %+v, want events taken as independent", name, got)
		}
	}
	if got := RateRatioBatches(seven, ten); got.Interval != rateRatio(31, 70, 20, 100) {
		t.Errorf("%+v is not what events as such tell", got)
	}
	if got := RateRatioBatches(ten, rates(0, 0, 0, 0, 0, 0, 0, 0)); got.Low != 0 || !math.IsInf(got.High, 1) || got.Method != Counted {
		t.Errorf("against nothing: %+v", got)
	}
}

// However alike batches are, no more is known than of as many independent events.
func TestEffectiveEventsAreNoMoreThanReal(t *testing.T) {
	t.Parallel()
	even := rates(10, 10, 10, 10, 10, 10, 10, 10)
	got, counted := RateRatioBatches(even, even), rateRatio(80, 80, 80, 80)
	if got.Effective != 80 || math.Abs(got.Low-counted.Low) > 1e-12 || math.Abs(got.High-counted.High) > 1e-12 {
		t.Errorf("%+v, want no less than %+v", got, counted)
	}
	if got := RateRatioRepeats(even, even); got.Effective != 80 || math.Abs(got.Low-counted.Low) > 1e-12 {
		t.Errorf("of turns %+v, want no less than %+v", got, counted)
	}
}

// A callPattern is how often a dependency is called in simulated traffic of 25 journeys a
// second, three of four of which get as far as to call it.
type callPattern struct {
	name         string
	fault, quiet world.Process // how often those try, in ticks of 100 ms
	apart        bool          // each of their calls is independent of every other
	ratio        float64       // that is true
	// promised of a minute: the bounds from batches hold the truth in so many runs at
	// the least, those of independent events at the most.
	covers, counted float64
}

func callPatterns() []callPattern {
	once := world.Level(1)
	storm := func(length, part float64) world.Process { return world.Bursts(length, part, 1, 3) }
	return []callPattern{
		{"independent", world.Level(2), once, true, 2, 0.95, 1},
		{"retries in threes", world.Level(3), once, false, 3, 0.95, 1},
		{"storms of 2 s, half of the time", storm(2, 0.5), once, false, 2, 0.92, 0.6},
		{"storms of 4 s, half of the time", storm(4, 0.5), once, false, 2, 0.9, 0.5},
		{"storms of 2 s, in both phases", storm(2, 0.5), storm(2, 0.25), false, 2 / 1.5, 0.92, 0.6},
		{"storms of 2 s, four in a minute", storm(2, 0.15), once, false, 1.3, 0.85, 0.5},
	}
}

// run simulates so many batches of calls and journeys.
func (c callPattern) run(r *rand.Rand, tries world.Process, seconds, batches int) []Rate {
	ticks := seconds * 10
	list := make([]Rate, batches)
	for i, n := range tries(r, ticks) {
		b := &list[i*batches/ticks]
		for range 2 + i%2 {
			b.Over++
			b.Events += c.calls(r, n)
		}
	}
	return list
}

// calls are how often a journey calls the dependency.
func (c callPattern) calls(r *rand.Rand, tries float64) float64 {
	const reach, parts = 0.75, 20
	if !c.apart {
		if r.Float64() < reach {
			return tries
		}
		return 0
	}
	calls := 0.0
	for range parts {
		if r.Float64() < reach*tries/parts {
			calls++
		}
	}
	return calls
}

// TestCalibrationOfRates simulates retries whose ratio is known: in
// storms of two seconds, the bounds from a minute of batches hold it in 92 % of runs
// at least, those of independent events in fewer than 60 %. Storms that are nearly as
// long as a batch, or so rare that most batches see none, are known less well.
//
//	go test ./experiments/stats -run TestCalibrationOfRates -calibrate -v
//
// prints a table of 4,000 runs each.
func TestCalibrationOfRates(t *testing.T) {
	t.Parallel()
	runs := 600
	if *calibrate {
		runs = 4000
	}
	slack := func(share float64) float64 { return 3 * math.Sqrt(share*(1-share)/float64(runs)) }
	table := newTable(t, "calls\tseconds\tratio\tbatches cover\tindependent events cover\twidth, of the ratio")
	for _, c := range callPatterns() {
		for _, seconds := range []int{20, 60, 120} {
			r := rand.New(rand.NewPCG(20261125, uint64(seconds)))
			covers, counted, width := 0.0, 0.0, 0.0
			for range runs {
				fault, quiet := c.run(r, c.fault, seconds, 10), c.run(r, c.quiet, seconds, 10)
				got, f, q := RateRatioBatches(fault, quiet), totalRate(fault), totalRate(quiet)
				covers += holds(got.Interval, c.ratio) / float64(runs)
				counted += holds(rateRatio(f.Events, f.Over, q.Events, q.Over), c.ratio) / float64(runs)
				width += (got.High - got.Low) / c.ratio / float64(runs)
			}
			table.row("%s\t%d\t%.2f\t%s\t%s\t%.2f", c.name, seconds, c.ratio, pc(covers), pc(counted), width)
			if seconds == 60 && (covers < c.covers-slack(c.covers) || counted > c.counted+slack(c.counted)+1e-9) {
				t.Errorf("%s: batches cover %s %%, want %s at least; independent events %s %%, want %s at most", c.name, pc(covers), pc(c.covers), pc(counted), pc(c.counted))
			}
		}
	}
	table.flush()
}

func holds(i Interval, truth float64) float64 {
	if i.Low <= truth && truth <= i.High {
		return 1
	}
	return 0
}

// Garwood's limits for small counts are tabulated, for example in E. S. Pearson and H. O.
// Hartley, "Biometrika Tables for Statisticians", vol. 1, table 40.
func TestPoissonLowPublished(t *testing.T) {
	t.Parallel()
	for events, want := range map[float64]float64{0: 0, 1: 0.0253, 3: 0.619, 5: 1.62, 10: 4.80, 30: 20.24, 50: 37.11} {
		if got := PoissonLow(events); math.Abs(got-want) > 0.005 {
			t.Errorf("PoissonLow(%v) = %v, want %v", events, got, want)
		}
	}
}
