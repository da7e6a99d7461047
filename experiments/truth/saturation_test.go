package truth

import (
	"fmt"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/truth/world"
)

// inTurns is a fault that harms direct of the journeys that it touches, and load of all
// journeys where it touches all: so much less as it touches fewer.
func inTurns(seed uint64, base world.Process, direct, load float64) *Scene {
	return &Scene{
		Seed: seed, Warmup: 2, Baseline: 60, Fault: 120, Recovery: 40,
		Rates: []float64{50}, SlowAfter: 1, Timeout: 3, Control: plan.Baseline, Limit: 0.05,
		Saturation: []float64{0.1, 0.5, 1}, Inject: "http_error", Base: base, Step: 0.02,
		Faults: []experiments.Fault{{Inject: "http_error", Into: "payments", Share: 1, Attributes: map[string]any{"status": 503.0}}},
		Decide: func(m Moment) (journal.Outcome, float64) {
			harm := world.Either(m.Base, load*m.Touched)
			if m.Faulted {
				harm = world.Either(harm, direct)
			}
			if m.Rand.Float64() < harm {
				return journal.Failed, 0.02
			}
			return journal.OK, 0.05
		},
	}
}

// rowsScore is how often rows told the truth.
type rowsScore struct{ rows, covered, shown, bounded, wrongGroups int }

func (s *rowsScore) add(e *result.Experiment, base, direct, load float64) {
	if e.Verdict == result.Invalid { // its baseline was bad, and no fault was injected
		return
	}
	if e.Saturation == nil || len(e.Saturation.Rows) != 3 {
		s.wrongGroups++
		return
	}
	switch e.Saturation.Interference {
	case result.Interferes:
		s.shown++
	case result.Isolated:
		s.bounded++
	case result.Unsettled:
	}
	for i, row := range e.Saturation.Rows {
		share := []float64{0.1, 0.5, 1}[i]
		if row.Share != share || (row.Others == nil) != (share == 1) {
			s.wrongGroups++
			continue
		}
		others := world.Either(base, load*share)
		s.addRow(&row.Touched, world.Either(others, direct)-base)
		s.addRow(row.Others, others-base)
	}
}

func (s *rowsScore) String() string {
	return fmt.Sprintf("%d of %d rows hold the truth, interference shown in %d runs, bounded in %d", s.covered, s.rows, s.shown, s.bounded)
}

func (s *rowsScore) addRow(h *result.ExcessHarm, truth float64) {
	if h == nil {
		return
	}
	s.rows++
	if h.Low <= truth && truth <= h.High {
		s.covered++
	}
}

// Harm of journeys that the fault touched and of those that it did not are told apart, at
// each share, in a system where the others suffer as more are touched.
func TestInterferenceIsTold(t *testing.T) {
	t.Parallel()
	const base, direct, load = 0.01, 0.3, 0.2
	var rows rowsScore
	truth := world.Either(world.Either(base, load), direct) - base
	s := Tally(t, *runs, truth, func(seed uint64) *Scene { return inTurns(seed, world.Level(base), direct, load) },
		func(e *result.Experiment) { rows.add(e, base, direct, load) })
	n := float64(s.Runs)
	t.Log(&rows)
	check(t, "interference", s,
		atMost("rows of wrong groups", float64(rows.wrongGroups)/n, 0), atLeast("called interference", float64(rows.shown)/n, 1),
		atLeast("rows that hold the truth", float64(rows.covered)/float64(max(1, rows.rows)), 0.94),
		atLeast("the limit is judged at the largest share", s.Covered, 0.94), atLeast("refuted", s.Refuted, 1))
}

// Where journeys that the fault does not touch are as well off as before, no interference
// is told, whatever else comes and goes.
func TestNoInterferenceIsNotTold(t *testing.T) {
	t.Parallel()
	for name, base := range map[string]struct {
		process world.Process
		mean    float64
	}{
		"independent": {world.Level(0.01), 0.01},
		"bursts":      {world.Bursts(2, 0.1, 0.003, 0.15), 0.0177},
		"memory":      {world.Memory(0.012, 3, 0.8), 0.0165},
		"drift":       {world.Trend(0.005, 0.04), 0.0225},
	} {
		var rows rowsScore
		const direct = 0.3
		s := Tally(t, *runs, direct*(1-base.mean), func(seed uint64) *Scene { return inTurns(seed, base.process, direct, 0) },
			func(e *result.Experiment) { rows.add(e, base.mean, direct, 0) })
		n := float64(s.Runs)
		t.Log(name, &rows)
		check(t, name, s, atMost("rows of wrong groups", float64(rows.wrongGroups)/n, 0),
			atMost("called interference", float64(rows.shown)/n, 0.025), atLeast("rows that hold the truth", float64(rows.covered)/float64(max(1, rows.rows)), 0.9))
		if name == "independent" && rows.bounded < s.Runs {
			t.Errorf("of %d runs %d say that harm stays with those whom the fault touches", s.Runs, rows.bounded)
		}
	}
}
