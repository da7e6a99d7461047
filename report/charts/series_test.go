package charts

import (
	"strings"
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

// Where most buckets have no known percentile, those that have one say nothing of the
// stretch.
func TestUnknownPercentilesAreNotShort(t *testing.T) {
	t.Parallel()
	known, unknown, empty := result.Bucket{Journeys: 10, P95: 0.4}, result.Bucket{Journeys: 10, Harmed: 3}, result.Bucket{}
	for _, tt := range []struct {
		buckets []result.Bucket
		want    float64
	}{
		{[]result.Bucket{known, known, unknown}, 0.4},
		{[]result.Bucket{known, unknown, unknown}, 0},
		{[]result.Bucket{known, empty, empty}, 0.4},
		{[]result.Bucket{unknown}, 0},
		{[]result.Bucket{empty}, 0},
	} {
		if got := countBuckets(tt.buckets, 0, len(tt.buckets)).p95; got != tt.want {
			t.Errorf("p95 of %+v is %v, want %v", tt.buckets, got, tt.want)
		}
	}
}

// Of an arm of which few journeys ended, only the median is known: it is in the chart all
// the same, and decides how far the axis goes. The other arm keeps its name.
func TestASingleKnownPercentileIsDrawn(t *testing.T) {
	t.Parallel()
	usual := []result.Percentile{{P: 0.5, Seconds: 0.04}, {P: 0.9, Seconds: 0.05}, {P: 0.95, Seconds: 0.06}}
	for name, tt := range map[string]struct {
		fault []result.Percentile
		marks int
		axis  bool // as far as a few seconds
	}{
		"only the median": {[]result.Percentile{{P: 0.5, Seconds: 2.91}}, 4, true},
		"none":            {nil, 3, false},
		"as many":         {usual, 6, false},
	} {
		j := &result.Journey{Name: "checkout", Latency: result.Latency{Fault: tt.fault, Control: usual}}
		svg := string(Percentiles(j))
		if n := strings.Count(svg, "<circle"); n != tt.marks {
			t.Errorf("%s: %d marks, want %d", name, n, tt.marks)
		}
		if got := strings.Contains(svg, ">2 s<"); got != tt.axis {
			t.Errorf("%s: the axis has 2 s: %t", name, got)
		}
		if got := ComparedArm(j); got != "control" {
			t.Errorf("%s: compared with %q", name, got)
		}
		if got := strings.Contains(svg, "fault arm p50"); got != (len(tt.fault) > 0) {
			t.Errorf("%s: the description has the fault arm: %t", name, got)
		}
	}
}

// Stretches that begin in one second are told apart.
func TestWhenAPointStarts(t *testing.T) {
	t.Parallel()
	for from, want := range map[float64]string{0: "0:00", 0.2: "0:00.2", 0.5: "0:00.5", 1: "0:01", 62.5: "1:02.5", 2.999999: "0:02", 3.0000001: "0:03"} {
		if got := (Point{From: from}).Start(); got != want {
			t.Errorf("%g s is %s, want %s", from, got, want)
		}
	}
}
