package report

import (
	"context"
	"encoding/xml"
	"fmt"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/compare"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/scan"
	"github.com/blastgauge/blastgauge/report/encode"
	"github.com/blastgauge/blastgauge/report/words"
)

// Every format of a result is one of a scan as well: which it is, nobody asks before.
func TestScansHaveEveryFormat(t *testing.T) {
	t.Parallel()
	scans := scanFormats(Options{})
	for _, name := range Formats() {
		if scans[name] == nil {
			t.Errorf("a scan has no format %s", name)
		}
	}
	if len(scans) != len(Formats()) {
		t.Errorf("%d formats of a scan, %d of a result", len(scans), len(Formats()))
	}
}

// A case fails where its cell is weak, passes where there is another answer, and is skipped
// with a reason where there is none.
func TestScanJUnitFailsWhereWeak(t *testing.T) {
	t.Parallel()
	for _, name := range scanFixtures(t) {
		m := load(t, name).Scan
		var got encode.JUnit
		if err := xml.Unmarshal([]byte(render(t, "junit", Options{}, load(t, name))), &got); err != nil {
			t.Fatal(err)
		}
		for i := range m.Dependencies {
			d, s := &m.Dependencies[i], got.Suites[i]
			for k := range d.Cells {
				c := s.Cases[k]
				is := map[bool]string{c.Failure != nil: "Failure", c.Skipped != nil: "Skipped"}[true]
				if want := caseOf(m, d, &d.Cells[k]); is != want {
					t.Errorf("%s: %s is %q, want %q", name, c.Name, is, want)
				}
				if c.Skipped != nil && c.Skipped.Message == "" {
					t.Errorf("%s: %s does not say why it is skipped", name, c.Name)
				}
			}
		}
		if failures := got.Failures > 0; failures != m.Weaknesses() {
			t.Errorf("%s: %d failures, and weaknesses: %t", name, got.Failures, m.Weaknesses())
		}
	}
}

// No report of a map claims an answer for what has none.
func TestScanSaysWhatIsNotKnown(t *testing.T) {
	t.Parallel()
	for _, name := range scanFixtures(t) {
		r := load(t, name)
		counts := map[scan.Verdict]int{}
		for _, d := range r.Scan.Dependencies {
			for _, c := range d.Cells {
				counts[c.Verdict]++
			}
		}
		for _, format := range []string{"text", "md", "html"} {
			out := strings.Join(strings.Fields(render(t, format, Options{}, r)), " ")
			for v, n := range counts {
				if want := fmt.Sprintf("%d %s", n, words.CellVerdict(v)); !strings.Contains(out, want) {
					t.Errorf("%s of %s does not say %q", format, name, want)
				}
			}
		}
	}
	r := load(t, "scan_hardened")
	r.Scan.Dependencies[0].Cells[1].Verdict = scan.NotReached
	text := render(t, "text", Options{}, r)
	if strings.HasPrefix(text, "No dependency behaves worse") || !strings.Contains(text, "1 of 60 cells is not known") {
		t.Errorf("the answer claims more than the map: %.120s", text)
	}
}

// A p99 that callers did not wait for is told as a bound, and one that is too short to be
// timed is not told.
func TestTheP99OfADependency(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		p99     float64
		atLeast bool
		text    string
		chart   string
	}{{0.4, false, "its own p99 is 400 ms", "own p99, 400 ms"}, {0.4, true, "its own p99 is at least 400 ms", "own p99, ≥ 400 ms"}, {0, false, "", ""}} {
		r := load(t, "scan")
		for i := range r.Scan.Dependencies {
			if b := r.Scan.Dependencies[i].BreakingPoint; b != nil {
				b.P99, b.P99AtLeast = &test.p99, test.atLeast
			}
		}
		text, page := render(t, "text", Options{}, r), render(t, "html", Options{}, r)
		text = strings.Join(strings.Fields(text), " ")
		if test.text == "" && (strings.Contains(text, "own p99") || strings.Contains(page, "own p99")) || !strings.Contains(text, test.text) || !strings.Contains(page, test.chart) {
			t.Errorf("%v, only a bound: %v: %s", test.p99, test.atLeast, text)
		}
	}
}

