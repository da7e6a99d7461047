package change_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/gate/change"
)

// diff compares two versions.
func diff(t *testing.T, served, candidate, name string) *change.Difference {
	t.Helper()
	d, err := change.Diff([]byte(served), []byte(candidate), name)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// lines writes what differs, one pointer a line.
func lines(d *change.Difference) string {
	var list []string
	for _, c := range d.Changed() {
		list = append(list, fmt.Sprintf("%s: %s → %s", c.Pointer, c.From, c.To))
	}
	return strings.Join(list, "\n")
}

func TestDiff(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ file, served, candidate, want string }{
		"JSON, another layout":      {"a.json", `{"a": 1, "b": [1.50, "é"]}`, "{\n  \"b\": [1.5,\n \"\\u00e9\"], \"a\": 1 }\n", ""},
		"JSON, a number":            {"a.json", `{"retries": 3}`, `{"retries": 30}`, "/retries: 3 → 30"},
		"JSON, a number's type":     {"a.json", `{"retries": 3}`, `{"retries": 3.0}`, "/retries: 3 → 3.0"},
		"JSON, large numbers":       {"a.json", `[9007199254740993, 1e400]`, `[9007199254740992, 1e401]`, "/0: 9007199254740993 → 9007199254740992\n/1: 1e400 → 1e401"},
		"JSON, keys come and go":    {"a.json", `{"a": 1, "b": 2, "x": null}`, `{"c": 3, "b": 2, "d": {"e": []}}`, "/c:  → 3\n/d:  → {\"e\":[]}\n/a: 1 → \n/x: null → "},
		"JSON, another type":        {"a.json", `{"a": {"b": 1}}`, `{"a": [1]}`, `/a: {"b":1} → [1]`},
		"JSON, an entry of a list":  {"a.json", `{"a": [1, {"b": 2}]}`, `{"a": [1, {"b": 3}]}`, "/a/1/b: 2 → 3"},
		"JSON, a longer list":       {"a.json", `{"a": [1, 2]}`, `{"a": [0, 1, 2]}`, "/a: [1,2] → [0,1,2]"},
		"JSON, odd names":           {"a.json", `{"": {"~/": 1}}`, `{"": {"~/": 2}}`, "//~0~1: 1 → 2"},
		"JSON, the root":            {"a.json", `1`, `"1"`, `: 1 → "1"`},
		"JSON, a name twice":        {"a.json", `{"a": 1, "o": {"x": 1, "x": 2}}`, `{"a": 2, "o": {"x": 2}}`, "/a: 1 → 2\n/o: {\"x\":1,\"x\":2} → {\"x\":2}"},
		"JSON, the same name twice": {"a.json", `{"o": {"x": 1, "x": 2}}`, `{"o": { "x": 1, "x": 2 }}`, ""},
		"JSON, a mark":              {"a.json", "\ufeff{\"a\": 1}", `{"a": 2}`, "/a: 1 → 2"},
		"JSON by its media type":    {"application/problem+json; charset=utf-8", `{"a": 1}`, `{"a": 2}`, "/a: 1 → 2"},
		"JSON by its form":          {"settings", `{"a": 1}`, `{"a": 2}`, "/a: 1 → 2"},

		"YAML, layout and comments": {"a.yaml", "a: 1 # one\nb: [x, 'z']\n", "# two\nb:\n- \"x\"\n- z\na:   1\n", ""},
		"YAML, null in words":       {"a.yaml", "a:\nb: ~\n", "a: null\nb:\n", ""},
		"YAML, block texts":         {"a.yaml", "a: |\n  x\n  y\n", "a: \"x\\ny\\n\"\n", ""},
		"YAML, line ends":           {"a.yml", "a: 1\nb: 2\n", "a: 1\r\nb: 2\r\n", ""},
		"YAML, quotes that matter":  {"a.yaml", "a: yes\nb: 012\nc: 2031-01-02\n", "a: \"yes\"\nb: \"012\"\nc: '2031-01-02'\n", "/a: \"yes\" → \"yes\"\n/b: 10 → \"012\"\n/c: \"2031-01-02\" → \"2031-01-02\""},
		"YAML, an anchor":           {"a.yaml", "b: &b {r: 3}\np: *b\nq: {<<: *b, s: 1}\n", "b: &c {r: 30}\np: *c\nq: {<<: *c, s: 2}\n", "/b/r: 3 → 30\n/q/s: 1 → 2"},
		"YAML, an alias written":    {"a.yaml", "b: &b {r: 3}\np: *b\nq: {<<: *b, s: 1}\n", "b: {r: 3}\np: {r: 3}\nq: {r: 3, s: 1}\n", ""},
		"YAML, an alias that moved": {"a.yaml", "b: &b {r: 3}\nc: &c {r: 4}\np: *b\n", "b: &b {r: 3}\nc: &c {r: 4}\np: *c\n", `/p: {"r":3} → {"r":4}`},
		"YAML, another merge":       {"a.yaml", "b: &b {r: 3}\nc: &c {r: 4}\np: {<<: *b}\n", "b: &b {r: 3}\nc: &c {r: 4}\np: {<<: *c}\n", `/p: {"r":3} → {"r":4}`},
		"YAML, several merges":      {"a.yaml", "b: &b {r: 3}\nc: &c {r: 4, s: 5}\np: {<<: [*b, *c]}\n", "b: &b {r: 3}\nc: &c {r: 4, s: 5}\np: {r: 3, s: 5}\n", ""},
		"YAML, tags":                {"a.yaml", "a: !env A\nb: !!str 1\n", "a: !env A\nb: '1'\n", ""},
		"YAML, another tag":         {"a.yaml", "a: !env A\n", "a: !file A\n", `/a: "A" → "A"`},
		"YAML, names of numbers":    {"a.yaml", "404: retry\n", "404: ignore\n", `/404: "retry" → "ignore"`},
		"YAML, documents":           {"a.yaml", "a: 1\nb: 1\n---\na: 1\n", "a: 2\nb: 1\n---\na: 3\n", "/a: 1 → 2"},

		"text, the same": {"a.ini", "a = 1\n", "a = 1\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := diff(t, tt.served, tt.candidate, tt.file)
			if got := lines(d); got != tt.want || d.Why() != "" {
				t.Errorf("Changed() is\n%s\nwant\n%s\nWhy() = %q", got, tt.want, d.Why())
			}
		})
	}
}

