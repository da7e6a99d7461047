package truth

import (
	"encoding/json"
	"flag"
	"math"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/truth/world"
)

var runs = flag.Int("runs", 5, "runs of each row")

// minute is a scene with phases of a minute and two, 50 journeys a second and a limit
// of 5 %.
func minute(seed uint64, control plan.Control, w world.World, excess float64) *Scene {
	return &Scene{
		Seed: seed, Warmup: 2, Baseline: 60, Fault: 120, Recovery: 5,
		Rates: []float64{50}, SlowAfter: 1, Timeout: 3, Control: control, Limit: 0.05,
		Base: w.Base, Harm: w.Harm(excess), Step: 0.02,
	}
}

// The same scene has the same result, byte for byte: what is measured of a world is
// a property of the code and not of the machine.
func TestASceneHasOneResult(t *testing.T) {
	t.Parallel()
	for _, w := range world.Documented() {
		first, err := json.Marshal(minute(7, plan.Concurrent, w, 0.1).Play(t))
		if err != nil {
			t.Fatal(err)
		}
		if second, _ := json.Marshal(minute(7, plan.Concurrent, w, 0.1).Play(t)); string(second) != string(first) {
			at := 0
			for at < min(len(first), len(second)) && first[at] == second[at] {
				at++
			}
			t.Errorf("%s: two results of one scene differ at byte %d: %.200s", w.Name, at, second[max(0, at-60):])
		}
	}
}

// A score counts what a run of a clear case says.
func TestTally(t *testing.T) {
	t.Parallel()
	independent := world.Documented()[0]
	s := Tally(t, min(*runs, 10), 0.3, func(seed uint64) *Scene { return minute(seed, plan.Concurrent, independent, 0.3) }, nil)
	if s.Refuted != 1 || s.Found != 1 || s.Covered < 0.5 || s.Covered+s.Above+s.Below != 1 || s.Estimate < 0.27 || s.Estimate > 0.33 {
		t.Error(s)
	}
}

// A clear case comes out right, so that what fails below fails for its own reason.
func TestClearCases(t *testing.T) {
	t.Parallel()
	independent := world.Documented()[0]
	for excess, want := range map[float64]result.Verdict{0: result.Held, 0.3: result.Refuted} {
		for _, control := range []plan.Control{plan.Concurrent, plan.Baseline} {
			e := minute(3, control, independent, excess).Play(t)
			if e.Verdict != want || e.BlastRadius == nil || math.Abs(e.BlastRadius.Estimate-excess) > 0.05 {
				t.Errorf("excess %g, control %s: %s, %+v", excess, control, e.Verdict, e.BlastRadius)
			}
		}
	}
}
