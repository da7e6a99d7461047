package shape

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
)

// failSyntax notes a mistake in the YAML itself, in words that say what to do.
//
// Note: the parser never names a column, and for some mistakes only the line
// where the construct around the mistake starts. For those, the line is the one
// after the longest beginning of the text that parses. The column is found by
// what such a mistake looks like.
func (d *Document) failSyntax(text []byte, err error) {
	msg := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 1
	if m := regexp.MustCompile(`^line (\d+): `).FindStringSubmatch(msg); m != nil {
		line, _ = strconv.Atoi(m[1])
		msg = strings.TrimPrefix(msg, m[0])
	}
	if m := regexp.MustCompile(`^unknown anchor '(.*)' referenced$`).FindStringSubmatch(msg); m != nil {
		d.FailAt(d.findWord("*"+m[1]), Diagnostic{Msg: "no anchor &" + m[1] + " comes before the alias *" + m[1]})
		return
	}
	words, inBlock := explainParser(msg)
	if inBlock {
		line = d.countGoodLines(text) + 1
	}
	line = min(max(1, line), max(1, len(d.lines)))
	at, c := d.locate(line, msg, Diagnostic{Msg: words})
	if inBlock && strings.Contains(d.lines[line-1], "${") {
		c.Hint = "inside { } and [ ] a text with ${variables} needs quotes"
	}
	d.FailAt(at, c)
}

var (
	glued    = lazyregexp.New(`^\s*(?:- +)?([A-Za-z_][\w-]*):([^\s/:"'].*)$`)                         // a key with no space after its colon
	reserved = lazyregexp.New("(?:^|: |- )\\s*([@`%])")                                               // what no text starts with
	afterEnd = lazyregexp.New(`(?:: |- )\s*(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*')\s*([^\s#,:\]})].*)$`) // text behind a closed quote
	valued   = lazyregexp.New(`^\s*(?:- +)?[A-Za-z_][\w-]*: +[^\s#|>&]`)                              // a key with a value on its line
	opening  = lazyregexp.New(`"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|(["'])`)                              // quoted texts, and a quote that is not closed
	colon    = lazyregexp.New(`"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|(:)(?: |$)`)                          // quoted texts, and colons that end a key
)

// locate returns the token of a line that a message of the parser is about, and
// what to do about it. If nothing better is known, it is the first token.
func (d *Document) locate(line int, msg string, c Diagnostic) (Span, Diagnostic) {
	text := d.lines[line-1]
	indented := len(text) - len(strings.TrimLeft(text, " \t"))
	at, width := indented, 1
	switch {
	case msg == "control characters are not allowed":
		for i, l := range d.lines {
			if j := strings.IndexFunc(l, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }); j >= 0 {
				return tokenAt(l, i+1, j, 1), c
			}
		}
	case strings.Contains(text[:indented], "\t"):
		at = strings.Index(text, "\t")
		c = Diagnostic{Msg: "a tab cannot indent", Hint: "use spaces"}
	case msg == "found character that cannot start any token":
		if m := reserved.FindStringSubmatchIndex(text); m != nil {
			at = m[2]
			c = Diagnostic{Msg: "a text cannot start with " + text[m[2]:m[3]], Hint: "put it into quotes"}
		}
	case msg == "found unexpected end of stream":
		if m := lastMatch(opening, text); m >= 0 {
			at = m
		}
	case msg == "mapping values are not allowed in this context", msg == "could not find expected ':'":
		return d.misplacedColon(line, indented, c)
	case afterEnd.MatchString(text):
		at = afterEnd.FindStringSubmatchIndex(text)[2]
		c = Diagnostic{Msg: "text after a closing quote", Hint: `inside "..." write \", or put the whole into '...'`}
	case strings.HasPrefix(msg, "did not find expected key"), strings.HasPrefix(msg, "did not find expected '-'"):
		if like, by := d.alignedLine(line, indented); like > 0 {
			c = Diagnostic{Msg: "this line does not fit the lines before it", Hint: fmt.Sprintf("indent it by %d, as line %d", by, like)}
		}
	case strings.HasPrefix(msg, "did not find expected ','"):
		if m := lastOpenBracket(text); m >= 0 {
			at = m
		}
	}
	return tokenAt(text, line, at, width), c
}

