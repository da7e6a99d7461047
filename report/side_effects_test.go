package report

import (
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// Reports say what a fault did beyond the journeys that need its dependency, but only
// where the run has shown it.
func TestReachIsSaidWhereItIsShown(t *testing.T) {
	t.Parallel()
	r := load(t, "refuted")
	e := &r.Experiments[0]
	e.Amplification = []result.Amplification{
		{Dependency: "payments", Unit: result.Calls, Fault: 2.25, Baseline: 0.75, Factor: 3, Low: 2.8, High: 3.2, Storm: true},
		{Dependency: "carts", Unit: result.Connections, Fault: 0.4, Baseline: 0.01, Factor: 40, Low: 20, High: 80},
	}
	e.Spread = []result.Spread{
		{Journey: "browse", Harmed: 120, Journeys: 1000, Estimate: 0.12, Low: 0.1, High: 0.14},
		{Journey: "search", Harmed: 1, Journeys: 1000, Estimate: 0.001, Low: -0.002, High: 0.004},
	}
	for _, format := range []string{"text", "md"} {
		got := strings.Join(strings.Fields(render(t, format, Options{Width: 100}, r)), " ")
		for _, want := range []string{
			"payments gets 2.25 calls per journey instead of 0.75, 3.0 times as many",
			"12.0% of browse journeys were harmed before they needed what is broken",
		} {
			if !strings.Contains(got, want) {
				t.Errorf("%s does not say %q:\n%s", format, want, got)
			}
		}
		for _, no := range []string{"carts gets", "of search journeys"} {
			if strings.Contains(got, no) {
				t.Errorf("%s says %q, which was not shown", format, no)
			}
		}
	}
	e.Verdict = result.Invalid
	if got := render(t, "text", Options{}, r); strings.Contains(got, "retry storm") {
		t.Error("a measurement that cannot be trusted leads to a claim")
	}
}

// The page says once how the intervals of calls were calculated, below them.
func TestTheCallsBoundsSayHowTheyWereMade(t *testing.T) {
	t.Parallel()
	r := load(t, "refuted")
	r.Experiments[0].Amplification = []result.Amplification{
		{Dependency: "payments", Unit: result.Calls, Fault: 2.25, Baseline: 0.75, Factor: 3, Low: 2.8, High: 3.2, Method: "batch means", Batches: 10, Storm: true},
		{Dependency: "carts", Unit: result.Calls, Fault: 4, Baseline: 4, Factor: 1, Low: 0.9, High: 1.1, Method: "batch means", Batches: 10},
		{Dependency: "search", Unit: result.Connections, Fault: 0.4, Baseline: 0.2, Factor: 2, Low: 1, High: 4, Method: "connections taken as independent"},
		{Dependency: "mail", Unit: result.Calls},
	}
	page := render(t, "html", Options{}, r)
	if want := `<p class="note">Intervals: batch means; connections taken as independent.</p>`; strings.Count(page, want) != 1 {
		t.Errorf("the page does not say %q once", want)
	}
	r.Experiments[0].Amplification = nil
	if page := render(t, "html", Options{}, r); strings.Contains(page, "Intervals: batch means;") {
		t.Error("bounds of nothing have a method")
	}
}
