package truth

import (
	"container/heap"
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/truth/world"
)

// step is how often the traffic looks which journeys have come to something, and beat
// is how much later than the engine, which acts at multiples of ten milliseconds.
const (
	step = 20 * time.Millisecond
	beat = 7 * time.Millisecond
)

// A stage is what happens to a journey at one moment.
type stage int

const (
	starts stage = iota
	decides
	ends
)

// A due is a stage of a journey and its time in seconds.
type due struct {
	at    float64
	stage stage
	id    int
	journal.Observation
}

// An agenda is a heap of what is due, the earliest first.
type agenda []due

func (a agenda) Len() int           { return len(a) }
func (a agenda) Less(i, k int) bool { return a[i].at < a[k].at }
func (a agenda) Swap(i, k int)      { a[i], a[k] = a[k], a[i] }
func (a *agenda) Push(any)          { *a = append(*a, due{}) }
func (a *agenda) Pop() any          { *a = (*a)[:len(*a)-1]; return nil }

// add puts something on the agenda, and next takes what is due first. Neither puts a
// journey into an interface: that took a seventh of the time of a scene.
func (a *agenda) add(d due) {
	*a = append(*a, d)
	heap.Fix(a, len(*a)-1)
}

func (a *agenda) next() due {
	d := (*a)[0]
	heap.Pop(a)
	return d
}

// traffic simulates the journeys of a scene. It implements engine.Generator.
type traffic struct {
	scene *Scene
	rand  *rand.Rand
	epoch time.Time
	arms  []plan.Arm
	fault *injector
	drawn

	stop   chan struct{}
	once   sync.Once
	agenda agenda
	last   int // id of the last journey

	touched float64 // share of the journeys that start from now on; guarded by mu

	mu     sync.Mutex
	flying map[flight]map[int]time.Duration // guarded by mu: intended starts by id
}

// drawn are the processes of a scene: one system for all experiments of a run.
type drawn struct {
	base []float64
	own  [2][]float64
	harm []float64
}

func (s *Scene) draw(r *rand.Rand, ticks int) drawn {
	d := drawn{base: s.Base(r, ticks)}
	for arm, own := range s.Own {
		if own != nil {
			d.own[arm] = own(r, ticks)
		}
	}
	if s.Harm != nil {
		d.harm = s.Harm(r, ticks)
	}
	return d
}

// A flight is a kind of journey on an arm.
type flight struct {
	journey int
	arm     plan.Arm
}

func newTraffic(s *Scene, r *rand.Rand, epoch time.Time, arms []plan.Arm, fault *injector, d drawn) *traffic {
	return &traffic{
		scene: s, rand: r, epoch: epoch, arms: arms, fault: fault,
		touched: 1, drawn: d, stop: make(chan struct{}), flying: map[flight]map[int]time.Duration{},
	}
}

// StartPhase changes nothing: what is sent knows the schedule.
func (g *traffic) StartPhase(journal.Phase) {}

// Touch lets the fault touch a share of the journeys that start from now on. It
// implements engine.Toucher.
func (g *traffic) Touch(share float64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.touched = share
}

func (g *traffic) touchedShare() float64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.touched
}

// Stop starts no more journeys.
func (g *traffic) Stop() { g.once.Do(func() { close(g.stop) }) }

// InFlight returns when the journeys that have not ended were intended to start.
func (g *traffic) InFlight(journey int, arm plan.Arm) []time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	var list []time.Duration
	for _, intended := range g.flying[flight{journey, arm}] {
		list = append(list, intended)
	}
	return list
}

// Run sends journeys until Stop, and then waits for those in flight.
func (g *traffic) Run(ctx context.Context, observe func(journal.Observation)) {
	time.Sleep(beat) // no two goroutines of an experiment wake at the same moment, so that each run is the same
	g.begin()
	defer func() { g.abandon(ctx, observe) }()
	for stopped := false; ctx.Err() == nil; time.Sleep(step) {
		select {
		case <-g.stop:
			stopped = true
		default:
		}
		for now := time.Since(g.epoch).Seconds(); len(g.agenda) > 0 && g.agenda[0].at <= now; {
			g.perform(g.agenda.next(), stopped, observe)
		}
		if stopped && len(g.agenda) == 0 {
			return
		}
	}
}

