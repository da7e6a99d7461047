package report

import (
	"context"
	"encoding/xml"
	"fmt"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/compare"
	"github.com/blastgauge/blastgauge/experiments/plan"
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

// junitOf is the JUnit file of a result as a reader has it.
func junitOf(t *testing.T, r *result.Result) (got encode.JUnit) {
	t.Helper()
	if err := xml.Unmarshal([]byte(render(t, "junit", Options{}, r)), &got); err != nil {
		t.Fatal(err)
	}
	return got
}

// Harm that stands alone but not among all cells is neither a failure nor a pass, and the
// answer of every report says that it is open.
func TestScanHarmThatMayBeChance(t *testing.T) {
	t.Parallel()
	for declared, want := range map[string]bool{"hard": false, "soft": true, "": true} {
		r := load(t, "scan_hardened")
		d := &r.Scan.Dependencies[0]
		d.Declared, d.Behaves, r.Scan.Findings = declared, "", nil
		for i := range d.Cells {
			d.Cells[i].Verdict, d.Cells[i].Significant, d.Cells[i].Broken = scan.Harmless, false, nil
		}
		d.Cells[0].Verdict = scan.Harmful
		c := junitOf(t, r).Suites[0].Cases[0]
		if skipped := c.Skipped != nil && strings.Contains(c.Skipped.Message, "chance"); skipped != want || c.Failure != nil {
			t.Errorf("declared %q: skipped %t, want %t; failure %v", declared, skipped, want, c.Failure)
		}
		for _, format := range []string{"text", "md", "html", "github"} {
			out := render(t, format, Options{}, r)
			if said := strings.Contains(strings.Join(strings.Fields(out), " "), "but 1 harmful cell may be chance"); said != want {
				t.Errorf("declared %q: the answer of %s says that it may be chance: %t, want %t", declared, format, said, want)
			}
		}
	}
}

// A breaking point that the scan did not find is open: the answer says so, and why.
func TestScanBreakingPointThatIsOpen(t *testing.T) {
	t.Parallel()
	r := load(t, "scan_hardened")
	b := r.Scan.Dependencies[0].BreakingPoint
	b.Kind, b.Edges, r.Scan.Ended = words.OpenBreak, []scan.Edge{{Low: 1, High: 3, Rises: true}}, "unhealthy"
	for _, format := range []string{"text", "md", "html", "github"} {
		out := strings.Join(strings.Fields(render(t, format, Options{}, r)), " ")
		for _, want := range []string{"No weakness was found, but 1 breaking point is not known", "between 1.0 and 3.0 s so far: the system did not come back"} {
			if !strings.Contains(out, want) {
				t.Errorf("%s does not say %q", format, want)
			}
		}
	}
}

// A scan that could not do its work is an error for a CI system, whatever its cells say.
func TestScanThatCouldNotWork(t *testing.T) {
	t.Parallel()
	for code, says := range map[int]string{result.ExitError: "the scan failed: no space left", result.ExitInvalid: "the system was not healthy before any fault", result.ExitNotRemoved: "blastgauge.x.7", result.ExitInconclusive: ""} {
		r := load(t, "scan_hardened")
		r.Run.ExitCode, r.Scan.Ended = code, "baseline_harmed"
		r.ScanFaults = []result.ScanFault{{Name: "blastgauge.x.7", Dependency: "mail", Inject: "down", Times: 1, RemovalVerified: code != result.ExitNotRemoved}}
		if code == result.ExitError {
			r.Run.Error, r.Run.Outcome = "no space left", result.FailedRun
		}
		got := junitOf(t, r)
		last := got.Suites[len(got.Suites)-1]
		if wrong := says != ""; (got.Errors == 1) != wrong || last.ID != "_scan" || wrong && !strings.Contains(last.Cases[0].Error.Text, says) {
			t.Errorf("exit %d: %d errors, %+v", code, got.Errors, last)
		}
		for _, format := range []string{"text", "md", "html", "github", "ndjson"} {
			if code == result.ExitNotRemoved || code == result.ExitError {
				if out := strings.ToLower(render(t, format, Options{}, r)); !strings.Contains(bare(out), strings.TrimPrefix(says, "the scan failed: ")) {
					t.Errorf("exit %d: %s does not say %q", code, format, says)
				}
			}
		}
	}
}

// Of more findings than are shown the reports say how many there are. Each of them fails its
// case, and is no more “as declared” than the first.
func TestScanShowsFiveFindingsAndKnowsAll(t *testing.T) {
	t.Parallel()
	r := load(t, "scan_hardened")
	r.Scan.Findings = nil
	for i := range 7 {
		d := &r.Scan.Dependencies[i]
		d.Declared, d.Cells[0].Verdict, d.Cells[0].Significant, d.Cells[0].Pooled, d.Cells[0].Number = "hard", scan.Harmful, true, false, 100+i
		r.Scan.Findings = append(r.Scan.Findings, scan.Finding{Code: scan.NoTimeout, Dependency: d.Name, Modes: []plan.FailureMode{plan.Hang}, Cells: []int{100 + i}, Journey: "checkout"})
	}
	got := junitOf(t, r)
	for i := range 7 {
		if c := got.Suites[i].Cases[0]; c.Failure == nil {
			t.Errorf("%s passes", c.Name)
		}
	}
	if got.Failures != 7 || strings.Count(render(t, "ndjson", Options{}, r), `"event":"finding"`) != 7 {
		t.Errorf("%d failures, want one for each of 7 findings", got.Failures)
	}
	for _, format := range []string{"text", "md", "html", "github"} {
		if out := strings.ToLower(render(t, format, Options{}, r)); !strings.Contains(out, "and 2 more") {
			t.Errorf("%s does not say that there are more", format)
		}
	}
}

// What a scan took over took no time in it, and is as weak as before.
func TestScanTakenOver(t *testing.T) {
	t.Parallel()
	r, before := load(t, "scan"), junitOf(t, load(t, "scan"))
	for i := range r.Scan.Dependencies {
		for k := range r.Scan.Dependencies[i].Cells {
			if c := &r.Scan.Dependencies[i].Cells[k]; c.Number > 0 && !c.Pooled {
				c.TakenOver, c.Number = true, 0
			}
		}
	}
	for i := range r.Scan.Findings {
		r.Scan.Findings[i].Cells = nil
	}
	after := junitOf(t, r)
	if after.Failures != before.Failures {
		t.Errorf("%d failures, %d before", after.Failures, before.Failures)
	}
	for i := range r.Scan.Dependencies {
		for k, c := range after.Suites[i].Cases {
			if (c.Failure == nil) != (before.Suites[i].Cases[k].Failure == nil) || r.Scan.Dependencies[i].BreakingPoint == nil && c.Time != "0.000" {
				t.Errorf("%s: failure %v, before %v, in %s s", c.Name, c.Failure, before.Suites[i].Cases[k].Failure, c.Time)
			}
		}
	}
	if text := render(t, "text", Options{}, r); !strings.Contains(text, "9 violations") {
		t.Error("the finding has lost what broke")
	}
}

// A dependency that stands in for another is called, though not without a fault.
func TestScanOfAFallbackThatNobodyCalls(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"text", "md", "html", "ndjson"} {
		if out := strings.Join(strings.Fields(render(t, format, Options{}, load(t, "scan"))), " "); !strings.Contains(out, "called only while search fails") {
			t.Errorf("%s does not say when stock-feed is called", format)
		}
	}
}

