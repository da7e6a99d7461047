package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"
	nethtml "golang.org/x/net/html"

	"github.com/blastgauge/blastgauge/experiments/compare"
	"github.com/blastgauge/blastgauge/experiments/history"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/scan"
	"github.com/blastgauge/blastgauge/report/words"
)

// attacks are what a text may try, each in front of a name and behind it.
func attacks() []string {
	return []string{
		" | ![p](https://evil.example/b.png) [c](https://evil.example) @octocat #1 <img src=\"https://evil.example/2.png\"> y",
		"@octocat @org/team user/repo#2 GH-3 gh-4 JIRA-5 !6 %7 &8 ~bug a5c3785ed8d6a35868bc169f07e40e889087fd2e octocat@a5c3785 1234567",
		":tada: :+1: $a$ $$b$$ $`c`$ \\(d\\) \\[e\\] **f** __g__ *h* _i_ ~~j~~ ~k~ `l` ``m`` ```n",
		"www.evil.example WWW.evil.example http://evil.example HTTPS://evil.example ftp://evil.example me@evil.example mailto:me@evil.example xmpp:me@evil.example <https://evil.example>",
		"[^1] [^1]: note [x]: https://evil.example [ ] task ![x][y] {+new+} [-old-] \\| \\\\| \\",
		"<script>alert(1)</script></title></style><b onload=x>' \" ` onmouseover=x javascript:alert(1) --> <!-- ]]> <![CDATA[ &copy; &#64; {{.}} ${x}",
		"\n\n# title\n\n- list\n1. more\n> quote\n```\nfence\n~~~\n---\n===\n\n    code\n/close\n",
		"- - - item", "1. item", "===", "+ x", "# x", "> x", "---", "|---|---|", "``", "\\", "[", "**", "::error::x", "::", ":",
		"\n::error file=x::forged\n ::stop-commands::x\n\t::add-mask::y\n\u00a0::warning::z ::notice::w %0A::debug::v\r::group::u",
		"##[error]x ##vso[task.setvariable variable=x]y ##teamcity[message text='z'] ##[add-mask]w ###[x #",
		"\x1b[31m\x1b]52;c;eA==\x07\x1b]8;;https://evil.example\x1b\\ \u009b31m \u0085 \r\x1b[0Ksection_start:1:x\r\x1b[0K \b\x7f\x00",
		"\u202eevil\u2066 \u200b\ufeff\u2060 a\u200db \u00ad \u061c \U000e0041 \ufffe \u2028::error::x\u2029 \xff\xfe \u3164",
	}
}

// onCopy returns a deep copy of v in which change was applied to every string: of
// named types, in slices, behind pointers and interfaces, keys and values of maps. The
// keys of counts by status stay, as the counts would not be found.
func onCopy[T any](t testing.TB, v *T, change func(string) string) *T {
	t.Helper()
	n := 0
	c := changed(v, func(s string) string { n++; return change(s) })
	if n < 50 {
		t.Fatalf("%d strings were changed: that cannot be all of %T", n, v)
	}
	return c
}

// changed is onCopy of a value that may hold few strings.
func changed[T any](v *T, change func(string) string) *T {
	c := new(T)
	changeStrings(reflect.ValueOf(v).Elem(), reflect.ValueOf(c).Elem(), change)
	return c
}

func changeStrings(from, to reflect.Value, change func(string) string) {
	if raw, is := from.Interface().(json.RawMessage); is { // a value of a config, which may be a string
		var text string
		if json.Unmarshal(raw, &text) == nil && len(raw) > 0 && raw[0] == '"' {
			raw, _ = json.Marshal(change(text)) //nolint:errchkjson // a string has JSON
		}
		to.SetBytes(raw)
		return
	}
	switch from.Kind() {
	case reflect.String:
		to.SetString(change(from.String()))
	case reflect.Pointer, reflect.Interface:
		if from.IsNil() {
			return
		}
		inside := reflect.New(from.Elem().Type())
		changeStrings(from.Elem(), inside.Elem(), change)
		if from.Kind() == reflect.Pointer {
			to.Set(inside)
		} else {
			to.Set(inside.Elem())
		}
	case reflect.Slice:
		if from.IsNil() {
			return
		}
		to.Set(reflect.MakeSlice(from.Type(), from.Len(), from.Len()))
		for i := range from.Len() {
			changeStrings(from.Index(i), to.Index(i), change)
		}
	case reflect.Map:
		if from.IsNil() {
			return
		}
		to.Set(reflect.MakeMap(from.Type()))
		for _, k := range from.MapKeys() {
			key, value := reflect.New(k.Type()).Elem(), reflect.New(from.Type().Elem()).Elem()
			key.Set(k)
			if _, status := k.Interface().(compare.Status); !status {
				changeStrings(k, key, change)
			}
			changeStrings(from.MapIndex(k), value, change)
			to.SetMapIndex(key, value)
		}
	case reflect.Struct:
		to.Set(from) // times, and what is not exported
		for i := range from.NumField() {
			if to.Field(i).CanSet() {
				changeStrings(from.Field(i), to.Field(i), change)
			}
		}
	default:
		to.Set(from)
	}
}

