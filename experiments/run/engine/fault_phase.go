package engine

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/internal/wait"
)

const (
	readBackEvery   = time.Second      // how often faults are read back
	readBackTimeout = 5 * time.Second  // of one read-back
	maxUnseen       = 10 * time.Second // how long a fault may not be read back
)

// runFault is the phase in which faults are in force, each from its `at` to its
// end. A guardrail, a fault that vanished and the end of ctx end the phase: then
// all faults are removed at once.
func (x *experimentRun) runFault(ctx context.Context) error {
	if err := x.startPhase(journal.Fault); err != nil {
		return err
	}
	x.readCounters(ctx, journal.BeforeFault, counterTimeout)
	if err := x.firstTurn(); err != nil {
		return err
	}
	begun := time.Now()
	watchCtx, stop := context.WithCancelCause(ctx)
	var watchers sync.WaitGroup
	watchers.Go(func() { x.readCountersAt(watchCtx, begun, x.counterMoments(), journal.InFault) })
	watchers.Go(func() { x.takeTurns(watchCtx, begun) })
	err := x.schedule(watchCtx, begun, func() {
		watchers.Go(func() { x.watchGuardrails(watchCtx, stop) })
		watchers.Go(func() { x.watchFaults(watchCtx, stop) })
		watchers.Go(func() { x.exchangeDuring(watchCtx) })
		watchers.Go(func() { x.watchInvariants(watchCtx) })
		for _, g := range x.checkedGuardrails() {
			watchers.Go(func() { x.watchGuardrailCheck(watchCtx, g, stop) })
		}
	})
	if x.cutShort = context.Cause(watchCtx) != nil; !x.cutShort {
		x.readBackLast(ctx)
	}
	stop(nil)
	removed := x.faults.removeAll(ctx)
	watchers.Wait()
	x.lastTurn()
	if err == nil {
		x.readCounters(context.WithoutCancel(ctx), journal.AfterFault, counterTimeout)
	}
	if err != nil || removed != nil {
		return fmt.Errorf("%s: %w", x.e.ID, joinNonNil(err, removed))
	}
	return nil
}

// joinNonNil returns a single error unchanged, so that messages stay one line.
func joinNonNil(a, b error) error {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	default:
		return fmt.Errorf("%w; %w", a, b)
	}
}

// An earlyEnd is why faults are taken away before their time.
type earlyEnd struct {
	why    string // as the end of a cell says it
	detail string
}

func (e *earlyEnd) Error() string { return e.why + ": " + e.detail }

// A change is one injection or one removal in the fault phase.
type change struct {
	at     time.Duration
	inject bool
	fault  plan.Fault
}

// changes returns the changes of the fault phase in the order of time. At the
// same moment, removals come first.
func changes(e *plan.Experiment) []change {
	var list []change
	for _, f := range e.Faults {
		list = append(list, change{f.At, true, f})
		if f.Until < e.Phases.Fault {
			list = append(list, change{f.Until, false, f})
		}
	}
	slices.SortStableFunc(list, func(a, b change) int {
		switch {
		case a.at != b.at:
			return int(a.at - b.at)
		case a.inject == b.inject:
			return 0
		case b.inject:
			return -1
		}
		return 1
	})
	return list
}

// schedule makes the changes at their times and waits for the end of the phase.
// It calls watch once, when the first fault is in force.
func (x *experimentRun) schedule(ctx context.Context, begun time.Time, watch func()) error {
	watching := false
	for _, c := range changes(x.e) {
		if !wait.For(ctx, c.at-time.Since(begun)) {
			return nil
		}
		if !c.inject {
			if err := x.faults.remove(ctx, func(a *activeFault) bool { return a.Name == c.fault.Name }); err != nil {
				return err
			}
			continue
		}
		if err := x.faults.inject(ctx, c.fault); err != nil {
			if ctx.Err() != nil { // the end of ctx is the reason, not this error
				return nil //nolint:nilerr // the caller reports why ctx ended
			}
			return err
		}
		if !watching {
			watching = true
			x.counts.startFault(x.log.since())
			watch()
		}
	}
	wait.For(ctx, x.e.Phases.Fault-time.Since(begun))
	return nil
}

// watchFaults reads the faults back once a second. A server may stumble; one that
// stays away for long has probably lost its faults, and what is measured
// meanwhile is not the fault's doing.
func (x *experimentRun) watchFaults(ctx context.Context, stop context.CancelCauseFunc) {
	defer x.catchPanic("read back")
	seen := time.Now()
	for wait.For(ctx, readBackEvery) {
		attempt, cancel := context.WithTimeout(ctx, readBackTimeout)
		gone, detail, err := x.faults.readBack(attempt)
		cancel()
		switch {
		case ctx.Err() != nil:
			return
		case gone == "" && err == nil:
			seen = time.Now()
			continue
		case gone == "" && time.Since(seen) < maxUnseen:
			continue
		case gone == "":
			list := x.faults.list()
			if len(list) == 0 {
				continue // the last one has been removed meanwhile
			}
			gone, detail = list[0].Name, fmt.Sprintf("not seen for %s: %v", figures.Span(maxUnseen), err)
		}
		x.recordBeside(journal.FaultVanished, journal.Event{Fault: gone, Detail: detail})
		stop(&earlyEnd{journal.CellVanished, fmt.Sprintf("%s: %s", gone, detail)})
		return
	}
}

// readBackLast takes the final counts before a planned removal. It is bounded
// tightly: evidence is good to have, removal is a promise.
func (x *experimentRun) readBackLast(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	gone, detail, _ := x.faults.readBack(ctx) // the removal deals with a server that does not answer
	if gone != "" {
		x.recordBeside(journal.FaultVanished, journal.Event{Fault: gone, Detail: detail})
	}
}
