package scaffold

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// A value of a document, to be written in flow style where it is short, else in
// block style. It is a scalar, a list or a mapping.
type value struct {
	scalar string   // as it is written
	lines  []string // of a text over several lines
	keys   []string // as they are written
	items  []value  // of a mapping where there are keys, else of a list
	list   bool
}

// width is where lines end, where they can.
const width = 110

// mapping starts an empty mapping.
func mapping() value { return value{scalar: "{}"} }

func (v *value) add(key string, item value) {
	v.scalar = ""
	v.keys = append(v.keys, plain(key))
	v.items = append(v.items, item)
}

func (v *value) empty() bool { return len(v.items) == 0 && !v.list }

// quoted is a text, plain where YAML cannot take it for anything else.
func quoted(text string) value { return value{scalar: plain(text)} }

func bare(text string) value { return value{scalar: text} }

// body is a text of a request; one over several lines stays readable.
func body(text string) value {
	if strings.Contains(text, "\n") && blockText(text) {
		return value{scalar: plain(text), lines: strings.Split(strings.TrimSuffix(text, "\n"), "\n")}
	}
	return quoted(text)
}

// blockText tells whether a text can stand as a literal block: its lines are
// printable, and nothing at its ends needs a special sign.
func blockText(text string) bool {
	rest, newline := strings.CutSuffix(text, "\n")
	if newline || strings.TrimSpace(rest) == "" || strings.HasSuffix(rest, "\n") || strings.ContainsAny(rest[:1], " \t\n") {
		return false
	}
	for _, r := range text {
		if r != '\n' && !printable(r) {
			return false
		}
	}
	return true
}

// printable are the characters that YAML takes as they are.
func printable(r rune) bool {
	return r >= ' ' && r < 0x7f || r > 0xa0 && r < 0xd800 && r != 0x2028 && r != 0x2029 || r >= 0xe000 && r < 0xfffd && r != 0xfeff || r >= 0x10000 && r <= utf8.MaxRune
}

var (
	plainForm = regexp.MustCompile(`^[A-Za-z_/][A-Za-z0-9_/.-]*$`)
	urlForm   = regexp.MustCompile(`^https?://[A-Za-z0-9.-]+(:[0-9]+)?$`)
	wordForm  = regexp.MustCompile(`(?i)^(y|n|yes|no|on|off|true|false|null|nan|inf)$`)
)

// plain writes a text in one line, in quotes where it needs them.
func plain(text string) string {
	if urlForm.MatchString(text) || plainForm.MatchString(text) && !wordForm.MatchString(text) {
		return text
	}
	if strings.ContainsAny(text, `"\`) && !strings.Contains(text, "'") && !strings.ContainsFunc(text, func(r rune) bool { return !printable(r) }) {
		return "'" + text + "'"
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case printable(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// flow is the value on one line; false where it is too long, or holds a text
// over several lines. room is what is left of the line.
func (v value) flow(room int) (string, bool) {
	if len(v.lines) > 0 {
		return "", false
	}
	if len(v.items) == 0 {
		if v.list {
			return "[]", true
		}
		return v.scalar, true
	}
	parts := make([]string, len(v.items))
	left := room - 2
	for i, item := range v.items {
		text, ok := item.flow(left)
		if !ok {
			return "", false
		}
		if len(v.keys) > 0 {
			text = v.keys[i] + ": " + text
		}
		if left -= len(text) + 2; left < -2 {
			return "", false
		}
		parts[i] = text
	}
	if v.list {
		return "[" + strings.Join(parts, ", ") + "]", true
	}
	return "{" + strings.Join(parts, ", ") + "}", true
}

// write appends "key: value" lines, indented.
func (v value) write(b *strings.Builder, indent int, key string) {
	head := strings.Repeat(" ", indent) + key
	if text, ok := v.flow(width - len(head)); ok {
		b.WriteString(strings.TrimRight(head+" "+text, " ") + "\n")
		return
	}
	if len(v.lines) > 0 {
		b.WriteString(head + " |-\n")
		for _, line := range v.lines {
			if line != "" {
				line = strings.Repeat(" ", indent+2) + line
			}
			b.WriteString(line + "\n")
		}
		return
	}
	b.WriteString(head + "\n")
	for i, item := range v.items {
		if len(v.keys) > 0 {
			item.write(b, indent+2, v.keys[i]+":")
		} else {
			item.write(b, indent+2, "-")
		}
	}
}

// fromJSON is a body of a request in the language of documents.
func fromJSON(n *node) value {
	switch n.kind {
	case aText, aNumber:
		if n.kind == aNumber && !anyVariable(n.slot) {
			return bare(n.text)
		}
		return body(n.slot.text())
	case aWord:
		return bare(n.text)
	case aList:
		v := value{list: true}
		for _, item := range n.items {
			v.items = append(v.items, fromJSON(item))
		}
		return v
	}
	v := mapping()
	for i, item := range n.items {
		v.add(n.names[i], fromJSON(item))
	}
	return v
}
