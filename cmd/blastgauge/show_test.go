package main

import (
	"slices"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
)

func TestNotMeasured(t *testing.T) {
	held := result.Experiment{Title: "Payments hang", Verdict: result.Held, Reasons: []string{"checkout: 0%"}}
	late := result.Experiment{Title: "Carts are reset", Verdict: result.Invalid, Reasons: []string{"checkout: traffic was late", "and more"},
		ReasonCodes: []result.ReasonCode{result.ReasonTooBusy, result.ReasonControlShed}}
	unmet := result.Experiment{Title: "Mail hangs", Verdict: result.Invalid, Reasons: []string{"fault not exercised"}, ReasonCodes: []result.ReasonCode{result.ReasonNotExercised}}
	for name, c := range map[string]struct {
		experiments []result.Experiment
		want        []string
	}{
		"all measured": {[]result.Experiment{held}, nil},
		"one is late": {[]result.Experiment{held, late, unmet}, []string{
			"2 of 3 measurements are invalid. Carts are reset: checkout: traffic was late.",
			"fewer journeys are easier on a machine that has other work: blastgauge demo --rate 20",
		}},
		"only one": {[]result.Experiment{held, unmet}, []string{
			"1 of 2 measurements is invalid. Mail hangs: fault not exercised.",
		}},
		"another reason": {[]result.Experiment{unmet, late}, []string{
			"2 of 2 measurements are invalid. Mail hangs: fault not exercised.",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := notMeasured(&result.Result{Experiments: c.experiments}); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
