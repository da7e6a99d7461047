package trends

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/history"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/terminal"
)

// indexOf has a run for each verdict, an hour apart on one day, with n experiments alike.
func indexOf(n int, verdicts ...result.Verdict) *history.Index {
	var entries []history.Entry
	for i, v := range verdicts {
		r := &history.Run{ID: fmt.Sprintf("r%d", i), System: "shop", Outcome: result.Completed, Started: time.Date(2026, 11, 28, 9+i, 5, 0, 0, time.UTC)}
		for k := range n {
			e := history.Experiment{ID: fmt.Sprintf("e%d", k), Title: fmt.Sprintf("Title %d", k), Verdict: v, Limit: 0.05}
			if v == result.Refuted || v == result.Held {
				e.Radius = &history.Radius{Journey: "buy", Estimate: 1, Low: 0.9, High: 1}
			}
			r.Experiments = append(r.Experiments, e)
		}
		entries = append(entries, history.Entry{Run: r})
	}
	return history.New(entries)
}

// What a hypothesis is known to be comes from the runs that tested it.
func TestRunsThatTestedNothingAreNotThePast(t *testing.T) {
	t.Parallel()
	const h, r, i, n = result.Held, result.Refuted, result.Inconclusive, result.NotRun
	for _, tt := range []struct {
		verdicts []result.Verdict
		now      result.Verdict
		before   string // empty: the verdict never changed
		others   string // how many runs did not test it; empty: none
	}{
		{[]result.Verdict{r, i, n, r}, r, "inconclusive before", "1 other run"},
		{[]result.Verdict{r, n, r}, r, "", "1 other run"},
		{[]result.Verdict{h, r, n, n}, r, "held before", "2 other runs"},
		{[]result.Verdict{h, r}, r, "held before", ""},
		{[]result.Verdict{n, n}, n, "", ""},
	} {
		d := newDocument(indexOf(1, tt.verdicts...))
		since := d.Trends[0].Since()
		if d.Trends[0].Now().Verdict != tt.now || !strings.Contains(since, tt.before) || (tt.before == "") == strings.Contains(since, " before") {
			t.Errorf("%v: %s", tt.verdicts, since)
		}
		if tt.others == "" && strings.Contains(since, "other") || !strings.Contains(since, tt.others) {
			t.Errorf("%v: %s, want %q", tt.verdicts, since, tt.others)
		}
		if refuted := strings.Contains(d.Headline(), "refuted"); refuted != (tt.now == r) {
			t.Errorf("%v: %s", tt.verdicts, d.Headline())
		}
	}
}

// The page names all that its headline counts, tells the runs of one day apart, and
// draws a mark at the end of the scale whole.
func TestPageOfOneDay(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := WriteHTML(&b, indexOf(7, result.Held, result.Refuted), "", page.Options{}); err != nil {
		t.Fatal(err)
	}
	hero, _, _ := strings.Cut(b.String(), `id="_trends"`)
	_, hero, _ = strings.Cut(hero, `<h1>`)
	for k := range 7 {
		if !strings.Contains(hero, fmt.Sprintf(">Title %d</a>", k)) {
			t.Errorf("the head does not name title %d", k)
		}
	}
	for _, at := range []string{"09:05", "10:05"} {
		if !regexp.MustCompile(`<text [^>]*>` + at).MatchString(b.String()) {
			t.Errorf("no label has the time %s", at)
		}
	}
	marks := regexp.MustCompile(`M[0-9.]+,([0-9.]+)h0`).FindAllStringSubmatch(b.String(), -1)
	if len(marks) != 14 {
		t.Fatalf("%d marks, want 14", len(marks))
	}
	for _, m := range marks {
		if y, err := strconv.ParseFloat(m[1], 64); err != nil || y < 2.5 || y > trendPlot-2.5 { // half of the largest
			t.Errorf("a mark at %s is cut off", m[1])
		}
	}
}

// The text explains the marks that it has, and no others.
func TestTextExplainsItsMarks(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		verdicts []result.Verdict
		want     string
	}{
		{[]result.Verdict{result.Refuted, result.Refuted}, ""},
		{[]result.Verdict{result.Refuted, result.NotRun}, "–"},
		{[]result.Verdict{result.Invalid, result.NotRun}, "–!"},
	} {
		var b bytes.Buffer
		if err := WriteText(&b, indexOf(1, tt.verdicts...), 0, terminal.Options{Width: 100}); err != nil {
			t.Fatal(err)
		}
		for _, m := range marks() {
			if want := strings.Contains(tt.want, m.sign); strings.Contains(b.String(), m.means) != want {
				t.Errorf("%v: %s explained: %v, want %v:\n%s", tt.verdicts, m.sign, !want, want, &b)
			}
		}
	}
}
