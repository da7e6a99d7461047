package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/validate"
)

// An element is what the strictest schema of JUnit files, that of Jenkins' xUnit plug-in
// (junit-10), says of an element: which attributes it must and may have, and what may be
// inside.
type element struct{ must, may, inside []string }

func strictElements() map[string]element {
	cause := element{may: []string{"type", "message"}}
	return map[string]element{
		"":           {inside: []string{"testsuites"}},
		"testsuites": {may: []string{"name", "time", "tests", "failures", "errors"}, inside: []string{"testsuite"}},
		"testsuite": {
			must:   []string{"name", "tests", "failures", "errors"},
			may:    []string{"group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"},
			inside: []string{"testsuite", "properties", "testcase", "system-out", "system-err"},
		},
		"testcase":   {must: []string{"name"}, may: []string{"time", "classname", "group"}, inside: []string{"skipped", "error", "failure", "system-out", "system-err"}},
		"properties": {inside: []string{"property"}},
		"property":   {must: []string{"name", "value"}},
		"failure":    cause, "error": cause, "skipped": cause,
		"system-out": {}, "system-err": {},
	}
}

// checkStrict checks text against the schema. Beyond it, every suite has what Azure
// Pipelines, CircleCI and GitLab read: times of the suite and its cases in seconds, and a
// class and a name that no other case has.
func checkStrict(t *testing.T, text string) (keys map[string]bool) {
	t.Helper()
	known, path, keys := strictElements(), []string{""}, map[string]bool{}
	seconds, stamp := regexp.MustCompile(`^[0-9]+\.[0-9]{3}$`), regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$`)
	for d := xml.NewDecoder(strings.NewReader(text)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return keys
		}
		if err != nil {
			t.Fatalf("no XML: %v", err)
		}
		switch v := token.(type) {
		case xml.EndElement:
			path = path[:len(path)-1]
		case xml.StartElement:
			name, has := v.Name.Local, map[string]string{}
			rules := known[name]
			if parent := path[len(path)-1]; !slices.Contains(known[parent].inside, name) {
				t.Errorf("<%s> in <%s>", name, parent)
			}
			path = append(path, name)
			for _, a := range v.Attr {
				has[a.Name.Local] = a.Value
				if !slices.Contains(rules.must, a.Name.Local) && !slices.Contains(rules.may, a.Name.Local) {
					t.Errorf("<%s %s=%q>", name, a.Name.Local, a.Value)
				}
				if a.Name.Local == "time" && !seconds.MatchString(a.Value) || a.Name.Local == "timestamp" && !stamp.MatchString(a.Value) {
					t.Errorf("<%s %s=%q>", name, a.Name.Local, a.Value)
				}
			}
			for _, a := range rules.must {
				if _, ok := has[a]; !ok {
					t.Errorf("<%s> has no %s", name, a)
				}
			}
			if key := has["classname"] + " " + has["name"]; name == "testcase" {
				if keys[key] || has["classname"] == "" || has["time"] == "" {
					t.Errorf("a case of a class, a time and a name of its own, got %q, %q", key, has["time"])
				}
				keys[key] = true
			}
		}
	}
}

// Jenkins refuses a whole file for one attribute too many, and GitLab shows one of two
// cases with the same class and name in all files of a job.
func TestJUnitIsStrict(t *testing.T) {
	t.Parallel()
	of := map[string]map[string]bool{"run": {}, "compare": {}, "validate": {}}
	check := func(t *testing.T, kind, text string) {
		for key := range checkStrict(t, text) {
			of[kind][key] = true
		}
	}
	for _, name := range fixtures(t) {
		check(t, "run", render(t, "junit", Options{}, load(t, name)))
	}
	for _, c := range comparisonFixtures(t) {
		check(t, "compare", renderCompare(t, "junit", Options{}, c))
	}
	for _, v := range wrongAndRight() {
		check(t, "validate", renderValidation(t, v))
	}
	all, together := 0, map[string]bool{}
	for _, keys := range of {
		if len(keys) == 0 {
			t.Error("no cases")
		}
		all += len(keys)
		maps.Copy(together, keys)
	}
	if all != len(together) {
		t.Errorf("%d cases of files of several kinds have only %d classes and names", all, len(together))
	}
}

// wrongAndRight are validations of documents of one system each.
func wrongAndRight() []*validate.Validation {
	system := validate.System{File: "blastgauge.yaml", Experiments: []validate.Experiment{{ID: "payments-down", File: "experiments/payments-down.yaml"}}}
	right, wrong := validate.Document{File: "blastgauge.yaml", System: "blastgauge.yaml"}, validate.Document{File: "experiments/payments-down.yaml", System: "blastgauge.yaml"}
	return []*validate.Validation{
		{Systems: []validate.System{system, system}, Documents: []validate.Document{right, wrong}, Problems: []validate.Problem{{Kind: validate.Warning, File: "blastgauge.yaml", Message: "w"}, {Kind: validate.NotChecked, File: "blastgauge.yaml", Message: "n"}}},
		{Documents: []validate.Document{right, wrong}, Problems: []validate.Problem{
			{Kind: validate.Mistake, File: "experiments/payments-down.yaml", Line: 3, Column: 5, Message: "unknown key", Hint: "h", Note: "]]>\x00\xff\x1b[31m\u202e"},
			{Kind: validate.Refused, File: "experiments/payments-down.yaml", Message: "refused"}, {Kind: validate.Mistake, Message: "no place"},
			{Kind: validate.Mistake, File: strings.Repeat("long/", 1<<17), Message: strings.Repeat("\U0001f4a5 ", 1<<17)},
		}},
		{Documents: []validate.Document{right, wrong}, Problems: []validate.Problem{{Kind: validate.Mistake, File: "blastgauge.yaml", Message: "unknown key"}}},
	}
}

func renderValidation(t *testing.T, v *validate.Validation) string {
	t.Helper()
	write, err := ValidationFor("junit")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := write(&b, v); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A document fails once, whatever is wrong with it, and what stops no run fails nothing.
func TestJUnitOfValidationsCountsDocuments(t *testing.T) {
	t.Parallel()
	for i, want := range []string{`tests="2" failures="0" errors="0"`, `tests="4" failures="3" errors="0"`, `tests="2" failures="1" errors="0"`} {
		text := renderValidation(t, wrongAndRight()[i])
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in\n%.2000s", want, text)
		}
	}
	if text := renderValidation(t, wrongAndRight()[2]); strings.Count(text, "<skipped ") != 1 {
		t.Errorf("what could not be judged is not skipped in\n%.2000s", text)
	}
	if text := renderValidation(t, wrongAndRight()[1]); !strings.Contains(text, `type="mistake"`) || !strings.Contains(text, "payments-down.yaml:3:5: unknown key; h; ") {
		t.Errorf("the place is not in\n%.2000s", text)
	}
}

// Readers such as libxml2 refuse a file for a text of 10 MB, and so does a person for a name
// of one: what is that long is cut, and marked.
func TestJUnitIsOfReadableSize(t *testing.T) {
	t.Parallel()
	r := load(t, "refuted")
	e := &r.Experiments[0]
	huge := strings.Repeat("\u017c]]>&\x00\xff ", 1<<16)
	e.Title, e.Hypothesis, e.File, r.System.Name = huge, huge, huge, huge
	e.Reasons = []string{huge, huge}
	e.Criteria[0].Name, e.Criteria[0].Detail = huge, huge
	text := render(t, "junit", Options{}, r)
	checkStrict(t, text)
	if len(text) > 500_000 || !strings.Contains(text, "…") {
		t.Errorf("%d bytes", len(text))
	}
	if long := renderValidation(t, wrongAndRight()[1]); len(long) > 500_000 {
		t.Errorf("%d bytes of a validation", len(long))
	}
}

// What a damaged result repeats or turns round is no reason for a file that nobody reads.
func TestJUnitOfADamagedResultIsStrict(t *testing.T) {
	t.Parallel()
	r := load(t, "refuted")
	e := &r.Experiments[0]
	e.Phases[0].From, e.Phases[len(e.Phases)-1].To = e.Phases[len(e.Phases)-1].To, e.Phases[0].From
	e.Criteria = append(e.Criteria, result.Criterion{Name: e.Criteria[0].Name, Verdict: result.Held, Detail: "\x00\x1b[31m\uffff]]>"})
	r.Experiments = append(r.Experiments, *e)
	text := render(t, "junit", Options{}, r)
	checkStrict(t, text)
	if bytes.ContainsAny([]byte(text), "\x00\x1b") || strings.ContainsRune(text, '\uffff') {
		t.Error("a character that XML does not have")
	}
}