// onlyNames applies change to what is no word of the schema: those have a closed list,
// and a report looks different with others.
func onlyNames(change func(string) string) func(string) string {
	fixed := []string{"", "@", " ", "-", "+", "warmup", "baseline", "fault", "recovery", "soft", "hard", "journey", "guardrail", "invariant",
		result.Completed, result.Interrupted, result.FailedRun, result.ConcurrentControl, result.ContaminatedControl, result.Calls, result.Connections,
		string(scan.Harmful), string(scan.Harmless), string(scan.Undecided), string(scan.NotMet), string(scan.NotExercised), string(scan.NotReached), string(scan.Unavailable),
		string(scan.BrokenInvariant), string(scan.SoftBehavesHard), string(scan.HangWorse), string(scan.NoTimeout), string(scan.LowBreaking), string(scan.FallbackHarms), string(scan.NotBack), string(scan.HardHarms),
		words.NeverBreaks, words.AlwaysBreaks, words.SharpBreak, words.GradualBreak, words.OpenBreak,
		"counted", "observed", "probed", "no", "held", "refuted", "inconclusive", "invalid", "not_run"}
	for _, s := range compare.Statuses() {
		fixed = append(fixed, string(s))
	}
	for _, m := range plan.FailureModes() {
		fixed = append(fixed, string(m))
	}
	return func(s string) string {
		if slices.Contains(fixed, s) {
			return s
		}
		return change(s)
	}
}

// A hostility is one way to make a document hostile, and the way that is the same but
// for the attack, by a name: several attacks have the same.
type hostility struct {
	attack, harmless func(string) string
	called           string // the harmless way
}

// hostilities place every attack in front of names, behind them, and instead of every
// string that there is.
func hostilities() []hostility {
	var list []hostility
	for _, a := range attacks() {
		word := strings.Repeat("w", len(a)) // what has no room is not drawn
		list = append(list,
			hostility{onlyNames(func(s string) string { return a + s }), onlyNames(func(s string) string { return word + s }), word + " before"},
			hostility{onlyNames(func(s string) string { return s + a }), onlyNames(func(s string) string { return s + word }), word + " behind"},
			hostility{func(s string) string { return a + s + a }, func(s string) string { return word + s + word }, word + " around"},
		)
	}
	return list
}

// No string of a result, a comparison or a history acts in any format.
func TestNoStringActs(t *testing.T) {
	t.Parallel()
	colored := Options{Color: true, Runs: "."}
	for _, name := range []string{"refuted", "causes", "traffic", "stuck", "interrupted"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			formats := Formats()
			if name != "refuted" && name != "causes" { // pages take most of the time, and differ little
				formats = slices.DeleteFunc(formats, func(format string) bool { return format == "html" })
			}
			r := load(t, name)
			r.Run.InterruptedBy, r.Run.InterruptedWhy = "ann", "incident 4711"
			r.Run.Notes = []result.Note{
				{At: r.Run.Started, Experiment: r.Experiments[0].ID, Phase: "fault", Author: "bob", Text: "one\ntwo", FollowUp: true},
				{At: r.Run.Started, Author: "carol", Text: "between"},
			}
			e := &r.Experiments[0]
			e.Amplification = []result.Amplification{{Dependency: "payments", Unit: result.Calls, Fault: 3, Baseline: 1, Factor: 3, Low: 2, High: 4, Method: "batch means", Storm: true}}
			e.Spread = []result.Spread{{Journey: "browse", Harmed: 9, Journeys: 10, Estimate: 0.9, Low: 0.8, High: 1}}
			e.Faults[0].Documents = []result.Mutated{{Name: "/config", Before: "sha256:01", After: "sha256:02", What: "a number became text", Where: []string{"/a"}, Fetched: 3, By: map[string]int64{"web": 3}}}
			everySuspect(t, r, func(format string, r *result.Result) string { return render(t, format, colored, r) }, formats)
		})
	}
	for _, name := range []string{"scan", "scan_oneroute"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			everySuspect(t, fewCells(load(t, name)), func(format string, r *result.Result) string { return render(t, format, colored, r) }, Formats())
		})
	}
	t.Run("comparison", func(t *testing.T) {
		t.Parallel()
		everySuspect(t, comparisonFixtures(t)["changed"], func(format string, c *compare.Comparison) string { return renderCompare(t, format, colored, c) }, CompareFormats())
	})
	t.Run("comparison of scans", func(t *testing.T) {
		t.Parallel()
		everySuspect(t, fewChanges(comparisonFixtures(t)["scan"]), func(format string, c *compare.Comparison) string { return renderCompare(t, format, colored, c) }, CompareFormats())
	})
	t.Run("history", func(t *testing.T) {
		t.Parallel()
		everySuspect(t, kept(t, 3), func(format string, x *history.Index) string { return renderIndex(t, format, colored, 0, x) }, IndexFormats())
	})
}

