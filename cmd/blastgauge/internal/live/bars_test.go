package live

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/progress"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/terminal"
)

func phases() experiments.Phases {
	return experiments.Phases{Baseline: 4 * time.Second, Fault: 10 * time.Second, Recovery: 6 * time.Second}
}

func TestPhasesAreAsLongAsTheyTake(t *testing.T) {
	t.Parallel()
	p := experiments.Phases{Warmup: time.Second, Baseline: 4 * time.Second, Fault: 10 * time.Second, Recovery: 5 * time.Second}
	for now, want := range map[time.Duration]string{
		0:                "░│░░░│░░░░░░░░░│░░░░",
		3 * time.Second:  "█│█░░│░░░░░░░░░│░░░░",
		10 * time.Second: "█│███│▓▓▓▓░░░░░│░░░░",
		20 * time.Second: "█│███│▓▓▓▓▓▓▓▓▓│████",
	} {
		if got := drawPhases(p, now, 20); got != want {
			t.Errorf("after %s: %s, want %s", now, got, want)
		}
	}
}

// Kinds of journeys are never pooled: the one that the fault harms most is shown.
func TestTheWorstJourneyIsShown(t *testing.T) {
	t.Parallel()
	var c progress.Counts
	for range 10 {
		c.Add(journal.Observation{Journey: 0, Arm: plan.FaultArm, Outcome: journal.Failed}, nil)
		c.Add(journal.Observation{Journey: 0, Arm: plan.ControlArm, Outcome: journal.Failed}, nil) // not the fault's doing
		c.Add(journal.Observation{Journey: 2, Arm: plan.FaultArm, Outcome: journal.Slow}, nil)
		c.Add(journal.Observation{Journey: 2, Arm: plan.ControlArm}, nil)
	}
	if worst := c.Worst(); worst != 2 || describe(c.Journey(2), plan.FaultArm) != "100.0% of 10" || describe(c.Journey(2), plan.ControlArm) != "0.0% of 10" {
		t.Errorf("the worst is %d of %+v", worst, c)
	}
	if got := describe(c.Journey(7), plan.FaultArm); got != "no journeys yet" {
		t.Errorf("a kind without journeys: %s", got)
	}
}

// guardedPlan is a plan of two experiments with a guardrail.
func guardedPlan() *plan.Plan {
	p := onePlan()
	e := &p.Experiments[0]
	e.Phases = phases()
	e.Guardrails = []experiments.Guardrail{{BlastRadius: 0.6}, {P99: 3 * time.Second}}
	e.Journeys = []plan.Journey{{Journey: experiments.Journey{Name: "checkout", Steps: []experiments.Step{{Name: "cart"}, {Name: "pay"}}}}}
	second := *e
	second.ID = "payments-down"
	p.Experiments = append(p.Experiments, second)
	return p
}

// underFault is the picture of a run whose first experiment has a fault in force.
func underFault(p *plan.Plan) *picture {
	shows := &picture{Progress: progress.New(p, time.Now())}
	shows.Record(journal.Event{Kind: journal.ExperimentStarted}, time.Now())
	shows.Current.Phase = journal.Fault
	return shows
}

// A drawing is a run on an emulated terminal, in fake time.
type drawing struct {
	screen *screen
	canvas *canvas
	views  []*bars
}

func draw(t *testing.T, columns, rows int, labels ...string) *drawing {
	t.Helper()
	d := &drawing{screen: newScreen(t, columns, rows)}
	d.canvas = newCanvas(d.screen, false, func() (int, int) { return d.screen.columns, d.screen.rows })
	for i, label := range labels {
		d.views = append(d.views, newBars(d.canvas, guardedPlan(), label, i, i == len(labels)-1))
	}
	time.Sleep(refresh / 2) // so that nothing happens at the moment of drawing
	return d
}

// underFault brings every run into the fault phase of its first experiment.
func (d *drawing) underFault() {
	for _, b := range d.views {
		b.Record(journal.Event{Kind: journal.ExperimentStarted, Experiment: "payments-slow"})
		b.Record(journal.Event{Kind: journal.PhaseStarted, Phase: journal.Baseline})
	}
	time.Sleep(4 * time.Second)
	for _, b := range d.views {
		b.Record(journal.Event{Kind: journal.PhaseStarted, Phase: journal.Fault})
		b.Record(journal.Event{Kind: journal.FaultInjected, Fault: slowPayments})
	}
	for second := range 5 {
		for _, b := range d.views {
			for i := range 10 {
				b.Observe(journal.Observation{Arm: plan.ControlArm, Step: -1})
				o := journal.Observation{Arm: plan.FaultArm, Step: -1}
				if i < 2*second {
					o.Outcome, o.Cause, o.Step = journal.Failed, journal.Timeout, 1
				}
				b.Observe(o)
			}
		}
		time.Sleep(time.Second)
	}
	time.Sleep(2 * refresh)
	synctest.Wait()
}

