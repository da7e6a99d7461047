package result

import (
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// shortestBatch is how long a batch between two readings of the counters is at least.
// Batches at the edges of a phase lose a piece, and the rest between the end of a batch
// and a change beside it is too short to be one.
const shortestBatch = 1500 * time.Millisecond

// A counterReading is what the counters of all proxies said at one moment.
type counterReading struct {
	at      time.Duration
	traffic []journal.Traffic
}

func newCounterReading(e journal.Event) counterReading {
	if e.Began > 0 {
		return counterReading{e.Began, e.Traffic} // the counters were read then; the event was recorded later
	}
	return counterReading{e.Since, e.Traffic}
}

// of finds what one proxy had carried.
func (c counterReading) of(proxy string) (journal.Traffic, bool) {
	i := slices.IndexFunc(c.traffic, func(t journal.Traffic) bool { return t.Proxy == proxy })
	if i < 0 {
		return journal.Traffic{}, false
	}
	return c.traffic[i], true
}

// A counterBatch is the time between two readings of the counters.
type counterBatch struct{ from, to counterReading }

func (b counterBatch) length() time.Duration { return b.to.at - b.from.at }

// callBatches are the batches before the fault, and under it.
type callBatches struct{ before, under []counterBatch }

// readingsIn are the readings at moments of a span, both ends included.
func (r *experimentRun) readingsIn(in span) (list []counterReading) {
	for _, c := range r.counters {
		if c.at >= in.from && c.at <= in.to {
			list = append(list, c)
		}
	}
	return list
}

// readingAt is when the counters were read at a named moment.
func (r *experimentRun) readingAt(moment string) time.Duration {
	return newCounterReading(r.samples[moment]).at
}

// makeBatches makes batches of the time between readings. What would be too short
// belongs to the batch before it.
func makeBatches(list []counterReading) (batches []counterBatch) {
	for i, c := range list {
		switch last := len(batches) - 1; {
		case i == 0:
		case last >= 0 && c.at-list[i-1].at < shortestBatch && i == len(list)-1:
			batches[last].to = c
		case last < 0:
			batches = append(batches, counterBatch{list[0], c})
		case batches[last].length() < shortestBatch:
			batches[last].to = c
		default:
			batches = append(batches, counterBatch{batches[last].to, c})
		}
	}
	return batches
}

// oneBatch is all the time between the first reading and the last.
func oneBatch(list []counterReading) []counterBatch {
	if len(list) < 2 {
		return nil
	}
	return []counterBatch{{list[0], list[len(list)-1]}}
}

// findCallBatches decides which batches tell how often dependencies were called. Where
// they are too few to show how much they vary, there is one on each side.
func (r *experimentRun) findCallBatches() callBatches {
	if r.plan.Repeat > 1 {
		return r.crossoverBatches()
	}
	m := r.moments
	before := r.readingsIn(span{r.readingAt(journal.BeforeBaseline), r.readingAt(journal.BeforeFault)})
	if r.shared != nil {
		before = r.shared.of.readingsIn(r.shared.span)
	}
	under := r.readingsIn(span{m.injected, m.removing})
	b := callBatches{makeBatches(before), makeBatches(under)}
	if min(len(b.before), len(b.under)) >= stats.LeastBatches {
		return b
	}
	b = callBatches{oneBatch(before), oneBatch(under)}
	if len(b.under) == 0 || b.under[0].length() < (m.removing-m.injected)/2 {
		b.under = oneBatch(r.readingsIn(span{r.readingAt(journal.BeforeFault), r.readingAt(journal.AfterFault)}))
	}
	return b
}

// crossoverBatches are, where control and fault took turns, one batch for each period
// of the fault and one for the control before it. The first half of a control period
// is left out: the system has to come back from the fault.
func (r *experimentRun) crossoverBatches() (b callBatches) {
	from := r.readingAt(journal.BeforeBaseline)
	for _, period := range r.faultPeriods() {
		before, under := oneBatch(r.readingsIn(span{from, period.injected})), r.faultPeriodBatch(period)
		if len(before) == 0 || len(under) == 0 {
			break
		}
		b.before, b.under = append(b.before, before...), append(b.under, under...)
		from = period.removed + r.plan.Phases.Baseline/2
	}
	return b
}

// faultPeriodBatch is the time between the first reading under the fault and the last.
// A fault that took long to come into force has no first one; then the last reading
// before it will do.
func (r *experimentRun) faultPeriodBatch(period stretch) []counterBatch {
	list := r.readingsIn(span{period.injected, period.removing})
	if len(list) != 1 {
		return oneBatch(list)
	}
	if earlier := r.readingsIn(span{0, period.injected}); len(earlier) > 0 {
		return []counterBatch{{earlier[len(earlier)-1], list[0]}}
	}
	return nil
}

// callerCounts are the journeys, batch by batch, that could call dependencies: of the
// fault arm, and others.
type callerCounts struct {
	batches          []counterBatch
	journeys, others []int
}

func newCallerCounts(batches []counterBatch) callerCounts {
	return callerCounts{batches, make([]int, len(batches)), make([]int, len(batches))}
}

func (c *callerCounts) add(o *journal.Observation) {
	n := len(c.batches)
	if n == 0 || o.Intended < c.batches[0].from.at || o.Intended >= c.batches[n-1].to.at || o.Cause == journal.Shed {
		return
	}
	i := slices.IndexFunc(c.batches, func(b counterBatch) bool { return o.Intended < b.to.at })
	switch {
	case o.Intended < c.batches[i].from.at: // between periods
	case o.Arm == plan.FaultArm:
		c.journeys[i] += o.Times()
	default:
		c.others[i] += o.Times()
	}
}
