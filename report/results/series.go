package results

import (
	"slices"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// maxPoints bounds a curve in a chart: more cannot be told apart on a page.
const maxPoints = 50

// A seriesPoint is one stretch of a series. Stretches are as long as it takes to
// have at most maxPoints of them.
type seriesPoint struct {
	from, to       float64 // seconds since the experiment's start
	fault, control armCounts
}

// middle is the second in the middle of the stretch.
func (p seriesPoint) middle() float64 { return (p.from + p.to) / 2 }

// armCounts are what one arm met in a stretch.
type armCounts struct {
	journeys, harmed int
	p95              float64 // seconds: the median of the buckets' 95th percentiles; 0 if no journey was completed
}

// share is the share of journeys that were harmed.
func (c armCounts) share() float64 { return figures.Share(c.harmed, c.journeys) }

// interval is the interval of the share, as if journeys were independent.
func (c armCounts) interval() stats.Interval {
	return stats.Wilson(stats.Count{Hits: c.harmed, N: c.journeys})
}

// Count writes the journeys in the table of a chart's data.
func (c armCounts) Count() string { return figures.Count(c.journeys) }

// Harm writes the share in the table of a chart's data.
func (c armCounts) Harm() string {
	if c.journeys == 0 {
		return "–"
	}
	return figures.Percent(c.share())
}

// P95 writes the 95th percentile in the table of a chart's data.
func (c armCounts) P95() string {
	if c.p95 == 0 {
		return "–"
	}
	return figures.Latency(c.p95)
}

// seriesPoints cuts a series into few stretches. It adds up harm. Percentiles cannot
// be added up, so their median stands for them.
func seriesPoints(s result.Series) []seriesPoint {
	n := max(len(s.Fault), len(s.Control))
	step := max(1, (n+maxPoints-1)/maxPoints)
	var list []seriesPoint
	for i := 0; i < n; i += step {
		end := min(i+step, n)
		list = append(list, seriesPoint{
			from: float64(i) * s.Bucket, to: float64(end) * s.Bucket,
			fault: countBuckets(s.Fault, i, end), control: countBuckets(s.Control, i, end),
		})
	}
	return list
}

// countBuckets adds up the buckets of an arm that lie in a stretch.
func countBuckets(buckets []result.Bucket, from, to int) armCounts {
	var c armCounts
	var p95 []float64
	for _, b := range buckets[min(from, len(buckets)):min(to, len(buckets))] {
		c.journeys += b.Journeys
		c.harmed += b.Harmed
		if b.P95 > 0 {
			p95 = append(p95, b.P95)
		}
	}
	c.p95 = median(p95)
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
