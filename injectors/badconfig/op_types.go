package badconfig

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/blastgauge/blastgauge/injectors/badconfig/edit"
)

// opRetype gives a value another type. A schema mostly catches it, but not a YAML
// text that lost its quotes. A robust reader keeps the last good document.
func opRetype() operator {
	return operator{"retype", true, func(p *params, m *Mutation) func(Document) (Result, error) {
		at, to := p.place(), p.word("to")
		suits := func(n *edit.Node) string {
			if _, ok := retyped(n, to); !ok {
				return shown(n.Pointer()) + " is " + n.Kind.String() + " already, or cannot become " + to
			}
			return ""
		}
		return onTree(m, eachFound(at, choice{suits, prefer(func(n *edit.Node) bool { return isLeaf(n) && isSet(n) }), "value to retype"}, func(n *edit.Node) (edit.Change, string) {
			v, _ := retyped(n, to)
			return edit.Change{Do: edit.Set, At: n, Value: v}, "was " + n.Kind.String() + " and is " + kindOf(v)
		}))
	}}
}

// kindOf describes the type of a new value.
func kindOf(v any) string {
	switch v := v.(type) {
	case nil:
		return edit.Null.String()
	case bool:
		return edit.Boolean.String()
	case string:
		return edit.String.String()
	case []any:
		return edit.List.String()
	case edit.Ordered:
		return edit.Object.String()
	case edit.Existing:
		return v.Kind.String()
	case edit.Literal:
		switch {
		case v == "true" || v == "false":
			return edit.Boolean.String()
		case json.Valid([]byte(v)):
			return edit.Number.String()
		}
	}
	return "a text without its quotes"
}

// retyped returns a value in another type. It reports false when the value has that type
// already.
func retyped(n *edit.Node, to string) (any, bool) {
	switch to {
	case "natural":
		return naturally(n)
	case "string":
		return asText(n), n.Kind != edit.String
	case "locale":
		return localised(n)
	case "number":
		return asNumber(n), n.Kind != edit.Number
	case "boolean":
		return asBoolean(n), n.Kind != edit.Boolean
	case "list":
		return []any{edit.Existing{Node: n}}, n.Kind != edit.List
	case "object":
		return edit.Ordered{{Key: "value", Value: edit.Existing{Node: n}}}, n.Kind != edit.Object
	}
	if n.Kind != edit.List || n.IsAlias {
		return nil, false
	}
	if len(n.Children) == 0 {
		return nil, true
	}
	return edit.Existing{Node: n.Children[0]}, true
}

// naturally returns the mistake that people make with such a value.
func naturally(n *edit.Node) (any, bool) {
	switch n.Kind {
	case edit.Number:
		if v, ok := localised(n); ok && strings.Contains(n.Value, ".") {
			return v, true
		}
		return n.Value, true
	case edit.Boolean:
		return n.Value, true
	case edit.Null:
		return "null", true
	case edit.List:
		return retyped(n, "scalar")
	case edit.Object:
		return []any{edit.Existing{Node: n}}, true
	}
	switch {
	case n.Quote != 0 && n.InYAML() && losesText(n.Value):
		return edit.Literal(n.Value), true
	case json.Valid([]byte(n.Value)) && isNumber(n.Value):
		return edit.Literal(n.Value), true
	case saysNo(n.Value) || saysYes(n.Value):
		return asBoolean(n), true
	}
	return []any{edit.Existing{Node: n}}, true
}

// lostForm matches texts that may be something else to a YAML reader without quotes.
var lostForm = lazyregexp.New(`^([+-]?[0-9][0-9_]*(\.[0-9]*)?([eE][+-]?[0-9]+)?|0x[0-9a-fA-F]+|0o?[0-7]+|[0-9]+(:[0-5]?[0-9])+|[0-9]{4}-[0-9]{2}-[0-9]{2}|[A-Za-z]+|~)$`)

// losesText reports whether some version of YAML takes a text for something else when its
// quotes are gone.
func losesText(s string) bool { return lostForm.MatchString(s) && edit.IsYAMLWord(s) }

func isNumber(s string) bool { return s != "" && (s[0] == '-' || s[0] >= '0' && s[0] <= '9') }

func saysNo(s string) bool {
	return slices.Contains([]string{"no", "n", "off", "false", "0", ""}, strings.ToLower(s))
}

