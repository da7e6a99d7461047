package experiments

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/jsonpath"
	"go.yaml.in/yaml/v3"
)

// expectShape is what an answer must be.
func expectShape(e *Expect) shape {
	return statusAlone{fields{
		{name: "status", doc: "the status, or a list of those allowed, such as 201", shape: statuses(&e.Status)},
		{name: "json", doc: "JSONPath to value, or to operators such as {gte: 1}; otherwise the answer is wrong",
			shape: checks{to: &e.JSON, key: paths(), ops: jsonOperators(), plain: func(to *any) shape { return jsonValue{to} }}},
		{name: "headers", doc: "header to value, or to operators such as {matches: ^text/}; otherwise the answer is wrong",
			shape: checks{to: &e.Header, key: name{pattern: headerPattern, check: headerName}, ops: headerOperators(), plain: plainText}},
		{name: "body", doc: "texts that the answer must contain, lack or match; otherwise the answer is wrong",
			shape: operations{to: &e.Body, ops: bodyOperators()}},
	}}
}

// A statusAlone shape says how to write what people write first: expect: 201.
type statusAlone struct{ fields }

func (s statusAlone) read(d *decoder, n *yaml.Node, at string) {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!int" {
		d.fail(n, complaint{msg: "a mapping (key: value) is needed here, not a number", hint: "write {status: " + n.Value + "}"})
		return
	}
	s.fields.read(d, n, at)
}

func statuses(to *[]int) shape {
	one := func(to *int) shape { return whole{to: to, low: 100, high: 599, want: "a status such as 200"} }
	return byKind{want: "a status or a list of them", scalar: single[int]{to, one}, list: list[int]{to: to, item: one, least: 1, most: 100}}
}

// A single value is a list of one.
type single[T any] struct {
	to   *[]T
	item func(*T) shape
}

func (s single[T]) read(d *decoder, n *yaml.Node, at string) {
	*s.to = make([]T, 1)
	s.item(&(*s.to)[0]).read(d, n, at)
}

func (s single[T]) schema() object { return s.item(new(T)).schema() }

// A whole is a whole number from low to high.
type whole struct {
	to        *int
	low, high int
	want      string
}

func (w whole) read(d *decoder, n *yaml.Node, _ string) {
	v, err := strconv.Atoi(n.Value)
	switch {
	case n.Kind == yaml.ScalarNode && n.Tag == "!!str" && err == nil && v >= w.low && v <= w.high:
		d.fail(n, complaint{msg: w.want + " is needed here, not a text", hint: "write it without quotes: " + n.Value})
	case n.Kind == yaml.ScalarNode && w.low == 100 && strings.EqualFold(n.Value, "2xx"):
		d.fail(n, complaint{msg: w.want + " is needed here, not a text", hint: "leave status out: without it any 2xx is right"})
	case n.Kind != yaml.ScalarNode || n.Tag != "!!int" || err != nil:
		d.wrongKind(n, w.want+" is needed here")
	case v < w.low || v > w.high:
		d.fail(n, complaint{msg: fmt.Sprintf("%d is not within %d to %d", v, w.low, w.high)})
	default:
		*w.to = v
	}
}

func (w whole) schema() object {
	return object{"type": "integer", "minimum": w.low, "maximum": w.high}
}

// An operator is one way to check a value.
type operator struct {
	op   Op
	doc  string
	with func(to *any) shape // what it compares with
	many bool                // may be given a list, each item a check of its own
}

func jsonOperators() []operator {
	return append(textOperators(func(to *any) shape { return jsonValue{to} }),
		operator{op: Lt, doc: "is a number less than this", with: numberOperand},
		operator{op: Lte, doc: "is a number of at most this", with: numberOperand},
		operator{op: Gt, doc: "is a number greater than this", with: numberOperand},
		operator{op: Gte, doc: "is a number of at least this", with: numberOperand})
}

func headerOperators() []operator { return textOperators(plainText) }

