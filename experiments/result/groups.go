package result

import (
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// batches is how many batches of time the span is cut into.
func (s span) batches() int { return stats.Batches(s.to - s.from) }

// batch is the index of the batch of a moment in the span, of n.
func (s span) batch(at time.Duration, n int) int {
	return int(int64(at-s.from) * int64(n) / int64(s.to-s.from))
}

// A group is journeys of one arm that were intended to start in a span, or, where
// control and fault took turns, in one of several periods.
type group struct {
	arm     plan.Arm
	in      span
	periods []span // nil: in
}

func (g group) contains(at time.Duration) bool {
	if g.periods == nil {
		return g.in.contains(at)
	}
	return slices.ContainsFunc(g.periods, func(s span) bool { return s.contains(at) })
}

// batches is how many batches of time there are: each period is one.
func (g group) batches() int {
	if g.periods != nil {
		return len(g.periods)
	}
	return g.in.batches()
}

// batch is the index of the batch of a moment in the group, of n.
func (g group) batch(at time.Duration, n int) int {
	if g.periods != nil {
		return slices.IndexFunc(g.periods, func(s span) bool { return s.contains(at) })
	}
	return g.in.batch(at, n)
}

// has reports whether a journey belongs to the group.
func (g group) has(o *journal.Observation) bool { return o.Arm == g.arm && g.contains(o.Intended) }

// simultaneous reports whether batch k of both groups is the same stretch of time.
func simultaneous(a, b group) bool { return a.periods == nil && b.periods == nil && a.in == b.in }

// groupCounts are the journeys of a group by outcome.
type groupCounts struct {
	group
	Counts
}

func (c *groupCounts) add(o *journal.Observation) {
	if c.has(o) {
		c.Counts.add(o)
	}
}

func (c *Counts) add(o *journal.Observation) {
	c.Journeys++
	switch o.Outcome {
	case journal.OK:
		c.OK++
	case journal.Slow:
		c.Slow++
	case journal.Wrong:
		c.Wrong++
	case journal.Failed:
		c.Failed++
		switch o.Cause {
		case journal.Timeout:
			c.FailedBy.Timeout++
		case journal.Status:
			c.FailedBy.Status++
		case journal.Shed:
			c.FailedBy.Shed++
		default:
			c.FailedBy.Error++
		}
	}
}

func (c Counts) harm() stats.Count { return stats.Count{Hits: c.Harmed(), N: c.Journeys} }

// A contrast is two groups of journeys, and how many of each are hits, in batches of
// time.
type contrast struct {
	of, against    group
	hit            func(*journal.Observation) bool
	fault, control []stats.Count
}

func newContrast(of, against group, hit func(*journal.Observation) bool) contrast {
	return contrast{of, against, hit, make([]stats.Count, of.batches()), make([]stats.Count, against.batches())}
}

func harmed(o *journal.Observation) bool { return o.Harmed() }

func (c *contrast) add(o *journal.Observation) {
	if c.of.has(o) {
		addHit(&c.fault[c.of.batch(o.Intended, len(c.fault))], c.hit(o))
	}
	if c.against.has(o) {
		addHit(&c.control[c.against.batch(o.Intended, len(c.control))], c.hit(o))
	}
}

func addHit(c *stats.Count, hit bool) {
	c.N++
	if hit {
		c.Hits++
	}
}

// difference is the share of hits in the first group beyond that in the second.
func (c *contrast) difference() stats.Difference {
	switch {
	case c.of.periods != nil && c.against.periods != nil: // batch k of the control is the period before batch k of the fault
		d := stats.UnpairedBatches(c.fault, c.control)
		if i, ok := stats.Repeats(c.control, c.fault); ok {
			d.Interval, d.Method, d.Batches = i, stats.Repeated, len(c.fault)
		}
		return d
	case !simultaneous(c.of, c.against):
		return stats.UnpairedBatches(c.fault, c.control)
	}
	pairs := make([]stats.Pair, len(c.fault))
	for i := range pairs {
		pairs[i] = stats.Pair{Fault: c.fault[i], Control: c.control[i]}
	}
	return stats.PairedBatches(pairs)
}
