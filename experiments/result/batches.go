package result

import (
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// Batches of a stretch of time are as long as they can be, because bursts of
// harm that are longer than a batch make the next one alike: ten of them, fewer
// where they would be shorter than two seconds, none where they would be fewer
// than eight. How well that does is simulated in package stats.
const (
	mostBatches   = 10
	shortestBatch = 2 * time.Second
)

// batches is how many batches the span is cut into; 1 for one that is too short
// to say how much they vary.
func (s span) batches() int {
	n := min(mostBatches, int((s.to-s.from)/shortestBatch))
	if n < stats.LeastBatches {
		return 1
	}
	return n
}

// batch is the index of the batch of a moment that the span holds.
func (s span) batch(at time.Duration, n int) int {
	return int(int64(at-s.from) * int64(n) / int64(s.to-s.from))
}

// A contrast is two groups of journeys, in batches of time.
type contrast struct {
	fault, control []stats.Count
	// together: batch k of both is the same stretch of time.
	together bool
	repeated bool // batch k of the control is the stretch before batch k of the fault
}

// A group is journeys of one arm that were intended to start in a span, or, where
// there are turns, in one of them.
type group struct {
	arm   plan.Arm
	in    span
	turns []span
}

func (g group) holds(at time.Duration) bool {
	if g.turns == nil {
		return g.in.holds(at)
	}
	return slices.ContainsFunc(g.turns, func(s span) bool { return s.holds(at) })
}

// batches is how many there are: as many as turns, where there are any.
func (g group) batches() int {
	if g.turns != nil {
		return len(g.turns)
	}
	return g.in.batches()
}

// batch is that of a moment that the group holds.
func (g group) batch(at time.Duration, n int) int {
	if g.turns != nil {
		return slices.IndexFunc(g.turns, func(s span) bool { return s.holds(at) })
	}
	return g.in.batch(at, n)
}

func newContrast(fault, control group) contrast {
	return contrast{
		fault: make([]stats.Count, fault.batches()), control: make([]stats.Count, control.batches()),
		together: fault.turns == nil && control.turns == nil && fault.in == control.in, repeated: fault.turns != nil && control.turns != nil,
	}
}

// count adds an observation where it belongs; hit tells whether it is one of
// those that are compared.
func (c *contrast) count(o journal.Observation, fault, control group, hit bool) {
	fault.count(c.fault, o, hit)
	control.count(c.control, o, hit)
}

func (g group) count(batches []stats.Count, o journal.Observation, hit bool) {
	if o.Arm != g.arm || !g.holds(o.Intended) {
		return
	}
	b := &batches[g.batch(o.Intended, len(batches))]
	b.N++
	if hit {
		b.Hits++
	}
}

// difference is the share of the fault group beyond that of the control group.
func (c contrast) difference() stats.Difference {
	if c.repeated {
		d := stats.UnpairedBatches(c.fault, c.control)
		if i, ok := stats.Repeats(c.control, c.fault); ok {
			d.Interval, d.Method, d.Batches = i, stats.Repeated, len(c.fault)
		}
		return d
	}
	if !c.together {
		return stats.UnpairedBatches(c.fault, c.control)
	}
	pairs := make([]stats.Pair, len(c.fault))
	for i := range pairs {
		pairs[i] = stats.Pair{Fault: c.fault[i], Control: c.control[i]}
	}
	return stats.PairedBatches(pairs)
}

// differ compares the journeys of two groups that hit tells apart.
func differ(list []journal.Observation, fault, control group, hit func(journal.Observation) bool) stats.Difference {
	c := newContrast(fault, control)
	for _, o := range list {
		c.count(o, fault, control, hit(o))
	}
	return c.difference()
}

// lookWidth is how finely the evidence of a guardrail is replayed: as often as
// guardrails look.
const lookWidth = 250 * time.Millisecond

// sequence is the interval of a blast radius whose fault a guardrail stopped: it
// holds at the moment of the stop, which the data chose. It needs a concurrent
// control.
func (c comparison) sequence(baseline span) stats.Interval {
	blocks := make([]stats.Pair, max(0, int((c.cohort.to-c.cohort.from+lookWidth-1)/lookWidth)))
	var before stats.Pair
	for _, o := range c.list {
		into := &before
		switch {
		case c.cohort.holds(o.Intended):
			into = &blocks[(o.Intended-c.cohort.from)/lookWidth]
		case !baseline.holds(o.Intended):
			continue
		}
		arm := &into.Fault
		if o.Arm == plan.ControlArm {
			arm = &into.Control
		}
		arm.N++
		if o.Harmed() {
			arm.Hits++
		}
	}
	return stats.ExcessSequence(blocks, before)
}
