package shape

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/blastgauge/blastgauge/experiments/inert"
)

// A Scalar is a single value, which is written as text and parsed.
type Scalar[T any] struct {
	To    *T
	Want  string // what is needed, such as "a duration such as 250ms"
	Loose bool   // numbers and booleans are read as the text they are written as
	Parse func(text string) (T, *Diagnostic)
	JSON  Object // its schema
}

// Read implements [Shape].
func (s Scalar[T]) Read(d *Document, n Node, _ string) {
	if !n.IsScalar() || n.Kind() == Null || !d.checkTag(n) {
		d.FailKind(n, s.Want+" is needed here")
		return
	}
	v, wrong := s.Parse(n.Text())
	if wrong == nil && !s.Loose && n.Kind() != Str {
		wrong = &Diagnostic{Msg: s.Want + " is needed here, not a number or a boolean", Hint: "write " + strconv.Quote(n.Text())}
	}
	if wrong != nil {
		if wrong.Hint == "" && len(wrong.Known) == 0 && strings.Contains(n.Text(), "${env:") {
			wrong.Hint = d.language.VariableHint
		}
		d.Fail(n, *wrong)
		return
	}
	*s.To = v
}

// Schema implements [Shape].
func (s Scalar[T]) Schema() Object {
	if s.JSON == nil {
		return Object{}
	}
	return maps.Clone(s.JSON)
}

// OfType is the schema of a value of one of several JSON types.
func OfType(types ...string) Object {
	if len(types) == 1 {
		return Object{"type": types[0]}
	}
	return Object{"type": types}
}

// Pattern is the schema of a text that matches a regular expression.
func Pattern(p string, examples ...string) Object {
	s := Object{"type": "string", "pattern": p}
	if len(examples) > 0 {
		s["examples"] = examples
	}
	return s
}

// Text is any text that is not blank.
func Text(to *string) Shape {
	return Scalar[string]{To: to, Want: "a text", JSON: Pattern(`\S`), Parse: func(s string) (string, *Diagnostic) {
		if strings.TrimSpace(s) == "" {
			return "", &Diagnostic{Msg: "this text must not be empty"}
		}
		return s, nil
	}}
}

// Line is a text that reports and terminals show in a line of theirs: a name, a title.
// Breaks of lines in it are blanks, as YAML folds them.
func Line(to *string) Shape {
	return shown(to, "", func(s string) string { return strings.Join(strings.Fields(s), " ") })
}

// ShortLine is a Line of at most so many characters, for what stands beside other things.
func ShortLine(to *string, most int) Shape {
	text := Line(to).(Scalar[string])
	parse := text.Parse
	text.JSON["maxLength"] = most
	text.Parse = func(s string) (string, *Diagnostic) {
		s, wrong := parse(s)
		if n := utf8.RuneCountInString(s); wrong == nil && n > most {
			wrong = &Diagnostic{Msg: fmt.Sprintf("this text has %d characters: at most %d", n, most)}
		}
		return s, wrong
	}
	return text
}

// Prose is a text that may have several lines.
func Prose(to *string) Shape {
	return shown(to, "\n\t", func(s string) string { return s })
}

// shown is a text for people. What moves the cursor of a terminal, reorders text or is
// not seen at all has no place in it, but for what is in keep.
func shown(to *string, keep string, form func(string) string) Shape {
	text := Text(to).(Scalar[string])
	parse := text.Parse
	text.Parse = func(s string) (string, *Diagnostic) {
		s = form(s)
		if inert.Clean(s, '?', keep) != s {
			return "", &Diagnostic{Msg: "this text is shown to people: control characters and invisible ones are not allowed"}
		}
		return parse(s)
	}
	return text
}

// Enum is one of the given words. what names the set, such as "a criticality".
func Enum[T ~string](to *T, what string, words ...T) Shape {
	known := make([]string, len(words))
	for i, w := range words {
		known[i] = string(w)
	}
	return Scalar[T]{To: to, Want: what, JSON: Object{"enum": known}, Parse: func(s string) (T, *Diagnostic) {
		if !slices.Contains(known, s) {
			return "", &Diagnostic{Msg: "unknown " + strings.TrimPrefix(what, "a ") + " " + strconv.Quote(s), Got: s, Known: known}
		}
		return T(s), nil
	}}
}

// TrueOrFalse is a switch.
func TrueOrFalse(to *bool) Shape {
	return Scalar[bool]{To: to, Want: "true or false", Loose: true, JSON: OfType("boolean"), Parse: func(s string) (bool, *Diagnostic) {
		if s != "true" && s != "false" {
			return false, &Diagnostic{Msg: strconv.Quote(s) + " is neither true nor false"}
		}
		return s == "true", nil
	}}
}

// An Integer is a whole number from Low to High, written without quotes.
type Integer struct {
	To        *int
	Low, High int
	Want      string // what is needed, such as "a status such as 200"
}

// Read implements [Shape].
func (i Integer) Read(d *Document, n Node, _ string) {
	v, err := strconv.Atoi(n.Text())
	inRange := err == nil && v >= i.Low && v <= i.High
	switch {
	case n.IsScalar() && n.yaml.Tag == "!!str" && inRange:
		d.Fail(n, Diagnostic{Msg: i.Want + " is needed here, not a text", Hint: "write it without quotes: " + n.Text()})
	case n.Kind() != Int || err != nil:
		d.FailKind(n, i.Want+" is needed here")
	case !inRange:
		d.Fail(n, Diagnostic{Msg: fmt.Sprintf("%d is not within %d to %d", v, i.Low, i.High)})
	default:
		*i.To = v
	}
}

// Schema implements [Shape].
func (i Integer) Schema() Object {
	return Object{"type": "integer", "minimum": i.Low, "maximum": i.High}
}

// JSON is any value that JSON can write: map[string]any, []any, string, bool, nil
// and numbers.
type JSON struct {
	To *any
	// Number converts a number; nil keeps it as a json.Number.
	Number func(d *Document, n Node) any
	// Text is called for each text inside the value, if it is set.
	Text func(d *Document, n Node)
}

// Schema implements [Shape].
func (v JSON) Schema() Object { return Object{} }

// Read implements [Shape].
func (v JSON) Read(d *Document, n Node, path string) {
	inner := func(to *any) JSON { return JSON{To: to, Number: v.Number, Text: v.Text} }
	switch {
	case !d.checkTag(n):
	case n.Kind() == Mapping:
		m := make(map[string]any, n.Len())
		d.eachEntry(n, func(key, value Node) {
			var item any
			inner(&item).Read(d, value, path)
			m[key.Text()] = item
		})
		*v.To = m
	case n.Kind() == Sequence:
		items := n.Items()
		l := make([]any, len(items))
		for i, item := range items {
			inner(&l[i]).Read(d, item, path)
		}
		*v.To = l
	default:
		v.readScalar(d, n)
	}
}

func (v JSON) readScalar(d *Document, n Node) {
	switch n.Kind() {
	case Null:
		*v.To = nil
	case Bool:
		*v.To = strings.EqualFold(n.Text(), "true")
	case Int, Float:
		switch {
		case !json.Valid([]byte(n.Text())):
			d.Fail(n, Diagnostic{Msg: "JSON has no such number", Hint: "write " + strconv.Quote(n.Text()) + " for a text"})
		case v.Number != nil:
			*v.To = v.Number(d, n)
		default:
			*v.To = json.Number(n.Text())
		}
	default:
		if v.Text != nil {
			v.Text(d, n)
		}
		*v.To = n.Text()
	}
}
