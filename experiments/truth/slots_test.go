package truth

import (
	"math/rand/v2"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/stats"
	"github.com/blastgauge/blastgauge/experiments/truth/world"
)

// slots are a design that is not built: for a minute the proxy itself switches a fault on
// and off, each second anew, in random pairs, and a journey belongs to the second in which
// its step ran.
type slots struct {
	rate   float64 // journeys per second
	excess float64
	memory float64 // seconds in which harm comes and goes, to two thirds
	lag    float64 // seconds from when the step began, as the generator knows, to the proxy
}

// play is what a minute shows.
func (s slots) play(r *rand.Rand, base world.Process) stats.Interval {
	const length, pairs = 60, 10
	on := make([]bool, length+1)
	for i := 0; i < length; i += 2 {
		on[i] = r.IntN(2) == 0
		on[i+1] = !on[i]
	}
	shares := base(r, length*10+10)
	batches, harm := make([]stats.Pair, pairs), 0.0
	step := 1 / s.rate
	for at := r.Float64() * step; at < length; at += step {
		reached, target := at+s.lag, 0.0
		if on[min(length-1, int(reached))] {
			target = s.excess
		}
		if s.memory > 0 {
			harm += (target - harm) * min(1, step/s.memory)
		} else {
			harm = target
		}
		of := &batches[int(at)*pairs/length].Control
		if on[int(at)] {
			of = &batches[int(at)*pairs/length].Fault
		}
		of.N++
		if r.Float64() < world.Either(shares[int(reached*10)], harm) {
			of.Hits++
		}
	}
	return stats.PairedBatches(batches).Interval
}

// score is how often slots hold the truth and find harm, and their mean estimate.
func (s slots) score(base world.Process, runs int) (covered, found, estimate float64) {
	for seed := range uint64(runs) {
		i := s.play(rand.New(rand.NewPCG(seed, 7)), base)
		if i.Low <= s.excess && s.excess <= i.High {
			covered += 1 / float64(runs)
		}
		if i.Low > 0 {
			found += 1 / float64(runs)
		}
		estimate += i.Estimate / float64(runs)
	}
	return covered, found, estimate
}

// Slots of a second know small harm well, and lose most of harm that takes seconds to
// come and go, or calls that reach the proxy late: why they are not built.
func TestSlotsOfASecond(t *testing.T) {
	t.Parallel()
	bursts, n := world.Bursts(2, 0.1, 0.003, 0.15), 50*max(8, *runs)
	estimates := map[slots]float64{}
	for _, s := range []slots{
		{25, 0, 0, 0}, {25, 0.03, 0, 0}, {25, 0.2, 0, 0},
		{25, 0.2, 0, 0.05}, {25, 0.2, 0, 0.1}, {25, 0.2, 0, 0.3}, {25, 0.2, 0.5, 0}, {25, 0.2, 1, 0}, {25, 0.2, 5, 0},
	} {
		covered, found, estimate := s.score(bursts, n)
		estimates[s] = estimate
		if s.excess == 0 && covered < 0.94 {
			t.Errorf("slots hold no harm in %.1f %% of runs", 100*covered)
		}
		t.Logf("excess %4.0f %%, memory %.1f s, lag %.2f s: covered %.1f %%, found %.1f %%, estimate %.1f points", 100*s.excess, s.memory, s.lag, 100*covered, 100*found, 100*estimate)
	}
	if e := estimates[slots{25, 0.2, 0, 0}]; e < 0.19 || e > 0.21 {
		t.Errorf("without memory and lag 20 points are %.3f", e)
	}
	for _, s := range []slots{{25, 0.2, 5, 0}, {25, 0.2, 0, 0.3}} {
		if e := estimates[s]; e > 0.13 {
			t.Errorf("%+v: 20 points are %.3f: slots would be worth building", s, e)
		}
	}
}
