package postgres

import (
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

// classifyQuery classifies what answers with rows and begins with a word.
func classifyQuery(words []word, name string) statement {
	found := statement{kind: selects, tag: name}
	switch name {
	case "SELECT":
		if makesTable(words) {
			return makingTable(words)
		}
	case "FETCH":
		return found
	case "DECLARE": // its functions are called when rows are fetched
		if found.called = lockOf(words); found.called != "" {
			found.does = locks
		}
		return found
	}
	found.called, found.does = writtenBy(words)
	return found
}

// makingTable returns what a SELECT is that makes a table.
func makingTable(words []word) statement {
	_, does := callsOf(words)
	return statement{kind: ddl, does: does | stores, tag: "SELECT INTO"}
}

// classifyCopy classifies COPY: what it reads is a table, or a statement in parentheses.
func classifyCopy(words []word) statement {
	base := words[0].depth
	for i, w := range words {
		if w.depth == base && isKeyword(words, i, "FROM") {
			return statement{kind: copies, does: stores | counts, tag: "COPY FROM"}
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
	if inner := classify(words[from:max(to, from+1)]); inner.does != 0 {
		found.does, found.called = inner.does, inner.name()
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
	if inner.does != 0 {
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
		case st.tag == "EXECUTE" || known.statements[0].does != 0:
			list := slices.Clone(q.statements)
			list[i] = known.statements[0]
			q = &query{text: q.text, executes: append(slices.Clip(q.executes), known.text), statements: list}
		}
	}
	return q
}
