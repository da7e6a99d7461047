package gateway

import (
	"bytes"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// A message is a request as matchers look at it.
type message interface {
	method() []byte
	path() []byte // without query, as it was sent
	grpc() bool   // whether it is a gRPC call
	// has says whether any value of the header satisfies ok.
	has(header string, ok func(value []byte) bool) bool
}

// A matcher says which requests a fault is meant for; the zero matcher says all.
type matcher struct {
	onlyGRPC bool
	method   string
	path     string // a pattern
	call     string // a pattern for the path of gRPC calls
	headers  []pair
	baggage  []pair
}

type pair struct{ name, value string }

func newMatcher(a *matchAttributes) matcher {
	if a == nil {
		return matcher{}
	}
	return matcher{
		method: a.Method, path: a.Path, call: a.GRPC, onlyGRPC: a.GRPC != "",
		headers: pairs(a.Headers), baggage: pairs(a.Baggage),
	}
}

func pairs(table map[string]string) []pair {
	var list []pair
	for _, name := range slices.Sorted(maps.Keys(table)) {
		list = append(list, pair{name, table[name]})
	}
	return list
}

func (w *matcher) matches(m message) bool {
	switch {
	case w.onlyGRPC && !m.grpc(),
		w.method != "" && string(m.method()) != w.method,
		w.path != "" && !fits(w.path, m.path()),
		w.call != "" && !fits(w.call, m.path()):
		return false
	}
	for _, h := range w.headers {
		if !m.has(h.name, func(value []byte) bool { return string(value) == h.value }) {
			return false
		}
	}
	for _, b := range w.baggage {
		if !m.has("baggage", func(value []byte) bool { return carries(value, b) }) {
			return false
		}
	}
	return true
}

// fits says whether all of path fits the pattern, in which * is any text without
// a slash and ** any text. What follows a star is tried at the earliest place
// first; when that fails it is enough to move the last star, and when that
// cannot move past a slash, the last double star. So the time is at most the
// product of the lengths.
func fits(pattern string, path []byte) bool {
	type retry struct{ pattern, path int } // where to go on when the star takes one byte more
	star, stars := retry{-1, 0}, retry{-1, 0}
	p, s := 0, 0
	for {
		switch {
		case strings.HasPrefix(pattern[p:], "**"):
			p += 2
			stars, star = retry{p, s}, retry{-1, 0}
		case p < len(pattern) && pattern[p] == '*':
			p++
			star = retry{p, s}
		case p < len(pattern) && s < len(path) && pattern[p] == path[s]:
			p, s = p+1, s+1
		case p == len(pattern) && s == len(path):
			return true
		case star.pattern >= 0 && star.path < len(path) && path[star.path] != '/':
			star.path++
			p, s = star.pattern, star.path
		case stars.pattern >= 0 && stars.path < len(path):
			stars.path++
			star = retry{-1, 0}
			p, s = stars.pattern, stars.path
		default:
			return false
		}
	}
}

// carries says whether a baggage header (https://www.w3.org/TR/baggage/) has the
// entry: key=value;property, separated by commas, values percent-encoded.
func carries(header []byte, want pair) bool {
	for len(header) > 0 {
		var member []byte
		member, header, _ = bytes.Cut(header, []byte(","))
		member, _, _ = bytes.Cut(member, []byte(";"))
		key, value, ok := bytes.Cut(member, []byte("="))
		if ok && string(trim(key)) == want.name && decodesTo(trim(value), want.value) {
			return true
		}
	}
	return false
}

func decodesTo(value []byte, want string) bool {
	if bytes.IndexByte(value, '%') < 0 {
		return string(value) == want
	}
	decoded, err := url.PathUnescape(string(value))
	return err == nil && decoded == want
}

// trim takes optional white space off both ends.
func trim(b []byte) []byte { return bytes.Trim(b, " \t") }