func textOperators(with func(*any) shape) []operator {
	return []operator{
		{op: Eq, doc: "equals this", with: with},
		{op: Ne, doc: "is there and differs from this", with: with},
		{op: Exists, doc: "is there; the value is true", with: onlyTrue("exists", "absent")},
		{op: Absent, doc: "is not there; the value is true", with: onlyTrue("absent", "exists")},
		{op: In, doc: "equals one of these", with: func(to *any) shape { return anyOf{to, with} }},
		{op: Matches, doc: "matches this regular expression (RE2)", with: expression},
	}
}

func bodyOperators() []operator {
	return []operator{
		{op: Contains, doc: "the answer contains this text, or each of a list", with: plainText, many: true},
		{op: Lacks, doc: "the answer does not contain this text, or any of a list", with: plainText, many: true},
		{op: Matches, doc: "the answer matches this regular expression (RE2)", with: expression, many: true},
	}
}

// A checks is a mapping of what is checked to a value or to operators.
type checks struct {
	to    *[]Check
	key   name
	ops   []operator
	plain func(to *any) shape // of a value without an operator
}

func (c checks) read(d *decoder, n *yaml.Node, at string) {
	d.eachKey(n, at, func(key, value *yaml.Node, path string) {
		if wrong := c.key.check(key.Value); wrong != nil {
			d.fail(key, *wrong)
		}
		if value.Kind == yaml.MappingNode {
			operations{c.to, key.Value, c.ops}.read(d, value, path)
			return
		}
		var v any
		c.plain(&v).read(d, value, path)
		*c.to = append(*c.to, Check{Target: key.Value, Op: Eq, Value: v})
	})
}

func (c checks) schema() object {
	plain := c.plain(new(any)).schema()
	if len(plain) == 0 {
		plain = object{"not": ofType("object")}
	}
	s := object{"type": "object", "additionalProperties": object{"anyOf": []object{plain, operations{ops: c.ops}.schema()}}}
	if c.key.pattern != "" {
		s["propertyNames"] = object{"pattern": c.key.pattern}
	}
	return s
}

// Operations are a mapping of operators to what they compare with; each makes
// one check of the same target.
type operations struct {
	to     *[]Check
	target string
	ops    []operator
}

func (o operations) fields() fields {
	f := make(fields, len(o.ops))
	for i, op := range o.ops {
		f[i] = field{name: string(op.op), doc: op.doc, shape: operand{o, op}}
	}
	return f
}

func (o operations) read(d *decoder, n *yaml.Node, at string) {
	known := o.fields()
	isOp := func(k *yaml.Node) bool { return slices.Contains(known.names(), k.Value) }
	if n.Kind == yaml.MappingNode && (len(n.Content) == 0 || !slices.ContainsFunc(n.Content, isOp)) && o.target != "" {
		c := complaint{msg: "an operator is needed here: " + strings.Join(known.names(), ", "), hint: "to compare with an object, write {eq: {...}}"}
		if len(n.Content) == 2 {
			if op := meant(n.Content[0].Value, known.names()); op != "" {
				n, c.hint = n.Content[0], "did you mean "+strconv.Quote(op)+"?"
			}
		}
		d.fail(n, c)
		return
	}
	if n.Kind == yaml.MappingNode && len(n.Content) == 0 {
		d.fail(n, complaint{msg: "an operator is needed here: " + strings.Join(known.names(), ", ")})
		return
	}
	known.read(d, n, at)
}

func (o operations) schema() object {
	s := o.fields().schema()
	s["minProperties"] = 1
	return s
}

// An operand is what one operator compares with.
type operand struct {
	of operations
	op operator
}

func (o operand) read(d *decoder, n *yaml.Node, at string) {
	nodes := []*yaml.Node{n}
	if o.op.many && n.Kind == yaml.SequenceNode {
		nodes = n.Content
	}
	for _, n := range nodes {
		var v any
		o.op.with(&v).read(d, open(n), at)
		*o.of.to = append(*o.of.to, Check{Target: o.of.target, Op: o.op.op, Value: v})
	}
}

func (o operand) schema() object {
	one := o.op.with(new(any)).schema()
	if !o.op.many {
		return one
	}
	return object{"anyOf": []object{one, {"type": "array", "items": one}}}
}

// A boxed shape reads a text into a value of any type.
type boxed struct {
	to *any
	of func(*string) shape
}

