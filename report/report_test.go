package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/terminal"
)

func TestForNamesTheKnownFormats(t *testing.T) {
	t.Parallel()
	_, err := For("pdf", Options{})
	if err == nil {
		t.Fatal("For(pdf) gave a format")
	}
	for _, name := range append(Formats(), "pdf") {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("error %q does not name %s", err, name)
		}
	}
	if !slices.IsSorted(Formats()) {
		t.Errorf("Formats() = %v, want them sorted", Formats())
	}
}

// full fails on every write, as a full disk does.
type full struct{}

var errFull = errors.New("disk is full")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestWriteErrorsAreReturned(t *testing.T) {
	t.Parallel()
	r := load(t, "refuted")
	for _, name := range Formats() {
		f, err := For(name, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := f(full{}, r); !errors.Is(err, errFull) {
			t.Errorf("%s: error %v, want %v", name, err, errFull)
		}
	}
}

// A result that JSON cannot hold is an error before anything is written.
func TestUnwritableNumbers(t *testing.T) {
	t.Parallel()
	r := load(t, "refuted")
	r.Experiments[0].BlastRadius.High = math.NaN()
	for _, name := range []string{"json", "html"} {
		f, err := For(name, Options{})
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := f(&b, r); err == nil || b.Len() > 0 {
			t.Errorf("%s: error %v after %d bytes, want an error and no byte", name, err, b.Len())
		}
	}
}

func TestJSONIsTheResult(t *testing.T) {
	t.Parallel()
	for _, name := range fixtures(t) {
		r := load(t, name)
		got := render(t, "json", Options{}, r)
		if !same(t, []byte(got), r) {
			t.Errorf("%s: the JSON reads as another result", name)
		}
		if strings.ContainsAny(got, "<>&") || strings.ContainsFunc(got, func(c rune) bool { return inert.Unsafe(c) && c != '\n' }) {
			t.Errorf("%s: the JSON holds characters that must be escaped", name)
		}
	}
}

func TestPageEmbedsTheResult(t *testing.T) {
	t.Parallel()
	for _, name := range fixtures(t) {
		r := load(t, name)
		_, rest, ok := strings.Cut(render(t, "html", Options{}, r), `<script type="application/json" id="blastgauge-result">`)
		text, _, closed := strings.Cut(rest, "</script>")
		if !ok || !closed {
			t.Fatalf("%s: no result in the page", name)
		}
		if !same(t, []byte(text), r) {
			t.Errorf("%s: the embedded JSON reads as another result", name)
		}
	}
}

func same(t *testing.T, text []byte, want *result.Result) bool {
	t.Helper()
	got := new(result.Result)
	if err := json.Unmarshal(text, got); err != nil {
		t.Fatal(err)
	}
	return reflect.DeepEqual(got, want)
}

// The hostile result holds an attack in every text.
func TestHostileTextIsInert(t *testing.T) {
	t.Parallel()
	r := load(t, "hostile")
	if !strings.Contains(r.Experiments[0].Hypothesis, "<img src=x onerror=") || !strings.Contains(r.Run.ID, "\x1b[31m") {
		t.Fatal("the hostile result is not hostile")
	}
	page := render(t, "html", Options{}, r)
	for _, attack := range []string{"<img", "<script>document", "{{", "onerror=alert(1)>", "]]> "} {
		_, rest, _ := strings.Cut(page, "</style>") // the text of the style sheet is ours
		if i := strings.Index(rest, attack); i >= 0 && attack != "{{" && attack != "]]> " {
			t.Errorf("the page holds %q unescaped: ...%.120s", attack, rest[max(0, i-60):])
		}
	}
	if n := strings.Count(page, "<script"); n != 2 {
		t.Errorf("the page has %d scripts, want 2: ours and the embedded result", n)
	}
	text := render(t, "text", Options{}, r)
	for format, out := range map[string]string{"html": page, "text": text} {
		if i := strings.IndexFunc(out, func(c rune) bool { return inert.Unsafe(c) && c != '\n' }); i >= 0 {
			t.Errorf("%s holds control character %q", format, out[i])
		}
		if !utf8.ValidString(out) {
			t.Errorf("%s is not UTF-8", format)
		}
	}
}

// elements that HTML does not close.
var void = regexp.MustCompile(`<(meta|br|input|hr)\b([^>]*?)>`)

// The page is read as XML, which forgives nothing: each tag is closed, each
// attribute quoted, each & escaped.
func TestPageIsWellFormed(t *testing.T) {
	t.Parallel()
	for _, name := range fixtures(t) {
		wellFormed(t, name, render(t, "html", Options{}, load(t, name)))
	}
	for name, c := range comparisonFixtures(t) {
		wellFormed(t, "compare "+name, renderCompare(t, "html", Options{}, c))
	}
	wellFormed(t, "index", renderIndex(t, "html", Options{}, 0, kept(t, 5)))
}

func wellFormed(t *testing.T, name, page string) {
	t.Helper()
	page = strings.TrimPrefix(bare(page), "<!doctype html>")
	d := xml.NewDecoder(strings.NewReader(strings.ReplaceAll(void.ReplaceAllString(page, "<$1$2/>"), " open>", ` open="">`)))
	d.Entity = xml.HTMLEntity
	ids := map[string]bool{}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if start, ok := token.(xml.StartElement); ok {
			check(t, name, start, ids)
		}
	}
}

