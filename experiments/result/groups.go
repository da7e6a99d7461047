package result

import (
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// A group is journeys of one arm that were intended to start in one of several
// spans, which follow each other in time.
type group struct {
	arm   plan.Arm
	spans spans
	// turns reports that control and fault took turns, so that each span is a batch.
	turns bool
	every time.Duration // journeys are known together every so often, see [stats.BatchesOf]
}

func (r *experimentRun) group(arm plan.Arm, list spans) group {
	return group{arm: arm, spans: list, every: r.plan.BatchEvery}
}

// spans are stretches of time in order, without overlaps.
type spans []span

func (list spans) contains(at time.Duration) bool { return list.index(at) >= 0 }

// index is the index of the span with a moment; -1 if there is none.
func (list spans) index(at time.Duration) int {
	return slices.IndexFunc(list, func(s span) bool { return s.contains(at) })
}

// length is how long they are together.
func (list spans) length() (sum time.Duration) {
	for _, s := range list {
		sum += s.to - s.from
	}
	return sum
}

// first and last are the bounds of all spans; zero where there are none.
func (list spans) first() time.Duration {
	if len(list) == 0 {
		return 0
	}
	return list[0].from
}

func (list spans) last() time.Duration {
	if len(list) == 0 {
		return 0
	}
	return list[len(list)-1].to
}

// batches is how many batches of time there are.
func (g group) batches() int {
	if g.turns {
		return len(g.spans)
	}
	return stats.BatchesOf(g.spans.length(), g.every)
}

// batch is the index of the batch of a moment in the group, of n. Time between spans
// does not count.
func (g group) batch(at time.Duration, n int) int {
	k := g.spans.index(at)
	if g.turns {
		return k
	}
	return int(int64(g.spans[:k].length()+at-g.spans[k].from) * int64(n) / int64(g.spans.length()))
}

// middles are the middle of each batch, of n, in seconds since the run's start.
func (g group) middles(n int) []float64 {
	list := make([]float64, n)
	for i := range list {
		if g.turns {
			list[i] = (g.spans[i].from + g.spans[i].to).Seconds() / 2
			continue
		}
		list[i] = g.at(g.spans.length() * time.Duration(2*i+1) / time.Duration(2*n)).Seconds()
	}
	return list
}

// at is the moment before which so much of the group's time has passed.
func (g group) at(passed time.Duration) time.Duration {
	for _, s := range g.spans {
		if passed < s.to-s.from {
			return s.from + passed
		}
		passed -= s.to - s.from
	}
	return g.spans.last()
}

// has reports whether a journey belongs to the group.
func (g group) has(o *journal.Observation) bool {
	return o.Arm == g.arm && g.spans.contains(o.Intended)
}

// simultaneous reports whether batch k of both groups is the same stretch of time.
func simultaneous(a, b group) bool { return !a.turns && !b.turns && slices.Equal(a.spans, b.spans) }

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
	n := o.Times()
	c.Journeys += n
	switch o.Outcome {
	case journal.OK:
		c.OK += n
	case journal.Slow:
		c.Slow += n
	case journal.Wrong:
		c.Wrong += n
	case journal.Failed:
		c.Failed += n
		switch o.Cause {
		case journal.Timeout:
			c.FailedBy.Timeout += n
		case journal.Status:
			c.FailedBy.Status += n
		case journal.Shed:
			c.FailedBy.Shed += n
		case journal.Counted: // nobody knows why
		default:
			c.FailedBy.Error += n
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
	c.addFault(o)
	c.addControl(o)
}

func (c *contrast) addFault(o *journal.Observation) {
	if c.of.has(o) {
		addHit(&c.fault[c.of.batch(o.Intended, len(c.fault))], c.hit(o), o.Times())
	}
}

func (c *contrast) addControl(o *journal.Observation) {
	if c.against.has(o) {
		addHit(&c.control[c.against.batch(o.Intended, len(c.control))], c.hit(o), o.Times())
	}
}

func addHit(c *stats.Count, hit bool, times int) {
	c.N += times
	if hit {
		c.Hits += times
	}
}

// difference is the share of hits in the first group beyond that in the second.
func (c *contrast) difference() stats.Difference {
	switch {
	case c.of.turns && c.against.turns:
		return stats.Turns(stretches(c.against, c.control), stretches(c.of, c.fault))
	case !simultaneous(c.of, c.against):
		return stats.UnpairedBatches(c.fault, c.control)
	}
	return stats.PairedBatches(c.pairs())
}

// pairs are the batches of simultaneous groups.
func (c *contrast) pairs() []stats.Pair {
	pairs := make([]stats.Pair, len(c.fault))
	for i := range pairs {
		pairs[i] = stats.Pair{Fault: c.fault[i], Control: c.control[i]}
	}
	return pairs
}

// differenceWithin is the same for groups that follow each other, with what came after
// them as a second control.
func (c *contrast) differenceWithin(after []stats.Stretch) stats.Difference {
	return stats.BeforeAndAfter(stretches(c.against, c.control), stretches(c.of, c.fault), after)
}

func stretches(g group, batches []stats.Count) []stats.Stretch {
	middles := g.middles(len(batches))
	list := make([]stats.Stretch, len(batches))
	for i, b := range batches {
		list[i] = stats.Stretch{Count: b, Middle: middles[i]}
	}
	return list
}
