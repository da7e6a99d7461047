package postgres

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/injectors/gateway/stream"
)

// A kind is what a statement is, or a class of kinds.
type kind string

const (
	anyKind  kind = "any"
	reads    kind = "read"  // select and copy to, unless they write
	writes   kind = "write" // insert, update, delete, copy from, ddl but REINDEX, and what writes under another name
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
	does   effects // what it writes; none: it reads, or is about the session
	tag    string  // its verb
	called string  // how a server names what it refuses; empty: by its tag

	named string     // of PREPARE and EXECUTE: which statement; of DECLARE, FETCH and MOVE: which cursor
	inner *statement // of PREPARE and DECLARE: what is prepared
}

// name returns how a server that refuses the statement names it.
func (s statement) name() string { return cmp.Or(s.called, s.tag) }

// is reports whether the statement is of a kind or class.
func (s statement) is(k kind) bool {
	switch k {
	case anyKind, "":
		return true
	case reads:
		return s.does == 0 && (s.kind == selects || s.kind == copies)
	case writes:
		return s.writes()
	}
	return s.kind == k
}

// writes reports whether a server refuses the statement in a read-only transaction.
func (s statement) writes() bool { return s.does&^rebuilds != 0 }

// How much of a query is looked at, in bytes. What comes last may say that it writes: FOR
// UPDATE behind a long list, or what is done with the rows of WITH.
const (
	maxText   = 16 << 10                     // for patterns, and remembered
	maxParsed = stream.BulkSize - headerSize // for what its statements are
)

// detach makes a statement hold on to no text that it was read from.
func (s *statement) detach() {
	s.tag, s.called, s.named = strings.Clone(s.tag), strings.Clone(s.called), strings.Clone(s.named)
	if s.inner != nil {
		s.inner.detach()
	}
}

// parse tells the statements of a query apart, and what each is. It understands no more
// of SQL than where words, quotes, comments and the bodies of functions end.
func parse(query string) (list []statement) {
	var room [32]word // for what is common
	words, depth, body := room[:0], 0, 0
	for l := (lexer{text: query}); ; {
		w, ok := l.next()
		switch {
		case !ok || w.text == ";" && depth == 0 && body == 0:
			if len(words) > 0 {
				list = append(list, classify(words))
			}
			if words, body, l.blind = words[:0], 0, false; !ok {
				return list
			}
			continue
		case w.text == "(":
			depth++
		case w.text == ")":
			depth--
		}
		if l.blind {
			continue
		}
		w.depth = depth
		words = append(words, w)
		body = bodyBehind(body, words)
		if _, known := classifyWrite(words[0].text); known { // often long: only its end matters
			l.blind = true
		}
	}
}

// bodyBehind returns how deep the last word is in the body of a function that is written
// as statements: CREATE FUNCTION ... BEGIN ATOMIC ... END.
func bodyBehind(body int, words []word) int {
	if words[0].text != "CREATE" {
		return 0
	}
	switch last := words[len(words)-1].text; {
	case body == 0 && last == "ATOMIC" && words[len(words)-2].text == "BEGIN", body > 0 && last == "CASE":
		return body + 1
	case body > 0 && last == "END":
		return body - 1
	}
	return body
}

// A word is a word in capitals, or a sign.
type word struct {
	text  string
	raw   string // as it was written, without its quotes
	depth int    // of parentheses around it
}

// ident returns the name that a word is, or nothing.
func (w word) ident() string {
	switch {
	case w.text == `"`:
		return strings.ReplaceAll(w.raw, `""`, `"`)
	case isLetter(w.text[0]):
		return strings.ToLower(w.raw)
	}
	return ""
}

// value returns what an option is set to, in small letters.
func (w word) value() string {
	switch w.text {
	case `"`, "'", "$":
		return strings.ToLower(w.raw)
	}
	return strings.ToLower(w.text)
}

