package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/injectors/configfile"
)

const (
	removalIn = 10 * time.Second // for all faults of a run together
	dropIn    = 2 * time.Second  // for its hold on the server
	patience  = time.Minute      // of a guard with a server that does not let go of a fault
	lateIn    = 2 * time.Second  // what may be on its way to the server for longer than that is lost
	endIn     = 2 * time.Second  // for the end of a run that was seen to be ending
)

// A salvage takes back what one run left behind. The run's guard, recover and
// people with curl may all be at it: each step can be taken twice.
type salvage struct {
	by      string // guard or recover
	run     string
	dir     string
	root    *os.Root
	hands   hands
	listing journal.Listing
	env     func(string) (string, bool)
	say     func(format string, args ...any) // tells what was found and done, a line each

	unsettled []plan.Fault // whose injection was not over when the run died
}

// fence keeps the run from injecting anything more.
func (s *salvage) fence(why string) error {
	b := journal.Barrier{By: s.by, At: time.Now().UTC(), Why: why}
	if err := journal.Fence(s.root, b); err != nil {
		return err
	}
	undo, err := journal.OpenUndo(s.root)
	if err != nil {
		return nil //nolint:nilerr // the fence stands, and that is what matters
	}
	return errors.Join(undo.Record(journal.Event{At: b.At, Kind: journal.Fenced, Detail: b.String()}), undo.Close())
}

// sweep takes back the faults of a run that may be alive behind its fence. It
// leaves no record: the run may be in the middle of an injection.
func (s *salvage) sweep(ctx context.Context) error {
	left, err := journal.ReadLeft(s.root)
	if errors.Is(err, journal.ErrNoPlan) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = s.remove(ctx, left)
	return err
}

// tidy takes back the faults of a run that has died, records it, ends the run's
// hold on the server and takes the run off the list of open ones. The error is
// of class [journal.ErrBusy] while somebody else is at it.
func (s *salvage) tidy(ctx context.Context) (err error) {
	if err := s.awaitEnd(ctx, endIn); err != nil {
		return err
	}
	undo, err := journal.OpenUndo(s.root)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, undo.Close()) }()
	left, err := journal.ReadLeft(s.root)
	switch {
	case errors.Is(err, journal.ErrNoPlan):
		s.say("it died before it injected anything")
		s.drop(ctx)
		return s.listing.Remove(s.run)
	case err != nil:
		return err
	case left.Damage != nil:
		s.say("its journal is damaged, so what it does not prove gone counts as left: %v", left.Damage)
	case len(left.Faults) == 0 && left.Undone > 0:
		s.sayUndone(left)
	case len(left.Faults) == 0:
		s.say("no fault was left behind")
	}
	results, err := s.remove(ctx, left)
	unrecorded := s.record(undo, left, results)
	if err != nil {
		return errors.Join(err, unrecorded)
	}
	s.drop(ctx)
	if unrecorded != nil { // the next one finds nothing to remove, and may have room to say so
		return unrecorded
	}
	return s.listing.Remove(s.run)
}

// sayUndone says that somebody, such as the guard, was here before.
func (s *salvage) sayUndone(left *journal.Left) {
	s.say("what it left behind was removed and read back as gone before (faults: %d)", left.Undone)
}

// record writes down what came of each fault.
func (s *salvage) record(undo *journal.Undo, left *journal.Left, results []error) error {
	var errs []error
	for i, f := range left.Faults {
		e := journal.Event{At: time.Now().UTC(), Kind: journal.FaultRemoved, Experiment: f.Experiment, Fault: f.Name, Verified: results[i] == nil}
		if results[i] != nil {
			e.Error = results[i].Error()
		}
		errs = append(errs, undo.Record(e))
	}
	return errors.Join(errs...)
}

// finish is tidy for a guard: again and again for as long as its patience lasts.
// Between attempts others may have a try, such as recover.
func (s *salvage) finish(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := s.tidy(ctx)
		switch {
		case err == nil:
			return s.lookAgain(ctx)
		case errors.Is(err, syscall.ECONNREFUSED):
			return err // a server that has ended took its toxics along
		case !errors.Is(err, engine.ErrNotRemoved) && !errors.Is(err, journal.ErrBusy) && !errors.Is(err, journal.ErrAlive):
			return err
		}
		select {
		case <-time.After(again):
		case <-ctx.Done():
			return err
		}
	}
}

