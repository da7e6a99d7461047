package experiments

import (
	"slices"
	"strconv"

	"github.com/blastgauge/blastgauge/experiments/shape"
)

// Source says which part of a response a capture reads.
type Source string

// The sources of captures.
const (
	FromJSON   Source = "json"   // Expr is a JSONPath (RFC 9535)
	FromHeader Source = "header" // Expr is a header's name
	FromCookie Source = "cookie" // Expr is a cookie's name
	FromRegex  Source = "regex"  // Expr is an RE2 expression on the body; its first group counts, or all of it
)

// Pick says which of several captured values is taken.
type Pick string

// The ways to pick a value.
const (
	First  Pick = "first" // the default
	Last   Pick = "last"
	Random Pick = "random"
)

// A Capture keeps a value of a response for later steps as ${Name}.
type Capture struct {
	Name string `json:"name"`
	From Source `json:"from"`
	Expr string `json:"expr"`
	Pick Pick   `json:"pick,omitempty"`
}

// captures is a mapping of names to the values that later steps use.
func captures(to *[]Capture) shape.Shape {
	return shape.Dict[Capture]{To: to, Key: captureNames(), Max: 100, Item: func(name string, c *Capture) shape.Shape {
		c.Name = name
		return captureShape(c)
	}}
}

func captureNames() shape.Names {
	return shape.Names{Pattern: variablePattern, Check: func(s string) *shape.Diagnostic {
		switch {
		case slices.Contains(Builtins(), s):
			return &shape.Diagnostic{Msg: "${" + s + "} is built in: another name is needed"}
		case !variableForm.MatchString(s):
			return &shape.Diagnostic{Msg: strconv.Quote(s) + " cannot be used as ${" + s + "}: letters, digits and _"}
		}
		return nil
	}}
}

// captureShape is a JSONPath, or a mapping that names the source.
func captureShape(c *Capture) shape.Shape {
	source := func(from Source, expr func(*string) shape.Shape) shape.Shape { return captureSource{c, from, expr} }
	header := func(to *string) shape.Shape {
		return shape.Scalar[string]{To: to, Want: "a header's name", JSON: shape.Pattern(headerPattern), Parse: func(s string) (string, *shape.Diagnostic) {
			return s, checkHeaderName(s)
		}}
	}
	mapping := shape.Fields{
		{Name: "json", Doc: "JSONPath of the value, such as $.products[*].sku", Shape: source(FromJSON, jsonPath)},
		{Name: "header", Doc: "name of the header that holds the value", Shape: source(FromHeader, header)},
		{Name: "cookie", Doc: "name of the cookie that holds the value", Shape: source(FromCookie, shape.Text)},
		{Name: "regex", Doc: "regular expression (RE2) on the body; its first group is the value, or all that it matches where it has none", Shape: source(FromRegex, regex)},
		{Name: "pick", Doc: "which of several values is taken: first (the default), last or random",
			Shape: shape.Enum(&c.Pick, "a pick", First, Last, Random)},
	}
	needs := func(key string) shape.Object { return shape.Object{"required": []string{key}} }
	return shape.ByKind{Want: "a JSONPath such as $.id, or a mapping such as {header: X-Token},", Scalar: source(FromJSON, jsonPath),
		Mapping: shape.Validated{Shape: mapping, Also: shape.Object{"oneOf": []shape.Object{needs("json"), needs("header"), needs("cookie"), needs("regex")}},
			Check: func(d *shape.Document, _ shape.Node, path string) {
				if c.From == "" {
					d.Fail(d.Key(path), shape.Diagnostic{Msg: "a capture needs one of json, header, cookie and regex"})
				}
			}}}
}

// A captureSource is the expression of a capture. Its key decides the source.
type captureSource struct {
	to   *Capture
	from Source
	expr func(*string) shape.Shape
}

func (s captureSource) Read(d *shape.Document, n shape.Node, path string) {
	if s.to.From != "" {
		d.Fail(d.Key(path), shape.Diagnostic{Msg: "a capture has one source, not " + string(s.to.From) + " and " + string(s.from)})
		return
	}
	s.to.From = s.from
	s.expr(&s.to.Expr).Read(d, n, path)
}

func (s captureSource) Schema() shape.Object { return s.expr(new(string)).Schema() }
