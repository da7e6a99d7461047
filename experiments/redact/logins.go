package redact

import (
	"regexp"
	"strings"
	"unicode/utf8"
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
	text = writtenSecret.ReplaceAllStringFunc(text, func(part string) string {
		m := writtenSecret.FindStringSubmatch(part)
		return m[1] + asterisks(m[2])
	})
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
	// writtenSecret is a key with the value of a secret, as DSNs and queries have it.
	writtenSecret = regexp.MustCompile(`(?i)(\w*(?:password|passwd|passphrase|pwd|secret|token)\s*=\s*\\?)` +
		`('(?:[^'\\\n]|\\.|'')*'?|"(?:[^"\\\n]|\\.)*"?|[^\s&"'` + "`" + `,;}\])]+)`)
	// loginStart is where a login may begin: behind a scheme, or a name with a colon at
	// the beginning of a word.
	loginStart = regexp.MustCompile("[A-Za-z][A-Za-z0-9+.-]*://|(?:^|[\\s\"'`=({\\[,])[^\\s\"'`:/=({\\[,]*:\\S|(?:^|[\\s\"'`=({\\[,])//")
	reference  = regexp.MustCompile(`\$\{[^{}]*\}`)
)

// loginsOfLine hides the logins of a line.
func loginsOfLine(line string) string {
	var b strings.Builder
	for {
		m := loginStart.FindStringIndex(line)
		if m == nil {
			return b.String() + line
		}
		from, scheme := m[1], strings.HasSuffix(line[:m[1]], "//")
		if rest := line[m[1]-1:]; !scheme && strings.HasPrefix(rest, "//") { // what looks like a user is a scheme
			from, scheme = m[1]+1, true
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

// loginBound returns how far a login reaches at most that begins at from: to the quote
// that closes what it is in, without one to the end of the line, and of a word that has
// no scheme to the end of the word.
func loginBound(line string, start, from int, scheme bool) int {
	open := -1
	for i := from - 1; i >= 0 && open < 0; i-- {
		if line[i] == '"' || line[i] == '\'' {
			if i > 0 && strings.IndexByte(" \t=({[,:", line[i-1]) < 0 {
				break // it closes something, or stands in a word
			}
			open = i
		}
	}
	if open >= 0 {
		for i := from; i < len(line); i++ {
			if line[i] == line[open] && line[i-1] != '\\' && (i+1 == len(line) || strings.IndexByte(" \t\n,}]):", line[i+1]) >= 0) {
				return i
			}
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
