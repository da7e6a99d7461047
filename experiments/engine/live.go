package engine

import (
	"sync"
	"time"

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
	faultFrom time.Duration    // 0: not yet
	base      [2][]stats.Count // by arm and journey
	ended     [2][]stats.Count // under the fault, by arm and journey
}

// An end is the end of one journey.
type end struct {
	at      time.Duration
	journey int
	arm     plan.Arm
	harmed  bool
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
		l.base[arm] = make([]stats.Count, len(e.Journeys))
		l.ended[arm] = make([]stats.Count, len(e.Journeys))
	}
	return l
}

func (l *live) add(o journal.Observation) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := o.Intended + o.Took
	l.ends = append(l.ends, end{at, o.Journey, o.Arm, o.Harmed()})
	if l.baseline.holds(o.Intended) {
		count(&l.base[o.Arm][o.Journey], o.Harmed())
	}
	if l.faultFrom > 0 && at >= l.faultFrom {
		count(&l.ended[o.Arm][o.Journey], o.Harmed())
	}
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

// before is what one journey was like in the baseline.
func (l *live) before(journey int) stats.Pair {
	l.mu.Lock()
	defer l.mu.Unlock()
	return stats.Pair{Fault: l.base[plan.FaultArm][journey], Control: l.base[plan.ControlArm][journey]}
}

// An overdue counts journeys of one kind that are in flight and already harmed.
type overdue func(journey int, arm plan.Arm) int

func (late overdue) add(journey int, arm plan.Arm, c stats.Count) stats.Count {
	n := late(journey, arm)
	return stats.Count{Hits: c.Hits + n, N: c.N + n}
}

// sinceFault counts the journeys whose outcome is known since the fault is in
// force, in both arms. It reads those that ended before those that are overdue:
// one that ends in between is counted by the next look, and never twice.
func (l *live) sinceFault(journey int, late overdue) stats.Pair {
	l.mu.Lock()
	p := stats.Pair{Fault: l.ended[plan.FaultArm][journey], Control: l.ended[plan.ControlArm][journey]}
	l.mu.Unlock()
	return stats.Pair{Fault: late.add(journey, plan.FaultArm, p.Fault), Control: late.add(journey, plan.ControlArm, p.Control)}
}

// recent counts the journeys of one kind that ended under the fault in the last
// window, and those overdue.
func (l *live) recent(now time.Duration, journey int, late overdue) stats.Pair {
	l.mu.Lock()
	defer l.mu.Unlock()
	var c [2]stats.Count
	for _, e := range l.ends {
		if e.journey == journey && e.at >= max(now-window, l.faultFrom) {
			count(&c[e.arm], e.harmed)
		}
	}
	return stats.Pair{Fault: late.add(journey, plan.FaultArm, c[plan.FaultArm]), Control: late.add(journey, plan.ControlArm, c[plan.ControlArm])}
}

// excess is the blast radius of a journey over the last window, as an estimate.
func (l *live) excess(now time.Duration, journey int, late overdue) float64 {
	p := l.recent(now, journey, late)
	return p.Fault.Share() - p.Control.Share()
}

// beyond tells which journey's harm, over the last window, is beyond the
// baseline's by more than limit at the lower end of its interval. Asking for the
// lower end keeps a window of few journeys from tripping on noise.
func (l *live) beyond(now time.Duration, limit float64, late overdue) (string, float64, bool) {
	for i, j := range l.e.Journeys {
		fault, before := l.recent(now, i, late).Fault, l.before(i).Fault
		if fault.N < fewJourneys || before.N < fewJourneys {
			continue
		}
		if excess := stats.Newcombe(fault, before); excess.Low > limit {
			return j.Name, excess.Estimate, true
		}
	}
	return "", 0, false
}
