package report

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/blastgauge/blastgauge/experiments/gate"
)

// The schema that programs check a report of a gate with takes every report, and refuses
// what is none.
func TestGateJSONSchema(t *testing.T) {
	t.Parallel()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(gate.JSONSchema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("gate.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("gate.json")
	if err != nil {
		t.Fatal(err)
	}
	valid := func(text string) error {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return s.Validate(v)
	}
	for name, r := range gateFixtures(t) {
		text := renderGate(t, "json", Options{}, r)
		if err := valid(text); (err != nil) != (name == "empty") {
			t.Errorf("%s: %v", name, err)
		}
		for _, change := range [][2]string{{`"exit_code": `, `"exit_code": 99`}, {`"verdict": "`, `"verdict": "x`}, {`"schema": "`, `"schema": "x`}, {`"sha256": "`, `"sha256": "x`}, {`"changed": [`, `"change": [`}} {
			if wrong := strings.Replace(text, change[0], change[1], 1); wrong != text && valid(wrong) == nil {
				t.Errorf("%s: it takes %s", name, change[1])
			}
		}
	}
	var root map[string]any
	if err := json.Unmarshal(gate.JSONSchema(), &root); err != nil {
		t.Fatal(err)
	}
	known(t, root, root, reflect.TypeFor[gate.Report](), "")
}

// known reports fields of a type that a schema does not describe.
func known(t *testing.T, root, schema map[string]any, typ reflect.Type, at string) {
	t.Helper()
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	if name, is := schema["$ref"].(string); is {
		schema = root["$defs"].(map[string]any)[strings.TrimPrefix(name, "#/$defs/")].(map[string]any)
	}
	switch {
	case typ == reflect.TypeFor[time.Time]() || typ == reflect.TypeFor[json.RawMessage]():
	case typ.Kind() == reflect.Slice:
		known(t, root, schema["items"].(map[string]any), typ.Elem(), at+"[]")
	case typ.Kind() == reflect.Struct:
		properties := schema["properties"].(map[string]any)
		for i := range typ.NumField() {
			name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
			of, is := properties[name].(map[string]any)
			if !is {
				t.Errorf("the schema has no %s.%s", at, name)
				continue
			}
			known(t, root, of, typ.Field(i).Type, at+"."+name)
		}
	}
}
