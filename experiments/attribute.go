package experiments

import (
	"slices"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/shape"
	"github.com/blastgauge/blastgauge/injectors"
)

// attributeShape is the value of an attribute of a fault. It is stored as
// injectors.Attributes says.
func attributeShape(a injectors.Attribute, to *any) shape.Shape {
	number := func(item func(*float64) shape.Shape) shape.Shape { return shape.Into[float64]{To: to, Item: item} }
	text := func(item func(*string) shape.Shape) shape.Shape { return shape.Into[string]{To: to, Item: item} }
	group := func(item func(*map[string]any) shape.Shape) shape.Shape {
		return shape.Into[map[string]any]{To: to, Item: item}
	}
	if a.Lists && a.Unit != injectors.Table {
		return oneOrMore(a, a, to)
	}
	switch a.Unit {
	case injectors.Text, injectors.Document:
		return text(func(v *string) shape.Shape { return formed(a, v) })
	case injectors.Word:
		return text(func(v *string) shape.Shape { return word(a, v) })
	case injectors.Path:
		return text(placeInDocument)
	case injectors.Table:
		return group(func(v *map[string]any) shape.Shape {
			return shape.Table[any]{To: v, Key: headerNames(), Item: func(cell *any) shape.Shape {
				if a.Lists {
					one := a
					one.Unit = injectors.Text
					return oneOrMore(one, a, cell)
				}
				return shape.Into[string]{To: cell, Item: shape.Text}
			}}
		})
	case injectors.Group, injectors.Operation:
		return group(func(v *map[string]any) shape.Shape { return attributeGroup{of: a, to: v} })
	case injectors.Inner:
		return group(func(v *map[string]any) shape.Shape { return oneOperator(a, v) })
	case injectors.Arguments:
		return shape.Into[[]any]{To: to, Item: program}
	case injectors.Values:
		return group(valuesByPlace)
	case injectors.Share:
		return number(positive(shape.Share, "0%"))
	case injectors.Factor:
		return factor{to}
	case injectors.Paths:
		return twoPlaces{to}
	case injectors.Value:
		return configValue(to)
	}
	if a.Min < 0 {
		return number(func(v *float64) shape.Shape { return signedNumber(a, v) })
	}
	return number(func(v *float64) shape.Shape { return quantity(a.Unit, v) })
}

// formed is a text of which a schema may know the form; the catalogue checks it.
func formed(a injectors.Attribute, to *string) shape.Shape {
	if a.Form == "" {
		return shape.Text(to)
	}
	return shape.Validated{Shape: shape.Text(to), Also: shape.Object{"pattern": a.Form}, Check: func(*shape.Document, shape.Node, string) {}}
}

// word is one of the words of an attribute. Where null is one of them, it needs no quotes:
// YAML reads it as nothing, and people mean the word.
func word(a injectors.Attribute, to *string) shape.Shape {
	words := shape.Enum(to, "a "+a.Name, a.Words...)
	if slices.Contains(a.Words, nullWord) {
		return orNull{words, to}
	}
	return words
}

const nullWord = "null"

// An orNull is one of several words, of which null is one.
type orNull struct {
	shape.Shape
	to *string
}

func (o orNull) Read(d *shape.Document, n shape.Node, path string) {
	if n.Kind() == shape.Null && n.Text() == nullWord {
		*o.to = nullWord
		return
	}
	o.Shape.Read(d, n, path)
}

func (o orNull) Schema() shape.Object {
	return shape.Object{"anyOf": []shape.Object{o.Shape.Schema(), {"type": "null"}}}
}

// program is a list of a program and its arguments. What is written as a number is one of
// them as well.
func program(to *[]any) shape.Shape {
	list := shape.List[any]{To: to, Min: 1, Max: 100, Item: func(to *any) shape.Shape {
		return shape.Into[string]{To: to, Item: func(s *string) shape.Shape {
			return shape.Scalar[string]{To: s, Want: "a text", Loose: true, Parse: parseArgument, JSON: shape.OfType("string", "number", "boolean")}
		}}
	}}
	return shape.ByKind{Want: "a list of a program and its arguments", List: list, Scalar: sentence{}}
}

// parseArgument refuses what no program is given as its author means it.
func parseArgument(text string) (string, *shape.Diagnostic) {
	switch {
	case strings.Contains(text, "${env:"):
		return "", &shape.Diagnostic{Msg: "nothing fills in variables here: a program finds them in its environment", Hint: `such as [sh, -c, 'exec tool --token "$TOKEN"']`}
	case redact.HasLogin(text):
		return "", &shape.Diagnostic{Msg: "credentials do not belong into a document: let the program find them in its environment"}
	}
	return text, nil
}

// A sentence is a command line where a list is needed.
type sentence struct{}

