package progress

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// aPlan is a plan of two experiments with a journey of at most two seconds.
func aPlan() *plan.Plan {
	f := plan.Fault{Name: "blastgauge.x.1", Proxy: "payments"}
	f.Fault = experiments.Fault{Inject: "timeout", Into: "payments"}
	e := plan.Experiment{
		ID: "payments-hang", Faults: []plan.Fault{f}, Control: plan.Concurrent,
		Phases:     experiments.Phases{Baseline: 4 * time.Second, Fault: 10 * time.Second, Recovery: 6 * time.Second},
		Limits:     plan.Limits{BlastRadius: 0.05, Baseline: 0.02},
		Guardrails: []experiments.Guardrail{{BlastRadius: 0.6}, {BlastRadius: 0.9}, {P99: 3 * time.Second}},
		Journeys:   []plan.Journey{{Journey: experiments.Journey{Name: "checkout", SlowAfter: time.Second, Timeout: 2 * time.Second}, Limit: 0.05}},
	}
	second := e
	second.ID = "payments-down"
	return &plan.Plan{Experiments: []plan.Experiment{e, second}}
}

// A teller tells of a run, in fake time.
type teller struct {
	*Progress
	began time.Time
	seq   int
}

func tell(p *plan.Plan) *teller { return &teller{Progress: New(p, time.Now()), began: time.Now()} }

func (t *teller) event(e journal.Event) {
	t.seq++
	e.Seq, e.At, e.Since = t.seq, time.Now(), time.Since(t.began)
	t.Record(e, time.Now())
}

func (t *teller) phase(p journal.Phase) {
	t.event(journal.Event{Kind: journal.PhaseStarted, Phase: p})
}

// second lets a second pass with journeys on both arms, some of the fault arm harmed.
func (t *teller) second(n, harmed int) {
	for i := range n {
		at := time.Since(t.began)
		t.Observe(journal.Observation{Arm: plan.ControlArm, Intended: at, Step: -1})
		o := journal.Observation{Arm: plan.FaultArm, Intended: at, Step: -1}
		if i < harmed {
			o.Outcome, o.Cause = journal.Failed, journal.Timeout
		}
		t.Observe(o)
	}
	time.Sleep(time.Second)
	t.Tick(time.Now())
	t.Estimate(time.Now())
}

// underFault brings the run into its fault phase.
func (t *teller) underFault() {
	t.event(journal.Event{Kind: journal.RunStarted})
	t.event(journal.Event{Kind: journal.ExperimentStarted, Experiment: "payments-hang"})
	t.phase(journal.Baseline)
	for range 4 {
		t.second(20, 0)
	}
	t.phase(journal.Fault)
	t.event(journal.Event{Kind: journal.FaultInjected, Fault: "blastgauge.x.1", Evidence: &journal.Evidence{Present: true, Counted: true}})
}

// The interval is of journeys that were to start under the fault, and that have all ended: it
// comes late, holds the truth, and gets narrower.
func TestTheIntervalOfHarm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		run := tell(aPlan())
		run.underFault()
		for range 2 {
			run.second(50, 20)
		}
		if _, ok := run.Interval(); ok {
			t.Error("an interval while journeys are under way that may be harmed")
		}
		width := math.Inf(1)
		for range 8 {
			run.second(50, 20)
			known, ok := run.Interval()
			if !ok || known.Low > 0.4 || known.High < 0.4 || known.High-known.Low > width {
				t.Errorf("%+v, %v after one of width %.3f", known, ok, width)
			}
			width = known.High - known.Low
		}
		if n := len(run.Current.Harm.Intervals[0]); n != 8 || width > 0.3 {
			t.Errorf("%d intervals, the last one %.3f wide", n, width)
		}
		run.event(journal.Event{Kind: journal.FaultRemoved, Fault: "blastgauge.x.1", Verified: true, Began: time.Since(run.began)})
		run.phase(journal.Recovery)
		for range 4 {
			run.second(50, 0)
		}
		if known, ok := run.Interval(); !ok || known.Blocks != 9 || known.Low > 0.4 || known.Estimate < 0.39 {
			t.Errorf("journeys count that the removal may have rescued: %+v", known)
		}
	})
}

