package scaffold

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/blastgauge/blastgauge/experiments/scaffold/draft"
)

// A value is a scalar, a list or a mapping of a document. It is written on one line if
// it fits, and as a block otherwise, which yaml.v3 does not decide by width.
type value struct {
	scalar string   // as it is written
	lines  []string // of a text over several lines
	keys   []string // as they are written
	items  []value  // of a emptyMapping where there are keys, else of a list
	list   bool
}

// width is the length that lines keep to if they can.
const width = 110

// emptyMapping returns a mapping to add to.
func emptyMapping() value { return value{scalar: "{}"} }

func (v *value) add(key string, item value) {
	v.scalar = ""
	v.keys = append(v.keys, yamlText(key))
	v.items = append(v.items, item)
}

// textValue returns a text, in quotes if YAML would take it for anything else.
func textValue(text string) value { return value{scalar: yamlText(text)} }

// rawValue returns a scalar that is written as it is.
func rawValue(text string) value { return value{scalar: text} }

// body returns a text of a request. One over several lines stays readable.
func body(text string) value {
	if strings.Contains(text, "\n") && blockText(text) {
		return value{scalar: yamlText(text), lines: strings.Split(strings.TrimSuffix(text, "\n"), "\n")}
	}
	return textValue(text)
}

// blockText reports whether a text can be a literal block: its lines are printable, and
// its ends need no indicator.
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

// printable reports whether YAML takes a character as it is.
func printable(r rune) bool {
	return r >= ' ' && r < 0x7f || r > 0xa0 && r < 0xd800 && r != 0x2028 && r != 0x2029 || r >= 0xe000 && r < 0xfffd && r != 0xfeff || r >= 0x10000 && r <= utf8.MaxRune
}

var (
	plainForm = lazyregexp.New(`^[A-Za-z_/][A-Za-z0-9_/.-]*$`)
	urlForm   = lazyregexp.New(`^https?://[A-Za-z0-9.-]+(:[0-9]+)?$`)
	wordForm  = lazyregexp.New(`(?i)^(y|n|yes|no|on|off|true|false|null|nan|inf)$`)
)

// yamlText writes a text on one line, in quotes if it needs them.
func yamlText(text string) string {
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

// flow returns the value on one line. It reports false if that is longer than room, or
// if the value holds a text over several lines.
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

// fromJSON returns a body of a request as documents write it.
func fromJSON(n *draft.Node) value {
	switch n.Kind {
	case draft.TextNode, draft.NumberNode:
		if n.Kind == draft.NumberNode && !n.Slot.HasVariable() {
			return rawValue(n.Text)
		}
		return body(n.Slot.Text())
	case draft.WordNode:
		return rawValue(n.Text)
	case draft.ListNode:
		v := value{list: true}
		for _, item := range n.Items {
			v.items = append(v.items, fromJSON(item))
		}
		return v
	}
	v := emptyMapping()
	for i, item := range n.Items {
		v.add(n.Names[i], fromJSON(item))
	}
	return v
}