func classify(words []word) statement {
	first := 0
	for first < len(words)-1 && words[first].text == "(" { // (SELECT ...) UNION ...
		first++
	}
	name, words := words[first].text, words[first:]
	switch name {
	case "SELECT", "TABLE", "VALUES":
		return classifyQuery(words, name)
	case "DECLARE", "FETCH", "MOVE":
		return classifyCursor(words)
	case "WITH":
		return classifyWith(words)
	case "INSERT", "UPDATE", "MERGE", "DELETE":
		found, _ := classifyWrite(name)
		return found
	case "TRUNCATE":
		return statement{kind: deletes, does: stores, tag: "TRUNCATE TABLE"}
	case "COPY":
		return classifyCopy(words)
	case "EXPLAIN":
		return classifyExplain(words)
	case "PREPARE", "EXECUTE":
		return classifyNamed(words)
	case "DO":
		return classifyDo(words, 0)
	case "CALL": // what a procedure does is not known
		return statement{kind: other, does: anyEffect, tag: name}
	case "REINDEX", "CLUSTER", "VACUUM":
		return classifyRebuilding(words)
	case "CREATE", "ALTER", "DROP", "GRANT", "REVOKE", "COMMENT", "REFRESH", "SECURITY", "IMPORT", "REASSIGN":
		return classifyDefinition(words)
	}
	return classifyControl(words)
}

// classifyControl classifies statements that begin and end transactions, and all others.
func classifyControl(words []word) statement {
	name, second := words[0].text, ""
	if len(words) > 1 {
		second = words[1].text
	}
	has := func(text string) bool { return slices.ContainsFunc(words, func(w word) bool { return w.text == text }) }
	switch {
	case name == "BEGIN", name == "START" && second == "TRANSACTION":
		return statement{kind: begins, tag: "BEGIN"}
	case name == "COMMIT" && second != "PREPARED", name == "END":
		return statement{kind: commits, tag: "COMMIT"}
	case name == "ROLLBACK" && second != "PREPARED" && !has("TO"), name == "ABORT":
		return statement{kind: rollback, tag: "ROLLBACK"}
	}
	return statement{kind: other, tag: name}
}

// classifyWith classifies statements that begin with WITH: by what they do in the end,
// or by their first part that writes where that only reads.
func classifyWith(words []word) statement {
	main, part, parts := partsOfWith(words)
	if main < 0 { // (SELECT ...), or nothing that is whole
		main = 1
	}
	if main >= len(words) {
		return statement{kind: selects, tag: "SELECT"}
	}
	called, does := writtenBy(words)
	if found, ok := classifyWrite(words[main].text); ok {
		found.does |= does | parts
		return found
	}
	if words[main].text == "SELECT" && makesTable(words[main:]) {
		found := makingTable(words)
		found.does |= parts
		return found
	}
	found, ok := classifyWrite(part)
	if ok {
		called = "SELECT"
	} else {
		found = statement{kind: selects, tag: "SELECT"}
	}
	found.called, found.does = called, does|parts
	return found
}

// partsOfWith returns where the statement begins that WITH is for, -1 where it is in
// parentheses, the verb of the first part that writes, and what all those write.
func partsOfWith(words []word) (main int, part string, does effects) {
	base := words[0].depth
	for i := 2; i < len(words); i++ {
		w, previous := words[i], words[i-1].text
		write, isWrite := classifyWrite(w.text)
		isQuery := w.text == "SELECT" || w.text == "VALUES" || w.text == "TABLE"
		switch {
		case isWrite && previous == "(" && w.depth == base+1 && (words[i-2].text == "AS" || words[i-2].text == "MATERIALIZED"):
			part, does = cmp.Or(part, w.text), does|write.does
		case w.depth == base && (isWrite || isQuery) && !slices.Contains([]string{",", ".", "RECURSIVE"}, previous):
			return i, part, does
		}
	}
	return -1, part, does
}

