package change_test

import (
	"slices"
	"testing"
)

// A part of the change is made in the layout of what is served.
func TestOnlyKeepsTheLayout(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		file, served, candidate string
		only                    []string
		want                    string
	}{
		"JSON, a value":       {"a.json", "{\n  \"a\": 1,\n  \"b\" : [ 2 ]\n}\n", `{"a":3,"b":[4]}`, []string{"/b/0"}, "{\n  \"a\": 1,\n  \"b\" : [ 4 ]\n}\n"},
		"JSON, a new key":     {"a.json", "{\n  \"a\": 1,\n  \"b\": 2\n}\n", `{"a": 1, "n": {"x": 1.50}, "b": 3}`, []string{"/n"}, "{\n  \"a\": 1,\n  \"n\": {\"x\": 1.50},\n  \"b\": 2\n}\n"},
		"JSON, the first key": {"a.json", `{"a": 1}`, `{"n": 2, "a": 3}`, []string{"/n"}, `{"a": 1,"n": 2}`},
		"JSON, in an empty one": {"a.json", `{"o": {}, "a": 1}`, `{"o": {"x": 1, "y": 2}, "a": 2}`, []string{"/o/x", "/o/y"},
			`{"o": {"x": 1, "y": 2}, "a": 1}`},
		"JSON, one for all":     {"a.json", `{"a": 1, "b": 2, "c": 3}`, `{"x": 9, "c": 4}`, []string{"/x", "/a", "/b"}, `{"c": 3, "x": 9}`},
		"JSON, all go, one new": {"a.json", `{"o": {"a": 1}, "c": 3}`, `{"o": {"x": 9}, "c": 4}`, []string{"/o/x", "/o/a"}, `{"o": {"x": 9}, "c": 3}`},
		"JSON, a key goes":      {"a.json", "{\n  \"a\": 1,\n  \"b\": 2\n}\n", `{"a": 3}`, []string{"/b"}, "{\n  \"a\": 1\n}\n"},
		"JSON, a mark":          {"a.json", "\ufeff{\"a\": 1, \"b\": 2}\r\n", `{"a": 3, "b": 4}`, []string{"/a"}, "\ufeff{\"a\": 3, \"b\": 2}\r\n"},
		"YAML, a value":         {"a.yaml", "# top\na: 1   # kept\nb: 'x'\n", "a: 2\nb: y\n", []string{"/a"}, "# top\na: 2   # kept\nb: 'x'\n"},
		"YAML, quotes":          {"a.yaml", "a: 'x' # kept\nb: 1\n", "a: \"yes\"\nb: 2\n", []string{"/a"}, "a: 'yes' # kept\nb: 1\n"},
		"YAML, a bare word":     {"a.yaml", "a: 'x'\nb: 1\n", "a: yes\nb: 2\n", []string{"/a"}, "a: yes\nb: 1\n"},
		"YAML, a new key":       {"a.yaml", "a:\n    b: 1 # kept\nz: 1\n", "a:\n  b: 1\n  c: {d: [1, x]}\nz: 2\n", []string{"/a/c"}, "a:\n    b: 1 # kept\n    c: {d: [1, \"x\"]}\nz: 1\n"},
		"YAML, a key goes":      {"a.yaml", "a: 1 # gone\n# kept\nb: 2\n", "b: 3\n", []string{"/a"}, "# kept\nb: 2\n"},
		"YAML, an anchor":       {"a.yaml", "b: &b\n  r: 3 # kept\np: *b\nz: 1\n", "b: &b {r: 30}\np: *b\nz: 2\n", []string{"/b/r"}, "b: &b\n  r: 30 # kept\np: *b\nz: 1\n"},
		"YAML, an anchor goes":  {"a.yaml", "b: &b\n  r: 3\np: *b\nz: 1\n", "p: {r: 3}\nz: 2\n", []string{"/b"}, "p:\n  r: 3\nz: 1\n"},
		"YAML, number names":    {"a.yaml", "404: a # lost\nz: yes\n", "404: a\n503: b\nz: no\n", []string{"/503"}, "404: a\nz: yes\n503: b\n"},
		"YAML, documents":       {"a.yaml", "a: 1\n--- # kept\na: 1\nb: 1\n", "a: 2\n---\na: 3\nb: 2\n", []string{"/a"}, "a: 2\n--- # kept\na: 3\nb: 1\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := diff(t, tt.served, tt.candidate, tt.file).Only(tt.only)
			if err != nil || string(got) != tt.want {
				t.Errorf("Only(%v) = %q, %v, want\n%q", tt.only, got, err, tt.want)
			}
		})
	}
}

// Every part of a change is exactly this part, and nothing else.
func TestOnlyIsThatPart(t *testing.T) {
	t.Parallel()
	const served = `{"a": 1, "b": [1, 2], "o": {"x": "1", "y": null, "gone": true}, "p": {"q": 1}}`
	const candidate = `{"b": [1, 2, 3], "a": 1.5, "o": {"y": 0, "x": "1", "new": {"n": [1]}}, "p": []}`
	d := diff(t, served, candidate, "a.json")
	all := d.Pointers()
	if len(all) != 6 {
		t.Fatalf("Pointers() = %v", all)
	}
	for set := range 1 << len(all) {
		var in, out []string
		for i, p := range all {
			if set>>i&1 == 1 {
				in = append(in, p)
			} else {
				out = append(out, p)
			}
		}
		part, err := d.Only(in)
		if err != nil {
			t.Fatalf("Only(%v): %v", in, err)
		}
		made, left := diff(t, served, string(part), "a.json").Pointers(), diff(t, string(part), candidate, "a.json").Pointers()
		for _, list := range [][]string{in, out, made, left} {
			slices.Sort(list)
		}
		if !slices.Equal(made, in) || !slices.Equal(left, out) {
			t.Errorf("Only(%v) = %s: made %v, left %v", in, part, made, left)
		}
	}
}

func TestOnlyRefusesWhatIsNoChange(t *testing.T) {
	t.Parallel()
	d := diff(t, `{"a": 1, "b": 1}`, `{"a": 2, "b": 2}`, "a.json")
	for _, p := range []string{"", "/c", "a"} {
		if got, err := d.Only([]string{p}); err == nil {
			t.Errorf("Only(%q) = %s", p, got)
		}
	}
}
