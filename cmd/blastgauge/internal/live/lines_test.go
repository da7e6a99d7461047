package live

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/progress"
	"github.com/blastgauge/blastgauge/experiments/result"
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
	t.Parallel()
	synctest.Test(t, testLinesOfARun)
}

func testLinesOfARun(t *testing.T) {
	start := time.Now() // midnight in UTC
	var out bytes.Buffer
	l := newLines(&logWriter{w: &out}, onePlan(), "", false)
	at := func(seconds int, e journal.Event) {
		time.Sleep(time.Until(start.Add(time.Duration(seconds) * time.Second)))
		e.At = time.Now().In(time.FixedZone("CET", 3600))
		l.Record(e)
	}
	journeys := func(seconds, n int, arm plan.Arm, outcome journal.Outcome) {
		time.Sleep(time.Until(start.Add(time.Duration(seconds) * time.Second)))
		for range n {
			l.Observe(journal.Observation{Arm: arm, Outcome: outcome})
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
	for _, r := range []journal.CheckResult{
		{Invariant: "charged = quoted", Holds: true},
		{Invariant: "charged once", Detail: "$.count is 2, expected 0"},
		{Invariant: "stock", Error: "no answer"},
	} {
		at(21, journal.Event{Kind: journal.InvariantChecked, Check: &r})
	}
	at(22, journal.Event{Kind: journal.ExperimentEnded, Experiment: "payments-slow"})
	l.Judge(judged("payments-slow", result.Refuted))
	invalid := judged("payments-down", result.Invalid)
	invalid.Reasons = []string{"the baseline was harmed\x1b[2J already"}
	l.Judge(invalid)
	at(22, journal.Event{Kind: journal.RunEnded})

	const want = `00:00:00Z start    payments-slow 1/1 latency 2s, jitter 250ms into payments
00:00:00Z phase    warmup
00:00:02Z phase    baseline
00:00:06Z counts   baseline: harmed 0.0% of 20 in the fault arm, 0.0% of 20 in control
00:00:06Z phase    fault
00:00:07Z fault    injected, read back: latency 2s, jitter 250ms into payments
00:00:17Z progress fault: harmed 36.4% of 11 in the fault arm, 0.0% of 10 in control
00:00:19Z guard    TRIPPED checkout 41.7% > 36%
00:00:20Z fault    removed, read back as gone: latency 2s, jitter 250ms into payments
00:00:20Z counts   fault: harmed 41.7% of 12 in the fault arm, 0.0% of 10 in control
00:00:20Z phase    recovery
00:00:21Z invar    charged = quoted: holds
00:00:21Z invar    charged once: BROKEN: $.count is 2, expected 0
00:00:21Z invar    stock: could not be asked: no answer
00:00:22Z end      payments-slow
00:00:22Z verdict  refuted payments-slow 32.0% [29.2, 34.9] limit 5%
00:00:22Z verdict  invalid payments-down the baseline was harmed?[2J already
`
	if out.String() != want {
		t.Errorf("lines:\n%s\nwant:\n%s", &out, want)
	}
}

// An experiment that ends in its baseline has its score before its end: what follows is
// of the next experiment.
func TestLinesOfAnExperimentThatEndsEarly(t *testing.T) {
	t.Parallel()
	p := onePlan()
	p.Experiments = append(p.Experiments, p.Experiments[0])
	var out bytes.Buffer
	l := newLines(&logWriter{w: &out}, p, "", false)
	for range p.Experiments {
		l.Record(journal.Event{Kind: journal.ExperimentStarted, Experiment: "payments-slow"})
		for _, phase := range []journal.Phase{journal.Warmup, journal.Baseline} {
			l.Record(journal.Event{Kind: journal.PhaseStarted, Phase: phase})
			l.Observe(journal.Observation{Arm: plan.FaultArm, Outcome: journal.Failed})
		}
		l.Record(journal.Event{Kind: journal.BaselineHarmed})
		l.Record(journal.Event{Kind: journal.ExperimentEnded, Experiment: "payments-slow"})
	}
	var topics []string
	for row := range strings.Lines(out.String()) {
		topics = append(topics, strings.Fields(row)[1])
	}
	one := "start phase phase base counts end"
	if got := strings.Join(topics, " "); got != one+" "+one {
		t.Errorf("topics %s, want %s twice\n%s", got, one, &out)
	}
}

// What went wrong must be told apart at a glance from what went well.
func TestDescribeTrouble(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		event       journal.Event
		topic, text string
	}{
		{journal.Event{Kind: journal.FaultVanished, Detail: "the toxic is gone"}, "fault", "VANISHED: the toxic is gone"},
		{journal.Event{Kind: journal.FaultRemoved, Fault: slowPayments, Error: "no answer"}, "fault", "NOT REMOVED: latency 2s, jitter 250ms into payments: no answer"},
		{journal.Event{Kind: journal.FaultRemoved, Fault: "blastgauge.y.9", Verified: true}, "fault", "removed, read back as gone: blastgauge.y.9"},
		{journal.Event{Kind: journal.Interrupted, Detail: "TERM"}, "stop", "TERM received: faults that are in force are removed"},
		{journal.Event{Kind: journal.Interrupted, Detail: "INT", Author: "ann", Reason: "incident 4711"}, "stop", "stopped by ann (incident 4711): faults that are in force are removed"},
		{journal.Event{Kind: journal.Noted, Author: "ann", Detail: "Support sees tickets."}, "note", "ann: Support sees tickets."},
		{journal.Event{Kind: journal.SuiteStopped, Detail: "a removal was not verified"}, "stop", "a removal was not verified"},
		{journal.Event{Kind: journal.ExperimentEnded, Experiment: "x", Error: "cut short"}, "end", "x: cut short"},
		{journal.Event{Kind: journal.BaselineShared, Shared: &journal.SharedStretch{Of: "x"}}, "base", "the end of the recovery of x"},
		{journal.Event{Kind: journal.BaselineShared}, "", ""},
		{journal.Event{Kind: journal.BaselineOwn, Detail: "x was back too late"}, "base", "its own: x was back too late"},
		{journal.Event{Kind: journal.InvariantChecked}, "", ""},
		{journal.Event{Kind: journal.AlertChanged, Alert: &journal.AlertLook{Alert: "A", State: journal.AlertFiring, Asked: 2, LastAsked: 1}}, "alert", "A: FIRES"},
		{journal.Event{Kind: journal.AlertChanged, Alert: &journal.AlertLook{Alert: "A", State: journal.AlertFiring, Muted: "silenced", Asked: 2}}, "alert", "A: FIRES, and is silenced"},
		{journal.Event{Kind: journal.AlertChanged, Alert: &journal.AlertLook{Alert: "A", State: journal.AlertUnknown, Error: "refused", Asked: 2}}, "alert", "A: nobody answers: refused"},
		{journal.Event{Kind: journal.AlertChanged, Alert: &journal.AlertLook{Alert: "A", State: journal.AlertInactive, Asked: 2}}, "alert", "A: inactive"},
		{journal.Event{Kind: journal.AlertChanged, Alert: &journal.AlertLook{Alert: "A", State: journal.AlertFiring, Asked: 2, LastAsked: 2}}, "", ""},
		{journal.Event{Kind: journal.AlertChanged}, "", ""},
		{journal.Event{Kind: journal.Sampled}, "", ""},
	} {
		topic, text := progress.Describe(onePlan(), tt.event)
		if topic != tt.topic || text != tt.text {
			t.Errorf("%s: %q %q, want %q %q", tt.event.Kind, topic, text, tt.topic, tt.text)
		}
	}
}

func TestSparkline(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		shares []float64
		want   string
	}{
		{nil, ""},
		{[]float64{0, 0.124, 0.125, 0.5, 0.874, 0.875, 1}, "▁▁▂▅▇██"},
	} {
		if got := sparkline(tt.shares); got != tt.want {
			t.Errorf("sparkline(%v) = %q, want %q", tt.shares, got, tt.want)
		}
	}
}

// Whoever watches learns at once why a fault was not injected.
func TestAHarmedBaselineIsTold(t *testing.T) {
	t.Parallel()
	topic, text := progress.Describe(nil, journal.Event{Kind: journal.BaselineHarmed, Detail: "checkout: 30 of 100"})
	if topic == "" || !strings.Contains(text, "checkout: 30 of 100") || !strings.Contains(text, "not injected") {
		t.Errorf("%q %q", topic, text)
	}
}

// A fault that nothing comes to is told while there is time to end the run.
func TestLinesTellOfAFaultThatIsNotMet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		l := newLines(&logWriter{w: &out}, onePlan(), "", false)
		for range 20 {
			l.See(slowPayments, journal.Evidence{Present: true, Counted: true})
			time.Sleep(time.Second)
		}
		if got := out.String(); strings.Count(got, "\n") != 1 || !strings.HasPrefix(got, "00:00:10Z warning  latency 2s, jitter 250ms into payments: ") {
			t.Errorf("got %q", got)
		}
	})
}
