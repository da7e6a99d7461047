// Package traffic sends the journeys of an experiment at their planned rates, on
// a fault arm and, where there is one, on a control arm.
//
// It is an open loop on an absolute schedule: how fast the system answers does
// not change when the next journey starts.
package traffic

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/rows"
	"github.com/blastgauge/blastgauge/experiments/run/internal/causes"
	"github.com/blastgauge/blastgauge/experiments/run/journey"
	"github.com/blastgauge/blastgauge/experiments/run/journey/httpclient"
)

// Options configures the traffic of one experiment. Plan is required.
type Options struct {
	Plan       *plan.Plan
	Experiment int       // index in the plan
	Epoch      time.Time // what observations are relative to: the run's start; zero: now
	Started    time.Time // ${started}; zero: now
	Env        func(name string) (string, bool)
	Secrets    *redact.Secrets // see [journey.Facts]
	Memory     *journey.Memory // for answers, shared with whatever else a run asks; nil: one of its own
	// MaxInFlight bounds the journeys in flight of each kind on each arm; 0 means
	// 1.5 times what a system that never answers needs, and at least 64.
	MaxInFlight int
	// Fault and Control send the journeys of each arm; nil: a client for the
	// system's url or control_url, with its hosts and TLS.
	Fault, Control journey.Sender
}

// Traffic sends the journeys of one experiment. A journey that is late starts at
// once, with its intended start; none is skipped. A journey that cannot start,
// because too many are in flight or no row of its data is free, is observed as shed.
type Traffic struct {
	experiment int
	epoch      time.Time
	schedules  []*schedule
	entries    [2]journey.Entry     // by arm
	share      atomic.Uint64        // of journeys that the faults touch: the bits of a float
	clients    []*httpclient.Client // to be closed
	arrivals   chan arrival
	stop       chan struct{}
	stopOnce   sync.Once
	causes     *causes.Causes
	pools      map[*rows.Table]*rows.Pool

	mu       sync.Mutex // also makes calls of observe one at a time
	observe  func(journal.Observation)
	refused  error
	panicked any
}

// New prepares the traffic of one experiment. It sends nothing. The error is of
// class [experiments.ErrRefused] where a host is not allowed by name.
func New(o Options) (*Traffic, error) {
	e := &o.Plan.Experiments[o.Experiment]
	if err := o.Plan.System.CheckHosts(); err != nil {
		return nil, err
	}
	now := time.Now()
	if o.Epoch.IsZero() {
		o.Epoch = now
	}
	if o.Started.IsZero() {
		o.Started = now
	}
	if o.Memory == nil {
		o.Memory = journey.NewMemory()
	}
	t := &Traffic{experiment: o.Experiment, epoch: o.Epoch, arrivals: make(chan arrival), stop: make(chan struct{}), causes: causes.New(e.Journeys, o.Plan.System.Examples == experiments.NoExamples), pools: map[*rows.Table]*rows.Pool{}}
	t.Touch(1)
	for _, arm := range e.SentArms() {
		entry, err := t.entry(o, arm)
		if err != nil {
			return nil, err
		}
		t.entries[arm] = entry
	}
	for _, arm := range e.Arms() {
		for i, j := range e.Journeys {
			if j.Rate <= 0 {
				continue
			}
			s, err := newSchedule(t, o, arm, i)
			if err != nil {
				return nil, fmt.Errorf("journey %s: %w", j.Name, err)
			}
			t.schedules = append(t.schedules, s)
		}
	}
	return t, nil
}

// Touch decides which of the journeys that start from now on are of the fault arm: this
// share of them, from 0 to 1. The others are of the control arm. It does nothing where
// the plan has no turns.
func (t *Traffic) Touch(share float64) { t.share.Store(math.Float64bits(share)) }

func (t *Traffic) touched() float64 { return math.Float64frombits(t.share.Load()) }

// entry returns where the requests of an arm go.
func (t *Traffic) entry(o Options, arm plan.Arm) (journey.Entry, error) {
	options := journey.ArmClient(&o.Plan.System, o.Plan.Run, arm, o.Plan.Experiments[o.Experiment].Tagged)
	at, err := options.Site()
	if err != nil {
		return journey.Entry{}, err
	}
	entry := journey.Entry{Sender: o.Fault, Site: at, Memory: o.Memory}
	if arm == plan.ControlArm {
		entry.Sender = o.Control
	}
	if entry.Sender != nil {
		return entry, nil
	}
	client, err := httpclient.New(options)
	if err != nil {
		return journey.Entry{}, err
	}
	t.clients = append(t.clients, client)
	entry.Sender = client
	return entry, nil
}

