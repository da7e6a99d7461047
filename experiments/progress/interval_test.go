package progress

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

func (t *teller) inject(fault string) {
	t.event(journal.Event{Kind: journal.FaultInjected, Fault: fault})
}

func (t *teller) remove(fault string) {
	t.event(journal.Event{Kind: journal.FaultRemoved, Fault: fault, Verified: true, Began: time.Since(t.began)})
}

// Journeys count while any fault is in force, and not while none is: with a short fault
// beside a long one, and with one that comes back.
func TestTheIntervalIsOfAllTimesInForce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		run := tell(aPlan())
		run.underFault() // blastgauge.x.1
		run.inject("blastgauge.x.2")
		run.second(20, 10)
		run.second(20, 10)
		run.remove("blastgauge.x.2")
		for range 3 {
			run.second(20, 10)
		}
		run.remove("blastgauge.x.1")
		for range 5 {
			run.second(20, 0)
		}
		run.inject("blastgauge.x.1")
		for range 8 {
			run.second(20, 10)
		}
		// 5 s but for the last one, which the removal may have rescued, and 8 s but for 2 s
		// whose journeys may be under way.
		if known, ok := run.Interval(); !ok || known.Blocks != 10 || math.Abs(known.Estimate-0.5) > 1e-9 {
			t.Errorf("%+v, %v", known, ok)
		}
		if spans := run.Current.Harm.InForce; len(spans) != 2 || spans[0].To-spans[0].From != 5*time.Second || spans[1].To != 0 {
			t.Errorf("in force: %+v", spans)
		}
	})
}

// longPlan is a plan of one experiment without a control at the same time.
func longPlan() *plan.Plan {
	p := aPlan()
	p.Experiments = p.Experiments[:1]
	e := &p.Experiments[0]
	e.Control, e.Phases.Baseline, e.Phases.Fault = plan.Baseline, 40*time.Second, 40*time.Second
	return p
}

// beside tells of a run whose harm comes in bursts of four seconds, before the fault and
// under it.
func beside(bursts bool) *teller {
	run := tell(longPlan())
	run.event(journal.Event{Kind: journal.RunStarted})
	run.event(journal.Event{Kind: journal.ExperimentStarted, Experiment: "payments-hang"})
	run.phase(journal.Baseline)
	harm := func(second int) int {
		switch {
		case !bursts:
			return 5
		case second%20 < 4:
			return 25
		}
		return 0
	}
	for s := range 40 {
		run.second(50, harm(s))
	}
	run.phase(journal.Fault)
	run.inject("blastgauge.x.1")
	for s := range 40 {
		run.second(50, harm(s))
	}
	return run
}

// Without a control at the same time, journeys that depend on each other make the interval
// wider, as in the result; where too little is known of that, it is called rough.
func TestTheIntervalMindsBursts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		steady := beside(false)
		smooth, ok := steady.Interval()
		if !ok || smooth.Rough || !steady.Current.Harm.Intervals[0][0].Rough {
			t.Errorf("%+v, %v; the first one is %+v", smooth, ok, steady.Current.Harm.Intervals[0][0])
		}
		bursts, ok := beside(true).Interval()
		if wider := (bursts.High - bursts.Low) / (smooth.High - smooth.Low); !ok || bursts.Rough || wider < 1.8 {
			t.Errorf("%+v is %.2f times as wide as %+v", bursts, wider, smooth)
		}
	})
}

// Each kind of journey keeps its intervals, whichever is shown.
func TestIntervalsOfEachKind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := aPlan()
		e := &p.Experiments[0]
		e.Journeys = append(e.Journeys, e.Journeys[0])
		e.Journeys[1].Name = "search"
		run := tell(p)
		run.underFault()
		both := func(first, second int) {
			for i := range 20 {
				o := journal.Observation{Journey: 1, Arm: plan.FaultArm, Intended: time.Since(run.began), Step: -1}
				run.Observe(journal.Observation{Journey: 1, Arm: plan.ControlArm, Intended: o.Intended, Step: -1})
				if i < second {
					o.Outcome = journal.Failed
				}
				run.Observe(o)
			}
			run.second(20, first)
		}
		for range 4 {
			both(10, 0)
		}
		shown := []int{run.Shown()}
		for range 6 {
			both(0, 20)
		}
		shown = append(shown, run.Shown())
		if shown[0] != 0 || shown[1] != 1 || len(run.Current.Harm.Intervals[0]) != 8 || len(run.Current.Harm.Intervals[1]) != 8 {
			t.Errorf("shown %v, %d and %d intervals", shown, len(run.Current.Harm.Intervals[0]), len(run.Current.Harm.Intervals[1]))
		}
	})
}

// A baseline that is shared with the experiment before is the control here as well.
func TestASharedBaselineIsKnown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := aPlan()
		for i := range p.Experiments {
			p.Experiments[i].Control = plan.Baseline
		}
		p.Experiments[1].SharesBaseline = true
		run := tell(p)
		run.underFault()
		for range 4 {
			run.second(50, 50)
		}
		run.remove("blastgauge.x.1")
		run.phase(journal.Recovery)
		for range 2 {
			run.second(50, 50)
		}
		from := time.Since(run.began)
		for range 4 {
			run.second(50, 5)
		}
		to := time.Since(run.began)
		run.event(journal.Event{Kind: journal.ExperimentEnded, Experiment: "payments-hang"})
		run.event(journal.Event{Kind: journal.ExperimentStarted, Experiment: "payments-down"})
		run.phase(journal.Baseline)
		run.event(journal.Event{Kind: journal.BaselineShared, Shared: &journal.SharedStretch{Of: "payments-hang", From: from, To: to}})
		run.phase(journal.Fault)
		run.inject("blastgauge.x.1")
		for range 6 {
			run.second(50, 20)
		}
		if b := run.Current.Baseline.Journey(0); b.Journeys[plan.FaultArm] != 200 || b.Harmed[plan.FaultArm] != 20 {
			t.Errorf("the baseline has %+v", b)
		}
		if known, ok := run.Interval(); !ok || math.Abs(known.Estimate-0.3) > 1e-9 {
			t.Errorf("%+v, %v", known, ok)
		}
		if d := run.Nearest(); math.Abs(d.Excess-0.3) > 1e-9 {
			t.Errorf("the guardrail is at %+v", d)
		}
	})
}

// What is harmed before the fault as well is no harm beyond it: not where kinds are compared,
// and not in the baseline itself.
func TestBeyondTheBaseline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := longPlan()
		e := &p.Experiments[0]
		e.Journeys = append(e.Journeys, e.Journeys[0])
		run := tell(p)
		kind := func(journey, harmed int) {
			for i := range 100 {
				o := journal.Observation{Journey: journey, Arm: plan.FaultArm, Intended: time.Since(run.began)}
				if i < harmed {
					o.Outcome = journal.Slow
				}
				run.Observe(o)
			}
		}
		run.event(journal.Event{Kind: journal.ExperimentStarted, Experiment: "payments-hang"})
		run.phase(journal.Baseline)
		kind(0, 40)
		kind(1, 0)
		if _, known := run.Beyond(run.Current.Counts, 0); known {
			t.Error("the baseline is compared with itself")
		}
		time.Sleep(time.Second)
		run.phase(journal.Fault)
		run.inject("blastgauge.x.1")
		kind(0, 41)
		kind(1, 10)
		if excess, known := run.Beyond(run.Current.Counts, 0); !known || math.Abs(excess-0.01) > 1e-9 || run.Shown() != 1 {
			t.Errorf("%.3f beyond the baseline, %v; kind %d is shown", excess, known, run.Shown())
		}
	})
}
