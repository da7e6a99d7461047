package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// A Scanner says what a scan tries next. Its methods are called one at a time.
type Scanner interface {
	// Exercised takes what the baseline counted, before any fault.
	Exercised(journal.Exercise)

	// Next returns the next cell. Spent is the time since the run started. It is false
	// where nothing is left that fits the budget; Why says which of the two it is.
	Next(spent time.Duration) (journal.Cell, bool)

	// Ended takes what became of the cell that Next returned last.
	Ended(journal.CellEnd)

	// Why is the reason for which Next returned false: [journal.ScanComplete] or
	// [journal.ScanBudget].
	Why() string
}

// mostNotInjected is how many cells in a row may fail to be injected before the scan gives
// up: one may be about its own fault, several are about the server.
const mostNotInjected = 3

// shortestCell is about how long a cell takes that ends soon, with the healthy time before it.
const shortestCell = 5 * time.Second

// scanIdle is how long a scan looks at proxies before there are journeys: half a second, as
// of a run, is less than what comes between two health checks.
const scanIdle = 3 * time.Second

// A scanRun is a scan while it runs: one experiment whose faults come and go as a
// Scanner says, under traffic that never stops.
type scanRun struct {
	*experimentRun
	scanner     Scanner
	healthy     *healthyTime
	causes      *cellCauses
	late        *lateJourneys      // of the baseline, then of each cell
	lateAfter   *lateJourneys      // since the last removal
	lateBefore  []journal.Lateness // of the baseline
	watched     *watchedInvariants
	probes      *watchedProbes
	over        time.Duration // when the time for faults is, since the run started; 0: nothing bounds it
	notInjected int           // cells in a row
	removed     time.Duration // when the last faults were gone, since the run started
	healthyFrom time.Duration // since when the system is healthy after that
}

// Scan executes the one experiment of p, whose faults come and go as s says. Its errors
// are those of [Run]: it returns nil when the scan ended by what it found, wherever that
// was. What it found is in the journal alone.
func Scan(ctx context.Context, p *plan.Plan, s Scanner, rec Recorder, o Options) error {
	o.Idle = cmp.Or(o.Idle, scanIdle)
	o = o.withDefaults()
	return recordRun(p, rec, o, func(log *runLog) error {
		scan := newScanRun(&p.Experiments[0], log, s, o)
		if p.Scan.Budget > 0 {
			scan.over = p.Scan.Budget - scan.e.Phases.Recovery
			scan.cells = max(1, int(p.Scan.Budget/shortestCell))
		}
		err := scan.run(ctx)
		if stopsSuite(err) {
			return nil // it is in the journal
		}
		return err
	})
}

func newScanRun(e *plan.Experiment, log *runLog, scanner Scanner, o Options) *scanRun {
	o.HealthTimeout = mostRecovery(e, o.HealthTimeout)
	x := newExperimentRun(e, 0, log, o)
	s := &scanRun{experimentRun: x, scanner: scanner,
		healthy: newHealthyTime(len(e.Journeys)), causes: newCellCauses(e), late: newLateJourneys(e), lateAfter: newLateJourneys(e),
		watched: newWatchedInvariants(), probes: newWatchedProbes(x)}
	s.healthy.oneRoute = e.Control != plan.Concurrent
	x.phases, x.seen, x.afterward = s.runPhases, s.see, false
	return s
}

// see takes the end of one journey.
func (s *scanRun) see(o journal.Observation) {
	s.healthy.add(o)
	s.causes.add(o)
	s.late.add(o)
	s.lateAfter.add(o)
}

// A scanEnd is why a scan tries nothing more.
type scanEnd struct {
	reason string
	detail string // more of it, in words
}

// runPhases runs the whole scan. No fault is left when the journal learns of its end.
func (s *scanRun) runPhases(ctx context.Context) error {
	end, err := s.try(ctx)
	switch {
	case err != nil:
		end = endOf(err)
	case ctx.Err() != nil:
		end = endOf(context.Cause(ctx))
	}
	ended := s.log.event(journal.ScanEnded, journal.Event{Detail: end.reason, Error: end.detail})
	if err != nil || ended != nil {
		return joinNonNil(err, ended)
	}
	if ctx.Err() != nil || end.reason != journal.ScanComplete && end.reason != journal.ScanBudget {
		return nil //nolint:nilerr // the caller reports why ctx ended
	}
	return s.runRecovery(ctx)
}

