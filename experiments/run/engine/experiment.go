package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// A trial is one experiment while it runs.
type trial struct {
	*run
	index   int
	e       *plan.Experiment
	started time.Time
	gen     Generator
	live    *live
	faults  *faults
	before  before
	// fatal stops the experiment from a goroutine beside it: the journal cannot
	// be written, or the generator panicked.
	fatal context.CancelCauseFunc
}

// experiment runs one experiment to its end or to the first reason to stop.
// However it ends, its faults are removed before it returns.
func (r *run) experiment(ctx context.Context, index int) (err error) {
	e := &r.plan.Experiments[index]
	t := &trial{run: r, index: index, e: e, started: time.Now(), live: newLive(e)}
	t.faults = newFaults(t)
	if err := t.event(journal.ExperimentStarted, journal.Event{}); err != nil {
		return err
	}
	defer func() {
		end := journal.Event{}
		if err != nil {
			end.Error = err.Error()
		}
		err = errors.Join(err, t.event(journal.ExperimentEnded, end))
	}()
	t.sample(ctx, journal.BeforeIdle, sampleWithin)
	if t.o.Carried != nil {
		wait(ctx, t.o.Idle)
	}
	t.sample(ctx, journal.BeforeTraffic, sampleWithin)
	if t.gen, err = r.o.Traffic(index, r.epoch); err != nil {
		return fmt.Errorf("%s: traffic: %w", e.ID, err)
	}
	return t.underTraffic(ctx)
}

// underTraffic runs the phases while journeys are sent. The order at the end is
// the point: put back, stop sending, then wait for those who watch.
func (t *trial) underTraffic(parent context.Context) (err error) {
	ctx, fatal := context.WithCancelCause(parent)
	defer fatal(nil)
	t.fatal = fatal
	trafficCtx, abandon := context.WithCancel(ctx)
	var traffic sync.WaitGroup
	traffic.Go(func() {
		defer t.catch("traffic")
		t.gen.Run(trafficCtx, t.observe)
	})
	defer func() {
		err = errors.Join(err, t.faults.removeAll(ctx))
		if err != nil {
			abandon() // whatever stopped us will not wait for journeys in flight
		}
		t.gen.Stop()
		traffic.Wait()
		abandon()
		if err == nil {
			err = t.readInvariants(ctx, journal.Recovery)
		}
		if err == nil && ctx.Err() != nil {
			err = t.stopped(parent, ctx)
		}
	}()
	if err := t.phases(ctx); err != nil {
		return err
	}
	if ctx.Err() != nil {
		// Removing the faults comes before everything, also before the journal
		// learns why.
		err := t.faults.removeAll(ctx)
		return errors.Join(t.stopped(parent, ctx), err)
	}
	return nil
}

// stopped says why an experiment ended early: somebody outside asked, or
// something beside it failed.
func (t *trial) stopped(parent, ctx context.Context) error {
	if parent.Err() != nil {
		return t.interrupted(parent)
	}
	return fmt.Errorf("%s: %w", t.e.ID, context.Cause(ctx))
}

func (t *trial) phases(ctx context.Context) error {
	if err := t.warmup(ctx); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{t.baseline, t.fault, t.recovery} {
		if ctx.Err() != nil {
			return nil
		}
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// warmup is not measured. After an earlier experiment it lasts until the system
// is healthy again: one experiment's damage is not another's baseline.
func (t *trial) warmup(ctx context.Context) error {
	if err := t.phase(journal.Warmup); err != nil {
		return err
	}
	wait(ctx, t.e.Phases.Warmup)
	if t.index == 0 {
		return nil
	}
	for waited := time.Duration(0); !t.live.healthy(t.since(), t.e.Limits.Baseline); waited += healthEvery {
		if waited >= t.o.HealthTimeout {
			return fmt.Errorf("%w within %s after the experiment before %s", errUnhealthy, t.o.HealthTimeout, t.e.ID)
		}
		if !wait(ctx, healthEvery) {
			return nil
		}
	}
	return nil
}

const healthEvery = 250 * time.Millisecond

func (t *trial) baseline(ctx context.Context) error {
	if err := t.phase(journal.Baseline); err != nil {
		return err
	}
	t.live.startBaseline(t.since())
	begun := time.Now()
	t.sample(ctx, journal.BeforeBaseline, sampleWithin)
	defer t.sampleBeside(ctx, begun, boundaries(t.e.Phases.Baseline), journal.InBaseline)()
	if err := t.readInvariants(ctx, journal.Baseline); err != nil {
		return err
	}
	if err := t.probesHold(ctx); err != nil {
		return err
	}
	t.faults.probeBefore(ctx)
	wait(ctx, t.e.Phases.Baseline-time.Since(begun))
	t.live.endBaseline(t.since())
	return nil
}

func (t *trial) recovery(ctx context.Context) error {
	if err := t.phase(journal.Recovery); err != nil {
		return err
	}
	wait(ctx, t.e.Phases.Recovery)
	return nil
}

// phase records the start of a phase.
func (t *trial) phase(p journal.Phase) error {
	return t.event(journal.PhaseStarted, journal.Event{Phase: p})
}

// event records something about this experiment.
func (t *trial) event(kind journal.Kind, e journal.Event) error {
	e.Kind, e.Experiment = kind, t.e.ID
	return t.record(e)
}

// observe takes the end of one journey.
func (t *trial) observe(o journal.Observation) {
	o.Experiment = t.index
	t.live.add(o)
	if err := t.rec.Observe(o); err != nil {
		t.fatal(err)
	}
}

// catch turns a panic beside the main line into the end of the experiment: the
// faults must be removed before the process may die of it.
func (t *trial) catch(where string) {
	if p := recover(); p != nil {
		t.fatal(fmt.Errorf("%s: panic: %v\n%s", where, p, debug.Stack()))
	}
}

// wait sleeps for d and tells whether it slept to the end.
func wait(ctx context.Context, d time.Duration) bool {
	if ctx.Err() != nil {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
