package postgres

import (
	"cmp"
	"slices"
	"strings"
)

// This is about statements that write although their first word does not say so. The
// measure is what a server refuses in a read-only transaction.

// isKeyword reports whether a word is one of SQL's, and no name behind a dot or AS.
func isKeyword(words []word, i int, text string) bool {
	return words[i].text == text && (i == 0 || words[i-1].text != "." && words[i-1].text != "AS")
}

// follows reports whether these words come from a place on.
func follows(words []word, at int, texts ...string) bool {
	if at+len(texts) > len(words) {
		return false
	}
	for i, text := range texts {
		if words[at+i].text != text {
			return false
		}
	}
	return true
}

// lockOf returns what a query locks rows for, as the server calls the query; nothing
// where it locks none.
func lockOf(words []word) string {
	for i := range words {
		if !isKeyword(words, i, "FOR") {
			continue
		}
		for _, lock := range [][]string{{"UPDATE"}, {"SHARE"}, {"NO", "KEY", "UPDATE"}, {"KEY", "SHARE"}} {
			if follows(words, i+1, lock...) {
				return "SELECT FOR " + strings.Join(lock, " ")
			}
		}
	}
	return ""
}

// writesWhenCalled reports whether a function of the server itself writes. Most that are
// volatile do not, such as random, clock_timestamp, pg_notify and pg_advisory_lock: a
// read-only transaction may call them.
func writesWhenCalled(name string) bool {
	switch name {
	case "nextval", "setval", "lo_creat", "lo_create", "lo_from_bytea", "lo_import", "lo_put", "lo_truncate", "lo_truncate64", "lo_unlink", "lowrite":
		return true
	}
	return false
}

// nextNumber is how a server names what takes the next number of a sequence.
const nextNumber = "nextval()"

// callOf returns the first function that is called and writes, as the server names it.
func callOf(words []word) string {
	for i := range len(words) - 1 {
		if words[i+1].text != "(" || i > 1 && words[i-1].text == "." && words[i-2].ident() != "pg_catalog" {
			continue
		}
		if name := words[i].ident(); writesWhenCalled(name) {
			return name + "()"
		}
	}
	return ""
}

// classifyQuery classifies what answers with rows and begins with a word.
func classifyQuery(words []word, name string) statement {
	found := statement{kind: selects, tag: name}
	switch name {
	case "SELECT":
		if makesTable(words) {
			return statement{kind: ddl, writes: true, tag: "SELECT INTO"}
		}
	case "FETCH":
		return found
	case "DECLARE": // its functions are called when rows are fetched
		found.called = lockOf(words)
		found.writes = found.called != ""
		return found
	}
	found.called, found.writes = writtenBy(words)
	return found
}

// writtenBy returns how a server names what a query writes, if it does: it locks rows, or
// calls a function.
func writtenBy(words []word) (name string, ok bool) {
	name = cmp.Or(lockOf(words), callOf(words))
	return name, name != ""
}

// classifyCopy classifies COPY: what it reads is a table, or a statement in parentheses.
func classifyCopy(words []word) statement {
	base := words[0].depth
	for i, w := range words {
		if w.depth == base && isKeyword(words, i, "FROM") {
			return statement{kind: copies, writes: true, tag: "COPY FROM"}
		}
	}
	found := statement{kind: copies, tag: "COPY TO"}
	if !follows(words, 1, "(") || len(words) < 3 {
		return found
	}
	from, to := 2, 2
	for to < len(words) && words[to].depth > base {
		to++
	}
	for from < to-1 && words[from].text == "(" {
		from++
	}
	if words[from].text == "COPY" { // which is no query
		return found
	}
	if inner := classify(words[from:max(to, from+1)]); inner.writes {
		found.writes, found.called = true, inner.name()
	}
	return found
}