// endOf returns the end of a scan that an error ended.
func endOf(err error) scanEnd {
	_, interrupted := errors.AsType[*Interrupt](err)
	switch {
	case errors.Is(err, ErrNotRemoved):
		return scanEnd{journal.ScanFailed, err.Error()}
	case errors.Is(err, ErrFenced):
		return scanEnd{journal.ScanFenced, err.Error()}
	case interrupted:
		return scanEnd{journal.ScanInterrupted, err.Error()}
	}
	return scanEnd{journal.ScanFailed, err.Error()}
}

// try performs one cell after the other. Where ctx ends, its caller knows why.
func (s *scanRun) try(ctx context.Context) (scanEnd, error) {
	if err := s.runWarmup(ctx); err != nil || ctx.Err() != nil {
		return scanEnd{}, err
	}
	switch err := s.exercise(ctx); {
	case errors.Is(err, errGuardrailCheck):
		return scanEnd{journal.ScanHarmed, err.Error()}, nil
	case err != nil || ctx.Err() != nil:
		return scanEnd{}, err
	case s.harmed:
		return s.harmedEnd(), nil
	}
	if err := s.startPhase(journal.Fault); err != nil {
		return scanEnd{}, err
	}
	defer s.probes.watch(ctx)()
	for ctx.Err() == nil {
		cell, ok := s.scanner.Next(s.log.since())
		if !ok {
			return scanEnd{reason: s.scanner.Why()}, nil
		}
		end, err := s.perform(ctx, cell)
		if err != nil || end != nil {
			return valueOf(end), err
		}
	}
	return scanEnd{}, nil
}

func valueOf(end *scanEnd) scanEnd {
	if end == nil {
		return scanEnd{}
	}
	return *end
}

// perform performs one cell. The end is not nil where the scan is over with it.
func (s *scanRun) perform(ctx context.Context, cell journal.Cell) (*scanEnd, error) {
	s.endHealthy()
	if err := s.log.event(journal.CellStarted, journal.Event{Cell: &cell}); err != nil {
		return nil, err
	}
	c := newCellRun(s, cell)
	err := c.run(ctx)
	if err == nil && ctx.Err() == nil {
		err = c.comeBack(ctx)
	}
	if err != nil || ctx.Err() != nil {
		c.end.Why, c.end.Detail, c.end.Back = journal.CellCut, cutBy(ctx, err), max(0, c.end.Back)
	}
	c.fill()
	err = joinNonNil(err, s.log.event(journal.CellEnded, journal.Event{CellEnd: &c.end}))
	s.scanner.Ended(c.end)
	if err != nil || ctx.Err() != nil {
		return nil, err //nolint:nilerr // the caller reports why ctx ended
	}
	return s.lookAt(c.end)
}

// cutBy says what cut a cell short; empty where it was a signal, which changes nothing about
// what journeys met by then.
func cutBy(ctx context.Context, err error) string {
	why := joinNonNil(err, context.Cause(ctx))
	if _, interrupted := errors.AsType[*Interrupt](why); interrupted && err == nil {
		return ""
	}
	return why.Error()
}

// lookAt decides whether a scan goes on after a cell.
func (s *scanRun) lookAt(c journal.CellEnd) (*scanEnd, error) {
	if c.BackUnknown {
		return &scanEnd{reason: journal.ScanBudget}, nil
	}
	if c.Back < 0 {
		if busy := s.tooBusy(c.LateAfter); busy != "" {
			return &scanEnd{journal.ScanLate, fmt.Sprintf("after cell %d %s", c.Number, busy)}, nil
		}
		detail := fmt.Sprintf("%s within %s after cell %d", errUnhealthy, figures.Span(s.options.HealthTimeout), c.Number)
		if failing := s.probes.failing(); failing != "" {
			detail += ": " + failing
		}
		return &scanEnd{journal.ScanUnhealthy, detail}, nil
	}
	if c.Why != journal.CellNotInjected {
		s.notInjected = 0
		return nil, nil //nolint:nilnil // it goes on
	}
	if s.notInjected++; s.notInjected >= mostNotInjected {
		return nil, fmt.Errorf("%d cells in a row could not be injected, the last one: %s", s.notInjected, c.Detail)
	}
	return nil, nil //nolint:nilnil // it goes on
}
