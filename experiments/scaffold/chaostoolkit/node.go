package chaostoolkit

import (
	"encoding/json"
	"strconv"
	"unicode/utf16"

	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

// lookup returns the value of a key of what may be no mapping, and no node at all.
func lookup(n shape.Node, key string) (v shape.Node, ok bool) {
	if n == (shape.Node{}) {
		return v, false
	}
	return n.Lookup(key)
}

// textOf returns the text of a single value of a mapping; empty if there is none.
func textOf(n shape.Node, key string) string {
	if v, ok := lookup(n, key); ok && v.IsScalar() && v.Kind() != shape.Null {
		return v.Text()
	}
	return ""
}

// valuesOf returns the items of a list; what is no list is the only one.
func valuesOf(n shape.Node) []shape.Node {
	if n.Kind() == shape.Sequence {
		return n.Items()
	}
	return []shape.Node{n}
}

// mask hides credentials in the lines that messages show.
func mask(text string) string {
	return writtenSecret.ReplaceAllString(redact.Logins(text), "$1********")
}

// writtenSecret matches the value of a header or a key whose name says that it is secret.
var writtenSecret = lazyregexp.New(`(?i)("?[\w-]*(?:authorization|password|passwd|secret|token|api[_-]?key|credential)[\w-]*"?\s*:\s*["']?)[^\s"'{\[$][^"']*`)

var surrogates = lazyregexp.New(`\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})`)

// joinSurrogates writes characters out that JSON holds as two escapes, which YAML has not.
// Lines stay where they are.
func joinSurrogates(text []byte) []byte {
	if !json.Valid(text) {
		return text
	}
	return surrogates.Regexp().ReplaceAllFunc(text, func(pair []byte) []byte {
		high, _ := strconv.ParseUint(string(pair[2:6]), 16, 16)
		low, _ := strconv.ParseUint(string(pair[8:12]), 16, 16)
		return []byte(string(utf16.DecodeRune(rune(high), rune(low))))
	})
}
