package redact

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// Excerpt returns the beginning of a text as it may be shown, of at most most bytes and
// a mark where it was cut. Beside the secrets that are known it hides what says itself
// that it is one: values of fields, parameters, headers and cookies with such a name,
// passwords in URLs, tokens and keys of a known form, and numbers of payment cards. It
// cuts no character, and shows what stands in place of a secret whole where that begins
// within the bound.
func (s *Secrets) Excerpt(raw []byte, most int) string {
	window := raw[:min(len(raw), max(8*most, 4096))]
	cut := len(window) < len(raw)
	for n := 0; cut && n < utf8.UTFMax && len(window) > 0 && !utf8.RuneStart(raw[len(window)]); n++ {
		window = window[:len(window)-1] // the beginning of a character
	}
	found := s.matcher().find(window, edges{end: cut})
	return excerpt(window, join(append(found, selfEvident(window, cut)...)), most, cut)
}

// selfEvident returns the parts of a text that are secrets by their names or forms.
func selfEvident(text []byte, cut bool) (found []span) {
	for _, l := range decoded(text, cut, backslash, codes, percent, entity) {
		f := fieldScanner{text: l.text}
		f.scan()
		for _, s := range append(f.found, cards(l.text, cut)...) {
			found = append(found, span{from: l.start(s.from), to: l.end(s.to - 1), instead: Hidden})
		}
	}
	return found
}

// excerpt returns at most most bytes of a text without the spans in it.
func excerpt(text []byte, spans []span, most int, cut bool) string {
	var b strings.Builder
	add := func(part string, whole bool) (fits bool) {
		if b.Len()+len(part) <= most || whole && b.Len() < most {
			b.WriteString(part)
			return true
		}
		if !whole {
			b.WriteString(part[:wholeRunes(part, max(0, most-b.Len()))])
		}
		return false
	}
	at, fits := 0, true
	for _, s := range spans {
		fits = fits && add(valid(text[at:s.from]), false) && add(s.instead, true)
		at = s.to
	}
	if fits = fits && add(valid(text[at:]), false); !fits || cut {
		return b.String() + mark
	}
	return b.String()
}

func valid(text []byte) string { return strings.ToValidUTF8(string(text), "\ufffd") }

// A fieldScanner finds the values of fields whose names say that they are secrets, in
// any notation: the text may be JSON, a form, headers, markup, or a part of one inside
// another.
type fieldScanner struct {
	text  []byte
	found []span
}

const (
	longestName = 64  // bytes; what is longer is no name
	nearby      = 512 // bytes around a name in which its value may be
	leastKey    = 16  // bytes of a key of a known form
)

func (f *fieldScanner) scan() {
	credentials := 0 // where the last ones end
	for at := 0; at < len(f.text); {
		if !isNameByte(f.text[at]) {
			at++
			continue
		}
		from := at
		for at < len(f.text) && isNameByte(f.text[at]) {
			at++
		}
		if end := f.token(from, at); end > at {
			credentials = end
		}
		// Credentials may end like a name, and what follows them is not their value.
		if from >= credentials || !isIssued(f.text[from:at]) {
			f.name(from, at)
		}
	}
	f.passwordsInURLs()
	f.privateKeys()
}

func isNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.' || c == '[' || c == ']'
}

func (f *fieldScanner) hide(from, to int) {
	if to > from {
		f.found = append(f.found, span{from: from, to: to})
	}
}

// token hides keys of a known form, and what follows the name of a scheme: it returns
// where that ends, or 0.
func (f *fieldScanner) token(from, to int) (end int) {
	word := f.text[from:to]
	if isScheme(word) {
		value := f.blanks(to, false)
		last := f.bare(value)
		last = value + len(bytes.TrimRight(f.text[value:last], ":,"))
		if value > to && last-value >= 6 {
			f.hide(value, last)
			end = last
		}
	}
	if len(word) < leastKey {
		return end
	}
	for _, m := range append(jwtForm.Regexp().FindAllIndex(word, -1), keyForm.Regexp().FindAllIndex(word, -1)...) {
		f.hide(from+m[0], from+m[1])
	}
	return end
}

// leastIssued is the length in bytes from which on a word with digits among its letters
// is rather a token than a name.
const leastIssued = 12

// isIssued reports whether a word behind a scheme is a token for sure. A name may stand
// there as well, as in "bearer access_token: …", and then its value is the secret.
func isIssued(word []byte) bool {
	name := bytes.TrimRight(word, "0123456789")
	return len(word) >= leastIssued && bytes.ContainsAny(name, "0123456789")
}

// isScheme reports whether a word introduces credentials.
func isScheme(word []byte) bool {
	return bytes.EqualFold(word, []byte("bearer")) || bytes.EqualFold(word, []byte("basic"))
}

