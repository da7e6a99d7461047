package experiments

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A shape is one part of the language: it reads that part of a document into a
// variable it is bound to, and it describes the same part as JSON Schema. The
// loader and the schema cannot disagree on what a shape knows, because both
// come from it.
type shape interface {
	// read reads a node, whose aliases are followed, and notes what is wrong
	// with it. at is the path of the node in the document.
	read(d *decoder, n *yaml.Node, at string)
	schema() object
}

// An object is a JSON object, such as a JSON Schema.
type object = map[string]any

// A field is one key of a mapping.
type field struct {
	name     string
	doc      string // one line, shown by editors
	shape    shape
	required bool
}

// Fields are a mapping with known keys.
type fields []field

func (f fields) names() []string {
	names := make([]string, len(f))
	for i := range f {
		names[i] = f[i].name
	}
	return names
}

func (f fields) read(d *decoder, n *yaml.Node, at string) {
	seen := map[string]bool{}
	ok := d.eachKey(n, at, func(key, value *yaml.Node, path string) {
		i := slices.IndexFunc(f, func(f field) bool { return f.name == key.Value })
		if i < 0 {
			d.fail(key, complaint{msg: "unknown key " + strconv.Quote(key.Value), near: key.Value, among: f.names()})
			seen[meant(key.Value, f.names())] = true // one mistake, not two
			return
		}
		seen[key.Value] = true
		f[i].shape.read(d, value, path)
	})
	if ok {
		f.missing(d, n, at, seen)
	}
}

// missing notes the required keys that are not there.
func (f fields) missing(d *decoder, n *yaml.Node, at string, seen map[string]bool) {
	for _, field := range f {
		if !field.required || seen[field.name] {
			continue
		}
		place, ok := d.keys[at]
		if !ok {
			place = n
		}
		d.fail(place, complaint{msg: field.name + " is missing", hint: field.name + ": " + field.doc})
	}
}

