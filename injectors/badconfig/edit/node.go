package edit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/yamlnode"
)

// A Kind is the type of a value, in JSON and YAML alike.
type Kind uint8

// The kinds. Lists and objects are the largest.
const (
	Null Kind = iota
	Boolean
	Number
	String
	List
	Object
)

// String returns the kind with its article, such as "a number".
func (k Kind) String() string {
	return [...]string{"null", "a boolean", "a number", "a text", "a list", "an object"}[k]
}

// A Node is a value of a document, and the place where it stands in the text.
type Node struct {
	Kind     Kind
	from, to int    // in bytes of the text, without an anchor
	Value    string // decoded text, a number as it is written, true or false

	Parent         *Node
	Index          int // in Parent.Children
	IsMember       bool
	Key            string // decoded, of a member
	keyFrom, keyTo int
	Children       []*Node

	// Of YAML only.
	yaml, yamlKey *yamlnode.Node
	block         bool // a collection without brackets
	lead          int  // of a value in a block: where the text after the colon, dash or anchor begins
	dash          int  // of an element of a block: its dash
	Quote         byte // ' or " of a text that has one
	IsAlias       bool // it stands for another value, and has its kind
	unplaced      bool // its place in the text is not known exactly
}

// A Tree is a document that was parsed.
type Tree struct {
	isYAML bool
	text   []byte
	Roots  []*Node // one, or one per document of a YAML text
}

// maxDepth is how deep values may be nested. The pointers of deep values are long, and a
// document that is nothing but depth would take hours.
const maxDepth = 500

// checkDepth refuses a document that is nested too deep.
func (t *Tree) checkDepth() error {
	for _, root := range t.Roots {
		if root.isDeeper(maxDepth) {
			return fmt.Errorf("it is nested deeper than %d levels", maxDepth)
		}
	}
	return nil
}

// isDeeper reports whether a node has more than so many levels.
func (n *Node) isDeeper(levels int) bool {
	return levels == 0 || slices.ContainsFunc(n.Children, func(c *Node) bool { return c.isDeeper(levels - 1) })
}

// addChild adds a node to a collection.
func (n *Node) addChild(c *Node) {
	c.Parent, c.Index = n, len(n.Children)
	n.Children = append(n.Children, c)
}

// start returns the place where an entry of a collection begins.
func (n *Node) start() int {
	switch {
	case n.IsMember:
		return n.keyFrom
	case n.Parent != nil && n.Parent.block:
		return n.dash
	}
	return n.from
}

// Pointer returns the JSON Pointer (RFC 6901) of a node.
func (n *Node) Pointer() string {
	var names []string
	for ; n.Parent != nil; n = n.Parent {
		name := strconv.Itoa(n.Index)
		if n.IsMember {
			name = EscapeToken(n.Key)
		}
		names = append(names, name, "/")
	}
	slices.Reverse(names)
	return strings.Join(names, "")
}

// Walk visits a node and all below it, in the order of the text.
func (n *Node) Walk(visit func(*Node)) {
	visit(n)
	for _, c := range n.Children {
		c.Walk(visit)
	}
}

// Member returns the member with a key, or nil. Of several it returns the last, as most
// readers do.
func (n *Node) Member(key string) *Node {
	if n.Kind != Object {
		return nil
	}
	for _, c := range slices.Backward(n.Children) {
		if c.Key == key {
			return c
		}
	}
	return nil
}

// child follows one token of a JSON Pointer.
func (n *Node) child(token string) *Node {
	if n.Kind == Object {
		return n.Member(token)
	}
	i, err := strconv.Atoi(token)
	if n.Kind != List || err != nil || i < 0 || i >= len(n.Children) || strconv.Itoa(i) != token {
		return nil
	}
	return n.Children[i]
}

// IsWithin reports whether n is other or stands below it.
func (n *Node) IsWithin(other *Node) bool {
	for ; n != nil; n = n.Parent {
		if n == other {
			return true
		}
	}
	return false
}

// A Literal is a value as it shall be written in the text.
type Literal string

// An Existing value is a value of the document, used a second time.
type Existing struct{ *Node }

