package report

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/history"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/terminal"
)

// years is an index of so many runs of eight experiments, one a day, some of
// which went wrong.
func years(runs int) *history.Index {
	start := time.Date(2026, 1, 1, 3, 0, 0, 0, time.UTC)
	entries := []history.Entry{{Name: "photos", Problem: "not a run of blastgauge", Foreign: true}, {Name: "20260105t030000z-torn00", Problem: "its result.json is broken: unexpected end of JSON input"}}
	for n := range runs {
		at := start.AddDate(0, 0, n)
		r := &history.Run{
			ID: at.Format("20060102t150405z") + fmt.Sprintf("-%06x", n*7919), Started: at, Ended: at.Add(40 * time.Minute), Outcome: result.Completed,
			Commit: fmt.Sprintf("%040x", n*104729), System: "checkout", Environment: "staging-eu", Version: "1.0",
		}
		for k := range 8 {
			e := history.Experiment{ID: fmt.Sprintf("experiment-%d", k), Title: fmt.Sprintf("Dependency %d slow by 800 ms", k), Verdict: result.Held, Limit: 0.05, Digests: result.Digests{Faults: "f", Journeys: "j", Load: "l"}}
			v := 0.002 * float64((n*(k+3))%17)
			e.Radius = &history.Radius{Journey: "checkout", Estimate: v, Low: v - 0.01, High: v + 0.012, Control: result.ConcurrentControl}
			switch {
			case n%40 == 39 && k == 2:
				e.Verdict, e.Radius = result.Invalid, nil
			case n > runs/2 && k == 5:
				e.Verdict, e.Radius.Estimate, e.Radius.Low, e.Radius.High = result.Refuted, v+0.2, v+0.18, v+0.23
			}
			if n >= runs/2 {
				e.Digests.Journeys = "j2"
			}
			r.Experiments = append(r.Experiments, e)
		}
		entries = append(entries, history.Entry{Name: r.ID, Run: r})
	}
	return history.New(entries)
}

func renderIndex(t testing.TB, format string, o Options, newest int, x *history.Index) string {
	t.Helper()
	f, err := IndexFor(format, o, newest)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := f(&b, x); err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return b.String()
}

func TestIndexText(t *testing.T) {
	t.Parallel()
	golden(t, "index/days.txt", renderIndex(t, "text", Options{}, 6, years(12)))
	golden(t, "index/none.txt", renderIndex(t, "text", Options{}, 6, history.New(nil)))
	for _, o := range []Options{{}, {Width: 60}, {Width: 100}, {ASCII: true}} {
		for line := range strings.Lines(renderIndex(t, "text", o, 0, years(50))) {
			if n := terminal.Width(strings.TrimSuffix(line, "\n")); n > columns(o) {
				t.Errorf("%+v: %d columns: %q", o, n, line)
			}
		}
	}
}

func TestIndexFormats(t *testing.T) {
	t.Parallel()
	_, err := IndexFor("pdf", Options{}, 0)
	for _, name := range append(IndexFormats(), "pdf") {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v does not name %s", err, name)
		}
	}
	for _, name := range IndexFormats() {
		f, err := IndexFor(name, Options{}, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := f(full{}, years(3)); !errors.Is(err, errFull) {
			t.Errorf("%s: error %v, want %v", name, err, errFull)
		}
	}
}

// Hundreds of runs make a page that still can be mailed.
func TestIndexSize(t *testing.T) {
	t.Parallel()
	x := years(500)
	if size := len(renderIndex(t, "html", Options{}, 0, x)); size > 1<<20 {
		t.Errorf("the page of 500 runs has %d KB, want at most 1,024", size>>10)
	}
}
