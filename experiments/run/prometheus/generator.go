// Package prometheus reads the counters of real traffic from a Prometheus as batches of
// journeys.
//
// It sends nothing. What one target counted between two scrapes is observed as soon as the
// second one is there, and nothing is guessed of what is between them.
package prometheus

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

const (
	fastestLook  = 250 * time.Millisecond
	slowestLook  = 2 * time.Second
	answerWithin = 10 * time.Second
	lateAnswer   = 2 * time.Second // that a scrape may need, at the end
	// After so long without a scrape the faults are removed: a Prometheus that is started
	// again takes less.
	leastBlind   = 20 * time.Second
	blindScrapes = 6
)

// Options configure the measurement of one experiment. Plan is required.
type Options struct {
	Plan       *plan.Plan
	Experiment int       // index in the plan
	Epoch      time.Time // what observations are relative to: the run's start
	Env        func(name string) (string, bool)
}

// A Generator observes the journeys that counters count. It implements engine.Generator.
type Generator struct {
	client  *client
	epoch   time.Time
	scrape  time.Duration
	longest time.Duration
	kinds   []*kind

	stopped  chan struct{}
	stopOnce sync.Once
	ended    chan struct{} // closed when the measurement is blind
	blind    bool          // it is

	mu     sync.Mutex // guards what follows, which Run writes
	clock  clock
	phases int           // that began since the clock was looked at
	fault  time.Duration // when the first phase with a fault began; 0: none did
	audit  *audit
}

// A kind is one kind of journey, by its index in the experiment.
type kind struct {
	index int
	reader
	targets *targets
	asked   time.Time // there: until when its samples are known
}

// arms are those that have targets.
func (k *kind) arms() []plan.Arm {
	if k.Arm == nil {
		return []plan.Arm{plan.FaultArm}
	}
	return []plan.Arm{plan.FaultArm, plan.ControlArm}
}

// New prepares the measurement of one experiment. It asks nothing yet.
func New(o Options) (*Generator, error) {
	c, err := newClient(&o.Plan.System, o.Env)
	if err != nil {
		return nil, err
	}
	return newGenerator(o, c), nil
}

func newGenerator(o Options, c *client) *Generator {
	s := &o.Plan.System
	e := &o.Plan.Experiments[o.Experiment]
	g := &Generator{client: c, epoch: o.Epoch, scrape: s.Measure.Scrape, longest: s.Measure.Longest(), stopped: make(chan struct{}), ended: make(chan struct{}), clock: clock{epoch: o.Epoch}, audit: newAudit(s.Measure.Scrape, e.Duration())}
	for i, j := range e.Journeys {
		if m, ok := s.Measure.Measured(j.Name); ok {
			g.kinds = append(g.kinds, &kind{index: i, reader: reader{m}, targets: newTargets(g.longest)})
		}
	}
	return g
}

// Run observes what is counted until Stop, and then what was counted until then, as far as
// it is scraped. When ctx ends it returns at once.
func (g *Generator) Run(ctx context.Context, observe func(journal.Observation)) {
	look := time.NewTicker(min(slowestLook, max(fastestLook, g.scrape/4)))
	defer look.Stop()
	begun := time.Now()
	var end time.Time // when to give up
	stopped := g.stopped
	for {
		select {
		case <-ctx.Done():
			g.close(begun, time.Now())
			return
		case <-stopped:
			stopped, end = nil, time.Now().Add(g.longest+lateAnswer)
		case <-look.C:
		}
		g.look(ctx, observe)
		if end.IsZero() {
			g.endIfBlind(begun)
			continue
		}
		if until := end.Add(-g.longest - lateAnswer); g.knownUntil(until) || time.Now().After(end) {
			g.close(begun, until)
			return
		}
	}
}

// look asks for what is new. What cannot be asked now is asked for again with the next
// look: Prometheus has it.
func (g *Generator) look(ctx context.Context, observe func(journal.Observation)) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	if err := g.lookAtClock(ctx); err != nil {
		g.unanswered(ctx, err)
		return
	}
	fixed := g.faultBegan() > 0
	for _, k := range g.kinds {
		k.targets.fixed = fixed
		at := g.there()
		before := g.before(k, at)
		list, err := k.read(ctx, g.client, at, before)
		if err != nil {
			g.unanswered(ctx, err)
			return
		}
		k.asked = at
		g.noteHarm(k, list)
		found := k.targets.add(list)
		for _, i := range found {
			g.take(k, i, observe)
		}
		if len(found) > 0 {
			g.noteLag(at.Sub(time.UnixMilli(k.targets.newest())))
		}
	}
}

// before is how far back a look asks: as far as something may be new. What is not known yet
// may be told late, so that it follows what is known and not what was asked.
func (g *Generator) before(k *kind, at time.Time) time.Duration {
	blind := max(leastBlind, blindScrapes*g.scrape)
	if k.asked.IsZero() || len(k.targets.known) == 0 {
		return blind
	}
	before := 3*g.scrape + at.Sub(k.asked) // what a scrape that is under way will add is older than it
	if oldest := k.targets.oldest(at.Add(-blind).UnixMilli()); oldest > 0 {
		before = max(before, at.Sub(time.UnixMilli(oldest))+g.longest)
	}
	return before
}

// noteLag notes how old the newest scrape was when it was told.
func (g *Generator) noteLag(lag time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.audit.all.Lag = max(g.audit.all.Lag, lag)
}

// lookAtClock looks at the clocks once a phase.
func (g *Generator) lookAtClock(ctx context.Context) error {
	g.mu.Lock()
	needed := !g.clock.known || g.phases > 0
	c := g.clock
	g.mu.Unlock()
	if !needed {
		return nil
	}
	if err := c.look(ctx, g.client); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.clock, g.phases = c, 0
	return nil
}

