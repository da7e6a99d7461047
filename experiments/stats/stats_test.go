package stats

import (
	"fmt"
	"math"
	"testing"
)

// The examples of Newcombe (1998), table II, method 10.
func TestNewcombePublishedExamples(t *testing.T) {
	t.Parallel()
	tests := []struct {
		a, b      Count
		low, high float64
	}{
		{Count{56, 70}, Count{48, 80}, 0.0524, 0.3339},
		{Count{9, 10}, Count{3, 10}, 0.1705, 0.8090},
		{Count{6, 7}, Count{2, 7}, 0.0582, 0.8062},
		{Count{5, 56}, Count{0, 29}, -0.0381, 0.1926},
		{Count{0, 10}, Count{0, 20}, -0.1611, 0.2775},
		{Count{0, 10}, Count{0, 10}, -0.2775, 0.2775},
		{Count{10, 10}, Count{0, 20}, 0.6791, 1},
		{Count{10, 10}, Count{0, 10}, 0.6075, 1},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.a, tt.b), func(t *testing.T) {
			got := Newcombe(tt.a, tt.b)
			if math.Abs(got.Low-tt.low) > 5e-5 || math.Abs(got.High-tt.high) > 5e-5 {
				t.Errorf("Newcombe(%v, %v) = %.4f to %.4f, want %.4f to %.4f", tt.a, tt.b, got.Low, got.High, tt.low, tt.high)
			}
			if got.Estimate != tt.a.Share()-tt.b.Share() {
				t.Errorf("estimate %v is not the difference of the shares", got.Estimate)
			}
		})
	}
}

// The examples of Newcombe, "Two-sided confidence intervals for the single
// proportion", Statistics in Medicine 17 (1998), 857-872, table I, method 3.
func TestWilsonPublishedExamples(t *testing.T) {
	t.Parallel()
	tests := []struct {
		c         Count
		low, high float64
	}{
		{Count{81, 263}, 0.2553, 0.3662},
		{Count{15, 148}, 0.0624, 0.1605},
		{Count{0, 20}, 0, 0.1611},
		{Count{1, 29}, 0.0061, 0.1718},
	}
	for _, tt := range tests {
		got := Wilson(tt.c)
		if math.Abs(got.Low-tt.low) > 5e-5 || math.Abs(got.High-tt.high) > 5e-5 {
			t.Errorf("Wilson(%v) = %.4f to %.4f, want %.4f to %.4f", tt.c, got.Low, got.High, tt.low, tt.high)
		}
	}
}

func TestEmptyCountsKnowNothing(t *testing.T) {
	t.Parallel()
	if got := Wilson(Count{}); got != (Interval{0, 0, 1}) {
		t.Errorf("Wilson of nothing = %v", got)
	}
	if got := Newcombe(Count{3, 10}, Count{}); got.Low != -1 || got.High != 1 {
		t.Errorf("Newcombe against nothing = %v, want -1 to 1", got)
	}
}

func TestIntervalsHoldTheirEstimate(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 60; n++ {
		for k := 0; k <= n; k++ {
			w := Wilson(Count{k, n})
			if w.Low > w.Estimate || w.High < w.Estimate || w.Low < 0 || w.High > 1 {
				t.Fatalf("Wilson(%d of %d) = %v", k, n, w)
			}
			d := Newcombe(Count{k, n}, Count{n - k, n})
			if d.Low > d.Estimate || d.High < d.Estimate || d.Low < -1 || d.High > 1 {
				t.Fatalf("Newcombe(%d, %d of %d) = %v", k, n-k, n, d)
			}
		}
	}
}

func TestQuantileIsNearestRank(t *testing.T) {
	t.Parallel()
	v := []int{15, 20, 35, 40, 50}
	for q, want := range map[float64]int{0: 15, 0.05: 15, 0.3: 20, 0.4: 20, 0.5: 35, 1: 50} {
		if got := quantile(v, q); got != want {
			t.Errorf("quantile(%v) = %d, want %d", q, got, want)
		}
	}
	if got := quantile([]float64{}, 0.5); got != 0 {
		t.Errorf("Quantile of nothing = %v", got)
	}
}
