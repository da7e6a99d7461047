package experiments

import (
	"regexp"
	"strconv"
	"strings"
)

// failSyntax notes a mistake in the YAML itself, in words that say what to do.
//
// Note: the parser names the line where a construct starts, for some mistakes
// counted from 0, and never a column. What it cannot tell is found here: for
// those mistakes the line after the longest beginning of the text that parses.
func (d *decoder) failSyntax(text []byte, err error) {
	msg := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 1
	if m := regexp.MustCompile(`^line (\d+): `).FindStringSubmatch(msg); m != nil {
		line, _ = strconv.Atoi(m[1])
		msg = strings.TrimPrefix(msg, m[0])
	}
	if m := regexp.MustCompile(`^unknown anchor '(.*)' referenced$`).FindStringSubmatch(msg); m != nil {
		d.failAt(d.find("*"+m[1]), complaint{msg: "nothing before *" + m[1] + " is marked &" + m[1]})
		return
	}
	words, inBlock := syntaxWords(msg)
	if inBlock {
		line = d.lastGood(text) + 1
	}
	line = min(max(1, line), max(1, len(d.lines)))
	c := complaint{msg: words}
	if inBlock && strings.Contains(d.lines[line-1], "${") {
		c.hint = "inside { } and [ ] a text with ${variables} needs quotes"
	}
	d.failAt(span{Line: line}, c)
}

// syntaxWords says what a message of the parser means; inBlock is true for
// those whose line is that of a construct around the mistake.
func syntaxWords(msg string) (words string, inBlock bool) {
	switch {
	case msg == "did not find expected ',' or '}'":
		return "a } or a comma is missing", true
	case msg == "did not find expected ',' or ']'":
		return "a ] or a comma is missing", true
	case msg == "did not find expected key", msg == "did not find expected '-' indicator":
		return "this does not fit the lines before it: check the indentation and the quotes", true
	case msg == "did not find expected node content":
		return "a value is missing or a bracket is too many", true
	case msg == "did not find expected <document start>":
		return "this does not belong to the document before it", true
	case msg == "mapping values are not allowed in this context":
		return `": " cannot stand here: put the text into quotes, or check the indentation`, false
	case msg == "could not find expected ':'":
		return "a key needs a colon and a value", false
	case msg == "found unexpected end of stream":
		return "a quote is not closed", false
	case msg == "found character that cannot start any token":
		return "a text cannot start with this character: put it into quotes (and use spaces, not tabs)", false
	case strings.HasPrefix(msg, "found a tab character"):
		return "a tab cannot indent: use spaces", false
	case strings.HasPrefix(msg, "exceeded max"):
		return "too many lists and mappings inside each other", false
	case msg == "control characters are not allowed":
		return "the file holds control characters that YAML does not allow", true
	}
	return "not YAML: " + msg, strings.Contains(msg, "expected node") || strings.Contains(msg, "document")
}

// lastGood is the number of lines at the start of text that are a document on
// their own, as far as a bounded search can tell.
func (d *decoder) lastGood(text []byte) int {
	const budget = 1 << 20 // bytes parsed in all
	ends := []int{}
	for i, c := range text {
		if c == '\n' {
			ends = append(ends, i+1)
		}
	}
	if len(ends) > 0 && ends[len(ends)-1] == len(text) {
		ends = ends[:len(ends)-1] // the whole text is known to fail
	}
	spent := 0
	for i := len(ends) - 1; i >= 0 && spent < budget; i-- {
		spent += ends[i]
		if _, _, err := nodes(text[:ends[i]]); err == nil {
			return i + 1
		}
	}
	return 0
}

// find is the place of a word in the document.
func (d *decoder) find(word string) span {
	exact := regexp.MustCompile(regexp.QuoteMeta(word) + `(?:[\s,\]}]|$)`)
	for i, line := range d.lines {
		if at := exact.FindStringIndex(line); at != nil {
			return span{Line: i + 1, Col: len([]rune(line[:at[0]])) + 1, width: len([]rune(word))}
		}
	}
	return span{}
}
