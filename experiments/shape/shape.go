package shape

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// A Shape is one part of a language. It reads that part of a document into the
// variable it is bound to, and describes the same part as JSON Schema.
type Shape interface {
	// Read reads a node and notes what is wrong with it. path is where the node is
	// in the document, such as "journeys.checkout.steps[1]".
	Read(d *Document, n Node, path string)
	// Schema returns a new JSON Schema of the node, which the caller may change.
	Schema() Object
}

// An Object is a JSON object, such as a JSON Schema.
type Object = map[string]any

// JSONSchema returns the JSON Schema (draft 2020-12) of a whole document, as
// indented JSON with a newline at its end.
func JSONSchema(s Shape, title string) ([]byte, error) {
	o := s.Schema()
	o["title"] = title
	o["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	if err := out.Encode(o); err != nil {
		return nil, fmt.Errorf("schema of %s: %w", title, err)
	}
	return b.Bytes(), nil
}

// Validated adds a rule to a shape. The rule is checked if the shape itself found
// no mistake.
type Validated struct {
	Shape
	Check  func(d *Document, n Node, path string)
	Always bool   // check the rule even after a mistake
	Also   Object // the part of the rule that a schema can express
}

// Read implements [Shape].
func (v Validated) Read(d *Document, n Node, path string) {
	before := d.Count()
	v.Shape.Read(d, n, path)
	if v.Always || d.Count() == before {
		v.Check(d, n, path)
	}
}

// Schema implements [Shape].
func (v Validated) Schema() Object {
	s := v.Shape.Schema()
	maps.Copy(s, v.Also)
	return s
}

// Keeping is a shape after which [Document.KeptIn] knows the nodes that were kept
// while it was read.
type Keeping struct{ Shape }

// Read implements [Shape].
func (k Keeping) Read(d *Document, n Node, path string) {
	before := len(d.kept)
	k.Shape.Read(d, n, path)
	d.keptIn[path] = slices.Clone(d.kept[before:])
}

// Optional is a value that is nil unless it is written.
type Optional[T any] struct {
	To   **T
	Item func(*T) Shape
}

// Read implements [Shape].
func (o Optional[T]) Read(d *Document, n Node, path string) {
	*o.To = new(T)
	o.Item(*o.To).Read(d, n, path)
}

// Schema implements [Shape].
func (o Optional[T]) Schema() Object { return o.Item(new(T)).Schema() }

// Into reads a value of one type into a variable that holds any. It stores
// nothing after a mistake.
type Into[T any] struct {
	To   *any
	Item func(*T) Shape
}

// Read implements [Shape].
func (i Into[T]) Read(d *Document, n Node, path string) {
	var v T
	before := d.Count()
	i.Item(&v).Read(d, n, path)
	if d.Count() == before {
		*i.To = v
	}
}

// Schema implements [Shape].
func (i Into[T]) Schema() Object { return i.Item(new(T)).Schema() }

// ByKind is a value that may be written in several forms: as a single value, as a
// list or as a mapping. A form that is nil is not allowed.
type ByKind struct {
	Want                  string // what is needed, such as "a status or a list of them"
	Scalar, List, Mapping Shape
}

// Read implements [Shape].
func (b ByKind) Read(d *Document, n Node, path string) {
	form := b.Scalar
	switch n.Kind() {
	case Sequence:
		form = b.List
	case Mapping:
		form = b.Mapping
	}
	if form == nil {
		d.FailKind(n, b.Want+" is needed here")
		return
	}
	form.Read(d, n, path)
}

// Schema implements [Shape].
func (b ByKind) Schema() Object {
	var forms []Object
	for _, form := range []Shape{b.Scalar, b.List, b.Mapping} {
		if form == nil {
			continue
		}
		if schema := form.Schema(); schema != nil { // else it only explains a mistake
			forms = append(forms, schema)
		}
	}
	return Object{"anyOf": forms}
}

// A List is a list of items of one shape.
type List[T any] struct {
	To   *[]T
	Item func(*T) Shape
	Min  int // items needed: 0 or 1
	Max  int // items allowed; 0 means any number
}

// Read implements [Shape].
func (l List[T]) Read(d *Document, n Node, path string) {
	if n.Kind() != Sequence || !d.checkTag(n) {
		d.FailKind(n, "a list is needed here")
		return
	}
	items := n.Items()
	switch {
	case len(items) < l.Min:
		d.Fail(n, Diagnostic{Msg: "at least one item is needed here"})
	case l.Max > 0 && len(items) > l.Max:
		d.Fail(n, Diagnostic{Msg: fmt.Sprintf("%d items: at most %d are allowed here", len(items), l.Max)})
		return
	}
	*l.To = make([]T, len(items))
	for i, item := range items {
		at := path + "[" + strconv.Itoa(i) + "]"
		d.values[at] = item
		l.Item(&(*l.To)[i]).Read(d, item, at)
	}
}

// Schema implements [Shape].
func (l List[T]) Schema() Object {
	s := Object{"type": "array", "items": l.Item(new(T)).Schema()}
	if l.Min > 0 {
		s["minItems"] = l.Min
	}
	if l.Max > 0 {
		s["maxItems"] = l.Max
	}
	return s
}

// One is a single value that is read as a list of one.
type One[T any] struct {
	To   *[]T
	Item func(*T) Shape
}

// Read implements [Shape].
func (o One[T]) Read(d *Document, n Node, path string) {
	*o.To = make([]T, 1)
	o.Item(&(*o.To)[0]).Read(d, n, path)
}

// Schema implements [Shape].
func (o One[T]) Schema() Object { return o.Item(new(T)).Schema() }
