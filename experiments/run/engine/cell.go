package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/run/internal/wait"
)

const (
	lookEvery    = 250 * time.Millisecond // between two looks at the journeys of a cell
	askAfter     = time.Second            // after the removal, the invariants are asked
	askAgain     = time.Second            // an answer that is older before the next fault is asked for again
	lookAtEnd    = time.Second            // how long the faults may take to be seen when their time is over
	leastRecover = 3 * time.Second        // of the budget that a cell leaves to the system for its recovery
)

// A cellRun is one cell while it runs.
type cellRun struct {
	*scanRun
	cell  journal.Cell
	end   journal.CellEnd
	tests []*journeyTest
	first reading // of the counters, under the faults, as last
	last  reading
}

func newCellRun(s *scanRun, cell journal.Cell) *cellRun {
	s.causes.clear()
	s.late.clear()
	s.lateAfter.clear()
	c := &cellRun{scanRun: s, cell: cell, end: journal.CellEnd{Number: cell.Number}}
	for k := range s.e.Journeys {
		c.tests = append(c.tests, newJourneyTest(s, k, cell.Stage))
	}
	return c
}

// run injects the faults of the cell, watches journeys under them, and removes the faults.
func (c *cellRun) run(ctx context.Context) error {
	if err := c.injectAll(ctx); err != nil {
		return c.takeBack(ctx, err)
	}
	c.begin()
	watchCtx, stop := context.WithCancelCause(ctx)
	var watchers sync.WaitGroup
	watchers.Go(func() { c.readFirst(watchCtx) })
	watchers.Go(func() { c.watchGuardrails(watchCtx, stop) })
	watchers.Go(func() { c.watchFaults(watchCtx, stop) })
	unguard := c.probes.guard(func(v violation) { c.trip(watchCtx, v, stop) })
	c.end.Why = c.watch(watchCtx)
	c.end.To = c.log.since()
	early, _ := errors.AsType[*earlyEnd](context.Cause(watchCtx))
	stop(nil)
	if early != nil {
		c.end.Why, c.end.Detail = early.why, early.detail
	}
	c.readBackAtEnd(ctx)
	watchers.Go(func() { c.readLast(ctx) })
	err := c.remove(ctx)
	unguard()
	watchers.Wait()
	c.look(c.end.To)
	return err
}

// readBackAtEnd looks whether all faults are still in force when their time is over. A server
// that died a moment ago has harmed journeys by that, and not by its faults. A guardrail wants
// its fault gone: then the look is short, and a server that is only slow proves nothing.
func (c *cellRun) readBackAtEnd(ctx context.Context) {
	guarded, timeout := c.end.Why == journal.CellGuarded, lookAtEnd
	switch {
	case ctx.Err() != nil || c.end.Why == journal.CellVanished:
		return
	case guarded:
		timeout = lastLook
	}
	attempt, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	gone, detail, err := c.lookWithin(attempt)
	slow := gone == "" && attempt.Err() != nil
	if slow {
		err = fmt.Errorf("no answer within %s", timeout)
	}
	switch {
	case ctx.Err() != nil || gone == "" && err == nil || guarded && slow:
		return
	case gone == "":
		gone, detail = c.cell.Faults[0].Name, fmt.Sprintf("not seen at the end: %v", err)
	}
	c.end.Why, c.end.Detail = journal.CellVanished, fmt.Sprintf("%s: %s", gone, detail)
	c.recordBeside(journal.FaultVanished, journal.Event{Fault: gone, Detail: detail})
}

// lookWithin reads the faults back. An injector that does not mind its context, or panics,
// must not hold up the removal.
func (c *cellRun) lookWithin(ctx context.Context) (gone, detail string, err error) {
	type look struct {
		gone, detail string
		err          error
	}
	seen := make(chan look, 1) // so that the call can end after lookWithin has returned
	go func() {
		defer c.catchPanic("read back")
		gone, detail, err := c.faults.readBack(ctx)
		seen <- look{gone, detail, err}
	}()
	select {
	case l := <-seen:
		return l.gone, l.detail, l.err
	case <-ctx.Done():
		return "", "", ctx.Err()
	}
}

// begin takes note of the moment from which on all faults of the cell are in force.
func (c *cellRun) begin() {
	c.generator.StartPhase(journal.Fault) // examples of harm are kept anew for each cell
	c.end.From = c.log.since()
	c.counts.startCell(c.end.From, c.removed)
	c.causes.begin(c.end.From)
	c.late.begin(c.end.From)
	for _, t := range c.tests {
		t.begin(c.end.From)
	}
}

