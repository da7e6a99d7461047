package redact

import (
	"strings"

	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
)

var (
	// secretKey is a key of a secret up to its value, as DSNs and queries have it.
	secretKey = lazyregexp.New(`(?i)\w*(?:password|passwd|passphrase|pwd|secret|token)\s*=\s*`)
	// nextKey begins the pair behind a blank, and nextClause the one behind a semicolon.
	nextKey    = lazyregexp.New(`^[\w.-]{1,64}[ \t]*=`)
	nextClause = lazyregexp.New(`^[ \t]*(?:$|\w[\w .-]{0,63}=)`)
)

// writtenSecrets hides the values of keys such as password=. Where a value ends depends
// on who reads it: libpq ends it at a blank, ODBC and JDBC at a semicolon, a query at an
// ampersand. Passwords are written without the quotes and escapes that these ask for, so
// that a value goes on up to the next key behind what parts the pairs before it, or to the
// end of the quotes around all of it.
func writtenSecrets(text string) string {
	var b strings.Builder
	around := quotes{open: -1}
	at := 0
	for {
		m := secretKey.FindStringIndex(text[at:])
		if m == nil {
			return b.String() + text[at:]
		}
		from := at + m[1]
		v := writtenValue{text: text, from: from, parted: parting(text[:at+m[0]])}
		v.limit, v.enclosed = around.end(text, from)
		to := v.end()
		b.WriteString(text[at:from] + asterisks(text[from:to]))
		at = to
	}
}

// parting returns what parts the pairs of a text, by what stands before a key: '?' in a
// query, ';', ' ', or 0 where nothing tells.
func parting(before string) byte {
	rest := strings.TrimRight(before, " \t")
	switch {
	case strings.HasSuffix(before, "?"), strings.HasSuffix(before, "&"):
		return '?'
	case strings.HasSuffix(rest, ";"):
		return ';'
	case len(rest) < len(before) && rest != "" && rest[len(rest)-1] != ':':
		return ' '
	}
	return 0
}

// quotes are those around a place of a text. They remember what was looked at, because
// a line may be long and have many keys.
type quotes struct {
	looked int // up to here
	line   int // where the line ends
	open   int // the last quote before; -1: none on the line
	sought bool
	closed int // where open is closed, if it was sought; -1: nowhere
}

// end returns where the quotes around a place close, without any where its line ends.
// Places come in order.
func (q *quotes) end(text string, from int) (limit int, enclosed bool) {
	if last := strings.LastIndexAny(text[q.looked:from], "\"'\n"); last >= 0 {
		q.open, q.sought = q.looked+last, false
	}
	q.looked = from
	if q.line < from || q.line == 0 {
		q.line = len(text)
		if i := strings.IndexByte(text[from:], '\n'); i >= 0 {
			q.line = from + i
		}
	}
	if q.open < 0 || !isOpening(text, q.open) {
		return q.line, false
	}
	if !q.sought || q.closed >= 0 && q.closed < from {
		q.closed, q.sought = closingQuote(text[:q.line], q.open, from), true
	}
	if q.closed < 0 {
		return q.line, false
	}
	return q.closed, true
}

// isOpening reports whether a quote may open something: it stands in no word, and
// behind none.
func isOpening(text string, quote int) bool {
	if text[quote] == '\n' {
		return false
	}
	before := strings.TrimRight(text[:quote], `\`)
	return before == "" || strings.IndexByte(" \t\n=({[,:", before[len(before)-1]) >= 0
}

// closingQuote returns where a quote is closed behind a place: by one that no word
// follows, and that is escaped where the first one is. It returns -1 where none does.
func closingQuote(line string, open, from int) int {
	escaped := open > 0 && line[open-1] == '\\'
	for i := from; i < len(line); i++ {
		switch {
		case line[i] != line[open], (line[i-1] == '\\') != escaped:
		case line[i] == '\'' && i+1 < len(line) && line[i+1] == '\'': // as YAML escapes it
			i++
		case i+1 == len(line), strings.IndexByte(" \t\n,}]):", line[i+1]) >= 0:
			if escaped {
				return i - 1
			}
			return i
		}
	}
	return -1
}

// A writtenValue is what stands behind a key.
type writtenValue struct {
	text        string
	from, limit int
	enclosed    bool // limit is where a quote around all of it closes
	parted      byte // see parting
}

// end returns where the value ends.
func (v writtenValue) end() int {
	if v.from >= v.limit {
		return v.from
	}
	at := v.from
	switch c := v.text[at]; {
	case c == '\\' && at+1 < v.limit && isQuote(v.text[at+1]): // the text is in quotes, and escapes these
		return v.limit
	case isQuote(c):
		if at = v.quoted(c); at >= v.limit || v.endsAt(at) {
			return at
		}
	case c == '{':
		if end := v.braced(); end >= 0 {
			at = end
		}
	}
	return v.bare(at)
}

// quoted returns where the quotes close that the value begins with.
func (v writtenValue) quoted(quote byte) int {
	for i := v.from + 1; i < v.limit; i++ {
		switch {
		case v.text[i] == '\\', v.text[i] == quote && i+1 < v.limit && v.text[i+1] == quote:
			i++
		case v.text[i] == quote:
			return i + 1
		}
	}
	return v.limit
}

// braced returns where the braces close that the value begins with; -1 where they do not.
func (v writtenValue) braced() int {
	for i := v.from + 1; i < v.limit; i++ {
		if v.text[i] != '}' {
			continue
		}
		if i+1 == v.limit || v.text[i+1] != '}' {
			return i + 1
		}
		i++ // as ODBC escapes it
	}
	return -1
}

// bare returns where a value ends that has no quotes, from a place inside it on.
func (v writtenValue) bare(at int) int {
	if end := v.references(); end > v.from {
		rest := strings.TrimLeft(v.text[end:v.limit], "\"'`,;&)]}")
		if rest == "" || rest[0] == ' ' || rest[0] == '\t' || v.parted == '?' && v.text[end] == '&' {
			return end // what follows is of the text around it
		}
	}
	for at < v.limit {
		switch v.text[at] {
		case '\\':
			at++
		case ' ', '\t', '\r', ';':
			if v.endsAt(at) {
				return at
			}
		}
		at++
	}
	return v.limit
}

// references returns where the references end that the value begins with.
func (v writtenValue) references() int {
	at := v.from
	for {
		m := reference.FindStringIndex(v.text[at:v.limit])
		if m == nil || m[0] > 0 {
			return at
		}
		at += m[1]
	}
}

// endsAt reports whether the value ends at a place.
func (v writtenValue) endsAt(at int) bool {
	rest := v.text[at:v.limit]
	if rest[0] == ';' {
		return v.parted != ' ' && nextClause.MatchString(rest[1:])
	}
	word := strings.TrimLeft(rest, " \t\r")
	if len(word) == len(rest) { // it closed its quotes
		return strings.IndexByte(",&})]:", rest[0]) >= 0
	}
	// A flow or a sentence goes on behind a query that is in no quotes.
	sentence := v.parted == '?' && !v.enclosed && strings.IndexByte(",:)]}", v.text[at-1]) >= 0
	return word == "" || sentence || v.parted != ';' && nextKey.MatchString(word)
}
