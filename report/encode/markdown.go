package encode

import (
	"regexp"
	"strings"

	"github.com/blastgauge/blastgauge/report/words"
)

// Markdown makes the text of a result harmless in a comment: it formats nothing,
// links nowhere, and calls nobody. An empty HTML comment splits what a forge would
// take for a mention, an issue or an address.
func Markdown(text string) string {
	var b strings.Builder
	for _, c := range words.Plain(text) {
		switch {
		case c == '<':
			b.WriteString("&lt;")
		case c == '&':
			b.WriteString("&amp;")
		case strings.ContainsRune("\\`*_{}[]()>|~!", c):
			b.WriteByte('\\')
			b.WriteRune(c)
		case strings.ContainsRune("@#:", c):
			b.WriteRune(c)
			if c != ':' {
				b.WriteString("<!-- -->")
			}
		default:
			b.WriteRune(c)
		}
	}
	return strings.NewReplacer("://", ":<!-- -->//", "www.", "www<!-- -->.").Replace(b.String())
}

// Code sets text in a monospaced font, in which a forge sees no mention.
func Code(text string) string {
	return "`" + strings.ReplaceAll(words.Plain(text), "`", "'") + "`"
}

// CommentMark is the first line of a comment about a system. It stays the same
// from run to run, so that a job finds the comment that it has to replace.
func CommentMark(kind, system string) string {
	system = regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(system), "-")
	return "<!-- " + kind + " " + system + " -->"
}
