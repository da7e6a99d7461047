package report

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/blastgauge/blastgauge/experiments/gate"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/encode"
	"github.com/blastgauge/blastgauge/report/terminal"
	"github.com/blastgauge/blastgauge/report/words"
)

// gateFixtures are the reports of gates in testdata/gates, by name.
func gateFixtures(t testing.TB) map[string]*gate.Report {
	t.Helper()
	files, err := filepath.Glob("testdata/gates/*.json")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d fixtures in testdata/gates (%v), want them all", len(files), err)
	}
	list := map[string]*gate.Report{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		list[strings.TrimSuffix(filepath.Base(file), ".json")] = decodeGate(t, text)
	}
	return list
}

// decodeGate reads a report as strictly as it can be. Values are on one line, so that
// reports can be compared.
func decodeGate(t testing.TB, text []byte) *gate.Report {
	t.Helper()
	var compact bytes.Buffer
	if err := json.Compact(&compact, text); err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(&compact)
	d.DisallowUnknownFields()
	r := new(gate.Report)
	if err := d.Decode(r); err != nil {
		t.Fatal(err)
	}
	return r
}

func renderGate(t testing.TB, format string, o Options, r *gate.Report) string {
	t.Helper()
	f, err := GateFor(format, o)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f(&b, r); err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return b.String()
}

// Why a neighbor has no answer stands where a narrow page shows it: cells without a number are
// left out there.
func TestGateReasonsAreShown(t *testing.T) {
	t.Parallel()
	const reason = "the machine was too busy"
	r := gateFixtures(t)["held"]
	r.Neighborhood = append(r.Neighborhood, gate.Neighbor{Operator: "scale", Pointer: "/retries", What: "scale", Verdict: result.Invalid, Reason: reason, Limit: 0.05, Journey: "checkout"})
	page := renderGate(t, "html", Options{}, r)
	row := regexp.MustCompile(`(?s)<tr>(?:[^<]|<[^/]|</[^t]|</t[^r])*` + reason + `.*?</tr>`).FindString(page)
	if row == "" {
		t.Fatal("no row of a table holds the reason")
	}
	if cell := regexp.MustCompile(`(?s)<td class="r na".*?</td>`).FindString(row); cell == "" || strings.Contains(cell, reason) {
		t.Errorf("it stands in %q of %q", cell, row)
	}
}

// Every format writes every report of a gate, and the same bytes each time.
func TestGateGoldens(t *testing.T) {
	t.Parallel()
	ext := map[string]string{"github": "github.txt", "html": "html", "json": "json", "junit": "junit.xml", "md": "md", "text": "txt"}
	for _, format := range GateFormats() {
		if ext[format] == "" {
			t.Errorf("format %q has no goldens: give it a file extension here", format)
			continue
		}
		for name, r := range gateFixtures(t) {
			t.Run(format+"/"+name, func(t *testing.T) {
				got := renderGate(t, format, Options{}, r)
				if again := renderGate(t, format, Options{}, gateFixtures(t)[name]); again != got {
					t.Fatal("the same report gives other bytes")
				}
				switch format {
				case "json": // its golden is the fixture
					return
				case "html":
					wellFormed(t, name, got)
					got = bare(got)
				}
				golden(t, "gate/"+name+"."+ext[format], got)
			})
		}
	}
}

func TestGateForNamesTheKnownFormats(t *testing.T) {
	t.Parallel()
	_, err := GateFor("pdf", Options{})
	unknown := new(UnknownFormatError)
	if !errors.As(err, &unknown) || !reflect.DeepEqual(unknown.Known, GateFormats()) || len(unknown.Known) != 6 {
		t.Fatalf("GateFor(pdf): %v", err)
	}
}

