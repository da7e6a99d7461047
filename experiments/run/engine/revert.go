package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/internal/wait"
)

// revertEvery is the pause after a failed removal. A server that restarts is back
// within the time-out.
const revertEvery = 250 * time.Millisecond

// Revert removes faults. It removes them side by side, so that one hung removal
// does not use up the time of the others, and tries each again and again until
// the fault is proven gone or ctx ends. The errors are in the order of the faults;
// nil means gone.
//
// A run, its watchdog and recover all remove faults with it, possibly at the same
// time.
func Revert(ctx context.Context, injectors map[string]Injector, faults []plan.Fault) []error {
	results := make([]error, len(faults))
	var removals sync.WaitGroup
	for i, f := range faults {
		removals.Go(func() { results[i] = revert(ctx, injectors, f) })
	}
	removals.Wait()
	return results
}

// revert removes one fault.
func revert(ctx context.Context, injectors map[string]Injector, f plan.Fault) error {
	in, ok := injectors[f.Inject]
	if !ok {
		return fmt.Errorf("no injector for %q", f.Inject)
	}
	began := time.Now()
	var last error
	for {
		err := tryRevert(ctx, in, f, began)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil || last == nil {
			last = err // an error that only says that time ran out would hide the reason
		}
		if h, ok := errors.AsType[hopeless](err); ok && h.Hopeless() {
			return err
		}
		if !wait.For(ctx, revertEvery) {
			return last
		}
	}
}

// A hopeless error reports whether trying again is useless.
type hopeless interface {
	error
	Hopeless() bool
}

// tryRevert calls Revert once. It returns when ctx ends, even where the injector
// does not: the other removals and the report must not wait for it.
func tryRevert(ctx context.Context, in Injector, f plan.Fault, began time.Time) error {
	done := make(chan error, 1) // buffered, so that the call can end after tryRevert has returned
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- fmt.Errorf("panic: %v", p)
			}
		}()
		done <- in.Revert(ctx, f)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return unanswered(ctx, began)
	}
}

// unanswered says why nobody waits for the answer to a removal any more.
func unanswered(ctx context.Context, began time.Time) error {
	switch waited := time.Since(began).Round(100 * time.Millisecond); {
	case !errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("not waited for: %w", context.Cause(ctx))
	case waited == 0: // those before it took it all
		return errors.New("no time was left for it")
	default:
		return fmt.Errorf("no answer within %s", waited)
	}
}