// close ends the views and takes them from the screen.
func (d *drawing) close() {
	for _, b := range d.views {
		b.Close()
	}
	d.canvas.close()
}

// What a run looks like in the middle of a fault phase.
func TestBarsOfARun(t *testing.T) {
	t.Parallel()
	for columns, want := range map[int]string{
		40: `payments-slow   latency 2s, ...  1 of 2
  fault    ███│▓▓▓░░░│░░░  9s, 11s left
  checkout  fault    40.0% of 50
            control  0.0% of 50
  guardrail 40.0% lately, limit 60%
  top cause pay: timeout, 20 of 50
  injected, read back: latency 2s, jitt

run   ██░░░░░░░░░░░  9s, about 32s left`,
		80: `payments-slow   latency 2s, jitter 250ms into payments                   1 of 2
  fault    ███████████│▓▓▓▓▓▓▓▓▓▓▓▓▓░░░░░░░░░░░░░│░░░░░░░░░░░░░░░  9s, 11s left
  checkout  fault    40.0% of 50 harmed      ▁▄▅▇
            control  0.0% of 50 harmed       ▁▁▁▁
  guardrail 40.0% lately, limit 60%: blast radius of checkout beyond 60%
  top cause pay: timeout, 20 of 50
  injected, read back: latency 2s, jitter 250ms into payments

run   █████░░░░░░░░░░░░░░░░░░░░  9s, about 32s left   Ctrl-C removes the faults`,
		120: `payments-slow   latency 2s, jitter 250ms into payments                                       1 of 2
  fault    ████████████│▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓░░░░░░░░░░░░░░│░░░░░░░░░░░░░░░░░  9s, 11s left
  checkout  fault    40.0% of 50 harmed      ▁▄▅▇
            control  0.0% of 50 harmed       ▁▁▁▁
  guardrail 40.0% lately, limit 60%: blast radius of checkout beyond 60%
  top cause pay: timeout, 20 of 50
  injected, read back: latency 2s, jitter 250ms into payments

run   ██████████░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░  9s, about 32s left   Ctrl-C removes the faults`,
	} {
		t.Run(fmt.Sprint(columns), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := draw(t, columns, 24, "")
				d.underFault()
				if got := d.screen.all(); got != want {
					t.Errorf("got:\n%s\nwant:\n%s", got, want)
				}
				d.close()
				if got := d.screen.all(); got != "" {
					t.Errorf("a stale bar:\n%s", got)
				}
			})
		})
	}
}

