package experiments

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
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

// asJSON is a document as an editor hands it to a schema; false where it is no
// document at all.
func asJSON(text []byte) (any, bool) {
	d := newDecoder("", text)
	root := d.parse(text)
	if root == nil {
		return nil, false
	}
	return plain(root), true
}

func plain(n *yaml.Node) any {
	n = open(n)
	switch {
	case n.Kind == yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			m[open(n.Content[i]).Value] = plain(n.Content[i+1])
		}
		return m
	case n.Kind == yaml.SequenceNode:
		l := []any{}
		for _, c := range n.Content {
			l = append(l, plain(c))
		}
		return l
	case n.Tag == "!!null":
		return nil
	case n.Tag == "!!bool":
		return strings.EqualFold(n.Value, "true")
	case (n.Tag == "!!int" || n.Tag == "!!float") && json.Valid([]byte(n.Value)):
		return json.Number(n.Value)
	}
	return n.Value
}

func TestSchemaAcceptsEveryGoodDocument(t *testing.T) {
	files, err := DefaultExperiments(system)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, system, "testdata/good/design.yaml") {
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

// TestSchemaRefusesWhatTheLoaderRefuses holds for every wrong document that
// does not say in its first line that its mistake is beyond a schema; those
// that say so must indeed pass, or the mark is stale.
func TestSchemaRefusesWhatTheLoaderRefuses(t *testing.T) {
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

// described counts the keys with a description and complains of those without.
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
