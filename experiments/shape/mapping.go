package shape

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A Field is one key of a mapping.
type Field struct {
	Name     string
	Doc      string // one line, shown by editors
	Shape    Shape
	Required bool
}

// Fields are a mapping with known keys.
type Fields []Field

// Names returns the known keys.
func (f Fields) Names() []string {
	names := make([]string, len(f))
	for i := range f {
		names[i] = f[i].Name
	}
	return names
}

// Read implements [Shape].
func (f Fields) Read(d *Document, n Node, path string) {
	seen := map[string]bool{}
	ok := d.EachField(n, path, func(key, value Node, path string) {
		i := slices.IndexFunc(f, func(f Field) bool { return f.Name == key.Text() })
		if i < 0 {
			d.Fail(key, Diagnostic{Msg: "unknown key " + strconv.Quote(key.Text()), Got: key.Text(), Known: f.Names()})
			seen[d.Guess(key.Text(), f.Names())] = true // one mistake, not two
			return
		}
		seen[key.Text()] = true
		f[i].Shape.Read(d, value, path)
	})
	if ok {
		f.CheckRequired(d, n, path, seen)
	}
}

// CheckRequired notes the required keys that were not seen.
func (f Fields) CheckRequired(d *Document, n Node, path string, seen map[string]bool) {
	for _, field := range f {
		if !field.Required || seen[field.Name] {
			continue
		}
		at, ok := d.keys[path]
		if !ok {
			at = n
		}
		d.Fail(at, Diagnostic{Msg: field.Name + " is missing", Hint: field.Name + ": " + field.Doc})
	}
}

