package generator

import (
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/plan"
)

// slot is how finely the starts of journeys are kept.
const slot = 250 * time.Millisecond

// pending foresees which journeys are in flight. A program tells of a journey only when it
// has ended, and one that hangs must be known before: those that were to start by the plan
// and of which no line has come are taken for journeys in flight.
type pending struct {
	perSlot float64       // journeys that are to start in a slot
	keep    time.Duration // for how long a line may come: after that it is missing

	mu    sync.Mutex
	first int   // the slot that seen begins with
	begun bool  // the first line has come
	seen  []int // journeys that lines are of, by slot
}

func newPending(rate float64, j plan.Journey) *pending {
	return &pending{perSlot: rate * slot.Seconds(), keep: mostAge(j)}
}

// add counts journeys of which a line has come. Those that count together may have started
// in the slots behind.
func (p *pending) add(intended time.Duration, count int, spread time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := int(intended / slot)
	if !p.begun {
		p.begun, p.first = true, at
	}
	slots := 1 + int(spread/slot)
	for i := range slots {
		share := count / slots
		if i < count%slots {
			share++
		}
		p.addTo(at+i, share)
	}
}

func (p *pending) addTo(at, count int) {
	if at < p.first {
		return // it is older than anything that may be in flight
	}
	for len(p.seen) <= at-p.first {
		p.seen = append(p.seen, 0)
	}
	p.seen[at-p.first] += count
}

// starts are when the journeys in flight were to start, as far as that is foreseen. What
// came too many in one slot is set off against what lacks in the next.
func (p *pending) starts(now, stopped time.Duration) (list []time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.begun {
		return nil
	}
	p.forget(int((now - p.keep) / slot))
	until := now
	if stopped > 0 {
		until = min(now, stopped)
	}
	lacking := 0.0
	for at := p.first; time.Duration(at+1)*slot <= until; at++ {
		lacking += p.perSlot
		if i := at - p.first; i < len(p.seen) {
			lacking -= float64(p.seen[i])
		}
		lacking = max(lacking, -1-p.perSlot) // what is sent beside the plan hides nothing
		for ; lacking >= 1; lacking-- {
			list = append(list, time.Duration(at)*slot+slot/2)
		}
	}
	return list
}

// forget drops slots before one. It needs mu.
func (p *pending) forget(before int) {
	if before <= p.first {
		return
	}
	p.seen = p.seen[min(len(p.seen), before-p.first):]
	p.first = before
}
