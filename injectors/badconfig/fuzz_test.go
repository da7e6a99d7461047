package badconfig

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// shapes are parameters for each operator, the seed's choice among them.
func shapes() map[string][]string {
	return map[string][]string{
		"drop":      {`{}`, `{"as": null}`, `{"path": "$..a"}`, `{"path": "$.*"}`, `{"path": "$[0,2]"}`},
		"blank":     {`{}`, `{"path": "$"}`, `{"path": "$..*"}`, `{"path": "/a"}`},
		"retype":    {`{}`, `{"to": "string"}`, `{"to": "list", "path": "$..a"}`, `{"to": "object"}`, `{"to": "number"}`, `{"to": "scalar", "path": "$..*"}`},
		"truncate":  {`{}`, `{"keep": 0.9, "at": "line"}`},
		"duplicate": {`{}`, `{"as": "entries", "path": "$..*"}`, `{"as": "key"}`, `{"path": "$[*]", "times": 3}`, `{"as": "key", "value": {"a": [1, "x"]}}`},
		"rename":    {`{}`, `{"to": "yes", "path": "$..a"}`, `{"arity": 2}`, `{"arity": -1, "path": "$..*"}`},
		"stale":     {`{"body": "a: 1"}`, `{}`},
		"scale":     {`{}`, `{"by": "1/7", "path": "$..*"}`, `{"unit": "ms"}`},
		"extreme":   {`{}`, `{"length": 20}`, `{"length": 5, "path": "$..*"}`},
		"widen":     {`{}`, `{"path": "$..*"}`, `{"to": "a: b # \"'"}`},
		"flip":      {`{}`, `{"path": "$..*"}`, `{"to": null}`},
		"split":     {`{"with": {"drop": {}}}`, `{}`},
		"unpair":    {`{}`, `{"set": {"/a": 1, "/b": "x y", "/new": {"c": [null]}}}`, `{"swap": ["/a", "/b"]}`, `{"swap": ["/0", "/1"]}`},
		"expire":    {`{}`, `{"path": "$..*"}`},
		"endpoints": {`{}`, `{"path": "$..*", "as": "dead"}`, `{"as": "partial", "path": "$..*"}`},
		"candidate": {`{"body": "[]"}`},
	}
}

// inPlace are the operators after which all other values are what they were.
func inPlace(operator string) bool {
	return strings.Contains(" blank retype scale widen flip expire ", " "+operator+" ")
}

func fuzzed(t *testing.T, body []byte, format Format, seed uint64) {
	for _, o := range operators() {
		all := shapes()[o.name]
		m := parsed(t, o.name, all[seed%uint64(len(all))])
		doc := Document{Body: body, Format: format, Seed: seed, Client: "c", At: noon(), Earlier: []byte("b: 2")}
		kept := bytes.Clone(body)
		r, err := m.Apply(doc)
		if !bytes.Equal(body, kept) {
			t.Fatalf("%s changed what it was given", o.name)
		}
		if err != nil {
			if !errors.Is(err, ErrUnfit) || !bytes.Equal(r.Body, body) || r.Changed {
				t.Fatalf("%s: %v, %+v", o.name, err, r)
			}
			continue
		}
		if !r.Changed {
			continue
		}
		promises(t, m, doc, r)
		if t.Failed() {
			t.Fatalf("%s %v of %q in %s", o.name, m.Attributes(), body, format)
		}
		if inPlace(o.name) && reads(body, format) && !strings.ContainsAny(string(body), "*&") {
			othersStay(t, o.name, body, r, format)
		}
	}
}

// othersStay compares a document before and after without what was to change.
func othersStay(t *testing.T, operator string, before []byte, r Result, format Format) {
	var a, b any
	if decodeAny(before, format, &a) != nil || decodeAny(r.Body, format, &b) != nil {
		return
	}
	if oddKeys(a) {
		return // a pointer names a key by its text, and these have none
	}
	for _, pointer := range r.Where {
		a, b = without(a, tokensOf(pointer)), without(b, tokensOf(pointer))
	}
	if !reflect.DeepEqual(a, b) {
		t.Fatalf("%s: of %q became %q: more than %v has changed", operator, before, r.Body, r.Where)
	}
}