func (g *Generator) there() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.clock.there()
}

func (g *Generator) unanswered(ctx context.Context, err error) {
	if errors.Is(context.Cause(ctx), context.Canceled) { // nobody waits for it any more
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.audit.unanswered(err)
}

// take observes an interval: on each arm the journeys that were harmed, and those that were
// not.
func (g *Generator) take(k *kind, i interval, observe func(journal.Observation)) {
	if i.lost == "" && k.edgeless(&i) {
		i.lost = edgeless
	}
	g.mu.Lock()
	from, to := g.clock.since(i.from), g.clock.since(i.to)
	g.audit.add(k, &i, from, to)
	g.mu.Unlock()
	if i.lost != "" || from < 0 {
		return
	}
	for arm := range i.arms {
		failed, slow, ok := k.divide(&i.arms[arm])
		for _, o := range []journal.Observation{
			{Outcome: journal.OK, Step: -1, Count: ok},
			{Outcome: journal.Slow, Cause: journal.TooSlow, Step: -1, Count: slow},
			{Outcome: journal.Failed, Cause: journal.Counted, Step: -1, Count: failed},
		} {
			o.Journey, o.Arm, o.Intended, o.Took = k.index, plan.Arm(arm), from, to-from
			observeAll(o, observe)
		}
	}
}

// observeAll observes so many journeys, in as few observations as there can be.
func observeAll(o journal.Observation, observe func(journal.Observation)) {
	for left := o.Count; left > 0; left -= o.Count {
		o.Count = min(left, journal.MaxCount)
		observe(o)
	}
}

// divide divides the journeys of an interval. A target reads its counters one after the
// other, so that a part may be more than the whole by those of a moment.
func (r reader) divide(c *armCounts) (failed, slow, ok int) {
	whole := max(c.total, c.harmed)
	failed = c.harmed
	if r.Duration != nil {
		slow = min(c.slow(r.Duration.SlowAfter), whole-failed)
	}
	return failed, slow, whole - failed - slow
}

// edgeless reports whether a histogram of a target lacks the edge of the budget: nobody knows
// how many were slow. A target that has timed no journey yet has no histogram.
func (r reader) edgeless(i *interval) bool {
	if r.Duration == nil || r.Duration.SlowAfter == 0 {
		return false
	}
	for arm := range i.arms {
		buckets := i.arms[arm].buckets
		if _, has := buckets[r.Duration.SlowAfter.Seconds()]; buckets != nil && !has {
			return true
		}
	}
	return false
}

// noteHarm notes that there is a counter of harm.
func (g *Generator) noteHarm(k *kind, list []series) {
	if len(of(list, harmed)) == 0 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.audit.harm[k.Name] = true
}

// knownUntil reports whether all that is scraped is known until a moment here.
func (g *Generator) knownUntil(here time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, k := range g.kinds {
		for _, arm := range k.arms() {
			if at := k.targets.newestOf(arm); at == 0 || g.clock.since(at) < here.Sub(g.epoch) {
				return false
			}
		}
	}
	return true
}

// endIfBlind says that the measurement is no use any more, where no scrape came for long:
// nobody would see what the faults do.
func (g *Generator) endIfBlind(begun time.Time) {
	if g.blind || g.knownUntil(time.Now().Add(-max(leastBlind, blindScrapes*g.scrape))) || time.Since(begun) < max(leastBlind, blindScrapes*g.scrape) {
		return
	}
	g.blind = true
	g.mu.Lock()
	g.audit.all.Blind = true
	g.mu.Unlock()
	close(g.ended)
}

// close notes what is not known at the end.
func (g *Generator) close(begun, until time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	from, to := begun.Sub(g.epoch), until.Sub(g.epoch)
	for _, k := range g.kinds {
		if len(k.targets.known) == 0 && to-from > g.longest {
			g.audit.lose(journal.Loss{Journey: k.Name, Why: string(silent), From: from, To: to, Targets: 1, Of: 1, Share: 1})
			continue
		}
		var fault int64
		if g.fault > 0 {
			fault = g.clock.at(g.fault)
		}
		for _, i := range k.targets.unscraped(g.clock.at(to), fault) {
			if from, to := g.clock.since(i.from), g.clock.since(i.to); to > 0 {
				g.audit.loseOf(k, &i, max(0, from), to)
			}
		}
	}
	g.audit.all.Unharmed = nil
	for _, k := range g.kinds {
		if !g.audit.harm[k.Name] {
			g.audit.all.Unharmed = append(g.audit.all.Unharmed, k.Name)
		}
	}
	g.audit.clock(g.clock)
}

// StartPhase says that a phase begins: the clocks are looked at again.
func (g *Generator) StartPhase(p journal.Phase) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.phases++
	now := time.Since(g.epoch)
	g.audit.phases = append(g.audit.phases, phaseStart{p, now})
	if p == journal.Fault && g.fault == 0 {
		g.fault = now
	}
}

func (g *Generator) faultBegan() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.fault
}

// Stop ends the measurement with the scrape that comes next. It may be called more than
// once.
func (g *Generator) Stop() { g.stopOnce.Do(func() { close(g.stopped) }) }

// Ended returns a channel that is closed when no scrape came for so long that nobody would
// see what the faults do.
func (g *Generator) Ended() <-chan struct{} { return g.ended }

// InFlight is nil: nobody knows of a journey before it has ended.
func (g *Generator) InFlight(int, plan.Arm) []time.Duration { return nil }

// Measured returns how complete the measurement is.
func (g *Generator) Measured() *journal.Measurement {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.audit.measurement()
}
