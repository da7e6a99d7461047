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
	faultFrom time.Duration
	base      [2][]stats.Count // by arm and journey
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

// beyond tells which journey's blast radius, over the journeys that ended under
// the fault in the last window and those overdue, is beyond limit at the lower
// end of its interval. Asking for the lower end keeps a window of few journeys
// from tripping on noise.
func (l *live) beyond(now time.Duration, limit float64, overdue func(journey int, arm plan.Arm) int) (string, float64, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var counts [2][]stats.Count
	for arm := range counts {
		counts[arm] = make([]stats.Count, len(l.e.Journeys))
	}
	for _, e := range l.ends {
		if e.at >= max(now-window, l.faultFrom) {
			count(&counts[e.arm][e.journey], e.harmed)
		}
	}
	for i, j := range l.e.Journeys {
		fault, control := counts[plan.FaultArm][i], l.base[plan.FaultArm][i]
		late := overdue(i, plan.FaultArm)
		fault.Hits, fault.N = fault.Hits+late, fault.N+late
		if l.e.Control == plan.Concurrent {
			control = counts[plan.ControlArm][i]
			late := overdue(i, plan.ControlArm)
			control.Hits, control.N = control.Hits+late, control.N+late
		}
		if fault.N < fewJourneys || control.N < fewJourneys {
			continue
		}
		if excess := stats.Newcombe(fault, control); excess.Low > limit {
			return j.Name, excess.Estimate, true
		}
	}
	return "", 0, false
}