// Whatever text a result holds, it stays text.
func FuzzTextIsInert(f *testing.F) {
	for _, seed := range []string{"", "<b>", "</script><script>", "\x1b[2J", "\u202e", "\ufffe", "\U0001fffe", "\xff", "`${x}`", "' onload=x '", "&quot;"} {
		f.Add(seed)
	}
	small := load(f, "refuted")
	f.Fuzz(func(t *testing.T, s string) {
		r := *small
		e := r.Experiments[0]
		e.Title, e.Hypothesis, e.IfRefuted, e.File = s, s, s, s
		e.ID = "id-" + s
		e.Reasons, e.Warnings = []string{s}, []string{s}
		e.Faults = []result.Fault{{Inject: s, Into: s, Description: s, Name: s, Intended: true}}
		e.Events = []result.Event{{What: s}}
		e.Invariants = []result.Invariant{{Name: s, Keys: []string{s}, Detail: s}}
		e.Journeys = []result.Journey{{Name: s, Arms: e.Journeys[0].Arms, Steps: []result.Step{{Name: s}}, Series: e.Journeys[0].Series}}
		r.Experiments = []result.Experiment{e}
		r.Run.ID, r.System.Name, r.Run.Error = s, s, s
		page, text := render(t, "html", Options{}, &r), render(t, "text", Options{}, &r)
		wellFormed(t, "fuzzed", page)
		if n := strings.Count(page, "<script"); n != 2 {
			t.Errorf("%d scripts, want 2", n)
		}
		for _, out := range []string{page, text} {
			if strings.ContainsFunc(out, func(c rune) bool { return inert.Unsafe(c) && c != '\n' && c != '\t' }) || !utf8.ValidString(out) {
				t.Errorf("unsafe characters in %.200q", out)
			}
		}
	})
}

// check finds what no page may have: a number that is none, an id used twice,
// anything fetched.
func check(t *testing.T, name string, e xml.StartElement, ids map[string]bool) {
	t.Helper()
	for _, a := range e.Attr {
		switch a.Name.Local {
		case "id":
			if ids[a.Value] {
				t.Errorf("%s: id %q is used twice", name, a.Value)
			}
			ids[a.Value] = true
		case "src", "srcset", "action":
			t.Errorf("%s: <%s> fetches %q", name, e.Name.Local, a.Value)
		case "href":
			if !strings.HasPrefix(a.Value, "#") {
				t.Errorf("%s: <%s> leads to %q, out of the page", name, e.Name.Local, a.Value)
			}
		case "x", "y", "x1", "x2", "y1", "y2", "cx", "width", "height", "d":
			if strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf") || strings.HasPrefix(a.Value, "-") && a.Name.Local == "width" {
				t.Errorf("%s: <%s %s=%q> is no number", name, e.Name.Local, a.Name.Local, a.Value)
			}
		}
		if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "style" {
			t.Errorf("%s: <%s> has the attribute %s, which policies block", name, e.Name.Local, a.Name.Local)
		}
	}
	if e.Name.Local == "link" || e.Name.Local == "iframe" || e.Name.Local == "img" {
		t.Errorf("%s: <%s> in a page that must need nothing", name, e.Name.Local)
	}
}

// A page must open at once, and be small enough for mail and for a CI server to
// keep: forty experiments of ten minutes, with series as long as a result may
// hold.
func TestPageSize(t *testing.T) {
	t.Parallel()
	for n, most := range map[int]int{8: 350e3, 40: 1520e3} {
		size := len(render(t, "html", Options{}, large(t, n)))
		if size > most {
			t.Errorf("the page of %d experiments has %d KB, want at most %d", n, size/1000, most/1000)
		}
		t.Logf("%d experiments: %d KB", n, size/1000)
	}
}

// BenchmarkPage renders the page of forty experiments of ten minutes.
func BenchmarkPage(b *testing.B) {
	r := large(b, 40)
	write, err := For("html", Options{})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := write(io.Discard, r); err != nil {
			b.Fatal(err)
		}
	}
}

