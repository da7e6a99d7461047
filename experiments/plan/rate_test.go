package plan

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
)

// Stages end within the warm-up of each experiment, however it came to be as long as it
// is. An experiment's own rate has none.
func TestStagesEndWithinTheWarmup(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		edit     func(*experiments.System, *experiments.Experiment, *Options)
		possible bool
	}{
		"the standard": {func(*experiments.System, *experiments.Experiment, *Options) {}, false},
		"the system's": {func(s *experiments.System, _ *experiments.Experiment, _ *Options) {
			s.Defaults.Phases.Warmup = 40 * time.Second
		}, true},
		"one second less": {func(s *experiments.System, _ *experiments.Experiment, _ *Options) {
			s.Defaults.Phases.Warmup = 39 * time.Second
		}, false},
		"the experiment's": {func(_ *experiments.System, x *experiments.Experiment, _ *Options) {
			x.Settings.Phases.Warmup = time.Minute
		}, true},
		"the command line's": {func(s *experiments.System, _ *experiments.Experiment, o *Options) {
			s.Defaults.Phases.Warmup, o.Phases.Warmup = time.Minute, time.Second
		}, false},
		"a rate of its own": {func(_ *experiments.System, x *experiments.Experiment, _ *Options) {
			x.Rates = map[string]float64{"checkout": 40}
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, x := documents()
			s.Journeys[0].Stages = []experiments.Stage{{Rate: 10, For: 30 * time.Second}, {Rate: 80, For: 10 * time.Second}}
			o := Options{Phases: NoOverride()}
			tt.edit(s, x, &o)
			_, err := Make(s, []*experiments.Experiment{x}, o)
			if tt.possible != (err == nil) || err != nil && (!errors.Is(err, ErrImpossible) || !strings.Contains(err.Error(), "at least 40s")) {
				t.Errorf("Make() = %v", err)
			}
		})
	}
}

// Stages are part of the load, and what is foretold goes by the last rate alone.
func TestStagesInAPlan(t *testing.T) {
	t.Parallel()
	make2 := func(stages []experiments.Stage) Experiment {
		s, x := documents()
		s.Defaults.Phases.Warmup = time.Minute
		s.Journeys[0].Stages = stages
		return makeOne(t, s, x, Options{})
	}
	plain, staged := make2(nil), make2([]experiments.Stage{{Rate: 100, For: 30 * time.Second}})
	j, k := plain.Journeys[0], staged.Journeys[0]
	if plain.Digests.Load == staged.Digests.Load || plain.Digests.Journeys != staged.Digests.Journeys {
		t.Errorf("digests %+v and %+v", plain.Digests, staged.Digests)
	}
	if plain.Precision(j) != staged.Precision(k) {
		t.Errorf("precision %g and %g", plain.Precision(j), staged.Precision(k))
	}
	if plain.Load() != 50 || staged.Load() != 110 {
		t.Errorf("loads of %g and %g, want 50 and 110", plain.Load(), staged.Load())
	}
	if j.sayRate() != "40/s" || k.sayRate() != "100/s for 30s, then 40/s" {
		t.Errorf("%q and %q", j.sayRate(), k.sayRate())
	}
}