// lookAgain takes back once more what the run was injecting when it died. What it
// had sent may be overtaken on its way to the server, by more than the moment that
// the driver waits, when packets are lost.
func (s *salvage) lookAgain(ctx context.Context) error {
	if len(s.unsettled) == 0 {
		return nil
	}
	select {
	case <-time.After(lateIn):
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(ctx, removalIn)
	defer cancel()
	return s.tell(s.unsettled, s.revert(ctx, s.unsettled))
}

// awaitEnd waits for the end of the run, which a process that is being killed
// takes some moments for.
func (s *salvage) awaitEnd(ctx context.Context, limit time.Duration) error {
	for deadline := time.Now().Add(limit); ; {
		alive, err := journal.Alive(s.root)
		if err != nil || !alive {
			return err
		}
		if time.Now().After(deadline) {
			return journal.ErrAlive
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// remove takes back what is left, says what came of each, and returns that in
// the order of the faults. The error is of class [engine.ErrNotRemoved] where
// any of them may still be in force.
func (s *salvage) remove(ctx context.Context, left *journal.Left) ([]error, error) {
	ctx, cancel := context.WithTimeout(ctx, removalIn)
	defer cancel()
	faults := make([]plan.Fault, len(left.Faults))
	s.unsettled = nil
	for i, f := range left.Faults {
		faults[i] = f.Fault
		if !f.Settled && !onFile(f.Fault) && s.hands.driver != nil {
			s.hands.driver.MarkUnsettled(f.Name)
			s.unsettled = append(s.unsettled, f.Fault)
		}
	}
	if left.Toxiproxy.Kind == experiments.Embedded {
		s.say("its proxies were part of it and ended with it")
	}
	s.hands = handsOf(left.Plan, s.root, s.hands.driver, s.env)
	results := s.revert(ctx, faults)
	return results, s.tell(faults, results)
}

// revert takes faults back, but for those that may be another run's by now: a
// toxic carries the name of its run, and a stock proxy that is down does not.
func (s *salvage) revert(ctx context.Context, faults []plan.Fault) []error {
	in := s.hands.injectors()
	if slices.ContainsFunc(faults, func(f plan.Fault) bool { return f.Inject == "down" }) && s.hands.driver != nil {
		if other, err := s.hands.driver.Owner(ctx); err == nil && other != "" && other != s.run {
			in["down"] = leftTo{in["down"], other}
		}
	}
	return engine.Revert(ctx, in, faults)
}

// leftTo checks faults, and takes back none that another run may have put there.
type leftTo struct {
	engine.Injector
	run string
}

func (l leftTo) Revert(ctx context.Context, f plan.Fault) error {
	if e, err := l.Check(ctx, f); err != nil || !e.Present {
		return err
	}
	return fmt.Errorf("run %s holds the server now and may have taken proxy %s down itself: try again when it is over", l.run, f.Proxy)
}

// tell says what came of each fault. The error, of class [engine.ErrNotRemoved],
// holds the command that a person can give for each that is left.
func (s *salvage) tell(faults []plan.Fault, results []error) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	var errs []error
	for i, f := range faults {
		if results[i] == nil {
			s.say("removed, read back as gone: %s (%s on %s)", f.Describe(), f.Name, where(f))
			continue
		}
		err := fmt.Errorf("%w: %s: %w", engine.ErrNotRemoved, f.Describe(), results[i])
		if _, deaf := errors.AsType[*untold](err); deaf {
			err = fmt.Errorf("%w; when it answers again: blastgauge recover %s", err, s.dir)
		} else if _, told := errors.AsType[*configfile.Helpless](err); !told {
			err = fmt.Errorf("%w; remove it with\n  %s", err, s.hands.byHand(ctx, f))
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// drop ends the run's hold on the server. One that cannot be ended lapses by
// itself.
func (s *salvage) drop(ctx context.Context) {
	if s.hands.driver == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, dropIn)
	defer cancel()
	if err := s.hands.driver.Release(ctx, s.run); err != nil {
		s.say("its hold on the server lapses by itself within a minute: it could not be ended: %v", err)
	}
}