// An Ordered object is an object whose members keep their order.
type Ordered []Member

// A Member is a member of an [Ordered] object.
type Member struct {
	Key   string
	Value any
}

// An expansion limits what aliases may stand for. An alias may lead into itself, and a
// few lines of aliases can stand for more than fits into memory.
type expansion struct {
	nodes, depth int
	beyond       bool
}

const (
	maxExpanded = 100_000 // values that stand for aliases
	maxAliases  = 16      // aliases within one another
)

// Decoded returns the value of a node in the forms of encoding/json, with a json.Number
// for numbers. It reports false when its aliases stand for too much.
func (t *Tree) Decoded(n *Node) (any, bool) {
	var x expansion
	v := decode(n, &x)
	return v, !x.beyond
}

func decode(n *Node, x *expansion) any {
	switch n.Kind {
	case Null:
		return nil
	case Boolean:
		return n.Value == "true"
	case Number:
		return json.Number(n.PlainNumber())
	case String:
		return n.Value
	}
	if n.IsAlias {
		return decodeYAML(n.yaml, x)
	}
	if n.Kind == List {
		l := make([]any, len(n.Children))
		for i, c := range n.Children {
			l[i] = decode(c, x)
		}
		return l
	}
	m := make(map[string]any, len(n.Children))
	for _, c := range n.Children {
		m[c.Key] = decode(c, x)
	}
	return m
}

// PlainNumber returns a number as JSON writes it.
func (n *Node) PlainNumber() string {
	if n.yaml == nil || json.Valid([]byte(n.Value)) {
		return n.Value
	}
	if n.IsAlias {
		return yamlNumber(n.yaml.Alias)
	}
	return yamlNumber(n.yaml)
}

// Encode writes a value as JSON, which is YAML as well.
func Encode(v any) string {
	switch v := v.(type) {
	case Literal:
		return string(v)
	case Existing:
		return Encode(v.Ordered(true))
	case Ordered:
		parts := make([]string, len(v))
		for i, p := range v {
			parts[i] = quoteJSON(p.Key) + ": " + Encode(p.Value)
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = Encode(e)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case string:
		return quoteJSON(v)
	case nil:
		return "null"
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return "null" // only for values that JSON does not have
	}
	return strings.TrimSpace(b.String())
}

// quoteJSON writes a string in quotes. It escapes what is not printable, as YAML
// requires.
func quoteJSON(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x20 || r >= 0x7f && r <= 0xa0 || r == 0x2028 || r == 0x2029 || r == 0xfeff || r == 0xfffe || r == 0xffff:
			b.WriteString(`\u` + hex4(r))
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func hex4(r rune) string {
	s := strconv.FormatInt(int64(r), 16)
	return strings.Repeat("0", 4-len(s)) + s
}

// Ordered returns a node's value with its members in order. With raw, numbers are written
// as they are in the text; otherwise as JSON writes them.
func (n *Node) Ordered(raw bool) any {
	if n.IsAlias && n.Kind >= List {
		return decodeYAML(n.yaml, new(expansion))
	}
	switch n.Kind {
	case Null:
		return nil
	case Boolean:
		return Literal(n.Value)
	case Number:
		if raw && !n.IsAlias {
			return Literal(n.Value)
		}
		return Literal(n.PlainNumber())
	case String:
		return n.Value
	case List:
		l := make([]any, len(n.Children))
		for i, c := range n.Children {
			l[i] = c.Ordered(raw)
		}
		return l
	}
	o := make(Ordered, len(n.Children))
	for i, c := range n.Children {
		o[i] = Member{c.Key, c.Ordered(raw)}
	}
	return o
}

// Follow follows the tokens of a JSON Pointer. It returns nil when there is no such
// value; through reports that an alias is in the way.
func (n *Node) Follow(tokens []string) (found *Node, through bool) {
	for _, token := range tokens {
		if n.IsAlias {
			return nil, true
		}
		if n = n.child(token); n == nil {
			return nil, false
		}
	}
	return n, false
}

// InYAML reports whether the value is part of a YAML text.
func (n *Node) InYAML() bool { return n.yaml != nil }