// injectAll injects the faults of the cell side by side. The first error ends those that
// are on their way.
func (c *cellRun) injectAll(ctx context.Context) error {
	if ctx.Err() != nil {
		return &notInjected{context.Cause(ctx)}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	errs := make(chan error, len(c.cell.Faults))
	var injections sync.WaitGroup
	for _, f := range c.cell.Faults {
		injections.Go(func() {
			defer c.catchPanic("injection")
			if err := c.faults.inject(ctx, f); err != nil {
				errs <- err
				cancel()
			}
		})
	}
	injections.Wait()
	close(errs)
	return worst(errs)
}

// worst returns the first error that is not an injector's, else the first one.
func worst(errs <-chan error) (first error) {
	for err := range errs {
		if _, failed := errors.AsType[*notInjected](err); !failed {
			return err
		}
		if first == nil {
			first = err
		}
	}
	return first
}

// takeBack removes what there is of a cell that could not be injected as a whole. That is
// no failure of the scan where it is one of an injector.
func (c *cellRun) takeBack(ctx context.Context, why error) error {
	c.end.Why, c.end.Detail = journal.CellNotInjected, why.Error()
	c.end.From = c.log.since()
	c.end.To = c.end.From
	removed := c.remove(ctx)
	if _, failed := errors.AsType[*notInjected](why); failed {
		return removed
	}
	return joinNonNil(why, removed)
}

// remove removes all faults of the cell, and keeps what they have met.
func (c *cellRun) remove(ctx context.Context) error {
	active := map[string]*activeFault{}
	for _, a := range c.faults.list() {
		active[a.Name] = a
	}
	c.causes.end(c.end.To) // what is to start during the removal is nobody's
	c.late.end(c.end.To)
	err := c.faults.removeAll(ctx)
	c.removed = c.log.since()
	c.lateAfter.begin(c.removed)
	c.healthy.begin(c.removed)
	for _, f := range c.cell.Faults {
		met := journal.CellMet{Fault: f.Name}
		if a := active[f.Name]; a != nil {
			e := c.faults.evidence(a)
			met = journal.CellMet{Fault: f.Name, Counted: e.Counted, Refuses: e.Refuses, Met: e.Met, Of: e.Of}
		}
		c.end.Met = append(c.end.Met, met)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c.e.ID, err)
	}
	return nil
}

// watch looks at the journeys until the cell is over, and says why it is.
func (c *cellRun) watch(ctx context.Context) string {
	for wait.For(ctx, lookEvery) {
		now := c.log.since()
		c.look(now)
		if why, over := c.isOver(now); over {
			return why
		}
	}
	return journal.CellCut
}

// readFirst reads the counters just after the injection.
func (c *cellRun) readFirst(ctx context.Context) {
	defer c.catchPanic("counters")
	c.first = c.askCounters(ctx, counterMargin)
}

// readLast reads them beside the removal, which waits for nothing. An answer that comes once
// the faults are gone holds a few calls too many.
func (c *cellRun) readLast(ctx context.Context) {
	defer c.catchPanic("counters")
	c.last = c.askCounters(context.WithoutCancel(ctx), counterMargin)
}

// comeBack waits until the system is healthy again, and asks the invariants meanwhile. What
// takes long is looked at once more: asking may take longer than health lasts, and a late
// violation must not be the next cell's.
func (c *cellRun) comeBack(ctx context.Context) error {
	c.awaitHealth(ctx, c.removed+askAfter)
	if err := c.askAfterward(ctx); err != nil || ctx.Err() != nil {
		return err
	}
	until := c.healthyUntil()
	since, healthy := c.awaitHealth(ctx, until)
	if healthy && c.log.since()-c.watched.asked > askAgain {
		if err := c.askAfterward(ctx); err != nil || ctx.Err() != nil {
			return err
		}
		since, healthy = c.awaitHealth(ctx, max(until, c.log.since()+leastRecover))
	}
	switch c.end.Back = -1; {
	case healthy:
		c.healthyFrom, c.end.Back = since, since-c.end.To
	case until < c.removed+c.options.HealthTimeout:
		c.end.Back, c.end.BackUnknown = 0, true
	default:
		c.end.LateAfter = c.lateAfter.known()
	}
	return nil
}

// healthyUntil is how long the system has to come back. The budget bounds it: then nobody
// knows whether it would have.
func (c *cellRun) healthyUntil() time.Duration {
	until := c.removed + c.options.HealthTimeout
	if c.over > 0 {
		until = min(until, max(c.over, c.removed+leastRecover))
	}
	return until
}

// askAfterward asks the invariants. What the cell broke stays broken, whatever is said
// later.
func (c *cellRun) askAfterward(ctx context.Context) error {
	answers, err := c.askInvariants(ctx, journal.Recovery)
	if err != nil || ctx.Err() != nil {
		return err
	}
	for _, r := range answers.broken {
		c.end.Broken = addBroken(c.end.Broken, r)
	}
	c.end.Unjudged = nil
	for _, r := range answers.unjudged {
		if !slices.ContainsFunc(c.end.Broken, func(b journal.CheckResult) bool { return b.Invariant == r.Invariant }) {
			c.end.Unjudged = append(c.end.Unjudged, r)
		}
	}
	return nil
}

// addBroken adds what an invariant says to what it said before of the same cell.
func addBroken(list []journal.CheckResult, r journal.CheckResult) []journal.CheckResult {
	i := slices.IndexFunc(list, func(b journal.CheckResult) bool { return b.Invariant == r.Invariant })
	if i < 0 {
		return append(list, r)
	}
	if old := list[i]; r.New != nil { // what is new since the last answer
		all := *r.New
		if old.New != nil {
			all += *old.New
		} else {
			all += old.Violations
		}
		r.New = &all
		r.Keys = append(slices.Clone(old.Keys), r.Keys...)
		r.Keys = r.Keys[:min(len(r.Keys), maxNewKeys)]
	}
	list[i] = r
	return list
}

// fill completes what became of the cell.
func (c *cellRun) fill() {
	c.end.Carried = moved(c.first, c.last)
	c.end.Late = c.late.known()
	started := c.startedIn(c.end.From, c.end.To)
	for k, t := range c.tests {
		j := t.result()
		j.Started = started[k]
		j.Cause = c.causes.most(k)
		c.end.Journeys = append(c.end.Journeys, j)
	}
}

// most is how long the faults of the cell may be in force. The budget bounds that as well:
// removal, and the proof that it worked, have their time afterwards.
func (c *cellRun) most() time.Duration {
	most := c.e.LongestCell(c.cell.Stage == journal.Threshold)
	if c.over > 0 {
		most = min(most, max(0, c.over-leastRecover-c.end.From))
	}
	return most
}