// Schema implements [Shape].
func (f Fields) Schema() Object {
	properties := Object{}
	var required []string
	for _, field := range f {
		s := field.Shape.Schema()
		s["description"] = field.Doc
		properties[field.Name] = s
		if field.Required {
			required = append(required, field.Name)
		}
	}
	s := Object{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

// EachField visits the keys of a mapping in the order of the document, each name
// once, and records where they are. It reports false, after noting the mistake,
// if n is not a mapping.
func (d *Document) EachField(n Node, path string, visit func(key, value Node, path string)) bool {
	return d.eachEntry(n, func(key, value Node) {
		at := JoinPath(path, key.Text())
		d.values[at], d.keys[at] = value, key
		visit(key, value, at)
	})
}

// eachEntry is EachField without a record of the places.
func (d *Document) eachEntry(n Node, visit func(key, value Node)) bool {
	if n.Kind() != Mapping || !d.checkTag(n) {
		d.FailKind(n, "a mapping (key: value) is needed here")
		return false
	}
	lines := make(map[string]int, n.Len())
	for i, key := range n.Keys() {
		switch line, twice := lines[key.Text()]; {
		case !key.IsScalar():
			d.Fail(key, Diagnostic{Msg: "a key must be a text"})
			continue
		case len(key.Text()) > maxKey:
			d.Fail(key, Diagnostic{Msg: fmt.Sprintf("a key of more than %d bytes", maxKey)})
			continue
		case key.yaml.Tag == "!!merge":
			d.Fail(key, Diagnostic{Msg: "merge keys are not read here", Hint: "write the keys out"})
			continue
		case twice:
			d.Fail(key, Diagnostic{Msg: fmt.Sprintf("duplicate key %q: it is already in line %d", key.Text(), line)})
			continue
		}
		lines[key.Text()] = key.Line()
		visit(key, n.inner(n.yaml.Content[2*i+1]))
	}
	return true
}

// FailKind notes that a node is of the wrong kind. want is what is needed, such as
// "a list is needed here".
func (d *Document) FailKind(n Node, want string) {
	if !d.checkTag(n) {
		return
	}
	got := map[Kind]string{Mapping: "a mapping", Sequence: "a list", Null: "nothing", Bool: "a boolean", Int: "a number", Float: "a number"}[n.Kind()]
	if got == "" {
		got = "a text"
	}
	what := Diagnostic{Msg: want}
	if strings.HasSuffix(want, " is needed here") && !strings.HasPrefix(want, got) {
		what.Msg += ", not " + got
	}
	wantsList, wantsMapping := strings.HasPrefix(want, "a list "), strings.HasPrefix(want, "a mapping ")
	switch kind := n.Kind(); {
	case kind == Mapping && wantsList && n.flow():
		what.Hint = "put it into [ ]"
	case kind == Mapping && wantsList && n.Len() > 0:
		what.Hint = "begin each item with a dash: - " + n.firstKey().Value + ": ..."
	case kind == Sequence && wantsMapping && !n.flow():
		what.Hint = "leave out the dash"
	case n.IsScalar() && wantsList && kind != Null:
		what.Hint = "put it into [ ]"
	}
	d.Fail(n, what)
}

// checkTag reports whether a node has no tag of its own, and notes the mistake if
// it has.
func (d *Document) checkTag(n Node) bool {
	if !n.tagged() {
		return true
	}
	d.Fail(n, Diagnostic{Msg: "tags such as " + n.yaml.Tag + " are not read here"})
	return false
}

// Names are the rules for keys that users choose.
type Names struct {
	Pattern string // a regular expression that Go and JSON Schema both read, or empty
	Check   func(string) *Diagnostic
}

// A Dict is a mapping whose keys users choose. It keeps the order of the document.
type Dict[T any] struct {
	To    *[]T
	Key   Names
	Item  func(name string, to *T) Shape // stores the name and returns the shape of the value
	Min   int
	Max   int  // entries allowed; 0 means any number
	terse bool // an override inside an entry may add the entry
}

// Read implements [Shape].
func (m Dict[T]) Read(d *Document, n Node, path string) {
	if m.Max > 0 && n.Len() > m.Max {
		d.Fail(n, Diagnostic{Msg: fmt.Sprintf("%d entries: at most %d are allowed here", n.Len(), m.Max)})
		return
	}
	ok := d.EachField(n, path, func(key, value Node, path string) {
		if d.isMadeUp(value) && !m.terse { // the name is a mistake, and so would be what it lacks
			d.Fail(key, Diagnostic{Msg: "there is no " + key.Text() + " in " + d.pathOf(n), Got: key.Text(), Known: d.writtenKeys(n)})
			return
		}
		if wrong := m.Key.Check(key.Text()); wrong != nil {
			d.Fail(key, *wrong)
		}
		*m.To = append(*m.To, *new(T))
		m.Item(key.Text(), &(*m.To)[len(*m.To)-1]).Read(d, value, path)
	})
	if ok && n.Len() < m.Min {
		d.Fail(n, Diagnostic{Msg: "at least one entry is needed here"})
	}
}

// Schema implements [Shape].
func (m Dict[T]) Schema() Object {
	s := Object{"type": "object", "additionalProperties": m.Item("", new(T)).Schema()}
	if m.Key.Pattern != "" {
		s["propertyNames"] = Object{"pattern": m.Key.Pattern}
	}
	if m.Min > 0 {
		s["minProperties"] = m.Min
	}
	if m.Max > 0 {
		s["maxProperties"] = m.Max
	}
	return s
}

// A Table is a mapping whose keys users choose and whose order does not matter.
type Table[T any] struct {
	To   *map[string]T
	Key  Names
	Item func(to *T) Shape
}

// A row is one entry of a table.
type row[T any] struct {
	name  string
	value T
}

func (t Table[T]) dict(to *[]row[T]) Dict[row[T]] {
	return Dict[row[T]]{To: to, Key: t.Key, terse: true, Item: func(name string, r *row[T]) Shape {
		r.name = name
		return t.Item(&r.value)
	}}
}

// Read implements [Shape].
func (t Table[T]) Read(d *Document, n Node, path string) {
	var rows []row[T]
	t.dict(&rows).Read(d, n, path)
	*t.To = make(map[string]T, len(rows))
	for _, r := range rows {
		(*t.To)[r.name] = r.value
	}
}

// Schema implements [Shape].
func (t Table[T]) Schema() Object { return t.dict(new([]row[T])).Schema() }
