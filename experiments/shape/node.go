package shape

import "github.com/blastgauge/blastgauge/experiments/yamlnode"

// A Node is a key or a value of a document. An alias is the value that it stands
// for. The zero Node is no node at all.
type Node struct{ yaml *yamlnode.Node }

// A Kind is what a node holds.
type Kind string

// The kinds of nodes.
const (
	Mapping  Kind = "mapping"
	Sequence Kind = "list"
	Str      Kind = "text"
	Int      Kind = "int"
	Float    Kind = "float"
	Bool     Kind = "bool"
	Null     Kind = "null"
	Other    Kind = "other" // a merge key, or a value with a tag of its own
)

// newNode follows an alias.
func newNode(y *yamlnode.Node) Node {
	if y.Kind == yamlnode.AliasNode {
		y = y.Alias
	}
	return Node{y}
}

// Kind returns what the node holds.
func (n Node) Kind() Kind {
	switch n.yaml.Kind {
	case yamlnode.MappingNode:
		return Mapping
	case yamlnode.SequenceNode:
		return Sequence
	}
	switch n.yaml.Tag {
	case "!!str", "!!timestamp", "!!binary":
		return Str
	case "!!int":
		return Int
	case "!!float":
		return Float
	case "!!bool":
		return Bool
	case "!!null":
		return Null
	}
	return Other
}

// IsScalar reports whether the node is a single value.
func (n Node) IsScalar() bool { return n.yaml.Kind == yamlnode.ScalarNode }

// Text returns a single value as it is written, without its quotes.
func (n Node) Text() string { return n.yaml.Value }

// Line returns the line of the node, counted from 1.
func (n Node) Line() int { return n.yaml.Line }

// Col returns the column of the node in characters, counted from 1.
func (n Node) Col() int { return n.yaml.Column }

// Len returns the number of items of a list, or of keys of a mapping.
func (n Node) Len() int {
	if n.yaml.Kind == yamlnode.MappingNode {
		return len(n.yaml.Content) / 2
	}
	return len(n.yaml.Content)
}

// Items returns the items of a list.
func (n Node) Items() []Node {
	if n.yaml.Kind != yamlnode.SequenceNode {
		return nil
	}
	list := make([]Node, len(n.yaml.Content))
	for i, c := range n.yaml.Content {
		list[i] = newNode(c)
	}
	return list
}

// Keys returns the keys of a mapping.
func (n Node) Keys() []Node {
	if n.yaml.Kind != yamlnode.MappingNode {
		return nil
	}
	keys := make([]Node, 0, n.Len())
	for i := 0; i+1 < len(n.yaml.Content); i += 2 {
		keys = append(keys, newNode(n.yaml.Content[i]))
	}
	return keys
}

// Lookup returns the value of a key of a mapping, and reports whether the key is
// there.
func (n Node) Lookup(key string) (Node, bool) {
	for i := 0; n.yaml.Kind == yamlnode.MappingNode && i+1 < len(n.yaml.Content); i += 2 {
		if newNode(n.yaml.Content[i]).Text() == key {
			return newNode(n.yaml.Content[i+1]), true
		}
	}
	return Node{}, false
}

// firstKey returns the first key of a mapping, not followed if it is an alias;
// nil if there is none.
func (n Node) firstKey() *yamlnode.Node {
	if n.yaml.Kind != yamlnode.MappingNode || len(n.yaml.Content) == 0 {
		return nil
	}
	return n.yaml.Content[0]
}

// flow reports whether a list or mapping is written in brackets.
func (n Node) flow() bool { return n.yaml.Style&yamlnode.FlowStyle != 0 }

// tagged reports whether the node carries a tag that is not read. The tag !!str
// of a single value is, because it is the way to write a number as a text.
func (n Node) tagged() bool {
	return n.yaml.Style&yamlnode.TaggedStyle != 0 && (n.yaml.Tag != "!!str" || !n.IsScalar())
}

// quoted reports whether a text is written in quotes.
func (n Node) quoted() bool {
	return n.yaml.Style&(yamlnode.DoubleQuotedStyle|yamlnode.SingleQuotedStyle) != 0
}

// block reports whether a text is written as a block after | or >.
func (n Node) block() bool {
	return n.yaml.Style&(yamlnode.LiteralStyle|yamlnode.FoldedStyle) != 0
}