// Run sends until Stop, then waits for the journeys in flight, which their
// timeouts bound. When ctx ends it abandons them and returns at once. Of these it
// observes those that are beyond their budget already, as slow: that much is certain,
// and leaving them out would make harm look smaller. It calls observe for one journey
// at a time; observe should be quick, because journeys wait for it. Run is called once.
//
// A panic of a goroutine that Run started becomes a panic of Run, because the
// caller has faults to remove.
func (t *Traffic) Run(ctx context.Context, observe func(journal.Observation)) {
	t.observe = observe
	start := time.Now()
	ctx, abandon := context.WithCancel(ctx)
	var schedules, workers sync.WaitGroup
	for _, s := range t.schedules {
		schedules.Go(func() {
			defer t.catch(abandon)
			s.run(ctx, start, func(first arrival) {
				workers.Go(func() {
					defer t.catch(abandon)
					t.work(ctx, first)
				})
			})
		})
	}
	schedules.Wait()
	close(t.arrivals)
	workers.Wait()
	abandon()
	for _, c := range t.clients {
		c.Close()
	}
	if t.panicked != nil {
		panic(t.panicked)
	}
}

// catch keeps the first panic, with its stack, and ends everything.
func (t *Traffic) catch(abandon context.CancelFunc) {
	reason := recover()
	if reason == nil {
		return
	}
	abandon()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.panicked == nil {
		t.panicked = fmt.Sprintf("%v\n%s", reason, debug.Stack())
	}
}

// Stop starts no more journeys. It may be called more than once.
func (t *Traffic) Stop() { t.stopOnce.Do(func() { close(t.stop) }) }

// InFlight returns when the journeys of one kind that are in flight on an arm were
// intended to start, as offsets from the run's start, in no order. A journey is in
// flight until it was observed.
func (t *Traffic) InFlight(journey int, arm plan.Arm) []time.Duration {
	var list []time.Duration
	for _, s := range t.schedules {
		if s.index == journey {
			list = s.inFlight.appendStarts(list, arm, t.epoch)
		}
	}
	return list
}

// StartPhase says which phase of the experiment begins. Without it, only the first
// example of each cause of harm is kept.
func (t *Traffic) StartPhase(p journal.Phase) { t.causes.StartPhase(p) }

// Refused returns the first error of class [experiments.ErrRefused]: a request
// to a host that the host policy does not allow. It is nil where there was none.
func (t *Traffic) Refused() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.refused
}

// work performs journeys until there are no more: a goroutine that has grown its
// stack is worth keeping.
func (t *Traffic) work(ctx context.Context, a arrival) {
	e := journey.NewExecution()
	for ok := true; ok; a, ok = <-t.arrivals {
		r := a.schedule.perform(ctx, e, a)
		t.report(ctx, a, r)
		a.schedule.rows.takeBack(a.row)
		a.schedule.inFlight.remove(a.number)
	}
}

// report hands an observation over. Where ctx has ended, the journey was cut short: all
// that is known of it is whether it was too slow by then.
func (t *Traffic) report(ctx context.Context, a arrival, r journey.Result) {
	s := a.schedule
	o := journal.Observation{Experiment: t.experiment, Journey: s.index, Arm: a.lane.arm, Intended: a.intended.Sub(t.epoch),
		Late: r.Late, Took: r.Took, Paused: r.Paused, Draw: r.Draw, Outcome: r.Outcome, Cause: r.Cause, Step: r.Step, Steps: r.Steps}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.refused == nil && errors.Is(r.Err, experiments.ErrRefused) {
		t.refused = r.Err
	}
	if ctx.Err() != nil {
		if o.Cause == journal.Shed || o.Took < s.journey.SlowAfter {
			return
		}
		o.Outcome, o.Cause, o.Step = journal.Slow, journal.TooSlow, max(0, o.Step)
		o.Why, o.Seen = t.causes.See(causes.ID{Journey: s.index, Step: o.Step, Class: o.Cause, Key: figures.Span(s.journey.SlowAfter)}, a.lane.arm, o.Intended, nil)
		t.observe(o)
		return
	}
	if o.Harmed() {
		o.Why, o.Seen = t.causes.See(causes.ID{Journey: s.index, Step: r.At, Class: r.Cause, Key: r.Key}, a.lane.arm, o.Intended, r.Example)
	}
	t.observe(o)
}
