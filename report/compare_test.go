package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/blastgauge/blastgauge/experiments/compare"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/encode"
	"github.com/blastgauge/blastgauge/report/terminal"
)

// edited is a fixture as a later run of the same would have written it.
func edited(t testing.TB, name, id string, edit func(e *result.Experiment, r *result.Result)) compare.Input {
	t.Helper()
	r := load(t, name)
	if name == "suite" {
		r.System.Traffic = &result.Traffic{CheckoutsPerHour: 12_000, Value: 40, Currency: "EUR", Journey: "checkout"}
	}
	r.Run.ID, r.Run.Commit = id, "c"+id[max(0, len(id)-6):]
	for i := range r.Experiments {
		if edit != nil {
			edit(&r.Experiments[i], r)
		}
	}
	return compare.Input{Source: ".blastgauge/runs/" + id, Result: r}
}

// moved shifts the blast radius of the first journey.
func moved(e *result.Experiment, by float64) {
	if len(e.Journeys) == 0 {
		return
	}
	b := e.Journeys[0].BlastRadius
	b.Estimate, b.Low, b.High = b.Estimate+by, b.Low+by, b.High+by
}

// later is the suite after a change of time limits: better here, worse there.
func later(e *result.Experiment, r *result.Result) {
	switch e.ID {
	case "inventory-latency-800ms":
		moved(e, 0.045)
		e.Verdict = result.Inconclusive
	case "payments-latency-2s":
		moved(e, -0.214)
		repaired(e)
		e.Amplification[0].Factor, e.Amplification[0].Storm = 1, false
	case "pricing-bad-config":
		e.Digests.Faults, e.Faults[0].Description = "sha256:other", "http_config stale by 1 day"
		for i, d := range r.Documents {
			if d.File == e.File {
				r.Documents[i].Text = "version: 1\nexperiment: pricing-bad-config\nfaults:\n  - inject: http_config\n    into: pricing\n    expire: 1d\n"
			}
		}
	case "recommendations-down":
		e.Verdict, e.Reasons = result.Invalid, []string{"fault not exercised: down into recommendations: 0 of 2,871 dials were refused"}
	case "mail-down":
		e.Verdict = result.Held
		moved(e, -0.092)
	}
}

// stormy adds the calls that a gateway would have counted.
func stormy(e *result.Experiment, _ *result.Result) {
	e.Amplification = []result.Amplification{{Dependency: "payments", Unit: result.Calls, Fault: 3.1, Baseline: 1, Factor: 3.1, Low: 2.9, High: 3.3, Storm: e.ID == "payments-latency-2s"}}
}

// repaired makes every invariant of the experiment hold.
func repaired(e *result.Experiment) {
	for i := range e.Invariants {
		e.Invariants[i].After, e.Invariants[i].Keys = new(0.0), nil
	}
	for i := range e.Criteria {
		if e.Criteria[i].Kind == result.InvariantCriterion {
			e.Criteria[i].Verdict = result.Held
		}
	}
}