// What cannot be compared by value is one change, and it is said why.
func TestDiffAsWhole(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ file, served, candidate, want, why string }{
		"text":                 {"app.properties", "retries=3\n", "retries=30\n", `: "retries=3\n" → "retries=30\n"`, "neither JSON nor YAML"},
		"nothing was served":   {"a.json", "", `{"a": 1}`, `: "" → {"a":1}`, "what is served: it is empty"},
		"an empty candidate":   {"a.yaml", "a: 1\n", "# soon\n", `: {"a":1} → "# soon\n"`, "the candidate: it is empty"},
		"broken JSON":          {"a.json", `{"a": 1}`, "{\"a\": 1,\n\"b\": }\n", `: {"a":1} → "{\"a\": 1,\n\"b\": }\n"`, "line 2 of the candidate: it is not JSON"},
		"broken by its form":   {"settings", `{"a": 1}`, `{"a": 1`, `: {"a":1} → "{\"a\": 1"`, "line 1 of the candidate: it is not JSON"},
		"broken YAML":          {"a.yaml", "a: 1\n", "a: 1\nb: [\n", `: {"a":1} → "a: 1\nb: [\n"`, "the candidate: it is not YAML: line 2"},
		"both broken":          {"a.json", `{`, `[`, `: "{" → "["`, "what is served: it is not JSON: unexpected end of JSON input, and line 1 of the candidate"},
		"not in UTF-8":         {"a.json", `"a"`, "\"\xff\"", ": \"a\" → \"\\\"\ufffd\\\"\"", "the candidate is not in UTF-8"},
		"half a character":     {"a.json", `"\ud800"`, `"\ud801"`, `: "\"\\ud800\"" → "\"\\ud801\""`, "the whole document is no text in Unicode"},
		"more documents":       {"a.yaml", "a: 1\n", "a: 1\n---\nb: 2\n", `: {"a":1} → "a: 1\n---\nb: 2\n"`, "there are 2 documents in place of 1"},
		"names of collections": {"a.yaml", "? [a]\n: 1\n", "? [b]\n: 1\n", `: "? [a]\n: 1\n" → "? [b]\n: 1\n"`, "has a name that is no plain text"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := diff(t, tt.served, tt.candidate, tt.file)
			if got := lines(d); got != tt.want || !strings.Contains(d.Why(), tt.why) {
				t.Errorf("Changed() is\n%s\nwant\n%s\nWhy() = %q, want %q in it", got, tt.want, d.Why(), tt.why)
			}
			for pointers, want := range map[string]string{"-": tt.served, "": tt.candidate} {
				only, err := d.Only(slices.DeleteFunc([]string{pointers}, func(p string) bool { return p == "-" }))
				if err != nil || string(only) != want {
					t.Errorf("Only(%q) = %q, %v, want %q", pointers, only, err, want)
				}
			}
		})
	}
}