func TestGateWriteErrorsAreReturned(t *testing.T) {
	t.Parallel()
	r := gateFixtures(t)["refuted"]
	for _, name := range GateFormats() {
		f, err := GateFor(name, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := f(full{}, r); !errors.Is(err, errFull) {
			t.Errorf("%s: error %v, want %v", name, err, errFull)
		}
	}
}

// A report that JSON cannot hold is an error before anything is written.
func TestGateUnwritable(t *testing.T) {
	t.Parallel()
	for what, change := range map[string]func(r *gate.Report){
		"a number that is none": func(r *gate.Report) { r.Measured[0].Harm.High = math.NaN() },
		"a value that is none":  func(r *gate.Report) { r.Changed[0].To = json.RawMessage(`{"a":`) },
	} {
		r := gateFixtures(t)["refuted"]
		change(r)
		for _, name := range GateFormats() {
			f, err := GateFor(name, Options{})
			if err != nil {
				t.Fatal(err)
			}
			var b bytes.Buffer
			err = f(&b, r)
			if strict := name == "json" || name == "html"; strict && (err == nil || b.Len() > 0) || !strict && err != nil {
				t.Errorf("%s: %s: error %v after %d bytes", what, name, err, b.Len())
			}
		}
	}
}

// Programs read the report itself, from its own file and out of the page.
func TestGateJSONIsTheReport(t *testing.T) {
	t.Parallel()
	for name, r := range gateFixtures(t) {
		_, rest, ok := strings.Cut(renderGate(t, "html", Options{}, r), `<script type="application/json" id="blastgauge-gate">`)
		embedded, _, closed := strings.Cut(rest, "</script>")
		if !ok || !closed {
			t.Fatalf("%s: no report in the page", name)
		}
		for _, text := range []string{renderGate(t, "json", Options{}, r), embedded} {
			if !reflect.DeepEqual(decodeGate(t, []byte(text)), r) {
				t.Errorf("%s: the JSON reads as another report", name)
			}
			if strings.ContainsAny(text, "<>&") || strings.ContainsFunc(text, func(c rune) bool { return inert.Unsafe(c) && c != '\n' }) {
				t.Errorf("%s: the JSON holds characters that must be escaped", name)
			}
		}
	}
}

// No string of a report, and none in a value of the config, acts in any format.
func TestNoStringOfAGateActs(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"refuted", "held", "left", "together"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := gateFixtures(t)[name]
			r.Bypasses = append(r.Bypasses, statement.Bypass{By: "ann", Reason: "incident", At: r.Started})
			r.Changed[0].To = json.RawMessage(`"text"`)
			r.NotMeasured = append(r.NotMeasured, gate.NotMeasured{Operator: "scale", Pointer: "/x", Why: "because", Code: "later"})
			if len(r.Neighborhood) > 6 {
				r.Neighborhood = r.Neighborhood[:6]
			}
			everySuspect(t, r, func(format string, r *gate.Report) string {
				return renderGate(t, format, Options{Color: true}, r)
			}, GateFormats())
		})
	}
}

func TestGateTextFits(t *testing.T) {
	t.Parallel()
	for name, r := range gateFixtures(t) {
		for _, o := range []Options{{}, {ASCII: true}, {Width: 60}, {Width: 100}, {Width: 1}} {
			longest := columns(o)
			text := renderGate(t, "text", o, r)
			for line := range strings.Lines(text) {
				line = strings.TrimSuffix(line, "\n")
				if list := strings.Fields(line); len(list) > 0 && len(list[len(list)-1]) > 30 {
					continue // a word that has no room is not broken: it may be copied
				}
				if n := terminal.Width(line); n > longest || strings.TrimRight(line, " ") != line {
					t.Errorf("%s %+v: %d columns, want at most %d and no space at the end: %q", name, o, n, longest, line)
				}
			}
			if i := strings.IndexFunc(text, func(c rune) bool { return c > unicode.MaxASCII }); o.ASCII && i >= 0 {
				t.Errorf("%s: %q is not ASCII", name, text[i:min(i+20, len(text))])
			}
		}
		colored := renderGate(t, "text", Options{Color: true}, r)
		if got := regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(colored, ""); got != renderGate(t, "text", Options{}, r) {
			t.Errorf("%s: the text differs with colours off", name)
		}
	}
}

// The cases agree with the exit code: what refuses the candidate fails, what is allowed is
// skipped, and the neighborhood fails nothing.
func TestGateJUnit(t *testing.T) {
	t.Parallel()
	want := map[string][4]int{ // cases, failures, errors, skipped
		"refuted": {3, 1, 0, 0}, "held": {2, 0, 0, 0}, "together": {3, 1, 0, 0}, "unsearched": {3, 1, 0, 0}, "inconclusive": {2, 0, 1, 0}, "interrupted": {2, 0, 1, 0},
		"left": {3, 1, 1, 0}, "unserved": {3, 2, 0, 0}, "allowed": {2, 0, 0, 1}, "empty": {1, 0, 1, 0},
	}
	for name, r := range gateFixtures(t) {
		text := renderGate(t, "junit", Options{}, r)
		checkStrict(t, text)
		var got encode.JUnit
		if err := xml.Unmarshal([]byte(text), &got); err != nil {
			t.Fatal(err)
		}
		s := got.Suites[0]
		if n := [4]int{got.Tests, got.Failures, got.Errors, s.Skipped}; n != want[name] || len(got.Suites) != 1 {
			t.Errorf("%s: %v, want %v", name, n, want[name])
		}
		if failed := got.Failures+got.Errors > 0; failed != (r.ExitCode != result.ExitHeld) {
			t.Errorf("%s: fails %t, the exit code is %d", name, failed, r.ExitCode)
		}
		for _, c := range s.Cases {
			if c.Failure != nil && c.Failure.Message == "" || c.Error != nil && c.Error.Message == "" {
				t.Errorf("%s: %s does not say why", name, c.Name)
			}
		}
	}
}

