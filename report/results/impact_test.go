package results

import (
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// money is a run of three refuted experiments. The one that costs most is neither the one of
// the largest share, nor does its own largest share cost anything.
func money() *result.Result {
	radius := func(journey string, share float64) *result.BlastRadius {
		return &result.BlastRadius{Journey: journey, Estimate: share, Low: share - 0.01, High: share + 0.01, Confidence: 0.95, Control: result.ConcurrentControl}
	}
	amount := func(n float64) result.Amount { return result.Amount{Estimate: n, Low: n, High: n} }
	refuted := func(id, title string, browse, checkout float64) result.Experiment {
		return result.Experiment{
			ID: id, Title: title, Verdict: result.Refuted, Reasons: []string{"harmed"}, BlastRadius: radius("browse", browse),
			Journeys: []result.Journey{
				{Name: "browse", Limit: 0.05, Verdict: result.Refuted, BlastRadius: radius("browse", browse)},
				{Name: "checkout", Limit: 0.05, Verdict: result.Refuted, BlastRadius: radius("checkout", checkout)},
			},
			Impact: &result.Impact{Journey: "checkout", Checkouts: amount(1000 * checkout), Money: new(amount(40_000 * checkout)), Currency: "EUR"},
		}
	}
	return &result.Result{
		Run:    result.Run{Outcome: result.Completed, ExitCode: result.ExitRefuted},
		System: result.System{Name: "shop", Traffic: &result.Traffic{CheckoutsPerHour: 1000, Value: 40, Currency: "EUR", Journey: "checkout"}},
		Experiments: []result.Experiment{
			refuted("search-down", "Search down", 0.95, 0.10), refuted("payments-slow", "Payments slow", 0.60, 0.30), refuted("mail-down", "", 0.50, 0.20),
		},
	}
}

// A journey that is harmed more and costs nothing hides no journey that costs money.
func TestTheDearestJourneyIsNotHidden(t *testing.T) {
	t.Parallel()
	s := summarize(money())
	if s.worst.ID != "search-down" || s.dearest.ID != "payments-slow" {
		t.Fatalf("worst %s, dearest %s", s.worst.ID, s.dearest.ID)
	}
	var md, github strings.Builder
	if err := WriteMarkdown(&md, money()); err != nil {
		t.Fatal(err)
	}
	head, table, _ := strings.Cut(md.String(), "| experiment |")
	if !strings.Contains(head, "12,000 EUR") || !strings.Contains(head, "Payments slow") || !strings.Contains(head, "browse") {
		t.Errorf("before the table:\n%s", head)
	}
	for _, row := range []string{"95.0% of browse; 10.0% of checkout", "60.0% of browse; 30.0% of checkout", "50.0% of browse; 20.0% of checkout"} {
		if !strings.Contains(table, row) {
			t.Errorf("%q is not in the table:\n%s", row, table)
		}
	}
	if err := WriteGitHub(&github, money()); err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(github.String(), "\n")
	if !strings.HasPrefix(first, "::error ") || !strings.Contains(first, "title=Payments slow (payments-slow) refuted::30.0%25 of checkout") {
		t.Errorf("the first annotation is %q", first)
	}
}

// Where the dearest is the largest as well, nothing is told twice, and without traffic nothing
// is told of money.
func TestMoneyIsToldOnce(t *testing.T) {
	t.Parallel()
	r := money()
	r.Experiments = r.Experiments[1:2]
	e := &r.Experiments[0]
	e.BlastRadius = e.Journeys[1].BlastRadius
	if s := summarize(r); len(s.sentences()) != 1 || s.costElsewhere(e) != "" || s.costWords(e) == "" {
		t.Errorf("told: %+v, %q, %q", s.sentences(), s.costElsewhere(e), s.costWords(e))
	}
	r.System.Traffic = nil
	if s := summarize(r); s.dearest != nil || s.costWords(e) != "" {
		t.Errorf("money without traffic: %q", s.costWords(e))
	}
}

// Several invariants with one reason are told in one sentence, with their experiment once.
func TestInvariantsOfOneReasonStandTogether(t *testing.T) {
	t.Parallel()
	e := result.Experiment{ID: "down", Title: "Payments down", Verdict: result.NotRun, Phases: []result.Phase{{Name: "fault"}}, Invariants: []result.Invariant{
		{Name: "a", CutOff: true}, {Name: "b", Detail: "no route"}, {Name: "c", CutOff: true}, {Name: "d", CutOff: true},
	}}
	list := unasked(&e)
	if len(list) != 2 || list[0].Names() != "“a”, “c” and “d”" || list[1].Names() != "“b”" {
		t.Fatalf("%+v", list)
	}
	if got := list[0].sentence(titleOf(&e)); strings.Count(got, "Payments down") != 1 || !strings.Contains(got, "a, c and d were") {
		t.Errorf("%q", got)
	}
}
