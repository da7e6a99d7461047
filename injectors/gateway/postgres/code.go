package postgres

import (
	"slices"
	"strings"
)

// maxBlocks is how deep blocks of code are looked into that stand in texts of another one.
// What is deeper may do anything.
const maxBlocks = 4

// classifyDo classifies a block of code by its words, whether or not it comes to them.
// One in a language other than PL/pgSQL may do anything. It is within so many others.
func classifyDo(words []word, within int) statement {
	found := statement{kind: other, tag: "DO"}
	for i, w := range words[1:] {
		previous, code := words[i].text, w.raw
		switch {
		case previous == "LANGUAGE":
			if w.value() != "plpgsql" {
				found.does = anyEffect
			}
			continue
		case w.text == "'":
			if code = strings.ReplaceAll(code, "''", "'"); previous == "E" {
				code = strings.NewReplacer(`\n`, "\n", `\r`, "\n", `\t`, " ", `\'`, "'").Replace(code)
			}
		case w.text != "$":
			continue
		}
		name, does := writtenInCode(code, within)
		if found.does |= does; found.called == "" {
			found.called = name
		}
	}
	return found
}

// writtenInCode returns what PL/pgSQL writes, and how a server names the first of it.
func writtenInCode(code string, within int) (name string, does effects) {
	words, declares := wordsOfCode(code), false
	for len(words) > 0 {
		end := slices.IndexFunc(words, func(w word) bool { return w.text == ";" })
		if end < 0 {
			end = len(words)
		}
		var first string
		var found effects
		first, found, declares = writtenInPart(words[:end], declares, within)
		if does |= found; name == "" {
			name = first
		}
		words = words[min(end+1, len(words)):]
	}
	return name, does
}

// wordsOfCode returns the words of PL/pgSQL, but for INTO: there it says which variables
// get a row, and makes no table.
func wordsOfCode(code string) (words []word) {
	depth := 0
	for l := (lexer{text: code}); ; {
		w, more := l.next()
		switch {
		case !more:
			return words
		case w.text == "INTO":
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

// writtenInPart is writtenInCode of what ends in one semicolon: that may be the statement
// behind the beginning of a block, of a branch or of a loop, and the query that the loop
// goes through. Variables that are declared may be named as a statement begins. A statement
// goes on to the next one at most, so that each word is looked at a few times alone.
func writtenInPart(words []word, declares bool, within int) (name string, does effects, declaresStill bool) {
	begin := -1 // of the statement before
	look := func(end int) {
		if begin < 0 {
			return
		}
		first, found := writtenByStatement(words[begin:end], within)
		if does |= found; name == "" {
			name = first
		}
		begin = -1
	}
	for i, w := range words {
		switch {
		case w.depth > words[0].depth: // no statement begins in parentheses
			continue
		case w.text == "DECLARE":
			look(i)
			declares = true
			continue
		case w.text == "BEGIN":
			look(i)
			declares = false
			continue
		case declares || i > 0 && !opensStatement(words[i-1].text, w.text):
			continue
		}
		look(i)
		begin = i
	}
	look(len(words))
	first, found := writtenBy(words) // also of PERFORM, RETURN, an assignment, a condition
	if does |= found; name == "" {
		name = first
	}
	return name, does, declares
}

// opensStatement reports whether a word of PL/pgSQL may begin a statement behind another.
// A cursor is opened for one that only reads, or for what is put together.
func opensStatement(previous, text string) bool {
	return slices.Contains([]string{"BEGIN", "THEN", "ELSE", "LOOP", "IN", "QUERY", ">"}, previous) || previous == "FOR" && text == "EXECUTE"
}

// writtenByStatement returns what a statement of PL/pgSQL writes that is one of SQL, and
// how a server names it. EXECUTE may do anything.
func writtenByStatement(words []word, within int) (name string, does effects) {
	if len(words) > 1 && slices.Contains([]string{":", "=", ".", "["}, words[1].text) { // a variable
		return "", 0
	}
	switch words[0].text {
	case "EXECUTE":
		return "EXECUTE", anyEffect
	case "SELECT", "(": // all are looked at together
		return "", 0
	case "DO":
		if within == maxBlocks {
			return "DO", anyEffect
		}
		found := classifyDo(words, within+1)
		return found.called, found.does
	}
	found := classify(words)
	if !found.writes() {
		return "", found.does
	}
	return found.name(), found.does
}
