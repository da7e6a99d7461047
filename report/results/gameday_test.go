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
