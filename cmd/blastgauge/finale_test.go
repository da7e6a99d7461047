package main

import (
	"strings"
	"testing"
	"time"

	"github.com/vbauerster/mpb/v8/decor"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
)

func TestPhasesAreAsLongAsTheyTake(t *testing.T) {
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
	var s score
	for range 10 {
		s.add(journal.Observation{Journey: 0, Arm: plan.FaultArm, Outcome: journal.Failed})
		s.add(journal.Observation{Journey: 0, Arm: plan.ControlArm, Outcome: journal.Failed}) // not the fault's doing
		s.add(journal.Observation{Journey: 2, Arm: plan.FaultArm, Outcome: journal.Slow})
		s.add(journal.Observation{Journey: 2, Arm: plan.ControlArm})
	}
	if worst := s.worst(); worst != 2 || s.of(2).text(plan.FaultArm) != "100.0% of 10" || s.of(2).text(plan.ControlArm) != "0.0% of 10" {
		t.Errorf("the worst is %d of %+v", worst, s)
	}
	if got := s.of(7).text(plan.FaultArm); got != "no journeys yet" {
		t.Errorf("a kind without journeys: %s", got)
	}
}

// finished is an act with the outcome of one experiment.
func finished(build string, v result.Verdict, estimate float64, journey string) *act {
	e := result.Experiment{ID: "x", Title: "Everything that can break does so at the very same time", Verdict: v, BlastRadius: &result.BlastRadius{Journey: journey, Estimate: estimate}}
	return &act{build: build, result: &result.Result{Experiments: []result.Experiment{e}}}
}

func TestTheTableFitsItsTerminal(t *testing.T) {
	var out strings.Builder
	f := finale{w: &out, columns: 60}
	f.print([]*act{finished("naive", result.Refuted, 0.732, "checkout"), finished("hardened", result.Inconclusive, -0.01, "browse")})
	const want = `
What share of checkout journeys did each fault harm, beyond the control?

  fault         naive                  hardened
  Everything …  × refuted       73.2%  ? inconclusive   0.0% of browse
`
	if got := out.String(); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	out.Reset()
	f = finale{w: &out, color: true, columns: 100}
	f.print([]*act{finished("naive", result.Refuted, 0.732, "checkout"), finished("hardened", result.Held, 0, "checkout")})
	if got := out.String(); !strings.Contains(got, "\x1b[31m× refuted\x1b[0m  73.2%  \x1b[32m✓ held\x1b[0m      0.0%\n") {
		t.Errorf("in colour: %q", got)
	}
	out.Reset()
	f.wrap("  naive     ", strings.Repeat("word ", 30))
	for line := range strings.Lines(out.String()) {
		if len(line) > 100 || strings.HasPrefix(line, "  word") {
			t.Errorf("wrapped: %q", line)
		}
	}
}
