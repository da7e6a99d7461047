package main

import (
	"testing"
	"testing/synctest"

	"github.com/blastgauge/blastgauge/experiments/journal"
)

// A stuckView never returns from its first event.
type stuckView struct {
	silent
	release chan struct{}
}

func (s stuckView) event(journal.Event) { <-s.release }

// A terminal that does not scroll must not keep a fault in force.
func TestAViewCannotHoldUpTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := stuckView{release: make(chan struct{})}
		v := newAside(stuck)
		for range 2 * asideQueue { // would block the test for ever
			v.event(journal.Event{})
			v.observe(journal.Observation{})
		}
		v.close()
		close(stuck.release)
		<-v.done
	})
}

type countingView struct {
	silent
	events, closed int
}

func (c *countingView) event(journal.Event) { c.events++ }
func (c *countingView) close()              { c.closed++ }

func TestAViewSeesEverythingBeforeTheEnd(t *testing.T) {
	seen := &countingView{}
	v := newAside(seen)
	for range 100 {
		v.event(journal.Event{})
	}
	v.close()
	if seen.events != 100 || seen.closed != 1 {
		t.Errorf("saw %d events and %d ends, want 100 and 1", seen.events, seen.closed)
	}
}