// name hides the value of the field whose name is at a place.
func (f *fieldScanner) name(from, to int) {
	if to-from > longestName {
		from = to - longestName
	}
	quoted := from > 0 && to < len(f.text) && f.text[to] == f.text[from-1] && isQuote(f.text[to])
	next := to
	if quoted {
		next++
	}
	next = f.blanks(next, quoted)
	at := func(i int) byte { // 0 beyond the ends
		if i < 0 || i >= len(f.text) {
			return 0
		}
		return f.text[i]
	}
	switch separator := at(next); {
	case separator == ':' || separator == '=':
		if SecretName(string(f.text[from:to])) {
			f.value(from, next, quoted)
		}
	case !quoted && (separator == '>' || next > to) && f.opensElement(from):
		if SecretName(string(f.text[from:to])) {
			f.element(to)
		}
	case quoted || at(from-1) == '=':
		if SecretName(string(f.text[from:to])) {
			f.sibling(from, to)
			f.part(from, to)
		}
	}
}

// part hides the content of a part of a multipart form whose name is at a place.
func (f *fieldScanner) part(from, to int) {
	line := bytes.LastIndexByte(f.text[:from], '\n') + 1
	head := bytes.ToLower(f.text[line:from])
	before, isName := bytes.CutSuffix(bytes.TrimRight(head, `"`), []byte("name="))
	if !bytes.HasPrefix(head, []byte("content-disposition:")) || !isName || !bytes.HasSuffix(bytes.TrimRight(before, " +\t"), []byte(";")) {
		return
	}
	for at := to; at < len(f.text); {
		end := bytes.IndexByte(f.text[at:], '\n')
		if end < 0 {
			return
		}
		at += end + 1
		if rest := bytes.TrimPrefix(f.text[at:], []byte("\r")); bytes.HasPrefix(rest, []byte("\n")) { // the head ends
			content := len(f.text) - len(rest) + 1
			until := len(f.text)
			if i := bytes.Index(f.text[content:], []byte("\n--")); i >= 0 {
				until = content + i
			}
			f.hide(content, content+len(bytes.TrimRight(f.text[content:until], "\r")))
			return
		}
	}
}

// opensElement reports whether a name is that of an element of XML, perhaps behind that
// of a namespace.
func (f *fieldScanner) opensElement(name int) bool {
	before := f.text[:name]
	if prefix, ok := bytes.CutSuffix(before, []byte(":")); ok {
		before = bytes.TrimRightFunc(prefix, func(r rune) bool { return r < utf8.RuneSelf && isNameByte(byte(r)) })
	}
	return bytes.HasSuffix(before, []byte("<"))
}

func isQuote(c byte) bool { return c == '"' || c == '\'' || c == '`' }

// blanks returns where blanks end that begin at a place, over lines if need be. Forms
// write a blank as a plus sign.
func (f *fieldScanner) blanks(at int, lines bool) int {
	for at < len(f.text) && (f.text[at] == ' ' || f.text[at] == '+' || f.text[at] == '\t' || lines && (f.text[at] == '\n' || f.text[at] == '\r')) {
		at++
	}
	return at
}

// value hides what follows a separator.
func (f *fieldScanner) value(name, separator int, quoted bool) {
	at := separator + 1
	for at < len(f.text) && (f.text[at] == '=' || f.text[at] == '>') { // ":=", "=>", "=="
		at++
	}
	at = f.blanks(at, quoted)
	if at >= len(f.text) {
		return
	}
	header := f.text[separator] == ':' && !quoted
	if header && at == separator+1 && f.isPort(name, separator, at) {
		return
	}
	if header {
		at = f.afterScheme(at)
	}
	switch c := f.text[at]; {
	case header && f.beginsLine(name): // it may hold quotes of its own
		f.hide(at, f.lineEnd(at))
	case isQuote(c):
		f.hide(at+1, f.closing(at+1, c))
	case c == '{' || c == '[':
		f.hide(at, f.balanced(at))
	case header:
		f.hide(at, f.clauseEnd(name, at))
	case quoted:
		f.hideScalar(at)
	default:
		end := f.bare(at)
		if next := f.blanks(end, false); isScheme(f.text[at:end]) && next > end {
			end = f.bare(next)
		}
		f.hide(at, end)
	}
}

// afterScheme returns where credentials begin that may stand behind the name of their
// scheme, which is no secret.
func (f *fieldScanner) afterScheme(at int) int {
	end := f.bare(at)
	if next := f.blanks(end, false); isScheme(f.text[at:end]) && next > end && next < len(f.text) && !isBreak(f.text[next]) {
		return next
	}
	return at
}

func isBreak(c byte) bool { return c == '\n' || c == '\r' }

// isPort reports whether what follows a name is the port of a host of this name.
func (f *fieldScanner) isPort(name, separator, at int) bool {
	end := at
	for end < len(f.text) && isDigit(f.text[end]) {
		end++
	}
	bounded := end == len(f.text) || bytes.IndexByte([]byte(" :/?,\"'\r\n"), f.text[end]) >= 0
	return end > at && end-at <= 5 && bounded && !EnteredName(string(f.text[name:separator]))
}