// misplacedColon returns the token at fault when a colon ends a key in a place
// where none can be.
func (d *Document) misplacedColon(line, indented int, c Diagnostic) (Span, Diagnostic) {
	text, before := d.lines[line-1], d.lines[max(0, line-2)]
	for i, l := range []string{before, text} {
		if m := glued.FindStringSubmatchIndex(l); m != nil {
			return tokenAt(l, max(1, line-1+i), m[2], m[3]-m[2]+1),
				Diagnostic{Msg: "a colon needs a space after it", Hint: "write " + l[m[2]:m[3]] + ": " + l[m[4]:m[5]]}
		}
	}
	at := indented
	if colons := allMatches(colon, text); len(colons) > 1 {
		at = colons[1]
		c = Diagnostic{Msg: `a text with ": " needs quotes`, Hint: "put the text into quotes"}
	} else if by := len(before) - len(strings.TrimLeft(before, " ")); valued.MatchString(before) && by < indented {
		c = Diagnostic{Msg: "this line is deeper than the one before it, which has a value already", Hint: fmt.Sprintf("indent both by %d", by)}
	}
	return tokenAt(text, line, at, 1), c
}

// alignedLine returns the nearest line above that begins as this one does, with a
// dash or without, and is indented a little differently, and its indentation. It
// returns 0 if there is none.
func (d *Document) alignedLine(line, indented int) (like, by int) {
	item := strings.HasPrefix(d.lines[line-1][indented:], "- ")
	for i := line - 2; i >= 0; i-- {
		rest := strings.TrimLeft(d.lines[i], " ")
		by := len(d.lines[i]) - len(rest)
		if key := strings.TrimLeft(strings.TrimPrefix(rest, "-"), " "); !item && key != rest { // the first key of an item
			by += len(rest) - len(key)
		} else if rest == "" || rest[0] == '#' || strings.HasPrefix(rest, "- ") != item {
			continue
		}
		if off := by - indented; off != 0 && -2 <= off && off <= 2 {
			return i + 1, by
		}
	}
	return 0, 0
}

// tokenAt returns the place of a token at a byte of a line.
func tokenAt(text string, line, at, width int) Span {
	return Span{Line: line, Col: len([]rune(text[:at])) + 1, Width: width}
}

// allMatches returns where the first group of an expression matches, in bytes.
func allMatches(of *lazyregexp.Regexp, text string) (at []int) {
	for _, m := range of.FindAllStringSubmatchIndex(text, -1) {
		if m[2] >= 0 {
			at = append(at, m[2])
		}
	}
	return at
}

// lastMatch returns where the first group of an expression matches last, or -1.
func lastMatch(of *lazyregexp.Regexp, text string) int {
	if at := allMatches(of, text); len(at) > 0 {
		return at[len(at)-1]
	}
	return -1
}

// lastOpenBracket returns where the last bracket is that is opened and not closed,
// or -1.
func lastOpenBracket(text string) int {
	var open []int
	for _, m := range regexp.MustCompile(`"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[\[\]{}]`).FindAllStringIndex(strings.ReplaceAll(text, "${", "  "), -1) {
		switch text[m[0]] {
		case '[', '{':
			open = append(open, m[0])
		case ']', '}':
			open = open[:max(0, len(open)-1)]
		}
	}
	if len(open) == 0 {
		return -1
	}
	return open[len(open)-1]
}

// explainParser returns what a message of the parser means. inBlock is true if
// its line is that of a construct around the mistake.
func explainParser(msg string) (words string, inBlock bool) {
	switch {
	case msg == "did not find expected ',' or '}'":
		return "a } or a comma is missing", true
	case msg == "did not find expected ',' or ']'":
		return "a ] or a comma is missing", true
	case msg == "did not find expected key", msg == "did not find expected '-' indicator":
		return "this does not fit the lines before it: check the indentation and the quotes", true
	case msg == "did not find expected node content":
		return "a value is missing, or there is a bracket too many", true
	case msg == "did not find expected <document start>":
		return "this does not belong to the document before it", true
	case msg == "mapping values are not allowed in this context":
		return `": " is not allowed here: put the text into quotes, or check the indentation`, false
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

// countGoodLines returns how many lines at the start of text are a document on
// their own, as far as a bounded search can tell.
func (d *Document) countGoodLines(text []byte) int {
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
		if _, _, err := parseYAML(text[:ends[i]]); err == nil {
			return i + 1
		}
	}
	return 0
}

// findWord returns the place of a word in the document.
func (d *Document) findWord(word string) Span {
	exact := regexp.MustCompile(regexp.QuoteMeta(word) + `(?:[\s,\]}]|$)`)
	for i, line := range d.lines {
		if at := exact.FindStringIndex(line); at != nil {
			return Span{Line: i + 1, Col: len([]rune(line[:at[0]])) + 1, Width: len([]rune(word))}
		}
	}
	return Span{}
}
