package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func lifetimes(ended, givenUp []int64) *Lifetimes {
	l := &Lifetimes{}
	for _, v := range ended {
		l.Ended.Add(v)
	}
	for _, v := range givenUp {
		l.GivenUp.Add(v)
	}
	return l
}

func (l *Lifetimes) survival() *Survival { return NewSurvival(l.Ended.All(), l.GivenUp.All()) }

// remissions are the weeks of remission under 6-MP in E. J. Freireich and others, "The
// effect of 6-mercaptopurine on the duration of steroid-induced remissions in acute
// leukemia", Blood 21 (1963), the textbook example of the estimator.
func remissions() *Lifetimes {
	return lifetimes([]int64{6, 6, 6, 7, 10, 13, 16, 22, 23}, []int64{6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35})
}

// The shares and Greenwood's standard errors stand in D. G. Kleinbaum and M. Klein,
// "Survival Analysis", and in the manuals of most packages.
func TestSurvivalPublished(t *testing.T) {
	t.Parallel()
	s := remissions().survival()
	for _, tt := range []struct {
		at           int64
		rest, spread float64
	}{{6, 0.8571, 0.0764}, {7, 0.8067, 0.0869}, {10, 0.7529, 0.0963}, {13, 0.6902, 0.1068}, {16, 0.6275, 0.1141}, {22, 0.5378, 0.1282}, {23, 0.4482, 0.1346}} {
		if got := 1 - s.Share(tt.at); math.Abs(got-tt.rest) > 1e-4 {
			t.Errorf("%.4f are left after %d, want %.4f", got, tt.at, tt.rest)
		}
		i := slices.IndexFunc(s.points, func(p survivalPoint) bool { return p.at == tt.at })
		if got := (1 - s.points[i].share) * math.Sqrt(s.points[i].spread); math.Abs(got-tt.spread) > 1e-4 {
			t.Errorf("standard error %.4f after %d, want %.4f", got, tt.at, tt.spread)
		}
	}
	if s.Share(5) != 0 || s.Share(100) != s.Share(23) {
		t.Errorf("shares %v and %v outside of all", s.Share(5), s.Share(100))
	}
}

// Nine of 21 ended, so a quarter is known and a half is not, although the estimator has
// a median: those that were given up may have been the slowest.
func TestNoQuantileAboveWhatEnded(t *testing.T) {
	t.Parallel()
	s := remissions().survival()
	for q, want := range map[float64]int64{0.1: 6, 0.15: 7, 0.25: 13, 0.35: 16, 0.42: 22} {
		if got, ok := s.Quantile(q); got != want || !ok {
			t.Errorf("Quantile(%v) = %d, %v, want %d", q, got, ok, want)
		}
	}
	for _, q := range []float64{0.43, 0.5, 0.95, 1} {
		if got, ok := s.Quantile(q); ok {
			t.Errorf("Quantile(%v) = %d, of which nothing is known", q, got)
		}
	}
	if got := s.Known(); math.Abs(got-9.0/21) > 1e-12 {
		t.Errorf("Known() = %v", got)
	}
	none := lifetimes(nil, []int64{1, 2}).survival()
	if _, ok := none.Quantile(0.1); ok || none.Known() != 0 {
		t.Error("a quantile of what never ended")
	}
}

// Worked by hand. Ten that end at 1 to 6 and go on to 10: six of ten are known, and as
// all were given up later, the quantiles are those of all ten.
func TestWhatHangsIsSlow(t *testing.T) {
	t.Parallel()
	s := lifetimes([]int64{1, 2, 3, 4, 5, 6}, []int64{10, 10, 10, 10}).survival()
	for q, want := range map[float64]int64{0.1: 1, 0.3: 3, 0.5: 5, 0.6: 6} {
		if got, ok := s.Quantile(q); got != want || !ok {
			t.Errorf("Quantile(%v) = %d, %v, want %d", q, got, ok, want)
		}
	}
	if _, ok := s.Quantile(0.61); ok {
		t.Error("a quantile of those that hang")
	}
}

