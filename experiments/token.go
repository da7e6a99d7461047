package experiments

import (
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// place is where a node stands and how wide its first token is, for the caret.
func (d *decoder) place(n *yaml.Node) Place {
	p := Place{Line: n.Line, Col: n.Column, width: 1}
	if n.Line < 1 || n.Line > len(d.lines) {
		return p
	}
	line := []rune(d.lines[n.Line-1])
	start := min(max(0, n.Column-1), len(line))
	start += properties(string(line[start:]))
	rest := string(line[start:])
	p.Col = start + 1
	switch {
	case n.Kind == yaml.MappingNode && n.Style&yaml.FlowStyle == 0 && len(n.Content) > 0 && n.Content[0].Line == n.Line:
		return d.place(n.Content[0])
	case n.Kind != yaml.ScalarNode || n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return p
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		p.width = quoted(rest)
	case strings.HasPrefix(rest, n.Value):
		p.width = utf8.RuneCountInString(n.Value)
	default: // a plain text over several lines
		p.width = utf8.RuneCountInString(strings.TrimRight(rest, " \t"))
	}
	p.width = max(1, p.width)
	return p
}

// properties is the width of the anchors and tags before a value.
func properties(text string) int {
	width := 0
	for strings.HasPrefix(text, "&") || strings.HasPrefix(text, "!") {
		end := strings.IndexAny(text, " \t")
		if end < 0 {
			return width
		}
		tail := strings.TrimLeft(text[end:], " \t")
		width += utf8.RuneCountInString(text[:len(text)-len(tail)])
		text = tail
	}
	return width
}

// quoted is the width of the quoted text that a line starts with.
func quoted(line string) int {
	runes := []rune(line)
	if len(runes) == 0 {
		return 1
	}
	quote := runes[0]
	for i := 1; i < len(runes); i++ {
		switch {
		case quote == '"' && runes[i] == '\\':
			i++
		case runes[i] == quote && quote == '\'' && i+1 < len(runes) && runes[i+1] == quote:
			i++
		case runes[i] == quote:
			return i + 1
		}
	}
	return len(runes)
}

// inside is the place of the bytes from to to of a node's value, where they
// can be told in the text (escapes and folded lines hide them); otherwise it
// is the place of the whole node.
func (d *decoder) inside(n *yaml.Node, whole Place, from, to int) Place {
	if n.Kind != yaml.ScalarNode || whole.Line < 1 || whole.Line > len(d.lines) {
		return whole
	}
	line := []rune(d.lines[whole.Line-1])
	start := whole.Col - 1
	if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
		start++
	}
	if start > len(line) || !strings.HasPrefix(string(line[start:]), n.Value) {
		return whole
	}
	from, to = min(from, len(n.Value)), min(to, len(n.Value))
	return Place{
		Line:  whole.Line,
		Col:   start + 1 + utf8.RuneCountInString(n.Value[:from]),
		width: max(1, utf8.RuneCountInString(n.Value[from:to])),
	}
}