// A scan that ended before anything was tried has a report, whatever the map lacks.
func TestScanWithoutCells(t *testing.T) {
	t.Parallel()
	r := load(t, "scan_oneroute")
	for _, m := range []*scan.Map{{}, {Ended: words.ScanDied, Dependencies: []scan.Dependency{{Name: "mail", Cells: []scan.Cell{{}}, BreakingPoint: &scan.BreakingPoint{}}}, Findings: []scan.Finding{{Code: "later"}}, Pairs: []scan.Cell{{}}, Pools: []scan.Cell{{}}}} {
		r.Scan = m
		for _, format := range Formats() {
			out := render(t, format, Options{}, r)
			if format == "html" {
				wellFormed(t, "empty scan", out)
			}
			if (format == "text" || format == "md" || format == "github") && !strings.Contains(out, "no cell was decided") {
				t.Errorf("%s does not say that nothing is known: %.200s", format, out)
			}
		}
	}
}

// A fault that may be in force comes first, and how to undo it is said.
func TestScanSaysThatAFaultIsLeft(t *testing.T) {
	t.Parallel()
	r := load(t, "scan_interrupted")
	r.Run.ExitCode = result.ExitNotRemoved
	r.ScanFaults = []result.ScanFault{{Name: "blastgauge.x.7", Dependency: "mail", Inject: "down", Times: 1}, {Name: "blastgauge.x.8", RemovalVerified: true}}
	for _, format := range []string{"text", "md", "html"} {
		if out := render(t, format, Options{}, r); !strings.Contains(out, "blastgauge.x.7") || strings.Contains(bare(out), "blastgauge.x.8") {
			t.Errorf("%s does not name the fault that is left, and no other", format)
		}
	}
	for _, format := range []string{"text", "md", "html", "github"} {
		if out := render(t, format, Options{}, r); !strings.Contains(out, "blastgauge recover DIR") {
			t.Errorf("%s does not say how to undo it", format)
		}
	}
	if text := render(t, "text", Options{}, r); !strings.HasPrefix(text, "Fault not removed: ") {
		t.Errorf("the text begins with %.60q", text)
	}
}

// A case of a comparison of scans fails where its cell regressed, and is skipped where that
// is not known.
func TestComparedScansFailWhereTheyRegressed(t *testing.T) {
	t.Parallel()
	for name, c := range comparisonFixtures(t) {
		if c.Scan == nil {
			continue
		}
		var got encode.JUnit
		if err := xml.Unmarshal([]byte(renderCompare(t, "junit", Options{}, c)), &got); err != nil {
			t.Fatal(err)
		}
		skipped := 0
		for _, s := range got.Suites {
			skipped += s.Skipped
		}
		n := c.Scan.Counts
		if got.Failures != n[compare.Regressed] || skipped != n[compare.Uncertain]+n[compare.NotComparable] || got.Tests != len(c.Scan.Cells)+len(c.Scan.BreakingPoints) {
			t.Errorf("%s: %d failures and %d skipped of %d, want %v", name, got.Failures, skipped, got.Tests, n)
		}
	}
}

// checkScanPolicy checks that the page of a scan can be read where styles and scripts are
// blocked.
func checkScanPolicy(t *testing.T, browser context.Context) {
	tab := serve(t, browser, render(t, "html", Options{}, load(t, "scan")))
	text := eval[string](t, tab, `document.body.textContent`)
	for _, want := range []string{"× harmful", "? undecided", "– not reached", "only from 0.86 to 2.3 s", "95.2%", "behaves hard"} {
		if !strings.Contains(text, want) {
			t.Errorf("without styles and scripts the page does not say %q", want)
		}
	}
	for selector, color := range map[string]string{".levels .iv.bad": "rgb(180, 35, 24)", ".levels .iv.ok": "rgb(26, 112, 70)"} {
		if got := eval[string](t, tab, fmt.Sprintf(`getComputedStyle(document.querySelector(%q)).stroke`, selector)); got != color {
			t.Errorf("%s is drawn in %s, want %s", selector, got, color)
		}
	}
}
