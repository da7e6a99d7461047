package result

import (
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// point finds a percentile.
func point(t *testing.T, list []Percentile, p float64) Percentile {
	t.Helper()
	for _, row := range list {
		if row.P == p {
			return row
		}
	}
	t.Fatalf("no percentile %v in %+v", p, list)
	return Percentile{}
}

// Latency counts from the intended start, and from the sending beside it, for
// journeys and for steps; with the bounds that order statistics give.
func TestLatencyFromTheIntendedStartAndFromTheSending(t *testing.T) {
	t.Parallel()
	s := newStory()
	s.late = 10 * time.Millisecond
	s.took = func(arm plan.Arm, second float64) time.Duration {
		if arm == plan.FaultArm && second >= faultAt && second < removedAt {
			return 500 * time.Millisecond
		}
		return 60 * time.Millisecond
	}
	s.send()
	for i := range s.obs {
		own := s.obs[i].Took - s.late
		s.obs[i].Steps = []time.Duration{20 * time.Millisecond, own - 20*time.Millisecond}
	}
	j := s.fold(t).Experiments[0].Journeys[0]
	for name, tt := range map[string]struct {
		list []Percentile
		want float64
	}{
		"journey from the intended start":    {j.Latency.Fault, 0.5},
		"journey from the sending":           {j.Sent.Fault, 0.49},
		"journey in control":                 {j.Latency.Control, 0.06},
		"journey in the baseline":            {j.Sent.Baseline, 0.05},
		"first step from the intended start": {j.Steps[0].Latency.Fault, 0.03},
		"first step from its sending":        {j.Steps[0].Sent.Fault, 0.02},
		"second step from the intended one":  {j.Steps[1].Latency.Fault, 0.5},
		"second step from its sending":       {j.Steps[1].Sent.Fault, 0.47},
		"second step in control":             {j.Steps[1].Sent.Control, 0.03},
	} {
		p := point(t, tt.list, 0.5)
		near(t, name, p.Seconds, tt.want, 1e-9)
		if p.Low > p.Seconds || p.High < p.Seconds || p.High == 0 {
			t.Errorf("%s: bounds %v to %v of %v", name, p.Low, p.High, p.Seconds)
		}
	}
	if p := point(t, j.Latency.Fault, 1); p.High != 0 {
		t.Errorf("the largest value has the bounds %v to %v", p.Low, p.High)
	}
}

// A step that was not completed has no latency. The steps before it keep theirs.
func TestLatencyIsOfCompletedSteps(t *testing.T) {
	t.Parallel()
	s := newStory()
	s.harm = duringFault(1)
	s.send()
	for i := range s.obs {
		s.obs[i].Steps = []time.Duration{20 * time.Millisecond, 9 * time.Second}
		if s.obs[i].Intended < faultAt*time.Second { // those in flight when the fault comes
			s.obs[i].Steps = s.obs[i].Steps[:1]
		}
	}
	j := s.fold(t).Experiments[0].Journeys[0]
	near(t, "first step", point(t, j.Steps[0].Sent.Fault, 0.95).Seconds, 0.02, 1e-9)
	if j.Steps[1].Sent.Fault != nil {
		t.Errorf("percentiles of what was never completed: %+v", j.Steps[1].Sent.Fault)
	}
}

// How many times as long journeys take under the fault has bounds, also where both arms
// have slow moments.
func TestLatencyRatio(t *testing.T) {
	t.Parallel()
	for name, control := range map[string]plan.Control{"concurrent": plan.Concurrent, "baseline": plan.Baseline} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStory()
			s.plan.Experiments[0].Control = control
			s.took = func(arm plan.Arm, second float64) time.Duration {
				took := 40 + 10*s.rng.Float64()
				if arm == plan.FaultArm && second >= faultAt && second < removedAt {
					took *= 3
				}
				return time.Duration(took * float64(time.Millisecond))
			}
			ratios := s.fold(t).Experiments[0].Journeys[0].Latency.Ratio
			if control == plan.Baseline { // its ten seconds are five batches
				if ratios != nil {
					t.Errorf("ratios %+v of too few batches", ratios)
				}
				return
			}
			if len(ratios) != 4 {
				t.Fatalf("ratios %+v, want those of four percentiles", ratios)
			}
			for _, r := range ratios[:3] {
				near(t, "ratio", r.Times, 3, 0.15)
				if r.Low > 3 || r.High < 3 || r.Low < 2.5 || r.High > 3.5 || r.Low >= r.High {
					t.Errorf("p%v: bounds %v to %v", r.P, r.Low, r.High)
				}
			}
		})
	}
}

