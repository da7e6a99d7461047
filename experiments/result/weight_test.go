package result

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// weighing is a story whose journeys browse, pay if they are among some, and say thanks.
// Those that pay take a second for it, and all others forty milliseconds.
func weighing(weight experiments.Weight) *story {
	s := newStory()
	s.plan.Experiments[0].Journeys[0].Steps = []experiments.Step{{Name: "browse"}, {Name: "pay", Weight: weight}, {Name: "thank"}}
	s.send()
	for i := range s.obs {
		o := &s.obs[i]
		o.Draw = 1 + s.rng.IntN(experiments.Draws-1)
		o.Steps = []time.Duration{20 * time.Millisecond, 0, 20 * time.Millisecond}
		if weight.Takes(o.Draw) {
			o.Steps[1], o.Took = 500*time.Millisecond, 540*time.Millisecond
		}
	}
	return s
}

// fail makes a share of the journeys of the fault arm fail at a step, while the fault is in
// force, of those that take pay or of those that do not.
func (s *story) fail(step int, payers bool) (failed int) {
	pay := s.plan.Experiments[0].Journeys[0].Steps[1].Weight
	for i := range s.obs {
		o := &s.obs[i]
		if second := o.Intended.Seconds(); o.Arm != plan.FaultArm || second < faultAt || second >= removedAt || pay.Takes(o.Draw) != payers {
			continue
		}
		failed++
		o.Outcome, o.Cause, o.Step, o.Steps = journal.Failed, journal.Status, step, o.Steps[:step+1]
	}
	return failed
}

// A step that is left out has no latency, and the step behind it is known by its place.
func TestAStepLeftOutHasNoLatency(t *testing.T) {
	t.Parallel()
	j := weighing(0.3).fold(t).Experiments[0].Journeys[0]
	for k, want := range []float64{0.02, 0.5, 0.02} {
		for _, list := range [][]Percentile{j.Steps[k].Sent.Fault, j.Steps[k].Sent.Control, j.Steps[k].Sent.Baseline} {
			if len(list) == 0 {
				t.Fatalf("step %s: no latency", j.Steps[k].Name)
			}
			near(t, "the median of "+j.Steps[k].Name, list[0].Seconds, want, 0.001)
		}
	}
	near(t, "the median until pay", j.Steps[1].Latency.Fault[0].Seconds, 0.52, 0.001)
}

// Causes stand at the step that failed, also behind one that was left out.
func TestCausesBehindAStepLeftOut(t *testing.T) {
	t.Parallel()
	s := weighing(0.3)
	failed := s.fail(2, false)
	e := s.fold(t).Experiments[0]
	causes, steps := e.Journeys[0].Causes, e.Journeys[0].Steps
	if len(causes) != 1 || causes[0].Step != "thank" || causes[0].Fault.Fault == 0 || causes[0].Fault.Fault > failed {
		t.Errorf("causes %+v", causes)
	}
	if steps[1].Failed != 0 || steps[1].Excess != 0 || steps[2].Failed != causes[0].Fault.Fault || steps[2].Taken != 0 {
		t.Errorf("steps %+v", steps)
	}
}

// A journey that does not take the step that needs what is broken does without: its harm
// is harm that spread, wherever it comes. That of those who take it counts from there on.
func TestAJourneyThatLeavesOutTheNeedDoesWithout(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		payers bool
		step   int
		spread bool
	}{
		"payers at pay":         {true, 1, false},
		"payers behind it":      {true, 2, false},
		"payers before it":      {true, 0, true},
		"the others behind it":  {false, 2, true},
		"the others before it ": {false, 0, true},
	} {
		s := weighing(0.3)
		s.plan.Experiments[0].Journeys[0].Steps[1].Needs = []string{"payments"}
		s.fail(tt.step, tt.payers)
		rows := s.fold(t).Experiments[0].Spread
		if len(rows) != 1 || (rows[0].Harmed > 0) != tt.spread {
			t.Errorf("%s: %+v, want spread: %t", name, rows, tt.spread)
		}
	}
}

// A step that was passed without its calls is told by the journeys that take it, and the
// calls of each of them.
func TestStepsOfSomeWithoutTheirCallsAreTold(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		before, under float64
		fail          bool
		want          int
	}{
		"calls fell away":      {0.3, 0.02, false, 1},
		"calls stayed":         {0.3, 0.28, false, 0},
		"payers failed":        {0.3, 0, true, 0},
		"hardly anyone called": {0.06, 0, false, 0},
	} {
		s := weighing(0.3)
		s.plan.Experiments[0].Journeys[0].Steps[1].Needs = []string{"payments"}
		counted(s, tt.before, tt.under)
		if tt.fail {
			s.fail(1, true)
		}
		list := s.fold(t).Experiments[0].Unchecked
		if len(list) != tt.want {
			t.Errorf("%s: %+v, want %d", name, list, tt.want)
		} else if tt.want > 0 {
			near(t, "passed", list[0].Passed, 1, 0.01)
		}
	}
}

// A step that nobody took makes no number that is none, and its result can be read.
func TestAStepThatNobodyTook(t *testing.T) {
	t.Parallel()
	for _, control := range []plan.Control{plan.Concurrent, plan.Baseline} {
		s := weighing(1e-7)
		s.plan.Experiments[0].Control = control
		r := s.fold(t)
		step := r.Experiments[0].Journeys[0].Steps[1]
		if step.Taken != 0 || step.Excess != 0 || step.Low > 0 || step.High < 0 || step.Share != 1e-7 {
			t.Errorf("%+v", step)
		}
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Decode(text); err != nil {
			t.Error(err)
		}
	}
}