// Where all ended, quantiles and bounds are those of order statistics.
func TestSurvivalOfAllIsOrderStatistics(t *testing.T) {
	t.Parallel()
	for _, n := range []int{6, 10, 37, 400, 1999} {
		l := &Lifetimes{}
		for v := range int64(n) {
			l.Ended.Add(v + 1)
		}
		s := l.survival()
		for _, q := range []float64{0.05, 0.5, 0.9, 0.95, 0.99} {
			if got, ok := s.Quantile(q); !ok || got != int64(Rank(q, n)) {
				t.Errorf("Quantile(%v) of %d = %d, want %d", q, n, got, Rank(q, n))
			}
			low, high, want := QuantileRanks(n, q)
			l, h, ok := s.QuantileBounds(q)
			if ok != want || ok && (l != int64(low) || h != int64(high)) {
				t.Errorf("bounds of %v of %d: %d to %d, %v; want %d to %d, %v", q, n, l, h, ok, low, high, want)
			}
		}
		if got, ok := s.Quantile(1); !ok || got != int64(n) {
			t.Errorf("the largest of %d is %d, %v", n, got, ok)
		}
	}
}

// Bounds hold the truth where some are given up at any time.
func TestSurvivalBoundsCover(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 9))
	const runs, median = 1500, 1000 * math.Ln2
	covered, known := 0, 0
	for range runs {
		l := &Lifetimes{}
		for range 120 {
			took, patience := 1000*r.ExpFloat64(), 3000*r.ExpFloat64()
			if took <= patience {
				l.Ended.Add(int64(took))
			} else {
				l.GivenUp.Add(int64(patience))
			}
		}
		low, high, ok := l.survival().QuantileBounds(0.5)
		if !ok {
			continue
		}
		known++
		if float64(low) <= median && median <= float64(high)+1 {
			covered++
		}
	}
	if share := float64(covered) / float64(known); known < runs*9/10 || share < 0.94 || share > 0.985 {
		t.Errorf("bounds in %d of %d runs hold the median in %.1f %%", known, runs, 100*share)
	}
}

// The quantile of a resample is that of its values, also with what was given up.
func TestPoolIsSurvival(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(8, 8))
	for range 200 {
		batches := make([]Lifetimes, 1+r.IntN(5))
		times := make([]int, len(batches))
		var all Lifetimes
		for b := range batches {
			times[b] = r.IntN(3)
			for range 1 + r.IntN(12) {
				v, given := r.Int64N(30), r.IntN(4) == 0
				for k := range 1 + times[b] {
					into := &batches[b]
					if k > 0 {
						into = &all
					}
					if given {
						into.GivenUp.Add(v)
					} else {
						into.Ended.Add(v)
					}
				}
			}
		}
		q := 0.05 + 0.9*r.Float64()
		got, ok := newPool(batches).quantile(times, q)
		want, known := all.survival().Quantile(q)
		if ok != known || int64(got) != want {
			t.Fatalf("quantile %v of %v drawn %v times is %v, %v; want %v, %v", q, batches, times, got, ok, want, known)
		}
	}
}

// Where a third hangs there is no ratio of a far quantile, and that of the median counts
// those that hang.
func TestQuantileRatioWithWhatHangs(t *testing.T) {
	t.Parallel()
	control, fault := sketches(10, 20, 30, 40, 50, 60, 70, 80, 90), sketches(10, 20, 30, 40, 50, 60)
	for i := range fault {
		for range 3 {
			fault[i].GivenUp.Add(1000)
		}
	}
	for q, want := range map[float64]float64{0.1: 1, 0.5: 1, 0.65: 1, 0.7: 0, 0.95: 0} {
		got, ok := QuantileRatio(fault, control, true, q, rand.New(rand.NewPCG(1, 1)))
		if ok != (want > 0) || ok && got.Estimate != want {
			t.Errorf("ratio of quantile %v: %v, %v", q, got, ok)
		}
	}
	if _, ok := QuantileRatio(control, fault, true, 0.7, rand.New(rand.NewPCG(1, 1))); ok {
		t.Error("a ratio to what is not known")
	}
}
