package charts

import (
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// Points add up to their series, whatever its length.
func TestSeriesPoints(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 59, 60, 61, 240, 1000} {
		var s result.Series
		s.Bucket = 2
		for i := range n {
			s.Fault = append(s.Fault, result.Bucket{Journeys: 3, Harmed: i % 3, P95: float64(i)})
		}
		s.Control = s.Fault[:n/2] // the control ended earlier
		list := Points(s)
		if len(list) > maxPoints {
			t.Errorf("%d buckets give %d points, want at most %d", n, len(list), maxPoints)
		}
		var journeys, control int
		end := 0.0
		for _, p := range list {
			if p.From != end {
				t.Errorf("%d buckets: a point starts at %g, want %g", n, p.From, end)
			}
			end = p.To
			journeys += p.Fault.journeys
			control += p.Control.journeys
		}
		if journeys != 3*n || control != 3*(n/2) || end != float64(2*n) {
			t.Errorf("%d buckets: %d and %d journeys to %g s, want %d and %d to %d s", n, journeys, control, end, 3*n, 3*(n/2), 2*n)
		}
	}
}
