// Package redact is the one way from a text that comes from outside to a text that
// may be shown.
//
// Answers, errors, the output of commands and the rows of databases may repeat the
// secrets that a run uses. They may also be of any length, so that they are cut. A
// secret that is cut is not recognised any more, and most of it would be shown. The
// methods here take a text and the bound of what is shown, and hide before they cut,
// so that no caller can do it in the other order.
//
// A secret is recognised as it is and where it is escaped for JSON, a URL or HTML,
// several times over if need be; in base64 and in hexadecimal digits; in any case;
// and where lines are broken inside it. Where a text was cut before it came here, an
// end that may be the beginning of a secret is not shown.
package redact

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"
	"unicode/utf8"
)

const (
	// minSecret is the length in bytes from which on a secret is hidden. Shorter texts
	// are in many words by chance, and a value of two characters keeps no secret.
	minSecret = 3
	// mark stands where a text was cut.
	mark = "..."
	// Hidden is shown in place of a secret that has no name.
	Hidden = "***"
)

// Secrets are texts that must not be shown, each with the text that is shown in its
// place. The zero value holds none, and so does nil. They may be used by several
// goroutines.
type Secrets struct {
	mu    sync.Mutex
	list  []secret
	ready atomic.Pointer[matcher] // of list; nil: to be made
}

type secret struct{ value, instead string }

// FromEnv returns the secrets in environment variables, by their names. Those that are
// not set hold none, and neither does an environment that is nil.
func FromEnv(names []string, getenv func(string) (string, bool)) *Secrets {
	s := &Secrets{}
	if getenv == nil {
		return s
	}
	for _, name := range names {
		if value, ok := getenv(name); ok {
			s.HideEnv(name, value)
		}
	}
	return s
}

// HideEnv hides the value of an environment variable behind its name, and the
// credentials in it where it is a URL.
func (s *Secrets) HideEnv(name, value string) {
	s.Hide(value, "${env:"+name+"}")
	s.HideURL(value)
}

// HideURL hides the credentials in a URL: the password as it is written and decoded,
// what a client sends in its place, and passwords in the query. Any other text has
// none.
func (s *Secrets) HideURL(text string) {
	_, rest, ok := strings.Cut(text, "://")
	if !ok {
		return
	}
	authority, query, _ := strings.Cut(rest, "?")
	// A password that holds a slash, a question mark or a hash belongs into no URL, and is
	// written there anyway.
	for _, part := range []string{authority, rest} {
		if at := strings.LastIndexByte(part, '@'); at >= 0 {
			s.hideUserinfo(part[:at])
		}
	}
	query, _, _ = strings.Cut(query, "#")
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if SecretName(name) || strings.HasSuffix(strings.ToLower(name), "key") {
			s.Hide(value, Hidden)
			s.Hide(unescaped(value, url.QueryUnescape), Hidden)
		}
	}
}

func (s *Secrets) hideUserinfo(userinfo string) {
	user, password, ok := strings.Cut(userinfo, ":")
	if !ok {
		return
	}
	decoded := unescaped(password, url.PathUnescape)
	s.Hide(password, Hidden)
	s.Hide(decoded, Hidden)
	s.Hide(base64.StdEncoding.EncodeToString([]byte(unescaped(user, url.PathUnescape)+":"+decoded)), Hidden)
}

// unescaped returns a text without its escapes; unchanged where it is not well-formed.
func unescaped(text string, unescape func(string) (string, error)) string {
	if plain, err := unescape(text); err == nil {
		return plain
	}
	return text
}

// Hide hides a secret, and shows instead in its place. A text of less than three bytes
// is not hidden.
func (s *Secrets) Hide(value, instead string) {
	if len(strings.TrimSpace(value)) < minSecret {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if one := (secret{value, instead}); !slices.Contains(s.list, one) {
		s.list = append(s.list, one)
		s.ready.Store(nil)
	}
}

// HideAll hides what others hides.
func (s *Secrets) HideAll(others *Secrets) {
	if others == nil || others == s {
		return
	}
	others.mu.Lock()
	list := slices.Clone(others.list)
	others.mu.Unlock()
	for _, one := range list {
		s.Hide(one.value, one.instead)
	}
}

// matcher returns what finds the secrets.
func (s *Secrets) matcher() *matcher {
	if s == nil {
		return &matcher{}
	}
	if m := s.ready.Load(); m != nil {
		return m
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m := newMatcher(s.list)
	s.ready.Store(m)
	return m
}

// Text returns a text as it may be shown, of at most most bytes and a mark where it
// was cut.
func (s *Secrets) Text(raw string, most int) string { return s.show(raw, most, asIs) }

// Line is like Text, and puts the text on one line.
func (s *Secrets) Line(raw string, most int) string { return s.show(raw, most, joinLines) }

// Plain is like Text, and puts the text on one line without what could command a
// terminal.
func (s *Secrets) Plain(raw string, most int) string { return s.show(raw, most, printable) }

// FirstLine is like Text, for the first line that is not blank.
func (s *Secrets) FirstLine(raw string, most int) string { return s.show(raw, most, firstLine) }

// Error returns an error with the class and the parts of err, and its text as
// [Secrets.Text] shows it.
func (s *Secrets) Error(err error, most int) error {
	return &shownError{s.Text(err.Error(), most), err}
}

// A shownError is an error whose text may be shown.
type shownError struct {
	text string
	err  error
}

func (e *shownError) Error() string { return e.text }

func (e *shownError) Unwrap() error { return e.err }

// A shape changes what a text looks like.
type shape func(string) string

func asIs(text string) string { return text }

func joinLines(text string) string { return strings.Join(strings.Fields(text), " ") }

func printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsPrint(r) && r != utf8.RuneError:
			return r
		case unicode.IsSpace(r):
			return ' '
		}
		return '?'
	}, text)
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(line)
}

// show hides, shapes and cuts a text, in this order.
func (s *Secrets) show(raw string, most int, to shape) string {
	// Nobody sees what stands far behind the cut, so nobody has to look for secrets there.
	seen := min(len(raw), max(8*most, 4096))
	return s.shorten([]byte(raw[:seen]), seen < len(raw), most, to)
}

// shorten shows a text that was cut where more is set.
func (s *Secrets) shorten(raw []byte, more bool, most int, to shape) string {
	m := s.matcher()
	e := edges{end: more}
	hidden := m.hide(raw, e)
	text := to(hidden)
	if text != hidden {
		// What did not look like a secret may look like one now.
		text = m.hide([]byte(text), e)
	}
	// The text may have no end that is shown although it was cut, as a first line has not.
	return cut(text, most, more && len(text) >= len(hidden))
}

// cut returns at most most bytes of a text, and a mark where anything is missing. A
// text that was cut before, to the same length, stays as it is.
func cut(text string, most int, more bool) string {
	if len(text) <= most+len(mark) && strings.HasSuffix(text, mark) {
		return text
	}
	if len(text) > most {
		text, more = text[:wholeRunes(text, most)], true
	}
	if more {
		text += mark
	}
	return text
}

// wholeRunes returns how many of the first most bytes belong to whole characters.
func wholeRunes(text string, most int) int {
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return most
}
