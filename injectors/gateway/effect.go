package gateway

import (
	"context"
	"time"
)

// An act is a fault that a request was drawn for.
type act struct {
	*entry
	lot lot
}

// An effect is what a request or its answer meets, in order.
type effect []act

// meet decides what a request meets, and counts it. A fault behind one that keeps
// the request from the dependency does not see it.
func (g *Gateway) meet(m message) effect {
	force := g.force.Load()
	if force == nil {
		return nil
	}
	var list effect
	for _, e := range force.list {
		l, ok := e.meets(m)
		if !ok {
			continue
		}
		list = append(list, act{e, l})
		if e.fault.when == before && !e.fault.waits() {
			break
		}
	}
	return list
}

// split parts what a request meets from what its answer meets.
func (f effect) split() (early, late effect) {
	for _, a := range f {
		if a.fault.when == before {
			early = append(early, a)
		} else {
			late = append(late, a)
		}
	}
	return early, late
}

// giveBack is called for what a message did not live to meet.
func (f effect) giveBack() {
	for _, a := range f {
		a.fault.giveBack()
	}
}

// begins says whether the fault still acts, and counts it.
func (a act) begins() bool {
	if a.over() {
		return false
	}
	a.fault.tally.affected.Add(1)
	return true
}

// waits says whether the fault does nothing but delay.
func (f *Fault) waits() bool { return f.kind == kindLatency }

// wait delays a message under a fault that does so. It is cut short when the fault
// is taken out, and false when ctx is over.
func (a act) wait(ctx context.Context) bool {
	t := time.NewTimer(a.fault.delay(a.lot))
	defer t.Stop()
	select {
	case <-t.C:
	case <-a.gone:
	case <-ctx.Done():
		return false
	}
	return true
}
