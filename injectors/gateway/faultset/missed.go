package faultset

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

const (
	mostKinds  = 256 // of messages that are told apart for one fault
	shownKinds = 5
	longest    = 80 // bytes of a kind
	// ID stands in place of what tells one thing from others of its kind, in a path.
	ID = "{id}"
)

// A Missed is a kind of message that came and did not match a fault: the method and the
// path of a request, in which ids are [ID], a command, or what a statement does.
type Missed struct {
	What  string `json:"what"`
	Count int64  `json:"count"`
}

// missed counts the kinds of messages that a fault is not about. Its size is bounded: of
// what clients send nothing is kept but the beginning, and of kinds the first.
type missed struct {
	mu    sync.Mutex
	kinds map[string]int64
}

func (m *missed) add(kind string) {
	if kind == "" {
		return
	}
	if len(kind) > longest {
		kind = strings.ToValidUTF8(kind[:longest-len("…")], "") + "…"
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, known := m.kinds[kind]; !known && len(m.kinds) >= mostKinds {
		return
	}
	if m.kinds == nil {
		m.kinds = map[string]int64{}
	}
	m.kinds[kind]++
}

// most are the most frequent kinds.
func (m *missed) most() []Missed {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []Missed
	for kind, n := range m.kinds {
		list = append(list, Missed{kind, n})
	}
	slices.SortFunc(list, func(a, b Missed) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.What, b.What))
	})
	return list[:min(len(list), shownKinds)]
}

// CountMissed counts a message that came and does not match the fault, by its kind; ""
// tells none apart.
func (a *Active[R]) CountMissed(kind string) { a.counters.missed.add(kind) }

// Missed returns the most frequent kinds of messages that came and did not match.
func (s *Spec) Missed() []Missed { return s.counters.missed.most() }

// FoldPath returns a path as one of its kind: segments that name one thing among others
// are [ID], and so is what may be a secret. Nothing of a query is kept.
func FoldPath(path []byte) string {
	path, _, _ = bytes.Cut(path, []byte("?"))
	if len(path) > 4*longest {
		path = path[:4*longest] // the rest is cut later in any case
	}
	segments := strings.Split(string(path), "/")
	for i, s := range segments {
		if isID(s) {
			segments[i] = ID
		}
	}
	return strings.Join(segments, "/")
}

// longestWord is how many letters a segment has that is a word, at the most.
const longestWord = 24

// isID reports whether a segment is none of the few words that paths are made of: it is
// long, has signs that words have not, or digits other than one or two at the end (v1).
func isID(segment string) bool {
	switch {
	case !utf8.ValidString(segment):
		return true
	case isMethod(segment):
		return false
	case len(segment) > longestWord:
		return true
	}
	word := strings.TrimRight(segment, "0123456789")
	if digits := len(segment) - len(word); digits > 2 || digits > 0 && word == "" {
		return true
	}
	for _, c := range word {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '-', c == '_', c == '.':
		default:
			return true
		}
	}
	return false
}

// isMethod reports whether a segment is the full name of a gRPC service: words with dots
// between them.
func isMethod(segment string) bool {
	parts := strings.Split(segment, ".")
	return len(parts) > 1 && !slices.ContainsFunc(parts, func(p string) bool { return p == "" || len(p) > longestWord || isID(p) })
}
