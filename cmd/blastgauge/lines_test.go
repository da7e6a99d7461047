package main

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors"
)

const slowPayments = "blastgauge.x.1"

func onePlan() *plan.Plan {
	f := plan.Fault{Name: slowPayments, Proxy: "payments"}
	f.Fault = experiments.Fault{Inject: "latency", Into: "payments", Attributes: injectors.Attributes{"latency": 2.0, "jitter": 0.25}}
	return &plan.Plan{Experiments: []plan.Experiment{{ID: "payments-slow", Faults: []plan.Fault{f}, Control: plan.Concurrent}}}
}

// What a whole run looks like where there is no terminal: every event once,
// the heartbeat after ten quiet seconds, the score of a phase at its end.
func TestLinesOfARun(t *testing.T) {
	start := time.Date(2026, 11, 24, 15, 2, 3, 0, time.FixedZone("CET", 3600))
	now := start
	var out bytes.Buffer
	l := newLines(&out, onePlan(), "", func() time.Time { return now })
	at := func(seconds int, e journal.Event) {
		now = start.Add(time.Duration(seconds) * time.Second)
		e.At = now
		l.event(e)
	}
	journeys := func(seconds, n int, arm plan.Arm, outcome journal.Outcome) {
		now = start.Add(time.Duration(seconds) * time.Second)
		for range n {
			l.observe(journal.Observation{Arm: arm, Outcome: outcome})
		}
	}
	phase := func(seconds int, p journal.Phase) { at(seconds, journal.Event{Kind: journal.PhaseStarted, Phase: p}) }

	at(0, journal.Event{Kind: journal.RunStarted})
	at(0, journal.Event{Kind: journal.ExperimentStarted, Experiment: "payments-slow"})
	phase(0, journal.Warmup)
	journeys(1, 5, plan.FaultArm, journal.Failed) // the warm-up counts for nothing
	phase(2, journal.Baseline)
	journeys(3, 20, plan.FaultArm, journal.OK)
	journeys(3, 20, plan.ControlArm, journal.OK)
	phase(6, journal.Fault)
	at(6, journal.Event{Kind: journal.FaultIntended, Fault: slowPayments})
	at(7, journal.Event{Kind: journal.FaultInjected, Fault: slowPayments})
	journeys(8, 3, plan.FaultArm, journal.Slow)
	journeys(8, 7, plan.FaultArm, journal.OK)
	journeys(8, 10, plan.ControlArm, journal.OK)
	journeys(17, 1, plan.FaultArm, journal.Failed) // ten seconds after the last line
	journeys(18, 1, plan.FaultArm, journal.Wrong)
	at(19, journal.Event{Kind: journal.GuardrailTripped, Detail: "checkout 41.7% > 36%"})
	at(20, journal.Event{Kind: journal.FaultRemoved, Fault: slowPayments, Verified: true})
	phase(20, journal.Recovery)
	for _, r := range []journal.Reading{
		{Invariant: "charged = quoted", Holds: true},
		{Invariant: "charged once", Detail: "$.count is 2, expected 0"},
		{Invariant: "stock", Error: "no answer"},
	} {
		at(21, journal.Event{Kind: journal.InvariantChecked, Reading: &r})
	}
	at(22, journal.Event{Kind: journal.ExperimentEnded, Experiment: "payments-slow"})
	at(22, journal.Event{Kind: journal.RunEnded})

	const want = `14:02:03Z start    payments-slow 1/1 latency 2s, jitter 250ms into payments
14:02:03Z phase    warmup
14:02:05Z phase    baseline
14:02:09Z counts   baseline: harmed 0.0% of 20 in the fault arm, 0.0% of 20 in control
14:02:09Z phase    fault
14:02:10Z fault    injected, read back: latency 2s, jitter 250ms into payments
14:02:20Z progress fault: harmed 36.4% of 11 in the fault arm, 0.0% of 10 in control
14:02:22Z guard    TRIPPED checkout 41.7% > 36%
14:02:23Z fault    removed, read back as gone: latency 2s, jitter 250ms into payments
14:02:23Z counts   fault: harmed 41.7% of 12 in the fault arm, 0.0% of 10 in control
14:02:23Z phase    recovery
14:02:24Z invar    charged = quoted: holds
14:02:24Z invar    charged once: BROKEN: $.count is 2, expected 0
14:02:24Z invar    stock: could not be asked: no answer
14:02:25Z end      payments-slow
`
	if out.String() != want {
		t.Errorf("lines:\n%s\nwant:\n%s", &out, want)
	}
}

// What went wrong must be told apart at a glance from what went well.
func TestEventTextOfTrouble(t *testing.T) {
	for _, tt := range []struct {
		event      journal.Event
		what, text string
	}{
		{journal.Event{Kind: journal.FaultVanished, Detail: "the toxic is gone"}, "fault", "VANISHED: the toxic is gone"},
		{journal.Event{Kind: journal.FaultRemoved, Fault: slowPayments, Error: "no answer"}, "fault", "NOT REMOVED: latency 2s, jitter 250ms into payments: no answer"},
		{journal.Event{Kind: journal.FaultRemoved, Fault: "blastgauge.y.9", Verified: true}, "fault", "removed, read back as gone: blastgauge.y.9"},
		{journal.Event{Kind: journal.Interrupted, Detail: "TERM"}, "stop", "TERM received: the faults are removed"},
		{journal.Event{Kind: journal.SuiteStopped, Detail: "a removal was not verified"}, "stop", "a removal was not verified"},
		{journal.Event{Kind: journal.ExperimentEnded, Experiment: "x", Error: "cut short"}, "end", "x: cut short"},
		{journal.Event{Kind: journal.InvariantChecked}, "", ""},
		{journal.Event{Kind: journal.Sampled}, "", ""},
	} {
		what, text := eventText(onePlan(), tt.event)
		if what != tt.what || text != tt.text {
			t.Errorf("%s: %q %q, want %q %q", tt.event.Kind, what, text, tt.what, tt.text)
		}
	}
}

// A writer that is stuck for good is left behind at the end of a run.
func TestAViewThatIsStuckIsLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := stuckView{release: make(chan struct{})}
		v := newAside(stuck)
		v.event(journal.Event{})
		began := time.Now()
		v.close()
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("close took %s, want 2s", took)
		}
		close(stuck.release)
		<-v.done
	})
}

func TestSparkLevels(t *testing.T) {
	for _, tt := range []struct {
		shares []float64
		want   string
	}{
		{nil, ""},
		{[]float64{0, 0.124, 0.125, 0.5, 0.874, 0.875, 1}, "▁▁▂▅▇██"},
	} {
		if got := spark(tt.shares); got != tt.want {
			t.Errorf("spark(%v) = %q, want %q", tt.shares, got, tt.want)
		}
	}
}
