package injectors

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
)

// OnWire returns the attributes as Toxiproxy's API takes them. Toxiproxy's numbers
// are integers: values are rounded to the nearest one.
func (k Kind) OnWire(attributes Attributes) map[string]any {
	return onWire(k.Attributes, attributes)
}

func onWire(known []Attribute, given Attributes) map[string]any {
	wire := make(map[string]any, len(given))
	for _, a := range known {
		if held, ok := given[a.Name]; ok {
			wire[a.Wire] = a.onWire(held)
		}
	}
	return wire
}

func (a Attribute) onWire(held any) any {
	switch v := held.(type) {
	case string:
		if a.normalize != nil { // as the server shows it
			return a.normalize(v)
		}
	case []any:
		return a.listOnWire(v)
	case float64:
		if a.Unit.Numeric() && a.Unit != Share {
			return int64(math.Round(v * a.Scale))
		}
	case map[string]any:
		if a.Unit.nests() {
			return onWire(a.Fields, v)
		}
	}
	return held
}

// listOnWire returns a list with its texts in their usual form.
func (a Attribute) listOnWire(list []any) []any {
	if a.normalize == nil {
		return list
	}
	usual := slices.Clone(list)
	for i, v := range usual {
		if text, ok := v.(string); ok {
			usual[i] = a.normalize(text)
		}
	}
	return usual
}

// ShowWire returns the attributes as the API shows them: a JSON object in the
// catalogue's order, which [Kind.ReadWire] reads as the same attributes.
func (k Kind) ShowWire(attributes Attributes) (json.RawMessage, error) {
	return showWire(slices.Concat(k.Attributes, k.wireOnly), attributes)
}

func showWire(known []Attribute, given Attributes) (json.RawMessage, error) {
	b := []byte{'{'}
	for _, a := range known {
		held, ok := given[a.Name]
		if !ok {
			continue
		}
		value, err := a.showWire(held)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", a.Name, err)
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(strconv.AppendQuote(b, a.Wire), ':')
		b = append(b, value...)
	}
	return append(b, '}'), nil
}

func (a Attribute) showWire(held any) (json.RawMessage, error) {
	if fields, ok := held.(map[string]any); ok && a.Unit.nests() {
		return showWire(a.Fields, fields)
	}
	return json.Marshal(a.onWire(held))
}

// ReadWire reads a fault's attributes as Toxiproxy's API takes them, and checks them.
// No attributes are an empty object. What is null, empty or 0 is not given, unless 0
// is a legal value. An [*AttributeError] reports the first mistake; an attribute that
// does not exist comes first, because one that is missing may be the one misspelt.
//
// Values that go into a document keep their numbers as they are written, as
// [json.Number].
func (k Kind) ReadWire(object json.RawMessage) (Attributes, error) {
	known := slices.Concat(k.Attributes, k.wireOnly)
	fields, ok := readObject(object)
	if !ok {
		return nil, &AttributeError{Problem: "the attributes of " + k.Name + " must be an object"}
	}
	given, m := readFields(k.Name, "", known, fields, false)
	if instead := k.Unknown(m.attribute); instead != "" {
		m.problem += ": " + instead
	}
	if !m.found() {
		m = checkAll(k.Name, k.wireOnly, given)
	}
	if !m.found() {
		m = k.check(given, true)
	}
	return given, m.err()
}

func readObject(raw json.RawMessage) (fields map[string]json.RawMessage, ok bool) {
	if len(raw) == 0 {
		return nil, true
	}
	return fields, json.Unmarshal(raw, &fields) == nil
}

