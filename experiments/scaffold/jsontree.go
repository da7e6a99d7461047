package scaffold

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Bounds of a JSON document that is read.
const (
	maxNesting = 40 // our documents may nest 64 deep, and a body begins inside one
	maxValues  = 20_000
	maxName    = 200
)

// A node is a JSON value whose members keep their order, so that a document shows
// them as they were recorded.
type node struct {
	kind  nodeKind
	text  string // of a text, a number, or a word: true, false, null
	names []string
	items []*node
	slot  *slot // of a text or a number that is sent
}

type nodeKind uint8

const (
	aWord nodeKind = iota
	aText
	aNumber
	aList
	anObject
)

// parseJSON reads one JSON value. It reports false if the text is not JSON, or is too
// large or too odd to be written as YAML.
func parseJSON(text string) (*node, bool) {
	p := &jsonReader{json: json.NewDecoder(strings.NewReader(text))}
	p.json.UseNumber()
	n, ok := p.value(0)
	if !ok || p.json.More() {
		return nil, false
	}
	if _, err := p.json.Token(); err == nil {
		return nil, false
	}
	return n, true
}

type jsonReader struct {
	json *json.Decoder
	seen int
}

func (p *jsonReader) value(depth int) (*node, bool) {
	p.seen++
	token, err := p.json.Token()
	if err != nil || depth > maxNesting || p.seen > maxValues {
		return nil, false
	}
	switch v := token.(type) {
	case string:
		return &node{kind: aText, text: v}, true
	case json.Number:
		_, err := v.Float64() // YAML takes one that is out of range for a text
		return &node{kind: aNumber, text: v.String()}, err == nil
	case bool:
		return &node{text: strconv.FormatBool(v)}, true
	case json.Delim:
		return p.container(v, depth)
	}
	return &node{text: "null"}, true
}

func (p *jsonReader) container(open json.Delim, depth int) (*node, bool) {
	n := &node{kind: aList}
	if open == '{' {
		n.kind = anObject
	}
	taken := map[string]bool{}
	for p.json.More() {
		if n.kind == anObject {
			key, err := p.json.Token()
			name, ok := key.(string)
			if err != nil || !ok || taken[name] || len(name) > maxName {
				return nil, false
			}
			taken[name] = true
			n.names = append(n.names, name)
		}
		item, ok := p.value(depth + 1)
		if !ok {
			return nil, false
		}
		n.items = append(n.items, item)
	}
	_, err := p.json.Token()
	return n, err == nil
}

// member returns a member of an object, or nil.
func (n *node) member(name string) *node {
	if n == nil || n.kind != anObject {
		return nil
	}
	for i, known := range n.names {
		if known == name {
			return n.items[i]
		}
	}
	return nil
}

// A leaf is a text or a number of a JSON document, and its place.
type leaf struct {
	path   string // JSONPath
	key    string // of the nearest member
	owner  string // name of the object that the member is of; empty at the top
	depth  int
	value  string
	number bool
	listed bool // inside a list
}

// leavesOf returns the texts and numbers of a document in its order.
func leavesOf(n *node) []leaf {
	var list []leaf
	var walk func(n *node, at leaf)
	walk = func(n *node, at leaf) {
		for i, item := range n.items {
			inner := at
			inner.depth++
			if n.kind == aList {
				inner.path += fmt.Sprintf("[%d]", i)
				inner.listed = true
			} else {
				step, ok := pathStep(n.names[i])
				if !ok {
					continue
				}
				inner.path += step
				inner.owner, inner.key = at.key, n.names[i]
				if isWrapper(inner.owner) {
					inner.owner = at.owner
				}
			}
			switch item.kind {
			case aText, aNumber:
				inner.value, inner.number = item.text, item.kind == aNumber
				list = append(list, inner)
			case aWord:
			default:
				walk(item, inner)
			}
		}
	}
	walk(n, leaf{path: "$"})
	return list
}

// isWrapper reports whether a name says nothing about what is inside.
func isWrapper(name string) bool {
	switch strings.ToLower(name) {
	case "data", "result", "results", "items", "nodes", "edges", "node", "payload", "attributes", "response", "body", "content", "list", "_links", "links", "_embedded":
		return true
	}
	return false
}

var plainMember = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// pathStep returns a member as a step of a JSONPath. It reports false for a name with
// control characters.
func pathStep(name string) (string, bool) {
	if plainMember.MatchString(name) {
		return "." + name, true
	}
	for _, r := range name {
		if r < ' ' || r == 0x7f || r == 0xfffd {
			return "", false
		}
	}
	return "['" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(name) + "']", true
}
