package result

import (
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// fullBatch is how long a batch between two looks at the counters is at the least:
// those at the edges of a phase lose a piece, and what is left between a batch's end
// and a change beside it is no batch.
const fullBatch = 1500 * time.Millisecond

// A looked is one look at the counters of all proxies.
type looked struct {
	at      time.Duration
	traffic []journal.Traffic
}

func newLooked(e journal.Event) looked {
	if e.Began > 0 {
		return looked{e.Began, e.Traffic} // the counters were read then, not when the journal was done with it
	}
	return looked{e.Since, e.Traffic}
}

// of finds what one proxy had carried.
func (l looked) of(proxy string) (journal.Traffic, bool) {
	i := slices.IndexFunc(l.traffic, func(c journal.Traffic) bool { return c.Proxy == proxy })
	if i < 0 {
		return journal.Traffic{}, false
	}
	return l.traffic[i], true
}

// A batch is the time between two looks at the counters.
type batch struct{ from, to looked }

// A phased is the batches before the fault, and under it.
type phased struct{ before, under []batch }

// looks are those at moments of a span, both ends included.
func (t *trial) looks(in span) (list []looked) {
	for _, l := range t.counters {
		if l.at >= in.from && l.at <= in.to {
			list = append(list, l)
		}
	}
	return list
}

// batched makes batches of the time between looks, without those that are too short
// for themselves.
func batched(list []looked) (batches []batch) {
	for i, l := range list {
		switch last := len(batches) - 1; {
		case i == 0:
		case last >= 0 && (l.at-list[i-1].at < fullBatch && i == len(list)-1):
			batches[last].to = l
		case last < 0:
			batches = append(batches, batch{list[0], l})
		case batches[last].to.at-batches[last].from.at < fullBatch:
			batches[last].to = l
		default:
			batches = append(batches, batch{batches[last].to, l})
		}
	}
	return batches
}

// whole is all the time between the first look and the last.
func whole(list []looked) []batch {
	if len(list) < 2 {
		return nil
	}
	return []batch{{list[0], list[len(list)-1]}}
}

// counting is which batches tell how often dependencies were called. Where they are
// too few to say how much they vary, there is one on each side.
func (t *trial) counting() phased {
	if t.plan.Repeat > 1 {
		return t.turnsCounted()
	}
	m := t.when
	before := t.looks(span{newLooked(t.samples[journal.BeforeBaseline]).at, newLooked(t.samples[journal.BeforeFault]).at})
	under := t.looks(span{m.injected, m.removing})
	p := phased{batched(before), batched(under)}
	if min(len(p.before), len(p.under)) >= stats.LeastBatches {
		return p
	}
	p = phased{whole(before), whole(under)}
	if len(p.under) == 0 || p.under[0].to.at-p.under[0].from.at < (m.removing-m.injected)/2 {
		p.under = whole(t.looks(span{newLooked(t.samples[journal.BeforeFault]).at, newLooked(t.samples[journal.AfterFault]).at}))
	}
	return p
}

// turnsCounted are, where control and fault took turns, each turn and the control
// before it. Of a stretch after a turn the first half is left for the system to come
// back.
func (t *trial) turnsCounted() (p phased) {
	from := newLooked(t.samples[journal.BeforeBaseline]).at
	for _, turn := range t.cycles() {
		before, under := whole(t.looks(span{from, turn.injected})), t.turnCounted(turn)
		if len(before) == 0 || len(under) == 0 {
			break
		}
		p.before, p.under = append(p.before, before...), append(p.under, under...)
		from = turn.removed + (t.plan.Phases.Baseline)/2
	}
	return p
}

// turnCounted is between the first look under the fault and the last. Where it took
// long to come into force, so that there is no first one, the last before it will do.
func (t *trial) turnCounted(turn times) []batch {
	list := t.looks(span{turn.injected, turn.removing})
	if len(list) != 1 {
		return whole(list)
	}
	if earlier := t.looks(span{0, turn.injected}); len(earlier) > 0 {
		return []batch{{earlier[len(earlier)-1], list[0]}}
	}
	return nil
}

// visits are the journeys, batch by batch, that could call dependencies: of the
// fault arm, and others.
type visits struct {
	batches          []batch
	journeys, others []int
}

func newVisits(batches []batch) visits {
	return visits{batches, make([]int, len(batches)), make([]int, len(batches))}
}

func (v *visits) look(o *journal.Observation) {
	n := len(v.batches)
	if n == 0 || o.Intended < v.batches[0].from.at || o.Intended >= v.batches[n-1].to.at || o.Cause == journal.Shed {
		return
	}
	i := slices.IndexFunc(v.batches, func(b batch) bool { return o.Intended < b.to.at })
	switch {
	case o.Intended < v.batches[i].from.at: // between turns
	case o.Arm == plan.FaultArm:
		v.journeys[i]++
	default:
		v.others[i]++
	}
}

// A custom is how often a dependency was called, batch by batch, and by how many
// journeys of the fault arm and of others that pass its proxy.
type custom struct {
	unit             string
	calls            []float64
	journeys, others []float64
}

// rates are calls for each journey of the fault arm, or of all.
func (c custom) rates(all bool) []stats.Rate {
	list := make([]stats.Rate, len(c.calls))
	for i := range list {
		list[i] = stats.Rate{Events: c.calls[i], Over: c.journeys[i]}
		if all {
			list[i].Over += c.others[i]
		}
	}
	return list
}

// called is false where the proxy does not count, was started anew meanwhile, or too
// few journeys passed it.
func (t *trial) called(d experiments.Dependency, batches []batch, of func(*seen) *visits) (custom, bool) {
	n := len(batches)
	c := custom{unit: Calls, calls: make([]float64, n), journeys: make([]float64, n), others: make([]float64, n)}
	connections := make([]float64, n)
	for i, b := range batches {
		from, ok1 := b.from.of(d.ProxyName())
		to, ok2 := b.to.of(d.ProxyName())
		if !ok1 || !ok2 {
			return custom{}, false
		}
		connections[i] = float64(to.Connections - from.Connections)
		if from.Calls == nil || to.Calls == nil {
			c.unit = Connections
			continue
		}
		c.calls[i] = float64(*to.Calls - *from.Calls)
	}
	if c.unit == Connections {
		c.calls = connections
	}
	for i := range t.seen {
		if !t.calls(i, d.Name) {
			continue
		}
		v := of(&t.seen[i])
		for k := range batches {
			c.journeys[k] += float64(v.journeys[k])
			if t.plan.Tagged { // else the control's route has no proxies
				c.others[k] += float64(v.others[k])
			}
		}
	}
	return c, n > 0 && slices.Min(c.calls) >= 0 && sum(c.journeys) >= few
}

func sum(list []float64) (all float64) {
	for _, v := range list {
		all += v
	}
	return all
}
