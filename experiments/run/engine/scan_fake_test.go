package engine

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// A script is a Scanner that knows its cells beforehand.
type script struct {
	cells     []journal.Cell
	exercised []journal.Exercise
	ended     []journal.CellEnd
}

func (s *script) Exercised(e journal.Exercise) { s.exercised = append(s.exercised, e) }
func (s *script) Ended(e journal.CellEnd)      { s.ended = append(s.ended, e) }
func (s *script) Why() string                  { return journal.ScanComplete }

func (s *script) Next(time.Duration) (journal.Cell, bool) {
	if n := len(s.ended); n < len(s.cells) {
		return s.cells[n], true
	}
	return journal.Cell{}, false
}

// What a fault does to a journey.
type effect int

const (
	fine  effect = iota
	fails        // at once
	hangs        // until the fault is gone, or 10 s have passed
)

// A scanTraffic sends journeys whose fate is that of the moment, and may change while
// they are in flight.
type scanTraffic struct {
	epoch time.Time
	e     *plan.Experiment
	fate  func(journey int, arm plan.Arm, now time.Duration) effect
	step  time.Duration // how coarse its time is
	// held reports whether this machine stands still: journeys are due, and neither start nor end.
	held func(now time.Duration) bool
	stop chan struct{}
	once sync.Once

	mu     sync.Mutex
	flying []flight
	seen   bool // a cause was introduced
}

type flight struct {
	journey  int
	arm      plan.Arm
	intended time.Duration
	begun    time.Duration // 0: not yet
	fails    bool
	ended    bool
}

func (g *scanTraffic) StartPhase(journal.Phase) {}

func (g *scanTraffic) Stop() { g.once.Do(func() { close(g.stop) }) }

func (g *scanTraffic) InFlight(journey int, arm plan.Arm) (list []time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, f := range g.flying {
		if f.journey == journey && f.arm == arm {
			list = append(list, f.intended)
		}
	}
	return list
}

// Run moves in steps.
func (g *scanTraffic) Run(ctx context.Context, observe func(journal.Observation)) {
	stop := g.stop
	due := make([]float64, 2*len(g.e.Journeys))
	tick := time.NewTicker(g.step)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-stop:
			stop = nil
		case <-tick.C:
		}
		if stop != nil {
			g.start(due)
		}
		landed, left := g.land()
		for _, o := range landed {
			observe(o)
		}
		g.forget()
		if stop == nil && left == 0 {
			return
		}
	}
}

func (g *scanTraffic) start(due []float64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Since(g.epoch)
	for k, j := range g.e.Journeys {
		for _, arm := range g.e.Arms() {
			i := 2*k + int(arm)
			if due[i] += j.Rate / float64(len(g.e.Arms())) * g.step.Seconds(); due[i] >= 1 {
				due[i]--
				g.flying = append(g.flying, flight{journey: k, arm: arm, intended: now, fails: g.fate(k, arm, now) == fails})
			}
		}
	}
}

func (g *scanTraffic) land() (list []journal.Observation, left int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Since(g.epoch)
	if g.held(now) {
		return nil, len(g.flying)
	}
	for i := range g.flying {
		f := &g.flying[i]
		f.begun = cmp.Or(f.begun, now)
		took := now - f.intended
		o := journal.Observation{Journey: f.journey, Arm: f.arm, Intended: f.intended, Late: f.begun - f.intended, Took: took, Step: -1}
		slowAfter := g.e.Journeys[f.journey].SlowAfter
		switch {
		case took < g.step, !f.fails && took < 10*time.Second && g.fate(f.journey, f.arm, now) == hangs:
			left++
			continue
		case f.fails:
			o.Outcome, o.Cause, o.Step, o.Why = journal.Failed, journal.Status, 0, 1
		case took >= 10*time.Second:
			o.Outcome, o.Cause, o.Step, o.Why = journal.Failed, journal.Timeout, 0, 2
		case took > slowAfter:
			o.Outcome, o.Cause, o.Step, o.Why = journal.Slow, journal.TooSlow, 0, 3
		}
		if o.Why == 1 && !g.seen {
			g.seen = true
			o.Seen = &journal.SeenCause{Number: 1, Journey: g.e.Journeys[f.journey].Name, Class: "status", Key: "503", Example: &journal.Example{Intended: f.intended}}
		}
		list = append(list, o)
		f.ended = true
	}
	return list, left
}

// forget takes journeys that have ended out of those in flight. They were observed before,
// as those of real traffic are, so that nobody misses them in between.
func (g *scanTraffic) forget() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.flying = slices.DeleteFunc(g.flying, func(f flight) bool { return f.ended })
}

// A scanBench is a scan with fakes around it. Faults are named by their number in the plan.
type scanBench struct {
	*bench
	scanner *script
	// effect is what a fault does to a journey of the fault arm while it is in force.
	effect func(fault string, journey int) effect
	// after is what journeys of the fault arm meet at a time after the last removal.
	after   func(since time.Duration) effect
	held    func(now time.Duration) bool // this machine stands still
	removed time.Duration
	step    time.Duration // of traffic
	epoch   time.Time
}

const (
	soft = "blastgauge.r.1"
	hard = "blastgauge.r.2"
	hang = "blastgauge.r.3"
)