func (sentence) Read(d *shape.Document, n shape.Node, _ string) {
	words := strings.Fields(redact.Logins(n.Text()))
	if n.Kind() != shape.Str || len(words) == 0 {
		d.FailKind(n, "a list of a program and its arguments is needed here")
		return
	}
	d.Fail(n, shape.Diagnostic{Msg: "a list of a program and its arguments is needed here: no shell reads them", Hint: "write [" + strings.Join(words, ", ") + "]"})
}

func (sentence) Schema() shape.Object { return nil }

// oneOrMore is one value of an attribute, or a list of them, which is stored as it is
// written; of is the attribute that holds it, which may be a table.
func oneOrMore(a, of injectors.Attribute, to *any) shape.Shape {
	single := a
	single.Lists = false
	item := func(to *any) shape.Shape { return attributeShape(single, to) }
	want := "a text or a list of texts"
	if len(a.Words) > 0 {
		want = "a " + a.Name + " or a list of them"
	}
	return shape.ByKind{Want: want, Scalar: item(to), Mapping: negated{of, want}, List: shape.Into[[]any]{To: to, Item: func(list *[]any) shape.Shape {
		return shape.Validated{Shape: shape.List[any]{To: list, Item: item, Min: 1}, Also: shape.Object{"uniqueItems": true},
			Check: func(*shape.Document, shape.Node, string) {}}
	}}}
}

// A negated value is a mapping where a text is needed: a guess at how to leave something
// out, which is told what is right.
type negated struct {
	of   injectors.Attribute
	want string
}

func (v negated) Read(d *shape.Document, n shape.Node, path string) {
	what := shape.Diagnostic{Msg: v.want + " is needed here, not a mapping"}
	if keys := n.Keys(); len(keys) == 1 {
		value, _ := n.Lookup(keys[0].Text())
		what.Hint = v.of.Negated(keys[0].Text(), value.Text(), path[strings.LastIndexByte(path, '.')+1:])
	}
	d.Fail(n, what)
}

func (v negated) Schema() shape.Object { return nil }

// An attributeGroup is a mapping of the fields of an attribute.
type attributeGroup struct {
	of injectors.Attribute
	to *map[string]any
}

func (g attributeGroup) fields(values []any) shape.Fields {
	var f shape.Fields
	for i, a := range g.of.Fields {
		f = append(f, shape.Field{Name: a.Name, Doc: a.Doc, Shape: attributeShape(a, &values[i]), Required: a.Required})
	}
	return f
}

func (g attributeGroup) Read(d *shape.Document, n shape.Node, path string) {
	if n.Kind() != shape.Mapping && g.of.Instead() != "" {
		d.Rephrase(func(what shape.Diagnostic) shape.Diagnostic {
			what.Hint = "write " + g.of.Instead(plainTexts(n)...)
			return what
		}, func() { d.FailKind(n, "a mapping (key: value) is needed here") })
		return
	}
	values := make([]any, len(g.of.Fields))
	before := d.Count()
	fields := g.fields(values)
	d.Rephrase(func(what shape.Diagnostic) shape.Diagnostic {
		if instead := g.of.Unknown(what.Got); instead != "" && len(what.Known) > 0 {
			return shape.Diagnostic{Msg: what.Msg, Hint: instead}
		}
		return what
	}, func() { fields.Read(d, n, path) })
	*g.to = map[string]any{}
	for i, v := range values {
		field := g.of.Fields[i]
		null := field.Unit == injectors.Value && d.Given(shape.JoinPath(path, field.Name)) && d.Count() == before
		if v != nil || null {
			(*g.to)[field.Name] = v
		}
	}
	if g.of.Unit == injectors.Group && len(*g.to) == 0 && n.Kind() == shape.Mapping && n.Len() == 0 {
		d.Fail(n, shape.Diagnostic{Msg: strconv.Quote(g.of.Name) + " is empty", Hint: g.of.Empty()})
	}
}

// plainTexts is a text, or the texts of a list; nil of everything else.
func plainTexts(n shape.Node) (list []string) {
	switch n.Kind() {
	case shape.Str:
		return []string{n.Text()}
	case shape.Sequence:
		for _, item := range n.Items() {
			if item.Kind() != shape.Str {
				return nil
			}
			list = append(list, item.Text())
		}
	}
	return list
}

func (g attributeGroup) Schema() shape.Object {
	s := g.fields(make([]any, len(g.of.Fields))).Schema()
	if g.of.Unit == injectors.Group {
		s["minProperties"] = 1
	}
	return s
}

// placeInDocument is a JSON Pointer or a JSONPath.
func placeInDocument(to *string) shape.Shape {
	return shape.Scalar[string]{To: to, Want: "a path such as /price/factor or $.price.factor", JSON: shape.Pattern(placePattern, "/price/factor", "$.products[*].price"),
		Parse: func(s string) (string, *shape.Diagnostic) { return s, checkPlace(s) }}
}

const placePattern = `^[/$]`

