package main

import (
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
)

// finished is an act with the outcome of one experiment.
func finished(build string, v result.Verdict, estimate float64, journey string) *act {
	e := result.Experiment{ID: "x", Title: "Everything that can break does so at the very same time", Verdict: v, BlastRadius: &result.BlastRadius{Journey: journey, Estimate: estimate}}
	return &act{build: build, outcome: &run.Outcome{Result: &result.Result{Experiments: []result.Experiment{e}}}}
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
