package engine

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// touchable is traffic of which a share is touched. The rest is harmed where harmOthers
// is set.
type touchable struct {
	*fakeTraffic
	live func() bool // whether a fault is in force

	mu    sync.Mutex
	calls []touchCall
}

type touchCall struct {
	at    time.Duration
	share float64
	live  bool
}

func (g *touchable) Touch(share float64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.calls = append(g.calls, touchCall{time.Since(g.epoch), share, g.live()})
}

// inTurns makes the bench's fault touch shares in turns.
func inTurns(b *bench) *touchable {
	e := &b.plan.Experiments[0]
	e.Control, e.Tagged = plan.Baseline, true
	e.Turns = []plan.Turn{{Until: 4 * time.Second, Share: 0.5}, {At: 4 * time.Second, Until: 6 * time.Second, Share: 0.1}, {At: 6 * time.Second, Until: 10 * time.Second, Share: 0.5}}
	g := &touchable{live: b.in.harming}
	plain := b.opts.Traffic
	b.opts.Traffic = func(i int, epoch time.Time) (Generator, error) {
		inner, err := plain(i, epoch)
		g.fakeTraffic = inner.(*fakeTraffic)
		return g, err
	}
	return g
}

// The first share is set before there is a fault, the others at their times while it
// stays in force, and after its removal all journeys are of the fault arm again. The
// journal knows each turn.
func TestTurnsOfShares(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		g := inTurns(b)
		if err := b.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		begun := g.calls[0].at
		want := []touchCall{{0, 0.5, false}, {4 * time.Second, 0.1, true}, {6 * time.Second, 0.5, true}, {10 * time.Second, 1, false}}
		for i := range g.calls {
			g.calls[i].at = (g.calls[i].at - begun).Round(100 * time.Millisecond)
		}
		if !slices.Equal(g.calls, want) {
			t.Errorf("touched %v, want %v", g.calls, want)
		}
		var shares []float64
		for _, e := range b.mem.events {
			if e.Kind == journal.TurnStarted {
				shares = append(shares, e.Value)
			}
		}
		if kinds := b.mem.kinds(); !slices.Equal(shares, []float64{0.5, 0.1, 0.5}) || slices.Index(kinds, journal.TurnStarted) > slices.Index(kinds, journal.FaultIntended) {
			t.Errorf("the journal has turns of %v among %v", shares, kinds)
		}
	})
}

// Without a journal there is no turn, and traffic that cannot leave anybody untouched
// meets no fault.
func TestTurnsThatCannotBe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		inTurns(b)
		b.mem.failAt = journal.TurnStarted
		if err := b.run(t.Context()); err == nil || b.in.harming() {
			t.Errorf("a turn that nobody knows of: %v", err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.plan.Experiments[0].Turns = []plan.Turn{{Until: 10 * time.Second, Share: 0.5}}
		if err := b.run(t.Context()); err == nil {
			t.Error("traffic that cannot leave anybody untouched")
		}
		if _, injected := b.mem.find(journal.FaultIntended); injected {
			t.Error("a fault was injected")
		}
	})
}

// A guardrail also watches the journeys that the fault does not touch.
func TestGuardrailOfTheUntouched(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.plan.Experiments[0].Guardrails = []experiments.Guardrail{{BlastRadius: 0.3}}
		inTurns(b)
		even := false
		b.change = func(o *journal.Observation) {
			if even = !even; even && b.in.harming() { // every other journey is untouched, and harmed
				o.Arm, o.Outcome, o.Cause, o.Step = plan.ControlArm, journal.Failed, journal.Status, 0
			}
		}
		if err := b.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		trip, tripped := b.mem.find(journal.GuardrailTripped)
		if !tripped || b.in.harming() || trip.Value < 0.3 {
			t.Errorf("tripped %t: %+v", tripped, trip)
		}
	})
}
