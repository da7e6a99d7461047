package live

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// body is what an answer says.
func body(t *testing.T, r *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// While a game day waits, its operator decides on the page: about the experiment that the
// page has shown.
func TestDecideOnThePage(t *testing.T) {
	t.Parallel()
	s, told := serve(t, Options{}), &orders{}
	p := aPlan()
	id := p.Experiments[0].ID
	p.GameDay = &plan.GameDay{Name: "november", Items: []plan.GameDayItem{{Experiment: id, Owner: "ann", Expect: experiments.ExpectHeld, Question: "Who notices <first>?"}}}
	view := s.runs[0].begin(p)
	s.Control(0, told)
	operator, observer := "?t="+s.operator, "?t="+s.observer
	hidden := `name="experiment" value="` + id + `"`
	if text := body(t, call(s, get(s, "/decide"+operator))); strings.Contains(text, hidden) {
		t.Errorf("before it waits the form is about something:\n%s", text)
	}
	view.Record(journal.Event{Seq: 1, Kind: journal.RunStarted, Plan: p})
	view.Record(journal.Event{Seq: 2, Kind: journal.Waiting, Experiment: id})
	for _, page := range []string{"/", "/decide"} {
		if text := body(t, call(s, get(s, page+operator))); !strings.Contains(text, hidden) {
			t.Errorf("%s does not say what it waits for:\n%s", page, text)
		}
	}
	if text := body(t, call(s, get(s, "/"+observer))); !strings.Contains(text, "Who notices &lt;first&gt;?") || strings.Contains(text, "/decide") {
		t.Errorf("the observer's page:\n%s", text)
	}
	form := url.Values{"name": {"ann"}, "decision": {"skip"}, "experiment": {id}, "text": {"no time"}}
	for name, c := range map[string]struct {
		r    *http.Request
		want int
	}{
		"an observer": {post(s, "/decide"+observer, form), http.StatusForbidden},
		"nobody":      {post(s, "/decide"+operator, url.Values{"decision": {"skip"}}), http.StatusBadRequest},
		"by a link":   {get(s, "/decide"+observer), http.StatusForbidden},
	} {
		if got := call(s, c.r).StatusCode; got != c.want || told.all() != "" {
			t.Errorf("%s: status %d, told %q", name, got, told.all())
		}
	}
	if got := call(s, post(s, "/decide"+operator, form)).StatusCode; got != http.StatusSeeOther || told.all() != "skip "+id+" by ann: no time" {
		t.Errorf("status %d, told %q", got, told.all())
	}
	view.Record(journal.Event{Seq: 3, Kind: journal.Decided, Experiment: id, Decision: journal.Skip, Author: "ann"})
	if text := body(t, call(s, get(s, "/"+operator))); strings.Contains(text, hidden) {
		t.Errorf("once it is decided the page still asks:\n%s", text)
	}
}
