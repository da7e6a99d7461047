package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/blastgauge/blastgauge/injectors/badconfig"
)

// The documentation's table says what a strict schema sees of each operator.
func TestSchemaColumnOfOperators(t *testing.T) {
	t.Parallel()
	const root = "../.."
	settings := filepath.Join(root, "examples", "checkout", "settings.json")
	good, err := os.ReadFile(settings)
	if err != nil {
		t.Fatal(err)
	}
	schema, err := settingsSchema(root)
	if err != nil {
		t.Fatal(err)
	}
	next, err := os.ReadFile(filepath.Join(settingsDir(root), "next.json"))
	if err != nil || !passesSchema(schema, string(good)) || !passesSchema(schema, string(next)) {
		t.Fatalf("good settings are refused, %v", err)
	}
	cases, err := operatorCases(settingsDir(root))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range cases {
		names = append(names, c.operator)
		m, err := badconfig.Parse(c.operator, c.parameters)
		if err != nil {
			t.Errorf("%s: %v", c.operator, err)
			continue
		}
		r, err := m.Apply(badconfig.Document{Body: good, Format: badconfig.JSON, Client: "127.0.0.1"})
		if err != nil || !r.Changed {
			t.Errorf("%s: changed %v, %v", c.operator, r.Changed, err)
			continue
		}
		if passesSchema(schema, string(r.Body)) != c.passes {
			t.Errorf("%s: the schema passes it: %v, want %v\n%s", c.operator, !c.passes, c.passes, r.Body)
		}
	}
	if !slices.Equal(names, badconfig.Names()) {
		t.Errorf("the operators are %v, want %v", names, badconfig.Names())
	}
}

// settingsSchema compiles the strict schema of the demo's settings.
func settingsSchema(root string) (*jsonschema.Schema, error) {
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	return c.Compile(filepath.Join(root, "examples", "checkout", "settings.schema.json"))
}

// passesSchema reports whether a document is JSON that the schema accepts.
func passesSchema(s *jsonschema.Schema, body string) bool {
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
	return err == nil && s.Validate(doc) == nil
}
