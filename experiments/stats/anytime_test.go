package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Whoever stops when the interval first leaves the truth stops in one of twenty
// measurements at the most; the interval for a fixed time leaves it far more often.
func TestAtAnyTimeHoldsAtEveryMoment(t *testing.T) {
	t.Parallel()
	const runs, planned = 400, 2000
	r := rand.New(rand.NewPCG(3, 4))
	widened, fixed := 0, 0
	for range runs {
		left, leftFixed := false, false
		hits := 0
		for n := 1; n <= planned; n++ {
			if r.Float64() < 0.3 {
				hits++
			}
			if n < 40 || n%10 != 0 {
				continue
			}
			i := Wilson(Count{hits, n})
			w := AtAnyTime(i, float64(n)/planned)
			left = left || w.Low > 0.3 || w.High < 0.3
			leftFixed = leftFixed || i.Low > 0.3 || i.High < 0.3
		}
		if left {
			widened++
		}
		if leftFixed {
			fixed++
		}
	}
	if widened > runs/20 {
		t.Errorf("the interval left the truth at some moment in %d of %d measurements", widened, runs)
	}
	if fixed < runs/5 {
		t.Errorf("the interval for a fixed time left it in %d only: this test shows nothing", fixed)
	}
}

// It is wider than the interval that it is made of, by a factor that the documentation
// names, and nothing is known where nothing was measured.
func TestAtAnyTimeIsWider(t *testing.T) {
	t.Parallel()
	i := Interval{0.3, 0.28, 0.33}
	for part, want := range map[float64]float64{0.5: 1.55, 0.02: 2.4, 1: 1.55} {
		w := AtAnyTime(i, part)
		low, high := (w.Estimate-w.Low)/0.02, (w.High-w.Estimate)/0.03
		if math.Abs(low-want) > 0.1 || math.Abs(high-low) > 1e-9 {
			t.Errorf("part %g: %.3f times as wide below, %.3f above, want %g", part, low, high, want)
		}
	}
	for _, part := range []float64{0, math.NaN(), -1} {
		if w := AtAnyTime(i, part); w.Low != -1 || w.High != 1 {
			t.Errorf("part %g: %+v", part, w)
		}
	}
}