func (b boxed) read(d *decoder, n *yaml.Node, at string) {
	var s string
	b.of(&s).read(d, n, at)
	*b.to = s
}

func (b boxed) schema() object { return b.of(new(string)).schema() }

func plainText(to *any) shape {
	return boxed{to, func(s *string) shape { return templated{to: s, loose: true} }}
}

func expression(to *any) shape { return boxed{to, regex} }

// regex is a regular expression. It holds no variables: it is compiled once,
// not for every journey.
func regex(to *string) shape {
	return scalar[string]{to: to, want: "a regular expression", json: ofType("string"), parse: func(s string) (string, *complaint) {
		if i := strings.Index(s, "${"); i >= 0 {
			return "", &complaint{msg: "an expression cannot hold ${variables}", from: i, to: i + 2}
		}
		if _, err := regexp.Compile(s); err != nil {
			return "", &complaint{msg: "not a regular expression (RE2): " + strings.TrimPrefix(err.Error(), "error parsing regexp: ")}
		}
		return s, nil
	}}
}

// onlyTrue is the operand of operators that compare with nothing.
func onlyTrue(op, opposite string) func(to *any) shape {
	return func(to *any) shape {
		return constant{to, op, opposite}
	}
}

type constant struct {
	to           *any
	op, opposite string
}

func (c constant) read(d *decoder, n *yaml.Node, _ string) {
	switch {
	case n.Kind == yaml.ScalarNode && n.Tag == "!!bool" && strings.EqualFold(n.Value, "true"):
		*c.to = true
	case n.Kind == yaml.ScalarNode && n.Tag == "!!bool":
		d.fail(n, complaint{msg: c.op + " is only ever true", hint: "write " + c.opposite + ": true"})
	default:
		d.wrongKind(n, "true is needed here")
	}
}

func (c constant) schema() object { return object{"const": true} }

// An anyOf is a list of values of which one must be met.
type anyOf struct {
	to   *any
	item func(to *any) shape
}

func (a anyOf) read(d *decoder, n *yaml.Node, at string) {
	var values []any
	list[any]{to: &values, item: a.item, least: 1}.read(d, n, at)
	*a.to = values
}

func (a anyOf) schema() object { return list[any]{item: a.item, least: 1}.schema() }

func numberOperand(to *any) shape { return numeric{to} }

// A numeric operand is a number, or a text that becomes one when its variables
// are filled in.
type numeric struct{ to *any }

func (v numeric) read(d *decoder, n *yaml.Node, _ string) {
	number := n.Kind == yaml.ScalarNode && (n.Tag == "!!int" || n.Tag == "!!float") && json.Valid([]byte(n.Value))
	switch {
	case number:
		*v.to = json.Number(n.Value)
	case n.Kind == yaml.ScalarNode && strings.Contains(n.Value, "${"):
		d.use(n)
		*v.to = n.Value
	default:
		d.wrongKind(n, "a number or a ${variable} is needed here")
	}
}

func (v numeric) schema() object {
	return object{"anyOf": []object{ofType("number"), pattern(`\$\{`)}}
}

// paths are JSONPaths as keys.
func paths() name {
	return name{what: "a JSONPath", pattern: `^\$`, check: func(s string) *complaint {
		if _, err := jsonpath.Parse(s); err != nil {
			return pathDiagnostic(s, err)
		}
		return nil
	}}
}

// pathDiagnostic turns an error of [jsonpath.Parse] into a diagnostic of the text.
func pathDiagnostic(text string, err error) *complaint {
	e, ok := errors.AsType[*jsonpath.Error](err)
	if !ok {
		return &complaint{msg: err.Error()}
	}
	c := &complaint{msg: e.Msg, hint: "such as $.items[0].id", from: e.At, to: e.At + 1}
	if better := "$." + strings.TrimPrefix(text, "."); e.At == 0 {
		if _, err := jsonpath.Parse(better); err == nil {
			c.hint = "write " + better
		}
	}
	return c
}

// jsonPath is a JSONPath as a value.
func jsonPath(to *string) shape {
	return scalar[string]{to: to, want: "a JSONPath such as $.id", json: pattern(`^\$`, "$.id"), parse: func(s string) (string, *complaint) {
		return s, paths().check(s)
	}}
}
