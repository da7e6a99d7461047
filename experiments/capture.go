package experiments

import (
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// captures are the values that later steps use, in the order of the document.
func captures(to *[]Capture) shape {
	return dictionary[Capture]{to: to, key: variables(), most: 100, item: func(name string, c *Capture) shape {
		c.Name = name
		return captureShape(c)
	}}
}

// variables are names that a capture may have.
func variables() name {
	return name{what: "a variable", pattern: variablePattern, check: func(s string) *complaint {
		switch {
		case slices.Contains(Builtins(), s):
			return &complaint{msg: "${" + s + "} is built in: another name is needed"}
		case !variableForm.MatchString(s):
			return &complaint{msg: strconv.Quote(s) + " cannot be used as ${" + s + "}: letters, digits and _"}
		}
		return nil
	}}
}

// captureShape is a JSONPath, or a mapping that names the source.
func captureShape(c *Capture) shape {
	source := func(from Source, of func(*string) shape) shape { return sourced{c, from, of} }
	header := func(to *string) shape {
		return scalar[string]{to: to, want: "a header's name", json: pattern(headerPattern), parse: func(s string) (string, *complaint) {
			return s, headerName(s)
		}}
	}
	mapping := fields{
		{name: "json", doc: "JSONPath of the value, such as $.products[*].sku", shape: source(FromJSON, jsonPath)},
		{name: "header", doc: "name of the header that holds the value", shape: source(FromHeader, header)},
		{name: "cookie", doc: "name of the cookie that holds the value", shape: source(FromCookie, text)},
		{name: "regex", doc: "regular expression (RE2) on the body; its first group is the value", shape: source(FromRegex, regex)},
		{name: "pick", doc: "which of several values is taken: first (the default), last or random",
			shape: enum(&c.Pick, "a pick", First, Last, Random)},
	}
	needs := func(key string) object { return object{"required": []string{key}} }
	return byKind{want: "a JSONPath such as $.id, or a mapping such as {header: X-Token},", scalar: source(FromJSON, jsonPath),
		mapping: ruled{shape: mapping, also: object{"oneOf": []object{needs("json"), needs("header"), needs("cookie"), needs("regex")}},
			rule: func(d *decoder, n *yaml.Node, at string) {
				if c.From == "" {
					d.fail(d.key(at), complaint{msg: "a capture needs one of json, header, cookie and regex"})
				}
			}}}
}

// A sourced shape is the expression of a capture, which also tells its source.
type sourced struct {
	to   *Capture
	from Source
	of   func(*string) shape
}

func (s sourced) read(d *decoder, n *yaml.Node, at string) {
	if s.to.From != "" {
		d.fail(d.key(at), complaint{msg: "a capture has one source, not " + string(s.to.From) + " and " + string(s.from)})
		return
	}
	s.to.From = s.from
	s.of(&s.to.Expr).read(d, n, at)
}

func (s sourced) schema() object { return s.of(new(string)).schema() }
