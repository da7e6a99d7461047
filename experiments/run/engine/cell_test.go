package engine

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// A proxy server that dies under a fault harms journeys. That is not the fault's doing, and
// the cell is over before anybody misses the fault for long.
func TestAServerThatDiesInACell(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newScanBench([]string{hard})
		journeys := 0
		b.effect = func(string, int) effect {
			if journeys++; journeys == 100 {
				b.in.checkErr = errors.New("connection refused")
			}
			return fails
		}
		if err := b.scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		end := b.end(t, 1)
		if end.Why != journal.CellVanished || !strings.Contains(end.Detail, "connection refused") || end.To-end.From > 5*time.Second {
			t.Errorf("ended as %s after %v: %s", end.Why, end.To-end.From, end.Detail)
		}
		b.checkJournal(t)
	})
}

// A system that falls ill again while invariants settle is waited for.
func TestARelapseIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newScanBench([]string{hard}, []string{soft})
		b.plan.Experiments[0].Invariants = []experiments.Invariant{{Name: "charged once"}}
		b.answers(func(string) journal.CheckResult {
			b.in.mu.Lock()
			later := b.removed > 0
			b.in.mu.Unlock()
			if later {
				time.Sleep(5 * time.Second)
			}
			return answer("")
		})
		b.after = func(since time.Duration) effect {
			if since > 3*time.Second && since < 9*time.Second {
				return fails
			}
			return fine
		}
		if err := b.scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		end, next := b.end(t, 1), b.end(t, 2)
		if end.Back < 8*time.Second || end.Back > 10*time.Second || next.From < end.To+9*time.Second {
			t.Errorf("back after %v, and the next fault came after %v", end.Back, next.From-end.To)
		}
	})
}

// What started before the faults of the cell before were gone is not this cell's.
func TestWhatEndsInTheNextCell(t *testing.T) {
	t.Parallel()
	var ended []endedJourney
	for _, intended := range []time.Duration{7 * time.Second, 8500 * time.Millisecond, 10 * time.Second} {
		ended = append(ended, endedJourney{intended: intended, lasted: 4 * time.Second})
	}
	c := &journeyCounts{}
	c.recent[plan.FaultArm] = [][]endedJourney{ended}
	c.startCell(9*time.Second, 8*time.Second)
	if got := c.endedAcross(0, plan.FaultArm); len(got) != 1 || got[0].intended != 8500*time.Millisecond {
		t.Errorf("got %+v", got)
	}
	of := &journeyCounts{recent: c.recent}
	of.startFault(9 * time.Second)
	if got := of.endedAcross(0, plan.FaultArm); len(got) != 2 {
		t.Errorf("in an experiment, got %+v", got)
	}
}

// Where journeys are rare, it takes long to see that they are well.
func TestHealthOfAQuietSystem(t *testing.T) {
	t.Parallel()
	for rate, want := range map[float64]time.Duration{10: time.Minute, 0.05: 200 * time.Second} {
		e := &plan.Experiment{Journeys: []plan.Journey{{Journey: experiments.Journey{Rate: rate}}}}
		if got := mostRecovery(e, time.Minute); got != want {
			t.Errorf("at %g/s: %v, want %v", rate, got, want)
		}
	}
}
