package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// The example of Benjamini and Hochberg (1995), section 4.1: fifteen p values, of which
// four are discoveries at 5 %, and three by Bonferroni.
func TestAdjustedAsPublished(t *testing.T) {
	t.Parallel()
	p := []float64{0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1}
	shuffled := slices.Clone(p)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	found := 0
	for i, q := range Adjusted(shuffled) {
		if q <= 0.05 {
			found++
			if shuffled[i] > 0.0095 {
				t.Errorf("p = %g is a discovery, adjusted %g", shuffled[i], q)
			}
		}
		if q < shuffled[i] || q > 1 {
			t.Errorf("p = %g is adjusted to %g", shuffled[i], q)
		}
	}
	if found != 4 {
		t.Errorf("%d discoveries, want 4", found)
	}
	if got := Adjusted(nil); len(got) != 0 {
		t.Errorf("of none: %v", got)
	}
}

// The tests belong to the intervals: at an end of the interval of 95 % a one-sided p value
// is 2.5 %, and at an end of that of 90 % it is 5 %, of single runs and of several.
func TestTestsBelongToIntervals(t *testing.T) {
	t.Parallel()
	run := func(e float64) Interval { return Interval{e, e - 0.01, e + 0.02} }
	for name, c := range map[string]Comparison{
		"single runs":            Compare([]Interval{run(0.05)}, []Interval{run(0.1)}),
		"several":                Compare([]Interval{run(0.03), run(0.05), run(0.08)}, []Interval{run(0.1), run(0.13)}),
		"single, with a spread":  Compare([]Interval{run(0.05)}, []Interval{run(0.1)}).WithSpread(1e-4),
		"the spread of a suite":  Compare([]Interval{run(0.05)}, []Interval{run(0.1)}).WithSpread(0),
		"single, a large spread": Compare([]Interval{run(0.05)}, []Interval{run(0.1)}).WithSpread(1e-2),
	} {
		if low, high := c.AtMost(c.Low), c.AtLeast(c.High); math.Abs(low-0.025) > 1e-6 || math.Abs(high-0.025) > 1e-6 {
			t.Errorf("%s: p = %g and %g at the ends of %+v, want 0.025", name, low, high, c.Interval)
		}
		e := c.Equivalence()
		if low, high := c.AtMost(e.Low), c.AtLeast(e.High); math.Abs(low-0.05) > 1e-6 || math.Abs(high-0.05) > 1e-6 {
			t.Errorf("%s: p = %g and %g at the ends of %+v, want 0.05", name, low, high, e)
		}
		margin := max(-e.Low, e.High)
		if within, without := c.Within(margin*1.01), c.Within(margin*0.99); within > EquivalenceLevel || without < EquivalenceLevel {
			t.Errorf("%s: p = %g just within and %g just not", name, within, without)
		}
	}
}

// What is called unseen is seen with the power that is promised.
func TestDetectable(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	const margin, level, n = 0.02, 0.001, 4000
	base := Interval{0.1, 0.09, 0.11}
	size := Compare([]Interval{base}, []Interval{base}).Detectable(margin, level)
	seen := 0
	for range n {
		noise := func() float64 { return 0.01 / z95 * r.NormFloat64() }
		b, h := 0.1+noise(), 0.1+size+noise()
		if Compare([]Interval{{b, b - 0.01, b + 0.01}}, []Interval{{h, h - 0.01, h + 0.01}}).AtMost(margin) <= level {
			seen++
		}
	}
	if got := float64(seen) / n; math.Abs(got-Power) > 0.03 {
		t.Errorf("%.4f is seen in %.1f %%, want %.0f %%", size, 100*got, 100*Power)
	}
}

// A suite tells the spread of its runs, and what really changed does not enlarge it.
func TestRunToRunIsLearnt(t *testing.T) {
	t.Parallel()
	const se = 0.006
	draw := func(r *rand.Rand, n, runs int, sd float64, change func(i int) float64) (list []Comparison) {
		for i := range n {
			side := func(truth float64) (list []Interval) {
				for range runs {
					e := truth + sd*r.NormFloat64() + se*r.NormFloat64()
					list = append(list, Interval{e, e - z95*se, e + z95*se})
				}
				return list
			}
			list = append(list, Compare(side(0.3), side(0.3+change(i))))
		}
		return list
	}
	none := func(int) float64 { return 0 }
	for name, tt := range map[string]struct {
		n, runs     int
		sd          float64
		change      func(i int) float64
		least, most float64 // of the mean of what is learnt, as a standard deviation
		known       float64 // in at least this share
	}{
		"nothing varies":             {60, 1, 0, none, 0, 0.003, 1},
		"by a point":                 {60, 1, 0.01, none, 0.008, 0.012, 1},
		"by three points":            {60, 1, 0.03, none, 0.025, 0.035, 1},
		"by a point, three runs":     {60, 3, 0.01, none, 0.009, 0.012, 1},
		"a third is worse by twenty": {60, 1, 0.01, func(i int) float64 { return map[bool]float64{true: 0.2}[i%3 == 0] }, 0.006, 0.02, 1},
		"half is worse by twenty":    {60, 1, 0.01, func(i int) float64 { return map[bool]float64{true: 0.2}[i%2 == 0] }, 0.006, 0.014, 1},
		"half is better by twenty":   {60, 1, 0.01, func(i int) float64 { return map[bool]float64{true: -0.2}[i%2 == 0] }, 0.006, 0.014, 1},
		"three quarters are worse":   {60, 1, 0.01, func(i int) float64 { return map[bool]float64{true: 0.2}[i%4 != 0] }, 0, 0.016, 0.5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(5, uint64(len(name))))
			const times = 100
			sum, known := 0.0, 0.0
			for range times {
				v, ok := RunToRun(draw(r, tt.n, tt.runs, tt.sd, tt.change))
				if ok {
					sum, known = sum+math.Sqrt(v), known+1
				}
			}
			if mean := sum / known; known < tt.known*times || !(mean >= tt.least && mean <= tt.most) {
				t.Errorf("known in %g of %d, mean %.4f; want %g to %g", known, times, mean, tt.least, tt.most)
			}
		})
	}
	r := rand.New(rand.NewPCG(6, 6))
	for name, list := range map[string][]Comparison{
		"none":                       nil,
		"few":                        draw(r, 2*leastPerSide-1, 1, 0.01, none),
		"all are worse":              draw(r, 60, 1, 0.01, func(int) float64 { return 0.2 }),
		"one experiment in two runs": draw(r, 1, 2, 0.01, none),
	} {
		if v, known := RunToRun(list); known {
			t.Errorf("%s: %g, want nothing to be known", name, v)
		}
	}
}