func decodeAny(body []byte, format Format, v *any) error {
	body = bytes.TrimPrefix(body, []byte(bom))
	if format == YAML {
		return yaml.Unmarshal(body, v)
	}
	return json.Unmarshal(body, v)
}

func oddKeys(v any) bool {
	switch box := v.(type) {
	case map[any]any:
		return true
	case map[string]any:
		for _, inner := range box {
			if oddKeys(inner) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(box, oddKeys)
	}
	return false
}

func without(v any, tokens []string) any {
	if len(tokens) == 0 {
		return nil
	}
	switch box := v.(type) {
	case map[string]any:
		if inner, ok := box[tokens[0]]; ok {
			box[tokens[0]] = without(inner, tokens[1:])
		}
	case []any:
		if i, err := strconv.Atoi(tokens[0]); err == nil && i >= 0 && i < len(box) {
			box[i] = without(box[i], tokens[1:])
		}
	}
	return v
}

func FuzzJSON(f *testing.F) {
	for _, s := range []string{
		`{"a": 1, "b": [1, 2.50, "x"], "min": 1, "max": 2}`, `[{"a": null}, {"a": {"a": []}}]`, "{\n  \"a\": \"12 EUR\",\n  \"b\": {}\n}\n",
		`{"a": 1, "a": {"a": 2}}`, `"x"`, ` 1e5 `, `{"": {"~/": "http://u@a:1/?#"}}`, bom + `{"at": "2031-01-02T03:04:05.5Z", "b": 1893456000}`,
		`{"é\u0000": "\ud800", "b": "10.0.0.0/8"}`, `[[[]], {}, true, "off", "5%"]`, `{"hosts": ["a.example:1", {"host": "b"}]}`,
	} {
		f.Add([]byte(s), uint64(1))
	}
	f.Fuzz(func(t *testing.T, body []byte, seed uint64) { fuzzed(t, body, JSON, seed) })
}

func FuzzYAML(f *testing.F) {
	for _, s := range []string{
		"a: 1\nb:\n  - 1\n  - x: 2.50 # c\n    y: 'z'\nmin: 1\nmax: 2\n", "- a:\n- - b\n  - &x c\n- *x\n", "a: {a: [1, \"2\"], b: }\n", "a: |\n  x\n  y\nb: >-\n  z\n\n",
		"? a\n: b\n", "a: &x\n  b: 1\nc:\n  <<: *x\n", "--- 1\n---\na: 2\n...\n", "a: !!str 12\nb: !t &q x\n", "a: one\n  two\nb: \"x\n  y\"\n", "\"a\": 'b'\r\n\"c\": d\r\n",
		"[a: 1, b]", "a:   # x\n  b: 0x1f\n", "é: [ü, 𝄞]\n", "a: 2031-01-02\nb: 10.0.0.0/8\nc: off\n", "hosts:\n- a.example:1\n- b.example:2",
	} {
		f.Add([]byte(s), uint64(1))
	}
	f.Fuzz(func(t *testing.T, body []byte, seed uint64) { fuzzed(t, body, YAML, seed) })
}

func FuzzText(f *testing.F) {
	f.Add([]byte("a\nb\n\xff"), uint64(1))
	f.Fuzz(func(t *testing.T, body []byte, seed uint64) { fuzzed(t, body, Text, seed) })
}

func FuzzParse(f *testing.F) {
	for name, list := range shapes() {
		for _, s := range list {
			f.Add(name, []byte(s))
		}
	}
	f.Fuzz(func(t *testing.T, operator string, params []byte) {
		var attributes map[string]any
		if json.Unmarshal(params, &attributes) != nil {
			return
		}
		m, err := Parse(operator, attributes)
		if (m == nil) == (err == nil) {
			t.Fatalf("Parse() = %v, %v", m, err)
		}
		if m == nil {
			return
		}
		body := []byte(`{"a": [1, "x", {"b": true}], "min": 1, "max": 2}`)
		doc := Document{Body: body, Format: JSON, At: noon()}
		if r, err := m.Apply(doc); err == nil && r.Changed {
			promises(t, m, doc, r)
		}
	})
}