// pointerForm matches the JSON Pointers that are offered as a hint.
var pointerForm = lazyregexp.New(`^(/[A-Za-z0-9_-]+)+$`)

func checkPlace(s string) *shape.Diagnostic {
	switch {
	case strings.HasPrefix(s, "/"):
		return nil
	case strings.HasPrefix(s, "$"):
		return jsonPaths().Check(s)
	}
	return &shape.Diagnostic{Msg: strconv.Quote(s) + " is neither a JSON Pointer such as /price/factor nor a JSONPath such as $.price.factor",
		Hint: firstMatch(pointerForm, "/"+strings.ReplaceAll(s, ".", "/"))}
}

// twoPlaces is a list of two places.
type twoPlaces struct{ to *any }

func (t twoPlaces) list(to *[]string) shape.List[string] {
	return shape.List[string]{To: to, Item: placeInDocument, Min: 1, Max: 2}
}

func (t twoPlaces) Read(d *shape.Document, n shape.Node, path string) {
	var given []string
	before := d.Count()
	t.list(&given).Read(d, n, path)
	if d.Count() == before && len(given) != 2 {
		d.Fail(n, shape.Diagnostic{Msg: "two paths are needed here, such as [/limits/min, /limits/max]"})
		return
	}
	values := make([]any, len(given))
	for i, s := range given {
		values[i] = s
	}
	*t.to = values
}

func (t twoPlaces) Schema() shape.Object {
	s := t.list(new([]string)).Schema()
	s["minItems"] = 2
	return s
}

// valuesByPlace is a mapping of places to the values that go there.
func valuesByPlace(to *map[string]any) shape.Shape {
	names := shape.Names{Pattern: placePattern, Check: checkPlace}
	return shape.Validated{Shape: shape.Table[any]{To: to, Key: names, Item: configValue}, Also: shape.Object{"minProperties": 1},
		Check: func(d *shape.Document, n shape.Node, _ string) {
			if len(*to) == 0 {
				d.Fail(n, shape.Diagnostic{Msg: "at least one path and its value are needed here, such as {/client/timeout: 10}"})
			}
		}}
}

// oneOperator is a mapping with the name of one operator of bad config.
func oneOperator(a injectors.Attribute, to *map[string]any) shape.Shape {
	return shape.Validated{Shape: attributeGroup{of: a, to: to}, Also: shape.Object{"maxProperties": 1, "minProperties": 1},
		Check: func(d *shape.Document, n shape.Node, _ string) {
			if len(*to) != 1 {
				d.Fail(n, shape.Diagnostic{Msg: a.Name + " is one operator, such as {scale: {path: /price/factor, by: 100}}"})
			}
		}}
}

// A factor is a number, or a fraction of two.
type factor struct{ to *any }

const fractionPattern = `^[0-9]+/[1-9][0-9]*$`

var fractionForm = lazyregexp.New(fractionPattern)

func (f factor) Read(d *shape.Document, n shape.Node, _ string) {
	switch {
	case n.Kind() == shape.Str && fractionForm.MatchString(n.Text()):
		*f.to = n.Text()
		return
	case isJSONNumber(n):
		if v, err := strconv.ParseFloat(n.Text(), 64); err == nil {
			*f.to = v
			return
		}
	}
	d.FailKind(n, "a number such as 100 or 0.01, or a fraction such as \"1/60\", is needed here")
}

func (f factor) Schema() shape.Object {
	return shape.Object{"anyOf": []shape.Object{shape.OfType("number"), shape.Pattern(fractionPattern, "1/60")}}
}

// signedNumber is a number that may be less than 0.
func signedNumber(a injectors.Attribute, to *float64) shape.Shape {
	return shape.Scalar[float64]{To: to, Loose: true, Want: "a number", JSON: shape.Object{"type": "number", "minimum": a.Min},
		Parse: func(s string) (float64, *shape.Diagnostic) {
			v, wrong := parseNumber(strings.TrimPrefix(s, "-"))
			if strings.HasPrefix(s, "-") {
				v = -v
			}
			return v, wrong
		}}
}

// configValue is any value of a config file. ${…} in it belongs to that file and
// is not a variable. Numbers are stored as float64.
func configValue(to *any) shape.Shape {
	return shape.JSON{To: to, Number: func(d *shape.Document, n shape.Node) any {
		f, err := strconv.ParseFloat(n.Text(), 64)
		switch {
		case err != nil:
			d.Fail(n, shape.Diagnostic{Msg: "JSON has no such number", Hint: "write " + strconv.Quote(n.Text()) + " for a text"})
		case n.Kind() == shape.Int && strconv.FormatFloat(f, 'f', 0, 64) != n.Text():
			d.Fail(n, shape.Diagnostic{Msg: "a number this large would lose digits: whole numbers are exact up to 9007199254740992"})
		}
		return f
	}}
}
