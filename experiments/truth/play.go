package truth

import (
	"context"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/experiments/truth/world"
)

// leeway is the time in seconds beyond the planned phases for which a system is
// simulated.
const leeway = 60

// Play performs the scene's experiment in fake time and returns its result.
func (s *Scene) Play(t *testing.T) *result.Experiment {
	t.Helper()
	return &s.PlaySuite(t)[0]
}

// PlaySuite performs the scene's experiments in fake time and returns their results.
func (s *Scene) PlaySuite(t *testing.T) []result.Experiment {
	t.Helper()
	var played *result.Result
	synctest.Test(t, func(t *testing.T) { played = s.perform(t) })
	return played.Experiments
}

func (s *Scene) perform(t *testing.T) *result.Result {
	t.Helper()
	p, err := s.Plan()
	if err != nil {
		t.Fatal(err)
	}
	scene := *s
	if scene.Decide == nil {
		scene.Decide = Failing(0.05, 0.02)
	}
	if scene.Met == 0 {
		scene.Met = 1000
	}
	r := rand.New(rand.NewPCG(s.Seed, 99))
	rec, fault := &recording{}, &injector{met: scene.Met, inForce: map[string]bool{}}
	planned := &p.Experiments[0]
	drawn := scene.draw(r, scene.ticks(planned))
	o := engine.Options{
		Injectors: map[string]engine.Injector{s.kind(): fault},
		Traffic: func(_ int, epoch time.Time) (engine.Generator, error) {
			fault.epoch = epoch
			fault.forget()
			return newTraffic(&scene, r, epoch, planned.Arms(), fault, drawn), nil
		},
	}
	if scene.Calls != nil {
		o.Counters = fault.carried
	}
	ctx, interrupt := context.WithCancelCause(t.Context())
	defer interrupt(nil)
	if s.Interrupt != nil {
		go s.watch(ctx, rec, fault, func() { interrupt(&engine.Interrupt{Signal: "INT"}) })
	}
	if err := engine.Run(ctx, p, rec, o); err != nil && ctx.Err() == nil {
		t.Fatal(err)
	}
	played, err := result.Fold(rec.all(), rec)
	if err != nil {
		t.Fatal(err)
	}
	return played
}

// watch interrupts the run as soon as whoever watches it has seen enough.
func (s *Scene) watch(ctx context.Context, rec *recording, fault *injector, interrupt func()) {
	start := time.Now().Add(beat / 2)
	for ctx.Err() == nil {
		time.Sleep(250 * time.Millisecond)
		if s.Interrupt(time.Since(start).Seconds(), rec.seen(fault)) {
			interrupt()
			return
		}
	}
}

// ticks is how many ticks the experiments last, with leeway.
func (s *Scene) ticks(e *plan.Experiment) int {
	turns := float64(max(1, s.Repeat))
	length := s.Warmup + turns*(s.Baseline+e.Phases.Fault.Seconds()) + s.Recovery + leeway
	return int(float64(max(1, s.Suite))*length/world.Tick) + 1
}
