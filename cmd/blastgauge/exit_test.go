package main

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/engine"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

func TestEveryClassOfErrorHasItsCode(t *testing.T) {
	wrapped := func(err error) error { return fmt.Errorf("run: %w", err) }
	tests := map[string]struct {
		err  error
		want int
	}{
		"none":                        {nil, 0},
		"anything else":               {errors.New("connection refused"), 1},
		"flags":                       {usagef("no such flag"), 2},
		"documents":                   {wrapped(&experiments.Error{Msg: "unknown fault"}), 2},
		"cannot be planned":           {wrapped(plan.ErrImpossible), 2},
		"a verdict":                   {verdictError{3}, 3},
		"refused":                     {wrapped(experiments.ErrRefused), 6},
		"not removed":                 {wrapped(engine.ErrNotRemoved), 7},
		"not removed and interrupted": {errors.Join(wrapped(engine.ErrNotRemoved), &engine.Interrupt{Signal: "INT"}), 7},
		"hung up":                     {wrapped(&engine.Interrupt{Signal: "HUP"}), 129},
		"interrupted":                 {wrapped(&engine.Interrupt{Signal: "INT"}), 130},
		"terminated":                  {wrapped(&engine.Interrupt{Signal: "TERM"}), 143},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := exitCode(tt.err); got != tt.want {
				t.Errorf("exitCode(%v) = %d, want %d", tt.err, got, tt.want)
			}
		})
	}
}

func TestParsePhases(t *testing.T) {
	got, err := parsePhases("warmup=1s, fault=2m")
	want := experiments.Phases{Warmup: time.Second, Baseline: experiments.Unset, Fault: 2 * time.Minute, Recovery: experiments.Unset}
	if err != nil || got != want {
		t.Errorf("parsePhases() = %v, %v; want %v", got, err, want)
	}
	for _, wrong := range []string{"fault", "fault=5", "fault=-1s", "cooldown=1s", ","} {
		if _, err := parsePhases(wrong); exitCode(err) != 2 {
			t.Errorf("parsePhases(%q) = %v, want a usage error", wrong, err)
		}
	}
}

func TestSpark(t *testing.T) {
	if got := spark([]float64{0, 0.5, 1}); got != "▁▅█" {
		t.Errorf("spark() = %q", got)
	}
}
