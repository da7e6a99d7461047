package edit

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/blastgauge/blastgauge/experiments/yamlnode"
)

// ParseYAML reads a YAML text of one or more documents.
func ParseYAML(body []byte) (*Tree, error) {
	t, err := readYAML(body)
	if err != nil {
		return nil, err
	}
	return t, t.checkDepth()
}

// IsYAML reports whether a text reads as YAML and is not empty.
func IsYAML(body []byte) bool {
	_, err := readYAML(body)
	return err == nil
}

func readYAML(body []byte) (*Tree, error) {
	if !utf8.Valid(body) {
		return nil, errors.New("it is not in UTF-8")
	}
	documents, err := yamlDocuments(body)
	if err != nil {
		return nil, fmt.Errorf("it is not YAML: %w", err)
	}
	t := &Tree{isYAML: true, text: body}
	r := yamlReader{text: body}
	for _, d := range documents {
		if len(d.Content) > 0 {
			t.Roots = append(t.Roots, r.node(d.Content[0]))
		}
	}
	if len(t.Roots) == 0 {
		return nil, errors.New("it is empty")
	}
	return t, nil
}

// yamlDocuments reads all documents of a text as the library's nodes.
func yamlDocuments(body []byte) ([]*yamlnode.Node, error) {
	documents, err := yamlnode.Read(body, 0)
	if err != nil {
		return nil, errors.New(strings.TrimPrefix(strings.ReplaceAll(err.Error(), "\n", " "), "yaml: "))
	}
	return documents, nil
}

// A yamlReader finds where nodes stand in the text. The library gives line and column of
// their first character.
type yamlReader struct {
	text []byte
	// The place that was asked for last: nodes come in the order of the text.
	line, col, at int
}

// offset converts line and column, both counted from 1, into an offset in bytes.
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

// isBreak reports whether the library takes a character for the end of a line.
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

func (r *yamlReader) node(y *yamlnode.Node) *Node {
	n := &Node{yaml: y}
	at, ok := r.offset(y.Line, y.Column)
	n.unplaced = !ok
	n.from, n.to, n.lead = at, at, at
	switch y.Kind {
	case yamlnode.MappingNode:
		n.Kind = Object
	case yamlnode.SequenceNode:
		n.Kind = List
	case yamlnode.AliasNode:
		n.IsAlias = true
		n.Kind, n.Value = scalar(y.Alias)
	default:
		n.Kind, n.Value = scalar(y)
	}
	if y.Anchor != "" || y.Style&yamlnode.TaggedStyle != 0 {
		r.properties(n)
	}
	if y.Kind == yamlnode.MappingNode || y.Kind == yamlnode.SequenceNode {
		r.collection(n)
	} else {
		n.Quote, n.to = r.scalarEnd(n)
	}
	return n
}

// scalar returns the kind and the text of a value, as a reader sees it.
func scalar(y *yamlnode.Node) (Kind, string) {
	switch y.Kind {
	case yamlnode.MappingNode:
		return Object, ""
	case yamlnode.SequenceNode:
		return List, ""
	}
	switch y.ShortTag() {
	case "!!null":
		return Null, ""
	case "!!bool":
		return Boolean, strings.ToLower(y.Value)
	case "!!int", "!!float":
		if yamlNumber(y) != "" {
			return Number, y.Value
		}
	}
	return String, y.Value
}

