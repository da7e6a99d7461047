package run

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// A quietView shows nothing, verdicts included.
type quietView struct{ noView }

func (quietView) Judge(*result.Experiment) {}

// A stuckView never returns from its first event.
type stuckView struct {
	quietView
	release chan struct{}
}

func (s stuckView) Record(journal.Event) { <-s.release }

// A terminal that does not scroll must not keep a fault in force.
func TestAViewCannotHoldUpTheRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(*testing.T) {
		stuck := stuckView{release: make(chan struct{})}
		v := Views(stuck)
		for range 2 * queueLength { // would block the test for ever
			v.Record(journal.Event{})
			v.Observe(journal.Observation{})
		}
		v.Close()
		close(stuck.release)
		<-v.(views)[0].done
	})
}

// A writer that is stuck for good is left behind at the end of a run.
func TestAViewThatIsStuckIsLeftBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stuck := stuckView{release: make(chan struct{})}
		v := Views(stuck)
		v.Record(journal.Event{})
		began := time.Now()
		v.Close()
		if took := time.Since(began); took != closeWithin {
			t.Errorf("close took %s, want %s", took, closeWithin)
		}
		close(stuck.release)
		<-v.(views)[0].done
	})
}

type countingView struct {
	events, journeys, verdicts, closed int
	met                                int64
	lost                               int
}

func (c *countingView) Record(journal.Event)             { c.events++ }
func (c *countingView) Observe(journal.Observation)      { c.journeys++ }
func (c *countingView) Judge(*result.Experiment)         { c.verdicts++ }
func (c *countingView) See(_ string, e journal.Evidence) { c.met = e.Met }
func (c *countingView) Lose(journeys int)                { c.lost += journeys }
func (c *countingView) Close()                           { c.closed++ }

// A slowView takes a second for its first event.
type slowView struct{ countingView }

func (s *slowView) Record(e journal.Event) {
	if s.countingView.Record(e); s.events == 1 {
		time.Sleep(time.Second)
	}
}

// Where a terminal is slow, journeys are dropped, and it is told how many. Events and verdicts are not: each has a
// line of its own.
func TestNoEventIsDropped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		seen := &slowView{}
		v := Views(seen)
		v.Record(journal.Event{})
		synctest.Wait()
		for range 3 * queueLength {
			v.Observe(journal.Observation{})
		}
		for range 100 {
			v.Record(journal.Event{})
			v.(VerdictView).Judge(&result.Experiment{})
		}
		v.Close()
		if seen.events != 101 || seen.verdicts != 100 || seen.journeys != queueLength || seen.lost != 2*queueLength || seen.closed != 1 {
			t.Errorf("saw %+v", seen.countingView)
		}
	})
}

func TestAViewSeesEverythingBeforeTheEnd(t *testing.T) {
	t.Parallel()
	seen := &countingView{}
	v := Views(seen)
	for range 100 {
		v.Record(journal.Event{})
	}
	v.Close()
	if seen.events != 100 || seen.closed != 1 {
		t.Errorf("saw %d events and %d ends, want 100 and 1", seen.events, seen.closed)
	}
}

// A view that is stuck holds up no other: that one sees everything, and is closed.
func TestOneViewDoesNotHoldUpAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stuck, other := stuckView{release: make(chan struct{})}, &countingView{}
		v := Views(stuck, other)
		for range 100 {
			v.Record(journal.Event{})
		}
		v.(EvidenceView).See("f", journal.Evidence{Met: 7})
		v.Close()
		<-v.(views)[1].done
		if other.events != 100 || other.closed != 1 || other.met != 7 {
			t.Errorf("the other saw %+v", other)
		}
		close(stuck.release)
		<-v.(views)[0].done
	})
}
