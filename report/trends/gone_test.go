package trends

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/history"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/terminal"
)

// What is gone is named, comes last, and is in no count; every moment has its time of day.
func TestGoneExperimentsAreNamedAndNotCounted(t *testing.T) {
	t.Parallel()
	run := func(id string, day int, list ...history.Experiment) history.Entry {
		return history.Entry{Run: &history.Run{ID: id, System: "shop", Outcome: result.Completed, Started: time.Date(2026, 11, day, 3, 7, 0, 0, time.UTC), Experiments: list}}
	}
	old := history.Experiment{ID: "mail-down", Title: "Mail down", Verdict: result.Refuted}
	kept := history.Experiment{ID: "payments-slow", Title: "Payments slow", Verdict: result.Held}
	x := history.New([]history.Entry{run("r1", 1, old, kept), run("r2", 2, kept), run("r3", 3, kept)})
	d := newDocument(x)
	if got := d.Headline(); got != "Every hypothesis held when it was last tested" {
		t.Errorf("headline %q", got)
	}
	if last := d.Trends[len(d.Trends)-1]; last.Experiment != "mail-down" || len(d.Refuted()) != 0 {
		t.Errorf("the last trend is %s, refuted are %d", last.Experiment, len(d.Refuted()))
	}
	var html, text bytes.Buffer
	if err := WriteHTML(&html, x, "", page.Options{}); err != nil {
		t.Fatal(err)
	}
	if err := WriteText(&text, x, 0, terminal.Options{Width: 100}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"gone since the run of 2 Nov 2026, 03:07", "3 runs, 1 Nov 2026, 03:07 to 3 Nov 2026, 03:07 UTC", ">1 Nov, 03:07<"} {
		if !strings.Contains(html.String(), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if want := "mail-down: gone since the run of 2 Nov 2026, 03:07"; !strings.Contains(text.String(), want) {
		t.Errorf("the text lacks %q:\n%s", want, text.String())
	}
}
