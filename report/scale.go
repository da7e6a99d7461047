package report

import (
	"math"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

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

func (t tallied) share() float64 { return share(t.harmed, t.journeys) }

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

// An axis runs from 0 to top in equal steps.
type axis struct {
	step float64
	n    int
}

func (a axis) top() float64 { return a.step * float64(a.n) }

// axisFor covers 0 to most in at most four round steps.
func axisFor(most float64) axis {
	if most <= 0 || math.IsNaN(most) || math.IsInf(most, 0) {
		most = 1
	}
	step := math.Pow(10, math.Floor(math.Log10(most))-1)
	for _, times := range []float64{1, 2, 2.5, 2, 2, 2.5, 2, 2} {
		step *= times
		if n := int(math.Ceil(most/step - 1e-9)); n <= 4 {
			return axis{step, max(n, 1)}
		}
	}
	return axis{most, 1}
}

// harmAxis is axisFor of a share: at least 4 points high, so that a lone harmed
// journey does not look like a mountain, and never beyond 100%.
func harmAxis(most float64) axis {
	a := axisFor(max(most, 0.04))
	if a.top() > 1 {
		return axis{0.25, 4}
	}
	return a
}

// timeStep is the distance of ticks on a time axis, in seconds: round, and at
// most eight of them.
func timeStep(total float64) float64 {
	for _, step := range []float64{1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800} {
		if total/step <= 8 {
			return step
		}
	}
	return math.Ceil(total/8/3600) * 3600
}

// A rootScale is a signed square root, so that 1% and 50% can both be read.
type rootScale struct{ low, high float64 }

// at gives the place of a share in percent of the width.
func (s rootScale) at(share float64) float64 {
	share = min(max(share, s.low), s.high)
	return 100 * (root(share) - root(s.low)) / (root(s.high) - root(s.low))
}

func root(v float64) float64 { return math.Copysign(math.Sqrt(math.Abs(v)), v) }

// rootTicks are the labelled shares of a rootScale.
func rootTicks() []float64 { return []float64{0, 0.01, 0.05, 0.10, 0.25, 0.50, 1} }

// rootScaleFor covers all intervals and limits.
func rootScaleFor(list []*result.Experiment) rootScale {
	s := rootScale{-0.01, 0.01}
	for _, e := range list {
		s.high = max(s.high, limitOf(e))
		if b := known(e); b != nil {
			s.low, s.high = min(s.low, b.Low), max(s.high, b.High)
		}
	}
	return s.rounded()
}

// rounded ends the scale at a tick.
func (s rootScale) rounded() rootScale {
	s.low = max(s.low, -1)
	for _, tick := range rootTicks() {
		if tick >= s.high-1e-9 {
			s.high = tick
			break
		}
	}
	return s
}
