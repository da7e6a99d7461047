package edit

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/yamlnode"
)

// begins returns the start of the line of a place, and whether only spaces come before the
// place.
func (t *Tree) begins(at int) (line int, alone bool) {
	line = bytes.LastIndexAny(t.text[:at], "\r\n") + 1
	return line, len(bytes.TrimLeft(t.text[line:at], " ")) == 0
}

// ends returns the end of the line of a place, its line break included, and whether only
// spaces or a comment follow.
func (t *Tree) ends(at int) (line int, alone bool) {
	rest := t.text[at:]
	n := lineLength(rest)
	tail := bytes.TrimLeft(rest[:n], " \t")
	alone = len(tail) == 0 || tail[0] == '#' && len(tail) < n
	line = at + n
	if line < len(t.text) {
		line += breakLength(t.text[line:])
	}
	return line, alone
}

// removeLines removes the entries from i to end of a block.
func (t *Tree) removeLines(n *Node, i, end int) ([]splice, error) {
	first, last := n.Children[i], n.Children[end-1]
	line, alone := t.begins(first.start())
	if !alone { // "- name: x": the next entry moves behind the dash
		if end == len(n.Children) {
			return nil, errPlace
		}
		return t.edit(first.start(), n.Children[end].start(), ""), nil
	}
	to, ok := t.ends(last.to)
	if !ok {
		return nil, errPlace
	}
	return t.edit(line, to, ""), nil
}

// addLines adds entries to a block, each on its own lines.
func (t *Tree) addLines(c Change) ([]splice, error) {
	line, _ := t.begins(c.After.start())
	indent := strings.Repeat(" ", len([]rune(string(t.text[line:c.After.start()]))))
	to, ok := t.ends(c.After.to)
	if !ok {
		return nil, errPlace
	}
	eol := "\n"
	if bytes.Contains(t.text, []byte("\r\n")) {
		eol = "\r\n"
	}
	var b strings.Builder
	for _, e := range c.Entries {
		text, err := t.entryText(e, c.After)
		if err != nil {
			return nil, err
		}
		if !c.After.IsMember && (e.From == nil || e.UseValue) {
			text = "- " + text
		}
		b.WriteString(indent + text + eol)
	}
	is := b.String()
	if to > 0 && t.text[to-1] != '\n' && t.text[to-1] != '\r' { // the text ends without a new line
		is = eol + strings.TrimSuffix(is, eol)
	}
	return t.edit(to, to, is), nil
}

// renderYAML writes a value on one line, in the style of the one it replaces.
func (t *Tree) renderYAML(v any, old *Node) string {
	switch v := v.(type) {
	case Literal:
		return string(v)
	case string:
		return quoteYAML(v, old)
	case Existing:
		if raw := t.text[v.from:v.to]; !v.block && !v.unplaced && v.to > v.from && !bytes.ContainsAny(raw, "\r\n#") {
			return string(raw)
		}
	case []any:
		if len(v) == 1 {
			return "[" + t.renderYAML(v[0], nil) + "]"
		}
	case Ordered:
		if len(v) == 1 {
			return "{" + quoteYAML(v[0].Key, nil) + ": " + t.renderYAML(v[0].Value, nil) + "}"
		}
	}
	return Encode(v)
}

func (t *Tree) renderYAMLKey(key string, old *Node) string {
	if old == nil || old.keyTo <= old.keyFrom {
		return quoteYAML(key, nil)
	}
	style := &Node{}
	if first := t.text[old.keyFrom]; first == '"' || first == '\'' {
		style.Quote = first
	}
	return quoteYAML(key, style)
}

// plainForm matches texts that need no quotes anywhere.
var plainForm = regexp.MustCompile(`^[A-Za-z_/.][A-Za-z0-9_./@+-]*( [A-Za-z0-9_./@+-]+)*$`)

// quoteYAML writes a text. It leaves the quotes out only when every reader takes it for a
// text without them.
func quoteYAML(s string, old *Node) string {
	switch {
	case old != nil && old.Quote == '\'' && plainForm.MatchString(s):
		return "'" + s + "'"
	case (old == nil || old.Quote == 0) && plainForm.MatchString(s) && !IsYAMLWord(s):
		return s
	}
	return quoteJSON(s)
}

// IsYAMLWord reports whether some version of YAML takes a word, written without quotes,
// for something other than a text.
func IsYAMLWord(s string) bool {
	words := []string{"y", "n", "yes", "no", "on", "off", "true", "false", "null", "~", ".inf", ".nan"}
	n := yamlnode.Node{Kind: yamlnode.ScalarNode, Value: s}
	return slices.Contains(words, strings.ToLower(s)) || n.ShortTag() != "!!str"
}

// meant makes the changes to the library's nodes, and returns all documents.
func (t *Tree) meant(changes []Change) []*yamlnode.Node {
	var documents []*yamlnode.Node
	for _, root := range t.Roots {
		documents = append(documents, &yamlnode.Node{Kind: yamlnode.DocumentNode, Content: []*yamlnode.Node{root.yaml}})
	}
	values := make([]*yamlnode.Node, len(changes))
	for i, c := range changes { // first, while nothing that is copied has changed
		if c.Do == Add {
			c.meanAdd()
		}
		values[i] = nodeOf(c.Value)
	}
	for i, c := range changes {
		switch c.Do {
		case Set:
			setMeaning(c.At.yaml, values[i])
		case Rename:
			c.At.yamlKey.Value, c.At.yamlKey.Tag, c.At.yamlKey.Style = c.Key, "!!str", 0
		case Remove:
			y := c.At.Parent.yaml
			i := slices.Index(y.Content, c.At.yaml)
			if c.At.IsMember {
				y.Content = slices.Delete(y.Content, i-1, i+1)
			} else {
				y.Content = slices.Delete(y.Content, i, i+1)
			}
		}
	}
	return documents
}

