package report

import (
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/blastgauge/blastgauge/experiments/gate/bypass"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/history"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// head is what a history keeps of a fixture.
func head(t testing.TB, name string) history.Run {
	t.Helper()
	text := []byte(render(t, "json", Options{}, load(t, name)))
	dir := t.TempDir()
	if err := os.CopyFS(dir, fstest.MapFS{name + "/result.json": {Data: text}}); err != nil {
		t.Fatal(err)
	}
	runs, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = runs.Close() }() // it was only read
	entries, err := history.Scan(runs)
	if err != nil || len(entries) != 1 || entries[0].Run == nil {
		t.Fatalf("%s: %+v, %v", name, entries, err)
	}
	return *entries[0].Run
}

// kept is a directory with n runs of the suite, one each six hours: harm drifts,
// in the last tenth an experiment gets worse, in the middle another one is
// changed, and now and then one is void.
func kept(t testing.TB, n int) *history.Index {
	t.Helper()
	suite := head(t, "suite")
	entries := []history.Entry{{Name: "lost+found", Problem: "not a run of blastgauge", Foreign: true}}
	for i := range n {
		r := suite
		r.Started = time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(i) * 6 * time.Hour)
		r.ID = r.Started.Format("20060102t150405z") + fmt.Sprintf("-%06x", i)
		r.Commit = fmt.Sprintf("%010x", 0x4b5e9a2c1d+i/3)
		r.Experiments = slices.Clone(r.Experiments)
		for j := range r.Experiments {
			aged(&r.Experiments[j], i, n)
		}
		entries = append(entries, history.Entry{Name: r.ID, Run: &r})
	}
	return history.New(entries)
}

// bypassed adds to an index the changes that somebody let pass, one of them hostile, and a line
// that cannot be read.
func bypassed(x *history.Index) *history.Index {
	at := time.Date(2026, 7, 2, 3, 0, 0, 0, time.UTC)
	x.Bypasses = []bypass.Entry{
		{By: "ada", Reason: "the shop is down, and the old settings are what broke it", At: at, Environment: "staging-eu", Subject: statement.OfFile("settings/next.json", []byte("{}"))},
		{By: "<b>eve</b>\x1b[2J", Reason: "::error::x ##[error]y <script>", At: at.Add(time.Hour), Subject: statement.OfFile("</td>\n::error::z", []byte("[]"))},
	}
	x.Unread = []bypass.Problem{{Line: 3, Why: "it is not what it should be: byte 1"}}
	return x
}

// Every format tells who let a change pass, and a line that hides it.
func TestIndexTellsBypasses(t *testing.T) {
	t.Parallel()
	x := bypassed(kept(t, 2))
	for _, name := range IndexFormats() {
		text := renderIndex(t, name, Options{}, 1, x)
		for _, want := range []string{"ada", "settings/next.json", "it is not what it should be"} {
			if name != "text" && !strings.Contains(text, want) {
				t.Errorf("%s does not say %q", name, want)
			}
		}
	}
	golden(t, "index/bypassed.txt", renderIndex(t, "text", Options{}, 1, x))
	page := renderIndex(t, "html", Options{}, 0, x)
	if strings.Contains(page, "<b>eve") || strings.Contains(page, "<script>x") || strings.Contains(page, "\x1b") {
		t.Error("the page obeys what somebody wrote")
	}
	wellFormed(t, "index", page)
}

func aged(e *history.Experiment, i, n int) {
	by := 0.006 * math.Sin(float64(i)*1.7+float64(len(e.ID)))
	switch {
	case e.ID == "inventory-latency-800ms" && i*10 >= n*9:
		by += 0.08
		e.Verdict = result.Refuted
	case e.ID == "recommendations-down" && i%17 == 5:
		e.Verdict, e.Radius = result.Invalid, nil
	case e.ID == "pricing-bad-config" && i*2 < n:
		e.Digests.Faults, e.Limit = "sha256:before", 0.1
	}
	if r := e.Radius; r != nil {
		e.Radius = &history.Radius{Journey: r.Journey, Estimate: r.Estimate + by, Low: r.Low + by, High: r.High + by, Control: r.Control}
	}
}

