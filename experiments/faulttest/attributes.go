package faulttest

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/injectors"
)

// Attributes are what a fault or an operator is made with, by the names of documents.
// Durations are of type [time.Duration], sizes are bytes, rates bytes per second, shares
// from 0 to 1; whole numbers may be of any type. A value can also be a text ([]byte as
// well), a bool, and a list or a map of these.
type Attributes map[string]any

// set gives the fault an attribute.
func (f *Fault) set(name string, value any) {
	f.attributes[name] = held(value)
	if kind, ok := injectors.Lookup(f.kind); ok && f.mistake == "" {
		f.mistake = mistyped(kind, name, value)
	}
}

// mistyped says what is wrong with an attribute that the catalogue would not see: a number
// that is meant as milliseconds, such as Toxiproxy's clients send, would be seconds. It is
// empty where nothing is.
func mistyped(kind injectors.Kind, name string, value any) string {
	a, known := kind.Attribute(name)
	_, is := value.(time.Duration)
	switch {
	case known && a.Unit == injectors.Duration && !is:
		return fmt.Sprintf("%s must be a time.Duration, such as 2*time.Second, not %v (%[2]T)", name, value)
	case known && a.Unit.Numeric() && a.Unit != injectors.Duration && is:
		return fmt.Sprintf("%s is no duration, and %v is one", name, value)
	case known:
		return ""
	case name == "share" || name == "toxicity":
		return name + " is no attribute: use the option Share(0.2)"
	case name == "stream":
		return "stream is no attribute: use the option Upstream()"
	}
	return ""
}

// inner returns a table, which it makes where there is nothing. What is there and no table
// stays, so that the catalogue refuses it.
func inner(of map[string]any, name string) map[string]any {
	fields, ok := of[name].(map[string]any)
	if !ok {
		fields = map[string]any{}
		if _, there := of[name]; !there {
			of[name] = fields
		}
	}
	return fields
}

// put adds values to a field, or to the entry of a table: headers.X-Tenant.
func put(fields map[string]any, field string, values []string) {
	if table, entry, ok := strings.Cut(field, "."); ok {
		fields, field = inner(fields, table), entry
	}
	list, _ := fields[field].([]any)
	if one, ok := fields[field].(string); ok {
		list = []any{one}
	}
	for _, v := range values {
		list = append(list, v)
	}
	fields[field] = list
	if len(list) == 1 {
		fields[field] = list[0]
	}
}

// held returns a value in the form in which the catalogue takes it: numbers as float64, and
// durations in seconds.
func held(value any) any {
	switch v := value.(type) {
	case time.Duration:
		return v.Seconds()
	case json.Number:
		return v
	}
	switch r := reflect.ValueOf(value); r.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return float64(r.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return float64(r.Uint())
	case reflect.Float32, reflect.Float64:
		return r.Float()
	case reflect.String:
		return r.String()
	case reflect.Bool:
		return r.Bool()
	case reflect.Slice, reflect.Array:
		return heldList(r)
	case reflect.Map:
		table := map[string]any{}
		for _, key := range r.MapKeys() {
			table[fmt.Sprint(key)] = held(r.MapIndex(key).Interface())
		}
		return table
	}
	return value
}

func heldList(r reflect.Value) any {
	if r.Kind() == reflect.Slice && r.Type().Elem().Kind() == reflect.Uint8 {
		return string(r.Bytes())
	}
	list := make([]any, r.Len())
	for i := range list {
		list[i] = held(r.Index(i).Interface())
	}
	return list
}

// addUnknown adds to what goes to the proxy the attributes that the catalogue does not
// know, and reports whether there are any: those are mistakes, and must not get lost.
func addUnknown(wire map[string]any, given map[string]any, known []injectors.Attribute) (found bool) {
	for name, v := range given {
		i := slices.IndexFunc(known, func(a injectors.Attribute) bool { return a.Name == name })
		if i < 0 {
			wire[name], found = v, true
			continue
		}
		fields, nested := v.(map[string]any)
		if below, ok := wire[known[i].Wire].(map[string]any); ok && nested && len(known[i].Fields) > 0 {
			found = addUnknown(below, fields, known[i].Fields) || found
		}
	}
	return found
}

// withDocument returns the attributes with the text of the file that an operator names,
// which is seen from the directory of the test.
func withDocument(given injectors.Attributes) (injectors.Attributes, error) {
	operator, parameters := given.Operator()
	file, named := parameters[injectors.FileAttribute(operator)].(string)
	if _, inline := parameters["body"]; !named || inline {
		return given, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", operator, err)
	}
	complete := maps.Clone(given)
	parameters = maps.Clone(parameters)
	parameters["body"] = string(text)
	complete[operator] = parameters
	return complete, nil
}