// fewCells leaves out dependencies of a map that are much like others.
func fewCells(r *result.Result) *result.Result {
	const different = 4
	if list := r.Scan.Dependencies; len(list) > different {
		r.Scan.Dependencies = append(list[:different-1:different-1], list[len(list)-1])
	}
	return r
}

// fewChanges leaves out cells that are much like others.
func fewChanges(c *compare.Comparison) *compare.Comparison {
	var list []compare.CellChange
	for i, x := range c.Scan.Cells {
		if i == 0 || x.Status != c.Scan.Cells[i-1].Status {
			list = append(list, x)
		}
	}
	c.Scan.Cells = list
	return c
}

// everySuspect renders a document with every attack in every format.
func everySuspect[T any](t *testing.T, v *T, render func(string, *T) string, formats []string) {
	t.Helper()
	rendered := map[[2]string]string{} // what is harmless, by its name and format
	for _, h := range hostilities() {
		hostile, harmless := onCopy(t, v, h.attack), onCopy(t, v, h.harmless)
		for _, format := range formats {
			of := [2]string{h.called, format}
			if _, is := rendered[of]; !is {
				rendered[of] = render(format, harmless)
			}
			suspect{t, format, render(format, hostile), rendered[of]}.check(hostile)
		}
		if t.Failed() {
			t.Fatalf("the attack is %.300q", h.attack("NAME"))
		}
	}
}

// A suspect is a rendering with an attack, beside one without.
type suspect struct {
	t             *testing.T
	format        string
	got, harmless string
}

func (s suspect) check(of any) {
	s.t.Helper()
	checkInert(s.t, s.format, s.got)
	switch s.format {
	case "html":
		s.sameElements(s.got, s.harmless)
	case "md":
		s.sameElements(forge(s.t, s.got), forge(s.t, s.harmless))
		checkReferences(s.t, s.got)
	case "junit":
		if got, want := xmlElements(s.t, s.got), xmlElements(s.t, s.harmless); !slices.Equal(got, want) {
			s.t.Errorf("junit has other elements: %v, want %v", got, want)
		}
	case "json":
		back := reflect.New(reflect.TypeOf(of).Elem())
		if err := json.Unmarshal([]byte(s.got), back.Interface()); err != nil {
			s.t.Errorf("json: %v", err)
		}
	case "ndjson", "github":
		if got, want := strings.Count(s.got, "\n"), strings.Count(s.harmless, "\n"); got != want {
			s.t.Errorf("%s has %d lines, want %d", s.format, got, want)
		}
	}
}

// sameElements compares the elements of two pages and the names of their attributes.
func (s suspect) sameElements(got, want string) {
	s.t.Helper()
	a, b := htmlElements(s.t, got), htmlElements(s.t, want)
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			s.t.Errorf("%s: element %d is %q, want %q", s.format, i, a[min(i, len(a)):min(i+3, len(a))], b[min(i, len(b)):min(i+3, len(b))])
			return
		}
	}
}

var (
	color    = regexp.MustCompile("\x1b\\[(?:3[123]|0)m")
	ourLine  = regexp.MustCompile(`^::(error|warning|notice) [^:]*::[^\n]*\n$`)
	commands = regexp.MustCompile(`^[\s\p{Z}]*::[a-z]|##[A-Za-z]*\[|section_(start|end):\d+:\S*\r`)
	ourCode  = regexp.MustCompile(`(?s)<style>.*?</style>|<script>.*?</script>`)
)

// marked reports whether a line holds what every command holds, which is soon seen: most
// lines hold none of it.
func marked(line string) bool {
	return strings.Contains(line, "::") || strings.Contains(line, "##") || strings.Contains(line, "section_")
}

// checkInert reports what commands a terminal or the runner of a CI job.
func checkInert(t *testing.T, format, out string) {
	t.Helper()
	if format == "text" {
		out = color.ReplaceAllString(out, "")
	}
	if i := strings.IndexFunc(out, func(c rune) bool { return inert.Unsafe(c) && c != '\n' && (c != '\t' || format != "html") }); i >= 0 || !utf8.ValidString(out) {
		t.Errorf("%s holds an unsafe character: %.60q", format, out[max(0, i):])
	}
	if strings.Contains(out, "a\u200d") {
		t.Errorf("%s holds a hidden character", format)
	}
	for line := range strings.Lines(ourCode.ReplaceAllString(out, "")) {
		if format == "github" && !ourLine.MatchString(line) {
			t.Errorf("not a command of ours: %q", line)
		}
		if format == "github" {
			line = strings.TrimPrefix(line, "::")
		}
		if marked(line) && commands.MatchString(line) {
			t.Errorf("%s has a line that a runner obeys: %.200q", format, line)
		}
	}
}

