package results

import (
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// What a game day says happened is why the experiment has its verdict: the harm where that
// is it, and another reason where the harm is within its limit.
func TestWhatHappenedIsWhy(t *testing.T) {
	t.Parallel()
	const reason = "the alert Errors did not fire"
	for name, tt := range map[string]struct {
		verdict, journey result.Verdict
		harm             bool
	}{
		"held":                 {result.Held, result.Held, true},
		"refuted by harm":      {result.Refuted, result.Refuted, true},
		"refuted by an alert":  {result.Refuted, result.Held, false},
		"harm is inconclusive": {result.Inconclusive, result.Inconclusive, false},
		"invalid":              {result.Invalid, result.Refuted, false},
		"not run":              {result.NotRun, "", false},
	} {
		e := &result.Experiment{ID: "down", Verdict: tt.verdict, Reasons: []string{reason}, Journeys: []result.Journey{{Name: "pay", Limit: 0.05}},
			BlastRadius: &result.BlastRadius{Journey: "pay", Estimate: 0.03, Low: 0.02, High: 0.04},
			Criteria:    []result.Criterion{{Kind: result.AlertCriterion, Subject: "Errors", Verdict: result.Refuted}, {Kind: result.JourneyCriterion, Subject: "pay", Verdict: tt.journey}}}
		got := dayRow{of: e}.Happened()
		if harm := strings.Contains(got, "of pay journeys harmed"); harm != tt.harm || !harm && got != reason {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// An experiment that the run was stopped in was not run to its end, whatever its verdict.
func TestAStopInAnExperimentIsSaid(t *testing.T) {
	t.Parallel()
	const stop, harm = "interrupted 8s into its fault phase of 30s", "harmed"
	whole := result.Experiment{ID: "a", Verdict: result.Held, Reasons: []string{"fine"}, ReasonCodes: []result.ReasonCode{result.ReasonHarmless}}
	for name, tt := range map[string]struct {
		list []result.Experiment
		all  bool // were run
		says bool // that one was stopped
	}{
		"whole":            {[]result.Experiment{whole, whole}, true, false},
		"refuted":          {[]result.Experiment{whole, {ID: "b", Verdict: result.Refuted, Reasons: []string{harm, stop}, ReasonCodes: []result.ReasonCode{result.ReasonHarmful, result.ReasonInterrupted}}}, false, true},
		"inconclusive":     {[]result.Experiment{whole, {ID: "b", Verdict: result.Inconclusive, Reasons: []string{stop}, ReasonCodes: []result.ReasonCode{result.ReasonInterrupted}}}, false, true},
		"the only one":     {[]result.Experiment{{ID: "b", Verdict: result.Inconclusive, Reasons: []string{stop}, ReasonCodes: []result.ReasonCode{result.ReasonInterrupted}}}, false, true},
		"before its fault": {[]result.Experiment{whole, {ID: "b", Verdict: result.NotRun, Reasons: []string{"too early"}, ReasonCodes: []result.ReasonCode{result.ReasonInterrupted}}}, false, false},
	} {
		day := &gameDay{GameDay: &result.GameDay{}}
		for i := range tt.list {
			day.Rows = append(day.Rows, dayRow{of: &tt.list[i]})
		}
		if got := day.Summary(); strings.Contains(got, "all were run") != tt.all || strings.Contains(got, "stopped") != tt.says {
			t.Errorf("%s: %q", name, got)
		}
		if got := day.Rows[len(day.Rows)-1].Happened(); strings.Count(got, stop) != map[bool]int{true: 1}[tt.says] {
			t.Errorf("%s: %q", name, got)
		}
	}
}
