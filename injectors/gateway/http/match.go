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

// A filter selects the requests that a fault is about; the zero filter selects all.
type filter struct {
	onlyGRPC bool
	method   string
	path     string // a pattern
	call     string // a pattern for the path of gRPC calls
	headers  []pair
	baggage  []pair
}

// A pair is a header, or an entry of the baggage header.
type pair struct{ name, value string }

func newFilter(match injectors.Attributes) filter {
	call := match.Text("grpc")
	return filter{
		method: match.Text("method"), path: match.Text("path"), call: call, onlyGRPC: call != "",
		headers: sortedPairs(match.Table("headers")), baggage: sortedPairs(match.Table("baggage")),
	}
}

func sortedPairs(table map[string]string) []pair {
	var list []pair
	for _, name := range slices.Sorted(maps.Keys(table)) {
		list = append(list, pair{name, table[name]})
	}
	return list
}

func (f *filter) matches(r request) bool {
	switch {
	case f.onlyGRPC && !r.grpc(),
		f.method != "" && string(r.method()) != f.method,
		f.path != "" && !faultset.MatchGlob(f.path, r.path(), '/'),
		f.call != "" && !faultset.MatchGlob(f.call, r.path(), '/'):
		return false
	}
	for _, h := range f.headers {
		if !r.hasHeader(h.name, func(value []byte) bool { return string(value) == h.value }) {
			return false
		}
	}
	for _, b := range f.baggage {
		if !r.hasHeader("baggage", func(value []byte) bool { return hasBaggage(value, b) }) {
			return false
		}
	}
	return true
}

// hasBaggage reports whether a baggage header (https://www.w3.org/TR/baggage/) has the
// entry: key=value;property, separated by commas, values percent-encoded.
func hasBaggage(header []byte, want pair) bool {
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
