package report

import (
	"context"
	"fmt"
	"regexp"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/chromedp/cdproto/emulation"
	dialogs "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// large is a run of n experiments of ten minutes each, with series as long as a
// result may hold.
func large(t testing.TB, n int) *result.Result {
	t.Helper()
	r := load(t, "suite")
	few := r.Experiments
	r.Experiments = nil
	for i := range n {
		e := few[i%len(few)]
		e.ID = fmt.Sprintf("%s-%d", e.ID, i)
		e.Journeys = append([]result.Journey(nil), e.Journeys...)
		e.Faults = append([]result.Fault(nil), e.Faults...)
		e.Faults[0].Into = []string{"payments", "pricing", "carts", "mail", "inventory", "recommendations", "search", "users", "tax", "stock"}[i%10]
		e.Faults[0].Inject = []string{"down", "latency", "reset_peer", "timeout"}[i/10%4]
		s := &e.Journeys[0].Series
		s.Bucket = 15
		s.Fault, s.Control = stretch(s.Fault, 40), stretch(s.Control, 40)
		stretchTime(&e, 600)
		for _, name := range []string{"payments", "pricing", "inventory"} {
			e.Amplification = append(e.Amplification, result.Amplification{Dependency: name, Unit: result.Calls, Baseline: 1.02, Fault: 1.31, Factor: 1.284, Low: 1.2, High: 1.37})
		}
		r.Experiments = append(r.Experiments, e)
	}
	return r
}

// stretchTime makes an experiment last so many seconds.
func stretchTime(e *result.Experiment, seconds float64) {
	e.Phases, e.Events = append([]result.Phase(nil), e.Phases...), append([]result.Event(nil), e.Events...)
	by := seconds / e.Phases[len(e.Phases)-1].End
	for i := range e.Phases {
		e.Phases[i].Start *= by
		e.Phases[i].End *= by
	}
	for i := range e.Events {
		e.Events[i].Second *= by
	}
}

// checkPaper checks that a printed run takes two sheets and one for each refuted
// experiment, and that everything is printed where the options ask for it.
func checkPaper(t *testing.T, browser context.Context) {
	for _, name := range []string{"suite", "interrupted"} {
		r := load(t, name)
		most := 2
		for _, e := range r.Experiments {
			if e.Verdict == result.Refuted {
				most++
			}
		}
		got := sheets(t, browser, render(t, "html", Options{}, r))
		if got > most {
			t.Errorf("%s: %d sheets of paper, want at most %d", name, got, most)
		}
	}
	r := load(t, "journeys")
	short, all := sheets(t, browser, render(t, "html", Options{}, r)), sheets(t, browser, render(t, "html", Options{Everything: true}, r))
	if all < short+2 {
		t.Errorf("%d sheets with everything on them, %d without: want every journey, the folded ones as well", all, short)
	}
}

var sheet = regexp.MustCompile(`/Type\s*/Page\b`)

// sheets counts the sheets of a printed page.
func sheets(t *testing.T, browser context.Context, html string) int {
	t.Helper()
	tab, _ := open(t, browser, html)
	n := len(sheet.FindAll(printed(t, tab), -1))
	if n == 0 {
		t.Fatal("the PDF has no page")
	}
	return n
}

// printed is the PDF of a page.
func printed(t *testing.T, tab context.Context) []byte {
	t.Helper()
	if _, err := chromedp.Call(tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{}); err != nil {
		t.Fatal(err)
	}
	yes := true
	r, err := chromedp.Call(tab, dialogs.PrintToPDF, dialogs.PrintToPDFParams{PreferCSSPageSize: &yes, PrintBackground: &yes})
	if err != nil {
		t.Fatal(err)
	}
	return r.Data
}
