package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

const (
	guardEvery = 250 * time.Millisecond // how often live journeys are looked at
	renewEvery = 5 * time.Second        // how often evidence starts afresh, for harm that begins late
	// falseStops is the risk of stopping a fault whose blast radius never was
	// beyond any guardrail, over the whole experiment and all its guardrails.
	falseStops = 0.01
)

// A trip is a guardrail that was passed.
type trip struct {
	journey       string
	excess, limit float64
	how           string // the evidence, in words
}

// guard watches the guardrails while faults are in force.
//
// Arms that run at the same time are compared by evidence that may be looked at
// as often as one likes (stats.Guard): a jump from 1 % to 20 % at 50 journeys/s
// is stopped after a median of 2.8 s by a guardrail of 2 %, and fewer than one in
// a hundred quiet experiments are stopped, however long they are.
//
// Without a concurrent control there is no such evidence: whatever else happens
// to the system looks like the fault. A window rule has to do: the journeys of
// the last five seconds against those of the baseline, at the lower end of their
// interval. It stops more than it must, which costs a measurement and not a
// system.
func (t *trial) guard(ctx context.Context, stop context.CancelCauseFunc) {
	defer t.catch("guardrail")
	if len(t.e.Guardrails) == 0 {
		return
	}
	look := t.windowRule
	if t.e.Control == plan.Concurrent {
		look = newEvidence(t).look
	}
	for wait(ctx, guardEvery) {
		tripped, ok := look()
		if !ok {
			continue
		}
		detail := fmt.Sprintf("blast radius of %s: %.1f%% > %s %s", tripped.journey, tripped.excess*100, plan.Percent(tripped.limit), tripped.how)
		stop(fmt.Errorf("guardrail: %s", detail)) // first the fault goes, then the journal learns why
		if err := t.event(journal.GuardrailTripped, journal.Event{Detail: detail, Value: tripped.excess, Limit: tripped.limit}); err != nil {
			t.fatal(err)
		}
		return
	}
}

func (t *trial) windowRule() (trip, bool) {
	for _, g := range t.e.Guardrails {
		if name, excess, beyond := t.live.beyond(t.since(), g.BlastRadius, t.gen.Overdue); beyond {
			return trip{journey: name, excess: excess, limit: g.BlastRadius, how: fmt.Sprintf("over the last %s", window)}, true
		}
	}
	return trip{}, false
}

// evidence is what was gathered for each guardrail and journey.
type evidence struct {
	t      *trial
	guards [][]*stats.Guard // by guardrail and journey
	used   []stats.Pair     // by journey: the journeys taken into account so far
	afresh time.Duration    // when evidence next starts afresh
	enough float64
}

func newEvidence(t *trial) *evidence {
	e := &evidence{t: t, used: make([]stats.Pair, len(t.e.Journeys)), afresh: t.since() + renewEvery}
	for _, g := range t.e.Guardrails {
		var row []*stats.Guard
		for i := range t.e.Journeys {
			row = append(row, stats.NewGuard(g.BlastRadius, t.live.before(i)))
		}
		e.guards = append(e.guards, row)
	}
	e.enough = float64(len(t.e.Guardrails)*len(t.e.Journeys)) / falseStops
	return e
}

// look takes the journeys since the last look into account.
func (e *evidence) look() (trip, bool) {
	now := e.t.since()
	renew := now >= e.afresh
	if renew {
		e.afresh += renewEvery
	}
	for j, journey := range e.t.e.Journeys {
		all := e.t.live.sinceFault(j, e.t.gen.Overdue)
		block := stats.Pair{Fault: beyond(all.Fault, e.used[j].Fault), Control: beyond(all.Control, e.used[j].Control)}
		usable := block.Fault.N > 0 && block.Control.N > 0
		if usable {
			e.used[j] = stats.Pair{Fault: sum(e.used[j].Fault, block.Fault), Control: sum(e.used[j].Control, block.Control)}
		}
		for i, g := range e.t.e.Guardrails {
			guard := e.guards[i][j]
			if renew {
				guard.Renew()
			}
			if usable && guard.Add(block) >= e.enough {
				excess := max(e.t.live.excess(now, j, e.t.gen.Overdue), e.used[j].Fault.Share()-e.used[j].Control.Share())
				how := fmt.Sprintf("(seen by chance in at most 1 of %.0f runs)", 1/falseStops)
				return trip{journey: journey.Name, excess: excess, limit: g.BlastRadius, how: how}, true
			}
		}
	}
	return trip{}, false
}

// beyond are the trials of all that were not used yet. An overdue journey that
// ends between two readings is missed for one look; it must not make a count
// negative.
func beyond(all, used stats.Count) stats.Count {
	n := max(0, all.N-used.N)
	return stats.Count{Hits: min(n, max(0, all.Hits-used.Hits)), N: n}
}

func sum(a, b stats.Count) stats.Count { return stats.Count{Hits: a.Hits + b.Hits, N: a.N + b.N} }
