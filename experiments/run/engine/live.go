package engine

import (
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

const (
	window      = 5 * time.Second // what guardrails look at
	fewJourneys = 10              // a window with fewer says nothing
)

// live is what is known of an experiment while it runs: the journeys that ended
// in the last few seconds, and the counts of the baseline.
type live struct {
	e *plan.Experiment

	mu        sync.Mutex
	ends      []end // in the order they came
	baseline  span
	faultFrom time.Duration      // 0: not yet
	base      [2][][]stats.Count // by arm, journey and condition
	ended     [2][][]stats.Count // under the fault, by arm, journey and condition
}

// An end is the end of one journey.
type end struct {
	at      time.Duration
	journey int
	arm     plan.Arm
	harmed  bool
	meets   uint16 // the conditions of the guardrails that it meets, a bit for each
}

// mostConditions is how many an end can hold.
const mostConditions = 16

// meets tells whether a journey is one of those that a guardrail limits.
func meets(g experiments.Guardrail, o journal.Observation) bool {
	switch g.Kind() {
	case "failed":
		return o.Outcome == journal.Failed
	case "p99":
		return o.Took > g.P99 || o.Cause == journal.Shed // it never came to an end
	case "blast_radius":
		return o.Harmed()
	}
	return false
}

// A span is a part of the run; it is open while to is 0.
type span struct {
	from, to time.Duration
	begun    bool
}

func (s span) holds(at time.Duration) bool {
	return s.begun && at >= s.from && (s.to == 0 || at < s.to)
}

func newLive(e *plan.Experiment) *live {
	l := &live{e: e}
	for arm := range l.base {
		for range e.Journeys {
			l.base[arm] = append(l.base[arm], make([]stats.Count, len(e.Guardrails)))
			l.ended[arm] = append(l.ended[arm], make([]stats.Count, len(e.Guardrails)))
		}
	}
	return l
}

func (l *live) add(o journal.Observation) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := o.Intended + o.Took
	this := end{at: at, journey: o.Journey, arm: o.Arm, harmed: o.Harmed()}
	for i, g := range l.e.Guardrails {
		hit := meets(g, o)
		if hit && i < mostConditions {
			this.meets |= 1 << i
		}
		if l.baseline.holds(o.Intended) {
			count(&l.base[o.Arm][o.Journey][i], hit)
		}
		if l.faultFrom > 0 && at >= l.faultFrom {
			count(&l.ended[o.Arm][o.Journey][i], hit)
		}
	}
	l.ends = append(l.ends, this)
	drop := 0
	for drop < len(l.ends) && l.ends[drop].at < at-2*window {
		drop++
	}
	if drop > len(l.ends)/2 { // rarely, so that the cost per journey stays constant
		l.ends = append([]end(nil), l.ends[drop:]...)
	}
}

func count(c *stats.Count, harmed bool) {
	c.N++
	if harmed {
		c.Hits++
	}
}

func (l *live) startBaseline(now time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.baseline = span{from: now, begun: true}
}

func (l *live) endBaseline(now time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.baseline.to = now
}

func (l *live) startFault(now time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faultFrom = now
}

// healthy tells whether the journeys that ended in the last window were well:
// their harmed share is not beyond limit at the lower end of its interval.
func (l *live) healthy(now time.Duration, limit float64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	var c stats.Count
	for _, e := range l.ends {
		if e.at >= now-window {
			count(&c, e.harmed)
		}
	}
	return c.N >= fewJourneys && stats.Wilson(c).Low <= limit
}

// A watched is one journey under one guardrail.
type watched struct{ journey, guardrail int }

// before is what one journey was like in the baseline.
func (l *live) before(w watched) stats.Pair {
	l.mu.Lock()
	defer l.mu.Unlock()
	return stats.Pair{Fault: l.base[plan.FaultArm][w.journey][w.guardrail], Control: l.base[plan.ControlArm][w.journey][w.guardrail]}
}

// An overdue counts journeys of one kind that are in flight and already harmed.
type overdue func(journey int, arm plan.Arm) int

// of are those of which it is known already that they will meet the condition:
// overdue are those beyond their budget. Whether they fail is not known.
func (late overdue) of(l *live, w watched) overdue {
	g, budget := l.e.Guardrails[w.guardrail], l.e.Journeys[w.journey].SlowAfter
	if g.Kind() == "blast_radius" || g.Kind() == "p99" && g.P99 <= budget {
		return late
	}
	return func(int, plan.Arm) int { return 0 }
}

func (late overdue) add(journey int, arm plan.Arm, c stats.Count) stats.Count {
	n := late(journey, arm)
	return stats.Count{Hits: c.Hits + n, N: c.N + n}
}

// sinceFault counts the journeys whose outcome is known since the fault is in
// force, in both arms. It reads those that ended before those that are overdue:
// one that ends in between is counted by the next look, and never twice.
func (l *live) sinceFault(w watched, late overdue) stats.Pair {
	l.mu.Lock()
	p := stats.Pair{Fault: l.ended[plan.FaultArm][w.journey][w.guardrail], Control: l.ended[plan.ControlArm][w.journey][w.guardrail]}
	l.mu.Unlock()
	late = late.of(l, w)
	return stats.Pair{Fault: late.add(w.journey, plan.FaultArm, p.Fault), Control: late.add(w.journey, plan.ControlArm, p.Control)}
}

// recent counts the journeys of one kind that ended under the fault in the last
// window, and those overdue.
func (l *live) recent(now time.Duration, w watched, late overdue) stats.Pair {
	l.mu.Lock()
	defer l.mu.Unlock()
	var c [2]stats.Count
	for _, e := range l.ends {
		if e.journey == w.journey && e.at >= max(now-window, l.faultFrom) {
			count(&c[e.arm], e.meets>>w.guardrail&1 == 1)
		}
	}
	late = late.of(l, w)
	return stats.Pair{Fault: late.add(w.journey, plan.FaultArm, c[plan.FaultArm]), Control: late.add(w.journey, plan.ControlArm, c[plan.ControlArm])}
}

// excess is how much more often the condition was met in the fault arm over the
// last window, as an estimate.
func (l *live) excess(now time.Duration, w watched, late overdue) float64 {
	p := l.recent(now, w, late)
	return p.Fault.Share() - p.Control.Share()
}

// beyond tells whether a journey meets a condition, over the last window, more
// often than in the baseline by more than the limit, at the lower end of the
// interval. Asking for the lower end keeps a window of few journeys from tripping
// on noise.
func (l *live) beyond(now time.Duration, w watched, late overdue) (float64, bool) {
	fault, before := l.recent(now, w, late).Fault, l.before(w).Fault
	if fault.N < fewJourneys || before.N < fewJourneys {
		return 0, false
	}
	excess := stats.Newcombe(fault, before)
	return excess.Estimate, excess.Low > l.e.Guardrails[w.guardrail].Share()
}
