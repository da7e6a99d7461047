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

// A faultSet holds the faults of one experiment that are active or may be: it
// injects them, reads them back and removes them.
type faultSet struct {
	log     experimentLog
	options Options

	mu     sync.Mutex
	active []*activeFault // in the order of injection
}

// An activeFault is intended, and not yet removed with proof.
type activeFault struct {
	plan.Fault
	last      journal.Evidence // from the latest read-back
	confirmed bool             // read back once: before that, its absence proves nothing
	removing  bool             // its removal has begun: from then on its absence proves nothing
}

// notInjected is the error of an injector that did not bring about its fault. Any other
// error of an injection is one of the run itself.
type notInjected struct{ error }

func (e *notInjected) Unwrap() error { return e.error }

// inject records the intent, injects the fault and reads it back.
func (s *faultSet) inject(ctx context.Context, f plan.Fault) error {
	in, ok := s.options.Injectors[f.Inject]
	if !ok {
		return fmt.Errorf("no injector for %q", f.Inject)
	}
	if err := s.log.event(journal.FaultIntended, journal.Event{Fault: f.Name}); err != nil {
		return err // no record, no fault
	}
	// A process that fenced the run before this line did not read the intent. One
	// that does so from here on reads it.
	if err := s.fenced(); err != nil {
		return errors.Join(err, s.log.event(journal.FaultRemoved, journal.Event{Fault: f.Name, Verified: true, Began: s.log.since()}))
	}
	a := &activeFault{Fault: f}
	s.mu.Lock()
	s.active = append(s.active, a)
	s.mu.Unlock()

	ctx, cancel := context.WithTimeout(ctx, s.options.InjectTimeout)
	defer cancel()
	if err := in.Inject(ctx, f); err != nil {
		return &notInjected{fmt.Errorf("inject %s into %s: %w", f.Inject, f.Into, err)}
	}
	evidence, err := in.Check(ctx, f)
	if err != nil {
		return &notInjected{fmt.Errorf("read back %s: %w", f.Name, err)}
	}
	evidence = s.hidden(evidence)
	s.setEvidence(a, evidence)
	if !evidence.Present {
		return &notInjected{fmt.Errorf("read back %s: not in force: %s", f.Name, evidence.Detail)}
	}
	s.confirm(a)
	// A process that fenced the run during the injection may have looked for the
	// fault before it was there.
	return errors.Join(s.fenced(), s.log.event(journal.FaultInjected, journal.Event{Fault: f.Name, Evidence: &evidence}))
}

// fenced returns an error of class [ErrFenced] once another process removes the
// run's faults.
func (s *faultSet) fenced() error {
	if s.options.Fenced == nil {
		return nil
	}
	return s.options.Fenced()
}

// setEvidence keeps what a read-back saw, unless the fault is being removed: then
// it may have seen the removal.
func (s *faultSet) setEvidence(a *activeFault, e journal.Evidence) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !a.removing {
		a.last = s.hidden(e)
	}
}

// hidden masks secrets in the kinds of requests that a server counted: paths may hold
// some.
func (s *faultSet) hidden(e journal.Evidence) journal.Evidence {
	if s.options.Hide == nil || len(e.Missed) == 0 {
		return e
	}
	e.Missed = slices.Clone(e.Missed)
	for i := range e.Missed {
		e.Missed[i].What = s.options.Hide(e.Missed[i].What)
	}
	return e
}

func (s *faultSet) confirm(a *activeFault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a.confirmed = true
}

func (s *faultSet) evidence(a *activeFault) journal.Evidence {
	s.mu.Lock()
	defer s.mu.Unlock()
	return a.last
}

func (s *faultSet) isRemoving(a *activeFault) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return a.removing
}

func (s *faultSet) list() []*activeFault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.active)
}

// listConfirmed leaves out the faults that are still being injected.
func (s *faultSet) listConfirmed() []*activeFault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.active), func(a *activeFault) bool { return !a.confirmed })
}

