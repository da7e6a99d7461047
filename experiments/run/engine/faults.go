package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// faults are the faults of one trial: which are in force, and what is known of
// them.
type faults struct {
	t *trial

	mu     sync.Mutex
	active []*activeFault // in the order of injection
}

// An activeFault has been intended and not been removed with proof.
type activeFault struct {
	plan.Fault
	last    journal.Evidence // the latest look at it
	there   bool             // it was read back once: not to find it proves nothing before
	leaving bool             // its removal has begun: not to find it proves nothing any more
}

func newFaults(t *trial) *faults { return &faults{t: t} }

// inject records the intent, causes the fault and reads it back.
func (fs *faults) inject(ctx context.Context, f plan.Fault) error {
	t := fs.t
	in, ok := t.o.Injectors[f.Inject]
	if !ok {
		return fmt.Errorf("no injector for %q", f.Inject)
	}
	if err := t.event(journal.FaultIntended, journal.Event{Fault: f.Name}); err != nil {
		return err // no record, no fault
	}
	// Whoever fenced the run off before this line knew nothing of the intent;
	// whoever does it from here on reads it.
	if err := t.fenced(); err != nil {
		return errors.Join(err, t.event(journal.FaultRemoved, journal.Event{Fault: f.Name, Verified: true, Began: t.since()}))
	}
	a := &activeFault{Fault: f}
	fs.mu.Lock()
	fs.active = append(fs.active, a)
	fs.mu.Unlock()

	ictx, cancel := context.WithTimeout(ctx, t.o.InjectTimeout)
	defer cancel()
	if err := in.Inject(ictx, f); err != nil {
		return fmt.Errorf("inject %s into %s: %w", f.Inject, f.Into, err)
	}
	evidence, err := in.Check(ictx, f)
	if err != nil {
		return fmt.Errorf("read back %s: %w", f.Name, err)
	}
	fs.saw(a, evidence)
	if !evidence.Present {
		return fmt.Errorf("read back %s: not in force: %s", f.Name, evidence.Detail)
	}
	fs.arrived(a)
	// A run that was stopped in the middle of this may have been fenced off, and
	// the fault looked for, before it was there.
	return errors.Join(t.fenced(), t.event(journal.FaultInjected, journal.Event{Fault: f.Name, Evidence: &evidence}))
}

// saw keeps what a look has seen, unless the fault is being removed: then it may have
// seen the removal.
func (fs *faults) saw(a *activeFault, e journal.Evidence) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if !a.leaving {
		a.last = e
	}
}

func (fs *faults) arrived(a *activeFault) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	a.there = true
}

func (fs *faults) evidence(a *activeFault) journal.Evidence {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return a.last
}

func (fs *faults) isLeaving(a *activeFault) bool {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return a.leaving
}

func (fs *faults) list() []*activeFault {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return slices.Clone(fs.active)
}

// inForce leaves out those that are still being injected.
func (fs *faults) inForce() []*activeFault {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(fs.active), func(a *activeFault) bool { return !a.there })
}

// look reads back every fault in force. It returns the first that is gone, by
// name, with what was seen instead. A server that does not answer is no proof
// of anything, so a fault that could not be looked at is not gone; it is in
// the error.
func (fs *faults) look(ctx context.Context) (gone, detail string, err error) {
	for _, a := range fs.inForce() {
		evidence, failed := fs.t.o.Injectors[a.Inject].Check(ctx, a.Fault)
		switch {
		case fs.isLeaving(a):
		case failed != nil:
			err = errors.Join(err, fmt.Errorf("read back %s: %w", a.Name, failed))
		case !evidence.Present:
			return a.Name, evidence.Detail, nil
		default:
			fs.saw(a, evidence)
		}
	}
	return "", "", err
}

// removeAll takes back every fault in force. It runs also when ctx has ended:
// being told to stop is the usual reason to be here.
func (fs *faults) removeAll(ctx context.Context) error {
	return fs.remove(ctx, func(*activeFault) bool { return true })
}

// remove takes back the faults chosen, side by side and within one time-out, so
// that one hung removal does not use up the time of the others. What could not
// be removed is in the journal as such, for the guard and for recover.
func (fs *faults) remove(ctx context.Context, chosen func(*activeFault) bool) error {
	list := fs.leave(chosen)
	if len(list) == 0 {
		return nil
	}
	rctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fs.t.o.RevertTimeout)
	defer cancel()
	began := fs.t.since()
	reverts := make([]plan.Fault, len(list))
	for i, a := range list {
		reverts[i] = a.Fault
	}
	return fs.conclude(list, Revert(rctx, fs.t.o.Injectors, reverts), began)
}

// leave marks the faults chosen as on their way out.
func (fs *faults) leave(chosen func(*activeFault) bool) []*activeFault {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	var list []*activeFault
	for _, a := range fs.active {
		if chosen(a) {
			a.leaving = true
			list = append(list, a)
		}
	}
	return list
}

// conclude records the removals, those that failed too.
func (fs *faults) conclude(list []*activeFault, results []error, began time.Duration) error {
	defer fs.forget(list)
	var failed removalErrors
	var unrecorded error
	for i, a := range list {
		evidence := fs.evidence(a)
		e := journal.Event{Fault: a.Name, Verified: results[i] == nil, Began: began, Evidence: &evidence}
		if results[i] != nil {
			e.Error = results[i].Error()
			failed = append(failed, fmt.Errorf("%s on %s: %w", a.Name, cmp.Or(a.Proxy, a.Into), results[i]))
		}
		unrecorded = errors.Join(unrecorded, fs.t.event(journal.FaultRemoved, e))
	}
	if len(failed) > 0 {
		return errors.Join(fmt.Errorf("%w: %w", ErrNotRemoved, failed), unrecorded)
	}
	return unrecorded
}

func (fs *faults) forget(list []*activeFault) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.active = slices.DeleteFunc(fs.active, func(a *activeFault) bool { return slices.Contains(list, a) })
}

// removalErrors are the errors of several faults. errors.Join would put each on a
// line of its own, and the journal keeps the text of one line.
type removalErrors []error

func (e removalErrors) Error() string {
	texts := make([]string, len(e))
	for i, err := range e {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

func (e removalErrors) Unwrap() []error { return e }
