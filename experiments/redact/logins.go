package redact

import (
	"strings"
	"unicode/utf8"

	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
)

// Logins hides what may be a login in a text that a person wrote: what stands before an
// @ in a URL, a DSN or an address, whatever a password in it holds, and the value behind
// a key such as password= or sslpassword=. Asterisks take its place, one for each
// character, so that what points into the text still points there. References such as
// ${env:PASSWORD} stay.
//
// Nothing tells a port and a path with an @ from a password that was not escaped, so
// that they are hidden, too.
func Logins(text string) string {
	text = writtenSecrets(text)
	if !strings.Contains(text, "@") && !strings.Contains(text, "%40") {
		return text
	}
	lines := strings.SplitAfter(text, "\n")
	for i, line := range lines {
		lines[i] = loginsOfLine(line)
	}
	return strings.Join(lines, "")
}

// HasLogin reports whether [Logins] finds anything in a text to hide.
func HasLogin(text string) bool { return Logins(text) != text }

var (
	// loginStart is where a login may begin: behind a scheme, or a name with a colon at
	// the beginning of a word.
	loginStart = lazyregexp.New("[A-Za-z][A-Za-z0-9+.-]*://|(?:^|[\\s\"'`=({\\[,])[^\\s\"'`:/=({\\[,]*:\\S|(?:^|[\\s\"'`=({\\[,])//")
	reference  = lazyregexp.New(`\$\{[^{}]*\}`)
	// commented is a line of a document up to a comment behind a URL with a port, which has
	// no login. The host is one for sure: a user is rather a single word.
	commented = lazyregexp.New(`^[ \t]*(?:- +|[\w-]+: +)+(?:[A-Z]+ +)?[a-z]+://(?:localhost|\[[0-9a-fA-F:]+\]|[\w-]+(?:\.[\w-]+)+):\d{1,5}/?[ \t]+#[ \t]`)
)

// loginsOfLine hides the logins of a line.
func loginsOfLine(line string) string {
	var b strings.Builder
	if end := len(commented.FindString(line)); end > 0 {
		b.WriteString(line[:end])
		line = line[end:]
	}
	for {
		m := loginStart.FindStringIndex(line)
		if m == nil {
			return b.String() + line
		}
		from, scheme := m[1], strings.HasSuffix(line[:m[1]], "//")
		if rest := line[m[1]-1:]; !scheme && strings.HasPrefix(rest, "//") { // what looks like a user is a scheme
			from, scheme = m[1]+1, true
		}
		if !scheme && isNoLogin(line, m[0]) {
			behind := m[0] + strings.IndexByte(line[m[0]:], ':') + 1 // it may open a quote
			b.WriteString(line[:behind])
			line = line[behind:]
			continue
		}
		if !scheme { // the word itself is the user
			from = m[0]
			if strings.IndexByte(" \t\"'`=({[,", line[from]) >= 0 {
				from++
			}
		}
		to := from + lastAt(line[from:loginBound(line, m[0], from, scheme)])
		if to <= from {
			b.WriteString(line[:m[1]])
			line = line[m[1]:]
			continue
		}
		b.WriteString(line[:from] + asterisks(line[from:to]))
		line = line[to:]
	}
}

// isNoLogin reports whether a colon that may be behind a user is behind something else:
// the key of an object in JSON, or the name of the scheme of an e-mail address.
func isNoLogin(line string, start int) bool {
	word, _, _ := strings.Cut(line[start:], ":")
	if strings.EqualFold(strings.TrimLeft(word, " \t\"'`=({[,"), "mailto") {
		return true
	}
	return (word == `"` || word == "'") && !isOpening(line, start)
}

// loginBound returns how far a login reaches at most that begins at from: to the quote
// that closes what it is in, without one to the end of the line, and of a word that has
// no scheme to the end of the word.
func loginBound(line string, start, from int, scheme bool) int {
	open := strings.LastIndexAny(line[:from], "\"'")
	if open >= 0 && !isOpening(line, open) { // it closes something, or stands in a word
		open = -1
	}
	if open >= 0 {
		if end := closingQuote(line, open, from); end >= 0 {
			return end
		}
	}
	if scheme || open >= 0 || line[start] == '=' {
		return len(line)
	}
	if i := strings.IndexAny(line[from:], " \t\n"); i >= 0 {
		return from + i
	}
	return len(line)
}

// lastAt returns where the last @ of a text is, escaped or not; -1 where it has none.
func lastAt(text string) int {
	return max(strings.LastIndexByte(text, '@'), strings.LastIndex(text, "%40"))
}

// asterisks returns an asterisk for each character of a text that is no reference.
func asterisks(text string) string {
	var b strings.Builder
	at := 0
	for _, m := range reference.FindAllStringIndex(text, -1) {
		b.WriteString(strings.Repeat("*", utf8.RuneCountInString(text[at:m[0]])) + text[m[0]:m[1]])
		at = m[1]
	}
	return b.String() + strings.Repeat("*", utf8.RuneCountInString(text[at:]))
}
