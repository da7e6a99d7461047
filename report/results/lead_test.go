package results

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/terminal"
)

// chargedTwice is a run in which one fault harms most journeys, and another one breaks an
// invariant.
func chargedTwice() *result.Result {
	radius := func(share float64) *result.BlastRadius {
		return &result.BlastRadius{Journey: "checkout", Estimate: share, Low: share - 0.05, High: min(1, share+0.05), Confidence: 0.95, Control: result.ConcurrentControl}
	}
	experiment := func(id, title, into, inject string, share float64, broken float64) result.Experiment {
		harmed := int(1000 * share)
		money := result.Amount{Estimate: 480_000 * share, Low: 480_000 * (share - 0.05), High: 480_000 * min(1, share+0.05)}
		return result.Experiment{
			ID: id, Title: title, Verdict: result.Refuted, Reasons: []string{"harmed"}, BlastRadius: radius(share),
			Faults: []result.Fault{{Into: into, Inject: inject, Attributes: map[string]any{}}},
			Journeys: []result.Journey{{Name: "checkout", Limit: 0.05, Verdict: result.Refuted, BlastRadius: radius(share),
				Arms: result.Arms{Fault: result.Counts{Journeys: 1000, OK: 1000 - harmed, Failed: harmed}, Control: &result.Counts{Journeys: 1000, OK: 1000}}}},
			Invariants: []result.Invariant{
				{Name: "charged at most once", BrokenMeans: "customers are charged twice", Before: new(0.0), After: new(broken)},
				{Name: "stock", Before: new(0.0), After: new(0.0)},
			},
			Impact: &result.Impact{Journey: "checkout", Checkouts: result.Amount{Estimate: 12_000 * share, Low: 12_000 * (share - 0.05), High: 12_000}, Money: &money, Currency: "EUR"},
		}
	}
	return &result.Result{
		Run: result.Run{ID: "r", Outcome: result.Completed, ExitCode: result.ExitRefuted, Commit: "build-7", Started: time.Date(2026, 11, 29, 22, 13, 0, 0, time.UTC), Ended: time.Date(2026, 11, 29, 22, 15, 0, 0, time.UTC)},
		System: result.System{Name: "shop", Traffic: &result.Traffic{CheckoutsPerHour: 12_000, Value: 40, Currency: "EUR", Journey: "checkout"},
			Dependencies: map[string]result.Dependency{"payments": {}, "mail": {}, "search": {}, "stock": {}, "carts": {}}},
		Experiments: []result.Experiment{
			experiment("search-hang", "Search hangs", "search", "timeout", 1, 0),
			experiment("payments-slow", "Payments slow", "payments", "latency", 0.3333, 5),
			experiment("payments-hang", "Payments hang", "payments", "timeout", 0.2, 2),
		},
	}
}

// Every format for people begins with what customers suffer from what broke the books, in
// round numbers, and with the build; what harms more comes after it.
func TestEveryReportBeginsWithWhatCustomersSuffer(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(io.Writer, *result.Result) error{
		"text":     func(w io.Writer, r *result.Result) error { return WriteText(w, r, terminal.Options{Width: 100}) },
		"markdown": func(w io.Writer, r *result.Result) error { return WriteMarkdown(w, r) },
		"page":     func(w io.Writer, r *result.Result) error { return WriteHTML(w, r, page.Options{}) },
	} {
		var out bytes.Buffer
		if err := write(&out, chargedTwice()); err != nil {
			t.Fatal(err)
		}
		text := strings.Join(strings.Fields(out.String()), " ")
		if i := strings.Index(text, "<h1>"); i >= 0 {
			text = text[i:]
		}
		last := -1
		for _, want := range []string{"3 of 3 hypotheses refuted", "Customers are charged twice (5 times)", "33% of checkout journeys failed", "Payments slow", "about 160,000 EUR an hour", "Search hangs", "100.0% of checkout", "Build build-7"} {
			at := strings.Index(text, want)
			if name == "text" && want == "3 of 3 hypotheses refuted" {
				at = max(at, 0)
			}
			if at <= last {
				t.Errorf("%s: %q is at %d, after what should follow it, or not there:\n%.900s", name, want, at, text)
			}
			last = max(last, at)
		}
	}
}

// The first sentence and the first number are about one experiment, and the number says
// what is larger elsewhere.
func TestTheFirstNumberIsThatOfTheFirstSentence(t *testing.T) {
	t.Parallel()
	s := summarize(chargedTwice())
	if s.order[0].ID != "payments-slow" || s.order[1].ID != "payments-hang" || s.leading() != s.order[0] || s.sentences()[0].Link.ID != "payments-slow" {
		t.Fatalf("the order is %s, %s; the first number is of %s", s.order[0].ID, s.order[1].ID, s.leading().ID)
	}
	tiles := s.figures()
	notes := func(f page.Figure) (text string) {
		for _, n := range f.Notes {
			text += n.Text + "\n"
		}
		return text
	}
	if got := tiles[0]; got.Value != "33.3%" || !strings.Contains(notes(got), "Payments slow") || !strings.Contains(notes(got), "largest: 100.0% of checkout, Search hangs") {
		t.Errorf("%+v", got)
	}
	if got := tiles[1]; got.Value != "160,000 EUR" || !strings.Contains(notes(got), "480,000 EUR, Search hangs") {
		t.Errorf("%+v", got)
	}
	if got := tiles[3]; got.Value != "1 of 2" || !strings.Contains(notes(got), "customers are charged twice (7 times) in 2 experiments") {
		t.Errorf("%+v", got)
	}
}

