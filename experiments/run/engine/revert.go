package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/plan"
)

// revertEvery is the pause after a failed removal: a server that restarts is
// back within the time-out.
const revertEvery = 250 * time.Millisecond

// Revert takes faults back side by side, so that one hung removal does not use
// up the time of the others, and each again and again until it is proven gone or
// ctx ends. The errors are in the order of the faults; nil means gone.
//
// Note: it is what a run does, and what its guard and recover do after it. All
// three may be at it at once.
func Revert(ctx context.Context, injectors map[string]Injector, faults []plan.Fault) []error {
	results := make([]error, len(faults))
	var removals sync.WaitGroup
	for i, f := range faults {
		removals.Go(func() { results[i] = revert(ctx, injectors, f) })
	}
	removals.Wait()
	return results
}

// revert undoes one fault.
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
			last = err // what came of being out of time would hide the reason
		}
		if h, ok := errors.AsType[hopeless](err); ok && h.Hopeless() {
			return err
		}
		if !wait(ctx, revertEvery) {
			return last
		}
	}
}

// A hopeless error says that trying again changes nothing.
type hopeless interface {
	error
	Hopeless() bool
}

// tryRevert gives up waiting when ctx ends, also for an injector that does not:
// the others and the report must not wait for it.
func tryRevert(ctx context.Context, in Injector, f plan.Fault, began time.Time) error {
	done := make(chan error, 1) // buffered: the call must be able to end after we left
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
		return fmt.Errorf("no answer within %s", time.Since(began).Round(100*time.Millisecond))
	}
}
