package result

import (
	"cmp"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
	"github.com/blastgauge/blastgauge/injectors"
)

const (
	// recoveryWindow is how finely "back at the control's level" is known.
	recoveryWindow = 500 * time.Millisecond
	// recoveryLeast is how many windows without harm show that it is over, or
	// half of a recovery phase that is shorter than six seconds.
	recoveryLeast = 6
	// cutWindow is left out after a removal that cuts connections: journeys that
	// meet one of those are harmed by the tool, not by a system that has not
	// recovered.
	cutWindow = 500 * time.Millisecond
)

// recovery is that of the journey that took longest. It is nil where nothing
// was watched after the removal.
func (t *trial) recovery(m times) *Recovery {
	var slowest *Recovery
	for i := range t.plan.Journeys {
		r := t.recoveryOf(i, m)
		if r == nil {
			continue
		}
		if slowest == nil || (r.Censored && !slowest.Censored) || (r.Censored == slowest.Censored && r.Seconds > slowest.Seconds) {
			slowest = r
		}
	}
	return slowest
}

func (t *trial) recoveryOf(i int, m times) *Recovery {
	n := int((m.end - m.removed) / recoveryWindow)
	if n < 2 {
		return nil
	}
	after := span{m.removed, m.removed + time.Duration(n)*recoveryWindow}
	fault := t.windows(i, group{arm: plan.FaultArm, in: after}, n)
	control := []stats.Count{tally(t.observed[i], plan.FaultArm, m.baseline).harm()}
	if t.plan.Control == plan.Concurrent {
		control = t.windows(i, group{arm: plan.ControlArm, in: after}, n)
	}
	back := stats.Back(fault, control, min(recoveryLeast, max(2, n/2)))
	harmed := seconds(time.Duration(back.At) * recoveryWindow)
	r := &Recovery{Seconds: harmed, Harmed: harmed}
	if fell, ok := t.fell(i, m); ok {
		r.FellAt, r.Seconds = &fell, max(r.Seconds, fell.Seconds)
	}
	if !back.Back {
		r.Seconds, r.Censored, r.Metastable = seconds(m.end-m.removed), true, back.Beyond
	}
	return r
}

// windows counts the harm of a group in n windows.
func (t *trial) windows(i int, g group, n int) []stats.Count {
	windows := make([]stats.Count, n)
	from := g.in.from + t.ownHarm()
	for _, o := range t.observed[i] {
		if o.Intended < from || o.Arm != g.arm || !g.in.holds(o.Intended) {
			continue
		}
		w := &windows[g.in.batch(o.Intended, n)]
		w.N++
		if o.Harmed() {
			w.Hits++
		}
	}
	return windows
}

// ownHarm is how long after the removal harm is the removal's own.
func (t *trial) ownHarm() time.Duration {
	for _, f := range t.faults {
		if kind, ok := injectors.Lookup(f.plan.Inject); ok && kind.CutsOnRemoval {
			return cutWindow
		}
	}
	return 0
}

// fell finds the moment at which harm fell, among the journeys from the first
// fault of the last turn on. It may be before the removal, which rescues journeys in flight: that
// is no sooner than at once.
func (t *trial) fell(i int, m times) (Fell, bool) {
	var list []journal.Observation
	own := span{m.removed, m.removed + t.ownHarm()}
	for _, o := range t.observed[i] {
		if o.Arm == plan.FaultArm && o.Intended >= m.turned && o.Intended < m.end && !own.holds(o.Intended) {
			list = append(list, o)
		}
	}
	slices.SortFunc(list, func(a, b journal.Observation) int { return cmp.Compare(a.Intended, b.Intended) })
	hits := make([]bool, len(list))
	for k, o := range list {
		hits[k] = o.Harmed()
	}
	c, ok := stats.Fall(hits)
	if !ok {
		return Fell{}, false
	}
	at := func(k int) float64 {
		if list[k-1].Intended < m.removed { // the last one before it was sent under the fault
			return 0
		}
		return seconds(list[k].Intended - m.removed)
	}
	return Fell{at(c.At), at(c.Low), at(c.High)}, true
}
