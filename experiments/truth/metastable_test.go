package truth

import (
	"math/rand/v2"
	"sort"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/stats"
	"github.com/blastgauge/blastgauge/experiments/truth/world"
)

// retrying is a queue that retries keep down: at 40 visits a second, each with up to four
// attempts, it has 100 attempts a second to give.
func retrying(rate float64) world.Queue {
	return world.Queue{Rate: rate, Workers: 20, Service: 0.2, Patience: 3.6, Attempts: 4, Noise: 0.05}
}

// triggered is an experiment that takes a part of the queue's capacity away.
func triggered(seed uint64, q world.Queue, t world.Trigger) *Scene {
	s := &Scene{
		Seed: seed, Warmup: 1, Baseline: 10, Fault: t.For, Recovery: 40, Rates: []float64{q.Rate}, SlowAfter: 2, Timeout: 20,
		Control: plan.Baseline, Limit: 1, RecoverIn: 30, Base: world.Level(0),
	}
	visits := q.Visits(rand.New(rand.NewPCG(seed, 5)), t, -20, t.For+100)
	s.Decide = func(m Moment) (journal.Outcome, float64) {
		since := m.Injected
		if since < 0 {
			since = -1 // before the trigger all are alike
		}
		i := min(sort.Search(len(visits), func(i int) bool { return visits[i].Start >= since }), len(visits)-1)
		v := visits[i]
		if !v.Answered {
			return journal.Failed, v.Took
		}
		return journal.OK, v.Took
	}
	return s
}

// TestRetriesKeepAQueueDown: four cells around the edge of a metastable failure, each of 20
// systems. The recovery names the one that stays down, and shows the others to come back.
func TestRetriesKeepAQueueDown(t *testing.T) {
	t.Parallel()
	const runs = 20
	for name, c := range map[string]struct {
		rate float64
		world.Trigger
		stays bool
	}{
		"80 % for 10 s":                 {40, world.Trigger{Cut: 0.80, For: 10}, true},
		"78 % for 10 s":                 {40, world.Trigger{Cut: 0.78, For: 10}, false},
		"80 % for 9 s":                  {40, world.Trigger{Cut: 0.80, For: 9}, false},
		"80 % for 10 s, 30 % less load": {28, world.Trigger{Cut: 0.80, For: 10}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(runs) {
				e := triggered(seed+1, retrying(c.rate), c.Trigger).Play(t)
				if r := e.Recovery; r == nil || r.Unharmed || r.Metastable != c.stays || r.Censored != c.stays {
					t.Errorf("run %d: recovery %+v, %s %q", seed, r, e.Verdict, e.Reasons)
				}
			}
		})
	}
}

// TestTheEdgeOfAMetastableFailure is found by the search that finds breaking points, over
// how long the trigger lasts, at two loads: less load takes a longer trigger.
func TestTheEdgeOfAMetastableFailure(t *testing.T) {
	t.Parallel()
	var found []stats.Edge
	for i, rate := range []float64{40, 28} {
		q := retrying(rate)
		search := stats.NewThresholdSearch([]time.Duration{6 * time.Second, 12 * time.Second, 24 * time.Second})
		levels := 0
		for level, ok := search.Next(); ok; level, ok = search.Next() {
			levels++
			decision := stats.Harmless
			if stays(triggered(uint64(levels), q, world.Trigger{Cut: 0.8, For: level.Seconds()}).Play(t)) {
				decision = stats.Harmful
			}
			search.Decided(level, decision)
		}
		edges, kind := search.Edges()
		truth := q.Threshold(rand.New(rand.NewPCG(uint64(i), 1)), 0.8, 5, 25, 60)
		if kind != stats.Sharp || len(edges) != 1 || !edges[0].Rises || truth < edges[0].Low.Seconds() || truth > edges[0].High.Seconds() || levels > 8 {
			t.Fatalf("%g a second: %v, %s after %d levels; the edge is at %.1f s", rate, edges, kind, levels, truth)
		}
		found = append(found, edges[0])
	}
	if found[0].High > found[1].Low {
		t.Errorf("the edges %v do not tell the loads apart", found)
	}
}

// stays reports whether a result says that the system stayed down.
func stays(e *result.Experiment) bool { return e.Recovery != nil && e.Recovery.Metastable }