// forge renders Markdown as forges do: with tables, task lists, footnotes and links
// without brackets.
func forge(t *testing.T, text string) string {
	t.Helper()
	if strings.Contains(text, "left out: this comment") {
		t.Fatal("a part of the comment is left out, so nobody looked at it")
	}
	var b bytes.Buffer
	markdown := goldmark.New(goldmark.WithExtensions(extension.GFM, extension.Footnote, extension.DefinitionList), goldmark.WithRendererOptions(html.WithUnsafe()))
	if err := markdown.Convert([]byte(text), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// references are what forges look for in each text of a rendered comment.
var references = regexp.MustCompile(`(?i)@\w|#\d|\bgh-\d|[!%&~]\d|~bug|:[a-z0-9_+-]+:|\$[^$]+\$|\b[0-9a-f]{7,40}\b|www\.|://|mailto:\w|\{\+|\[-`)

// block is a block of code, in which a forge looks for nothing.
var block = regexp.MustCompile("(?s)\n```diff\n.*?\n```\n")

// checkReferences reports what a forge would link, mention or draw.
func checkReferences(t *testing.T, text string) {
	t.Helper()
	text = block.ReplaceAllString(text, "\n")
	if strings.Contains(strings.ReplaceAll(text, "<!-- -->", ""), "$") {
		t.Error("md holds a dollar, which may begin a formula")
	}
	for z := nethtml.NewTokenizer(strings.NewReader(forge(t, text))); ; {
		switch z.Next() {
		case nethtml.ErrorToken:
			return
		case nethtml.TextToken:
			if text := string(z.Text()); references.MatchString(nethtml.UnescapeString(text)) {
				t.Errorf("md holds a reference: %q", references.FindString(nethtml.UnescapeString(text)))
				return
			}
		}
	}
}

// htmlElements lists the tags of a page with the names of their attributes. It reports
// addresses that lead out of the page.
func htmlElements(t *testing.T, page string) (list []string) {
	t.Helper()
	for z := nethtml.NewTokenizer(strings.NewReader(page)); ; {
		kind := z.Next()
		if kind == nethtml.ErrorToken {
			if !errors.Is(z.Err(), io.EOF) {
				t.Error(z.Err())
			}
			return list
		}
		token := z.Token()
		if token.Data == "span" && len(token.Attr) == 0 || kind == nethtml.TextToken || kind == nethtml.CommentToken {
			continue // a dollar stands in such a span
		}
		tag := []string{kind.String(), token.Data}
		for _, a := range token.Attr {
			tag = append(tag, a.Key)
			if outside := a.Key == "href" && !strings.HasPrefix(a.Val, "#") && !strings.HasPrefix(a.Val, "./"); outside || a.Key == "src" {
				t.Errorf("<%s %s=%q> leads out of the page", token.Data, a.Key, a.Val)
			}
		}
		list = append(list, strings.Join(tag, " "))
	}
}

// xmlElements lists the elements of a document with the names of their attributes.
func xmlElements(t *testing.T, text string) (list []string) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(text)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		if start, ok := token.(xml.StartElement); ok {
			tag := []string{start.Name.Local}
			for _, a := range start.Attr {
				tag = append(tag, a.Name.Local)
			}
			list = append(list, strings.Join(tag, " "))
		}
	}
}

// Whatever a file holds that is loaded as a result, every report of it, and of its
// comparison with itself, can be written and acts on nothing.
func FuzzHostileResult(f *testing.F) {
	for _, name := range []string{"refuted", "stuck", "empty", "scan_interrupted"} {
		f.Add([]byte(render(f, "json", Options{}, load(f, name))), attacks()[0])
	}
	f.Fuzz(func(t *testing.T, text []byte, attack string) {
		r, err := result.Decode(text)
		if err != nil {
			return
		}
		r = changed(r, onlyNames(func(s string) string { return s + attack }))
		for _, format := range Formats() {
			checkInert(t, format, render(t, format, Options{Color: true}, r))
		}
		side := []compare.Input{{Source: attack, Result: r}}
		c := compare.Runs(side, side, compare.DefaultMargin)
		for _, format := range CompareFormats() {
			checkInert(t, format, renderCompare(t, format, Options{Color: true}, c))
		}
	})
}
