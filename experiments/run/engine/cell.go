package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/run/internal/wait"
)

const (
	lookEvery     = 250 * time.Millisecond // between two looks at the journeys of a cell
	longestCell   = 20 * time.Second       // for which its faults are in force
	longestSearch = 30 * time.Second       // likewise, in the search for a breaking point
	afterBudget   = 10 * time.Second       // for which they are in force once the slowest journey is old enough to judge
	askAfter      = time.Second            // after the removal, the invariants are asked
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
	for _, g := range c.checkedGuardrails() {
		watchers.Go(func() { c.watchGuardrailCheck(watchCtx, g, stop) })
	}
	c.end.Why = c.watch(watchCtx)
	c.end.To = c.log.since()
	early, _ := errors.AsType[*earlyEnd](context.Cause(watchCtx))
	stop(nil)
	if early != nil {
		c.end.Why, c.end.Detail = early.why, early.detail
	}
	watchers.Go(func() { c.readLast(ctx) }) // beside the removal, which waits for nothing
	err := c.remove(ctx)
	watchers.Wait()
	c.look(c.end.To)
	return err
}

// begin takes note of the moment from which on all faults of the cell are in force.
func (c *cellRun) begin() {
	c.generator.StartPhase(journal.Fault) // examples of harm are kept anew for each cell
	c.end.From = c.log.since()
	c.counts.startFault(c.end.From)
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
	err := c.faults.removeAll(ctx)
	c.removed = c.log.since()
	c.causes.end(c.end.To)
	c.late.end(c.end.To)
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

// readLast reads them just before the removal. The removal looks at what the faults have
// met before anything else, which takes as long.
func (c *cellRun) readLast(ctx context.Context) {
	defer c.catchPanic("counters")
	c.last = c.askCounters(context.WithoutCancel(ctx), counterMargin)
}

// comeBack asks the invariants and waits until the system is healthy again.
func (c *cellRun) comeBack(ctx context.Context) error {
	since, healthy := c.awaitHealth(ctx, c.removed, askAfter)
	if ctx.Err() != nil {
		return nil //nolint:nilerr // the caller reports why ctx ended
	}
	answers, err := c.askInvariants(ctx, journal.Recovery)
	if err != nil {
		return err
	}
	c.end.Broken, c.end.Unjudged = answers.broken, answers.unjudged
	if !healthy {
		since, healthy = c.awaitHealth(ctx, c.removed, c.options.HealthTimeout)
	}
	c.end.Back = -1
	if healthy {
		c.healthyFrom, c.end.Back = since, since-c.end.To
		return nil
	}
	c.end.LateAfter = c.lateAfter.known()
	return nil
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

// most is how long the faults of the cell may be in force.
func (c *cellRun) most() time.Duration {
	most := longestCell
	if c.cell.Stage == journal.Threshold {
		most = longestSearch
	}
	for _, j := range c.e.Journeys {
		most = max(most, j.HarmedAfter()+afterBudget)
	}
	return most
}