func TestDiffRefusesWhatIsTooLarge(t *testing.T) {
	t.Parallel()
	large := []byte(strings.Repeat(" ", change.MostBytes) + "1")
	for _, pair := range [][2][]byte{{large, nil}, {nil, large}} {
		if d, err := change.Diff(pair[0], pair[1], "a.json"); err == nil {
			t.Errorf("Diff() = %v", d)
		}
	}
}

// Few aliases can stand for more than anybody can read.
func TestDiffIsBounded(t *testing.T) {
	t.Parallel()
	var bomb strings.Builder
	bomb.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 12; i++ {
		fmt.Fprintf(&bomb, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	d := diff(t, bomb.String(), strings.Replace(bomb.String(), "[x,", "[y,", 1), "a.yaml")
	if got := lines(d); got != `/a0/0: "x" → "y"` {
		t.Errorf("Changed() is\n%s", got)
	}
	added := diff(t, "z: 1\n", "z: 1\n"+bomb.String(), "a.yaml")
	if !slices.Equal(added.Pointers(), []string{""}) || added.Why() == "" {
		t.Errorf("Pointers() = %v, Why() = %q", added.Pointers(), added.Why())
	}
	cycle := diff(t, "a: &a [*a]\nb: 1\n", "a: [1]\nb: 2\n", "a.yaml")
	if len(cycle.Changed()) == 0 || cycle.Why() == "" {
		t.Errorf("of what stands in itself: %s, %q", lines(cycle), cycle.Why())
	}
}

// Of more changes than can be told apart, the nearest common parents are named.
func TestDiffGathers(t *testing.T) {
	t.Parallel()
	make := func(price, flag int) string {
		var b strings.Builder
		b.WriteString(`{"products": [`)
		for i := range 300 {
			fmt.Fprintf(&b, `{"name": "p%d", "price": %d},`, i, price)
		}
		fmt.Fprintf(&b, `{}], "flags": {"a": %d, "b": %d}, "c": %d}`, flag, flag, flag)
		return b.String()
	}
	d := diff(t, make(1, 1), make(2, 2), "a.json")
	if got := d.Pointers(); !slices.Equal(got, []string{"/products", "/flags/a", "/flags/b", "/c"}) {
		t.Errorf("Pointers() = %v", got)
	}
	flat := func(v int) string {
		var b strings.Builder
		b.WriteString(`{"z": {"y": 1}`)
		for i := range 250 {
			fmt.Fprintf(&b, `, "k%d": %d`, i, v)
		}
		return b.String() + "}"
	}
	d = diff(t, flat(1), flat(2), "a.json")
	if got := d.Pointers(); !slices.Equal(got, []string{""}) || d.Why() != "" {
		t.Errorf("Pointers() = %v, Why() = %q", got, d.Why())
	}
}
