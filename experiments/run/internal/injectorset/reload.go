package injectorset

import (
	"context"
	"fmt"

	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
)

// A reloadHook makes a system read its config again, where the fault says how. The
// config has just gone bad, or it is good again.
type reloadHook func(ctx context.Context, f plan.Fault, bad bool) error

// NotReloadedError means that the fault is removed, and that the system may still
// use the bad config that it read before: the request to read it again failed.
type NotReloadedError struct{ Err error }

func (e *NotReloadedError) Error() string { return e.Err.Error() }

func (e *NotReloadedError) Unwrap() error { return e.Err }

// reloading injects faults into config that a system reads only when it is asked
// to. The fault is in force once the system was asked to read the bad config, and
// gone once it was asked to read the good one.
type reloading struct {
	engine.Injector
	reload reloadHook
}

func (r reloading) Inject(ctx context.Context, f plan.Fault) error {
	if err := r.Injector.Inject(ctx, f); err != nil {
		return err
	}
	if err := r.reload(ctx, f, true); err != nil {
		return fmt.Errorf("the config is bad now, but the request that makes the system read it failed: %w", err)
	}
	return nil
}

func (r reloading) Revert(ctx context.Context, f plan.Fault) error {
	if err := r.Injector.Revert(ctx, f); err != nil {
		return err
	}
	if err := r.reload(ctx, f, false); err != nil {
		return &NotReloadedError{fmt.Errorf("the config is good again, but the request that makes the system read it failed: %w", err)}
	}
	return nil
}
