package edit

import "github.com/blastgauge/blastgauge/experiments/yamlnode"

// Text returns a value as it stands in the text.
func (t *Tree) Text(n *Node) string { return string(t.text[n.from:n.to]) }

// Targets returns what each alias stands for. An alias of a key is not among them.
func (t *Tree) Targets() map[*Node]*Node {
	nodes := map[*yamlnode.Node]*Node{}
	for _, root := range t.Roots {
		root.Walk(func(n *Node) {
			if n.yaml != nil {
				nodes[n.yaml] = n
			}
		})
	}
	targets := map[*Node]*Node{}
	for _, n := range nodes {
		if n.IsAlias && nodes[n.yaml.Alias] != nil {
			targets[n] = nodes[n.yaml.Alias]
		}
	}
	return targets
}

// Tag returns the tag of a value in YAML, such as !!timestamp, whether it is written or
// follows from the value. In JSON there is none.
func (n *Node) Tag() string {
	if n.yaml == nil {
		return ""
	}
	return n.yaml.ShortTag()
}

// KeyTag returns the tag of a member's key: !!str in JSON. It is !!merge of the key <<, and
// empty of a key that is no scalar.
func (n *Node) KeyTag() string {
	switch {
	case n.yaml == nil:
		return "!!str"
	case n.yamlKey == nil || n.yamlKey.Kind != yamlnode.ScalarNode:
		return ""
	}
	return n.yamlKey.ShortTag()
}
