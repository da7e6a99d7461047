package engine

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// A fakeInjector is a set of live faults, like a real target.
type fakeInjector struct {
	mu        sync.Mutex
	live      map[string]bool
	injectErr error // after the fault is half applied
	inject    func(plan.Fault)
	checkErr  error // what Check fails with
	revert    func(ctx context.Context) error
	reverts   int
	counted   bool
	counts    func() int64 // what it met; nil: 7
	looked    int
	missed    []journal.Missed
}

// looks returns how often the faults were looked at.
func (in *fakeInjector) looks() int { return in.looked }

func (in *fakeInjector) Inject(ctx context.Context, f plan.Fault) error {
	if in.inject != nil {
		in.inject(f)
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	in.live[f.Name] = true
	return in.injectErr
}

func (in *fakeInjector) Check(ctx context.Context, f plan.Fault) (journal.Evidence, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.looked++
	e := journal.Evidence{Present: in.live[f.Name], Counted: in.counted, Met: 7, Of: 8, Missed: in.missed}
	if in.counts != nil {
		e.Met = in.counts()
	}
	if !e.Present {
		e.Detail = "no such toxic"
	}
	if in.checkErr != nil {
		return journal.Evidence{}, in.checkErr
	}
	return e, ctx.Err()
}

// Revert refuses a context that has ended, so that tests fail if the engine does
// not use WithoutCancel.
func (in *fakeInjector) Revert(ctx context.Context, f plan.Fault) error {
	in.mu.Lock()
	in.reverts++
	in.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if in.revert != nil {
		if err := in.revert(ctx); err != nil {
			return err
		}
	}
	in.remove(f.Name)
	return nil
}

func (in *fakeInjector) remove(name string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	delete(in.live, name)
}

func (in *fakeInjector) vanish() {
	in.mu.Lock()
	defer in.mu.Unlock()
	clear(in.live)
}

// silence makes Check fail with err; nil makes it succeed again.
func (in *fakeInjector) silence(err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.checkErr = err
}

func (in *fakeInjector) harming() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return len(in.live) > 0
}

// fakeTraffic sends a journey per arm every 20 ms; each takes 5 ms. Journeys of
// the fault arm are harmed while harm returns true.
type fakeTraffic struct {
	epoch time.Time
	arms  []plan.Arm
	harm  func() bool
	// hanging returns the intended starts of those that hang at a moment; nil: none.
	hanging func(now time.Duration) []time.Duration
	// change edits the journeys of the fault arm; nil: they stay as they are.
	change func(*journal.Observation)
	stop   chan struct{}
	once   sync.Once
}

func (g *fakeTraffic) Run(ctx context.Context, observe func(journal.Observation)) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-g.stop:
			return
		case <-tick.C:
		}
		for _, arm := range g.arms {
			o := journal.Observation{Arm: arm, Intended: time.Since(g.epoch), Took: 5 * time.Millisecond, Step: -1}
			if arm == plan.FaultArm && g.harm() {
				o.Outcome, o.Cause, o.Step = journal.Failed, journal.Status, 0
			}
			if arm == plan.FaultArm && g.change != nil {
				g.change(&o)
			}
			observe(o)
		}
	}
}

func (g *fakeTraffic) StartPhase(journal.Phase) {}

func (g *fakeTraffic) Stop() { g.once.Do(func() { close(g.stop) }) }

// InFlight are journeys of the fault arm that hang.
func (g *fakeTraffic) InFlight(_ int, arm plan.Arm) []time.Duration {
	if g.hanging == nil || arm == plan.ControlArm {
		return nil
	}
	return g.hanging(time.Since(g.epoch))
}

// A memory keeps the journal in memory and can fail at a kind of event.
type memory struct {
	mu     sync.Mutex
	events []journal.Event
	seen   int
	failAt journal.Kind
	on     func(journal.Event)
}

var errDisk = errors.New("no space left on device")

func (m *memory) Record(e journal.Event) error {
	m.mu.Lock()
	m.events = append(m.events, e)
	m.mu.Unlock()
	if m.on != nil {
		m.on(e)
	}
	if e.Kind == m.failAt {
		return errDisk
	}
	return nil
}

func (m *memory) Note(e journal.Event) error { return m.Record(e) }

func (m *memory) Observe(journal.Observation) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen++
	return nil
}

func (m *memory) kinds() []journal.Kind {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []journal.Kind
	for _, e := range m.events {
		list = append(list, e.Kind)
	}
	return list
}

func (m *memory) find(k journal.Kind) (journal.Event, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.events {
		if e.Kind == k {
			return e, true
		}
	}
	return journal.Event{}, false
}

// A bench is one plan with fakes around it.
type bench struct {
	plan    *plan.Plan
	in      *fakeInjector
	mem     *memory
	opts    Options
	harm    func(in *fakeInjector) bool // whether the fault arm is harmed now
	hanging func(now time.Duration) []time.Duration

	change func(*journal.Observation)
}

// newBench has one experiment: 1 s warm-up, 5 s baseline, 10 s fault, 3 s
// recovery, concurrent arms, one fault for the whole phase.
func newBench() *bench {
	e := plan.Experiment{
		ID:       "payments-slow",
		Phases:   experiments.Phases{Warmup: time.Second, Baseline: 5 * time.Second, Fault: 10 * time.Second, Recovery: 3 * time.Second},
		Faults:   []plan.Fault{newFault("blastgauge.r.1", 0, 10*time.Second)},
		Journeys: []plan.Journey{{Journey: experiments.Journey{Name: "checkout", Rate: 100, SlowAfter: time.Second}, Limit: 0.05}},
		Limits:   plan.Limits{BlastRadius: 0.05, Baseline: 0.02},
		Control:  plan.Concurrent,
	}
	b := &bench{
		plan: &plan.Plan{Run: "r", Experiments: []plan.Experiment{e}},
		in:   &fakeInjector{live: map[string]bool{}, counted: true},
		mem:  &memory{},
		harm: func(*fakeInjector) bool { return false },
	}
	b.opts = Options{
		Injectors: map[string]Injector{"latency": b.in},
		Traffic: func(i int, epoch time.Time) (Generator, error) {
			return &fakeTraffic{
				epoch: epoch, arms: b.plan.Experiments[i].Arms(), stop: make(chan struct{}),
				harm: func() bool { return b.harm(b.in) }, hanging: b.hanging, change: b.change,
			}, nil
		},
	}
	return b
}

func newFault(name string, at, until time.Duration) plan.Fault {
	return plan.Fault{Name: name, Proxy: "payments", Until: until, Fault: experiments.Fault{Inject: "latency", Into: "payments", At: at}}
}

func (b *bench) run(ctx context.Context) error { return Run(ctx, b.plan, b.mem, b.opts) }