// comparisonFixtures are the fixtures of comparisons, made of those of results.
func comparisonFixtures(t testing.TB) map[string]*compare.Comparison {
	t.Helper()
	runs := func(base, head []compare.Input) *compare.Comparison {
		return compare.Runs(base, head, compare.DefaultMargin)
	}
	one := func(in compare.Input) []compare.Input { return []compare.Input{in} }
	suite := edited(t, "suite", "20261123t140231z-7f3a9c", stormy)
	head := edited(t, "suite", "20261124t090000z-c20e71", func(e *result.Experiment, r *result.Result) { stormy(e, r); later(e, r) })
	worse := func(e *result.Experiment, _ *result.Result) { moved(e, 0.2) }
	drift := func(by float64) func(*result.Experiment, *result.Result) {
		return func(e *result.Experiment, _ *result.Result) { moved(e, by) }
	}
	scans := func(base, head string) *compare.Comparison {
		c, err := compare.Results(one(edited(t, base, "b-"+base, nil)), one(edited(t, head, "h-"+head, nil)), compare.DefaultMargin)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	return map[string]*compare.Comparison{
		"scan":             scans("scan_hardened", "scan"),
		"scan_better":      scans("scan", "scan_hardened"),
		"scan_same":        scans("scan", "scan"),
		"scan_interrupted": scans("scan", "scan_interrupted"),
		"scan_disjoint":    scans("scan", "scan_oneroute"),
		"changed":          runs(one(suite), one(head)),
		"same":             runs(one(suite), one(edited(t, "suite", "20261124t090000z-000001", nil))),
		"disjoint":         runs(one(edited(t, "refuted", "b1", func(e *result.Experiment, _ *result.Result) { e.ID = "another" })), one(edited(t, "refuted", "h1", nil))),
		"journeys":         runs(one(edited(t, "journeys", "b1", nil)), one(edited(t, "journeys", "h1", worse))),
		"several": runs([]compare.Input{suite, edited(t, "suite", "b2", drift(0.01)), edited(t, "suite", "b3", drift(-0.01))},
			[]compare.Input{head, edited(t, "suite", "h2", func(e *result.Experiment, r *result.Result) { stormy(e, r); later(e, r) })}),
		"hostile": runs(one(edited(t, "hostile", "\x1b[31m</script>", nil)), one(edited(t, "hostile", "<img src=x>", worse))),
		"empty":   runs(one(edited(t, "empty", "b1", nil)), one(edited(t, "empty", "h1", nil))),
	}
}

// comparedRuns are the fixtures of comparisons of runs, which have experiments.
func comparedRuns(t testing.TB) map[string]*compare.Comparison {
	t.Helper()
	list := comparisonFixtures(t)
	maps.DeleteFunc(list, func(_ string, c *compare.Comparison) bool { return c.Scan != nil })
	return list
}

func renderCompare(t testing.TB, format string, o Options, c *compare.Comparison) string {
	t.Helper()
	f, err := CompareFor(format, o)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f(&b, c); err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return b.String()
}

func TestCompareGoldens(t *testing.T) {
	t.Parallel()
	ext := map[string]string{"github": "github.txt", "html": "html", "json": "json", "junit": "junit.xml", "md": "md", "ndjson": "ndjson", "text": "txt"}
	for _, format := range CompareFormats() {
		if ext[format] == "" {
			t.Errorf("format %q has no goldens: give it a file extension here", format)
			continue
		}
		for name, c := range comparisonFixtures(t) {
			t.Run(format+"/"+name, func(t *testing.T) {
				got := renderCompare(t, format, Options{}, c)
				if again := renderCompare(t, format, Options{}, comparisonFixtures(t)[name]); again != got {
					t.Fatal("the same comparison gives other bytes")
				}
				switch {
				case format == "html":
					got = bare(got)
				case format == "json" && name != "changed" && name != "scan_disjoint": // one of each shows the schema
					return
				}
				golden(t, "compare/"+name+"."+ext[format], got)
			})
		}
	}
}

func TestCompareForNamesTheKnownFormats(t *testing.T) {
	t.Parallel()
	_, err := CompareFor("pdf", Options{})
	if err == nil {
		t.Fatal("CompareFor(pdf) gave a format")
	}
	for _, name := range append(CompareFormats(), "pdf") {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("error %q does not name %s", err, name)
		}
	}
}

