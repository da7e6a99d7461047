package redis

import (
	"bytes"
	"strings"
)

// A token is a word, a text or a sign of a Lua script.
type token struct {
	kind tokenKind
	text string // of a text: what stands in its quotes, escapes as they are written
	line int
}

type tokenKind byte

const (
	word tokenKind = iota
	quoted
	sign
)

// is reports whether a token is this word or sign.
func (t token) is(text string) bool { return t.kind != quoted && t.text == text }

// tokens parts a Lua script, without its comments. Numbers come as words.
func tokens(source []byte) (list []token) {
	line := 1
	for len(source) > 0 {
		c := source[0]
		t, size := token{sign, string(c), line}, 1
		switch {
		case bytes.IndexByte([]byte(blanks), c) >= 0:
			t.text = ""
		case bytes.HasPrefix(source, []byte("--")):
			t.text, size = "", commentEnds(source)
		case c == '"' || c == '\'':
			size = quoteEnds(source)
			t = token{quoted, string(bytes.TrimSuffix(source[1:size], []byte{c})), line}
		case c == '[' && longBracket(source) > 0:
			size = longEnds(source)
			t = token{quoted, string(source[min(size, longBracket(source)):max(longBracket(source), size-longBracket(source))]), line}
		case isWordByte(c):
			for size < len(source) && isWordByte(source[size]) {
				size++
			}
			t = token{word, string(source[:size]), line}
		}
		if t.text != "" || t.kind == quoted {
			list = append(list, t)
		}
		line += bytes.Count(source[:size], []byte("\n"))
		source = source[size:]
	}
	return list
}

func isWordByte(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c >= 0x80
}

// commentEnds returns how long the comment is that begins b.
func commentEnds(b []byte) int {
	if longBracket(b[2:]) > 0 {
		return 2 + longEnds(b[2:])
	}
	if end := bytes.IndexByte(b, '\n'); end >= 0 {
		return end
	}
	return len(b)
}

// quoteEnds returns how long the text in quotes is that begins b.
func quoteEnds(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case b[0]:
			return i + 1
		}
	}
	return len(b)
}

// longBracket returns the length of the long bracket that begins b, as in [==[; 0 where
// there is none.
func longBracket(b []byte) int {
	n := 1
	for n < len(b) && b[n] == '=' {
		n++
	}
	if len(b) > n && b[0] == '[' && b[n] == '[' {
		return n + 1
	}
	return 0
}

// longEnds returns how long the text in long brackets is that begins b.
func longEnds(b []byte) int {
	n := longBracket(b)
	closing := "]" + strings.Repeat("=", n-2) + "]"
	if end := bytes.Index(b[n:], []byte(closing)); end >= 0 {
		return n + end + len(closing)
	}
	return len(b)
}

// A call is what a script asks of its server.
type call struct {
	spec
	unknown   bool // what it asks is only known when it runs
	protected bool // it catches errors, as redis.pcall does
	always    bool // it stands in no branch, loop or function
	line      int
}

// writes reports whether a call may write.
func (c call) writes() bool { return c.unknown || c.class == writes }

// needsRoom reports whether a call may be refused where memory is short.
func (c call) needsRoom() bool { return c.unknown || strings.Contains(c.marks, "o") }

// calls lists what a script asks of its server, in the order of its text.
func calls(list []token) (found []call) {
	aliases := map[string]bool{} // of functions that ask the server; true: protected
	depth := 0
	at := func(i int) token {
		if i < 0 || i >= len(list) {
			return token{kind: sign}
		}
		return list[i]
	}
	for i, t := range list {
		depth += nesting(t)
		protected, aliased := aliases[t.text]
		next := i + 1
		switch {
		case t.kind != word || at(i-1).is(".") || at(i-1).is(":") || at(i+1).is("=") && !at(i+2).is("="):
			continue
		case t.is("redis") || t.is("server"):
			switch name := at(i + 2); {
			case !at(i + 1).is("."):
				found = append(found, call{unknown: true, line: t.line}) // redis["call"], and redis as a value
				continue
			case !name.is("call") && !name.is("pcall"):
				continue
			default:
				protected, next = name.is("pcall"), i+3
				if made, ok := aliasOf(at, i); ok {
					aliases[made] = protected
					continue
				}
			}
		case isReflection(t.text):
			found = append(found, call{unknown: true, line: t.line})
			continue
		case !aliased:
			continue
		}
		c := callAt(at, next)
		c.protected, c.always = protected, depth == 0
		found = append(found, c)
	}
	return found
}

// nesting returns by how much a token deepens branches, loops and functions.
func nesting(t token) int {
	if t.kind != word {
		return 0
	}
	switch t.text {
	case "if", "do", "function", "repeat":
		return 1
	case "end", "until":
		return -1
	}
	return 0
}

// isReflection reports whether a word can reach a function that is not named.
func isReflection(name string) bool {
	return name == "_G" || name == "loadstring" || name == "load" || name == "getfenv"
}

// aliasOf returns the name that redis.call gets in an assignment to one name.
func aliasOf(at func(int) token, i int) (name string, ok bool) {
	if !at(i-1).is("=") || at(i-2).kind != word || at(i-3).is(",") || at(i-3).is(".") {
		return "", false
	}
	if behind := at(i + 3); behind.kind == quoted || behind.is("(") || behind.is(",") || behind.is("{") {
		return "", false
	}
	return at(i - 2).text, true
}

// callAt reads a call whose arguments begin at a place.
func callAt(at func(int) token, i int) call {
	c := call{line: at(i).line, unknown: true}
	if at(i).is("(") {
		i++
	}
	name, behind := at(i), at(i+1)
	if name.kind != quoted || !behind.is(",") && !behind.is(")") && at(i-1).is("(") {
		return c
	}
	sub := ""
	if arg := at(i + 2); behind.is(",") && arg.kind == quoted {
		sub = strings.ToUpper(arg.text)
	}
	upper := strings.ToUpper(name.text)
	var full string
	c.spec, full = find(upper, sub)
	_, known := specs()[full]
	c.unknown = !known || specs()[full].class == group
	return c
}
