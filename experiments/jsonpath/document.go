package jsonpath

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// A Document is a JSON text and where in it its values are. It holds eight bytes
// for each value and each name, so at most four times the text; the values
// themselves are made when they are asked for. Decoded into Go's maps and lists,
// a text takes up to fifty times its size.
//
// A document may be decoded into again. It is not safe for concurrent use.
type Document struct {
	text  []byte
	pages [][]node // each of pageSize, but the first may be smaller where it is the only one
	count int
}

// A node is a value, or a name that comes right before the value of its member.
// What follows a list or an object are its members, in their order.
type node struct {
	from uint32 // where it begins in the text
	to   uint32 // a name or a scalar: where it ends in the text; a list or an object: the index of the node behind its last one
}

const (
	nodeSize     = 8    // bytes
	pageSize     = 8192 // nodes
	smallestPage = 64   // nodes of the first page; a power of two
	keptSize     = 1024 // nodes of the first page that are kept for another document
)

// maxText is the longest text in bytes. It keeps offsets well inside a node.
const maxText = 1 << 30

var (
	errEmpty    = errors.New("it is empty")
	errFollowed = errors.New("something follows the value")
	errTooLong  = errors.New("it is longer than 1 GiB")
)

// Decode reads exactly one JSON value. The document refers to the text, which must
// not change while the document is used. Duplicate names are allowed, and the last
// one counts, as in encoding/json. The error says why the text is not JSON, or it
// is one of the bounds. What the bounds were asked to hold is held until the
// document is no longer used.
//
// It reads tokens of jsontext, because encoding/json reads every value twice. Only
// a text that jsontext refuses is given to encoding/json, for the words of its
// error.
func (d *Document) Decode(text []byte, b Bounds) error {
	d.Reset()
	if len(text) > maxText {
		return errTooLong
	}
	d.text = text
	err := d.read(b)
	if err == nil {
		return nil
	}
	d.Reset()
	if _, syntactic := errors.AsType[*jsontext.SyntacticError](err); syntactic || errors.Is(err, io.EOF) {
		return explain(text, err)
	}
	return err
}

// Reset forgets the text.
func (d *Document) Reset() {
	d.text, d.count = nil, 0
	if len(d.pages) > 0 && cap(d.pages[0]) <= keptSize {
		clear(d.pages[1:])
		d.pages = append(d.pages[:0], d.pages[0][:0])
	} else {
		d.pages = nil
	}
}

// Decoded reports whether the document holds a value: not before [Document.Decode], nor
// after it has failed.
func (d *Document) Decoded() bool { return d.count > 0 }

// read reads the tokens of one value, and that nothing follows it.
func (d *Document) read(b Bounds) error {
	in := jsontext.NewDecoder(bytes.NewBuffer(d.text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	p := pace{bounds: b}
	open := make([]int, 0, 16) // lists and objects that have not ended, by node
	for end := 0; ; {
		if err := p.step(); err != nil {
			return err
		}
		t, err := in.ReadToken()
		if err != nil {
			return err
		}
		from := skipBetween(d.text, end)
		end = int(in.InputOffset())
		kind := t.Kind()
		if kind == '}' || kind == ']' {
			last := len(open) - 1
			d.node(open[last]).to = uint32(d.count)
			open = open[:last]
		} else if err := d.add(node{uint32(from), uint32(end)}, b); err != nil {
			return err
		}
		if kind == '{' || kind == '[' {
			open = append(open, d.count-1)
		}
		if len(open) == 0 {
			break
		}
	}
	switch _, err := in.ReadToken(); {
	case err == nil:
		return errFollowed
	case !errors.Is(err, io.EOF):
		return err
	}
	return nil
}

// skipBetween returns where the next token begins: behind white space, a comma or
// a colon.
func skipBetween(text []byte, at int) int {
	for at < len(text) {
		switch text[at] {
		case ' ', '\t', '\n', '\r', ',', ':':
			at++
		default:
			return at
		}
	}
	return at
}

// add adds a node. The first page grows with the document, so that a small one
// needs little.
func (d *Document) add(n node, b Bounds) error {
	if d.count%pageSize == 0 && (d.count > 0 || len(d.pages) == 0) {
		size := pageSize
		if d.count == 0 {
			size = smallestPage
		}
		if err := b.Hold(size * nodeSize); err != nil {
			return err
		}
		d.pages = append(d.pages, make([]node, 0, size))
	}
	last := &d.pages[len(d.pages)-1]
	if len(*last) == cap(*last) {
		if err := b.Hold(cap(*last) * nodeSize); err != nil {
			return err
		}
		*last = append(make([]node, 0, min(pageSize, 2*cap(*last))), *last...)
	}
	*last = append(*last, n)
	d.count++
	return nil
}

func (d *Document) node(i int) *node { return &d.pages[i/pageSize][i%pageSize] }

// explain returns what encoding/json says of a text that is not JSON. It only looks
// for the end of the value, and decodes nothing.
func explain(text []byte, otherwise error) error {
	d := json.NewDecoder(bytes.NewReader(text))
	var value json.RawMessage
	if err := d.Decode(&value); err != nil {
		if errors.Is(err, io.EOF) {
			return errEmpty
		}
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errFollowed
	}
	return otherwise
}

// A Kind is what a value is, by its first byte as in jsontext, with '0' for a
// number.
type Kind byte

// Kinds of values.
const (
	Null   Kind = 'n'
	False  Kind = 'f'
	True   Kind = 't'
	String Kind = '"'
	Number Kind = '0'
	List   Kind = '['
	Object Kind = '{'
)

// A Value is one value of a document, valid as long as that is.
type Value struct {
	doc *Document
	at  int // node
}

// Root returns the value that a decoded document is.
func (d *Document) Root() Value { return Value{d, 0} }

// Kind returns what the value is.
func (v Value) Kind() Kind {
	switch c := v.doc.text[v.doc.node(v.at).from]; c {
	case 'n', 'f', 't', '"', '[', '{':
		return Kind(c)
	}
	return Number
}

func (v Value) nests() bool { k := v.Kind(); return k == List || k == Object }

// end returns the index of the node behind the value.
func (v Value) end() int {
	if v.nests() {
		return int(v.doc.node(v.at).to)
	}
	return v.at + 1
}

// token returns the text of a name or a scalar.
func (v Value) token() []byte {
	n := v.doc.node(v.at)
	return v.doc.text[n.from:n.to]
}

// text returns a name or a string without its quotes and escapes. What is not UTF-8
// is replaced, as in encoding/json.
func (v Value) text() string {
	raw := v.token()
	inner := raw[1 : len(raw)-1]
	if bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return string(inner)
	}
	unquoted, _ := jsontext.AppendUnquote(nil, raw) // the error is about UTF-8 alone: the token has been read before
	return string(unquoted)
}

// isNamed reports whether a node is a certain name.
func (d *Document) isNamed(at int, name string) bool {
	raw := Value{d, at}.token()
	inner := raw[1 : len(raw)-1]
	if string(inner) == name {
		return bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner)
	}
	return (bytes.IndexByte(inner, '\\') >= 0 || !utf8.Valid(inner)) && Value{d, at}.text() == name
}

