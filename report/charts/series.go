// Package charts draws what was met: harm and speed over time, percentiles of durations, blast
// radii on a common scale, and harm by the latency or the value that was tried.
package charts

import (
	"math"
	"slices"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// maxPoints bounds a curve in a chart: more cannot be told apart on a page.
const maxPoints = 50

// A Point is one stretch of a series. Stretches are as long as it takes to
// have at most maxPoints of them.
type Point struct {
	From, To       float64 // seconds since the experiment's start
	Fault, Control Counts
}

// Start writes when a stretch begins: 1:05, or 0:00.5 where that is no whole second, so
// that two which begin in one second can be told apart.
func (p Point) Start() string {
	text := figures.Stopwatch(p.From)
	if _, part := math.Modf(p.From); part > 0.05 && part < 0.95 {
		text += figures.Fixed(part, 1)[1:]
	}
	return text
}

// Counts are what one arm met in a stretch.
type Counts struct {
	journeys, harmed int
	p95              float64 // seconds: the median of the buckets' 95th percentiles; 0 if too few journeys completed
}

// share is the share of journeys that were harmed.
func (c Counts) share() float64 { return figures.Share(c.harmed, c.journeys) }

// interval is the interval of the share, as if journeys were independent.
func (c Counts) interval() stats.Interval {
	return stats.Wilson(stats.Count{Hits: c.harmed, N: c.journeys})
}

// Count writes the journeys in the table of a chart's data.
func (c Counts) Count() string { return figures.Count(c.journeys) }

// Harm writes the share in the table of a chart's data.
func (c Counts) Harm() string {
	if c.journeys == 0 {
		return "–"
	}
	return figures.Percent(c.share())
}

// P95 writes the 95th percentile in the table of a chart's data.
func (c Counts) P95() string {
	if c.p95 == 0 {
		return "–"
	}
	return figures.Latency(c.p95)
}

// Points cuts a series into few stretches. It adds up harm. Percentiles cannot
// be added up, so their median stands for them.
func Points(s result.Series) []Point {
	n := max(withJourneys(s.Fault), withJourneys(s.Control))
	step := max(1, (n+maxPoints-1)/maxPoints)
	var list []Point
	for i := 0; i < n; i += step {
		end := min(i+step, n)
		list = append(list, Point{
			From: bucketStart(s, i), To: bucketStart(s, end),
			Fault: countBuckets(s.Fault, i, end), Control: countBuckets(s.Control, i, end),
		})
	}
	return list
}

// withJourneys is how many buckets there are up to the last that has journeys.
func withJourneys(list []result.Bucket) int {
	for len(list) > 0 && list[len(list)-1].Journeys == 0 {
		list = list[:len(list)-1]
	}
	return len(list)
}

// bucketStart is when a bucket begins, in seconds since the start of the experiment.
func bucketStart(s result.Series, i int) float64 {
	if i == 0 || s.First <= 0 || s.First >= s.Bucket {
		return float64(i) * s.Bucket
	}
	return s.First + float64(i-1)*s.Bucket
}

// countBuckets adds up the buckets of an arm that lie in a stretch.
func countBuckets(buckets []result.Bucket, from, to int) Counts {
	var c Counts
	var p95 []float64
	for _, b := range buckets[min(from, len(buckets)):min(to, len(buckets))] {
		c.journeys += b.Journeys
		c.harmed += b.Harmed
		switch {
		case b.P95 > 0:
			p95 = append(p95, b.P95)
		case b.Journeys > 0: // longer than what completed
			p95 = append(p95, math.Inf(1))
		}
	}
	if m := median(p95); !math.IsInf(m, 1) {
		c.p95 = m
	}
	return c
}

// median is 0 for no numbers.
func median(list []float64) float64 {
	if len(list) == 0 {
		return 0
	}
	list = slices.Sorted(slices.Values(list))
	half := len(list) / 2
	if len(list)%2 == 1 {
		return list[half]
	}
	return (list[half-1] + list[half]) / 2
}
