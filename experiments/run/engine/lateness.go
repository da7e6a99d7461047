package engine

import (
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// lateJourneys keeps for how long this machine held journeys up that were to start in some
// time. Its size does not depend on how many there are.
type lateJourneys struct {
	e *plan.Experiment

	mu       sync.Mutex
	from, to time.Duration  // to is 0 while that time goes on
	held     []stats.Sketch // microseconds, by journey; nil: there is no such time
	shed     []int          // of the control, by journey
}

func newLateJourneys(e *plan.Experiment) *lateJourneys { return &lateJourneys{e: e} }

// clear forgets the time before.
func (l *lateJourneys) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held, l.shed = nil, nil
}

// begin keeps journeys that are to start from now on.
func (l *lateJourneys) begin(now time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.from, l.to = now, 0
	l.held, l.shed = make([]stats.Sketch, len(l.e.Journeys)), make([]int, len(l.e.Journeys))
}

// end leaves out journeys that are to start from now on.
func (l *lateJourneys) end(now time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.to = now
}

func (l *lateJourneys) add(o journal.Observation) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held == nil || o.Intended < l.from || l.to > 0 && o.Intended >= l.to {
		return
	}
	l.held[o.Journey].Add(o.Late.Microseconds())
	if o.Arm == plan.ControlArm && o.Cause == journal.Shed {
		l.shed[o.Journey]++
	}
}

// known returns what is known of every kind of journey; nil where there is no such time.
func (l *lateJourneys) known() (list []journal.Lateness) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for k := range l.held {
		late := journal.Lateness{Shed: l.shed[k]}
		if n := l.held[k].N(); n > 0 {
			p99 := l.held[k].At(stats.Rank(0.99, n))
			late.P99 = (time.Duration(p99) * time.Microsecond).Seconds()
		}
		list = append(list, late)
	}
	return list
}

// harmedEnd is the end of a scan whose journeys were harmed before any fault. Where they
// were late as well, this machine may be what harmed them.
func (s *scanRun) harmedEnd() scanEnd {
	if detail := s.tooBusy(s.lateBefore); detail != "" {
		return scanEnd{journal.ScanLate, detail}
	}
	return scanEnd{reason: journal.ScanHarmed}
}

// tooBusy says how late journeys were, and what to do about it; empty where they were not.
func (s *scanRun) tooBusy(late []journal.Lateness) string {
	k := journal.LateAmong(late, s.e.Journeys)
	if k < 0 {
		return ""
	}
	j := s.e.Journeys[k]
	return fmt.Sprintf("this machine held one journey of %s in a hundred up for %.0f ms or more, and at most %.0f ms are allowed (a tenth of slow_after): %s, give it less other work, or scan from a bigger one",
		j.Name, 1000*late[k].P99, 1000*j.MostLate().Seconds(), sendFewer(j))
}

// sendFewer says how to send half as many journeys.
func sendFewer(j plan.Journey) string {
	half := j.Rate / 2
	if half >= 1 {
		half = math.Floor(half)
	}
	return fmt.Sprintf("send fewer (--set journeys.%s.rate=%g/s)", j.Name, half)
}
