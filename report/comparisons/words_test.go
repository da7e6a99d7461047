package comparisons

import (
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/compare"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// The regression that costs most comes first, and what it costs is told although another of
// its journeys changed more.
func TestTheDearestRegressionComesFirst(t *testing.T) {
	t.Parallel()
	side := func(share float64) *compare.Radius { return &compare.Radius{Estimate: share, Low: share, High: share} }
	amount := func(n float64) result.Amount { return result.Amount{Estimate: n, Low: n, High: n} }
	regressed := func(id string, checkouts float64) compare.Experiment {
		return compare.Experiment{
			ID: id, Title: id, Status: compare.Regressed, Journey: "browse",
			Journeys: []compare.Journey{
				{Name: "browse", Status: compare.Regressed, Base: side(0.1), Head: side(0.9), Change: &compare.Change{Estimate: 0.8}},
				{Name: "checkout", Status: compare.Regressed, Base: side(0.1), Head: side(0.3), Change: &compare.Change{Estimate: 0.2}},
			},
			Impact: &result.Impact{Journey: "checkout", Checkouts: amount(checkouts), Money: new(amount(40 * checkouts)), Currency: "EUR"},
		}
	}
	c := &compare.Comparison{Experiments: []compare.Experiment{regressed("a", 10), regressed("b", 20), regressed("dear", 300), regressed("d", 30)}}
	var order []string
	for _, e := range dearestFirst(c) {
		order = append(order, e.ID)
	}
	if got := strings.Join(order, " "); got != "dear a b d" {
		t.Errorf("in the order %s", got)
	}
	text := changeSentence(&c.Experiments[2], c.Called())
	for _, want := range []string{"90.0% of browse", "30.0% of checkout", "12,000 EUR"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in %q", want, text)
		}
	}
	c.Experiments[2].Journeys[1].Status = compare.Uncertain // then it is not known to cost more
	if text := changeSentence(&c.Experiments[2], c.Called()); strings.Contains(text, "EUR") {
		t.Errorf("money that is not shown to be lost: %q", text)
	}
}

// Whether an alert is in time again or no more is said as what it is: that it fires, or that it
// clears.
func TestDetectionIsSaid(t *testing.T) {
	t.Parallel()
	said := map[string]bool{}
	for _, code := range []result.ReasonCode{result.ReasonAlertLate, result.ReasonAlertNotCleared} {
		good, bad := compare.AlertState{Verdict: result.Held}, compare.AlertState{Verdict: result.Refuted, Code: code}
		for _, a := range []compare.Alert{{Alert: "A", Status: compare.Regressed, Base: good, Head: bad}, {Alert: "A", Status: compare.Improved, Base: bad, Head: good}} {
			text := detection(a)
			if said[text] || strings.Contains(text, "clear") != (code == result.ReasonAlertNotCleared) {
				t.Errorf("%q", text)
			}
			said[text] = true
		}
	}
}
