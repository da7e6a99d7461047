package experiments

import (
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// A span is a token: where it stands, both counted from 1, and its width in
// characters. Zero means unknown.
type span struct {
	Line, Col, width int
}

// span is where a node stands and how wide its first token is, for the caret.
func (d *decoder) span(n *yaml.Node) span {
	p := span{Line: n.Line, Col: n.Column, width: 1}
	rest, ok := d.from(p)
	if !ok {
		return p
	}
	skipped := properties(rest)
	p.Col += utf8.RuneCountInString(rest[:skipped])
	rest = rest[skipped:]
	switch {
	case n.Kind == yaml.MappingNode && n.Style&yaml.FlowStyle == 0 && len(n.Content) > 0 && n.Content[0].Line == n.Line:
		return d.span(n.Content[0])
	case n.Kind != yaml.ScalarNode || n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return p
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		rest = rest[:quoted(rest)]
	case strings.HasPrefix(rest, n.Value):
		rest = n.Value
	default: // a plain text over several lines
		rest = strings.TrimRight(rest, " \t")
	}
	p.width = max(1, utf8.RuneCountInString(rest))
	return p
}

// from is the rest of a line from a place on.
func (d *decoder) from(p span) (string, bool) {
	if p.Line < 1 || p.Line > len(d.lines) || p.Col < 1 {
		return "", false
	}
	line := d.lines[p.Line-1]
	return line[characters(line, p.Col-1):], true
}

// characters is how many bytes the first n characters of text take.
func characters(text string, n int) int {
	at := 0
	for ; n > 0 && at < len(text); n-- {
		_, size := utf8.DecodeRuneInString(text[at:])
		at += size
	}
	return at
}

// properties is the length in bytes of the anchors and tags before a value.
func properties(text string) int {
	at := 0
	for strings.HasPrefix(text[at:], "&") || strings.HasPrefix(text[at:], "!") {
		end := strings.IndexAny(text[at:], " \t")
		if end < 0 {
			return at
		}
		at += end
		at += len(text[at:]) - len(strings.TrimLeft(text[at:], " \t"))
	}
	return at
}

// quoted is the length in bytes of the quoted text that a line starts with.
func quoted(line string) int {
	for i := 1; i < len(line); i++ {
		switch {
		case line[0] == '"' && line[i] == '\\':
			i++
		case line[i] == line[0] && line[0] == '\'' && i+1 < len(line) && line[i+1] == '\'':
			i++
		case line[i] == line[0]:
			return i + 1
		}
	}
	return len(line)
}

// inside is the place of the bytes from to to of a node's value, where they
// can be told in the text (escapes and folded lines hide them); otherwise it
// is the place of the whole node.
func (d *decoder) inside(n *yaml.Node, whole span, from, to int) span {
	part := whole
	if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
		part.Col++
	}
	rest, ok := d.from(part)
	if !ok || n.Kind != yaml.ScalarNode || !strings.HasPrefix(rest, n.Value) {
		return whole
	}
	from, to = min(from, len(n.Value)), min(to, len(n.Value))
	part.Col += utf8.RuneCountInString(n.Value[:from])
	part.width = max(1, utf8.RuneCountInString(n.Value[from:to]))
	return part
}
