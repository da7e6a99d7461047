package postgres

import "slices"

// Effects are what a statement writes. A read-only server refuses whatever has one; other
// errors are about some of them. What wraps a statement has the effects of what it wraps.
type effects uint8

const (
	stores  effects = 1 << iota // rows, tables and large objects, which may need more room on the disk
	locks                       // rows
	counts                      // the next number of a sequence, by its words or as a default
	adjusts                     // what needs neither: a sequence is set, a large object opened

	anyEffect = stores | locks | counts | adjusts // of what is not known
)

// nextNumber is the function that takes the next number of a sequence.
const nextNumber = "nextval"

// effectsOf returns what a function of the server itself writes. Most that are volatile
// write nothing, such as random, clock_timestamp, pg_notify and pg_advisory_lock: a
// read-only transaction may call them.
func effectsOf(function string) effects {
	switch function {
	case nextNumber:
		return counts
	case "setval":
		return adjusts
	case "lo_creat", "lo_create", "lo_from_bytea", "lo_import", "lo_put", "lo_truncate", "lo_truncate64", "lo_unlink", "lowrite":
		return stores
	}
	return 0
}

// writtenBy returns what a query writes, as it locks rows or calls functions, and how a
// server names the first of it.
func writtenBy(words []word) (name string, does effects) {
	if name = lockOf(words); name != "" {
		does = locks
	}
	called, byCalls := callsOf(words)
	if name == "" {
		name = called
	}
	return name, does | byCalls
}

// callsOf returns what the functions write that are called, and how a server names the
// first of them.
func callsOf(words []word) (name string, does effects) {
	for i := range len(words) - 1 {
		if words[i+1].text != "(" || i > 1 && words[i-1].text == "." && words[i-2].ident() != "pg_catalog" {
			continue
		}
		function := words[i].ident()
		found, called := effectsOf(function), function+"()"
		if function == "lo_open" && opensToWrite(words[i+2:]) {
			found, called = adjusts, "lo_open(INV_WRITE)"
		}
		if found == 0 || namesColumns(words, i) {
			continue
		}
		if does == 0 {
			name = called
		}
		does |= found
	}
	return name, does
}

// opensToWrite reports whether the arguments of lo_open ask for more than to read. A mode
// that is not written there is taken for that of a reader.
func opensToWrite(arguments []word) bool {
	const invWrite = 0x20000
	inMode := false
	for i, w := range arguments {
		if w.depth < arguments[0].depth {
			return false
		}
		inMode = inMode || w.text == "," && w.depth == arguments[0].depth
		if mode, ok := numberAt(arguments[i:]); ok && inMode && mode&invWrite != 0 {
			return true
		}
	}
	return false
}

// namesColumns reports whether a name and a list in parentheses are no call, but a table's
// or a query's other name with those of its columns: WITH a (b) AS, FROM t a (b).
func namesColumns(words []word, at int) bool {
	if at == 0 {
		return false
	}
	previous, end := words[at-1], at+2
	if previous.text == "AS" {
		return true
	}
	for ; end < len(words) && words[end].text != ")"; end++ {
		isName := words[end].ident() != ""
		if even := (end-at)%2 == 0; isName != even || !even && words[end].text != "," {
			return false
		}
	}
	if end == at+2 {
		return false
	}
	switch {
	case previous.text == "WITH", previous.text == "RECURSIVE", previous.text == "," && follows(words, end+1, "AS") &&
		(follows(words, end+2, "(") || follows(words, end+2, "NOT") || follows(words, end+2, "MATERIALIZED")):
		return true
	case previous.text == ")":
		return isTable(words, at-1)
	default:
		return at > 1 && previous.ident() != "" && slices.Contains([]string{"FROM", "JOIN", ",", ".", "ONLY"}, words[at-2].text) &&
			!slices.Contains([]string{"NOT", "CASE", "LATERAL", "ARRAY", "ROW"}, previous.text)
	}
}

// isTable reports whether what ends in a parenthesis may be one: neither the columns of
// DISTINCT ON, nor the name of an operator.
func isTable(words []word, end int) bool {
	from := end - 1
	for from > 0 && words[from].depth > words[end].depth {
		from--
	}
	return words[from].text != "ON" && words[from].text != "OPERATOR"
}
