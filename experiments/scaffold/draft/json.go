package draft

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
)

// Bounds of a JSON document that is read.
const (
	maxNesting = 40 // our documents may nest 64 deep, and a body begins inside one
	maxValues  = 20_000
	maxName    = 200
)

// A Node is a JSON value whose members keep their order, so that a document shows
// them as they were recorded.
type Node struct {
	Kind  NodeKind
	Text  string // of a text, a number, or a word: true, false, null
	Names []string
	Items []*Node
	Slot  *Slot // of a text or a number that is sent
}

// A NodeKind is the kind of a JSON value.
type NodeKind uint8

// The kinds of a JSON value.
const (
	WordNode NodeKind = iota
	TextNode
	NumberNode
	ListNode
	ObjectNode
)

// ParseJSON reads one JSON value. It reports false if the text is not JSON, or is too
// large or too odd to be written as YAML.
func ParseJSON(text string) (*Node, bool) {
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

func (p *jsonReader) value(depth int) (*Node, bool) {
	p.seen++
	token, err := p.json.Token()
	if err != nil || depth > maxNesting || p.seen > maxValues {
		return nil, false
	}
	switch v := token.(type) {
	case string:
		return &Node{Kind: TextNode, Text: v}, true
	case json.Number:
		_, err := v.Float64() // YAML takes one that is out of range for a text
		return &Node{Kind: NumberNode, Text: v.String()}, err == nil
	case bool:
		return &Node{Text: strconv.FormatBool(v)}, true
	case json.Delim:
		return p.container(v, depth)
	}
	return &Node{Text: "null"}, true
}

func (p *jsonReader) container(open json.Delim, depth int) (*Node, bool) {
	n := &Node{Kind: ListNode}
	if open == '{' {
		n.Kind = ObjectNode
	}
	taken := map[string]bool{}
	for p.json.More() {
		if n.Kind == ObjectNode {
			key, err := p.json.Token()
			name, ok := key.(string)
			if err != nil || !ok || taken[name] || len(name) > maxName {
				return nil, false
			}
			taken[name] = true
			n.Names = append(n.Names, name)
		}
		item, ok := p.value(depth + 1)
		if !ok {
			return nil, false
		}
		n.Items = append(n.Items, item)
	}
	_, err := p.json.Token()
	return n, err == nil
}

// Member returns a member of an object, or nil.
func (n *Node) Member(name string) *Node {
	if n == nil || n.Kind != ObjectNode {
		return nil
	}
	for i, known := range n.Names {
		if known == name {
			return n.Items[i]
		}
	}
	return nil
}

// A Leaf is a text or a number of a JSON document, and its place.
type Leaf struct {
	Path   string // JSONPath
	Key    string // of the nearest member
	Owner  string // name of the object that the member is of; empty at the top
	Depth  int
	Value  string
	Number bool
	Listed bool // inside a list
}

// LeavesOf returns the texts and numbers of a document in its order.
func LeavesOf(n *Node) []Leaf {
	var list []Leaf
	var walk func(n *Node, at Leaf)
	walk = func(n *Node, at Leaf) {
		for i, item := range n.Items {
			inner := at
			inner.Depth++
			if n.Kind == ListNode {
				inner.Path += fmt.Sprintf("[%d]", i)
				inner.Listed = true
			} else {
				step, ok := PathStep(n.Names[i])
				if !ok {
					continue
				}
				inner.Path += step
				inner.Owner, inner.Key = at.Key, n.Names[i]
				if isWrapper(inner.Owner) {
					inner.Owner = at.Owner
				}
			}
			switch item.Kind {
			case TextNode, NumberNode:
				inner.Value, inner.Number = item.Text, item.Kind == NumberNode
				list = append(list, inner)
			case WordNode:
			default:
				walk(item, inner)
			}
		}
	}
	walk(n, Leaf{Path: "$"})
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

var plainMember = lazyregexp.New(`^[A-Za-z_][A-Za-z0-9_]*$`)

// PathStep returns a member as a step of a JSONPath. It reports false for a name with
// control characters.
func PathStep(name string) (string, bool) {
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
