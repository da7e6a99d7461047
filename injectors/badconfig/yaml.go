package badconfig

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// parseYAML reads a YAML text of one or more documents.
func parseYAML(body []byte) (*tree, error) {
	t, err := readYAML(body)
	if err != nil {
		return nil, err
	}
	return t, t.checkDepth()
}

// isYAML reports whether a text reads as YAML and is not empty.
func isYAML(body []byte) bool {
	_, err := readYAML(body)
	return err == nil
}

func readYAML(body []byte) (*tree, error) {
	if !utf8.Valid(body) {
		return nil, errors.New("it is not in UTF-8")
	}
	documents, err := yamlDocuments(body)
	if err != nil {
		return nil, fmt.Errorf("it is not YAML: %w", err)
	}
	t := &tree{isYAML: true, text: body}
	r := yamlReader{text: body}
	for _, d := range documents {
		if len(d.Content) > 0 {
			t.roots = append(t.roots, r.node(d.Content[0]))
		}
	}
	if len(t.roots) == 0 {
		return nil, errors.New("it is empty")
	}
	return t, nil
}

// yamlDocuments reads all documents of a text as nodes.
func yamlDocuments(body []byte) (list []*yaml.Node, err error) {
	defer func() { // a text that breaks the library must not end the process that serves it
		if p := recover(); p != nil {
			list, err = nil, fmt.Errorf("it cannot be read: %v", p)
		}
	}()
	d := yaml.NewDecoder(bytes.NewReader(body))
	for {
		var n yaml.Node
		err := d.Decode(&n)
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return nil, errors.New(strings.TrimPrefix(strings.ReplaceAll(err.Error(), "\n", " "), "yaml: "))
		}
		list = append(list, &n)
	}
}

// A yamlReader finds out where in the text nodes stand: the library knows their
// first characters, by line and column.
type yamlReader struct {
	text []byte
	// The place that was asked for last. Nodes come in the order of the text.
	line, col, at int
}

// offset turns a place, both counted from 1, into bytes.
func (r *yamlReader) offset(line, col int) (int, bool) {
	if line < 1 || col < 1 {
		return 0, false
	}
	if r.line == 0 || line < r.line || line == r.line && col < r.col {
		r.line, r.col, r.at = 1, 1, 0
	}
	for r.line < line {
		i := bytes.IndexFunc(r.text[r.at:], isBreak)
		if i < 0 {
			return 0, false
		}
		r.at += i + breakLength(r.text[r.at+i:])
		r.line, r.col = r.line+1, 1
	}
	for r.col < col {
		if r.at >= len(r.text) {
			return r.at, r.col+1 >= col // an empty value at the very end
		}
		_, size := utf8.DecodeRune(r.text[r.at:])
		r.at, r.col = r.at+size, r.col+1
	}
	return r.at, true
}

// isBreak knows what the library takes for the end of a line.
func isBreak(c rune) bool {
	return c == '\n' || c == '\r' || c == 0x85 || c == 0x2028 || c == 0x2029
}

func breakLength(rest []byte) int {
	if bytes.HasPrefix(rest, []byte("\r\n")) {
		return 2
	}
	_, size := utf8.DecodeRune(rest)
	return size
}

func (r *yamlReader) node(y *yaml.Node) *node {
	n := &node{yaml: y}
	at, ok := r.offset(y.Line, y.Column)
	n.loose = !ok
	n.from, n.to, n.lead = at, at, at
	switch y.Kind {
	case yaml.MappingNode:
		n.kind = object
	case yaml.SequenceNode:
		n.kind = list
	case yaml.AliasNode:
		n.alias = true
		n.kind, n.value = scalar(y.Alias)
	default:
		n.kind, n.value = scalar(y)
	}
	if y.Anchor != "" || y.Style&yaml.TaggedStyle != 0 {
		r.properties(n)
	}
	if y.Kind == yaml.MappingNode || y.Kind == yaml.SequenceNode {
		r.collection(n)
	} else {
		n.quote, n.to = r.scalarEnd(n)
	}
	return n
}