// readFields reads an object of attributes of an owner, to whose names path leads. In exact objects null is a value, and
// what is empty or 0 is given.
func readFields(owner, path string, known []Attribute, object map[string]json.RawMessage, exact bool) (Attributes, mistake) {
	byWire := map[string]Attribute{}
	for _, a := range known {
		byWire[a.Wire] = a
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if _, ok := byWire[name]; !ok {
			return nil, mistake{name, fmt.Sprintf("%s has no attribute %q; it has %s", owner, name, listOf(known))}
		}
	}
	given := Attributes{}
	for _, a := range known {
		raw, ok := object[a.Wire]
		if !ok || !exact && bytes.Equal(raw, []byte("null")) {
			continue
		}
		held, m := a.read(raw, strings.TrimPrefix(path+"."+a.Name, "."))
		if m.found() {
			return nil, m
		}
		if exact || !a.isUnset(held) {
			given[a.Name] = held
		}
	}
	return given, mistake{}
}

func listOf(attributes []Attribute) string {
	names := make([]string, len(attributes))
	for i, a := range attributes {
		names[i] = a.Wire
	}
	return figures.List(names, "and")
}

// isUnset reports whether a value that is given means the same as none.
func (a Attribute) isUnset(held any) bool {
	switch v := held.(type) {
	case float64:
		return v == 0 && a.Min > 0 && !a.Required
	case string:
		return v == "" && !a.filled
	case map[string]any:
		return len(v) == 0 && (a.Unit == Group || a.Unit == Table) && !a.filled
	}
	return false
}

// read reads one value into its held form; path leads to the attribute from its kind.
func (a Attribute) read(raw json.RawMessage, path string) (any, mistake) {
	v, err := decode(raw)
	if err != nil {
		return nil, mistake{a.Name, a.Name + ": " + err.Error()}
	}
	switch held := v.(type) {
	case json.Number:
		return a.readNumber(held)
	case string:
		return a.readText(held), mistake{}
	case []any:
		if a.Lists {
			return a.listOnWire(held), mistake{}
		}
	case map[string]any:
		if !a.Unit.nests() {
			return held, mistake{}
		}
		fields, ok := readObject(raw)
		if !ok {
			return nil, mistake{a.Name, a.Name + " must be an object"}
		}
		inner, m := readFields(path, path, a.Fields, fields, a.Unit != Group)
		if m.found() {
			if instead := a.Unknown(m.attribute); instead != "" {
				m.problem += ": " + instead
			}
			return nil, m.below(a.Name)
		}
		return map[string]any(inner), mistake{}
	}
	return v, mistake{}
}

func (a Attribute) readNumber(n json.Number) (any, mistake) {
	switch {
	case a.numbered:
		if i, err := n.Int64(); err == nil && i >= 1 && i <= int64(len(a.Words)) {
			return a.Words[i-1], mistake{}
		}
		return nil, mistake{a.Name, fmt.Sprintf("%s must be %s, or a number from 1 to %d, not %s", a.Name, figures.List(a.Words, "or"), len(a.Words), n)}
	case a.Unit == Share:
		share, err := n.Float64()
		if err != nil {
			return nil, mistake{a.Name, a.Name + " must be a share such as 0.6"}
		}
		return share, mistake{}
	case a.Unit.Numeric():
		whole, err := n.Int64()
		if err != nil {
			return nil, mistake{a.Name, a.Name + " must be a whole number, not " + n.String()}
		}
		return float64(whole) / a.Scale, mistake{}
	}
	return n, mistake{} // as it is written
}

func (a Attribute) readText(text string) any {
	switch {
	case a.numbered:
		if i := slices.IndexFunc(a.Words, func(w string) bool { return strings.EqualFold(w, text) }); i >= 0 {
			return a.Words[i]
		}
	case a.Unit == Share:
		number, percent := strings.CutSuffix(text, "%")
		if share, err := strconv.ParseFloat(number, 64); err == nil && percent {
			return share / 100
		}
	case a.normalize != nil:
		return a.normalize(text)
	}
	return text
}

// decode reads a JSON value; numbers stay as they are written.
func decode(raw json.RawMessage) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

func isNumberAsWritten(v any) bool {
	_, ok := v.(json.Number)
	return ok
}
