package engine

import (
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

func newHealthyMinute() *healthyTime {
	h := newHealthyTime(1)
	h.settled[0], h.overdue[0] = 250*time.Millisecond, time.Second
	return h
}

func nobody(int, plan.Arm) []time.Duration { return nil }

// send adds a journey every 100 ms to each arm.
func send(h *healthyTime, from, to time.Duration, harmed bool) {
	for at := from; at < to; at += 100 * time.Millisecond {
		o := journal.Observation{Intended: at, Took: time.Millisecond}
		if harmed {
			o.Outcome = journal.Failed
		}
		h.add(o)
		o.Arm, o.Outcome = plan.ControlArm, journal.OK
		h.add(o)
	}
}

// Only journeys that were to start in healthy time count, and not those that may be in
// flight when the next fault comes.
func TestHealthyTimeIsBetweenFaults(t *testing.T) {
	t.Parallel()
	h := newHealthyMinute()
	h.begin(10 * time.Second)
	send(h, 9*time.Second, 12*time.Second, true) // the system is not back yet
	send(h, 12*time.Second, 15*time.Second, false)
	h.end(12*time.Second, 14250*time.Millisecond, nobody)
	send(h, 15*time.Second, 16*time.Second, true) // under the next fault
	want := stats.Count{N: 20}
	if list := h.of(0); len(list) != 2 || sum(list) != (stats.Pair{Fault: want, Control: want}) {
		t.Errorf("healthy: %+v, want two seconds of ten journeys", list)
	}
	h.begin(20 * time.Second)
	send(h, 20*time.Second, 21*time.Second, false)
	h.end(20*time.Second, 21250*time.Millisecond, nobody)
	if list := h.of(0); len(list) != 3 || list[2].Fault.N != 10 {
		t.Errorf("healthy: %+v, want another second", list)
	}
}

// One that is in flight beyond its budget is harmed; what will become of others in flight
// is not known.
func TestOverdueJourneysOfHealthyTimeAreHarmed(t *testing.T) {
	t.Parallel()
	h := newHealthyMinute()
	h.begin(0)
	send(h, 0, 3*time.Second, false)
	h.end(0, 3*time.Second, func(_ int, arm plan.Arm) []time.Duration {
		if arm == plan.ControlArm {
			return nil
		}
		return []time.Duration{500 * time.Millisecond, 1900 * time.Millisecond, 2500 * time.Millisecond}
	})
	if all := sum(h.of(0)); all.Fault.Hits != 2 || all.Fault.N != all.Control.N+2 {
		t.Errorf("healthy: %+v, want the two that are overdue", all)
	}
}

// However long a scan takes, the memory of its healthy time stays small.
func TestHealthyTimeIsBounded(t *testing.T) {
	t.Parallel()
	h := newHealthyMinute()
	for n := range 500 {
		from := time.Duration(n) * 10 * time.Second
		h.begin(from)
		send(h, from, from+2*time.Second, n < 200)
		h.end(from, from+2250*time.Millisecond, nobody)
	}
	if list := h.of(0); len(list) != mostHealthySeconds || sum(list).Fault != (stats.Count{N: 10 * mostHealthySeconds}) {
		t.Errorf("%d seconds: %+v, want the last ones", len(list), sum(list))
	}
}

// On one route the baseline stays the control, however many cells come after it: time between
// them ends as soon as nobody is harmed.
func TestTheBaselineStaysTheControlOfOneRoute(t *testing.T) {
	t.Parallel()
	for _, oneRoute := range []bool{true, false} {
		h := newHealthyMinute()
		h.oneRoute = oneRoute
		h.begin(0)
		send(h, 0, 20*time.Second, true)
		h.end(0, 20250*time.Millisecond, nobody)
		h.endBaseline()
		for cell := range 400 {
			from := time.Duration(cell+3) * 10 * time.Second
			h.begin(from)
			send(h, from, from+time.Second, false)
			h.end(from, from+1250*time.Millisecond, nobody)
		}
		most := 20 + mostHealthySeconds
		if oneRoute {
			most = 40
		}
		if all := sum(h.of(0)); all.Fault.Hits != 200 || len(h.of(0)) != most {
			t.Errorf("one route %v: %+v in %d seconds, want the 200 of the baseline in %d", oneRoute, all.Fault, len(h.of(0)), most)
		}
	}
}