// yamlNumber writes a number as JSON does. It returns "" for numbers that JSON does not
// have, such as infinity.
func yamlNumber(y *yamlnode.Node) string {
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

// properties moves the place of a node behind its anchor and its tag.
func (r *yamlReader) properties(n *Node) {
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

// collection reads the entries of a list or an object.
func (r *yamlReader) collection(n *Node) {
	open := byte('[')
	if n.Kind == Object {
		open = '{'
	}
	n.block = n.from >= len(r.text) || n.yaml.Style&yamlnode.FlowStyle == 0
	if !n.block && r.text[n.from] != open {
		n.unplaced = true // one member in a list without brackets of its own: [a: 1]
	}
	content := n.yaml.Content
	for i := 0; i < len(content); i++ {
		var c *Node
		if n.Kind == Object && i+1 < len(content) {
			k := r.node(content[i])
			c = r.node(content[i+1])
			c.IsMember, c.Key, c.keyFrom, c.keyTo, c.yamlKey = true, content[i].Value, k.from, k.to, content[i]
			c.unplaced = c.unplaced || k.unplaced || k.lead != k.from || content[i].Kind != yamlnode.ScalarNode
			i++
		} else {
			c = r.node(content[i])
		}
		n.addChild(c)
		if n.block {
			r.leadOf(c)
		}
	}
	if !n.block {
		r.close(n)
		return
	}
	if len(n.Children) == 0 {
		n.unplaced = true
		return
	}
	first, last := n.Children[0], n.Children[len(n.Children)-1]
	n.from, n.to = first.start(), last.to
	n.unplaced = n.unplaced || first.unplaced || last.unplaced
}

// leadOf finds the colon before the value of a member, or the dash before an element.
func (r *yamlReader) leadOf(c *Node) {
	anchored := c.lead != c.from && (!c.block || c.yaml.Anchor != "")
	if c.IsMember {
		at := c.keyTo
		for at < len(r.text) && (r.text[at] == ' ' || r.text[at] == '\t') {
			at++
		}
		if at >= len(r.text) || r.text[at] != ':' {
			c.unplaced = true
			return
		}
		if !anchored {
			c.lead = at + 1
		}
	} else {
		dash, ok := r.dash(c)
		if !ok {
			c.unplaced = true
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

// dash finds the dash of an element. It stands in the column of the list.
func (r *yamlReader) dash(c *Node) (int, bool) {
	at := min(c.from, len(r.text))
	if y := c.yaml; y.Anchor != "" || y.Style&yamlnode.TaggedStyle != 0 {
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
func (r *yamlReader) close(n *Node) {
	at := n.from + 1
	if len(n.Children) > 0 {
		at = max(at, n.Children[len(n.Children)-1].to)
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
			n.unplaced = true
			return
		default:
			at++
		}
	}
	n.unplaced = true
}

// scalarEnd finds where a scalar ends and which quotes it has.
func (r *yamlReader) scalarEnd(n *Node) (quote byte, end int) {
	rest := r.text[min(n.from, len(r.text)):]
	switch style := n.yaml.Style; {
	case n.yaml.Kind == yamlnode.AliasNode:
		i := bytes.IndexAny(rest, " \t\r\n,]}")
		if i < 0 {
			i = len(rest)
		}
		return 0, n.from + i
	case style&(yamlnode.LiteralStyle|yamlnode.FoldedStyle) != 0:
		end, ok := r.blockEnd(n.from)
		n.unplaced = n.unplaced || !ok
		return 0, end
	case style&(yamlnode.DoubleQuotedStyle|yamlnode.SingleQuotedStyle) != 0 && len(rest) > 0 && (rest[0] == '"' || rest[0] == '\''):
		return rest[0], n.from + quotedLength(rest)
	case bytes.HasPrefix(rest, []byte(n.yaml.Value)):
		return 0, n.from + len(n.yaml.Value)
	}
	n.unplaced = true // a plain text over several lines
	return 0, n.from
}

// quotedLength returns the length of the quoted text at the start of rest.
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

// blockEnd finds the end of a block text, after | or >: it has all lines that are indented
// at least as far as its first one.
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

// decodeYAML returns the value that an alias stands for, in the forms of encoding/json.
func decodeYAML(y *yamlnode.Node, x *expansion) any {
	if x.nodes++; x.nodes > maxExpanded || x.depth > maxAliases {
		x.beyond = true
		return nil
	}
	switch y.Kind {
	case yamlnode.AliasNode:
		x.depth++
		defer func() { x.depth-- }()
		return decodeYAML(y.Alias, x)
	case yamlnode.SequenceNode:
		l := make([]any, len(y.Content))
		for i, c := range y.Content {
			l[i] = decodeYAML(c, x)
		}
		return l
	case yamlnode.MappingNode:
		m := make(map[string]any, len(y.Content)/2)
		for i := 0; i+1 < len(y.Content); i += 2 {
			m[y.Content[i].Value] = decodeYAML(y.Content[i+1], x)
		}
		return m
	}
	k, v := scalar(y)
	return decode(&Node{Kind: k, Value: v, yaml: y}, x)
}

// IsBlockText reports whether a text has lines of its own, after | or >.
func (n *Node) IsBlockText() bool {
	return n.yaml != nil && n.yaml.Style&(yamlnode.LiteralStyle|yamlnode.FoldedStyle) != 0
}
