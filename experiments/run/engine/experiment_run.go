package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/internal/wait"
)

const (
	healthEvery = 250 * time.Millisecond // between two looks at a system that recovers
)

// An experimentRun is one experiment while it runs.
type experimentRun struct {
	e         *plan.Experiment
	index     int // in the plan
	log       experimentLog
	options   Options
	started   time.Time
	generator Generator
	counts    *journeyCounts
	faults    *faultSet
	untouched bool                        // no experiment before it came to its fault
	harmed    bool                        // the baseline is, beyond its limit: the fault is not injected
	cutShort  bool                        // the fault phase was, by a guardrail, a fault that vanished or the end of the traffic
	deserted  bool                        // the traffic ended before its time
	before    *experimentRun              // the experiment before it, which ran to its end; nil: there is none
	next      *plan.Experiment            // whose baseline the end of its recovery may be; nil: of none
	unwell    bool                        // the system had to be waited for before its baseline
	exchanges map[string]journal.Exchange // made before the fault, by the fault's name
	oldKeys   map[string][]string         // of what is in violation before the fault, by the invariant's name
	idle      [2]reading                  // around the time before its traffic
	cells     int                         // how often its faults may come, at the most
	// phases runs the phases, and seen takes the end of each journey: a scan does both in
	// its own way.
	phases func(context.Context) error
	seen   func(journal.Observation)
	// afterward asks the invariants once the journeys are over.
	afterward bool
	// fatal ends the experiment from a goroutine beside the main line: the journal
	// cannot be written, or a panic occurred.
	fatal context.CancelCauseFunc
}

func newExperimentRun(e *plan.Experiment, index int, log *runLog, o Options) *experimentRun {
	x := &experimentRun{e: e, index: index, log: experimentLog{log, e.ID}, options: o, counts: newJourneyCounts(e), oldKeys: map[string][]string{}, cells: 1}
	x.faults = &faultSet{log: x.log, options: o}
	x.phases, x.seen, x.afterward = x.runPhases, func(journal.Observation) {}, true
	return x
}

// run runs the experiment to its end or to the first reason to stop. However it
// ends, its faults are removed before run returns.
func (x *experimentRun) run(ctx context.Context) (err error) {
	x.started = time.Now()
	if err := x.log.event(journal.ExperimentStarted, journal.Event{}); err != nil {
		return err
	}
	defer func() {
		end := journal.Event{}
		if err != nil {
			end.Error = err.Error()
		}
		err = errors.Join(err, x.log.event(journal.ExperimentEnded, end))
	}()
	x.idle[0] = x.readCounters(ctx, journal.BeforeIdle, counterTimeout)
	if x.options.Counters != nil && !x.e.Measured() { // real traffic never rests
		wait.For(ctx, x.options.Idle)
	}
	x.idle[1] = x.readCounters(ctx, journal.BeforeTraffic, counterTimeout)
	if x.generator, err = x.options.Traffic(x.index, x.log.epoch); err != nil {
		return fmt.Errorf("%s: traffic: %w", x.e.ID, err)
	}
	return x.runUnderTraffic(ctx)
}