// Every experiment leaves its row, also the last one, whose bar ends at once.
func TestNoRowIsLost(t *testing.T) {
	t.Parallel()
	for range 20 { // whichever goroutine is first
		synctest.Test(t, func(t *testing.T) {
			d := draw(t, 80, 24, "naive", "hardened")
			d.underFault()
			for _, b := range d.views {
				b.Record(journal.Event{Kind: journal.PhaseStarted, Phase: journal.Recovery})
				b.Record(journal.Event{Kind: journal.InvariantChecked, Check: &journal.CheckResult{Invariant: "charged once", Detail: "2"}})
				b.Record(journal.Event{Kind: journal.ExperimentEnded, Experiment: "payments-slow"})
				b.Judge(judged("payments-slow", result.Refuted))
			}
			_, _ = d.canvas.Write([]byte("warning: something\n"))
			d.close()
			_, _ = d.canvas.Write([]byte("report  report.html\n"))
			const want = `naive: charged once: BROKEN: 2
× naive payments-slow              refuted       32.0%  [29.2, 34.9]  limit 5%
hardened: charged once: BROKEN: 2
× hardened payments-slow           refuted       32.0%  [29.2, 34.9]  limit 5%
warning: something
report  report.html`
			if got := d.screen.all(); got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// The guardrail that is nearest to its limit is shown, and that it tripped.
func TestHowFarTheGuardrailIs(t *testing.T) {
	t.Parallel()
	p := underFault(guardedPlan())
	observe := func(n int, took time.Duration, outcome journal.Outcome) {
		for range n {
			p.Observe(journal.Observation{Arm: plan.FaultArm, Took: took, Outcome: outcome})
			p.Observe(journal.Observation{Arm: plan.ControlArm, Took: time.Second})
		}
	}
	observe(999, time.Second, journal.OK)
	observe(1, 4*time.Second, journal.Slow)
	if got, want := p.guardrail(80), "  guardrail 0.1% lately, limit 1%: p99 of checkout beyond 3s"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	p.Record(journal.Event{Kind: journal.GuardrailTripped, Detail: "p99 of checkout"}, time.Now())
	if got := p.guardrail(40); !strings.Contains(got, "TRIPPED p99 of checkout") {
		t.Errorf("%q", got)
	}
	p.Current.Tripped, p.Current.Phase = "", journal.Baseline
	if got, want := p.guardrail(80), "  guardrail blast radius of checkout beyond 60%"; got != want {
		t.Errorf("before the fault: %q, want %q", got, want)
	}
	p.Plan.Experiments[0].Guardrails = []experiments.Guardrail{{Probe: &experiments.Probe{Invariant: experiments.Invariant{Name: "queue"}}}}
	p.Current.Phase = journal.Fault
	if got, want := p.guardrail(80), "  guardrail asks queue"; got != want {
		t.Errorf("a probe: %q, want %q", got, want)
	}
}

// Without a concurrent control, the guardrail compares with the baseline, and so does
// the reader.
func TestTheControlIsTheBaseline(t *testing.T) {
	t.Parallel()
	p := &picture{Progress: progress.New(guardedPlan(), time.Now())}
	p.Plan.Experiments[0].Control = plan.Baseline
	p.Record(journal.Event{Kind: journal.ExperimentStarted}, time.Now())
	p.Record(journal.Event{Kind: journal.PhaseStarted, Phase: journal.Baseline}, time.Now())
	for i := range 20 {
		o := journal.Observation{Arm: plan.FaultArm}
		if i < 2 {
			o.Outcome = journal.Failed
		}
		p.Observe(o)
	}
	p.Tick(time.Now().Add(time.Minute))
	p.Record(journal.Event{Kind: journal.PhaseStarted, Phase: journal.Fault}, time.Now())
	p.Observe(journal.Observation{Arm: plan.FaultArm, Outcome: journal.Failed})
	p.Observe(journal.Observation{Arm: plan.FaultArm}) // those of the baseline are not counted again
	if got := p.guardrail(40); !strings.Contains(got, "40.0% lately") {
		t.Errorf("%q", got)
	}
	if got := p.arms(80); len(got) != 2 || !strings.Contains(got[1], "10.0% of 20") {
		t.Errorf("%q", got)
	}
}

// No line is too long at any width, whatever documents call things.
func TestLinesFit(t *testing.T) {
	t.Parallel()
	p := underFault(guardedPlan())
	p.showTotal, p.label, p.Current.Tripped, p.Current.Note = true, "hardened", strings.Repeat("支払い", 40), strings.Repeat("🔥", 90)
	p.Plan.Experiments[0].ID = strings.Repeat("支払い-down-", 9)
	p.Plan.Experiments[0].Journeys[0].Name = strings.Repeat("結", 60)
	p.Observe(journal.Observation{Arm: plan.FaultArm, Outcome: journal.Failed, Step: 1})
	for _, columns := range []int{20, 40, 59, 60, 80, 100} {
		list := p.lines(time.Now(), columns)
		if len(list) > mostLines {
			t.Errorf("%d lines, at most %d are drawn", len(list), mostLines)
		}
		for _, line := range list {
			if n := terminal.Width(line); n >= columns {
				t.Errorf("%d columns of %d: %q", n, columns, line)
			}
		}
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "0s", 11400 * time.Millisecond: "11s", 33 * time.Second: "35s", 59 * time.Second: "1m", 97 * time.Second: "1m35s", 31*time.Minute + 29*time.Second: "31m", 2 * time.Hour: "2h",
	} {
		if got := About(d); got != want {
			t.Errorf("About(%s) = %s, want %s", d, got, want)
		}
	}
}

// What harms most journeys is told in the words of its class.
func TestTheTopCause(t *testing.T) {
	t.Parallel()
	for want, seen := range map[string]journal.SeenCause{
		"pay: 502 Bad Gateway":                 {Step: "pay", Class: "status", Key: "502"},
		"pay: 599":                             {Step: "pay", Class: "status", Key: "599"},
		"pay: timeout 127.0.0.1:1":             {Step: "pay", Class: "timeout", Key: "127.0.0.1:1"},
		"pay: not met: $.state == paid":        {Step: "pay", Class: "check", Key: "$.state == paid"},
		"slower than 3s":                       {Class: "slow", Key: "3s"},
		"no address for db":                    {Class: "dns", Key: "db"},
		"pay: more redirects than 5":           {Step: "pay", Class: "redirects", Key: "5"},
		"pay: redirects in a loop":             {Step: "pay", Class: "redirects", Key: journal.Loop},
		"redirect of a secret to another host": {Class: "redirects", Key: journal.SecretBody},
		"not allowed example.org":              {Class: "not_allowed", Key: "example.org"},
		"shed":                                 {Class: "shed"},
		"pay: not met: ?[2J ?:error::own":      {Step: "pay", Class: "check", Key: "\x1b[2J ::error::own"},
	} {
		p := underFault(guardedPlan())
		p.Observe(journal.Observation{Arm: plan.FaultArm, Outcome: journal.Failed, Step: 1, Cause: journal.Reset})
		seen.Number = 7
		for range 2 {
			p.Observe(journal.Observation{Arm: plan.FaultArm, Outcome: journal.Failed, Step: 1, Why: 7})
		}
		p.Record(journal.Event{Kind: journal.HarmSeen, Cause: &seen}, time.Now())
		if got := p.cause(); got != "  top cause "+want+", 2 of 3" {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