// newScanBench has three faults and two kinds of journeys, 40 and 10 a second and arm.
func newScanBench(cells ...[]string) *scanBench {
	b := &scanBench{bench: newBench(), scanner: &script{}, step: 5 * time.Millisecond, after: func(time.Duration) effect { return fine }, held: func(time.Duration) bool { return false }}
	e := &b.plan.Experiments[0]
	e.ID, e.Phases = plan.ScanID, experiments.Phases{Warmup: time.Second, Baseline: 10 * time.Second, Recovery: 2 * time.Second}
	e.Faults = []plan.Fault{newFault(soft, 0, 0), newFault(hard, 0, 0), newFault(hang, 0, 0)}
	e.Journeys = []plan.Journey{
		{Journey: experiments.Journey{Name: "checkout", Rate: 80, SlowAfter: time.Second, Timeout: 10 * time.Second}, Limit: 0.05},
		{Journey: experiments.Journey{Name: "browse", Rate: 40, SlowAfter: time.Second, Timeout: 10 * time.Second}, Limit: 0.05},
	}
	b.plan.Scan = &plan.Scan{}
	b.effect = func(fault string, journey int) effect {
		switch {
		case journey == 1 || fault == soft:
			return fine
		case fault == hard:
			return fails
		}
		return hangs
	}
	for i, names := range cells {
		c := journal.Cell{Number: i + 1, Stage: journal.Single}
		for _, f := range e.Faults {
			if slices.Contains(names, f.Name) {
				c.Faults = append(c.Faults, f)
			}
		}
		b.scanner.cells = append(b.scanner.cells, c)
	}
	b.opts.Traffic = func(_ int, epoch time.Time) (Generator, error) {
		b.epoch = epoch
		return &scanTraffic{epoch: epoch, e: e, fate: b.fate, step: b.step, held: b.held, stop: make(chan struct{})}, nil
	}
	b.in.inject = func(plan.Fault) {}
	return b
}

// fate is the worst effect of the faults in force.
func (b *scanBench) fate(journey int, arm plan.Arm, now time.Duration) (worst effect) {
	if arm == plan.ControlArm {
		return fine
	}
	b.in.mu.Lock()
	defer b.in.mu.Unlock()
	for name := range b.in.live {
		worst = max(worst, b.effect(name, journey))
	}
	if len(b.in.live) > 0 {
		b.removed = now
	} else if b.removed > 0 {
		worst = b.after(now - b.removed)
	}
	return worst
}

func (b *scanBench) scan(ctx context.Context) error {
	return Scan(ctx, b.plan, b.scanner, b.mem, b.opts)
}

// end returns what became of a cell, as the journal has it.
func (b *scanBench) end(t *testing.T, number int) journal.CellEnd {
	t.Helper()
	b.mem.mu.Lock()
	defer b.mem.mu.Unlock()
	for _, e := range b.mem.events {
		if e.Kind == journal.CellEnded && e.CellEnd.Number == number {
			return *e.CellEnd
		}
	}
	t.Fatalf("cell %d did not end", number)
	return journal.CellEnd{}
}

// why returns why the scan ended.
func (b *scanBench) why() string {
	e, _ := b.mem.find(journal.ScanEnded)
	return e.Detail
}

// checkJournal finds what no journal of a scan may have, and faults that were left.
func (b *scanBench) checkJournal(t *testing.T) {
	t.Helper()
	if b.in.harming() {
		t.Error("a fault was left in force")
	}
	b.mem.mu.Lock()
	defer b.mem.mu.Unlock()
	open, cell, ends := map[string]bool{}, 0, 0
	for _, e := range b.mem.events {
		if f := b.mem.failAt; e.Kind == f && (f == journal.CellStarted || f == journal.FaultIntended) {
			continue // what was not recorded did not begin
		}
		switch e.Kind {
		case journal.CellStarted:
			if cell != 0 {
				t.Errorf("cell %d starts within cell %d", e.Cell.Number, cell)
			}
			cell = e.Cell.Number
		case journal.FaultIntended:
			if cell == 0 || ends > 0 || open[e.Fault] {
				t.Errorf("%s is intended in cell %d, after %d ends of the scan, open: %v", e.Fault, cell, ends, open)
			}
			open[e.Fault] = true
		case journal.FaultInjected:
			if !open[e.Fault] {
				t.Errorf("%s is injected without an intent", e.Fault)
			}
		case journal.FaultRemoved:
			delete(open, e.Fault)
		case journal.CellEnded:
			if e.CellEnd.Number != cell || len(open) > 0 || len(e.CellEnd.Journeys) != len(b.plan.Experiments[0].Journeys) {
				t.Errorf("cell %d ends within cell %d, open: %v, %d journeys", e.CellEnd.Number, cell, open, len(e.CellEnd.Journeys))
			}
			cell = 0
		case journal.ScanEnded:
			ends++
		}
	}
	if last := b.mem.events[len(b.mem.events)-1]; ends != 1 || cell != 0 || len(open) > 0 || last.Kind != journal.RunEnded {
		t.Errorf("%d ends of the scan, cell %d and %v are open, the last event is %s", ends, cell, open, last.Kind)
	}
}
