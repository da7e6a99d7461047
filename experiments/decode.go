package experiments

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// What a document may be at most. Documents are written by people: whatever is
// beyond these is a mistake or an attack.
const (
	maxBytes    = 1 << 20 // 1 MiB of text
	maxDepth    = 64      // lists and mappings inside each other
	maxExpanded = 100_000 // values that aliases may add to those written
	maxKey      = 256     // bytes of a key
	maxErrors   = 50      // kept per document; the rest is only counted
)

// A decoder is one document while it is read: its text, where its fields
// stand, and what is wrong with it.
type decoder struct {
	file   string
	lines  []string
	root   *yaml.Node
	values map[string]*yaml.Node // of fields, by path
	keys   map[string]*yaml.Node // of fields, by path
	errors []*Error
	hidden int // errors beyond maxErrors
	uses   []use
	usesAt map[string][]use // by the path of the step or invariant
}

// A use is a text with variables, kept until it is known which are captured.
type use struct {
	node *yaml.Node
	text Template
}

// A complaint is what is wrong with a token, without its place.
type complaint struct {
	msg   string
	hint  string
	note  string
	near  string   // with among: what the user wrote,
	among []string // and what is known
	// from and to are the part of the token at fault, in bytes of its value;
	// both zero for all of it.
	from, to int
}

func newDecoder(file string, text []byte) *decoder {
	return &decoder{file: file, lines: splitLines(string(text)), values: map[string]*yaml.Node{}, keys: map[string]*yaml.Node{}, usesAt: map[string][]use{}}
}

// fail notes a mistake at a node.
func (d *decoder) fail(n *yaml.Node, c complaint) {
	if d.full() {
		d.hidden++
		return
	}
	p := d.span(n)
	if c.to > c.from {
		p = d.inside(n, p, c.from, c.to)
	}
	d.failAt(p, c)
}

// full tells that further mistakes are only counted.
func (d *decoder) full() bool { return len(d.errors) >= maxErrors }

// failAt notes a mistake at a place. The same mistake at the same place, as
// aliases make them, counts once.
func (d *decoder) failAt(p span, c complaint) {
	c.msg = clip(c.msg)
	same := func(e *Error) bool { return e.Line == p.Line && e.Col == p.Col && e.Msg == c.msg }
	if slices.ContainsFunc(d.errors, same) {
		return
	}
	if len(c.among) > 0 {
		c.hint, c.note = suggest(c.near, c.among)
	}
	e := &Error{File: d.file, Line: p.Line, Col: p.Col, Width: p.width, Msg: c.msg, Hint: clip(c.hint), Note: clip(c.note)}
	if p.Line > 0 && p.Line <= len(d.lines) {
		for _, line := range d.lines[max(0, p.Line-3):p.Line] {
			e.excerpt = append(e.excerpt, masked(line))
		}
	}
	d.errors = append(d.errors, e)
}

// count is the number of mistakes so far.
func (d *decoder) count() int { return len(d.errors) + d.hidden }

