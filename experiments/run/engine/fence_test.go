package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
)

var errFence = fmt.Errorf("%w: by guard", ErrFenced)

// A run that is fenced injects nothing more, removes its faults, and records why it
// stopped. That is a finding and not a failure.
func TestAFencedRunInjectsNothing(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		when     journal.Kind // the fence is put up when this is recorded
		injected bool
	}{
		"before the intent":    {journal.PhaseStarted, false},
		"after the intent":     {journal.FaultIntended, false},
		"while it is injected": {"", true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench()
				var fenced, injected atomic.Bool
				b.mem.on = func(e journal.Event) {
					if e.Kind == tt.when {
						fenced.Store(true)
					}
					injected.Store(injected.Load() || b.in.harming())
				}
				b.opts.Fenced = func() error {
					if fenced.Load() || tt.injected && b.in.harming() {
						return errFence
					}
					return nil
				}
				if err := b.run(t.Context()); err != nil {
					t.Errorf("Run() = %v, want nil: it is in the journal", err)
				}
				if b.in.harming() || injected.Load() && !tt.injected {
					t.Errorf("harming %v, ever injected %v", b.in.harming(), injected.Load())
				}
				stopped, ok := b.mem.find(journal.SuiteStopped)
				if !ok || stopped.Detail == "" {
					t.Error("the journal does not say why the run stopped")
				}
				intended, removed := slices.Index(b.mem.kinds(), journal.FaultIntended), slices.Index(b.mem.kinds(), journal.FaultRemoved)
				if removed < intended {
					t.Errorf("journal = %v: an intent stays open", b.mem.kinds())
				}
			})
		})
	}
}

// A run that is fenced in the middle of a phase stops as for any other reason, and
// does not run the rest of its suite.
func TestAFenceStopsTheSuite(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.plan.Experiments = append(b.plan.Experiments, b.plan.Experiments[0])
		ctx, stop := context.WithCancelCause(t.Context())
		time.AfterFunc(9*time.Second, func() { stop(errFence) })
		if err := b.run(ctx); err != nil {
			t.Errorf("Run() = %v", err)
		}
		started := 0
		for _, k := range b.mem.kinds() {
			if k == journal.ExperimentStarted {
				started++
			}
		}
		ended, _ := b.mem.find(journal.ExperimentEnded)
		if started != 1 || b.in.harming() || ended.Error == "" {
			t.Errorf("%d experiments were started, harming %v, ended with %q", started, b.in.harming(), ended.Error)
		}
	})
}

// A fault that could not be removed is the error, even where the run is fenced.
func TestAFencedRunThatCannotRemoveSaysSo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.in.revert = func(context.Context) error { return errors.New("503") }
		ctx, stop := context.WithCancelCause(t.Context())
		time.AfterFunc(9*time.Second, func() { stop(errFence) })
		if err := b.run(ctx); !errors.Is(err, ErrNotRemoved) {
			t.Errorf("Run() = %v, want ErrNotRemoved", err)
		}
	})
}