// abandon observes the journeys in flight that are beyond their budget, where ctx has
// ended.
func (g *traffic) abandon(ctx context.Context, observe func(journal.Observation)) {
	if ctx.Err() == nil {
		return
	}
	now := time.Since(g.epoch)
	for _, d := range g.agenda {
		took := now - d.Intended
		if took -= min(took, d.Paused); d.stage != starts && took.Seconds() >= g.scene.SlowAfter {
			o := d.Observation
			o.Outcome, o.Cause, o.Step, o.Took = journal.Slow, journal.TooSlow, 0, took
			observe(o)
		}
	}
}

// begin puts the first journey of each kind and arm on the agenda.
func (g *traffic) begin() {
	start := time.Since(g.epoch).Seconds()
	for journey := range g.scene.Rates {
		period, offset := g.period(journey), g.rand.Float64()
		for k, arm := range g.arms {
			at := start + period*(offset+float64(k))/float64(len(g.arms))
			g.agenda.add(due{at: at, stage: starts, Observation: journal.Observation{Journey: journey, Arm: arm}})
		}
	}
}

// period is the time in seconds between two journeys of a kind on one arm.
func (g *traffic) period(journey int) float64 { return float64(len(g.arms)) / g.scene.Rates[journey] }

func (g *traffic) perform(d due, stopped bool, observe func(journal.Observation)) {
	switch d.stage {
	case starts:
		if stopped {
			return
		}
		next := d
		next.at += g.period(d.Journey)
		g.agenda.add(next)
		g.last++
		d.id, d.Intended, d.Step = g.last, inSeconds(d.at), -1
		if share := g.touchedShare(); share < 1 && g.rand.Float64() >= share {
			d.Arm = plan.ControlArm
		}
		g.depart(d)
		if p := g.scene.Pause; p[1] > 0 {
			d.Paused = inSeconds(p[0] + g.rand.Float64()*(p[1]-p[0]))
		}
		d.at, d.stage = d.at+g.scene.Step+d.Paused.Seconds(), decides
		if w := experiments.Weight(g.scene.Weight); w > 0 {
			d.Draw = 1 + g.rand.IntN(experiments.Draws-1)
			d.Steps = make([]time.Duration, 2)
			if !w.Takes(d.Draw) {
				d.at, d.Paused = d.at-d.Paused.Seconds(), 0
				d.Took, d.stage = inSeconds(d.at)-d.Intended, ends
			}
		}
		g.agenda.add(d)
	case decides:
		g.decide(&d)
		d.stage = ends
		g.agenda.add(d)
	case ends:
		observe(d.Observation)
		g.arrive(d)
	}
}

// decide says what becomes of a journey, and when it ends.
func (g *traffic) decide(d *due) {
	s := g.fault.at(d.at)
	m := Moment{
		Rand: g.rand, Arm: d.Arm, Journey: d.Journey, At: d.at, Injected: s.injected, Removed: s.removed,
		Base:    world.Either(shareAt(g.base, d.at), shareAt(g.own[d.Arm], d.at)),
		Faulted: s.inForce && d.Arm == plan.FaultArm,
	}
	if s.inForce {
		m.Touched = g.touchedShare()
	}
	if m.Faulted && !g.scene.spared(d.Journey) {
		m.Harm = shareAt(g.harm, s.first)
	}
	if calls := g.scene.Calls; calls != nil && d.Arm == plan.FaultArm { // the control's route has no proxies
		g.fault.call(calls(m))
	}
	outcome, takes := g.scene.Decide(m)
	d.at += takes
	d.Outcome, d.Took = outcome, inSeconds(d.at)-d.Intended-d.Paused
	if outcome == journal.OK && d.Took.Seconds() > g.scene.SlowAfter {
		d.Outcome = journal.Slow
	}
	if d.Outcome == journal.Failed {
		d.Cause = journal.Status
	}
	if d.Outcome != journal.OK {
		d.Step = g.scene.harmedAt(m)
	}
}

// shareAt is the share of a process at a time in seconds.
func shareAt(shares []float64, at float64) float64 {
	if len(shares) == 0 {
		return 0
	}
	return shares[max(0, min(len(shares)-1, int(at/world.Tick)))]
}

func (g *traffic) depart(d due) {
	g.mu.Lock()
	defer g.mu.Unlock()
	key := flight{d.Journey, d.Arm}
	if g.flying[key] == nil {
		g.flying[key] = map[int]time.Duration{}
	}
	g.flying[key][d.id] = d.Intended
}

func (g *traffic) arrive(d due) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.flying[flight{d.Journey, d.Arm}], d.id)
}
