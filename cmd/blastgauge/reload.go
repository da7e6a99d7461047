package main

import (
	"context"
	"fmt"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/experiments/run/journey"
)

// checkReloads finds out before anything is injected whether every request that makes
// the system read its config again can be made.
func (a *app) checkReloads(p *plan.Plan) error {
	for _, e := range p.Experiments {
		for _, f := range e.Faults {
			if f.Reload == nil {
				continue
			}
			step := experiments.Step{Name: "reload", Request: f.Reload.Request, Expect: f.Reload.Expect}
			if _, err := journey.Compile([]experiments.Step{step}, journey.Facts{Run: p.Run, Env: a.getenv}); err != nil {
				return fmt.Errorf("%s: reload: %w", e.ID, err)
			}
		}
	}
	return nil
}

// A teller makes a system read its config again, where the fault says how: it has
// gone bad, or it is good again.
type teller func(ctx context.Context, f plan.Fault, bad bool) error

// untold means that all is as it was but for what the system has read before.
type untold struct{ error }

func (u *untold) Unwrap() error { return u.error }

// telling causes faults on config that a system may read only when it is told. One
// that it was not told of is not in force, and not gone.
type telling struct {
	engine.Injector
	tell teller
}

func (t telling) Inject(ctx context.Context, f plan.Fault) error {
	if err := t.Injector.Inject(ctx, f); err != nil {
		return err
	}
	if err := t.tell(ctx, f, true); err != nil {
		return fmt.Errorf("the config went bad, but the system was not told: %w", err)
	}
	return nil
}

func (t telling) Revert(ctx context.Context, f plan.Fault) error {
	if err := t.Injector.Revert(ctx, f); err != nil {
		return err
	}
	if err := t.tell(ctx, f, false); err != nil {
		return &untold{fmt.Errorf("the config is as it was, but the system was not told: %w", err)}
	}
	return nil
}