// at is the value of a field, or of the nearest field around it that is
// given.
func (d *decoder) at(path string) *yaml.Node {
	for path != "" {
		if n, ok := d.values[path]; ok {
			return n
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return d.root
}

// key is the key of a field, or what [decoder.at] finds.
func (d *decoder) key(path string) *yaml.Node {
	if n, ok := d.keys[path]; ok {
		return n
	}
	return d.at(path)
}

// given tells whether a field is written.
func (d *decoder) given(path string) bool {
	_, ok := d.values[path]
	return ok
}

// places are where the fields stand.
func (d *decoder) places() places {
	p := make(places, len(d.values))
	for path, n := range d.values {
		p[path] = Place{Line: n.Line, Col: n.Column}
	}
	return p
}

// parse turns the text into its one root node; nil after mistakes.
func (d *decoder) parse(text []byte) *yaml.Node {
	if len(text) > maxBytes {
		d.lines = nil
		d.failAt(span{}, complaint{msg: "the file is larger than 1 MiB, too large for a document", hint: "is it the right file?"})
		return nil
	}
	if i := invalidUTF8(text); i >= 0 {
		c := complaint{msg: "the file is not UTF-8 text", hint: "save it as UTF-8"}
		if bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")) {
			c.msg = "the file is UTF-16 text"
		}
		start := bytes.LastIndexByte(text[:i], '\n') + 1
		d.failAt(span{Line: bytes.Count(text[:i], []byte("\n")) + 1, Col: utf8.RuneCount(text[start:i]) + 1, width: 1}, c)
		return nil
	}
	root, rest, err := nodes(text)
	switch {
	case err != nil:
		d.failSyntax(text, err)
		return nil
	case root == nil || len(root.Content) == 0 || isEmpty(root.Content[0]):
		d.failAt(span{}, complaint{msg: "the document is empty", hint: "`blastgauge init` writes documents to begin with"})
		return nil
	case rest != nil:
		d.failAt(span{Line: rest.Line, Col: rest.Column, width: 1},
			complaint{msg: "a second YAML document: a file holds one", hint: "split the file"})
		return nil
	}
	if !d.bounded(root.Content[0]) {
		return nil
	}
	d.root = open(root.Content[0])
	return d.root
}

func isEmpty(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Tag == "!!null" && n.Value == ""
}

// nodes parses text; rest is the start of a second document, if there is one.
//
// Note: the parser has states that it believes impossible and reports by a
// panic. Documents come from people, so such a state is an error like others.
func nodes(text []byte) (root, rest *yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("yaml: %v", r)
		}
	}()
	in := yaml.NewDecoder(strings.NewReader(string(text)))
	root = new(yaml.Node)
	if err := in.Decode(root); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, nil, nil
		}
		return nil, nil, err
	}
	rest = new(yaml.Node)
	switch err := in.Decode(rest); {
	case errors.Is(err, io.EOF):
		return root, nil, nil
	case err != nil:
		return nil, nil, err
	}
	return root, rest, nil
}

// bounded tells whether the document is small enough to be read value by
// value once its aliases are followed.
func (d *decoder) bounded(root *yaml.Node) bool {
	m := measure{known: map[*yaml.Node]extent{}, open: map[*yaml.Node]bool{}}
	m.extent(root)
	switch {
	case m.circle != nil:
		d.fail(m.circle, complaint{msg: "this alias stands inside what it stands for"})
	case m.deep != nil:
		d.fail(m.deep, complaint{msg: fmt.Sprintf("more than %d lists and mappings inside each other", maxDepth)})
	case m.large != nil:
		d.fail(m.large, complaint{msg: fmt.Sprintf("aliases make this document too large: together they stand for more than %d values", maxExpanded)})
	default:
		return true
	}
	return false
}

// An extent is how many values a node holds and how deep they lie, aliases
// followed.
type extent struct{ values, depth int }

// A measure finds extents without following any alias twice.
type measure struct {
	known               map[*yaml.Node]extent
	open                map[*yaml.Node]bool
	aliased             int
	circle, deep, large *yaml.Node
}

func (m *measure) extent(n *yaml.Node) extent {
	if n.Kind == yaml.AliasNode {
		return m.alias(n)
	}
	if e, ok := m.known[n]; ok {
		return e
	}
	m.open[n] = true
	e := extent{values: 1, depth: 1}
	for _, c := range n.Content {
		inner := m.extent(c)
		e.values = min(e.values+inner.values, 10*maxExpanded)
		e.depth = max(e.depth, inner.depth+1)
	}
	if e.depth > maxDepth && m.deep == nil {
		m.deep = n
	}
	delete(m.open, n)
	m.known[n] = e
	return e
}

func (m *measure) alias(n *yaml.Node) extent {
	if m.open[n.Alias] {
		m.circle = n
		return extent{}
	}
	e := m.extent(n.Alias)
	m.aliased = min(m.aliased+e.values, 10*maxExpanded)
	if m.aliased > maxExpanded && m.large == nil {
		m.large = n
	}
	return e
}

// open is the node itself, or what an alias stands for.
func open(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// splitLines cuts text where YAML does.
func splitLines(text string) []string {
	text = strings.TrimPrefix(text, "\ufeff")
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n").Replace(text)
	return strings.Split(text, "\n")
}

func invalidUTF8(text []byte) int {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}