func saysYes(s string) bool {
	return slices.Contains([]string{"yes", "y", "on", "true", "1"}, strings.ToLower(s))
}

func asText(n *edit.Node) any {
	switch n.Kind {
	case edit.Number, edit.Boolean:
		return n.Value
	}
	return edit.Encode(n.Ordered(false))
}

// localised writes a number as many countries do: 1234.50 as "1.234,50".
func localised(n *edit.Node) (any, bool) {
	if n.Kind != edit.Number || !decimalForm.MatchString(n.Value) {
		return nil, false
	}
	whole, fraction, _ := strings.Cut(n.Value, ".")
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

var decimalForm = lazyregexp.New(`^-?[0-9]+(\.[0-9]+)?$`)

// asNumber returns what a careless reader makes of a value: the number that its text begins
// with, or 0.
func asNumber(n *edit.Node) any {
	switch n.Kind {
	case edit.Boolean:
		return edit.Literal(map[string]string{"true": "1"}[n.Value] + map[string]string{"false": "0"}[n.Value])
	case edit.String:
		if s := numberPrefix.FindString(strings.TrimSpace(n.Value)); json.Valid([]byte(s)) {
			return edit.Literal(s)
		}
	case edit.List:
		return edit.Literal(strconv.Itoa(len(n.Children)))
	}
	return edit.Literal("0")
}

var numberPrefix = lazyregexp.New(`^-?[0-9]+(\.[0-9]+)?`)

func asBoolean(n *edit.Node) any {
	switch n.Kind {
	case edit.Number:
		return strings.Trim(n.Value, "-0.") != ""
	case edit.String:
		return !saysNo(n.Value)
	case edit.Null:
		return false
	}
	return true
}

// opDuplicate repeats entries or keys. A schema catches it only with uniqueness and
// a maximum; none sees a key that stands twice. A robust reader keeps the last good
// document.
func opDuplicate() operator {
	return operator{"duplicate", false, func(p *params, m *Mutation) func(Document) (Result, error) {
		at, times, as := p.place(), p.count("times", 2), p.word("as")
		var second *edit.Entry
		if p.has("value") {
			second = &edit.Entry{Value: p.value("value"), UseValue: true}
		}
		m.parses = as == "entries"
		return onTree(m, duplicated(at, times, as, second))
	}}
}

func duplicated(at place, times int, as string, second *edit.Entry) step {
	inside := func(n *edit.Node) bool { // its entries are repeated
		return n.Kind >= edit.List && !n.IsAlias && (as == "entries" || as == "natural" && n.Kind == edit.List && second == nil)
	}
	suits := func(n *edit.Node) string {
		switch {
		case inside(n) && len(n.Children) == 0:
			return shown(n.Pointer()) + " has no entries"
		case !inside(n) && as == "entries":
			return shown(n.Pointer()) + " is no collection"
		case !inside(n) && n.Parent == nil:
			return "the whole document cannot stand twice in itself"
		case !inside(n) && (as == "key" || second != nil) && !n.IsMember:
			return shown(n.Pointer()) + " has no key"
		}
		return ""
	}
	return func(t *edit.Tree, doc Document) ([]edit.Change, string, error) {
		offers := prefer(inside, func(n *edit.Node) bool { return n.IsMember })
		found, err := findNodes(t, at, doc.Seed, choice{suits, offers, "entries to repeat"})
		if err != nil {
			return nil, "", err
		}
		var changes []edit.Change
		for _, n := range found {
			changes = append(changes, duplicateOf(n, times, inside(n), second))
		}
		return changes, "stands " + strconv.Itoa(times) + " times", nil
	}
}

func duplicateOf(n *edit.Node, times int, inside bool, second *edit.Entry) edit.Change {
	switch {
	case inside && n.Kind == edit.List:
		return repeated(n, n.Children, times-1)
	case inside:
		c := repeated(n, n.Children, times-1)
		for i := range c.Entries {
			c.Entries[i].Key = freeName(n, c.Entries[i].From.Key+"_"+strconv.Itoa(i/len(n.Children)+2))
		}
		return c
	}
	c := edit.Change{Do: edit.Add, At: n.Parent, After: n, About: n}
	for range times - 1 {
		e := edit.Entry{From: n}
		if second != nil {
			e.Value, e.UseValue = second.Value, true
		}
		c.Entries = append(c.Entries, e)
	}
	return c
}