// Many durations are known almost as well as few, without being sorted.
func TestManyDurations(t *testing.T) {
	t.Parallel()
	all := newTiming([]group{{arm: plan.FaultArm, spans: spans{span{0, 1}}}}, []durationOf{sinceIntended})
	for i := range 3 * mostSorted {
		all.add(&journal.Observation{Took: time.Duration(i+1) * time.Millisecond})
	}
	for _, p := range all.took[0][0].percentiles(stepPercentiles()) {
		want := p.P * 3 * mostSorted / 1000
		near(t, "percentile", p.Seconds, want, want/500)
		if p.Low >= p.Seconds || p.High <= p.Seconds || p.High-p.Low > want/20 {
			t.Errorf("bounds %v to %v of %v", p.Low, p.High, p.Seconds)
		}
	}
}

// A journey that hangs is a slow one: percentiles are of all journeys, as far as enough of
// them completed, and nothing beyond.
func TestLatencyIncludesWhatHangs(t *testing.T) {
	t.Parallel()
	s := newStory()
	s.send()
	n := 0
	for i := range s.obs {
		o := &s.obs[i]
		o.Took = time.Duration(40+n%10) * time.Millisecond // 40 to 49 ms
		n++
		if o.Arm != plan.FaultArm || o.Intended < faultAt*time.Second || o.Intended >= removedAt*time.Second || n%10 < 7 {
			continue
		}
		o.Took, o.Outcome, o.Cause, o.Step = 3*time.Second, journal.Failed, journal.Timeout, 1 // the slowest three of ten
	}
	j := s.fold(t).Experiments[0].Journeys[0]
	l := j.Latency
	if before, under := j.Series.Fault[5].P95, j.Series.Fault[20].P95; before == 0 || under != 0 {
		t.Errorf("the 95th percentile is %v before the fault and %v under it", before, under)
	}
	if c := l.Completed; c == nil || c.Control == nil || c.Baseline == nil || *c.Control != 1 || *c.Baseline != 1 || c.Fault < 0.66 || c.Fault > 0.74 {
		t.Fatalf("completed: %+v", c)
	}
	near(t, "median", point(t, l.Fault, 0.5).Seconds, 0.0445, 0.0011)
	if p := point(t, l.Fault, 0.5); p.Low > p.Seconds || p.High < p.Seconds || p.High == 0 {
		t.Errorf("bounds %v to %v of %v", p.Low, p.High, p.Seconds)
	}
	if len(l.Fault) != 1 || len(l.Control) != 5 || len(l.Baseline) != 5 {
		t.Errorf("percentiles under the fault %+v, of control %+v, in the baseline %+v", l.Fault, l.Control, l.Baseline)
	}
	if len(l.Ratio) != 1 || l.Ratio[0].P != 0.5 {
		t.Fatalf("ratios %+v, want that of the median", l.Ratio)
	}
	near(t, "ratio", l.Ratio[0].Times, 1, 0.03)
}

// A journey that fails at once is no fast one, and an answer that is wrong is none.
func TestLatencyIsNotOfWhatFailsFast(t *testing.T) {
	t.Parallel()
	for _, outcome := range []journal.Outcome{journal.Failed, journal.Wrong} {
		s := newStory()
		s.send()
		for i := range s.obs {
			o := &s.obs[i]
			if i%5 == 0 && o.Arm == plan.FaultArm && o.Intended >= faultAt*time.Second && o.Intended < removedAt*time.Second {
				o.Took, o.Outcome, o.Step = time.Millisecond, outcome, 0
			}
		}
		l := s.fold(t).Experiments[0].Journeys[0].Latency
		if len(l.Fault) != 1 || len(l.Ratio) != 1 {
			t.Errorf("%v: percentiles %+v, ratios %+v: want the median alone", outcome, l.Fault, l.Ratio)
		}
		near(t, "median", point(t, l.Fault, 0.5).Seconds, 0.04, 1e-6)
	}
}

// Many journeys that fail are not held one by one.
func TestManyLifetimes(t *testing.T) {
	t.Parallel()
	var l lifetimes
	for i := range 10 * mostSorted {
		l.add(time.Duration(i%1000+1)*time.Millisecond, i%1000 < 600)
	}
	if len(l.ended.exact)+len(l.givenUp.exact) > 0 {
		t.Error("durations are kept one by one")
	}
	rows := l.percentiles([]float64{0.1, 0.5, 0.7})
	if len(rows) != 2 {
		t.Fatalf("percentiles %+v, want two", rows)
	}
	near(t, "median", rows[1].Seconds, 0.5, 0.001)
}
