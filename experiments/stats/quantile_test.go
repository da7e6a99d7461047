package stats

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// The ranks for a median are the critical values of the sign test, which are
// tabulated, for example in Conover (1999), table A3.
func TestQuantileRanksPublished(t *testing.T) {
	t.Parallel()
	tests := []struct {
		n         int
		q         float64
		low, high int
	}{
		{6, 0.5, 1, 6}, {8, 0.5, 1, 8}, {9, 0.5, 2, 8}, {10, 0.5, 2, 9}, {12, 0.5, 3, 10}, {15, 0.5, 4, 12},
		{20, 0.5, 6, 15}, {25, 0.5, 8, 18}, {30, 0.5, 10, 21}, {50, 0.5, 18, 33}, {100, 0.5, 40, 61},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.n), func(t *testing.T) {
			low, high, ok := QuantileRanks(tt.n, tt.q)
			if low != tt.low || high != tt.high || !ok {
				t.Errorf("QuantileRanks(%d, %v) = %d, %d, %v; want %d, %d", tt.n, tt.q, low, high, ok, tt.low, tt.high)
			}
		})
	}
}

// It takes 1 − 0.975^(1/n) < q < 0.975^(1/n): 6 values for a median, 146 for the
// 97.5th percentile of both sides together, 368 for the 99th.
func TestFewValuesSayNothingOfAFarQuantile(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		n    int
		q    float64
		want bool
	}{{5, 0.5, false}, {6, 0.5, true}, {367, 0.99, false}, {368, 0.99, true}, {71, 0.95, false}, {72, 0.95, true}, {0, 0.5, false}, {9, 1, false}} {
		if _, _, ok := QuantileRanks(tt.n, tt.q); ok != tt.want {
			t.Errorf("QuantileRanks(%d, %v) is %v, want %v", tt.n, tt.q, ok, tt.want)
		}
	}
}

func TestQuantileRanksCoverAndAreNoWiderThanNeeded(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 7))
	for _, tt := range []struct {
		n int
		q float64
	}{{40, 0.5}, {200, 0.9}, {800, 0.99}} {
		low, high, _ := QuantileRanks(tt.n, tt.q)
		const runs = 4000
		covered := 0
		for range runs {
			below := 0 // values below the quantile of a uniform distribution, q itself
			for range tt.n {
				if r.Float64() < tt.q {
					below++
				}
			}
			if low <= below && below < high {
				covered++
			}
		}
		if share := float64(covered) / runs; share < 0.945 || share > 0.985 {
			t.Errorf("%d values, quantile %v: ranks %d and %d hold it in %.1f %% of runs", tt.n, tt.q, low, high, 100*share)
		}
	}
}

// sketches are ten batches, each of these values.
func sketches(values ...int64) []Lifetimes {
	list := make([]Lifetimes, 10)
	for i := range list {
		for _, v := range values {
			list[i].Ended.Add(v)
		}
	}
	return list
}

func TestQuantileRatioOfEqualBatchesIsExact(t *testing.T) {
	t.Parallel()
	for _, together := range []bool{true, false} {
		got, ok := QuantileRatio(sketches(10, 20, 30), sketches(4, 5, 6), together, 0.5, rand.New(rand.NewPCG(1, 1)))
		if !ok || got != (Interval{4, 4, 4}) {
			t.Errorf("QuantileRatio() = %v, %v; want exactly 4: every resample is the same", got, ok)
		}
	}
}

func TestQuantileRatioNeedsBatches(t *testing.T) {
	t.Parallel()
	fault, control := sketches(1), sketches(1)
	fault[3], control[4], fault[5] = Lifetimes{}, Lifetimes{}, Lifetimes{}
	if _, ok := QuantileRatio(fault, control, true, 0.5, rand.New(rand.NewPCG(1, 1))); ok {
		t.Error("seven batches with values in both arms made an interval")
	}
	if _, ok := QuantileRatio(fault, control, false, 0.5, rand.New(rand.NewPCG(1, 1))); !ok {
		t.Error("eight batches of one arm and nine of the other made none")
	}
	if _, ok := QuantileRatio(sketches(1), sketches(0), true, 0.5, rand.New(rand.NewPCG(1, 1))); ok {
		t.Error("a ratio to nothing is not a ratio")
	}
}

// Slow moments that last seconds, shared by both arms or of each one's own: the true
// ratio of the medians is 1.5.
//
//	go test ./experiments/stats -run QuantileRatioCovers -calibrate -v
func TestQuantileRatioCovers(t *testing.T) {
	t.Parallel()
	runs := 150
	if *calibrate {
		runs = 2000
	}
	results := newTable(t, "batches\tdrawn together\tholds the true ratio\tmedian width")
	for _, n := range []int{8, 10, 20} {
		for _, together := range []bool{true, false} {
			r := rand.New(rand.NewPCG(11, 5))
			covered := 0
			var widths []float64
			for range runs {
				fault, control := make([]Lifetimes, n), make([]Lifetimes, n)
				for i := range n {
					slow := 1 + 0.3*r.ExpFloat64()
					for range 25 {
						fault[i].Ended.Add(int64(1e6 * 1.5 * slow * (1 + 0.2*r.ExpFloat64())))
					}
					if !together {
						slow = 1 + 0.3*r.ExpFloat64()
					}
					for range 25 {
						control[i].Ended.Add(int64(1e6 * slow * (1 + 0.2*r.ExpFloat64())))
					}
				}
				got, ok := QuantileRatio(fault, control, together, 0.5, r)
				if ok && got.Low <= 1.5 && 1.5 <= got.High {
					covered++
				}
				widths = append(widths, got.High-got.Low)
			}
			slices.Sort(widths)
			share := float64(covered) / float64(runs)
			results.row("%d\t%v\t%.1f %%\t%.2f", n, together, 100*share, quantile(widths, 0.5))
			if share < 0.91 {
				t.Errorf("%d batches, together %v: the interval holds the true ratio in %.0f %% of runs, want about 95", n, together, 100*share)
			}
		}
	}
	results.flush()
}

func TestTheSameSeedGivesTheSameRatio(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 9))
	fault, control := make([]Lifetimes, 12), make([]Lifetimes, 12)
	for i := range fault {
		for range 9 {
			fault[i].Ended.Add(int64(1e6 * r.ExpFloat64()))
			control[i].Ended.Add(int64(1e6 * r.ExpFloat64()))
		}
	}
	a, _ := QuantileRatio(fault, control, true, 0.9, rand.New(rand.NewPCG(1, 2)))
	b, _ := QuantileRatio(fault, control, true, 0.9, rand.New(rand.NewPCG(1, 2)))
	if a != b || a.Low >= a.High {
		t.Errorf("%v and %v", a, b)
	}
}