// Without a control at the same time, the baseline is one.
func TestTheIntervalBesideTheBaseline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := aPlan()
		p.Experiments[0].Control = plan.Baseline
		run := tell(p)
		run.underFault()
		for range 6 {
			run.second(50, 20)
		}
		if known, ok := run.Interval(); !ok || known.Low <= 0.05 || known.Low > 0.4 || known.High < 0.4 {
			t.Errorf("%+v, %v", known, ok)
		}
	})
}

// A long experiment is drawn in stretches that are longer, and nothing is lost.
func TestStretchesWiden(t *testing.T) {
	t.Parallel()
	run := tell(aPlan())
	run.event(journal.Event{Kind: journal.ExperimentStarted, Experiment: "payments-hang"})
	const seconds = 5 * mostStretches
	for i := range seconds {
		run.Observe(journal.Observation{Arm: plan.FaultArm, Intended: time.Duration(i)*time.Second + time.Minute, Outcome: journal.Slow})
	}
	h, n := &run.Current.Harm, 0
	for _, s := range h.Stretches {
		n += s[0].Fault.Hits
	}
	if n != seconds || len(h.Stretches) > mostStretches || h.Step != 8*time.Second {
		t.Errorf("%d journeys in %d stretches of %s", n, len(h.Stretches), h.Step)
	}
}

// The clock of the recovery runs from the removal, and says since when the system is healthy.
func TestTheRecoveryClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		run := tell(aPlan())
		run.underFault()
		run.second(20, 10)
		if !run.Current.Recovery.Removed.IsZero() {
			t.Error("a recovery while the fault is in force")
		}
		run.event(journal.Event{Kind: journal.FaultRemoved, Fault: "blastgauge.x.1", Verified: true})
		run.phase(journal.Recovery)
		removed := time.Now()
		if r := run.Current.Recovery; r.Known {
			t.Errorf("at the removal something is said already: %+v", r)
		}
		run.second(20, 10)
		if r := run.Current.Recovery; !r.Removed.Equal(removed) || !r.Known || !r.Quiet.IsZero() {
			t.Errorf("right after the removal: %+v", r)
		}
		for range 6 {
			run.second(20, 0)
		}
		if r := run.Current.Recovery; r.Quiet.Sub(removed) != 6*time.Second {
			t.Errorf("quiet %s after the removal, want 6s", r.Quiet.Sub(removed))
		}
		looked := time.Now()
		run.event(journal.Event{Kind: journal.Interrupted, Detail: "INT"})
		for range 9 {
			run.second(0, 0)
		}
		if r := run.Current.Recovery; run.Sends() || !r.Looked.Equal(looked) || !r.Known || r.Quiet.IsZero() {
			t.Errorf("once no journeys are sent, what was seen changes: %+v, last looked at %s", r, looked)
		}
		run.Stopping = ""
		for range 5 {
			run.second(0, 0)
		}
		if r := run.Current.Recovery; r.Known || !r.Quiet.IsZero() {
			t.Errorf("with a few journeys something is said: %+v", r)
		}
	})
}

// What a fault has met is known while it is in force, and of no other one.
func TestFaultsAreSeen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		run := tell(aPlan())
		run.underFault()
		run.See("blastgauge.x.1", journal.Evidence{Present: true, Counted: true, Met: 7, Of: 9})
		run.See("blastgauge.x.2", journal.Evidence{Met: 1000})
		if f := run.Current.Faults; len(f) != 1 || f[0].Evidence.Met != 7 || !f[0].Removed.IsZero() {
			t.Errorf("%+v", f)
		}
		run.event(journal.Event{Kind: journal.FaultRemoved, Fault: "blastgauge.x.1", Error: "no answer"})
		if !run.Injected || !run.NotGone["blastgauge.x.1"] {
			t.Error("a fault that was not removed is taken for gone")
		}
		if f := run.Current.Faults[0]; f.Lost != "no answer" || f.Verified || f.Evidence.Met != 7 {
			t.Errorf("%+v", f)
		}
		run.event(journal.Event{Kind: journal.FaultRemoved, Fault: "blastgauge.x.1", Verified: true})
		if len(run.NotGone) != 0 {
			t.Errorf("after a removal that was read back these are left: %v", run.NotGone)
		}
	})
}

