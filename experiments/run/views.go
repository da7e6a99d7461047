package run

import (
	"math"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// Views is a view that shows the run in several others, each in a goroutine of its own, so
// that none holds up the run or another: see [VerdictView], [EvidenceView] and [LossView] for
// what those may have beside. Close waits for what is still to be shown, for at most two seconds.
func Views(list ...View) View {
	v := views{}
	for _, view := range list {
		if several, ok := view.(views); ok {
			v = append(v, several...)
			continue
		}
		v = append(v, newBuffered(view))
	}
	return v
}

type views []*buffered

func (v views) Record(e journal.Event) {
	for _, b := range v {
		b.put(e, math.MaxInt)
	}
}

func (v views) Judge(e *result.Experiment) {
	for _, b := range v {
		b.put(e, math.MaxInt)
	}
}

func (v views) Observe(o journal.Observation) {
	for _, b := range v {
		b.put(o, queueLength)
	}
}

func (v views) See(fault string, e journal.Evidence) {
	for _, b := range v {
		b.put(seen{fault, e}, queueLength)
	}
}

// Close ends all at once: one that is stuck uses up nobody else's time.
func (v views) Close() {
	late := time.After(closeWithin)
	for _, b := range v {
		b.end()
	}
	for _, b := range v {
		select {
		case <-b.done:
		case <-late:
			return
		}
	}
}

// seen is a look at a fault in force.
type seen struct {
	fault    string
	evidence journal.Evidence
}

// lost is how many journeys were dropped.
type lost int

// A buffered view passes everything on to another view from a goroutine of its
// own. Where that view is too slow, journeys are dropped, and it is told how many: a fault
// must not stay in force because a terminal does not scroll. Events and verdicts are few,
// and none is dropped.
type buffered struct {
	to   View
	wake chan struct{}
	done chan struct{}

	mu     sync.Mutex
	queue  []any // journal.Event, journal.Observation, *result.Experiment, seen or lost
	closed bool
}

const (
	queueLength = 4096            // about ten seconds of journeys
	closeWithin = 2 * time.Second // how long Close waits for what is still to be shown
)

func newBuffered(to View) *buffered {
	b := &buffered{to: to, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go func() {
		defer close(b.done)
		for range b.wake {
			list, closed := b.take()
			for _, item := range list {
				b.pass(item)
			}
			if closed {
				to.Close()
				return
			}
		}
	}()
	return b
}

// take returns what was queued since the last call, and whether nothing comes after it.
func (b *buffered) take() (list []any, closed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	list, b.queue = b.queue, nil
	return list, b.closed
}

func (b *buffered) pass(item any) {
	switch item := item.(type) {
	case journal.Event:
		b.to.Record(item)
	case journal.Observation:
		b.to.Observe(item)
	case *result.Experiment:
		if to, ok := b.to.(VerdictView); ok {
			to.Judge(item)
		}
	case seen:
		if to, ok := b.to.(EvidenceView); ok {
			to.See(item.fault, item.evidence)
		}
	case lost:
		if to, ok := b.to.(LossView); ok {
			to.Lose(int(item))
		}
	}
}

// put queues an item, unless so many are waiting.
func (b *buffered) put(item any, most int) {
	b.mu.Lock()
	if len(b.queue) < most {
		b.queue = append(b.queue, item)
	} else if o, ok := item.(journal.Observation); ok {
		b.drop(o)
	}
	b.mu.Unlock()
	b.signal()
}

// drop counts a journey in place of queueing it: at its place among the events, so that it is
// of the right experiment. mu must be held.
func (b *buffered) drop(o journal.Observation) {
	if n := len(b.queue) - 1; n >= 0 {
		if before, ok := b.queue[n].(lost); ok {
			b.queue[n] = before + lost(o.Times())
			return
		}
	}
	b.queue = append(b.queue, lost(o.Times()))
}

// signal wakes the goroutine, which may have been woken already.
func (b *buffered) signal() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// end says that nothing comes any more.
func (b *buffered) end() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.signal()
}