// runUnderTraffic runs the phases while journeys are sent. The order at the end
// matters: remove the faults, stop sending, then wait for those that watch. Journeys
// outlive ctx until the faults are gone: what the fault has done to those in flight is
// known when they are abandoned, and a removal rescues none that counts.
func (x *experimentRun) runUnderTraffic(parent context.Context) (err error) {
	ctx, fatal := context.WithCancelCause(parent)
	defer fatal(nil)
	x.fatal = fatal
	trafficCtx, abandon := context.WithCancel(context.WithoutCancel(ctx))
	var traffic sync.WaitGroup
	traffic.Go(func() {
		defer x.catchPanic("traffic")
		x.generator.Run(trafficCtx, x.observe)
	})
	unwatch := x.watch(ctx)
	defer func() {
		err = errors.Join(err, x.faults.removeAll(ctx))
		unwatch()
		if err != nil {
			abandon() // after an error, nobody waits for journeys in flight
		}
		defer context.AfterFunc(ctx, abandon)()
		x.generator.Stop()
		traffic.Wait()
		abandon()
		err = errors.Join(err, x.audit())
		if err == nil && !x.harmed && x.afterward {
			err = x.checkInvariants(ctx, journal.Recovery)
		}
		if err == nil && ctx.Err() != nil {
			err = x.stopReason(parent, ctx)
		}
	}()
	phases, cut := context.WithCancel(ctx)
	defer cut()
	defer x.watchTraffic(phases, cut)()
	if err := x.phases(phases); err != nil {
		return err
	}
	if ctx.Err() != nil {
		// Removing the faults comes before everything, also before the journal
		// learns why.
		err := x.faults.removeAll(ctx)
		return errors.Join(x.stopReason(parent, ctx), err)
	}
	return nil
}

// watchTraffic ends the phases where the traffic ends before its time: without journeys
// nothing is learned, and nobody would see what the faults do. The function that it returns
// waits until it watches no more.
func (x *experimentRun) watchTraffic(ctx context.Context, cut context.CancelFunc) (done func()) {
	d, ok := x.generator.(Deserter)
	if !ok {
		return func() {}
	}
	var watcher sync.WaitGroup
	watcher.Go(func() {
		select {
		case <-ctx.Done():
		case <-d.Ended():
			x.deserted = true
			cut()
		}
	})
	return func() {
		cut()
		watcher.Wait()
	}
}

// awaitTraffic waits until journeys are sent, or until ctx ends: a program that sends them
// takes seconds to begin.
func (x *experimentRun) awaitTraffic(ctx context.Context) {
	if s, ok := x.generator.(Starter); ok {
		select {
		case <-ctx.Done():
		case <-s.Started():
		}
	}
}

// audit records what came of the journeys that another program was to send, or how complete
// the counts of those are that nobody sent.
func (x *experimentRun) audit() error {
	if m, ok := x.generator.(Measurer); ok {
		return x.log.event(journal.Measured, journal.Event{Measurement: m.Measured()})
	}
	a, ok := x.generator.(Auditor)
	if !ok {
		return nil
	}
	return x.log.event(journal.TrafficAudited, journal.Event{Audit: a.Audit()})
}

// stopReason returns why an experiment ended early: its caller stopped it, or
// something beside the main line failed.
func (x *experimentRun) stopReason(parent, ctx context.Context) error {
	if parent.Err() != nil {
		return x.log.interruption(parent)
	}
	return fmt.Errorf("%s: %w", x.e.ID, context.Cause(ctx))
}

func (x *experimentRun) runPhases(ctx context.Context) error {
	if err := x.runWarmup(ctx); err != nil {
		return err
	}
	for _, phase := range []func(context.Context) error{x.runBaseline, x.runFault, x.runRecovery} {
		if ctx.Err() != nil || x.harmed {
			return nil //nolint:nilerr // the caller reports why ctx ended
		}
		if err := phase(ctx); err != nil {
			return err
		}
	}
	return nil
}

// runWarmup is not measured. After an earlier experiment it lasts until the system
// is healthy again: one experiment's damage is not another's baseline.
func (x *experimentRun) runWarmup(ctx context.Context) error {
	x.awaitTraffic(ctx)
	if err := x.startPhase(journal.Warmup); err != nil {
		return err
	}
	wait.For(ctx, x.e.Phases.Warmup)
	if x.index == 0 {
		return nil
	}
	for waited := time.Duration(0); !x.counts.isHealthy(x.log.since(), x.e.Limits.Baseline); waited += healthEvery {
		x.unwell = x.unwell || x.counts.isHarmed(x.log.since(), x.e.Limits.Baseline)
		if waited >= x.options.HealthTimeout {
			if x.untouched {
				return fmt.Errorf("%w: it is not after another %s either, before %s", errNeverHealthy, figures.Span(x.options.HealthTimeout), x.e.ID)
			}
			return fmt.Errorf("%w within %s after the experiment before %s", errUnhealthy, figures.Span(x.options.HealthTimeout), x.e.ID)
		}
		if !wait.For(ctx, healthEvery) {
			return nil
		}
	}
	return nil
}

