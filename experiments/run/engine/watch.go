package engine

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

const (
	lookEvery = time.Second      // how often presence is read back
	unseenFor = 10 * time.Second // how long a fault in force may stay unseen
)

// fault is the phase in which faults are in force: each from its `at` to its
// end, all of them removed at once by a guardrail, by a fault that vanished or
// by the end of the context.
func (t *trial) fault(ctx context.Context) error {
	if err := t.phase(journal.Fault); err != nil {
		return err
	}
	t.sample(ctx, journal.BeforeFault, sampleWithin)
	begun := time.Now()
	watchCtx, stop := context.WithCancelCause(ctx)
	var watchers sync.WaitGroup
	watchers.Go(func() { t.sampling(watchCtx, begun, t.underFaults(), journal.InFault) })
	err := t.schedule(watchCtx, begun, func() {
		watchers.Go(func() { t.guard(watchCtx, stop) })
		watchers.Go(func() { t.readBack(watchCtx, stop) })
		watchers.Go(func() { t.probeDuring(watchCtx) })
		watchers.Go(func() { t.watchInvariants(watchCtx) })
		for _, g := range t.probes() {
			watchers.Go(func() { t.watchProbe(watchCtx, g, stop) })
		}
	})
	cut := context.Cause(watchCtx) != nil
	if !cut {
		t.lastLook(ctx)
	}
	stop(nil)
	removed := t.faults.removeAll(ctx)
	watchers.Wait()
	if err == nil {
		t.sample(context.WithoutCancel(ctx), journal.AfterFault, sampleWithin)
	}
	if err != nil || removed != nil {
		return fmt.Errorf("%s: %w", t.e.ID, joinNonNil(err, removed))
	}
	return nil
}

// joinNonNil keeps a single error as it is, so that messages stay one line.
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

// A change is one injection or one removal in the fault phase.
type change struct {
	at     time.Duration
	inject bool
	fault  plan.Fault
}

// changes are the phase's changes in the order of time; at the same moment
// removals come first.
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
func (t *trial) schedule(ctx context.Context, begun time.Time, watch func()) error {
	watching := false
	for _, c := range changes(t.e) {
		if !wait(ctx, c.at-time.Since(begun)) {
			return nil
		}
		if !c.inject {
			if err := t.faults.remove(ctx, func(a *activeFault) bool { return a.Name == c.fault.Name }); err != nil {
				return err
			}
			continue
		}
		if err := t.faults.inject(ctx, c.fault); err != nil {
			if ctx.Err() != nil { // told to stop in the middle: that is the reason, not this error
				return nil
			}
			return err
		}
		if !watching {
			watching = true
			t.live.startFault(t.since())
			watch()
		}
	}
	wait(ctx, t.e.Phases.Fault-time.Since(begun))
	return nil
}

// readBack looks once a second whether the faults are still there. A server may
// stumble; one that stays away for long has probably taken its faults along, and
// what is measured meanwhile is not the fault's doing.
func (t *trial) readBack(ctx context.Context, stop context.CancelCauseFunc) {
	defer t.catch("read back")
	seen := time.Now()
	for wait(ctx, lookEvery) {
		lctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		gone, detail, err := t.faults.look(lctx)
		cancel()
		switch {
		case ctx.Err() != nil:
			return
		case gone == "" && err == nil:
			seen = time.Now()
			continue
		case gone == "" && time.Since(seen) < unseenFor:
			continue
		case gone == "":
			list := t.faults.list()
			if len(list) == 0 {
				continue // the last one has been taken back meanwhile
			}
			gone, detail = list[0].Name, fmt.Sprintf("not seen for %s: %v", unseenFor, err)
		}
		if err := t.event(journal.FaultVanished, journal.Event{Fault: gone, Detail: detail}); err != nil {
			t.fatal(err)
		}
		stop(fmt.Errorf("fault %s vanished: %s", gone, detail))
		return
	}
}

// lastLook takes the final counts before a planned removal. It is bounded
// tightly: evidence is good to have, removal is a promise.
func (t *trial) lastLook(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if gone, detail, _ := t.faults.look(ctx); gone != "" { // a silent server is for the removal to deal with
		if err := t.event(journal.FaultVanished, journal.Event{Fault: gone, Detail: detail}); err != nil {
			t.fatal(err)
		}
	}
}
