package shape

import "github.com/blastgauge/blastgauge/experiments/yamlnode"

// A Node is a key or a value of a document. An alias is the value that it stands
// for. The zero Node is no node at all.
type Node struct {
	yaml    *yamlnode.Node
	alias   *yamlnode.Node // that led to it, or to a value around it; nil: none
	written *yamlnode.Node // what the document holds in its place; nil: yaml itself
}

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
func newNode(y *yamlnode.Node) Node { return Node{}.inner(y) }

// inner returns a node inside n, and follows an alias. What is inside an alias was
// led to by the outermost one: that is where this use of it stands.
func (n Node) inner(y *yamlnode.Node) Node {
	alias := n.alias
	if y.Kind == yamlnode.AliasNode {
		if alias == nil {
			alias = y
		}
		y = y.Alias
	}
	return Node{yaml: y, alias: alias}
}

// WithText returns a single value whose text is another one, at the same place.
func (n Node) WithText(text string) Node {
	other := *n.yaml
	other.Value, other.Tag = text, "!!str"
	return Node{yaml: &other, alias: n.alias, written: n.source()}
}

// source is what the document holds.
func (n Node) source() *yamlnode.Node {
	if n.written != nil {
		return n.written
	}
	return n.yaml
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

// Line returns the line of the node, or of the alias that led to it, counted from 1.
func (n Node) Line() int { return n.place().Line }

// Col returns the column of the node, or of the alias that led to it, in characters,
// counted from 1.
func (n Node) Col() int { return n.place().Column }

func (n Node) place() *yamlnode.Node {
	if n.alias != nil {
		return n.alias
	}
	return n.yaml
}

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
		list[i] = n.inner(c)
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
		keys = append(keys, n.inner(n.yaml.Content[i]))
	}
	return keys
}

// Lookup returns the value of a key of a mapping, and reports whether the key is
// there.
func (n Node) Lookup(key string) (Node, bool) {
	for i := 0; n.yaml.Kind == yamlnode.MappingNode && i+1 < len(n.yaml.Content); i += 2 {
		if newNode(n.yaml.Content[i]).Text() == key {
			return n.inner(n.yaml.Content[i+1]), true
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
