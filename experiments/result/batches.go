package result

import (
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// batches is how many batches the span is cut into.
func (s span) batches() int { return stats.Batches(s.to - s.from) }

// batch is the index of the batch of a moment that the span holds.
func (s span) batch(at time.Duration, n int) int {
	return int(int64(at-s.from) * int64(n) / int64(s.to-s.from))
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

// has tells whether a journey is one of the group's.
func (g group) has(o *journal.Observation) bool { return o.Arm == g.arm && g.holds(o.Intended) }

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

func (c *contrast) look(o *journal.Observation) {
	if c.of.has(o) {
		add(&c.fault[c.of.batch(o.Intended, len(c.fault))], c.hit(o))
	}
	if c.against.has(o) {
		add(&c.control[c.against.batch(o.Intended, len(c.control))], c.hit(o))
	}
}

func add(c *stats.Count, hit bool) {
	c.N++
	if hit {
		c.Hits++
	}
}

// difference is the share of hits in the first group beyond that in the second.
func (c *contrast) difference() stats.Difference {
	switch {
	case c.of.turns != nil && c.against.turns != nil: // batch k of the control is the stretch before batch k of the fault
		d := stats.UnpairedBatches(c.fault, c.control)
		if i, ok := stats.Repeats(c.control, c.fault); ok {
			d.Interval, d.Method, d.Batches = i, stats.Repeated, len(c.fault)
		}
		return d
	case !together(c.of, c.against):
		return stats.UnpairedBatches(c.fault, c.control)
	}
	pairs := make([]stats.Pair, len(c.fault))
	for i := range pairs {
		pairs[i] = stats.Pair{Fault: c.fault[i], Control: c.control[i]}
	}
	return stats.PairedBatches(pairs)
}

// together tells whether batch k of both groups is the same stretch of time.
func together(a, b group) bool { return a.turns == nil && b.turns == nil && a.in == b.in }

// lookWidth is how finely the evidence of a guardrail is replayed: as often as
// guardrails look.
const lookWidth = 250 * time.Millisecond

// looks are what a guardrail saw: the pairs of each of its looks at a cohort, and those
// before the fault.
type looks struct {
	cohort, baseline span
	blocks           []stats.Pair
	before           stats.Pair
}

func newLooks(cohort, baseline span) looks {
	return looks{cohort: cohort, baseline: baseline, blocks: make([]stats.Pair, max(0, int((cohort.to-cohort.from+lookWidth-1)/lookWidth)))}
}

func (l *looks) look(o *journal.Observation) {
	into := &l.before
	switch {
	case l.cohort.holds(o.Intended):
		into = &l.blocks[(o.Intended-l.cohort.from)/lookWidth]
	case !l.baseline.holds(o.Intended):
		return
	}
	if o.Arm == plan.ControlArm {
		add(&into.Control, o.Harmed())
	} else {
		add(&into.Fault, o.Harmed())
	}
}

// sequence is the interval of a blast radius whose fault a guardrail stopped: it
// holds at the moment of the stop, which the data chose. It needs a concurrent
// control.
func (l *looks) sequence() stats.Interval { return stats.ExcessSequence(l.blocks, l.before) }
