package badconfig

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A kind is what a value is, whatever it is written in.
type kind uint8

const (
	null kind = iota
	boolean
	number
	text
	list
	object
)

func (k kind) String() string {
	return [...]string{"null", "a boolean", "a number", "a text", "a list", "an object"}[k]
}

// A node is a value and where it stands in the text.
type node struct {
	kind     kind
	from, to int    // in bytes of the text, without an anchor
	value    string // decoded text, a number as it is written, true or false

	up             *node
	at             int // in up.inner
	member         bool
	key            string // decoded, of a member
	keyFrom, keyTo int
	inner          []*node

	// Of YAML only.
	yaml, yamlKey *yaml.Node
	block         bool // a collection without brackets
	lead          int  // of a value in a block: where the text after the colon, dash or anchor begins
	dash          int  // of an element of a block: its dash
	quote         byte // ' or " of a text that has one
	alias         bool // stands for a value elsewhere, whose kind it has
	loose         bool // its place is not known well enough to edit it there
}

// A tree is a document that was read.
type tree struct {
	isYAML bool
	text   []byte
	roots  []*node // one, or one per document of a YAML text
}

// maxDepth is how deep values may lie in one another. The names of those that lie
// deep are long, and a document that is nothing but depth would take hours.
const maxDepth = 500

// checkDepth refuses a document whose values lie too deep.
func (t *tree) checkDepth() error {
	for _, root := range t.roots {
		if root.deeper(maxDepth) {
			return fmt.Errorf("it is nested deeper than %d levels", maxDepth)
		}
	}
	return nil
}

// deeper says whether a node has more than so many levels.
func (n *node) deeper(levels int) bool {
	return levels == 0 || slices.ContainsFunc(n.inner, func(c *node) bool { return c.deeper(levels - 1) })
}

// child adds a node to a collection.
func (n *node) child(c *node) {
	c.up, c.at = n, len(n.inner)
	n.inner = append(n.inner, c)
}

// start is where an entry of a collection begins.
func (n *node) start() int {
	switch {
	case n.member:
		return n.keyFrom
	case n.up != nil && n.up.block:
		return n.dash
	}
	return n.from
}

// pointer is the JSON Pointer of a node.
func (n *node) pointer() string {
	var names []string
	for ; n.up != nil; n = n.up {
		name := strconv.Itoa(n.at)
		if n.member {
			name = escaped(n.key)
		}
		names = append(names, name, "/")
	}
	slices.Reverse(names)
	return strings.Join(names, "")
}

// escaped is a key as it stands in a pointer.
func escaped(key string) string {
	if !strings.ContainsAny(key, "~/") {
		return key
	}
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
}

// each visits a node and all below it, in the order of the text.
func (n *node) each(visit func(*node)) {
	visit(n)
	for _, c := range n.inner {
		c.each(visit)
	}
}

// named finds a member; where a name stands twice, most readers see the last.
func (n *node) named(key string) *node {
	if n.kind != object {
		return nil
	}
	for _, c := range slices.Backward(n.inner) {
		if c.key == key {
			return c
		}
	}
	return nil
}

// next follows one token of a JSON Pointer.
func (n *node) next(token string) *node {
	if n.kind == object {
		return n.named(token)
	}
	i, err := strconv.Atoi(token)
	if n.kind != list || err != nil || i < 0 || i >= len(n.inner) || strconv.Itoa(i) != token {
		return nil
	}
	return n.inner[i]
}

// within tells whether n is other or stands below it.
func (n *node) within(other *node) bool {
	for ; n != nil; n = n.up {
		if n == other {
			return true
		}
	}
	return false
}

// A literal is a value as it is to stand in the text.
type literal string

// A wrapped value is one that stands in the document already.
type wrapped struct{ *node }

// An ordered object is one whose members keep their order.
type ordered []pair

type pair struct {
	key   string
	value any
}

// An expansion bounds what aliases may stand for: they may lead into themselves,
// and a few lines of them can stand for more than memory holds.
type expansion struct {
	nodes, depth int
	beyond       bool
}

const (
	maxExpanded = 100_000 // values that stand for aliases
	maxAliases  = 16      // aliases within one another
)

// decoded is the value of a node as JSONPath takes it.
func (t *tree) decoded(n *node) (any, bool) {
	var x expansion
	v := decode(n, &x)
	return v, !x.beyond
}

func decode(n *node, x *expansion) any {
	switch n.kind {
	case null:
		return nil
	case boolean:
		return n.value == "true"
	case number:
		return json.Number(n.plainNumber())
	case text:
		return n.value
	}
	if n.alias {
		return decodeYAML(n.yaml, x)
	}
	if n.kind == list {
		l := make([]any, len(n.inner))
		for i, c := range n.inner {
			l[i] = decode(c, x)
		}
		return l
	}
	m := make(map[string]any, len(n.inner))
	for _, c := range n.inner {
		m[c.key] = decode(c, x)
	}
	return m
}

// plainNumber is a number as JSON writes it.
func (n *node) plainNumber() string {
	if n.yaml == nil || json.Valid([]byte(n.value)) {
		return n.value
	}
	if n.alias {
		return yamlNumber(n.yaml.Alias)
	}
	return yamlNumber(n.yaml)
}

// encode writes a value as JSON. It is YAML as well.
func encode(v any) string {
	switch v := v.(type) {
	case literal:
		return string(v)
	case wrapped:
		return encode(v.ordered(true))
	case ordered:
		parts := make([]string, len(v))
		for i, p := range v {
			parts[i] = quoteJSON(p.key) + ": " + encode(p.value)
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = encode(e)
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
		return "null" // only what is no JSON at all, which params does not let in
	}
	return strings.TrimSpace(b.String())
}

// quoteJSON writes a text with what is not printable escaped, as YAML wants too.
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

// ordered is a node's value with the order of members kept, and numbers as they
// are written or as JSON writes them.
func (n *node) ordered(raw bool) any {
	if n.alias && n.kind >= list {
		return decodeYAML(n.yaml, new(expansion))
	}
	switch n.kind {
	case null:
		return nil
	case boolean:
		return literal(n.value)
	case number:
		if raw && !n.alias {
			return literal(n.value)
		}
		return literal(n.plainNumber())
	case text:
		return n.value
	case list:
		l := make([]any, len(n.inner))
		for i, c := range n.inner {
			l[i] = c.ordered(raw)
		}
		return l
	}
	o := make(ordered, len(n.inner))
	for i, c := range n.inner {
		o[i] = pair{c.key, c.ordered(raw)}
	}
	return o
}

// follow goes down a pointer; through tells that an alias was in the way.
func (n *node) follow(tokens []string) (found *node, through bool) {
	for _, token := range tokens {
		if n.alias {
			return nil, true
		}
		if n = n.next(token); n == nil {
			return nil, false
		}
	}
	return n, false
}