// What a pool alone shows fails a case and is told with all that failed in it.
func TestScanFindingOfAPool(t *testing.T) {
	t.Parallel()
	for _, code := range []scan.FindingCode{scan.BrokenInvariant, scan.NotBack} {
		r := load(t, "scan_hardened")
		p := &r.Scan.Pools[0]
		f := scan.Finding{Code: code, Dependency: p.Faults[0].Dependency, Modes: []plan.FailureMode{plan.Hang}, Cells: []int{p.Number}}
		for _, x := range p.Faults {
			f.Pool = append(f.Pool, x.Dependency)
		}
		if code == scan.BrokenInvariant {
			f.Invariant, p.Broken = "charged once", []scan.Broken{{Invariant: "charged once", Violations: 3}}
		}
		r.Scan.Findings = []scan.Finding{f}
		if got := junitOf(t, r); got.Failures != 1 || got.Suites[len(got.Suites)-2].Cases[0].Failure == nil {
			t.Errorf("%s: %d failures, want that of the pool", code, got.Failures)
		}
		if text := strings.Join(strings.Fields(render(t, "text", Options{}, r)), " "); !strings.Contains(text, f.Failing("and")) || strings.HasPrefix(text, "No ") {
			t.Errorf("%s: the text begins with %.200q", code, text)
		}
	}
}

