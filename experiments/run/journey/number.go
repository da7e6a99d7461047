package journey

import (
	"cmp"
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// A decimal is a number exactly as it was written: 0.digits × 10^exponent.
// Comparing decimals needs no arithmetic, so a number such as 1e999999999 from
// a system under test costs nothing.
type decimal struct {
	negative bool
	digits   string // without zeros at either end; empty for 0
	exponent int64
}

// parseDecimal reads a number in JSON's form.
func parseDecimal(s string) (decimal, bool) {
	// json.Valid also accepts other values, and white space around them.
	if s == "" || len(s) > 1<<16 || s[0] != '-' && !digit(s[0]) || !digit(s[len(s)-1]) || !json.Valid([]byte(s)) {
		return decimal{}, false
	}
	var d decimal
	s, d.negative = strings.CutPrefix(s, "-")
	mantissa, power := s, ""
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa, power = s[:i], s[i+1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	d.exponent = int64(len(whole)) - int64(len(whole)+len(fraction)-len(digits))
	d.digits = strings.TrimRight(digits, "0")
	if d.digits == "" {
		return decimal{}, true // also of -0
	}
	if power != "" {
		// Beyond int64 there is no telling numbers apart that nobody writes.
		p, _ := strconv.ParseInt(power, 10, 64)
		d.exponent += max(-math.MaxInt64/2, min(math.MaxInt64/2, p))
	}
	return d, true
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// compare is negative where d is less than other.
func (d decimal) compare(other decimal) int {
	switch {
	case d.sign() != other.sign():
		return cmp.Compare(d.sign(), other.sign())
	case d.exponent != other.exponent:
		return cmp.Compare(d.exponent, other.exponent) * d.sign()
	}
	return strings.Compare(d.digits, other.digits) * d.sign()
}

func (d decimal) sign() int {
	switch {
	case d.digits == "":
		return 0
	case d.negative:
		return -1
	}
	return 1
}

// numberOf reads a number, or a text that is one: headers hold no numbers.
func numberOf(value any) (decimal, bool) {
	switch v := value.(type) {
	case json.Number:
		return parseDecimal(v.String())
	case string:
		return parseDecimal(v)
	}
	return decimal{}, false
}

// equal compares decoded JSON values: numbers by what they are worth, all
// others by their structure.
func equal(a, b any) bool {
	switch x := a.(type) {
	case json.Number:
		y, ok := b.(json.Number)
		if !ok || x == y {
			return ok
		}
		m, okM := parseDecimal(x.String())
		n, okN := parseDecimal(y.String())
		return okM && okN && m.compare(n) == 0
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