func (x *experimentRun) runBaseline(ctx context.Context) error {
	if err := x.startPhase(journal.Baseline); err != nil {
		return err
	}
	shared, err := x.shareBaseline()
	if err != nil {
		return err
	}
	if shared != nil {
		return x.runShared(ctx, *shared)
	}
	x.counts.startBaseline(x.log.since())
	begun := time.Now()
	x.readCounters(ctx, journal.BeforeBaseline, counterTimeout)
	defer x.readCountersBeside(ctx, begun, batchBoundaries(x.e.Phases.Baseline), journal.InBaseline)()
	if err := x.checkInvariants(ctx, journal.Baseline); err != nil {
		return err
	}
	if err := x.checkGuardrailsOnce(ctx); err != nil {
		return err
	}
	x.exchangeBefore(ctx)
	if !wait.For(ctx, x.e.Phases.Baseline-time.Since(begun)) {
		return nil
	}
	now := x.log.since()
	x.counts.endBaseline(now)
	return x.endIfHarmed(now)
}

// endIfHarmed ends the experiment where the baseline is harmed beyond its limit: what is
// broken is not broken further, and nothing could be learned from it.
func (x *experimentRun) endIfHarmed(now time.Duration) error {
	v, found := x.counts.harmedBaseline(now, x.generator.InFlight)
	if !found {
		return nil
	}
	x.harmed = true
	detail := fmt.Sprintf("%s: %d of %d of the %s arm were harmed in the baseline", x.e.Journeys[v.journey].Name, v.count.Hits, v.count.N, v.arm)
	return x.log.event(journal.BaselineHarmed, journal.Event{Detail: detail, Value: v.share.Low, Limit: x.e.Limits.Baseline})
}

func (x *experimentRun) runRecovery(ctx context.Context) error {
	if err := x.startPhase(journal.Recovery); err != nil {
		return err
	}
	begun := time.Now()
	if x.next != nil {
		x.counts.startRecovery(x.log.since(), x.next)
		x.readCounters(ctx, journal.InRecovery, counterTimeout)
		defer x.readCountersBeside(ctx, begun, x.tailBoundaries(), journal.InRecovery)()
	}
	wait.For(ctx, x.e.Phases.Recovery-time.Since(begun))
	return nil
}

// startPhase records the start of a phase.
func (x *experimentRun) startPhase(p journal.Phase) error {
	x.generator.StartPhase(p)
	return x.log.event(journal.PhaseStarted, journal.Event{Phase: p})
}

// observe takes the end of one journey, or of several that are all alike.
func (x *experimentRun) observe(o journal.Observation) {
	o.Experiment = x.index
	one := o
	one.Count = 0
	if x.e.Measured() { // counters count more journeys than anybody looks at one by one
		x.counts.add(o)
	} else {
		for range o.Times() {
			x.counts.add(one)
			x.seen(one)
		}
	}
	err := x.log.recorder.Observe(o)
	if err == nil && o.Seen != nil {
		err = x.log.note(journal.HarmSeen, journal.Event{Cause: o.Seen})
	}
	if err != nil {
		x.fatal(err)
	}
}

// recordBeside records an event from a goroutine beside the main line. A journal
// that cannot be written ends the experiment.
func (x *experimentRun) recordBeside(kind journal.Kind, e journal.Event) {
	if err := x.log.event(kind, e); err != nil && x.fatal != nil {
		x.fatal(err)
	}
}

// catchPanic turns a panic beside the main line into the end of the experiment:
// the faults must be removed before the process may die of it.
func (x *experimentRun) catchPanic(where string) {
	if p := recover(); p != nil {
		x.fatal(fmt.Errorf("%s: panic: %v\n%s", where, p, debug.Stack()))
	}
}
