package live

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

func TestPhasesAreAsLongAsTheyTake(t *testing.T) {
	t.Parallel()
	p := phaseBlocks(experiments.Phases{Warmup: time.Second, Baseline: 4 * time.Second, Fault: 10 * time.Second, Recovery: 5 * time.Second})
	for now, want := range map[time.Duration]string{
		0:                "░│░░░│░░░░░░░░░│░░░░",
		3 * time.Second:  "█│█░░│░░░░░░░░░│░░░░",
		10 * time.Second: "█│███│▓▓▓▓░░░░░│░░░░",
		20 * time.Second: "█│███│▓▓▓▓▓▓▓▓▓│████",
	} {
		var out strings.Builder
		if err := p.Fill(&out, decor.Statistics{Total: 20_000, Current: now.Milliseconds(), RequestedWidth: 20, AvailableWidth: 70}); err != nil || out.String() != want {
			t.Errorf("after %s: %s, %v, want %s", now, out.String(), err, want)
		}
	}
}

// Kinds of journeys are never pooled: the one that the fault harms most is shown.
func TestTheWorstJourneyIsShown(t *testing.T) {
	t.Parallel()
	var c counts
	for range 10 {
		c.add(journal.Observation{Journey: 0, Arm: plan.FaultArm, Outcome: journal.Failed})
		c.add(journal.Observation{Journey: 0, Arm: plan.ControlArm, Outcome: journal.Failed}) // not the fault's doing
		c.add(journal.Observation{Journey: 2, Arm: plan.FaultArm, Outcome: journal.Slow})
		c.add(journal.Observation{Journey: 2, Arm: plan.ControlArm})
	}
	if worst := c.worst(); worst != 2 || c.journey(2).describe(plan.FaultArm) != "100.0% of 10" || c.journey(2).describe(plan.ControlArm) != "0.0% of 10" {
		t.Errorf("the worst is %d of %+v", worst, c)
	}
	if got := c.journey(7).describe(plan.FaultArm); got != "no journeys yet" {
		t.Errorf("a kind without journeys: %s", got)
	}
}

// What bars look like in the middle of a fault phase, and what stays of them.
func TestBarsOfARun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, testBarsOfARun)
}

func testBarsOfARun(t *testing.T) {
	p := onePlan()
	p.Experiments[0].Phases = experiments.Phases{Baseline: 4 * time.Second, Fault: 10 * time.Second, Recovery: 6 * time.Second}
	p.Experiments[0].Journeys = []plan.Journey{{Journey: experiments.Journey{Name: "checkout"}}}
	var out bytes.Buffer
	c := newCanvas(&out, mpb.WithAutoRefresh(), mpb.WithWidth(80))
	b := newBars(c, p, "naive", 0, true)
	time.Sleep(refresh / 2) // so that nothing happens at the moment of drawing
	b.Record(journal.Event{Kind: journal.ExperimentStarted, Experiment: "payments-slow"})
	b.Record(journal.Event{Kind: journal.PhaseStarted, Phase: journal.Baseline})
	time.Sleep(4 * time.Second)
	b.Record(journal.Event{Kind: journal.PhaseStarted, Phase: journal.Fault})
	b.Record(journal.Event{Kind: journal.FaultInjected, Fault: slowPayments})
	for second := range 5 {
		for i := range 10 {
			b.Observe(journal.Observation{Arm: plan.ControlArm})
			outcome := journal.OK
			if i < 2*second {
				outcome = journal.Slow
			}
			b.Observe(journal.Observation{Arm: plan.FaultArm, Outcome: outcome})
		}
		time.Sleep(time.Second)
	}
	time.Sleep(2 * refresh)
	const middle = `naive fault          ███████│▓▓▓▓▓▓▓▓░░░░░░░░│░░░░░░░░░░   1 of 1  payments-slow
  checkout, fault arm    40.0% of 50 harmed     ▁▂▄▅▇
  checkout, control      0.0% of 50 harmed      ▁▁▁▁▁
  injected, read back: latency 2s, jitter 250ms into payments

run                  ███████░░░░░░░░   about 11s left  Ctrl-C removes the faults
`
	synctest.Wait()
	if frame := lastLines(out.String(), strings.Count(middle, "\n")); frame != middle {
		t.Errorf("in the middle:\n%s\nwant:\n%s", frame, middle)
	}
	drawn := out.Len()
	b.Record(journal.Event{Kind: journal.PhaseStarted, Phase: journal.Recovery})
	b.Record(journal.Event{Kind: journal.ExperimentEnded, Experiment: "payments-slow"})
	b.Close()
	c.progress.Wait()
	if end, want := out.String()[drawn:], "naive     payments-slow              40.0% of checkout harmed, 0.0% in control\n"; !strings.Contains(end, want) {
		t.Errorf("at the end %q, want %q", end, want)
	}
}

// lastLines returns the last n lines of a text.
func lastLines(text string, n int) string {
	lines := strings.SplitAfter(text, "\n")
	return strings.Join(lines[max(0, len(lines)-1-n):], "")
}
