package postgres

import (
	"strings"
)

// A kind is what a statement is, or a class of kinds.
type kind string

const (
	anyKind  kind = "any"
	reads    kind = "read"  // select, copy to
	writes   kind = "write" // insert, update, delete, copy from, ddl
	selects  kind = "select"
	inserts  kind = "insert"
	updates  kind = "update" // and merge
	deletes  kind = "delete" // and truncate
	copies   kind = "copy"
	ddl      kind = "ddl"
	begins   kind = "begin"
	commits  kind = "commit"
	rollback kind = "rollback"
	other    kind = "other"
)

// A statement is one SQL command as faults look at it.
type statement struct {
	kind   kind
	writes bool
	tag    string // how the server names it
}

// is reports whether the statement is of a kind or class.
func (s statement) is(k kind) bool {
	switch k {
	case anyKind, "":
		return true
	case reads:
		return s.kind == selects || s.kind == copies && !s.writes
	case writes:
		return s.writes
	}
	return s.kind == k
}

// maxText is how much of a query is looked at.
const maxText = 16 << 10

// parse tells the statements of a query apart, and what each is. It understands no more
// of SQL than where words, quotes and comments end.
func parse(query string) (list []statement) {
	var words []word
	depth := 0
	for l := (lexer{text: query}); ; {
		w, ok := l.next()
		switch {
		case !ok || w.text == ";" && depth == 0:
			if len(words) > 0 {
				list = append(list, classify(words))
			}
			if words = nil; !ok {
				return list
			}
			continue
		case w.text == "(":
			depth++
		case w.text == ")":
			depth--
		}
		w.depth = depth
		words = append(words, w)
	}
}

// A word is a word in capitals, or a sign.
type word struct {
	text  string
	depth int // of parentheses around it
}

func classify(words []word) statement {
	first := 0
	for first < len(words)-1 && words[first].text == "(" { // (SELECT ...) UNION ...
		first++
	}
	second := ""
	if first+1 < len(words) {
		second = words[first+1].text
	}
	has := func(text string) bool {
		for _, w := range words {
			if w.text == text {
				return true
			}
		}
		return false
	}
	name := words[first].text
	switch name {
	case "SELECT", "TABLE", "VALUES", "FETCH", "DECLARE":
		if name == "SELECT" && makesTable(words[first:]) {
			return statement{ddl, true, "SELECT INTO"}
		}
		return statement{selects, false, name}
	case "WITH":
		return classifyWith(words[first:])
	case "INSERT":
		return statement{inserts, true, name}
	case "UPDATE", "MERGE":
		return statement{updates, true, name}
	case "DELETE":
		return statement{deletes, true, name}
	case "TRUNCATE":
		return statement{deletes, true, "TRUNCATE TABLE"}
	case "COPY":
		if has("FROM") && (second != "(" || has("STDIN")) {
			return statement{copies, true, "COPY FROM"}
		}
		return statement{copies, false, "COPY TO"}
	case "CREATE", "ALTER", "DROP", "GRANT", "REVOKE", "COMMENT", "REINDEX", "REFRESH", "SECURITY", "IMPORT", "REASSIGN":
		return statement{ddl, true, strings.TrimSpace(name + " " + second)}
	}
	return classifyControl(name, second, has)
}

// classifyControl classifies statements that begin and end transactions, and all others.
func classifyControl(name, second string, has func(string) bool) statement {
	switch {
	case name == "BEGIN", name == "START" && second == "TRANSACTION":
		return statement{begins, false, "BEGIN"}
	case name == "COMMIT" && second != "PREPARED", name == "END":
		return statement{commits, false, "COMMIT"}
	case name == "ROLLBACK" && second != "PREPARED" && !has("TO"), name == "ABORT":
		return statement{rollback, false, "ROLLBACK"}
	}
	return statement{other, false, name}
}

// classifyWith classifies statements that begin with WITH: by what they do in the end,
// unless a part of them writes.
func classifyWith(words []word) statement {
	found := statement{selects, false, "SELECT"}
	for i, w := range words {
		if w.depth > 0 && (i == 0 || words[i-1].text != "(") {
			continue // a name, or a part of a part
		}
		switch w.text {
		case "INSERT":
			return statement{inserts, true, w.text}
		case "DELETE":
			return statement{deletes, true, w.text}
		case "UPDATE", "MERGE":
			if i > 0 && words[i-1].text != "FOR" {
				return statement{updates, true, w.text}
			}
		}
	}
	return found
}

// makesTable reports whether a SELECT makes a table.
func makesTable(words []word) bool {
	for _, w := range words {
		switch {
		case w.depth > 0:
		case w.text == "INTO":
			return true
		case w.text == "FROM":
			return false
		}
	}
	return false
}

// A lexer finds words and signs of SQL. A quoted text is one sign; comments are
// skipped.
type lexer struct {
	text string
	at   int
}

func (l *lexer) next() (word, bool) {
	for l.at < len(l.text) {
		rest := l.text[l.at:]
		c := rest[0]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == 0:
			l.at++
		case strings.HasPrefix(rest, "--"):
			l.skip(rest, "\n")
		case strings.HasPrefix(rest, "/*"):
			l.comment()
		case c == '\'' || c == '"':
			escapes := c == '\'' && l.at > 0 && (l.text[l.at-1] == 'E' || l.text[l.at-1] == 'e')
			l.quoted(c, escapes)
			return word{text: string(c)}, true
		case c == '$':
			l.dollar(rest)
			return word{text: "$"}, true
		case isLetter(c):
			n := 1
			for n < len(rest) && (isLetter(rest[n]) || rest[n] >= '0' && rest[n] <= '9' || rest[n] == '$') {
				n++
			}
			l.at += n
			return word{text: strings.ToUpper(rest[:n])}, true
		default:
			l.at++
			return word{text: string(c)}, true
		}
	}
	return word{}, false
}

func isLetter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80
}

// skip goes behind the next end, or to the end of all.
func (l *lexer) skip(rest, end string) {
	if i := strings.Index(rest, end); i >= 0 {
		l.at += i + len(end)
		return
	}
	l.at = len(l.text)
}

// comment goes behind a comment, which may hold others.
func (l *lexer) comment() {
	for depth := 0; l.at < len(l.text); l.at++ {
		switch {
		case strings.HasPrefix(l.text[l.at:], "/*"):
			depth++
			l.at++
		case strings.HasPrefix(l.text[l.at:], "*/"):
			l.at++
			if depth--; depth == 0 {
				l.at++
				return
			}
		}
	}
}

func (l *lexer) quoted(quote byte, escapes bool) {
	for l.at++; l.at < len(l.text); l.at++ {
		switch c := l.text[l.at]; {
		case escapes && c == '\\':
			l.at++
		case c == quote:
			if l.at++; l.at >= len(l.text) || l.text[l.at] != quote {
				return
			}
		}
	}
	l.at = len(l.text)
}

// dollar goes behind a text in dollar quotes, or a parameter such as $1.
func (l *lexer) dollar(rest string) {
	n := 1
	for n < len(rest) && (isLetter(rest[n]) || n > 1 && rest[n] >= '0' && rest[n] <= '9') {
		n++
	}
	if n >= len(rest) || rest[n] != '$' {
		l.at++
		return
	}
	tag := rest[:n+1]
	l.at += len(tag)
	l.skip(l.text[l.at:], tag)
}