// classifyWrite classifies what begins with a word, if that writes.
func classifyWrite(name string) (statement, bool) {
	switch name {
	case "INSERT":
		return statement{kind: inserts, does: stores | counts, tag: name}, true
	case "UPDATE":
		return statement{kind: updates, does: stores, tag: name}, true
	case "MERGE": // may insert
		return statement{kind: updates, does: stores | counts, tag: name}, true
	case "DELETE":
		return statement{kind: deletes, does: stores, tag: name}, true
	}
	return statement{}, false
}

// classifyDefinition classifies what defines something. A query whose rows it stores
// takes numbers of sequences.
func classifyDefinition(words []word) statement {
	if follows(words, 0, "ALTER", "SYSTEM") { // a file of settings, which no transaction is about
		return statement{kind: other, tag: "ALTER SYSTEM"}
	}
	found := statement{kind: ddl, does: stores, tag: definitionTag(words)}
	if found.tag == "CREATE TABLE AS" || found.tag == "CREATE MATERIALIZED VIEW" {
		_, does := callsOf(words)
		found.does |= does
	}
	return found
}

// classifyRebuilding classifies what writes tables and indexes anew, and changes nothing in
// them: there must be room, but a read-only transaction may do it.
func classifyRebuilding(words []word) statement {
	found := statement{kind: other, does: rebuilds, tag: words[0].text}
	switch found.tag {
	case "REINDEX":
		found.kind = ddl
	case "VACUUM":
		if full, _ := asksFor(words, "FULL"); !full {
			found.does = 0
		}
	}
	return found
}

// definitionTag returns how the server names a statement that defines something.
func definitionTag(words []word) string {
	verb := words[0].text
	switch verb {
	case "COMMENT":
		return verb
	case "GRANT", "REVOKE":
		for i := range words {
			if words[i].depth == words[0].depth && isKeyword(words, i, "ON") {
				return verb
			}
		}
		return verb + " ROLE"
	case "REFRESH", "IMPORT":
		return verb + nextWords(words[1:], 2)
	}
	rest := words[1:]
	for len(rest) > 1 && slices.Contains([]string{"OR", "REPLACE", "TEMP", "TEMPORARY", "UNLOGGED", "GLOBAL", "LOCAL", "UNIQUE", "RECURSIVE", "CONSTRAINT", "TRUSTED", "PROCEDURAL"}, rest[0].text) ||
		follows(rest, 0, "DEFAULT", "CONVERSION") {
		rest = rest[1:]
	}
	switch {
	case len(rest) == 0:
		return verb
	case follows(rest, 0, "USER", "MAPPING"), follows(rest, 0, "OPERATOR", "CLASS"), follows(rest, 0, "OPERATOR", "FAMILY"), follows(rest, 0, "FOREIGN", "TABLE"):
		return verb + nextWords(rest, 2)
	case rest[0].text == "USER" || rest[0].text == "GROUP":
		return verb + " ROLE"
	case slices.Contains([]string{"MATERIALIZED", "EVENT", "ACCESS", "DEFAULT", "LARGE"}, rest[0].text):
		return verb + nextWords(rest, 2)
	case slices.Contains([]string{"TEXT", "FOREIGN"}, rest[0].text):
		return verb + nextWords(rest, 3)
	case verb == "CREATE" && rest[0].text == "TABLE":
		for i := range rest {
			if rest[i].text == "AS" && rest[i].depth == words[0].depth {
				return "CREATE TABLE AS"
			}
		}
	}
	return verb + nextWords(rest, 1)
}

// nextWords returns the first words, each behind a blank.
func nextWords(words []word, n int) string {
	var text strings.Builder
	for _, w := range words[:min(n, len(words))] {
		text.WriteString(" " + w.text)
	}
	return text.String()
}

// makesTable reports whether a SELECT makes a table.
func makesTable(words []word) bool {
	for i, w := range words {
		switch {
		case w.depth > words[0].depth:
		case isKeyword(words, i, "INTO"):
			return true
		case isKeyword(words, i, "FROM") && words[i-1].text != "DISTINCT": // IS DISTINCT FROM
			return false
		}
	}
	return false
}