// classifyExplain classifies EXPLAIN: with ANALYZE it carries out what it explains.
func classifyExplain(words []word) statement {
	found, analyze, at := statement{kind: other, tag: "EXPLAIN"}, false, 1
	if follows(words, 1, "(") {
		for at = 2; at < len(words) && words[at].depth > words[0].depth; at++ {
			if (words[at].text == "ANALYZE" || words[at].text == "ANALYSE") && (words[at-1].text == "(" || words[at-1].text == ",") {
				analyze = at+1 >= len(words) || !slices.Contains([]string{"false", "off", "0"}, words[at+1].value())
			}
		}
		at++ // behind the parenthesis
	}
	for ; at < len(words) && slices.Contains([]string{"ANALYZE", "ANALYSE", "VERBOSE"}, words[at].text); at++ {
		analyze = analyze || words[at].text != "VERBOSE"
	}
	if !analyze || at >= len(words) {
		return found
	}
	inner := classify(words[at:])
	if inner.writes {
		return inner
	}
	if inner.tag == "EXECUTE" {
		found.named = inner.named
	}
	return found
}

// classifyNamed classifies what is about prepared statements.
func classifyNamed(words []word) statement {
	found := statement{kind: other, tag: words[0].text}
	if len(words) > 1 {
		found.named = words[1].ident()
	}
	if found.tag != "PREPARE" {
		return found
	}
	for i := 2; i < len(words)-1; i++ {
		if words[i].depth == words[0].depth && words[i].text == "AS" {
			inner := classify(words[i+1:])
			found.inner = &inner
			break
		}
	}
	return found
}

// classifyDo classifies a block of code by its words, whether or not it comes to them.
// One in a language other than PL/pgSQL may do anything.
func classifyDo(words []word) statement {
	found := statement{kind: other, tag: "DO"}
	for i, w := range words[1:] {
		previous, code := words[i].text, w.raw
		switch {
		case previous == "LANGUAGE":
			found.writes = found.writes || w.value() != "plpgsql"
			continue
		case w.text == "'":
			if code = strings.ReplaceAll(code, "''", "'"); previous == "E" {
				code = strings.NewReplacer(`\n`, "\n", `\r`, "\n", `\t`, " ", `\'`, "'").Replace(code)
			}
		case w.text != "$":
			continue
		}
		if name, ok := writesInCode(code); ok && found.called == "" {
			found.writes, found.called = true, name
		}
	}
	return found
}

// writesInCode looks for statements that write in PL/pgSQL. EXECUTE may do anything, as
// may CALL.
func writesInCode(code string) (name string, ok bool) {
	var words []word
	for l := (lexer{text: code}); ; {
		w, more := l.next()
		if !more {
			break
		}
		words = append(words, w)
	}
	for i, w := range words {
		if !isKeyword(words, i, w.text) || i > 0 && words[i-1].text == "FOR" {
			continue
		}
		switch w.text {
		case "INSERT", "UPDATE", "DELETE", "MERGE", "CREATE", "ALTER", "DROP", "GRANT", "REVOKE", "CALL", "EXECUTE":
			return w.text, true
		case "TRUNCATE":
			return "TRUNCATE TABLE", true
		case "REFRESH":
			return "REFRESH MATERIALIZED VIEW", true
		}
	}
	return writtenBy(words)
}

// carryOut notes what a query prepares, and returns it with what it executes in place of
// EXECUTE. The names of PREPARE are those of the protocol. What is deallocated stays
// known: the server refuses to execute it, and a name that comes again is a new one.
func (s *Session) carryOut(q *query) *query {
	for i, st := range q.statements {
		if st.named == "" {
			continue
		}
		known := s.prepared[st.named]
		switch {
		case st.inner != nil:
			s.remember(s.prepared, []byte(st.named), &query{text: q.text, statements: []statement{*st.inner}})
		case st.tag == "PREPARE" || known == nil || len(known.statements) != 1:
		case st.tag == "EXECUTE" || known.statements[0].writes:
			list := slices.Clone(q.statements)
			list[i] = known.statements[0]
			q = &query{text: q.text, executes: known.text, statements: list}
		}
	}
	return q
}