func setMeaning(y, to *yamlnode.Node) {
	y.Kind, y.Style, y.Tag, y.Value, y.Content, y.Alias = to.Kind, to.Style, to.Tag, to.Value, to.Content, to.Alias
}

func (c Change) meanAdd() {
	var more []*yamlnode.Node
	for _, e := range c.Entries {
		value := nodeOf(e.Value)
		if e.From != nil && !e.UseValue {
			value = copyOf(e.From.yaml)
		}
		switch {
		case e.From != nil && e.From.IsMember && e.Key == "":
			more = append(more, copyOf(e.From.yamlKey))
		case c.At.Kind == Object:
			more = append(more, textNode(e.Key))
		}
		more = append(more, value)
	}
	y := c.At.yaml
	i := len(y.Content)
	if c.After != nil {
		i = slices.Index(y.Content, c.After.yaml) + 1
	}
	y.Content = slices.Insert(y.Content, i, more...)
}

func copyOf(y *yamlnode.Node) *yamlnode.Node {
	c := *y
	c.Content = make([]*yamlnode.Node, len(y.Content))
	for i, inner := range y.Content {
		c.Content[i] = copyOf(inner)
	}
	return &c
}

func textNode(s string) *yamlnode.Node {
	n := &yamlnode.Node{Kind: yamlnode.ScalarNode, Tag: "!!str", Value: s}
	if !plainForm.MatchString(s) || IsYAMLWord(s) {
		n.Style = yamlnode.DoubleQuotedStyle
	}
	return n
}

// nodeOf returns a new value as a node of the library.
func nodeOf(v any) *yamlnode.Node {
	switch v := v.(type) {
	case Literal:
		return &yamlnode.Node{Kind: yamlnode.ScalarNode, Value: string(v)}
	case string:
		return textNode(v)
	case Existing:
		c := copyOf(v.yaml)
		c.Anchor = ""
		return c
	case nil:
		return &yamlnode.Node{Kind: yamlnode.ScalarNode, Tag: "!!null", Value: "null"}
	case []any:
		n := &yamlnode.Node{Kind: yamlnode.SequenceNode, Tag: "!!seq", Style: yamlnode.FlowStyle}
		for _, e := range v {
			n.Content = append(n.Content, nodeOf(e))
		}
		return n
	case Ordered:
		n := &yamlnode.Node{Kind: yamlnode.MappingNode, Tag: "!!map", Style: yamlnode.FlowStyle}
		for _, p := range v {
			n.Content = append(n.Content, textNode(p.Key), nodeOf(p.Value))
		}
		return n
	}
	documents, err := yamlDocuments([]byte(Encode(v)))
	if err != nil || len(documents) != 1 {
		return &yamlnode.Node{Kind: yamlnode.ScalarNode, Tag: "!!null", Value: "null"}
	}
	return documents[0].Content[0]
}

// proven reports whether a text means the wanted documents.
func proven(body []byte, want []*yamlnode.Node) bool {
	got, err := yamlDocuments(body)
	if err != nil {
		return false
	}
	got = slices.DeleteFunc(got, func(n *yamlnode.Node) bool { return len(n.Content) == 0 })
	if slices.ContainsFunc(got, func(n *yamlnode.Node) bool { return cyclic(n, nil) }) {
		return false
	}
	return slices.EqualFunc(got, want, sameNode)
}

// cyclic reports whether an alias stands within the value that it stands for, which no
// reader accepts.
func cyclic(n *yamlnode.Node, above []*yamlnode.Node) bool {
	if n.Kind == yamlnode.AliasNode {
		return slices.Contains(above, n.Alias)
	}
	if n.Anchor != "" {
		above = append(above, n)
	}
	return slices.ContainsFunc(n.Content, func(c *yamlnode.Node) bool { return cyclic(c, above) })
}

// sameNode reports whether two nodes mean the same. It compares aliases by name: what they
// stand for is compared at its own place.
func sameNode(a, b *yamlnode.Node) bool {
	if a.Kind != b.Kind || a.Anchor != b.Anchor && a.Anchor != "" {
		return false
	}
	switch {
	case a.Kind == yamlnode.AliasNode:
		return a.Value == b.Value
	case a.Kind == yamlnode.ScalarNode:
		empty := a.ShortTag() == "!!null"
		return a.ShortTag() == b.ShortTag() && (empty || a.Value == b.Value)
	case a.Kind != yamlnode.DocumentNode && a.ShortTag() != b.ShortTag():
		return false
	}
	return slices.EqualFunc(a.Content, b.Content, sameNode)
}

// rewrite writes documents anew, with the indentation of the old text.
func rewrite(before []byte, documents []*yamlnode.Node) ([]byte, error) {
	body, err := yamlnode.Write(documents, indentOf(before))
	if err != nil {
		return nil, fmt.Errorf("it cannot be written: %w", err)
	}
	if !proven(body, documents) {
		return nil, errors.New("what is to change is referred to elsewhere, by its anchor")
	}
	return body, nil
}

// indentOf returns the indentation of the first indented line of a text.
func indentOf(body []byte) int {
	for line := range bytes.Lines(body) {
		trimmed := bytes.TrimLeft(line, " ")
		if n := len(line) - len(trimmed); n >= 2 && n <= 8 && len(bytes.TrimSpace(trimmed)) > 0 && trimmed[0] != '#' {
			return n
		}
	}
	return 2
}
