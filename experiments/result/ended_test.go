package result

import (
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// How long failed journeys took stands beside those that completed: it tells a system
// that fails at once from one that hangs first.
func TestFailedJourneysHaveTheirOwnDurations(t *testing.T) {
	t.Parallel()
	for want, took := range map[Pace]time.Duration{FailsFast: 12 * time.Millisecond, Hangs: 3 * time.Second, Neither: 300 * time.Millisecond} {
		s := newStory()
		s.harm = duringFault(0.5)
		s.send()
		for i := range s.obs {
			if o := &s.obs[i]; o.Outcome == journal.Failed {
				o.Took = took
			}
		}
		j := s.fold(t).Experiments[0].Journeys[0]
		if j.Ended == nil {
			t.Fatal("no durations by outcome")
		}
		near(t, "median of those that failed", point(t, j.Ended.Failed, 0.5).Seconds, took.Seconds(), 1e-9)
		near(t, "median of those that completed", point(t, j.Ended.Completed, 0.5).Seconds, 0.04, 1e-9)
		if j.Ended.Wrong != nil {
			t.Errorf("durations of wrong journeys: %+v, there were none", j.Ended.Wrong)
		}
		if got := j.FailurePace(); got != want {
			t.Errorf("failed after %v: pace %q, want %q", took, got, want)
		}
	}
}

// Journeys that were never sent took no time of the system's.
func TestShedJourneysHaveNoDuration(t *testing.T) {
	t.Parallel()
	s := newStory()
	s.harm, s.shed = duringFault(0.5), true
	if j := s.fold(t).Experiments[0].Journeys[0]; j.Ended.Failed != nil || j.FailurePace() != Neither {
		t.Errorf("durations of failed journeys: %+v, none was sent", j.Ended.Failed)
	}
}

// A step that is passed without the calls that it usually makes checks too little.
func TestAStepThatHeldWithoutItsCallsIsTold(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		before, under float64
		harm          float64
		soft          bool
		needs         bool
		want          int
	}{
		"calls fell away":                       {1, 0.1, 0, false, true, 1},
		"all calls fell away":                   {1, 0, 0, false, true, 1},
		"no document says what steps need":      {1, 0.1, 0, false, false, 1},
		"calls stayed":                          {1, 0.9, 0, false, true, 0},
		"those who failed did not call":         {1, 0.1, 0.9, false, true, 0},
		"journeys do without it, as was to be":  {1, 0, 0, true, true, 0},
		"hardly any journey ever called it":     {0.1, 0, 0, false, true, 0},
		"a third failed, and two thirds called": {1, 0.66, 0.34, false, true, 0},
	} {
		s := newStory()
		counted(s, tt.before, tt.under)
		if tt.needs {
			s.plan.Experiments[0].Journeys[0].Steps[1].Needs = []string{"payments"}
		}
		if tt.soft {
			s.plan.System.Dependencies[0].Criticality = experiments.Soft
		}
		s.harm = duringFault(tt.harm)
		list := s.fold(t).Experiments[0].Unchecked
		if len(list) != tt.want {
			t.Errorf("%s: %+v, want %d", name, list, tt.want)
			continue
		}
		if tt.want == 0 {
			continue
		}
		u := list[0]
		if u.Journey != "checkout" || (u.Step == "pay") != tt.needs || u.Dependency != "payments" {
			t.Errorf("%s: %+v", name, u)
		}
		near(t, "passed", u.Passed, 1, 0.01)
		near(t, "calls in the baseline", u.Baseline, 1, 0.02)
		near(t, "calls under the fault", u.Fault, tt.under, 0.02)
	}
}

// Journeys that hung until the removal made their calls after it.
func TestStepsThatWerePassedAfterTheFaultAreNotTold(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		steps []time.Duration
		want  int
	}{
		"both steps under the fault":       {[]time.Duration{time.Millisecond, time.Millisecond}, 1},
		"the first hung until the removal": {[]time.Duration{time.Hour, time.Millisecond}, 0},
	} {
		s := newStory()
		counted(s, 1, 0.1)
		s.plan.Experiments[0].Journeys[0].Steps[1].Needs = []string{"payments"}
		if s.obs == nil {
			s.send()
		}
		for i := range s.obs {
			s.obs[i].Steps = tt.steps
		}
		if list := s.fold(t).Experiments[0].Unchecked; len(list) != tt.want {
			t.Errorf("%s: %+v, want %d", name, list, tt.want)
		}
	}
}

// It needs no concurrent control, as calls are compared with those before the fault.
func TestStepsWithoutTheirCallsAreToldWithoutAControl(t *testing.T) {
	t.Parallel()
	s := newStory()
	s.plan.Experiments[0].Control = plan.Baseline
	counted(s, 1, 0.05)
	if list := s.fold(t).Experiments[0].Unchecked; len(list) != 1 {
		t.Errorf("without a concurrent control: %+v, want one step", list)
	}
}
