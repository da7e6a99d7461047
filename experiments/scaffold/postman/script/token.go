package script

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A token is a word of a script.
type token struct {
	kind     tokenKind
	text     string // of a string: its value; otherwise as it is written
	from, to int    // in bytes of the source
	newline  bool   // a line ended before it
}

type tokenKind uint8

const (
	endToken tokenKind = iota
	wordToken
	numberToken
	stringToken
	templateToken // text between backquotes, as it is written
	regexToken    // as it is written
	punctToken
)

// Bounds of a script. One that is larger is not read.
const (
	maxSource = 256 << 10
	maxTokens = 50_000
)

// A scanner splits a script into tokens.
type scanner struct {
	source string
	at     int
	list   []token
}

// scan returns the tokens of a script, the last of kind endToken. It reports false for
// a text that ends inside a token, or that is too large.
func scan(source string) ([]token, bool) {
	s := &scanner{source: source}
	for len(s.list) < maxTokens {
		newline, ok := s.skipSpace()
		if !ok {
			return nil, false
		}
		t := token{from: s.at, newline: newline}
		if s.at < len(source) && !s.next(&t) {
			return nil, false
		}
		t.to = s.at
		s.list = append(s.list, t)
		if t.kind == endToken {
			return s.list, true
		}
	}
	return nil, false
}

// skipSpace skips spaces and comments, and reports whether a line ended.
func (s *scanner) skipSpace() (newline, ok bool) {
	for s.at < len(s.source) {
		rest := s.source[s.at:]
		r, size := utf8.DecodeRuneInString(rest)
		switch {
		case strings.HasPrefix(rest, "//"):
			if size = strings.IndexByte(rest, '\n'); size < 0 {
				size = len(rest)
			}
		case strings.HasPrefix(rest, "/*"):
			end := strings.Index(rest, "*/")
			if end < 0 {
				return newline, false
			}
			newline = newline || strings.Contains(rest[:end], "\n")
			size = end + 2
		case unicode.IsSpace(r) || r == 0xfeff:
			newline = newline || r == '\n'
		default:
			return newline, true
		}
		s.at += size
	}
	return newline, true
}

func (s *scanner) next(t *token) bool {
	r, _ := utf8.DecodeRuneInString(s.source[s.at:])
	switch {
	case isWord(r) && !unicode.IsDigit(r):
		t.kind, t.text = wordToken, s.while(isWord)
	case r >= '0' && r <= '9':
		t.kind, t.text = numberToken, s.while(func(r rune) bool { return isWord(r) || r == '.' })
	case r == '"' || r == '\'':
		t.kind = stringToken
		return s.quoted(t, byte(r))
	case r == '`':
		t.kind = templateToken
		return s.template(t)
	case r == '/' && s.regexMayFollow():
		t.kind = regexToken
		return s.regex(t)
	default:
		t.kind, t.text = punctToken, s.punctuator()
	}
	return true
}

func isWord(r rune) bool {
	return r == '_' || r == '$' || unicode.IsLetter(r) || unicode.IsDigit(r)
}

// while takes the characters that belong.
func (s *scanner) while(belongs func(rune) bool) string {
	from := s.at
	for s.at < len(s.source) {
		r, size := utf8.DecodeRuneInString(s.source[s.at:])
		if !belongs(r) {
			break
		}
		s.at += size
	}
	return s.source[from:s.at]
}

func (s *scanner) quoted(t *token, quote byte) bool {
	var b strings.Builder
	for s.at++; s.at < len(s.source); s.at++ {
		switch c := s.source[s.at]; {
		case c == quote:
			s.at++
			t.text = b.String()
			return true
		case c == '\n':
			return false
		case c == '\\' && s.at+1 < len(s.source):
			s.at++
			b.WriteString(unescape(s.source[s.at]))
		default:
			b.WriteByte(c)
		}
	}
	return false
}

// unescape returns what a character stands for after a backslash. The numbered ones are
// rare, and are left as they are.
func unescape(c byte) string {
	switch c {
	case 'n':
		return "\n"
	case 't':
		return "\t"
	case 'r':
		return "\r"
	case '\n':
		return ""
	}
	return string(rune(c))
}

// template takes a text between backquotes, in which expressions may stand.
func (s *scanner) template(t *token) bool {
	from, depth := s.at+1, 0
	for s.at++; s.at < len(s.source); s.at++ {
		switch c := s.source[s.at]; {
		case c == '\\':
			s.at++
		case c == '`' && depth == 0:
			t.text = s.source[from:s.at]
			s.at++
			return true
		case c == '{' && (depth > 0 || s.source[s.at-1] == '$'):
			depth++
		case c == '}' && depth > 0:
			depth--
		}
	}
	return false
}

// regexMayFollow reports whether a slash begins a regular expression, and does not
// divide what stands before it.
func (s *scanner) regexMayFollow() bool {
	if len(s.list) == 0 {
		return true
	}
	last := s.list[len(s.list)-1]
	return last.kind == punctToken && last.text != ")" && last.text != "]" && last.text != "}" || last.kind == wordToken && (last.text == "return" || last.text == "typeof")
}

func (s *scanner) regex(t *token) bool {
	from, class := s.at, false
	for s.at++; s.at < len(s.source); s.at++ {
		switch c := s.source[s.at]; {
		case c == '\n':
			return false
		case c == '\\':
			s.at++
		case c == '[':
			class = true
		case c == ']':
			class = false
		case c == '/' && !class:
			s.at++
			s.while(unicode.IsLetter)
			t.text = s.source[from:s.at]
			return true
		}
	}
	return false
}

// punctuator takes the longest one.
func (s *scanner) punctuator() string {
	for _, p := range []string{"===", "!==", "...", "**=", "=>", "==", "!=", "<=", ">=", "&&", "||", "??", "?.", "++", "--", "+=", "-=", "*=", "/=", "**"} {
		if strings.HasPrefix(s.source[s.at:], p) {
			s.at += len(p)
			return p
		}
	}
	_, size := utf8.DecodeRuneInString(s.source[s.at:])
	s.at += size
	return s.source[s.at-size : s.at]
}
