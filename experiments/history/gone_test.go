package history

import (
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// An experiment is gone since the first run of all experiments that lacks it. A run that was
// told which to run, that did not end, or that is of another system says nothing of it.
func TestExperimentsThatAreGone(t *testing.T) {
	t.Parallel()
	other := func(r *result.Result) { r.Experiments[0].ID = "carts-down" }
	chosen := func(r *result.Result) { other(r); r.Run.Choices.Selected = true }
	cut := func(r *result.Result) { other(r); r.Run.Outcome = result.Interrupted }
	elsewhere := func(r *result.Result) { other(r); r.System.Environment = "test" }
	for name, tt := range map[string]struct {
		later []func(*result.Result)
		gone  string // the run; empty: it is not gone
	}{
		"there":                {[]func(*result.Result){nil, nil}, ""},
		"gone":                 {[]func(*result.Result){other, other}, "r001"},
		"others were chosen":   {[]func(*result.Result){chosen, cut, elsewhere}, ""},
		"gone after a chosen":  {[]func(*result.Result){chosen, other}, "r002"},
		"gone and there again": {[]func(*result.Result){other, nil}, ""},
	} {
		x := New(scan(t, nights(append([]func(*result.Result){nil}, tt.later...)...)))
		found := false
		for _, trend := range x.Trends {
			if trend.Experiment != "payments-slow" || trend.System != "checkout on staging" {
				continue
			}
			found = true
			got := ""
			if trend.Gone != nil {
				got = trend.Gone.Run
			}
			if got != tt.gone {
				t.Errorf("%s: gone since %q, want %q", name, got, tt.gone)
			}
		}
		if !found {
			t.Errorf("%s: there is no trend", name)
		}
	}
}

// Only a system that was seen to come back took a time for it: the numbers of one that is not
// back, or had no need to, are 0 s as well.
func TestWhichRecoveriesHaveATime(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		recovery *result.Recovery
		void     []result.ReasonCode
		seconds  float64 // -1: none
	}{
		"not watched":         {nil, nil, -1},
		"at once":             {&result.Recovery{FellAt: &result.Fell{}}, nil, 0},
		"in seconds":          {&result.Recovery{Seconds: 5, Harmed: 5}, nil, 5},
		"not shown":           {&result.Recovery{Seconds: 30, Censored: true}, nil, -1},
		"nothing was harmed":  {&result.Recovery{Unharmed: true}, nil, -1},
		"worse than before":   {&result.Recovery{Unharmed: true, Worse: true}, nil, -1},
		"the system not back": {&result.Recovery{SystemHarmed: true}, nil, -1},
		"void":                {&result.Recovery{Seconds: 5, Harmed: 5}, []result.ReasonCode{result.ReasonTooBusy}, -1},
	} {
		e := &result.Experiment{Recovery: tt.recovery, Void: tt.void, Journeys: []result.Journey{{BlastRadius: &result.BlastRadius{Low: 0.2}}}}
		got := -1.0
		if took := summarizeExperiment(e).Recovery; took != nil {
			got = *took
		}
		if got != tt.seconds {
			t.Errorf("%s: %g, want %g", name, got, tt.seconds)
		}
	}
}
