package experiments

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/shape"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func compiled(t testing.TB, kind Kind) *jsonschema.Schema {
	t.Helper()
	text, err := Schema(kind)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// asJSON returns a document as an editor hands it to a schema. It reports false
// if the text is not a document.
func asJSON(text []byte) (any, bool) {
	d := shape.NewDocument(shape.Source{Text: text}, language())
	root, ok := d.Parse()
	if !ok {
		return nil, false
	}
	return plain(root), true
}

func plain(n shape.Node) any {
	switch n.Kind() {
	case shape.Mapping:
		m := map[string]any{}
		for _, key := range n.Keys() {
			m[key.Text()], _ = plainOf(n, key.Text())
		}
		return m
	case shape.Sequence:
		l := []any{}
		for _, item := range n.Items() {
			l = append(l, plain(item))
		}
		return l
	case shape.Null:
		return nil
	case shape.Bool:
		return strings.EqualFold(n.Text(), "true")
	}
	if isJSONNumber(n) {
		return json.Number(n.Text())
	}
	return n.Text()
}

func plainOf(n shape.Node, key string) (any, bool) {
	value, ok := n.Lookup(key)
	if !ok {
		return nil, false
	}
	return plain(value), true
}

func TestSchemaAcceptsEveryGoodDocument(t *testing.T) {
	t.Parallel()
	files, err := DefaultExperiments(system)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, system, "testdata/good/design.yaml", "testdata/good/common.yaml", "testdata/good/measured.yaml") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		kind := SystemKind
		if filepath.Base(filepath.Dir(file)) == "experiments" {
			kind = ExperimentKind
		}
		doc, ok := asJSON(text)
		if !ok {
			t.Fatalf("%s is no document", file)
		}
		if err := compiled(t, kind).Validate(doc); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// A wrong document whose mistake a schema cannot express says so in its first
// line. The schema must refuse all others, and accept these.
func TestSchemaRefusesWhatTheLoaderRefuses(t *testing.T) {
	t.Parallel()
	schemas := map[Kind]*jsonschema.Schema{SystemKind: compiled(t, SystemKind), ExperimentKind: compiled(t, ExperimentKind)}
	for name, files := range wrongDocuments(t) {
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			beyond := bytes.HasPrefix(text, []byte("# schema: cannot tell\n"))
			doc, ok := asJSON(text)
			if !ok {
				if !beyond {
					t.Errorf("%s: no document, so no schema can tell", name)
				}
				continue
			}
			kind := SystemKind
			if ofExperiment(t, file) {
				kind = ExperimentKind
			}
			err = schemas[kind].Validate(doc)
			switch {
			case err == nil && !beyond:
				t.Errorf("%s: the loader refuses it, the schema does not", name)
			case err != nil && beyond:
				t.Errorf("%s: the schema refuses it too, its first line is stale: %v", name, err)
			}
		}
	}
}

func TestSchemaDescribesEveryKey(t *testing.T) {
	t.Parallel()
	for _, kind := range []Kind{SystemKind, ExperimentKind} {
		text, err := Schema(kind)
		if err != nil {
			t.Fatal(err)
		}
		var doc any
		if err := json.Unmarshal(text, &doc); err != nil {
			t.Fatal(err)
		}
		if n := described(t, string(kind), doc); n < 20 {
			t.Errorf("%s: only %d keys are described", kind, n)
		}
	}
	if _, err := Schema("report"); err == nil {
		t.Error("a schema of an unknown kind")
	}
}

// described counts the keys with a description and reports those without.
func described(t *testing.T, at string, v any) int {
	t.Helper()
	n := 0
	switch v := v.(type) {
	case map[string]any:
		properties, _ := v["properties"].(map[string]any)
		for name, p := range properties {
			p, ok := p.(map[string]any)
			switch {
			case !ok || p["const"] != nil: // a condition, or described above
			case p["description"] == nil || p["description"] == "":
				t.Errorf("%s.%s has no description", at, name)
			default:
				n++
			}
		}
		for key, inner := range v {
			n += described(t, at+"."+key, inner)
		}
	case []any:
		for _, inner := range v {
			n += described(t, at, inner)
		}
	}
	return n
}