// scalar is what a value is to a reader.
func scalar(y *yaml.Node) (kind, string) {
	switch y.Kind {
	case yaml.MappingNode:
		return object, ""
	case yaml.SequenceNode:
		return list, ""
	}
	switch y.ShortTag() {
	case "!!null":
		return null, ""
	case "!!bool":
		return boolean, strings.ToLower(y.Value)
	case "!!int", "!!float":
		if yamlNumber(y) != "" {
			return number, y.Value
		}
	}
	return text, y.Value
}

// yamlNumber writes a number as JSON does; empty where JSON has none, as for
// infinity.
func yamlNumber(y *yaml.Node) string {
	plain := strings.ReplaceAll(strings.TrimPrefix(y.Value, "+"), "_", "")
	if i, ok := new(big.Int).SetString(plain, 0); ok && y.ShortTag() == "!!int" {
		return i.String()
	}
	f, err := strconv.ParseFloat(plain, 64)
	if err != nil || f-f != 0 {
		return ""
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// properties moves a node behind its anchor and its tag.
func (r *yamlReader) properties(n *node) {
	for at := n.from; ; {
		rest := r.text[at:]
		if len(rest) == 0 || rest[0] != '&' && rest[0] != '!' {
			break
		}
		end := bytes.IndexAny(rest, " \t\r\n")
		if end < 0 {
			end = len(rest)
		}
		n.lead = at + end
		at = n.lead + len(rest[end:]) - len(bytes.TrimLeft(rest[end:], " \t"))
		n.from, n.to = at, at
	}
	if n.from >= len(r.text) || isBreak(rune(r.text[n.from])) { // nothing follows on this line
		n.from, n.to = n.lead, n.lead
	}
}

// collection reads what is in a list or an object.
func (r *yamlReader) collection(n *node) {
	open := byte('[')
	if n.kind == object {
		open = '{'
	}
	n.block = n.from >= len(r.text) || n.yaml.Style&yaml.FlowStyle == 0
	if !n.block && r.text[n.from] != open {
		n.loose = true // one member in a list without brackets of its own: [a: 1]
	}
	content := n.yaml.Content
	for i := 0; i < len(content); i++ {
		var c *node
		if n.kind == object && i+1 < len(content) {
			k := r.node(content[i])
			c = r.node(content[i+1])
			c.member, c.key, c.keyFrom, c.keyTo, c.yamlKey = true, content[i].Value, k.from, k.to, content[i]
			c.loose = c.loose || k.loose || k.lead != k.from || content[i].Kind != yaml.ScalarNode
			i++
		} else {
			c = r.node(content[i])
		}
		n.child(c)
		if n.block {
			r.leadOf(c)
		}
	}
	if !n.block {
		r.close(n)
		return
	}
	if len(n.inner) == 0 {
		n.loose = true
		return
	}
	first, last := n.inner[0], n.inner[len(n.inner)-1]
	n.from, n.to = first.start(), last.to
	n.loose = n.loose || first.loose || last.loose
}

// leadOf finds the colon before the value of a member, or the dash before an
// element.
func (r *yamlReader) leadOf(c *node) {
	anchored := c.lead != c.from && (!c.block || c.yaml.Anchor != "")
	if c.member {
		at := c.keyTo
		for at < len(r.text) && (r.text[at] == ' ' || r.text[at] == '\t') {
			at++
		}
		if at >= len(r.text) || r.text[at] != ':' {
			c.loose = true
			return
		}
		if !anchored {
			c.lead = at + 1
		}
	} else {
		dash, ok := r.dash(c)
		if !ok {
			c.loose = true
			return
		}
		c.dash = dash
		if !anchored {
			c.lead = dash + 1
		}
	}
	if c.from == c.to && c.from < c.lead { // an empty value stands right behind the colon or dash
		c.from, c.to = c.lead, c.lead
	}
}

// dash finds the dash of an element, which stands in the column of its list.
func (r *yamlReader) dash(c *node) (int, bool) {
	at := min(c.from, len(r.text))
	if y := c.yaml; y.Anchor != "" || y.Style&yaml.TaggedStyle != 0 {
		at, _ = r.offset(y.Line, y.Column)
	}
	for at--; at >= 0; at-- {
		switch ch := r.text[at]; {
		case ch == '-':
			return at, true
		case ch != ' ' && ch != '\t' && ch != '\n' && ch != '\r':
			return 0, false // a comment in between, for one
		}
	}
	return 0, false
}

// close finds the closing bracket of a collection.
func (r *yamlReader) close(n *node) {
	at := n.from + 1
	if len(n.inner) > 0 {
		at = max(at, n.inner[len(n.inner)-1].to)
	}
	for at < len(r.text) {
		switch ch := r.text[at]; {
		case ch == ']' || ch == '}':
			n.to = at + 1
			return
		case ch == '#':
			for at < len(r.text) && !isBreak(rune(r.text[at])) {
				at++
			}
		case strings.IndexByte(" \t\r\n,:", ch) < 0:
			n.loose = true
			return
		default:
			at++
		}
	}
	n.loose = true
}

// scalarEnd finds where a scalar ends, and which quotes it has.
func (r *yamlReader) scalarEnd(n *node) (quote byte, end int) {
	rest := r.text[min(n.from, len(r.text)):]
	switch style := n.yaml.Style; {
	case n.yaml.Kind == yaml.AliasNode:
		i := bytes.IndexAny(rest, " \t\r\n,]}")
		if i < 0 {
			i = len(rest)
		}
		return 0, n.from + i
	case style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		end, ok := r.blockEnd(n.from)
		n.loose = n.loose || !ok
		return 0, end
	case style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 && len(rest) > 0 && (rest[0] == '"' || rest[0] == '\''):
		return rest[0], n.from + quotedLength(rest)
	case bytes.HasPrefix(rest, []byte(n.yaml.Value)):
		return 0, n.from + len(n.yaml.Value)
	}
	n.loose = true // a plain text over several lines
	return 0, n.from
}

// quotedLength is the length of the quoted text at the start of rest.
func quotedLength(rest []byte) int {
	for i := 1; i < len(rest); i++ {
		switch {
		case rest[0] == '"' && rest[i] == '\\':
			i++
		case rest[i] == rest[0] && rest[0] == '\'' && i+1 < len(rest) && rest[i+1] == '\'':
			i++
		case rest[i] == rest[0]:
			return i + 1
		}
	}
	return len(rest)
}

// blockEnd finds the end of a text in lines of their own, | or >: all lines as
// far in as its first one.
func (r *yamlReader) blockEnd(from int) (int, bool) {
	at := from + lineLength(r.text[from:])
	end, indent := at, -1
	for at < len(r.text) {
		at += breakLength(r.text[at:])
		line := r.text[at : at+lineLength(r.text[at:])]
		spaces := len(line) - len(bytes.TrimLeft(line, " "))
		if spaces < len(line) {
			if indent < 0 {
				indent = spaces
			}
			if spaces < indent || indent == 0 {
				break
			}
			end = at + len(line)
		}
		at += len(line)
	}
	return end, !bytes.ContainsAny(r.text[from:from+lineLength(r.text[from:])], "123456789+")
}

func lineLength(rest []byte) int {
	if i := bytes.IndexFunc(rest, isBreak); i >= 0 {
		return i
	}
	return len(rest)
}

// decodeYAML is the value that an alias stands for, as JSONPath takes it.
func decodeYAML(y *yaml.Node, x *expansion) any {
	if x.nodes++; x.nodes > maxExpanded || x.depth > maxAliases {
		x.beyond = true
		return nil
	}
	switch y.Kind {
	case yaml.AliasNode:
		x.depth++
		defer func() { x.depth-- }()
		return decodeYAML(y.Alias, x)
	case yaml.SequenceNode:
		l := make([]any, len(y.Content))
		for i, c := range y.Content {
			l[i] = decodeYAML(c, x)
		}
		return l
	case yaml.MappingNode:
		m := make(map[string]any, len(y.Content)/2)
		for i := 0; i+1 < len(y.Content); i += 2 {
			m[y.Content[i].Value] = decodeYAML(y.Content[i+1], x)
		}
		return m
	}
	k, v := scalar(y)
	return decode(&node{kind: k, value: v, yaml: y}, x)
}

// yamlBlockText tells that a text stands in lines of its own, after | or >.
func (n *node) yamlBlockText() bool {
	return n.yaml != nil && n.yaml.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0
}
