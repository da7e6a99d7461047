package http

import (
	"bytes"
	"maps"
	"net/url"
	"slices"

	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/gateway/faultset"
)

// A request is an HTTP request as filters look at it.
type request interface {
	method() []byte
	path() []byte // without query, as it was sent
	grpc() bool   // whether it is a gRPC call
	// hasHeader reports whether any value of the header satisfies ok.
	hasHeader(name string, ok func(value []byte) bool) bool
}

// A filter selects the requests that a fault is about; the zero filter selects all. It
// is made once, when the fault is added: looking at a request allocates nothing.
type filter struct {
	onlyGRPC bool
	takes    criteria
	spares   *criteria // nil: none
}

// Criteria are what a request has to fit: one value of each kind that is given.
type criteria struct {
	methods []string
	paths   []string // patterns
	calls   []string // patterns for the path of gRPC calls
	headers []wanted
}

// A wanted header is one that has a value of which ok is true.
type wanted struct {
	name string
	ok   func(value []byte) bool
}

// A pair is a header.
type pair struct{ name, value string }

func newFilter(match injectors.Attributes) filter {
	f := filter{takes: newCriteria(match)}
	if spared := match.Group("not"); spared != nil {
		c := newCriteria(spared)
		f.spares = &c
	}
	return f
}

func newCriteria(given injectors.Attributes) criteria {
	c := criteria{methods: given.Texts("method"), paths: given.Texts("path"), calls: given.Texts("grpc")}
	headers, baggage := given.Group("headers"), given.Group("baggage")
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		values := headers.Texts(name)
		c.headers = append(c.headers, wanted{name, func(value []byte) bool { return isOneOf(value, values) }})
	}
	for _, key := range slices.Sorted(maps.Keys(baggage)) {
		values := baggage.Texts(key)
		c.headers = append(c.headers, wanted{"baggage", func(header []byte) bool { return hasBaggage(header, key, values) }})
	}
	return c
}

func sortedPairs(table map[string]string) []pair {
	var list []pair
	for _, name := range slices.Sorted(maps.Keys(table)) {
		list = append(list, pair{name, table[name]})
	}
	return list
}

func isOneOf(value []byte, list []string) bool {
	return slices.ContainsFunc(list, func(one string) bool { return string(value) == one })
}

func (f *filter) matches(r request) bool {
	if f.onlyGRPC && !r.grpc() || !f.takes.fit(r) {
		return false
	}
	return f.spares == nil || !f.spares.fit(r)
}

// fit reports whether a request fits the criteria, all of them.
func (c *criteria) fit(r request) bool {
	switch {
	case len(c.calls) > 0 && !r.grpc(),
		len(c.methods) > 0 && !isOneOf(r.method(), c.methods),
		len(c.paths) > 0 && !faultset.MatchAnyGlob(c.paths, r.path(), '/'),
		len(c.calls) > 0 && !faultset.MatchAnyGlob(c.calls, r.path(), '/'):
		return false
	}
	for i := range c.headers {
		if !r.hasHeader(c.headers[i].name, c.headers[i].ok) {
			return false
		}
	}
	return true
}

// hasBaggage reports whether a baggage header (https://www.w3.org/TR/baggage/) has an
// entry of the name with one of the values: key=value;property, separated by commas, values percent-encoded.
func hasBaggage(header []byte, name string, values []string) bool {
	for len(header) > 0 {
		var member []byte
		member, header, _ = bytes.Cut(header, []byte(","))
		member, _, _ = bytes.Cut(member, []byte(";"))
		key, value, ok := bytes.Cut(member, []byte("="))
		if ok && string(trim(key)) == name && decodesToOneOf(trim(value), values) {
			return true
		}
	}
	return false
}

func decodesToOneOf(value []byte, values []string) bool {
	if bytes.IndexByte(value, '%') < 0 {
		return isOneOf(value, values)
	}
	decoded, err := url.PathUnescape(string(value))
	return err == nil && slices.Contains(values, decoded)
}

// trim takes optional white space off both ends.
func trim(b []byte) []byte { return bytes.Trim(b, " \t") }