// huge is a report with far more of everything than anybody reads.
func huge(t testing.TB) *gate.Report {
	r := gateFixtures(t)["held"]
	bad := gateFixtures(t)["refuted"]
	text := strings.Repeat("\u017c]]>&\x00|`@team ", 30)
	for i := range 500 {
		n := r.Neighborhood[i%13]
		n.Pointer += fmt.Sprintf("/%d/%s", i%40, text)
		r.Neighborhood = append(r.Neighborhood, n)
		r.Changed = append(r.Changed, gate.Changed{Pointer: n.Pointer, From: json.RawMessage(`"` + strings.Repeat("a ", 500) + `"`), To: json.RawMessage(`[` + strings.Repeat("1,", 500) + `1]`)})
		r.NotMeasured = append(r.NotMeasured, gate.NotMeasured{Operator: text, Pointer: n.Pointer, Why: fmt.Sprint(text, i), Code: fmt.Sprint("later", i)})
		f := bad.Failures[0]
		f.Experiment, f.IfRefuted = fmt.Sprint(f.Experiment, i), fmt.Sprint(text, i)
		for range 30 {
			f.Reasons, f.Violations = append(f.Reasons, text), append(f.Violations, gate.Violation{Name: text, Means: text, New: 1e15})
		}
		if i < 40 {
			r.Failures = append(r.Failures, f)
		}
		r.Measured = append(r.Measured, gate.Measured{Experiment: fmt.Sprint("undecided", i), Verdict: result.Inconclusive, Reason: text})
		r.Attempts.List = append(r.Attempts.List, statement.Attempt{Run: text, At: r.Started, Verdict: result.Refuted})
		r.Bypasses = append(r.Bypasses, statement.Bypass{By: text, Reason: text, At: r.Started})
		r.Near, r.Signed = append(r.Near, text), append(r.Signed, text)
	}
	r.Attempts.Count = 1 << 40
	r.Verdict, r.ExitCode = result.Refuted, result.ExitRefuted
	r.Smallest = &gate.Smallest{Document: strings.Repeat(text, 100), Verdict: result.Refuted}
	for _, c := range r.Changed {
		r.Smallest.Pointers = append(r.Smallest.Pointers, c.Pointer)
	}
	return r
}

// Nobody reads a report of megabytes, and forges refuse it: each list is cut, and says that
// there is more.
func TestGateIsOfReadableSize(t *testing.T) {
	t.Parallel()
	r := huge(t)
	for format, most := range map[string]int{"text": 1_200_000, "md": encode.MaxComment, "junit": 1_500_000, "github": 400_000} {
		out := renderGate(t, format, Options{}, r)
		if len(out) > most {
			t.Errorf("%s has %d bytes, want at most %d", format, len(out), most)
		}
		if format == "junit" {
			checkStrict(t, out)
		}
		if format != "junit" && !strings.Contains(out, "more") {
			t.Errorf("%s does not say that there is more", format)
		}
	}
	page := bare(renderGate(t, "html", Options{}, r))
	wellFormed(t, "huge", page)
	if len(page) > 3_000_000 || strings.Count(page, `class="series levels"`) > 6 {
		t.Errorf("the page has %d bytes beside the JSON", len(page))
	}
}

// Whatever a file holds that reads as a report, every format writes it or refuses it, and
// acts on nothing.
func FuzzGateReport(f *testing.F) {
	for _, r := range gateFixtures(f) {
		text, err := json.Marshal(r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r := new(gate.Report)
		if json.Unmarshal(text, r) != nil {
			return
		}
		for _, name := range GateFormats() {
			write, err := GateFor(name, Options{Color: true})
			if err != nil {
				t.Fatal(err)
			}
			var b bytes.Buffer
			if err := write(&b, r); err != nil {
				continue // such as a year that JSON does not have
			}
			checkInert(t, name, b.String())
			if name == "html" {
				wellFormed(t, "fuzzed", b.String())
			}
		}
	})
}

// checkGatePages checks the pages of gates at every width, light and dark, and without
// styles and scripts.
func checkGatePages(t *testing.T, browser context.Context) {
	for name, r := range gateFixtures(t) {
		t.Run(name, func(t *testing.T) {
			checkPage(t, browser, renderGate(t, "html", Options{}, r), words.Glyph(r.Verdict)+" ")
		})
	}
	tab := serve(t, browser, renderGate(t, "html", Options{}, gateFixtures(t)["held"]))
	text := eval[string](t, tab, `document.body.innerText`)
	for _, want := range []string{"may ship", "Measured 4 times before: refuted, refuted, refuted, held", "300", "41.2%", "limit 5%"} {
		if !strings.Contains(strings.ReplaceAll(text, "\u00a0", " "), want) {
			t.Errorf("without styles and scripts the page does not say %q", want)
		}
	}
	if got := eval[string](t, tab, `getComputedStyle(document.querySelector('.levels .iv.bad')).stroke`); got != "rgb(180, 35, 24)" {
		t.Errorf("harm is drawn in %s", got)
	}
	for name, most := range map[string]int{"refuted": 3, "held": 3} {
		if n := sheets(t, browser, renderGate(t, "html", Options{}, gateFixtures(t)[name])); n > most {
			t.Errorf("%s: %d sheets of paper, want at most %d", name, n, most)
		}
	}
}
