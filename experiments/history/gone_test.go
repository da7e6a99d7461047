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
