package results

import (
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/result"
)

func TestHeadline(t *testing.T) {
	t.Parallel()
	const h, r, i, v, n = result.Held, result.Refuted, result.Inconclusive, result.Invalid, result.NotRun
	run := func(outcome string, verdicts ...result.Verdict) *result.Result {
		res := &result.Result{Run: result.Run{Outcome: outcome}}
		for _, v := range verdicts {
			res.Experiments = append(res.Experiments, result.Experiment{Verdict: v})
		}
		return res
	}
	for want, in := range map[string]*result.Result{
		"No hypothesis was tested":                 run("completed"),
		"The hypothesis held":                      run("completed", h),
		"The hypothesis is refuted":                run("completed", r),
		"The hypothesis is inconclusive":           run("completed", i),
		"The measurement is invalid":               run("completed", v),
		"All 3 hypotheses held":                    run("completed", h, h, h),
		"2 of 4 hypotheses refuted":                run("completed", h, r, v, r),
		"1 of 3 measurements invalid":              run("completed", h, i, v),
		"1 of 2 hypotheses inconclusive":           run("completed", h, i),
		"Interrupted: 1 of 2 hypotheses held":      run("interrupted", h, n),
		"Interrupted: no hypothesis was tested":    run("interrupted", n, n),
		"The run failed: no hypothesis was tested": run("failed"),
	} {
		if got := summarize(in).headline(); got != want {
			t.Errorf("headline() = %q, want %q", got, want)
		}
	}
}

func TestRemoval(t *testing.T) {
	t.Parallel()
	gone := result.Fault{Intended: true, RemovalVerified: true}
	left := result.Fault{Injected: time.Unix(1, 0)} // from before "intended" was written
	for want, faults := range map[string][]result.Fault{
		"Nothing was injected.":                                        {{}},
		"The fault was removed and verified absent.":                   {gone, {}},
		"Both faults were removed and verified absent.":                {gone, gone},
		"All 3 faults were removed and verified absent.":               {gone, gone, gone},
		"1 of 2 faults are not proven gone and may still be in force.": {gone, left},
	} {
		s := summarize(&result.Result{Experiments: []result.Experiment{{Faults: faults}}})
		if got, ok := s.removal(); got != want || ok != (len(s.left) == 0) {
			t.Errorf("removal() = %q, %v, want %q", got, ok, want)
		}
	}
}
