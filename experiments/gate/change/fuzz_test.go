package change_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/gate/change"
	"github.com/blastgauge/blastgauge/injectors/badconfig"
)

// fuzzed checks what holds of any two versions.
func fuzzed(t *testing.T, served, candidate, name string, seed uint64) {
	t.Helper()
	d, err := change.Diff([]byte(served), []byte(candidate), name)
	if err != nil {
		if len(served) <= change.MostBytes && len(candidate) <= change.MostBytes {
			t.Fatal(err)
		}
		return
	}
	all := d.Pointers()
	if sorted := slices.Sorted(slices.Values(all)); len(slices.Compact(sorted)) != len(all) || len(all) > change.MostPointers {
		t.Fatalf("Pointers() = %q", all)
	}
	for _, c := range d.Changed() {
		if c.From != nil && !json.Valid(c.From) || c.To != nil && !json.Valid(c.To) || c.From == nil && c.To == nil {
			t.Fatalf("%s: %s → %s", c.Pointer, c.From, c.To)
		}
	}
	if got, err := d.Only(nil); err != nil || string(got) != served {
		t.Fatalf("Only(nil) = %q, %v", got, err)
	}
	if got, err := d.Only(all); err != nil || string(got) != candidate && len(all) > 0 {
		t.Fatalf("Only(%q) = %q, %v", all, got, err)
	}
	if d.Why() == "" {
		eachAlone(t, d, served, name)
	}
	list, _ := checked(t, d, served, candidate, name, change.Options{Seed: seed, At: now(), Most: 12})
	for _, n := range list {
		fuzzedNeighbor(t, d, n, candidate)
	}
}

// eachAlone checks that each change alone is this change, where nothing binds it to others.
func eachAlone(t *testing.T, d *change.Difference, served, name string) {
	t.Helper()
	for i, p := range d.Pointers() {
		part, err := d.Only([]string{p})
		if err != nil || i > 5 {
			continue
		}
		made, err := change.Diff([]byte(served), part, name)
		switch {
		case err != nil:
			continue // too long
		case made.Why() != "":
			t.Fatalf("Only(%q) = %q: %s", p, part, made.Why())
		case !strings.ContainsAny(served, "*&") && !slices.Equal(made.Pointers(), []string{p}):
			t.Fatalf("Only(%q) = %q, which changes %q", p, part, made.Pointers())
		}
	}
}

// fuzzedNeighbor checks that a neighbor parses if its operator says so, and that its
// operator makes it of the candidate.
func fuzzedNeighbor(t *testing.T, d *change.Difference, n change.Neighbor, candidate string) {
	t.Helper()
	var parameters map[string]any
	decoder := json.NewDecoder(bytes.NewReader(n.Parameters))
	decoder.UseNumber()
	if err := decoder.Decode(&parameters); err != nil {
		t.Fatal(err)
	}
	m, err := badconfig.Parse(n.Operator, parameters)
	if err != nil {
		t.Fatalf("%s %s: %v", n.Operator, n.Parameters, err)
	}
	r, err := m.Apply(badconfig.Document{Body: []byte(candidate), Format: d.Format(), At: now(), Seed: 1})
	if err != nil || n.Operator != "endpoints" && n.Operator != "expire" && !bytes.Equal(r.Body, n.Body) {
		t.Fatalf("%s %s: %v, %q in place of %q", n.Operator, n.Parameters, err, r.Body, n.Body)
	}
	if m.Parses() && !n.Parses && !strings.Contains(candidate, "<<") {
		t.Fatalf("%s %s does not parse: %q", n.Operator, n.Parameters, n.Body)
	}
}

func FuzzJSON(f *testing.F) {
	for _, pair := range [][2]string{
		{`{"a": 1, "b": [1, 2.50, "x"], "min": 1, "max": 2}`, `{"a": 10, "b": [1, 2.5], "min": 2, "max": 1, "c": {"d": null}}`},
		{`{"o": {"x": 1, "x": 2}}`, `{"o": {"x": 2}}`}, {`[1, 2]`, `[1, 3]`}, {`1`, `"1"`}, {`{`, `{}`}, {"\ufeff{\"a\": 1}", `{"a": 1e400}`},
		{`{"": {"~/": "http://u@a:1/?#"}}`, `{"": {"~/": "http://u@b:1/?#", "t": "30s"}}`}, {`{"é": "\ud800"}`, `{"é": "\ud801"}`},
		{`{"at": "2031-01-02T03:04:05.5Z", "until": 1893456000}`, `{"at": "2032-01-02T03:04:05.5Z", "until": 1993456000}`},
		{`{"hosts": ["a.example:1", {"host": "b"}]}`, `{"hosts": ["a.example:1", {"host": "c"}], "token": "abc"}`},
	} {
		f.Add(pair[0], pair[1], uint64(1))
	}
	f.Fuzz(func(t *testing.T, served, candidate string, seed uint64) {
		fuzzed(t, served, candidate, "a.json", seed)
	})
}

func FuzzYAML(f *testing.F) {
	for _, pair := range [][2]string{
		{"a: 1\nb:\n  - 1\n  - x: 2.50 # c\n    y: 'z'\n", "a: 10\nb:\n  - 1\n  - x: 3\nc: {d: ~}\n"},
		{"b: &b {r: 3}\np: *b\nq: {<<: *b, s: 1}\n", "b: &b {r: 30}\np: {r: 3}\nq: {<<: [*b], s: 2}\n"},
		{"a: &a [*a]\n", "a: [1]\n"}, {"? [a]\n: 1\n", "? [b]\n: 1\n"}, {"a: !env A\n", "a: !env B\n"}, {"a: yes\nb: 012\n", "a: 'yes'\nb: '012'\n"},
		{"--- 1\n---\na: 2\n", "--- 2\n---\na: 3\n"}, {"a: |\n  x\n  y\nb: >-\n  z\n\n", "a: x\nb: z\n"}, {"1: a\ntrue: b\n", "1: c\n2: d\n"},
		{"a: 1\r\nb: off\r\n", "b: on\r\n"}, {"<<: {a: 1}\nb: 2\n", "<<: {a: 2}\nb: 2\n"}, {"# nothing\n", "a: 1\n"}, {"a: \"x\n  y\"\n", "a: one\n  two\n"},
		{"hosts:\n- a.example:1\n", "hosts:\n- a.example:1\n- b.example:2"}, {"a: !!binary aGk=\n", "a: !!binary aGo=\n"}, {"&k a: 1\nb: *k\n", "a: 1\nb: a\n"},
	} {
		f.Add(pair[0], pair[1], uint64(1))
	}
	f.Fuzz(func(t *testing.T, served, candidate string, seed uint64) {
		fuzzed(t, served, candidate, "a.yaml", seed)
	})
}

func FuzzAnyForm(f *testing.F) {
	f.Add("a=1\n", "a=2\n", "a.ini", uint64(1))
	f.Add(`{"a": 1}`, `{"a": 1`, "settings", uint64(1))
	f.Add("\xff", "", "application/json; charset", uint64(1))
	f.Fuzz(func(t *testing.T, served, candidate, name string, seed uint64) {
		fuzzed(t, served, candidate, name, seed)
	})
}