// Of several guardrails of a kind, the one that tripped is told from the others.
func TestWhichGuardrailTripped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		run := tell(aPlan())
		run.underFault()
		run.second(20, 14)
		distances := run.Distances()
		if len(distances) != 3 || math.Abs(distances[0].Ratio()-0.7/0.6) > 1e-9 || math.Abs(distances[1].Ratio()-0.7/0.9) > 1e-9 || run.Nearest().BlastRadius != 0.6 {
			t.Errorf("%+v", distances)
		}
		run.event(journal.Event{Kind: journal.GuardrailTripped, Guardrail: "blast_radius", Limit: 0.6, Detail: "blast radius of checkout"})
		for i, d := range distances {
			if run.HasTripped(d.Guardrail) != (i == 0) {
				t.Errorf("%+v tripped: %v", d.Guardrail, run.HasTripped(d.Guardrail))
			}
		}
	})
}

// What happened is kept in its order, with who did it, and not without end.
func TestWhatHappened(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		run := tell(aPlan())
		run.underFault()
		run.event(journal.Event{Kind: journal.Noted, Author: "ann", Detail: "pager\x1b is\nquiet", FollowUp: true})
		run.event(journal.Event{Kind: journal.Interrupted, Author: "bo", Detail: "INT", Reason: "incident 4711"})
		run.Judge(&result.Experiment{ID: "payments-hang"})
		run.event(journal.Event{Kind: journal.RunEnded, Error: "interrupted"})
		var topics string
		for _, e := range run.Entries {
			topics += e.Topic + " "
		}
		if topics != "start phase phase fault note stop verdict end " {
			t.Errorf("topics: %s", topics)
		}
		note, stop := run.Entries[4], run.Entries[5]
		if note.By != "ann" || note.Text != "pager? is\nquiet" || !note.FollowUp || note.Bad || stop.By != "bo" || stop.Text != "stops the run: incident 4711" || !stop.Bad {
			t.Errorf("%+v\n%+v", note, stop)
		}
		if !run.Over || run.Stopping != "stopped by bo (incident 4711)" || run.Seq != run.seq {
			t.Errorf("over %v, stopping %q, event %d of %d", run.Over, run.Stopping, run.Seq, run.seq)
		}
		for range 2 * mostEntries {
			run.event(journal.Event{Kind: journal.Noted, Author: "ann", Detail: "x"})
		}
		if len(run.Entries) != mostEntries || run.Entered != 2*mostEntries+8 {
			t.Errorf("%d entries of %d", len(run.Entries), run.Entered)
		}
	})
}

func TestExpected(t *testing.T) {
	t.Parallel()
	if got := Expected(aPlan()); got != 42*time.Second {
		t.Errorf("Expected() = %s", got)
	}
}

// A journal of any order ends no view.
func TestEventsOfAnyOrder(t *testing.T) {
	t.Parallel()
	kinds := []journal.Kind{journal.PhaseStarted, journal.FaultInjected, journal.FaultRemoved, journal.CellStarted, journal.CellEnded, journal.GuardrailTripped, journal.InvariantChecked, journal.ExperimentStarted, journal.RunEnded, journal.HarmSeen, journal.Waiting, journal.Decided}
	for _, p := range []*plan.Plan{aPlan(), scanPlan(), {}} {
		run := New(p, time.Now())
		for range 3 {
			for _, k := range kinds {
				run.Record(journal.Event{Kind: k, Experiment: "unknown", Fault: "unknown"}, time.Now())
				run.Observe(journal.Observation{Journey: 9, Intended: time.Hour, Arm: plan.FaultArm})
				run.Tick(time.Now().Add(time.Hour))
				run.Estimate(time.Now())
				run.Left(time.Now())
				if run.Current.Index >= 0 {
					run.Causes(3)
					run.Distances()
				}
			}
		}
	}
}