// readBack checks every fault in force. It returns the name of the first that is
// gone, with what the injector saw instead. A server that does not answer proves
// nothing, so a fault that could not be checked is not gone: it is in the error.
func (s *faultSet) readBack(ctx context.Context) (gone, detail string, err error) {
	for _, a := range s.listConfirmed() {
		evidence, failed := s.options.Injectors[a.Inject].Check(ctx, a.Fault)
		switch {
		case s.isRemoving(a):
		case failed != nil:
			err = errors.Join(err, fmt.Errorf("read back %s: %w", a.Name, failed))
		case !evidence.Present:
			return a.Name, evidence.Detail, nil
		default:
			s.setEvidence(a, evidence)
			if s.options.Seen != nil {
				s.options.Seen(a.Name, s.hidden(evidence))
			}
		}
	}
	return "", "", err
}

// removeAll removes every active fault, also when ctx has ended: that is the usual
// reason to remove them.
func (s *faultSet) removeAll(ctx context.Context) error {
	return s.remove(ctx, func(*activeFault) bool { return true })
}

// remove removes the chosen faults, side by side and within one time-out, so that
// one hung removal does not use up the time of the others. The journal records
// those that could not be removed, for the watchdog and for recover.
func (s *faultSet) remove(ctx context.Context, chosen func(*activeFault) bool) error {
	s.lookOnceMore(ctx, chosen)
	list := s.startRemoval(chosen)
	if len(list) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.options.RevertTimeout)
	defer cancel()
	began := s.log.since()
	reverts := make([]plan.Fault, len(list))
	for i, a := range list {
		reverts[i] = a.Fault
	}
	return s.recordRemovals(list, Revert(ctx, s.options.Injectors, reverts), began)
}

// lastLook is how long a removal waits, at the most, to see what its faults have met. A
// server that takes longer has to do without.
const lastLook = 200 * time.Millisecond

// lookOnceMore reads once more what the chosen faults have met, as their counts go with
// them. The last read-back is up to a second old: a fault that a guardrail stops within
// that time would seem to have met nobody. Removal comes first, so nothing that fails
// here matters.
func (s *faultSet) lookOnceMore(ctx context.Context, chosen func(*activeFault) bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastLook)
	defer cancel()
	var looks sync.WaitGroup
	for _, a := range s.listConfirmed() {
		if !chosen(a) {
			continue
		}
		looks.Go(func() {
			defer func() { _ = recover() }() // not even a panic may keep the fault in force
			if evidence, err := s.options.Injectors[a.Inject].Check(ctx, a.Fault); err == nil && evidence.Present {
				s.setEvidence(a, evidence)
			}
		})
	}
	done := make(chan struct{})
	go func() { looks.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done(): // an injector that does not mind its context must not hold up a removal
	}
}

// startRemoval marks the chosen faults and returns them.
func (s *faultSet) startRemoval(chosen func(*activeFault) bool) []*activeFault {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []*activeFault
	for _, a := range s.active {
		if chosen(a) {
			a.removing = true
			list = append(list, a)
		}
	}
	return list
}

// recordRemovals records all removals, also those that failed, and forgets the
// faults.
func (s *faultSet) recordRemovals(list []*activeFault, results []error, began time.Duration) error {
	defer s.forget(list)
	var failed removalErrors
	var unrecorded error
	for i, a := range list {
		evidence := s.evidence(a)
		e := journal.Event{Fault: a.Name, Verified: results[i] == nil, Began: began, Evidence: &evidence}
		if results[i] != nil {
			e.Error = results[i].Error()
			failed = append(failed, fmt.Errorf("%s on %s: %w", a.Name, cmp.Or(a.Proxy, a.Into), results[i]))
		}
		unrecorded = errors.Join(unrecorded, s.log.event(journal.FaultRemoved, e))
	}
	if len(failed) > 0 {
		return errors.Join(fmt.Errorf("%w: %w", ErrNotRemoved, failed), unrecorded)
	}
	return unrecorded
}

func (s *faultSet) forget(list []*activeFault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.active = slices.DeleteFunc(s.active, func(a *activeFault) bool { return slices.Contains(list, a) })
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
