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
	if !slices.ContainsFunc(words, func(w word) bool { return w.text == "FOR" }) {
		return ""
	}
	fromTable := map[int]bool{} // by depth: the query there reads one; without, there is nothing to lock
	for i, w := range words {
		switch {
		case w.text == "(":
			fromTable[w.depth] = false
		case w.text == "TABLE", isKeyword(words, i, "FROM") && i > 0 && words[i-1].text != "DISTINCT":
			fromTable[w.depth] = true
		case isKeyword(words, i, "FOR") && fromTable[w.depth]:
			if lock := lockBehind(words, i); lock != "" {
				return "SELECT FOR " + lock
			}
		}
	}
	return ""
}

// lockBehind returns which lock follows FOR; nothing where none does.
func lockBehind(words []word, at int) string {
	for _, lock := range [][]string{{"UPDATE"}, {"SHARE"}, {"NO", "KEY", "UPDATE"}, {"KEY", "SHARE"}} {
		if follows(words, at+1, lock...) {
			return strings.Join(lock, " ")
		}
	}
	return ""
}

// classifyQuery classifies what answers with rows and begins with a word.
func classifyQuery(words []word, name string) statement {
	found := statement{kind: selects, tag: name}
	if name == "SELECT" && makesTable(words) {
		return makingTable(words)
	}
	found.called, found.does = writtenBy(words)
	return found
}

// classifyCursor classifies what is about cursors. Their rows are locked when they are
// declared, and their functions are called when they are fetched, or passed over.
func classifyCursor(words []word) statement {
	found := statement{kind: selects, tag: words[0].text}
	switch found.tag {
	case "MOVE":
		found.kind = other
		fallthrough
	case "FETCH":
		found.named = words[len(words)-1].ident()
		return found
	}
	if found.called = lockOf(words); found.called != "" {
		found.does = locks
	}
	if len(words) > 1 {
		found.named = words[1].ident()
	}
	inner := statement{kind: selects, tag: "SELECT"}
	inner.called, inner.does = callsOf(words)
	found.inner = &inner
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
	if inner := classify(words[from:max(to, from+1)]); isQuery(words[from]) && inner.does != 0 {
		found.does, found.called = inner.does, inner.name()
	}
	return found
}

// isQuery reports whether a word begins what COPY, EXPLAIN and PREPARE can hold. What they
// cannot is not looked into, so that no text holds a thousand of them one in the other.
func isQuery(w word) bool {
	return slices.Contains([]string{"SELECT", "TABLE", "VALUES", "WITH", "INSERT", "UPDATE", "DELETE", "MERGE", "("}, w.text)
}

// classifyExplain classifies EXPLAIN: with ANALYZE it carries out what it explains.
func classifyExplain(words []word) statement {
	found := statement{kind: other, tag: "EXPLAIN"}
	analyze, at := asksFor(words, "ANALYZE", "ANALYSE")
	if !analyze || at >= len(words) {
		return found
	}
	switch explained := words[at:]; {
	case explained[0].text == "EXECUTE":
		found.named = classifyNamed(explained).named
	case explained[0].text == "DECLARE":
		found.called, found.does = writtenBy(explained)
	case explained[0].text == "CREATE", isQuery(explained[0]):
		inner := classify(explained)
		switch {
		case inner.kind == ddl: // the server does not find that it makes a table
			found.called, found.does = writtenBy(explained)
			found.does |= rebuilds
		case inner.does != 0:
			return inner
		}
	}
	return found
}

// asksFor reports whether a statement has an option, and where what stands behind its
// options begins: EXPLAIN (ANALYZE off, VERBOSE) SELECT, VACUUM FULL VERBOSE t.
func asksFor(words []word, names ...string) (asks bool, at int) {
	at = 1
	if follows(words, 1, "(") {
		for at = 2; at < len(words) && words[at].depth > words[0].depth; at++ {
			if slices.Contains(names, words[at].text) && (words[at-1].text == "(" || words[at-1].text == ",") {
				asks = at+1 >= len(words) || !slices.Contains([]string{"false", "off", "0"}, words[at+1].value())
			}
		}
		at++ // behind the parenthesis
	}
	for ; at < len(words) && slices.Contains([]string{"ANALYZE", "ANALYSE", "VERBOSE", "FULL", "FREEZE"}, words[at].text); at++ {
		asks = asks || slices.Contains(names, words[at].text)
	}
	return asks, at
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
			inner := statement{kind: other, tag: words[i+1].text}
			if isQuery(words[i+1]) {
				inner = classify(words[i+1:])
			}
			found.inner = &inner
			break
		}
	}
	return found
}

// carryOut notes what a query prepares, and returns it with what it executes in place of
// EXECUTE, and with what its cursors write. The names of PREPARE are those of the protocol,
// and those of cursors are its portals. What is deallocated stays known: the server refuses
// to execute it, and a name that comes again is a new one.
func (s *Session) carryOut(q *query) *query {
	asked, executed := q, map[*query]bool(nil)
	for i, st := range asked.statements {
		if st.named == "" {
			continue
		}
		names, ofCursor := s.prepared, slices.Contains([]string{"DECLARE", "FETCH", "MOVE"}, st.tag)
		if ofCursor {
			names = s.portals
		}
		known := names[st.named]
		switch {
		case st.inner != nil:
			s.remember(names, []byte(st.named), &query{text: q.text, statements: []statement{*st.inner}})
			continue
		case st.tag == "PREPARE" || known == nil || len(known.statements) != 1:
			continue
		case ofCursor && known.statements[0].kind == selects:
			st.does, st.called = known.statements[0].does, known.statements[0].called
		case !ofCursor && (st.tag == "EXECUTE" || known.statements[0].does != 0):
			st = known.statements[0]
		default:
			continue
		}
		if q == asked {
			q, executed = &query{text: q.text, executes: slices.Clip(q.executes), statements: slices.Clone(q.statements)}, map[*query]bool{}
		}
		q.statements[i] = st
		if !executed[known] {
			executed[known], q.executes = true, append(q.executes, known.text)
		}
	}
	return q
}
