package shape

import (
	"strings"
	"unicode/utf8"
)

// A Span is where a token is: its line and column, both counted from 1, and its
// width in characters. Zero means unknown.
type Span struct {
	Line, Col, Width int
	override         string // the source of a value that no document holds
}

// Span returns where the bytes from to to of a node's text are. It returns the
// place of the whole first token if both are zero, or if escapes and folded lines
// hide the bytes.
func (d *Document) Span(n Node, from, to int) Span {
	if override, ok := d.overridden[n.source()]; ok {
		return Span{override: override}
	}
	whole := d.tokenSpan(n)
	if to <= from || n.written != nil || n.alias != nil { // another text stands there
		return whole
	}
	part := whole
	if n.quoted() {
		part.Col++
	}
	rest, ok := d.lineFrom(part)
	if !ok || !n.IsScalar() || !strings.HasPrefix(rest, n.Text()) {
		return whole
	}
	from, to = min(from, len(n.Text())), min(to, len(n.Text()))
	part.Col += utf8.RuneCountInString(n.Text()[:from])
	part.Width = max(1, utf8.RuneCountInString(n.Text()[from:to]))
	return part
}

// tokenSpan returns where a node is and how wide its first token is.
func (d *Document) tokenSpan(n Node) Span {
	if n.alias != nil {
		return Span{Line: n.alias.Line, Col: n.alias.Column, Width: 1 + utf8.RuneCountInString(n.alias.Value)}
	}
	n = Node{yaml: n.source()}
	if _, overridden := d.overridden[n.yaml]; overridden {
		return Span{}
	}
	s := Span{Line: n.Line(), Col: n.Col(), Width: 1}
	rest, ok := d.lineFrom(s)
	if !ok {
		return s
	}
	skipped := propertiesLen(rest)
	s.Col += utf8.RuneCountInString(rest[:skipped])
	rest = rest[skipped:]
	if !n.IsScalar() {
		if keys := n.firstKey(); keys != nil && !n.flow() && keys.Line == n.Line() {
			return d.tokenSpan(Node{yaml: keys})
		}
		return s
	}
	switch {
	case n.block():
		return s
	case n.quoted():
		rest = rest[:quotedLen(rest)]
	case strings.HasPrefix(rest, n.Text()):
		rest = n.Text()
	default: // a plain text over several lines
		rest = strings.TrimRight(rest, " \t")
	}
	s.Width = max(1, utf8.RuneCountInString(rest))
	return s
}

// lineFrom returns the rest of a line from a place on.
func (d *Document) lineFrom(s Span) (string, bool) {
	if s.Line < 1 || s.Line > len(d.lines) || s.Col < 1 {
		return "", false
	}
	line := d.lines[s.Line-1]
	return line[prefixLen(line, s.Col-1):], true
}

// prefixLen returns how many bytes the first n characters of a text take.
func prefixLen(text string, n int) int {
	at := 0
	for ; n > 0 && at < len(text); n-- {
		_, size := utf8.DecodeRuneInString(text[at:])
		at += size
	}
	return at
}

// propertiesLen returns the length in bytes of the anchors and tags before a
// value.
func propertiesLen(text string) int {
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

// quotedLen returns the length in bytes of the quoted text that a line starts
// with.
func quotedLen(line string) int {
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
