package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestComparisonOfSingleRuns(t *testing.T) {
	t.Parallel()
	base := Interval{0.015, 0.008, 0.023}
	head := Interval{0.060, 0.049, 0.072}
	got := Compare([]Interval{base}, []Interval{head})
	want := Minus(head, base)
	if got.Interval != want || got.Repeated || got.Drift != 0 {
		t.Errorf("Compare() = %+v, want %+v and nothing about drift", got, want)
	}
	if got.Base != base || got.Head != head {
		t.Errorf("sides %+v and %+v are not their runs", got.Base, got.Head)
	}
}

func TestComparisonOfSeveralRuns(t *testing.T) {
	t.Parallel()
	run := func(e float64) Interval { return Interval{e, e - 0.01, e + 0.01} }
	alike := Compare([]Interval{run(0.03), run(0.03), run(0.03)}, []Interval{run(0.08), run(0.08), run(0.08)})
	if want := 0.01 * math.Sqrt(2.0/3); math.Abs(alike.High-0.05-want) > 1e-9 || alike.Drift != 0 {
		t.Errorf("runs that do not differ: %+v, want ± %.4f from their own intervals", alike, want)
	}
	apart := Compare([]Interval{run(0.01), run(0.03), run(0.05)}, []Interval{run(0.06), run(0.08), run(0.10)})
	if apart.Low > 0.05-0.04 || apart.Drift < 0.015 || !apart.Repeated {
		t.Errorf("runs that differ by two points: %+v, want a lower end near 0.5 points and their drift", apart)
	}
	one := Compare([]Interval{run(0.01), run(0.03), run(0.05)}, []Interval{run(0.08)})
	if one.High-one.Low <= apart.High-apart.Low {
		t.Errorf("one run of head is known better (%+v) than three (%+v)", one.Interval, apart.Interval)
	}
}

// A bound of a confidence sequence may lie on the wrong side of the mean.
func TestComparisonOfBoundsBesideTheEstimate(t *testing.T) {
	t.Parallel()
	got := Compare([]Interval{{0, 0, 0}}, []Interval{{0.3, 0.31, 0.5}})
	if got.Low > got.Estimate || math.IsNaN(got.Low) || got.High < got.Estimate {
		t.Errorf("Compare() = %+v: the estimate is not within", got.Interval)
	}
}

// Two sides with a true difference, run by run drifting by sd points: how often
// does the interval hold it? To print the table:
//
//	go test ./experiments/stats -run TestComparisonCovers -calibrate -v
func TestComparisonCovers(t *testing.T) {
	t.Parallel()
	times := 400
	if *calibrate {
		times = 20_000
	}
	for _, tt := range []struct {
		name       string
		base, head int     // runs
		b, h       float64 // true shares harmed in the fault arms
		sd         float64 // from run to run
		least      float64 // is covered at least so often
	}{
		{"one each, no drift", 1, 1, 0.05, 0.10, 0, 0.935},
		{"one each, rare harm", 1, 1, 0.002, 0.004, 0, 0.935},
		{"three each, no drift", 3, 3, 0.05, 0.10, 0, 0.935},
		{"two each, drift", 2, 2, 0.10, 0.15, 0.02, 0.935},
		{"three each, drift", 3, 3, 0.10, 0.15, 0.02, 0.935},
		{"five each, drift", 5, 5, 0.10, 0.15, 0.02, 0.935},
		{"five against one, drift", 5, 1, 0.10, 0.15, 0.02, 0.935},
		{"five against one, harm and its chance in head only", 5, 1, 0.02, 0.30, 0.01, 0.92},
		{"one against three, drift", 1, 3, 0.10, 0.15, 0.02, 0.935},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(1, uint64(len(tt.name))))
			side := func(n int, share float64) []Interval {
				runs := make([]Interval, n)
				for i := range runs {
					p := min(1, max(0, share+tt.sd*r.NormFloat64()))
					runs[i] = Newcombe(draw(r, 500, p), draw(r, 500, 0.005))
				}
				return runs
			}
			held := 0
			for range times {
				c := Compare(side(tt.base, tt.b), side(tt.head, tt.h))
				if d := tt.h - tt.b; c.Low <= d && d <= c.High {
					held++
				}
			}
			got := float64(held) / float64(times)
			t.Logf("%.1f %% of %d", 100*got, times)
			slack := 3 * math.Sqrt(tt.least*(1-tt.least)/float64(times))
			if got < tt.least-slack {
				t.Errorf("the interval holds the truth in %.1f %% of %d comparisons, want at least %.1f %%", 100*got, times, 100*tt.least)
			}
		})
	}
}

func draw(r *rand.Rand, n int, p float64) Count {
	c := Count{N: n}
	for range n {
		if r.Float64() < p {
			c.Hits++
		}
	}
	return c
}
