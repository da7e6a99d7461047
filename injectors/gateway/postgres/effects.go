package postgres

import "slices"

// Effects are what a statement writes. A read-only server refuses whatever has one but for
// rebuilds; other errors are about some of them. What wraps a statement has the effects of what it wraps.
type effects uint8

const (
	stores   effects = 1 << iota // rows, tables and large objects, which may need more room on the disk
	locks                        // rows
	counts                       // the next number of a sequence, by its words or as a default
	adjusts                      // what needs neither: a sequence is set, a large object opened
	rebuilds                     // what a read-only transaction may do all the same, and needs room: REINDEX

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
// first of them. It looks at each word once, however deep they are.
func callsOf(words []word) (name string, does effects) {
	var c calls
	for i, w := range words {
		c.nest(i, w)
		found, called := c.openToWrite(words, i)
		if i+1 < len(words) && words[i+1].text == "(" && (i < 2 || words[i-1].text != "." || words[i-2].ident() == "pg_catalog") {
			function := w.ident()
			if effect := effectsOf(function); effect != 0 && !c.namesColumns(words, i) {
				found, called = effect, function+"()"
			}
			if function == "lo_open" && !c.namesColumns(words, i) {
				c.opens = append(c.opens, opening{depth: words[i+1].depth})
			}
		}
		if does == 0 {
			name = called
		}
		does |= found
	}
	return name, does
}

// Calls are the parentheses and the calls of lo_open that a place in a query is within.
type calls struct {
	starts []int // of the parentheses
	last   int   // where the last one began that has ended
	opens  []opening
}

// An opening is a call of lo_open whose arguments are at a depth.
type opening struct {
	depth  int
	inMode bool // the argument that says whether it is to write
}

// nest follows the parentheses.
func (c *calls) nest(i int, w word) {
	switch n := len(c.starts); {
	case w.text == "(":
		c.starts = append(c.starts, i)
	case w.text == ")" && n > 0:
		c.last, c.starts = c.starts[n-1], c.starts[:n-1]
	}
}

// openToWrite tells a call of lo_open by a mode that asks for more than to read. One that
// is not written there is taken for that of a reader.
func (c *calls) openToWrite(words []word, i int) (does effects, called string) {
	for n := len(c.opens); n > 0 && words[i].depth < c.opens[n-1].depth; n = len(c.opens) {
		c.opens = c.opens[:n-1]
	}
	n := len(c.opens)
	if n == 0 {
		return 0, ""
	}
	open := &c.opens[n-1]
	open.inMode = open.inMode || words[i].text == "," && words[i].depth == open.depth
	if !open.inMode {
		return 0, ""
	}
	if mode, ok := numberAt(words[i:]); ok && mode&invWrite != 0 {
		return adjusts, openedToWrite
	}
	return 0, ""
}

// What lo_open is asked for, and how a server calls that.
const (
	invWrite      = 0x20000
	openedToWrite = "lo_open(INV_WRITE)"
)

// namesColumns reports whether a name and a list in parentheses are no call, but a table's
// or a query's other name with those of its columns: WITH a (b) AS, FROM t a (b).
func (c *calls) namesColumns(words []word, at int) bool {
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
		return c.isTable(words)
	default:
		return at > 1 && previous.ident() != "" && slices.Contains([]string{"FROM", "JOIN", ",", ".", "ONLY"}, words[at-2].text) &&
			!slices.Contains([]string{"NOT", "CASE", "LATERAL", "ARRAY", "ROW"}, previous.text)
	}
}

// isTable reports whether the parentheses that have just ended may be one: neither the
// columns of DISTINCT ON, nor the name of an operator.
func (c *calls) isTable(words []word) bool {
	before := max(c.last-1, 0)
	return words[before].text != "ON" && words[before].text != "OPERATOR"
}