// numberAt returns the number that words begin with: 131072, 0x20000 or x'20000'.
func numberAt(words []word) (int64, bool) {
	switch {
	case len(words) == 0:
		return 0, false
	case len(words) > 1 && words[0].text == "X" && words[1].text == "'":
		return parseNumber(words[1].raw, 16)
	case len(words) > 1 && words[0].text == "0" && strings.HasPrefix(words[1].text, "X"):
		return parseNumber(words[1].text[1:], 16)
	}
	return parseNumber(words[0].text, 10)
}

func parseNumber(text string, base int) (int64, bool) {
	n, err := strconv.ParseInt(text, base, 32)
	return n, err == nil
}

// A lexer finds words and signs of SQL. A quoted text is one sign; comments are
// skipped.
type lexer struct {
	text  string
	at    int
	blind bool // words and texts are not told
}

func (l *lexer) next() (word, bool) {
	for l.at < len(l.text) {
		rest := l.text[l.at:]
		c := rest[0]
		switch {
		case c == ' ' || c >= '\t' && c <= '\r' || c == 0:
			l.at++
		case strings.HasPrefix(rest, "--"):
			l.line(rest)
		case strings.HasPrefix(rest, "/*"):
			l.comment()
		case c == '\'' || c == '"':
			escapes := c == '\'' && l.at > 0 && (l.text[l.at-1] == 'E' || l.text[l.at-1] == 'e') && (l.at < 2 || !isPart(l.text[l.at-2]))
			return word{text: rest[:1], raw: l.quoted(c, escapes)}, true
		case c == '$':
			return word{text: "$", raw: l.dollar(rest)}, true
		case isLetter(c):
			n := 1
			for n < len(rest) && isPart(rest[n]) {
				n++
			}
			l.at += n
			if l.blind {
				return word{}, true
			}
			return word{text: strings.ToUpper(rest[:n]), raw: rest[:n]}, true
		case isDigit(c):
			n := 1
			for n < len(rest) && isDigit(rest[n]) {
				n++
			}
			l.at += n
			return word{text: rest[:n]}, true
		default:
			l.at++
			return word{text: rest[:1]}, true
		}
	}
	return word{}, false
}

func isLetter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// isPart reports whether a name may have this in it.
func isPart(c byte) bool { return isLetter(c) || isDigit(c) || c == '$' }

// skip goes behind the next end, or to the end of all.
func (l *lexer) skip(rest, end string) {
	if i := strings.Index(rest, end); i >= 0 {
		l.at += i + len(end)
		return
	}
	l.at = len(l.text)
}

// line goes to the end of a line.
func (l *lexer) line(rest string) {
	if i := strings.IndexAny(rest, "\r\n"); i >= 0 {
		l.at += i
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

// quoted goes behind a text in quotes, and returns what is between them.
func (l *lexer) quoted(quote byte, escapes bool) string {
	l.at++
	from := l.at
	for ; l.at < len(l.text); l.at++ {
		switch c := l.text[l.at]; {
		case escapes && c == '\\':
			l.at++
		case c == quote:
			if l.at++; l.at >= len(l.text) || l.text[l.at] != quote {
				return l.text[from : l.at-1]
			}
		}
	}
	l.at = len(l.text)
	return l.text[from:]
}

// dollar goes behind a text in dollar quotes, and returns what is between them, or
// behind the sign of a parameter such as $1.
func (l *lexer) dollar(rest string) string {
	n := 1
	for n < len(rest) && (isLetter(rest[n]) || n > 1 && isDigit(rest[n])) {
		n++
	}
	if n >= len(rest) || rest[n] != '$' {
		l.at++
		return ""
	}
	tag := rest[:n+1]
	l.at += len(tag)
	from := l.at
	l.skip(l.text[from:], tag)
	return strings.TrimSuffix(l.text[from:l.at], tag)
}