// Scalar returns a null, a bool, a string or a [json.Number]; nil for a list or an
// object.
func (v Value) Scalar() any {
	switch v.Kind() {
	case True:
		return true
	case False:
		return false
	case String:
		return v.text()
	case Number:
		return json.Number(v.token())
	}
	return nil
}

// Elements yields the elements of a list, in their order.
func (v Value) Elements() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		if v.Kind() != List {
			return
		}
		for at, end := v.at+1, v.end(); at < end; {
			e := Value{v.doc, at}
			if !yield(e) {
				return
			}
			at = e.end()
		}
	}
}

// members yields the nodes of the names of an object, in their order, duplicates
// included. The value of a member is the node behind its name.
func (v Value) members() iter.Seq[int] {
	return func(yield func(int) bool) {
		if v.Kind() != Object {
			return
		}
		for at, end := v.at+1, v.end(); at < end; {
			if !yield(at) {
				return
			}
			at = Value{v.doc, at + 1}.end()
		}
	}
}

// Member returns the member of an object with a name.
func (v Value) Member(name string) (member Value, ok bool) {
	for at := range v.members() {
		if v.doc.isNamed(at, name) {
			member, ok = Value{v.doc, at + 1}, true // no return: the last one counts
		}
	}
	return member, ok
}

// Names yields the names of an object's members in their order, a duplicate more
// than once.
func (v Value) Names() iter.Seq[string] {
	return func(yield func(string) bool) {
		for at := range v.members() {
			if !yield(Value{v.doc, at}.text()) {
				return
			}
		}
	}
}

// Element returns the element of a list at an index; a negative one counts from the
// end.
func (v Value) Element(index int) (Value, bool) {
	if index < 0 {
		index += v.length()
	}
	if index < 0 {
		return Value{}, false
	}
	for e := range v.Elements() {
		if index == 0 {
			return e, true
		}
		index--
	}
	return Value{}, false
}

// length returns how many elements a list has.
func (v Value) length() int {
	n := 0
	for range v.Elements() {
		n++
	}
	return n
}

// Raw returns the value as it stands in the text.
func (v Value) Raw() []byte {
	d, from := v.doc, int(v.doc.node(v.at).from)
	if !v.nests() {
		return v.token()
	}
	// Every list and object that ends where this one does has a closing bracket
	// behind the last token.
	end, closing, at := v.end(), 0, 0
	for i := v.at; i < end; i++ {
		inner := Value{d, i}
		if !inner.nests() {
			at = int(d.node(i).to)
			continue
		}
		at = int(d.node(i).from) + 1
		if inner.end() == end {
			closing++
		}
	}
	for ; closing > 0; closing-- {
		at = skipBetween(d.text, at) + 1
	}
	return d.text[from:at]
}
