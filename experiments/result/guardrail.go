package result

import (
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// guardrailInterval is how often guardrails look at the journeys, and so how finely
// their evidence is replayed.
const guardrailInterval = 250 * time.Millisecond

// mostBlocks bounds how many of its looks are replayed. Of a cohort of hours several
// are replayed as one, which a sequence that holds at every moment allows.
const mostBlocks = 40_000

// guardrailBlocks are what a guardrail saw: what was new at each of its looks at a
// cohort, and the journeys before the fault.
type guardrailBlocks struct {
	cohort   spans
	baseline span
	interval time.Duration
	blocks   []stats.Pair
	before   stats.Pair
}

func newGuardrailBlocks(cohort spans, baseline span) guardrailBlocks {
	length := cohort.last() - cohort.first()
	interval := max(guardrailInterval, length/mostBlocks)
	n := int((length + interval - 1) / interval)
	return guardrailBlocks{cohort: cohort, baseline: baseline, interval: interval, blocks: make([]stats.Pair, max(0, n))}
}

func (g *guardrailBlocks) add(o *journal.Observation) {
	into := &g.before
	switch {
	case g.cohort.contains(o.Intended):
		into = &g.blocks[(o.Intended-g.cohort.first())/g.interval]
	case !g.baseline.contains(o.Intended):
		return
	}
	if o.Arm == plan.ControlArm {
		addHit(&into.Control, o.Harmed(), o.Times())
	} else {
		addHit(&into.Fault, o.Harmed(), o.Times())
	}
}

// confidenceSequence is the interval of a blast radius whose fault a guardrail
// stopped. It holds at the moment of the stop, which the data chose. It needs a
// concurrent control.
func (g *guardrailBlocks) confidenceSequence() stats.Interval {
	return stats.ExcessSequence(g.blocks, g.before)
}