// Where the worst experiment broke an invariant and harmed nobody, the number is the largest
// one, and says whose it is.
func TestAHarmlessBreachDoesNotHideTheLargestBlastRadius(t *testing.T) {
	t.Parallel()
	r := chargedTwice()
	e := &r.Experiments[1]
	e.BlastRadius.Low, e.Journeys[0].BlastRadius.Low = -0.01, -0.01
	s := summarize(r)
	if got := s.blastFigure(); s.order[0].ID != "payments-slow" || got.Value != "100.0%" || !strings.Contains(got.Notes[0].Text, "under Search hangs;") {
		t.Errorf("first %s, %+v", s.order[0].ID, got)
	}
}

// A run says since when it is so, as far as the runs before it tell.
func TestSinceWhen(t *testing.T) {
	t.Parallel()
	at := func(day int) time.Time { return time.Date(2026, 11, day, 10, 0, 0, 0, time.UTC) }
	for want, tt := range map[string]struct {
		now  result.Verdict
		past *result.Past
	}{
		"": {result.Refuted, nil},
		"refuted since 20 Nov 2026, 10:00 UTC with build a, held before that": {result.Refuted, &result.Past{Verdict: result.Refuted, Last: at(28), Since: at(20), SinceCommit: "a", Before: result.Held}},
		"held since 20 Nov 2026, 10:00 UTC":                                   {result.Held, &result.Past{Verdict: result.Held, Last: at(28), Since: at(20)}},
		"new: it still held on 28 Nov 2026, 10:00 UTC with build b":           {result.Refuted, &result.Past{Verdict: result.Held, Last: at(28), LastCommit: "b", Since: at(20)}},
		"repaired: it was still refuted on 28 Nov 2026, 10:00 UTC":            {result.Held, &result.Past{Verdict: result.Refuted, Last: at(28), Since: at(20)}},
	} {
		if got := since(&result.Experiment{Verdict: tt.now, Past: tt.past}); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := since(&result.Experiment{Verdict: result.Invalid, Past: &result.Past{Verdict: result.Held}}); got != "" {
		t.Errorf("an invalid one: %q", got)
	}
}

// kinds are the heads of the columns; those without a test in brackets.
func kinds(m *matrix) string {
	var list []string
	for _, k := range m.Kinds {
		if k.Idle {
			k.Name = "(" + k.Name + ")"
		}
		list = append(list, k.Name)
	}
	return strings.Join(list, ", ")
}

// Every dependency has every usual way to fail; what was not run was not tested, and rows
// without a test are folded.
func TestTheMatrixSaysWhatIsCovered(t *testing.T) {
	t.Parallel()
	r := chargedTwice()
	r.Experiments = append(r.Experiments,
		result.Experiment{ID: "carts-slow", Verdict: result.Invalid, Faults: []result.Fault{{Into: "payments", Inject: "down"}}},
		result.Experiment{ID: "mail-down", Verdict: result.NotRun, Faults: []result.Fault{{Into: "mail", Inject: "down"}}},
		result.Experiment{ID: "two", Verdict: result.Held, Faults: []result.Fault{{Into: "mail", Inject: "down"}, {Into: "carts", Inject: "down"}}})
	s := summarize(r)
	if got := s.coverage(); got != "3 of 30 dependency × fault pairs have a valid measurement" {
		t.Errorf("%q", got)
	}
	m := newMatrix(s)
	if kinds(m) != "hangs, refuses, slow, (errors), (fails after the work), (resets)" || m.Left != 1 {
		t.Errorf("%s, %d left", kinds(m), m.Left)
	}
	if strings.Join(m.Untested, ", ") != "carts, stock" || len(m.Rows) != 3 {
		t.Errorf("untested %q, %d rows", m.Untested, len(m.Rows))
	}
	after := result.Fault{Into: "search", Inject: "http_error", Attributes: map[string]any{"when": "after"}}
	config := result.Fault{Into: "search", Inject: "http_config"}
	unknown := result.Fault{Into: "search", Inject: "of_tomorrow"}
	for i, f := range []result.Fault{after, config, unknown} {
		r.Experiments[i].Faults = []result.Fault{f}
	}
	m = newMatrix(summarize(r))
	if got := kinds(m); got != "(hangs), refuses, (slow), (errors), fails after the work, (resets), bad config, of_tomorrow" || len(m.Rows[2].Cells[4].List) != 1 {
		t.Errorf("%q", got)
	}
}

// The causes of the first screen are those of the whole journey: they add up to the harm
// beside them, and name the step where there is one.
func TestCausesAddUp(t *testing.T) {
	t.Parallel()
	r := chargedTwice()
	e := &r.Experiments[0]
	cause := func(step, class, key string, n int) result.Cause {
		return result.Cause{Step: step, Class: class, Key: key, Fault: result.CauseCounts{Fault: n}}
	}
	e.Journeys[0].Causes = []result.Cause{cause("pay", "status", "502", 500), cause("cart", "timeout", "", 300), cause("pay", "timeout", "", 200)}
	if got := topCause(e); got != "502 Bad Gateway 500 of 1,000; timed out 500" && got != "timed out 500 of 1,000; 502 Bad Gateway 500" {
		t.Errorf("%q", got)
	}
	e.Journeys[0].Causes = e.Journeys[0].Causes[:1]
	if got := topCause(e); got != "pay: 502 Bad Gateway 500 of 1,000" {
		t.Errorf("%q", got)
	}
}

// What surprises about a kind of fault is no caveat of the run, and a warning about all
// experiments names none.
func TestCaveatsAreOfThisRun(t *testing.T) {
	t.Parallel()
	r := chargedTwice()
	for i := range r.Experiments {
		r.Experiments[i].Warnings = []string{"the control is shared"}
		r.Experiments[i].Faults[0].Caveats = []string{"it surprises"}
	}
	list := summarize(r).caveats()
	if len(list) != 1 || len(list[0].of) != 0 {
		t.Errorf("%+v", list)
	}
	e := newExperiment(summarize(r), &r.Experiments[0])
	if got := e.FaultCaveats(); len(got) != 1 || got[0] != "timeout: it surprises" {
		t.Errorf("%q", got)
	}
}

// That every fault stayed within its limit is said only where every one was injected.
func TestWhatWasNotRunStayedNowhere(t *testing.T) {
	t.Parallel()
	lead := func(verdicts ...result.Verdict) string {
		r := chargedTwice()
		for i, v := range verdicts {
			r.Experiments[i].Verdict = v
		}
		return summarize(r).sentences()[0].Before
	}
	all := lead(result.Held, result.Held, result.Held)
	if some := lead(result.Held, result.NotRun, result.NotRun); some == all || !strings.Contains(some, "injected") || strings.Contains(all, "injected") {
		t.Errorf("%q where one was run, and %q where all were", some, all)
	}
}

// An invariant that counts breaks so many times, and one that sums by so much.
func TestHowOftenAnInvariantBroke(t *testing.T) {
	t.Parallel()
	for n, want := range map[float64]string{1: "once", 2: "2 times", 12345: "12,345 times", 12.5: "by 12.5", 12345.678: "by 12,345.68"} {
		if got := broke(&result.Invariant{Name: "a", Before: new(0.0), After: new(n)}); !strings.HasSuffix(got, " "+want) {
			t.Errorf("%g: %q, want %q", n, got, want)
		}
	}
}

// Of many alerts that failed the first sentence names one: there is a list of them all.
func TestTheFirstSentenceNamesOneAlert(t *testing.T) {
	t.Parallel()
	r := chargedTwice()
	e := &r.Experiments[0]
	for _, name := range []string{"First", "Second", "Third"} {
		e.Alerts = append(e.Alerts, result.Alert{Alert: name, Name: name})
		e.Criteria = append(e.Criteria, result.Criterion{Kind: result.AlertCriterion, Subject: name, Verdict: result.Refuted, Code: result.ReasonAlertMissing, Detail: "the alert " + name + " did not fire"})
	}
	got := summarize(r).consequences(e)
	if !strings.Contains(got, "First") || strings.Contains(got, "Second") || strings.Contains(got, "Third") || !strings.Contains(got, "2 ") {
		t.Errorf("%q", got)
	}
}

// A run that nobody is known to have stopped was stopped by nobody, in every format.
func TestInterruptedByNobodyKnown(t *testing.T) {
	t.Parallel()
	r := chargedTwice()
	r.Run.Outcome = result.Interrupted
	for name, write := range map[string]func(io.Writer, *result.Result) error{
		"text":     func(w io.Writer, r *result.Result) error { return WriteText(w, r, terminal.Options{Width: 100}) },
		"markdown": func(w io.Writer, r *result.Result) error { return WriteMarkdown(w, r) },
		"page":     func(w io.Writer, r *result.Result) error { return WriteHTML(w, r, page.Options{}) },
	} {
		var out bytes.Buffer
		if err := write(&out, r); err != nil {
			t.Fatal(err)
		}
		if text := out.String(); strings.Contains(text, "SIG") || !strings.Contains(text, "was interrupted") {
			t.Errorf("%s does not say so, or names a signal", name)
		}
	}
}
