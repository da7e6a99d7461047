package badconfig

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// opRetype gives a value another type. A schema mostly catches it, but not a YAML
// text that lost its quotes. A robust reader keeps the last good document.
func opRetype() operator {
	return operator{"retype", true, func(p *params, m *Mutation) func(Document) (Result, error) {
		at, to := p.place("path"), p.word("to")
		suits := func(n *node) string {
			if _, ok := retyped(n, to); !ok {
				return shown(n.pointer()) + " is " + n.kind.String() + " already, or cannot become " + to
			}
			return ""
		}
		return onTree(m, eachFound(at, choice{suits, prefer(func(n *node) bool { return isLeaf(n) && isSet(n) }), "value to retype"}, func(n *node) (change, string) {
			v, _ := retyped(n, to)
			return change{do: set, at: n, value: v}, "was " + n.kind.String() + " and is " + kindOf(v)
		}))
	}}
}

// kindOf is what a new value is.
func kindOf(v any) string {
	switch v := v.(type) {
	case nil:
		return null.String()
	case bool:
		return boolean.String()
	case string:
		return text.String()
	case []any:
		return list.String()
	case ordered:
		return object.String()
	case wrapped:
		return v.kind.String()
	case literal:
		switch {
		case v == "true" || v == "false":
			return boolean.String()
		case json.Valid([]byte(v)):
			return number.String()
		}
	}
	return "a text without its quotes"
}

// retyped is a value in another type; false where it has that type already.
func retyped(n *node, to string) (any, bool) {
	switch to {
	case "natural":
		return naturally(n)
	case "string":
		return asText(n), n.kind != text
	case "locale":
		return localised(n)
	case "number":
		return asNumber(n), n.kind != number
	case "boolean":
		return asBoolean(n), n.kind != boolean
	case "list":
		return []any{wrapped{n}}, n.kind != list
	case "object":
		return ordered{{"value", wrapped{n}}}, n.kind != object
	}
	if n.kind != list || n.alias {
		return nil, false
	}
	if len(n.inner) == 0 {
		return nil, true
	}
	return wrapped{n.inner[0]}, true
}

// naturally is the mistake that people make with such a value.
func naturally(n *node) (any, bool) {
	switch n.kind {
	case number:
		if v, ok := localised(n); ok && strings.Contains(n.value, ".") {
			return v, true
		}
		return n.value, true
	case boolean:
		return n.value, true
	case null:
		return "null", true
	case list:
		return retyped(n, "scalar")
	case object:
		return []any{wrapped{n}}, true
	}
	switch {
	case n.quote != 0 && n.yaml != nil && losesText(n.value):
		return literal(n.value), true
	case json.Valid([]byte(n.value)) && isNumber(n.value):
		return literal(n.value), true
	case saysNo(n.value) || saysYes(n.value):
		return asBoolean(n), true
	}
	return []any{wrapped{n}}, true
}

// losesText knows texts that are something else to some version of YAML when
// their quotes are gone.
var lostForm = regexp.MustCompile(`^([+-]?[0-9][0-9_]*(\.[0-9]*)?([eE][+-]?[0-9]+)?|0x[0-9a-fA-F]+|0o?[0-7]+|[0-9]+(:[0-5]?[0-9])+|[0-9]{4}-[0-9]{2}-[0-9]{2}|[A-Za-z]+|~)$`)

func losesText(s string) bool { return lostForm.MatchString(s) && isYAMLWord(s) }

func isNumber(s string) bool { return s != "" && (s[0] == '-' || s[0] >= '0' && s[0] <= '9') }

func saysNo(s string) bool {
	return slices.Contains([]string{"no", "n", "off", "false", "0", ""}, strings.ToLower(s))
}

func saysYes(s string) bool {
	return slices.Contains([]string{"yes", "y", "on", "true", "1"}, strings.ToLower(s))
}

func asText(n *node) any {
	switch n.kind {
	case number, boolean:
		return n.value
	}
	return encode(n.ordered(false))
}

// localised writes a number as half of the world does: 1234.50 as "1.234,50".
func localised(n *node) (any, bool) {
	if n.kind != number || !decimalForm.MatchString(n.value) {
		return nil, false
	}
	whole, fraction, _ := strings.Cut(n.value, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "." + whole[i:]
	}
	if fraction == "" {
		fraction = "00"
	}
	return sign + whole + "," + fraction, true
}

var decimalForm = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)

// asNumber is what a careless reader makes of a value: the number that its text
// begins with, or 0.
func asNumber(n *node) any {
	switch n.kind {
	case boolean:
		return literal(map[string]string{"true": "1"}[n.value] + map[string]string{"false": "0"}[n.value])
	case text:
		if s := numberPrefix.FindString(strings.TrimSpace(n.value)); json.Valid([]byte(s)) {
			return literal(s)
		}
	case list:
		return literal(strconv.Itoa(len(n.inner)))
	}
	return literal("0")
}

var numberPrefix = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?`)

func asBoolean(n *node) any {
	switch n.kind {
	case number:
		return strings.Trim(n.value, "-0.") != ""
	case text:
		return !saysNo(n.value)
	case null:
		return false
	}
	return true
}

// opDuplicate repeats entries or keys. A schema catches it only with uniqueness and
// a maximum; none sees a key that stands twice. A robust reader keeps the last good
// document.
func opDuplicate() operator {
	return operator{"duplicate", false, func(p *params, m *Mutation) func(Document) (Result, error) {
		at, times, as := p.place("path"), p.count("times", 2), p.word("as")
		var second *entry
		if p.has("value") {
			second = &entry{value: p.value("value"), as: true}
		}
		if second != nil && as == "entries" {
			p.refuse("value is about a key that stands twice: say as: key")
		}
		m.parses = as == "entries"
		return onTree(m, duplicated(at, times, as, second))
	}}
}

func duplicated(at place, times int, as string, second *entry) step {
	inside := func(n *node) bool { // its entries are repeated
		return n.kind >= list && !n.alias && (as == "entries" || as == "natural" && n.kind == list && second == nil)
	}
	suits := func(n *node) string {
		switch {
		case inside(n) && len(n.inner) == 0:
			return shown(n.pointer()) + " has no entries"
		case !inside(n) && as == "entries":
			return shown(n.pointer()) + " is no collection"
		case !inside(n) && n.up == nil:
			return "the whole document cannot stand twice in itself"
		case !inside(n) && (as == "key" || second != nil) && !n.member:
			return shown(n.pointer()) + " has no key"
		}
		return ""
	}
	return func(t *tree, doc Document) ([]change, string, error) {
		offers := prefer(inside, func(n *node) bool { return n.member })
		found, err := t.find(at, doc.Seed, choice{suits, offers, "entries to repeat"})
		if err != nil {
			return nil, "", err
		}
		var changes []change
		for _, n := range found {
			changes = append(changes, duplicateOf(n, times, inside(n), second))
		}
		return changes, "stands " + strconv.Itoa(times) + " times", nil
	}
}

func duplicateOf(n *node, times int, inside bool, second *entry) change {
	switch {
	case inside && n.kind == list:
		return repeated(n, n.inner, times-1)
	case inside:
		c := repeated(n, n.inner, times-1)
		for i := range c.list {
			c.list[i].key = freeName(n, c.list[i].from.key+"_"+strconv.Itoa(i/len(n.inner)+2))
		}
		return c
	}
	c := change{do: add, at: n.up, after: n, about: n}
	for range times - 1 {
		e := entry{from: n}
		if second != nil {
			e.value, e.as = second.value, true
		}
		c.list = append(c.list, e)
	}
	return c
}
