package badconfig

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// begins tells whether only space stands before a place on its line, and where
// that line begins.
func (t *tree) begins(at int) (line int, alone bool) {
	line = bytes.LastIndexAny(t.text[:at], "\r\n") + 1
	return line, len(bytes.TrimLeft(t.text[line:at], " ")) == 0
}

// ends is where the line of a place ends, its break included, and whether only a
// comment follows.
func (t *tree) ends(at int) (line int, alone bool) {
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

// removeLines takes the entries from i to end out of a block.
func (t *tree) removeLines(n *node, i, end int) ([]splice, error) {
	first, last := n.inner[i], n.inner[end-1]
	line, alone := t.begins(first.start())
	if !alone { // "- name: x": the next entry moves behind the dash
		if end == len(n.inner) {
			return nil, errPlace
		}
		return t.edit(first.start(), n.inner[end].start(), ""), nil
	}
	to, ok := t.ends(last.to)
	if !ok {
		return nil, errPlace
	}
	return t.edit(line, to, ""), nil
}

// addLines adds entries to a block, each on lines of its own.
func (t *tree) addLines(c change) ([]splice, error) {
	line, _ := t.begins(c.after.start())
	indent := strings.Repeat(" ", len([]rune(string(t.text[line:c.after.start()]))))
	to, ok := t.ends(c.after.to)
	if !ok {
		return nil, errPlace
	}
	eol := "\n"
	if bytes.Contains(t.text, []byte("\r\n")) {
		eol = "\r\n"
	}
	var b strings.Builder
	for _, e := range c.list {
		text, err := t.entryText(e, c.after)
		if err != nil {
			return nil, err
		}
		if !c.after.member && (e.from == nil || e.as) {
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
func (t *tree) renderYAML(v any, old *node) string {
	switch v := v.(type) {
	case literal:
		return string(v)
	case string:
		return quoteYAML(v, old)
	case wrapped:
		if raw := t.text[v.from:v.to]; !v.block && !v.loose && v.to > v.from && !bytes.ContainsAny(raw, "\r\n#") {
			return string(raw)
		}
	case []any:
		if len(v) == 1 {
			return "[" + t.renderYAML(v[0], nil) + "]"
		}
	case ordered:
		if len(v) == 1 {
			return "{" + quoteYAML(v[0].key, nil) + ": " + t.renderYAML(v[0].value, nil) + "}"
		}
	}
	return encode(v)
}

func (t *tree) renderYAMLKey(key string, old *node) string {
	if old == nil || old.keyTo <= old.keyFrom {
		return quoteYAML(key, nil)
	}
	style := &node{}
	if first := t.text[old.keyFrom]; first == '"' || first == '\'' {
		style.quote = first
	}
	return quoteYAML(key, style)
}

// plainForm is what may stand without quotes wherever a text may stand.
var plainForm = regexp.MustCompile(`^[A-Za-z_/.][A-Za-z0-9_./@+-]*( [A-Za-z0-9_./@+-]+)*$`)

// quoteYAML writes a text, plainly only where every reader takes it for a text.
func quoteYAML(s string, old *node) string {
	switch {
	case old != nil && old.quote == '\'' && plainForm.MatchString(s):
		return "'" + s + "'"
	case (old == nil || old.quote == 0) && plainForm.MatchString(s) && !isYAMLWord(s):
		return s
	}
	return quoteJSON(s)
}

// isYAMLWord knows the words that some version of YAML does not take for a text.
func isYAMLWord(s string) bool {
	words := []string{"y", "n", "yes", "no", "on", "off", "true", "false", "null", "~", ".inf", ".nan"}
	n := yaml.Node{Kind: yaml.ScalarNode, Value: s}
	return slices.Contains(words, strings.ToLower(s)) || n.ShortTag() != "!!str"
}

// meant makes the changes to the library's nodes, and gives all documents.
func (t *tree) meant(changes []change) []*yaml.Node {
	var documents []*yaml.Node
	for _, root := range t.roots {
		documents = append(documents, &yaml.Node{Kind: yaml.DocumentNode, Content: []*yaml.Node{root.yaml}})
	}
	values := make([]*yaml.Node, len(changes))
	for i, c := range changes { // before anything that is copied changes
		if c.do == add {
			c.meanAdd()
		}
		values[i] = nodeOf(c.value)
	}
	for i, c := range changes {
		switch c.do {
		case set:
			meanSet(c.at.yaml, values[i])
		case rename:
			c.at.yamlKey.Value, c.at.yamlKey.Tag, c.at.yamlKey.Style = c.key, "!!str", 0
		case remove:
			y := c.at.up.yaml
			i := slices.Index(y.Content, c.at.yaml)
			if c.at.member {
				y.Content = slices.Delete(y.Content, i-1, i+1)
			} else {
				y.Content = slices.Delete(y.Content, i, i+1)
			}
		}
	}
	return documents
}

func meanSet(y, to *yaml.Node) {
	y.Kind, y.Style, y.Tag, y.Value, y.Content, y.Alias = to.Kind, to.Style, to.Tag, to.Value, to.Content, to.Alias
}

func (c change) meanAdd() {
	var more []*yaml.Node
	for _, e := range c.list {
		value := nodeOf(e.value)
		if e.from != nil && !e.as {
			value = copyOf(e.from.yaml)
		}
		switch {
		case e.from != nil && e.from.member && e.key == "":
			more = append(more, copyOf(e.from.yamlKey))
		case c.at.kind == object:
			more = append(more, textNode(e.key))
		}
		more = append(more, value)
	}
	y := c.at.yaml
	i := len(y.Content)
	if c.after != nil {
		i = slices.Index(y.Content, c.after.yaml) + 1
	}
	y.Content = slices.Insert(y.Content, i, more...)
}

func copyOf(y *yaml.Node) *yaml.Node {
	c := *y
	c.Content = make([]*yaml.Node, len(y.Content))
	for i, inner := range y.Content {
		c.Content[i] = copyOf(inner)
	}
	return &c
}

func textNode(s string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
	if !plainForm.MatchString(s) || isYAMLWord(s) {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

// nodeOf makes a node of a new value.
func nodeOf(v any) *yaml.Node {
	switch v := v.(type) {
	case literal:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: string(v)}
	case string:
		return textNode(v)
	case wrapped:
		c := copyOf(v.yaml)
		c.Anchor = ""
		return c
	case nil:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}
	case []any:
		n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Style: yaml.FlowStyle}
		for _, e := range v {
			n.Content = append(n.Content, nodeOf(e))
		}
		return n
	case ordered:
		n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Style: yaml.FlowStyle}
		for _, p := range v {
			n.Content = append(n.Content, textNode(p.key), nodeOf(p.value))
		}
		return n
	}
	documents, err := yamlDocuments([]byte(encode(v)))
	if err != nil || len(documents) != 1 {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}
	}
	return documents[0].Content[0]
}

// proven tells whether a text says what is meant.
func proven(body []byte, want []*yaml.Node) bool {
	got, err := yamlDocuments(body)
	if err != nil {
		return false
	}
	got = slices.DeleteFunc(got, func(n *yaml.Node) bool { return len(n.Content) == 0 })
	if slices.ContainsFunc(got, func(n *yaml.Node) bool { return cyclic(n, nil) }) {
		return false
	}
	return slices.EqualFunc(got, want, sameNode)
}

// cyclic tells whether an alias stands within what it stands for, which no
// reader accepts.
func cyclic(n *yaml.Node, above []*yaml.Node) bool {
	if n.Kind == yaml.AliasNode {
		return slices.Contains(above, n.Alias)
	}
	if n.Anchor != "" {
		above = append(above, n)
	}
	return slices.ContainsFunc(n.Content, func(c *yaml.Node) bool { return cyclic(c, above) })
}

// sameNode compares what nodes mean. Aliases are the same by name: what they
// stand for is compared where it stands.
func sameNode(a, b *yaml.Node) bool {
	if a.Kind != b.Kind || a.Anchor != b.Anchor && a.Anchor != "" {
		return false
	}
	switch {
	case a.Kind == yaml.AliasNode:
		return a.Value == b.Value
	case a.Kind == yaml.ScalarNode:
		empty := a.ShortTag() == "!!null"
		return a.ShortTag() == b.ShortTag() && (empty || a.Value == b.Value)
	case a.Kind != yaml.DocumentNode && a.ShortTag() != b.ShortTag():
		return false
	}
	return slices.EqualFunc(a.Content, b.Content, sameNode)
}

// written writes documents anew, indented as the text was.
func written(before []byte, documents []*yaml.Node) (body []byte, err error) {
	defer func() { // a document that breaks the library must not end the process that serves it
		if p := recover(); p != nil {
			err = fmt.Errorf("it cannot be written: %v", p)
		}
	}()
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(indentOf(before))
	for _, d := range documents {
		if err := e.Encode(d); err != nil {
			return nil, fmt.Errorf("it cannot be written: %w", err)
		}
	}
	if err := e.Close(); err != nil {
		return nil, fmt.Errorf("it cannot be written: %w", err)
	}
	if !proven(b.Bytes(), documents) {
		return nil, errors.New("what is to change is referred to elsewhere, by its anchor")
	}
	return b.Bytes(), nil
}

// indentOf is how far in the first line of a text is that is further in than
// the line before it.
func indentOf(body []byte) int {
	for line := range bytes.Lines(body) {
		trimmed := bytes.TrimLeft(line, " ")
		if n := len(line) - len(trimmed); n >= 2 && n <= 8 && len(bytes.TrimSpace(trimmed)) > 0 && trimmed[0] != '#' {
			return n
		}
	}
	return 2
}