// That nobody was harmed is no answer where nobody knows that anybody called.
func TestScanOfAServerThatDoesNotCount(t *testing.T) {
	t.Parallel()
	r := load(t, "scan_hardened")
	d := r.Scan.Dependency("pricing")
	d.Exercised, d.Behaves = nil, ""
	for i := range d.Cells {
		d.Cells[i].Faults[0].Met = nil
	}
	for _, s := range junitOf(t, r).Suites {
		for _, c := range s.Cases {
			if s.ID == "pricing" && c.Skipped == nil && !strings.HasSuffix(c.Name, "breaking point") {
				t.Errorf("%s passes", c.Name)
			}
		}
	}
	if text := render(t, "text", Options{}, r); !strings.Contains(strings.Join(strings.Fields(text), " "), "No weakness was found, but nobody knows whether journeys call 1 dependency") {
		t.Errorf("the text begins with %.120q", text)
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

// What to do about an early end stands where a reader looks for it, and not at the bottom alone.
func TestAScanWithoutFindingsSaysWhatToDo(t *testing.T) {
	t.Parallel()
	for code, said := range map[string]bool{"traffic_late": true, "baseline_harmed": true, "complete": false} {
		r := load(t, "scan_interrupted")
		r.Run.Outcome, r.Scan.Findings, r.Scan.Ended, r.Scan.Detail = result.Completed, nil, code, "the rate is beyond this machine"
		_, next, found := strings.Cut(render(t, "html", Options{}, r), "<h2>What to do next</h2>")
		next, _, _ = strings.Cut(next, "</div>")
		if !found || strings.Contains(next, "The rate is beyond this machine.") != said {
			t.Errorf("%s: %q", code, next)
		}
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
		if got.Failures != n[compare.Regressed] || skipped != n[compare.Uncertain]+n[compare.NotComparable] || got.Tests != len(c.Scan.Cells)+len(c.Scan.Pairs)+len(c.Scan.BreakingPoints) {
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

// The page of a scan has the command that scans again, as a shell reads it.
func TestScanAgain(t *testing.T) {
	t.Parallel()
	r := load(t, "scan_hardened")
	r.Documents = []result.Document{{File: "my shop.yaml", Text: "x"}, {File: result.SetDocument, Text: "y"}}
	r.Run.Seed = 7
	r.Run.Choices = result.Choices{
		Set: []string{"url=http://127.0.0.1:8080"}, Scan: []string{"payments", "--budget", "1m0s", "--no-pairs", "--;rm"}, Command: []string{"till", "no money"},
	}
	want := `blastgauge scan -f 'my shop.yaml' --set url=http://127.0.0.1:8080 payments --budget 1m0s --no-pairs '--;rm' --seed 7 -- till 'no money'`
	page := func() string {
		return strings.NewReplacer("&#39;", "'", "&#43;", "+").Replace(render(t, "html", Options{}, r))
	}
	if !strings.Contains(page(), `<pre class="copy">`+want+"</pre>") {
		t.Errorf("no %s", want)
	}
	r.Run.Choices.Demo = []string{"demo", "--scan", "--rate=20"}
	if want := `<pre class="copy">blastgauge demo --scan --rate=20 payments</pre>`; !strings.Contains(page(), want) {
		t.Errorf("no %s", want)
	}
}

// What a cell broke, or one before, is told of both.
func TestScanTellsWhatIsUnsettledOfBoth(t *testing.T) {
	t.Parallel()
	r := load(t, "scan_hardened")
	d := &r.Scan.Dependencies[0]
	c := &d.Cells[0]
	c.Verdict, c.Why, c.Pooled, c.Number = scan.Undecided, "cell_before", false, 900
	c.Unsettled = []scan.Broken{{Invariant: "charged once", Violations: 2, Or: []scan.Fault{{Dependency: "elsewhere", Mode: plan.Hang}}}}
	r.Scan.Findings = []scan.Finding{{Code: scan.BrokenInvariant, Dependency: d.Name, Invariant: "charged once", Or: []string{"elsewhere"}, Modes: []plan.FailureMode{c.Faults[0].Mode}, Cells: []int{900}}}
	for _, format := range Formats() {
		if out := strings.Join(strings.Fields(render(t, format, Options{}, r)), " "); !strings.Contains(out, "elsewhere") {
			t.Errorf("%s does not name what failed before", format)
		}
	}
}
