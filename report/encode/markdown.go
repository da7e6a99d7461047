package encode

import (
	"fmt"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
)

// split is an empty comment. It stands where a forge would see a mention, an issue, an
// address or a picture if what is on both sides of it were together. Readers do not see
// it, and do not copy it.
const split = "<!-- -->"

// Markdown makes the text of a result harmless in a comment, in a row of a table as
// well: it formats nothing, links nowhere, loads nothing, and calls nobody. It does so
// for the Markdown of GitHub, GitLab and Gitea.
func Markdown(text string) string {
	text = inert.Text(text)
	var b strings.Builder
	b.Grow(len(text) + len(text)/8)
	begin := strings.TrimRight(blockStart.FindString(text), " ")
	for i, c := range text {
		if i < len(begin) {
			if i == len(begin)-1 {
				b.WriteByte('\\')
			}
			b.WriteRune(c)
			continue
		}
		writeInert(&b, c, text[i+len(string(c)):])
	}
	return splitWords(b.String())
}

// writeInert writes a character so that it is nothing but itself, whatever follows.
func writeInert(b *strings.Builder, c rune, rest string) {
	switch c {
	case '<':
		b.WriteString("&lt;")
	case '&':
		b.WriteString("&amp;")
	case '[': // Gitea takes \[ for the beginning of a formula
		b.WriteString("&#91;")
	case ']':
		b.WriteString("&#93;")
	case '$': // as GitHub says that a dollar beside a formula has to be written
		b.WriteString("<span>&#36;</span>")
		return
	case '\\', '`', '*', '_', '{', '}', '>', '|', '~', '!':
		b.WriteByte('\\')
		b.WriteRune(c)
	default:
		b.WriteRune(c)
	}
	if joins(c, rest) {
		b.WriteString(split)
	}
}

// joins reports whether a forge takes a character together with what follows for a
// reference: @team #1 !1 %1 ~bug &1 :tada: http:// {+new+}.
func joins(c rune, rest string) bool {
	next := byte(0)
	if rest != "" {
		next = rest[0]
	}
	name := next == '"' || next == '_' || next == '+' || next == '-' || '0' <= next && next <= '9' || 'a' <= next|0x20 && next|0x20 <= 'z'
	switch c {
	case '@', '#':
		return true
	case ':': // what follows may come from another text
		return name || next == '/' || next == 0
	case '!', '%', '~', '&':
		return name && next != '-' && next != '+'
	case '[', '{':
		return next == '+' || next == '-'
	}
	return false
}

var (
	// blockStart is what begins a list or underlines a title.
	blockStart = lazyregexp.New(`^(?:[-+=]|[0-9]+[.)](?: |$))`)
	// address is the beginning of an address that needs no scheme.
	address = lazyregexp.New(`(?i)www\.`)
	// ticket is a reference such as GH-1, or one to another tracker.
	ticket = lazyregexp.New(`\b(?:[A-Z][A-Z0-9]*|(?i:gh))-[0-9]`)
	// commit is what may be the digest of a commit.
	commit = lazyregexp.New(`\b[0-9a-fA-F]{7,}\b`)
)

// splitWords splits the references that are words.
func splitWords(text string) string {
	text = address.ReplaceAllStringFunc(text, func(s string) string { return s[:3] + split + s[3:] })
	text = ticket.ReplaceAllStringFunc(text, func(s string) string { return s[:len(s)-1] + split + s[len(s)-1:] })
	return commit.ReplaceAllStringFunc(text, func(s string) string {
		const shorter = 6 // than any digest that a forge links
		var parts []string
		for ; len(s) > shorter; s = s[shorter:] {
			parts = append(parts, s[:shorter])
		}
		return strings.Join(append(parts, s), split)
	})
}

// Code sets text in a monospaced font, also in a row of a table: there, and around a
// backtick, the marks of a code span would not hold it.
func Code(text string) string {
	if text = Markdown(text); text == "" {
		return ""
	}
	return "<code>" + text + "</code>"
}

// Strong sets text in bold.
func Strong(text string) string {
	if text = Markdown(text); text == "" {
		return ""
	}
	if !wordlike.MatchString(text) { // whether asterisks hold it depends on what is beside them
		return "<strong>" + text + "</strong>"
	}
	return "**" + text + "**"
}

// wordlike is text that begins and ends as a word does.
var wordlike = lazyregexp.New(`^(?:[A-Za-z0-9].*)?[A-Za-z0-9.]$`)

// CommentMark is the first line of a comment about a system, whichever command wrote it.
// It stays the same from run to run, so that a job finds the comment that it has to
// replace, and names the system, so that the comments of several systems stay apart.
func CommentMark(system string) string {
	system = strings.Trim(notInMark.ReplaceAllString(strings.ToLower(system), "-"), "-")
	return strings.Join(strings.Fields("<!-- blastgauge "+system+" -->"), " ")
}

var notInMark = lazyregexp.New(`[^a-z0-9]+`)

// A Link is an address in a text, and what is shown in its place.
type Link struct{ URL, Label string }

// Linked is like [Markdown], but the addresses of links are links. Whoever makes them
// vouches for where they lead.
func Linked(text string, links []Link) string {
	for _, l := range links {
		before, after, found := strings.Cut(text, l.URL)
		if l.URL == "" || !found {
			continue
		}
		return blankKept(before, Linked(before, links)) + "[" + Markdown(l.Label) + "](<" + linkTarget(l.URL) + ">)" + Linked(after, links)
	}
	return Markdown(text)
}

// blankKept puts the blank at the end of a text back, which encoding it takes away.
func blankKept(text, encoded string) string {
	if strings.HasSuffix(text, " ") {
		return encoded + " "
	}
	return encoded
}

// literal is the beginning of an address whose host is one of IPv6: without its brackets
// it would be none.
var literal = lazyregexp.New(`^https?://\[[0-9A-Fa-f:.]+(?:%25[0-9A-Za-z._-]+)?\]`)

// linkTarget writes an address so that it ends where it should, and that nothing in it
// formats.
func linkTarget(url string) string {
	var b strings.Builder
	host := literal.FindString(url)
	b.WriteString(host)
	for i := len(host); i < len(url); i++ {
		switch c := url[i]; {
		case c == '&':
			b.WriteString("&amp;")
		case c <= ' ', c >= 0x7f, strings.IndexByte("<>\"\\`$[]()!*~|'{}", c) >= 0:
			fmt.Fprintf(&b, "%%%02X", c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
