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

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/injectors"
)

// Attributes are what a fault or an operator is made with, by the names of documents.
// Durations are of type [time.Duration], sizes are bytes, rates bytes per second, shares
// from 0 to 1; whole numbers may be of any type. A value can also be a text, a bool, and a
// list or a map of these.
type Attributes map[string]any

// A Fault is what goes wrong. It does nothing until it is injected, and may be injected as
// often as one likes.
type Fault struct {
	kind       string
	attributes injectors.Attributes
	share      float64
	upstream   bool // it acts on what clients send
}

// An Option changes a fault that is being made.
type Option func(*Fault)

// New makes a fault of any kind that acts on a proxy, by the name that it has in documents:
// New("latency", Attributes{"latency": time.Second}). `blastgauge faults` lists them.
// Whether there is such a fault, and whether its attributes are right, is found out when it
// is injected.
func New(kind string, attributes Attributes, options ...Option) Fault {
	f := Fault{kind: kind, attributes: injectors.Attributes{}, share: 1}
	for name, v := range attributes {
		f.attributes[name] = held(v)
	}
	for _, set := range options {
		set(&f)
	}
	return f
}

// String describes the fault, as reports do: "http_error status 503 for POST /charges".
func (f Fault) String() string {
	kind, ok := injectors.Lookup(f.kind)
	if !ok {
		return f.kind
	}
	text := kind.Describe(f.attributes)
	if f.share != 1 {
		text += ", share " + figures.ShortPercent(f.share, 2)
	}
	return text
}

// With sets any attribute, such as With("body", "{}").
func With(attribute string, value any) Option {
	return func(f *Fault) { f.attributes[attribute] = held(value) }
}

// Share limits the fault to a share, from 0 to 1: of the requests, commands or statements
// that match, drawn for each; or, where it acts on bytes, of connections.
func Share(share float64) Option { return func(f *Fault) { f.share = share } }

// First limits the fault to the first n requests, commands or statements that match.
func First(n int) Option { return With("first", n) }

// After lets the dependency do the work, and the caller is told that it failed.
func After() Option { return With("when", "after") }

// Jitter varies a latency by up to so much either way.
func Jitter(d time.Duration) Option { return With("jitter", d) }

// Upstream lets a fault on bytes act on what clients send, and not on what they get.
func Upstream() Option { return func(f *Fault) { f.upstream = true } }

// Match limits the fault to requests, commands or statements with one of these values in a
// field; several Match have to fit all. The fields are method, path, grpc, headers.NAME and
// baggage.NAME of requests; class, command and key of Redis; statement and sql of
// PostgreSQL. In a path * is any text up to a slash, and ** any text.
func Match(field string, values ...string) Option {
	return func(f *Fault) { put(f.group("match"), field, values) }
}

// Spare exempts from the fault what fits; it takes the fields of [Match]. What fits all
// Spare of a fault is spared.
func Spare(field string, values ...string) Option {
	return func(f *Fault) { put(inner(f.group("match"), "not"), field, values) }
}

// group returns the fields of an attribute, which it makes where there are none.
func (f *Fault) group(name string) map[string]any { return inner(f.attributes, name) }

func inner(of map[string]any, name string) map[string]any {
	fields, ok := of[name].(map[string]any)
	if !ok {
		fields = map[string]any{}
		of[name] = fields
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
	case reflect.Slice:
		list := make([]any, r.Len())
		for i := range list {
			list[i] = held(r.Index(i).Interface())
		}
		return list
	case reflect.Map:
		table := map[string]any{}
		for _, key := range r.MapKeys() {
			table[fmt.Sprint(key)] = held(r.MapIndex(key).Interface())
		}
		return table
	}
	return value
}

// toxic returns the fault as a proxy takes it. The error is the catalogue's.
func (f Fault) toxic(name string) ([]byte, error) {
	kind, ok := injectors.Lookup(f.kind)
	switch {
	case !ok:
		return nil, fmt.Errorf("there is no fault %q; there are %s", f.kind, strings.Join(onProxies(), ", "))
	case !kind.OnProxy():
		return nil, fmt.Errorf("%s does not act on what passes a proxy", f.kind)
	}
	attributes, err := withDocument(f.attributes)
	if err != nil {
		return nil, err
	}
	wire := kind.OnWire(attributes)
	if addUnknown(wire, attributes, kind.Attributes) {
		object, err := json.Marshal(wire)
		if err != nil {
			return nil, err
		}
		if _, err := kind.ReadWire(object); err != nil { // names what there is
			return nil, err
		}
	}
	if err := kind.CheckComplete(attributes); err != nil {
		return nil, err
	}
	stream := "downstream"
	if f.upstream {
		stream = "upstream"
	}
	return json.Marshal(map[string]any{"name": name, "type": kind.Wire, "stream": stream, "toxicity": f.share, "attributes": wire})
}

// onProxies lists the kinds of faults that act on a proxy.
func onProxies() []string {
	return slices.DeleteFunc(injectors.Names(), func(name string) bool {
		kind, _ := injectors.Lookup(name)
		return !kind.OnProxy()
	})
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
