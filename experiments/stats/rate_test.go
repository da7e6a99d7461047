package stats

import (
	"math"
	"testing"
)

// Breast cancer after fluoroscopy, Rothman's example: 41 cases in 28,010
// person-years against 15 in 19,017.
func TestRateRatioPublishedExample(t *testing.T) {
	got := RateRatio(41, 28010, 15, 19017)
	near(t, "ratio", got.Estimate, 1.86, 5e-3)
	near(t, "low", got.Low, 1.03, 5e-3)
	near(t, "high", got.High, 3.35, 5e-3)
}

func TestRateRatioOfNothing(t *testing.T) {
	for _, v := range [][4]float64{{0, 10, 5, 10}, {5, 10, 0, 10}, {5, 0, 5, 10}, {5, 10, 5, 0}} {
		if got := RateRatio(v[0], v[1], v[2], v[3]); got.Low != 0 || !math.IsInf(got.High, 1) {
			t.Errorf("RateRatio(%v) = %v, want nothing to be known", v, got)
		}
	}
}