func TestCompareWriteErrorsAreReturned(t *testing.T) {
	t.Parallel()
	c := comparisonFixtures(t)["changed"]
	for _, name := range CompareFormats() {
		f, err := CompareFor(name, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := f(full{}, c); !errors.Is(err, errFull) {
			t.Errorf("%s: error %v, want %v", name, err, errFull)
		}
	}
}

func TestCompareJSONIsTheComparison(t *testing.T) {
	t.Parallel()
	for name, c := range comparisonFixtures(t) {
		page := renderCompare(t, "html", Options{}, c)
		_, rest, _ := strings.Cut(page, `<script type="application/json" id="blastgauge-compare">`)
		embedded, _, _ := strings.Cut(rest, "</script>")
		for _, text := range []string{renderCompare(t, "json", Options{}, c), embedded} {
			got := new(compare.Comparison)
			if err := json.Unmarshal([]byte(text), got); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if !reflect.DeepEqual(got, c) {
				t.Errorf("%s: the JSON reads as another comparison", name)
			}
		}
	}
}

func TestCompareTextFits(t *testing.T) {
	t.Parallel()
	for name, c := range comparisonFixtures(t) {
		for _, o := range []Options{{}, {ASCII: true}, {Width: 60}, {Width: 100}} {
			longest := columns(o)
			text := renderCompare(t, "text", o, c)
			for line := range strings.Lines(text) {
				line = strings.TrimSuffix(line, "\n")
				list := strings.Fields(line)
				if len(list) > 0 && len(list[len(list)-1]) > 30 {
					continue // a word that has no room is not broken: it may be copied
				}
				if n := terminal.Width(line); n > longest {
					t.Errorf("%s %+v: %d columns, want at most %d: %q", name, o, n, longest, line)
				}
			}
			if i := strings.IndexFunc(text, func(c rune) bool { return c > unicode.MaxASCII }); o.ASCII && i >= 0 && name != "hostile" {
				t.Errorf("%s: %q is not ASCII", name, text[i:min(i+20, len(text))])
			}
			if i := strings.IndexFunc(text, func(c rune) bool { return inert.Unsafe(c) && c != '\n' }); i >= 0 {
				t.Errorf("%s: control character in %q", name, text[i:min(i+20, len(text))])
			}
		}
	}
}

// Only a status's glyph and word are coloured: text without colour says the same.
func TestCompareColorAddsNothing(t *testing.T) {
	t.Parallel()
	escape := regexp.MustCompile("\x1b\\[[0-9;]*m")
	c := comparisonFixtures(t)["changed"]
	colored := renderCompare(t, "text", Options{Color: true}, c)
	if got, want := escape.ReplaceAllString(colored, ""), renderCompare(t, "text", Options{}, c); got != want {
		t.Errorf("the text differs with colours off:\n%s\n%s", got, want)
	}
	if !escape.MatchString(colored) {
		t.Error("Color colours nothing")
	}
}

// A regression fails, an undecided experiment is skipped, and the numbers add up.
func TestCompareJUnitCountsWhatItLists(t *testing.T) {
	t.Parallel()
	for name, c := range comparedRuns(t) {
		var got encode.JUnit
		if err := xml.Unmarshal([]byte(renderCompare(t, "junit", Options{}, c)), &got); err != nil {
			t.Fatal(err)
		}
		var tests, failures, skipped, said int
		for i, s := range got.Suites {
			first := s.Cases[0]
			said += s.Skipped
			if (first.Failure != nil) != (c.Experiments[i].Status == compare.Regressed) {
				t.Errorf("%s: %s is %s, its case fails: %t", name, s.Name, c.Experiments[i].Status, first.Failure != nil)
			}
			for _, k := range s.Cases {
				tests++
				if k.Failure != nil {
					failures++
				}
				if k.Skipped != nil {
					skipped++
				}
			}
		}
		if got.Tests != tests || got.Failures != failures || said != skipped || got.Errors != 0 {
			t.Errorf("%s: the root says %d/%d/%d/%d, the cases are %d/%d/%d/0", name, got.Tests, got.Failures, said, got.Errors, tests, failures, skipped)
		}
		if failures != c.Counts[compare.Regressed] {
			t.Errorf("%s: %d failures for %d regressions: each counts once", name, failures, c.Counts[compare.Regressed])
		}
	}
}

func TestCompareIsInert(t *testing.T) {
	t.Parallel()
	c := comparisonFixtures(t)["hostile"]
	md := renderCompare(t, "md", Options{}, c)
	ours := regexp.MustCompile("<!-- (blastgauge [a-z0-9 -]* )?-->|</?(details|summary|sub|code|strong)>|<span>&#36;</span>")
	if rest := ours.ReplaceAllString(md, ""); strings.Contains(rest, "<") {
		t.Errorf("markup that is not ours: %.80q", rest[strings.Index(rest, "<"):])
	}
	for line := range strings.Lines(renderCompare(t, "github", Options{}, c)) {
		if !regexp.MustCompile(`^::(error|warning|notice) [^:]*::`).MatchString(line) {
			t.Errorf("not a command of ours: %q", line)
		}
	}
	if n := strings.Count(renderCompare(t, "html", Options{}, c), "<img"); n != 0 {
		t.Error("an image of somebody else's is in the page")
	}
}

// A comment that would be refused loses whole sections, longest first, and says
// so; how many regressed stays.
func TestCommentFits(t *testing.T) {
	t.Parallel()
	c := comparisonFixtures(t)["changed"]
	var many []compare.Experiment
	for _, e := range c.Experiments {
		many = append(many, slices.Repeat([]compare.Experiment{e}, 400)...)
	}
	c.Experiments, c.Counts = many, map[compare.Status]int{compare.Regressed: 400, compare.Improved: 800}
	md := renderCompare(t, "md", Options{}, c)
	if len(md) > encode.MaxComment {
		t.Errorf("%d bytes, want at most %d", len(md), encode.MaxComment)
	}
	if strings.Contains(md, "<summary>Inconclusive") || !strings.Contains(md, "left out: this comment would have been too long") {
		t.Errorf("the folded sections of a comment of %d bytes were not left out", len(md))
	}
	if !strings.Contains(md, "400 regressed, 800 improved") || strings.Count(md, "<details>") != strings.Count(md, "</details>") {
		t.Errorf("the answer is missing, or a section is cut: %.300s", md)
	}
}