func TestIndexPageGolden(t *testing.T) {
	t.Parallel()
	golden(t, "index/page.html", bare(renderIndex(t, "html", Options{}, 0, kept(t, 5))))
	golden(t, "index/empty.html", bare(renderIndex(t, "html", Options{}, 0, history.New(nil))))
}

func TestIndexPageSaysWhatChanged(t *testing.T) {
	t.Parallel()
	page := regexp.MustCompile(`(20\d\d), \d\d:\d\d`).ReplaceAllString(renderIndex(t, "html", Options{}, 0, kept(t, 40)), "$1, HH:MM")
	for _, want := range []string{
		"4 of 7 hypotheses refuted when last tested", "Inventory slow by 800 ms</a>: refuted since 10 Jul 2026, HH:MM (4b5e9a2c29), 4 runs; held before",
		"40 runs, 1 Jul 2026, HH:MM to 10 Jul 2026, HH:MM UTC", "1 directory</b> cannot be shown as a run", "not a run of blastgauge", "other faults than before",
	} {
		if !strings.Contains(strings.ReplaceAll(page, "&#43;", "+"), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if n := strings.Count(page, `<line class="ev"`); n != 1 {
		t.Errorf("%d lines where an experiment became another one, want 1", n)
	}
}

// However many runs there are, the page says how many it left out of its charts.
func TestIndexPageDrawsTheNewest(t *testing.T) {
	t.Parallel()
	if page := renderIndex(t, "html", Options{}, 0, kept(t, 100)); strings.Contains(page, "in the table only") {
		t.Error("100 runs of 7 experiments are not drawn")
	}
	page := renderIndex(t, "html", Options{}, 0, kept(t, 900))
	if !strings.Contains(page, "The oldest 43 runs are in the table only") {
		t.Errorf("900 runs of 7 experiments: %.500s", page[strings.Index(page, "A column for each run"):])
	}
}

// Runs lead to their reports, where the page knows where those are.
func TestIndexPageLeadsToReports(t *testing.T) {
	t.Parallel()
	x := kept(t, 1)
	for dir, want := range map[string]string{
		"a b/javascript:c": "./a%20b/javascript:c", "50%": "./50%25", "a%20b": "./a%2520b", "a?b#c": "./a%3Fb%23c", `a\b"c`: "./a%5Cb%22c", "a\nb": "./a%0Ab", "12:30": "./12:30",
	} {
		x.Runs[0].Dir = dir
		if page, link := renderIndex(t, "html", Options{Runs: "."}, 0, x), `<a href="`+want+`/report.html">`; !strings.Contains(page, link) {
			t.Errorf("%q: no link %s", dir, link)
		}
	}
	if page := renderIndex(t, "html", Options{}, 0, x); strings.Contains(page, "report.html") {
		t.Error("a page that does not know where runs are has a link to one")
	}
}

// Whatever stands in a result or in a directory's name stays text.
func TestIndexPageIsInert(t *testing.T) {
	t.Parallel()
	suite, attack := head(t, "suite"), load(t, "hostile").Experiments[0].Hypothesis
	hostile := onCopy(t, &suite, func(s string) string { return attack + s })
	page := renderIndex(t, "html", Options{}, 0, history.New([]history.Entry{{Name: "a", Run: hostile}, {Name: "\x1b[31m<img src=x onerror=alert(1)>", Problem: "<script>alert(1)</script>"}}))
	wellFormed(t, "index", page)
	body := page[strings.Index(page, "</style>"):]
	for _, attack := range []string{"<img", "<script>alert", "<script>doc", "\x1b"} {
		if strings.Contains(body, attack) {
			t.Errorf("the page holds %q", attack)
		}
	}
	if n := strings.Count(page, "<script"); n != 1 {
		t.Errorf("the page has %d scripts, want ours alone", n)
	}
}
