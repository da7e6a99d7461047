package journey

import (
	"encoding/json"
	"math/big"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/jsonpath"
)

// A number from a system under test may be as short as 1e999999999 and still need
// gigabytes. Numbers beyond these bounds are not compared as numbers.
const (
	maxDigits   = 4096 // bytes of a number's text
	maxExponent = 4096 // powers of ten, either way
)

// parseNumber parses a number in JSON's form. It reports false for any other
// text, and for a number beyond the bounds.
func parseNumber(s string) (*big.Rat, bool) {
	// json.Valid also accepts other values, and white space around them.
	if s == "" || len(s) > maxDigits || s[0] != '-' && !isDigit(s[0]) || !isDigit(s[len(s)-1]) || !json.Valid([]byte(s)) {
		return nil, false
	}
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		exponent, err := strconv.Atoi(s[i+1:])
		if err != nil || exponent > maxExponent || exponent < -maxExponent {
			return nil, false
		}
	}
	return new(big.Rat).SetString(s)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// numberOf returns the value of a JSON number, or of a string that holds one:
// headers have no numbers.
func numberOf(value any) (*big.Rat, bool) {
	switch v := value.(type) {
	case json.Number:
		return parseNumber(v.String())
	case string:
		return parseNumber(v)
	}
	return nil, false
}

// equalNumbers compares the values of two numbers.
func equalNumbers(a, b string) bool {
	shortA, okA := shortest(a)
	shortB, okB := shortest(b)
	if okA && okB {
		return shortA == shortB
	}
	m, okA := parseNumber(a)
	n, okB := parseNumber(b)
	return okA && okB && m.Cmp(n) == 0
}

// shortest returns a number without the zeros at its end that mean nothing. It reports
// false for one with an exponent, and for what is no number. Prices are compared in
// every journey, and this allocates nothing.
func shortest(s string) (short string, ok bool) {
	digits := strings.TrimPrefix(s, "-")
	whole, fraction, point := strings.Cut(digits, ".")
	if len(s) > maxDigits || !allDigits(whole) || len(whole) > 1 && whole[0] == '0' || point && !allDigits(fraction) {
		return "", false
	}
	if point {
		s = strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
	}
	if s == "-0" {
		s = "0"
	}
	return s, true
}

func allDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

// equal compares decoded JSON values: numbers by their value, everything else by
// its structure.
func equal(a, b any) bool {
	switch x := a.(type) {
	case json.Number:
		y, ok := b.(json.Number)
		if !ok || x == y {
			return ok
		}
		return equalNumbers(x.String(), y.String())
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for i := range x {
			if !equal(x[i], y[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for key, inner := range x {
			other, ok := y[key]
			if !ok || !equal(inner, other) {
				return false
			}
		}
		return true
	}
	switch b.(type) {
	case []any, map[string]any: // not comparable with ==
		return false
	}
	return a == b
}

// equalValue compares a value of an answer as equal does. It makes no list and no
// object of the answer, which may be as large as the whole.
func equalValue(v jsonpath.Value, want any) bool {
	switch w := want.(type) {
	case []any:
		return equalList(v, w)
	case map[string]any:
		return equalObject(v, w)
	}
	return !nests(v) && equal(v.Scalar(), want)
}

func nests(v jsonpath.Value) bool { return v.Kind() == jsonpath.List || v.Kind() == jsonpath.Object }

func equalList(v jsonpath.Value, want []any) bool {
	if v.Kind() != jsonpath.List {
		return false
	}
	i := 0
	for e := range v.Elements() {
		if i == len(want) || !equalValue(e, want[i]) {
			return false
		}
		i++
	}
	return i == len(want)
}

// equalObject compares the last of each name's members, and looks for names that are
// not wanted.
func equalObject(v jsonpath.Value, want map[string]any) bool {
	if v.Kind() != jsonpath.Object {
		return false
	}
	for name := range v.Names() {
		if _, wanted := want[name]; !wanted {
			return false
		}
	}
	for name, inner := range want {
		if member, ok := v.Member(name); !ok || !equalValue(member, inner) {
			return false
		}
	}
	return true
}