func (f fields) schema() object {
	properties := object{}
	var required []string
	for _, field := range f {
		s := field.shape.schema()
		s["description"] = field.doc
		properties[field.name] = s
		if field.required {
			required = append(required, field.name)
		}
	}
	s := object{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

// eachKey visits the keys of a mapping in the order of the document, each name
// once, and records where they stand. It is false where n is no mapping.
func (d *decoder) eachKey(n *yaml.Node, at string, visit func(key, value *yaml.Node, path string)) bool {
	return d.entries(n, func(key, value *yaml.Node) {
		path := join(at, key.Value)
		d.values[path], d.keys[path] = value, key
		visit(key, value, path)
	})
}

// entries visits the keys of a mapping in the order of the document, each name
// once. It is false where n is no mapping.
func (d *decoder) entries(n *yaml.Node, visit func(key, value *yaml.Node)) bool {
	if n.Kind != yaml.MappingNode || !d.plainTag(n) {
		d.wrongKind(n, "a mapping (key: value) is needed here")
		return false
	}
	first := make(map[string]int, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := open(n.Content[i]), open(n.Content[i+1])
		switch line, twice := first[key.Value]; {
		case key.Kind != yaml.ScalarNode:
			d.fail(key, complaint{msg: "a key must be a text"})
			continue
		case len(key.Value) > maxKey:
			d.fail(key, complaint{msg: fmt.Sprintf("a key of more than %d bytes", maxKey)})
			continue
		case key.Tag == "!!merge":
			d.fail(key, complaint{msg: "merge keys are not read here", hint: "write the keys out"})
			continue
		case twice:
			d.fail(key, complaint{msg: fmt.Sprintf("duplicate key %q: it already stands in line %d", key.Value, line)})
			continue
		}
		first[key.Value] = key.Line
		visit(key, value)
	}
	return true
}

func join(at, name string) string {
	if at == "" {
		return name
	}
	return at + "." + name
}

// wrongKind says what is needed where something else stands.
func (d *decoder) wrongKind(n *yaml.Node, want string) {
	got := map[string]string{"!!map": "a mapping", "!!seq": "a list", "!!null": "nothing", "!!bool": "a boolean",
		"!!int": "a number", "!!float": "a number"}[n.Tag]
	if got == "" {
		got = "a text"
	}
	if !d.plainTag(n) {
		return
	}
	c := complaint{msg: want}
	if strings.HasSuffix(want, " is needed here") && !strings.HasPrefix(want, got) {
		c.msg += ", not " + got
	}
	flow := n.Style&yaml.FlowStyle != 0
	switch {
	case n.Kind == yaml.MappingNode && strings.HasPrefix(want, "a list ") && flow:
		c.hint = "put it into [ ]"
	case n.Kind == yaml.MappingNode && strings.HasPrefix(want, "a list "):
		c.hint = "begin each item with a dash: - " + n.Content[0].Value + ": ..."
	case n.Kind == yaml.SequenceNode && strings.HasPrefix(want, "a mapping ") && !flow:
		c.hint = "leave out the dash"
	case n.Kind == yaml.ScalarNode && strings.HasPrefix(want, "a list ") && n.Tag != "!!null":
		c.hint = "put it into [ ]"
	}
	d.fail(n, c)
}

// plainTag is false, and notes it, where a node has a tag of its own.
func (d *decoder) plainTag(n *yaml.Node) bool {
	if n.Style&yaml.TaggedStyle == 0 || n.Tag == "!!str" && n.Kind == yaml.ScalarNode {
		return true
	}
	d.fail(n, complaint{msg: "tags such as " + n.Tag + " are not read here"})
	return false
}

// A list is a YAML list of items of one shape.
type list[T any] struct {
	to    *[]T
	item  func(*T) shape
	least int // items needed: 0 or 1
	most  int // items allowed; 0 means any number
}

func (l list[T]) read(d *decoder, n *yaml.Node, at string) {
	if n.Kind != yaml.SequenceNode || !d.plainTag(n) {
		d.wrongKind(n, "a list is needed here")
		return
	}
	switch {
	case len(n.Content) < l.least:
		d.fail(n, complaint{msg: "at least one item is needed here"})
	case l.most > 0 && len(n.Content) > l.most:
		d.fail(n, complaint{msg: fmt.Sprintf("%d items: at most %d are allowed here", len(n.Content), l.most)})
		return
	}
	*l.to = make([]T, len(n.Content))
	for i, c := range n.Content {
		path := at + "[" + strconv.Itoa(i) + "]"
		c = open(c)
		d.values[path] = c
		l.item(&(*l.to)[i]).read(d, c, path)
	}
}

func (l list[T]) schema() object {
	s := object{"type": "array", "items": l.item(new(T)).schema()}
	if l.least > 0 {
		s["minItems"] = l.least
	}
	if l.most > 0 {
		s["maxItems"] = l.most
	}
	return s
}

// A name is what the keys of a dictionary may be.
type name struct {
	what    string // such as "an id of lower-case letters, digits and -"
	pattern string // a regular expression that Go and JSON Schema both read
	check   func(string) *complaint
}

// A dictionary is a mapping whose keys are names that users choose. The order
// of the document is kept.
type dictionary[T any] struct {
	to    *[]T
	key   name
	item  func(name string, to *T) shape // sets the name and gives the shape of the rest
	least int
	most  int // entries allowed; 0 means any number
}

func (m dictionary[T]) read(d *decoder, n *yaml.Node, at string) {
	if most := m.most; most > 0 && len(n.Content) > 2*most {
		d.fail(n, complaint{msg: fmt.Sprintf("%d entries: at most %d are allowed here", len(n.Content)/2, most)})
		return
	}
	ok := d.eachKey(n, at, func(key, value *yaml.Node, path string) {
		if c := m.key.check(key.Value); c != nil {
			d.fail(key, *c)
		}
		*m.to = append(*m.to, *new(T))
		m.item(key.Value, &(*m.to)[len(*m.to)-1]).read(d, value, path)
	})
	if ok && len(n.Content) < 2*m.least {
		d.fail(n, complaint{msg: "at least one entry is needed here"})
	}
}

func (m dictionary[T]) schema() object {
	s := object{"type": "object", "additionalProperties": m.item("", new(T)).schema()}
	if m.key.pattern != "" {
		s["propertyNames"] = object{"pattern": m.key.pattern}
	}
	if m.least > 0 {
		s["minProperties"] = m.least
	}
	if m.most > 0 {
		s["maxProperties"] = m.most
	}
	return s
}

// A table is a dictionary whose order does not matter.
type table[T any] struct {
	to   *map[string]T
	key  name
	item func(to *T) shape
}

type row[T any] struct {
	name  string
	value T
}

func (t table[T]) rows(to *[]row[T]) dictionary[row[T]] {
	return dictionary[row[T]]{to: to, key: t.key, item: func(name string, r *row[T]) shape {
		r.name = name
		return t.item(&r.value)
	}}
}

func (t table[T]) read(d *decoder, n *yaml.Node, at string) {
	var rows []row[T]
	t.rows(&rows).read(d, n, at)
	*t.to = make(map[string]T, len(rows))
	for _, r := range rows {
		(*t.to)[r.name] = r.value
	}
}

func (t table[T]) schema() object { return t.rows(new([]row[T])).schema() }

// A byKind is a value that may be written in several ways, told apart by the
// kind of the node. What is nil is not allowed.
type byKind struct {
	want                  string
	scalar, list, mapping shape
}

func (u byKind) read(d *decoder, n *yaml.Node, at string) {
	s := map[yaml.Kind]shape{yaml.ScalarNode: u.scalar, yaml.SequenceNode: u.list, yaml.MappingNode: u.mapping}[n.Kind]
	if s == nil {
		d.wrongKind(n, u.want+" is needed here")
		return
	}
	s.read(d, n, at)
}

func (u byKind) schema() object {
	var ways []object
	for _, s := range []shape{u.scalar, u.list, u.mapping} {
		if s != nil {
			ways = append(ways, s.schema())
		}
	}
	return object{"anyOf": ways}
}

// A ruled shape obeys one more rule, which is asked where the shape itself was
// right.
type ruled struct {
	shape
	rule   func(d *decoder, n *yaml.Node, at string)
	always bool   // ask also where the shape was wrong
	also   object // what the schema can say of the rule
}

func (r ruled) read(d *decoder, n *yaml.Node, at string) {
	before := d.count()
	r.shape.read(d, n, at)
	if r.always || d.count() == before {
		r.rule(d, n, at)
	}
}

func (r ruled) schema() object {
	s := r.shape.schema()
	for k, v := range r.also {
		s[k] = v
	}
	return s
}

// An optional value is nil where it is not given.
type optional[T any] struct {
	to   **T
	item func(*T) shape
}

func (o optional[T]) read(d *decoder, n *yaml.Node, at string) {
	*o.to = new(T)
	o.item(*o.to).read(d, n, at)
}

func (o optional[T]) schema() object { return o.item(new(T)).schema() }
