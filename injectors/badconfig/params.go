package badconfig

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/badconfig/edit"
)

// params reads the parameters of one operator, within the bounds of the catalogue.
// It keeps the first mistake.
type params struct {
	of    string
	given map[string]any
	known []injectors.Attribute
	err   error
}

func (p *params) refuse(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(p.of+": "+format, args...)
	}
}

// done returns the first mistake. An unknown parameter comes before all others: it
// may be the misspelt name of one that is missing.
func (p *params) done() error {
	for _, name := range slices.Sorted(maps.Keys(p.given)) {
		if !slices.ContainsFunc(p.known, func(k injectors.Attribute) bool { return k.Name == name }) {
			names := make([]string, len(p.known))
			for i, k := range p.known {
				names[i] = k.Name
			}
			return fmt.Errorf("%s has no parameter %q; it has %s", p.of, name, figures.List(names, "and"))
		}
	}
	return p.err
}

func (p *params) has(name string) bool {
	_, ok := p.given[name]
	return ok
}

// parameter returns the catalogue's description of a parameter. Asking for one
// that the catalogue does not have is a mistake of the operator's own code: no
// fault with that operator is accepted.
func (p *params) parameter(name string) injectors.Attribute {
	i := slices.IndexFunc(p.known, func(k injectors.Attribute) bool { return k.Name == name })
	if i < 0 {
		p.refuse("the catalogue has no parameter %s", name)
		return injectors.Attribute{Name: name, Words: []string{""}}
	}
	return p.known[i]
}

// text returns a text, or "" when there is none.
func (p *params) text(name string) string {
	v, ok := p.given[name]
	s, isText := v.(string)
	if ok && !isText {
		p.refuse("%s must be a text, not %s", name, describe(v))
	}
	return s
}

// word returns one of the parameter's words, by default the first.
func (p *params) word(name string) string {
	words := p.parameter(name).Words
	s := p.text(name)
	switch {
	case !p.has(name):
		return words[0]
	case !slices.Contains(words, s):
		p.refuse("%s must be %s, not %q", name, figures.List(words, "or"), s)
	}
	return s
}

// place returns the place of parameter path. Without it, the seed chooses one.
func (p *params) place() place {
	if !p.has("path") {
		return place{}
	}
	return p.placeAt("path", p.text("path"))
}

func (p *params) placeAt(name, text string) place {
	at, problem := parsePlace(text)
	if problem != "" {
		p.refuse("%s: %s", name, problem)
	}
	return at
}

// number returns a number as it is written, or "" when there is none.
func (p *params) number(name string) string {
	v, ok := p.given[name]
	if !ok {
		return ""
	}
	s, isNumber := digits(v)
	if text, isText := v.(string); isText && isFraction(text) {
		s, isNumber = text, true
	}
	if !isNumber {
		p.refuse("%s must be a number, not %s", name, describe(v))
		return ""
	}
	return s
}

// digits writes a number, without an exponent where it can. It reports false for values
// that are not numbers.
func digits(v any) (string, bool) {
	switch v := v.(type) {
	case json.Number:
		return v.String(), json.Valid([]byte(v))
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return "", false
		}
		if math.Abs(v) < 1e21 && (v == 0 || math.Abs(v) >= 1e-9) {
			return strconv.FormatFloat(v, 'f', -1, 64), true
		}
		return strconv.FormatFloat(v, 'g', -1, 64), true
	case int:
		return strconv.Itoa(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case uint64:
		return strconv.FormatUint(v, 10), true
	}
	return "", false
}

// isFraction reports whether a text is a fraction such as 1/60.
func isFraction(s string) bool {
	above, below, ok := strings.Cut(s, "/")
	a, errA := strconv.ParseUint(above, 10, 32)
	b, errB := strconv.ParseUint(below, 10, 32)
	return ok && errA == nil && errB == nil && a > 0 && b > 0
}

// count returns a whole number, by default otherwise.
func (p *params) count(name string, otherwise int) int {
	v, ok := p.given[name]
	if !ok {
		return otherwise
	}
	k := p.parameter(name)
	s, isNumber := digits(v)
	n, err := strconv.Atoi(s)
	if !isNumber || err != nil || float64(n) < k.Min || float64(n) > k.Max {
		p.refuse("%s must be a whole number from %.0f to %.0f, not %s", name, k.Min, k.Max, describe(v))
		return otherwise
	}
	return n
}

// share returns a share from 0 to 1, by default otherwise.
func (p *params) share(name string, otherwise float64) float64 {
	v, ok := p.given[name]
	if !ok {
		return otherwise
	}
	s, isNumber := digits(v)
	scale := 1.0
	if text, isText := v.(string); isText {
		s, isNumber = strings.CutSuffix(text, "%")
		scale = 100
	}
	k := p.parameter(name)
	f, err := strconv.ParseFloat(s, 64)
	if f /= scale; !isNumber || err != nil || !(f >= k.Min && f <= k.Max) {
		p.refuse("%s must be a share such as 60%%, not %s", name, describe(v))
		return otherwise
	}
	return f
}

// value returns any value that a document can hold.
func (p *params) value(name string) any {
	v, ok := documentValue(p.given[name])
	if !ok {
		p.refuse("%s is not a value that a document can hold", name)
	}
	return v
}

// documentValue converts a value into the forms of [edit.Change]. It reports false for
// values that a document cannot hold.
func documentValue(v any) (any, bool) {
	if s, ok := digits(v); ok {
		return edit.Literal(s), true
	}
	switch v := v.(type) {
	case nil, bool, string:
		return v, true
	case []any:
		l := make([]any, len(v))
		for i, e := range v {
			var ok bool
			if l[i], ok = documentValue(e); !ok {
				return nil, false
			}
		}
		return l, true
	case map[string]any:
		o := edit.Ordered{}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			value, ok := documentValue(v[key])
			if !ok {
				return nil, false
			}
			o = append(o, edit.Member{Key: key, Value: value})
		}
		return o, true
	}
	return nil, false
}

// values returns places and the values to put there, sorted by path.
func (p *params) values(name string) (places []place, values []any) {
	v, ok := p.given[name]
	m, isMap := v.(map[string]any)
	if ok && (!isMap || len(m) == 0) {
		p.refuse("%s must be an object of paths and values, such as {/timeout: 10}", name)
	}
	for _, path := range slices.Sorted(maps.Keys(m)) {
		value, ok := documentValue(m[path])
		if !ok {
			p.refuse("%s: %s is not a value that a document can hold", name, path)
		}
		places, values = append(places, p.placeAt(name, path)), append(values, value)
	}
	return places, values
}

// describe describes a value in a few words, without the texts inside it.
func describe(v any) string {
	if s, ok := digits(v); ok {
		return s
	}
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(v)
	case string:
		return strconv.Quote(v)
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	}
	return "something else"
}
