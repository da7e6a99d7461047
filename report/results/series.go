package results

import (
	"slices"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// Count and Harm are cells of the table of a chart's data.
func (t tallied) Count() string { return figures.Count(t.journeys) }

func (t tallied) Harm() string {
	if t.journeys == 0 {
		return "–"
	}
	return figures.Percent(t.share())
}

func speed(t tallied) string {
	if t.p95 == 0 {
		return "–"
	}
	return figures.Latency(t.p95)
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

// maxPoints bounds a line in a chart: more cannot be told apart on a page.
const maxPoints = 50

// A point is one stretch of a series, as long as it takes to have at most
// maxPoints of them.
type point struct {
	from, to       float64 // seconds since the experiment's start
	fault, control tallied
}

type tallied struct {
	journeys, harmed int
	p95              float64 // the median of the buckets' 95th percentiles; 0 if no journey was completed
}

func (t tallied) share() float64 { return figures.Share(t.harmed, t.journeys) }

// interval is that of the share, as if journeys were independent.
func (t tallied) interval() stats.Interval {
	return stats.Wilson(stats.Count{Hits: t.harmed, N: t.journeys})
}

// points cuts a series into few stretches. Harm is added up; percentiles cannot
// be, so their median stands for them.
func seriesPoints(s result.Series) []point {
	n := max(len(s.Fault), len(s.Control))
	step := max(1, (n+maxPoints-1)/maxPoints)
	var list []point
	for i := 0; i < n; i += step {
		end := min(i+step, n)
		list = append(list, point{
			from: float64(i) * s.Bucket, to: float64(end) * s.Bucket,
			fault: tallyUp(s.Fault, i, end), control: tallyUp(s.Control, i, end),
		})
	}
	return list
}

func tallyUp(buckets []result.Bucket, from, to int) tallied {
	var t tallied
	var p95 []float64
	for _, b := range buckets[min(from, len(buckets)):min(to, len(buckets))] {
		t.journeys += b.Journeys
		t.harmed += b.Harmed
		if b.P95 > 0 {
			p95 = append(p95, b.P95)
		}
	}
	t.p95 = median(p95)
	return t
}
