package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
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
	guardrail     experiments.Guardrail
	journey       string
	excess, limit float64
	how           string // the evidence, in words
}

// guard watches the guardrails while faults are in force.
//
// Each of those on journeys is a share: of journeys harmed, failed, or slower than
// one in a hundred may be. Arms that run at the same time are compared by evidence
// that may be looked at as often as one likes (stats.EProcess): a jump of harm from
// 1 % to 20 % at 50 journeys/s is stopped after a median of 2.8 s by a guardrail of
// 2 %, and fewer than one in a hundred quiet experiments are stopped, however long
// they are.
//
// Without a concurrent control there is no such evidence: whatever else happens
// to the system looks like the fault. A window rule has to do: the journeys of
// the last five seconds, ten at least, against those of the baseline, at the lower
// end of their interval. It stops more than it must, which costs a measurement and
// not a system.
func (t *trial) guard(ctx context.Context, stop context.CancelCauseFunc) {
	defer t.catch("guardrail")
	if !t.watchesJourneys() {
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
		t.stopFor(ctx, tripped, stop)
		return
	}
}

func (t *trial) watchesJourneys() bool {
	return slices.ContainsFunc(t.e.Guardrails, func(g experiments.Guardrail) bool { return g.Probe == nil })
}

// stopFor ends the fault, unless something else has done so: first the fault goes,
// then the journal learns why.
func (t *trial) stopFor(ctx context.Context, tripped trip, stop context.CancelCauseFunc) {
	if ctx.Err() != nil {
		return
	}
	detail := tripped.says()
	stop(fmt.Errorf("guardrail: %s", detail))
	if err := t.event(journal.GuardrailTripped, journal.Event{Guardrail: tripped.guardrail.Kind(), Detail: detail, Value: tripped.excess, Limit: tripped.limit}); err != nil {
		t.fatal(err)
	}
}

func (t trip) says() string {
	switch g := t.guardrail; g.Kind() {
	case "probe":
		return fmt.Sprintf("%s: %s", g.Probe.Name, t.how)
	case "p99":
		return fmt.Sprintf("p99 of %s: %.1f%% take longer than %s, beyond the control, where 1%% may %s", t.journey, t.excess*100, g.P99, t.how)
	case "failed":
		return fmt.Sprintf("failed share of %s: %.1f%% > %s %s", t.journey, t.excess*100, figures.ShortPercent(t.limit, 1), t.how)
	}
	return fmt.Sprintf("blast radius of %s: %.1f%% > %s %s", t.journey, t.excess*100, figures.ShortPercent(t.limit, 1), t.how)
}

// each calls look for each journey under each guardrail on journeys until it says
// that one was passed.
func (t *trial) each(look func(watched, experiments.Guardrail) (trip, bool)) (trip, bool) {
	for j := range t.e.Journeys {
		for i, g := range t.e.Guardrails {
			if g.Probe != nil {
				continue
			}
			if tripped, ok := look(watched{j, i}, g); ok {
				tripped.guardrail, tripped.journey, tripped.limit = g, t.e.Journeys[j].Name, g.Share()
				return tripped, true
			}
		}
	}
	return trip{}, false
}

func (t *trial) windowRule() (trip, bool) {
	return t.each(func(w watched, _ experiments.Guardrail) (trip, bool) {
		excess, beyond := t.live.beyond(t.since(), w, t.gen.Overdue)
		return trip{excess: excess, how: fmt.Sprintf("over the last %s", window)}, beyond
	})
}

// evidence is what was gathered for each journey under each guardrail.
type evidence struct {
	t      *trial
	guards map[watched]*stats.EProcess
	used   map[watched]stats.Pair // the journeys taken into account so far
	afresh time.Duration          // when evidence next starts afresh
	enough float64
}

func newEvidence(t *trial) *evidence {
	e := &evidence{t: t, guards: map[watched]*stats.EProcess{}, used: map[watched]stats.Pair{}, afresh: t.since() + renewEvery}
	t.each(func(w watched, g experiments.Guardrail) (trip, bool) {
		e.guards[w] = stats.NewEProcess(g.Share(), t.live.before(w))
		return trip{}, false
	})
	e.enough = float64(len(e.guards)) / falseStops
	return e
}

// look takes the journeys since the last look into account.
func (e *evidence) look() (trip, bool) {
	now := e.t.since()
	renew := now >= e.afresh
	if renew {
		e.afresh += renewEvery
	}
	return e.t.each(func(w watched, _ experiments.Guardrail) (trip, bool) {
		guard := e.guards[w]
		if renew {
			guard.Renew()
		}
		all, used := e.t.live.sinceFault(w, e.t.gen.Overdue), e.used[w]
		block := stats.Pair{Fault: beyond(all.Fault, used.Fault), Control: beyond(all.Control, used.Control)}
		if block.Fault.N == 0 || block.Control.N == 0 {
			return trip{}, false
		}
		used = stats.Pair{Fault: sum(used.Fault, block.Fault), Control: sum(used.Control, block.Control)}
		e.used[w] = used
		if guard.Add(block) < e.enough {
			return trip{}, false
		}
		excess := max(e.t.live.excess(now, w, e.t.gen.Overdue), used.Fault.Share()-used.Control.Share())
		return trip{excess: excess, how: fmt.Sprintf("(seen by chance in at most 1 of %.0f runs)", 1/falseStops)}, true
	})
}

// beyond are the trials of all that were not used yet. An overdue journey that
// ends between two readings is missed for one look; it must not make a count
// negative.
func beyond(all, used stats.Count) stats.Count {
	n := max(0, all.N-used.N)
	return stats.Count{Hits: min(n, max(0, all.Hits-used.Hits)), N: n}
}

func sum(a, b stats.Count) stats.Count { return stats.Count{Hits: a.Hits + b.Hits, N: a.N + b.N} }