// beginsLine reports whether a name is the first word of its line.
func (f *fieldScanner) beginsLine(name int) bool {
	return len(bytes.Trim(f.text[bytes.LastIndexByte(f.text[:name], '\n')+1:name], " \t<>*-")) == 0
}

func (f *fieldScanner) lineEnd(at int) int {
	if i := bytes.IndexAny(f.text[at:], "\r\n"); i >= 0 {
		return at + i
	}
	return len(f.text)
}

// clauseEnd returns where a value inside a line ends: with the line, or with the string
// that both are in.
func (f *fieldScanner) clauseEnd(name, at int) int {
	end := f.lineEnd(at)
	line := bytes.LastIndexByte(f.text[:name], '\n') + 1
	if bytes.IndexByte(f.text[line:name], '"') >= 0 {
		return min(end, f.closing(at, '"'))
	}
	return end
}

// closing returns where a quote closes; the end of the text where it does not.
func (f *fieldScanner) closing(at int, quote byte) int {
	for ; at < len(f.text); at++ {
		switch f.text[at] {
		case '\\':
			at++
		case quote:
			return at
		}
	}
	return len(f.text)
}

// balanced returns where a list or an object ends.
func (f *fieldScanner) balanced(at int) int {
	for depth := 0; at < len(f.text); at++ {
		switch f.text[at] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return at + 1
			}
		case '"':
			at = f.closing(at+1, '"')
		}
	}
	return len(f.text)
}

// hideScalar hides a number or another value of JSON without quotes. What says no more
// than whether there is one is shown.
func (f *fieldScanner) hideScalar(at int) {
	end := at
	for end < len(f.text) && bytes.IndexByte([]byte(",}] \t\r\n"), f.text[end]) < 0 {
		end++
	}
	switch string(f.text[at:end]) {
	case "null", "true", "false":
		return
	}
	f.hide(at, end)
}

// bare returns where a value without quotes ends, in a form, a query or a cookie.
func (f *fieldScanner) bare(at int) int {
	for at < len(f.text) && bytes.IndexByte([]byte(" \t\r\n&;\"'`<>"), f.text[at]) < 0 {
		at++
	}
	return at
}

// element hides what an element of XML holds.
func (f *fieldScanner) element(at int) {
	open := bytes.IndexByte(f.text[at:min(len(f.text), at+nearby)], '>')
	if open < 0 {
		return
	}
	from, to := at+open+1, len(f.text)
	if end := bytes.Index(f.text[from:], []byte("</")); end >= 0 {
		to = from + end
	}
	f.hide(from, to)
}

// sibling hides the value that stands beside a name, as in
// <input name="token" value="…"> and {"name": "token", "value": "…"}.
func (f *fieldScanner) sibling(from, to int) {
	first := max(0, from-nearby)
	open := bytes.LastIndexAny(f.text[first:from], "<{")
	if open < 0 {
		return
	}
	first += open
	last := min(len(f.text), to+nearby)
	if end := bytes.IndexAny(f.text[to:last], ">}"); end >= 0 {
		last = to + end
	}
	for _, key := range []string{"value", "content"} {
		for at := first; ; {
			i := bytes.Index(f.text[at:last], []byte(key))
			if i < 0 {
				break
			}
			at += i + len(key)
			if at < len(f.text) && isQuote(f.text[at]) {
				at++
			}
			if sep := f.blanks(at, true); sep < len(f.text) && (f.text[sep] == ':' || f.text[sep] == '=') {
				f.value(at, sep, f.text[sep] == ':')
			}
		}
	}
}

// passwordsInURLs hides what stands between a user's name and a host.
func (f *fieldScanner) passwordsInURLs() {
	for at := 0; ; {
		i := bytes.Index(f.text[at:], []byte("://"))
		if i < 0 {
			return
		}
		at += i + len("://")
		authority := f.text[at:]
		if end := bytes.IndexAny(authority, "/?# \t\r\n\"'<>"); end >= 0 {
			authority = authority[:end]
		}
		host := bytes.LastIndexByte(authority, '@')
		if colon := bytes.IndexByte(authority, ':'); colon >= 0 && colon < host {
			f.hide(at+colon+1, at+host)
		}
	}
}

// privateKeys hides keys in PEM, with or without their end.
func (f *fieldScanner) privateKeys() {
	const start, end = "PRIVATE KEY-----", "-----END"
	for at := 0; ; {
		i := bytes.Index(f.text[at:], []byte(start))
		if i < 0 {
			return
		}
		at += i + len(start)
		to := len(f.text)
		if i := bytes.Index(f.text[at:], []byte(end)); i >= 0 {
			to = at + i
		}
		f.hide(at, to)
	}
}