func stretch(list []result.Bucket, n int) []result.Bucket {
	var out []result.Bucket
	for i := range n {
		out = append(out, list[i*len(list)/n])
	}
	return out
}

func TestTextFits(t *testing.T) {
	t.Parallel()
	for _, name := range fixtures(t) {
		for _, o := range []Options{{}, {ASCII: true}, {Width: 60}, {Width: 100}, {Width: 1}} {
			longest := columns(o)
			for line := range strings.Lines(render(t, "text", o, load(t, name))) {
				line = strings.TrimSuffix(line, "\n")
				if line == "" {
					continue
				}
				if words := strings.Fields(line); name == "hostile" && len(words[len(words)-1]) > 30 {
					continue // a word that has no room beside its indent is not broken: it may be copied
				}
				if n := terminal.Width(line); n > longest {
					t.Errorf("%s %+v: %d columns, want at most %d: %q", name, o, n, longest, line)
				}
				if strings.TrimRight(line, " ") != line {
					t.Errorf("%s: trailing space: %q", name, line)
				}
			}
		}
	}
}

// columns is the width that text takes with these options.
func columns(o Options) int {
	if o.Width == 0 {
		return 80
	}
	return min(max(o.Width, 60), 100)
}

// Columns stay below each other whatever experiments and journeys are called.
func TestWideNamesKeepTheColumns(t *testing.T) {
	t.Parallel()
	r, c, x := wide(load(t, "suite")), comparisonFixtures(t)["changed"], kept(t, 12)
	for i := range c.Experiments {
		c.Experiments[i].ID = wideName(i)
	}
	for i := range x.Trends {
		x.Trends[i].Experiment = wideName(i)
	}
	for _, width := range []int{60, 80, 100} {
		o := Options{Width: width}
		for name, text := range map[string]string{
			"result": render(t, "text", o, r), "comparison": renderCompare(t, "text", o, c), "index": renderIndex(t, "text", o, 0, x),
		} {
			for line := range strings.Lines(text) {
				if n := terminal.Width(strings.TrimSuffix(line, "\n")); n > width {
					t.Errorf("%s: %d columns, want at most %d: %q", name, n, width, line)
				}
			}
		}
		at := map[int]int{}
		_, table, _ := strings.Cut(render(t, "text", o, r), " verdict ")
		table, _, _ = strings.Cut(table, "\n\n")
		verdict := regexp.MustCompile(`(refuted|held|invalid|inconclusive) `)
		for line := range strings.Lines(table) {
			if found := verdict.FindStringIndex(line); found != nil {
				at[terminal.Width(line[:found[0]])]++
			}
		}
		if len(at) != 1 {
			t.Errorf("%d columns: verdicts begin at %v, want one column", width, at)
		}
	}
}

// wide gives the experiments of a result names of wide characters.
func wide(r *result.Result) *result.Result {
	for i := range r.Experiments {
		r.Experiments[i].ID = wideName(i)
	}
	return r
}

// wideName is an id of characters that take two columns, or none.
func wideName(i int) string {
	return []string{"支払い-停止", "결제-지연", "🔥-payments", "👩\u200d🔧-on-call", "cafe\u0301-down", "在庫サービスが八百ミリ秒だけ遅くなる実験"}[i%6]
}

func TestASCIIText(t *testing.T) {
	t.Parallel()
	for _, name := range fixtures(t) {
		text := render(t, "text", Options{ASCII: true}, load(t, name))
		if i := strings.IndexFunc(text, func(c rune) bool { return c > unicode.MaxASCII }); i >= 0 {
			t.Errorf("%s: %q is not ASCII", name, text[i:min(i+20, len(text))])
		}
	}
}

// Colour stands on glyphs and words of verdicts alone, so text without it says
// the same.
func TestColorAddsNothing(t *testing.T) {
	t.Parallel()
	escape := regexp.MustCompile("\x1b\\[[0-9;]*m")
	around := regexp.MustCompile("\x1b\\[3[123]m(.*?)\x1b\\[0m")
	for _, name := range fixtures(t) {
		r := load(t, name)
		colored := render(t, "text", Options{Color: true}, r)
		if got, want := escape.ReplaceAllString(colored, ""), render(t, "text", Options{}, r); got != want {
			t.Errorf("%s: the text differs with colours off", name)
		}
		for _, m := range around.FindAllStringSubmatch(colored, -1) {
			if !slices.Contains([]string{"×", "✓", "?", "!", "held", "refuted", "inconclusive", "invalid"}, m[1]) {
				t.Errorf("%s: %q is coloured", name, m[1])
			}
		}
	}
	if !around.MatchString(render(t, "text", Options{Color: true}, load(t, "suite"))) {
		t.Error("Color colours nothing")
	}
}
