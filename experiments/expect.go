package experiments

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/jsonpath"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

// Expect is what a response must be. A status that is not expected makes the
// step failed, any other unmet check makes it wrong.
type Expect struct {
	Status []int   `json:"status,omitempty"` // any of these; none means 200 to 299
	JSON   []Check `json:"json,omitempty"`   // Target is a JSONPath (RFC 9535)
	Header []Check `json:"header,omitempty"` // Target is a header's name
	Body   []Check `json:"body,omitempty"`   // Target is empty
}

// An Op is how a check compares.
type Op string

// The ways to compare.
const (
	Eq       Op = "eq"
	Ne       Op = "ne"
	Exists   Op = "exists" // Value is true
	Absent   Op = "absent" // Value is true
	Lt       Op = "lt"
	Lte      Op = "lte"
	Gt       Op = "gt"
	Gte      Op = "gte"
	In       Op = "in"       // Value is a list
	Matches  Op = "matches"  // Value is an RE2 regular expression
	Contains Op = "contains" // body only
	Lacks    Op = "lacks"    // body only: must not contain
)

// A Check is one expectation on a part of the response.
type Check struct {
	Target string `json:"target,omitempty"`
	Op     Op     `json:"op"`
	Value  any    `json:"value"` // shape as Request.JSON; strings may hold ${variables}
}

// expectShape says what the answer to a request must be. Adds is set where it adds to what
// a whole journey expects, of which it may leave a check out.
func expectShape(e *Expect, adds bool) shape.Shape {
	with := func(ops []operator) []operator {
		if adds {
			ops = append(ops, operator{op: unchecked, doc: "true: leaves out what the whole journey expects here", operand: onlyTrue(string(unchecked), "")})
		}
		return ops
	}
	return expectation{shape.Fields{
		{Name: "status", Doc: "the status, or a list of those allowed, such as 201", Shape: statuses(&e.Status)},
		{Name: "json", Doc: "JSONPath to value, or to operators such as {gte: 1}; otherwise the answer is wrong",
			Shape: checks{to: &e.JSON, key: jsonPaths(), ops: with(jsonOperators()), plain: jsonValue}},
		{Name: "headers", Doc: "header to value, or to operators such as {matches: ^text/}; otherwise the answer is wrong",
			Shape: checks{to: &e.Header, key: shape.Names{Pattern: headerPattern, Check: checkHeaderName}, ops: with(textOperators(plainText)), plain: plainText}},
		{Name: "body", Doc: "texts that the answer must contain, lack or match; otherwise the answer is wrong",
			Shape: operations{to: &e.Body, ops: with(bodyOperators())}},
	}}
}

// An expectation explains what to write instead of expect: 201, which is what
// people write first.
type expectation struct{ shape.Fields }

func (e expectation) Read(d *shape.Document, n shape.Node, path string) {
	if n.Kind() == shape.Int {
		d.Fail(n, shape.Diagnostic{Msg: "a mapping (key: value) is needed here, not a number", Hint: "write {status: " + n.Text() + "}"})
		return
	}
	e.Fields.Read(d, n, path)
}

func statuses(to *[]int) shape.Shape {
	one := func(to *int) shape.Shape {
		return status{shape.Integer{To: to, Low: 100, High: 599, Want: "a status such as 200"}}
	}
	return shape.ByKind{Want: "a status or a list of them", Scalar: shape.One[int]{To: to, Item: one}, List: shape.List[int]{To: to, Item: one, Min: 1, Max: 100}}
}

// A status explains what to write instead of 2xx.
type status struct{ shape.Integer }

func (s status) Read(d *shape.Document, n shape.Node, path string) {
	if n.IsScalar() && strings.EqualFold(n.Text(), "2xx") {
		d.Fail(n, shape.Diagnostic{Msg: s.Want + " is needed here, not a text", Hint: "leave status out: without it any 2xx is right"})
		return
	}
	if n.IsScalar() {
		for code := 100; code < 600; code++ {
			if known := http.StatusText(code); known != "" && strings.EqualFold(known, n.Text()) {
				d.Fail(n, shape.Diagnostic{Msg: s.Want + " is needed here, not a text", Hint: "write " + strconv.Itoa(code)})
				return
			}
		}
	}
	s.Integer.Read(d, n, path)
}

// An operator is one way to check a value.
type operator struct {
	op      Op
	doc     string
	operand func(to *any) shape.Shape // what the value is compared with
	many    bool                      // a list makes one check for each item
}

func jsonOperators() []operator {
	return append(textOperators(jsonValue),
		operator{op: Lt, doc: "is a number less than this", operand: numberOrVariable},
		operator{op: Lte, doc: "is a number of at most this", operand: numberOrVariable},
		operator{op: Gt, doc: "is a number greater than this", operand: numberOrVariable},
		operator{op: Gte, doc: "is a number of at least this", operand: numberOrVariable})
}

func textOperators(operand func(*any) shape.Shape) []operator {
	oneOf := func(to *any) shape.Shape {
		return shape.Into[[]any]{To: to, Item: func(values *[]any) shape.Shape { return shape.List[any]{To: values, Item: operand, Min: 1} }}
	}
	return []operator{
		{op: Eq, doc: "equals this", operand: operand},
		{op: Ne, doc: "is there and differs from this", operand: operand},
		{op: Exists, doc: "is there; the value is true", operand: onlyTrue("exists", "absent")},
		{op: Absent, doc: "is not there; the value is true", operand: onlyTrue("absent", "exists")},
		{op: In, doc: "equals one of these", operand: oneOf},
		{op: Matches, doc: "matches this regular expression (RE2)", operand: regexOperand},
	}
}

func bodyOperators() []operator {
	return []operator{
		{op: Contains, doc: "the answer contains this text, or each of a list", operand: plainText, many: true},
		{op: Lacks, doc: "the answer does not contain this text, or any of a list", operand: plainText, many: true},
		{op: Matches, doc: "the answer matches this regular expression (RE2)", operand: regexOperand, many: true},
	}
}

// checks is a mapping of targets, each to a value or to operators.
type checks struct {
	to    *[]Check
	key   shape.Names
	ops   []operator
	plain func(to *any) shape.Shape // a value without an operator
}

func (c checks) Read(d *shape.Document, n shape.Node, path string) {
	d.EachField(n, path, func(key, value shape.Node, path string) {
		if wrong := c.key.Check(key.Text()); wrong != nil {
			d.Fail(key, *wrong)
		}
		if value.Kind() == shape.Mapping {
			operations{c.to, key.Text(), c.ops}.Read(d, value, path)
			return
		}
		var v any
		c.plain(&v).Read(d, value, path)
		*c.to = append(*c.to, Check{Target: key.Text(), Op: Eq, Value: v})
	})
}

func (c checks) Schema() shape.Object {
	plain := c.plain(new(any)).Schema()
	if len(plain) == 0 {
		plain = shape.Object{"not": shape.OfType("object")}
	}
	s := shape.Object{"type": "object", "additionalProperties": shape.Object{"anyOf": []shape.Object{plain, operations{ops: c.ops}.Schema()}}}
	if c.key.Pattern != "" {
		s["propertyNames"] = shape.Object{"pattern": c.key.Pattern}
	}
	return s
}

// operations is a mapping of operators to what they compare with. Each makes one
// check of the same target.
type operations struct {
	to     *[]Check
	target string
	ops    []operator
}

func (o operations) fields() shape.Fields {
	f := make(shape.Fields, len(o.ops))
	for i, op := range o.ops {
		f[i] = shape.Field{Name: string(op.op), Doc: op.doc, Shape: operation{o, op}}
	}
	return f
}

func (o operations) Read(d *shape.Document, n shape.Node, path string) {
	fields := o.fields()
	known := fields.Names()
	isOperator := func(key shape.Node) bool { return slices.Contains(known, key.Text()) }
	keys := n.Keys()
	missing := shape.Diagnostic{Msg: "an operator is needed here: " + strings.Join(known, ", ")}
	switch {
	case n.Kind() == shape.Mapping && o.target != "" && !slices.ContainsFunc(keys, isOperator):
		missing.Hint = "to compare with an object, write {eq: {...}}"
		if len(keys) == 1 {
			if op := d.Guess(keys[0].Text(), known); op != "" {
				n, missing.Hint = keys[0], "did you mean \""+op+"\"?"
			}
		}
		d.Fail(n, missing)
	case n.Kind() == shape.Mapping && len(keys) == 0:
		d.Fail(n, missing)
	default:
		fields.Read(d, n, path)
	}
}

func (o operations) Schema() shape.Object {
	s := o.fields().Schema()
	s["minProperties"] = 1
	return s
}

// An operation is the operand of one operator.
type operation struct {
	of operations
	op operator
}

func (o operation) Read(d *shape.Document, n shape.Node, path string) {
	operands := []shape.Node{n}
	if o.op.many && n.Kind() == shape.Sequence {
		operands = n.Items()
	}
	for _, n := range operands {
		var v any
		o.op.operand(&v).Read(d, n, path)
		*o.of.to = append(*o.of.to, Check{Target: o.of.target, Op: o.op.op, Value: v})
	}
}

func (o operation) Schema() shape.Object {
	one := o.op.operand(new(any)).Schema()
	if !o.op.many {
		return one
	}
	return shape.Object{"anyOf": []shape.Object{one, {"type": "array", "items": one}}}
}

func plainText(to *any) shape.Shape {
	return shape.Into[string]{To: to, Item: func(s *string) shape.Shape { return templated{to: s, loose: true} }}
}

func regexOperand(to *any) shape.Shape { return shape.Into[string]{To: to, Item: regex} }

// regex is a regular expression. It holds no variables, because it is compiled
// once and not for every journey.
func regex(to *string) shape.Shape {
	return shape.Scalar[string]{To: to, Want: "a regular expression", JSON: shape.OfType("string"), Parse: func(s string) (string, *shape.Diagnostic) {
		if i := strings.Index(s, "${"); i >= 0 {
			return "", &shape.Diagnostic{Msg: "an expression cannot hold ${variables}", From: i, To: i + 2}
		}
		if _, err := regexp.Compile(s); err != nil {
			return "", &shape.Diagnostic{Msg: "not a regular expression (RE2): " + strings.TrimPrefix(err.Error(), "error parsing regexp: ")}
		}
		return s, nil
	}}
}

// onlyTrue is the operand of an operator that compares with nothing.
func onlyTrue(op, opposite string) func(to *any) shape.Shape {
	return func(to *any) shape.Shape { return trueOperand{to, op, opposite} }
}

type trueOperand struct {
	to           *any
	op, opposite string
}

func (t trueOperand) Read(d *shape.Document, n shape.Node, _ string) {
	switch {
	case n.Kind() == shape.Bool && strings.EqualFold(n.Text(), "true"):
		*t.to = true
	case n.Kind() == shape.Bool && t.opposite == "":
		d.Fail(n, shape.Diagnostic{Msg: t.op + " is only ever true", Hint: "leave it out"})
	case n.Kind() == shape.Bool:
		d.Fail(n, shape.Diagnostic{Msg: t.op + " is only ever true", Hint: "write " + t.opposite + ": true"})
	default:
		d.FailKind(n, "true is needed here")
	}
}

func (t trueOperand) Schema() shape.Object { return shape.Object{"const": true} }

// numberOrVariable is a number, or a text that becomes one when its variables are
// filled in.
func numberOrVariable(to *any) shape.Shape { return numberOperand{to} }

type numberOperand struct{ to *any }

func (o numberOperand) Read(d *shape.Document, n shape.Node, _ string) {
	switch {
	case isJSONNumber(n):
		*o.to = json.Number(n.Text())
	case n.IsScalar() && strings.Contains(n.Text(), "${"):
		keepTemplate(d, n)
		*o.to = n.Text()
	default:
		d.FailKind(n, "a number or a ${variable} is needed here")
	}
}

func (o numberOperand) Schema() shape.Object {
	return shape.Object{"anyOf": []shape.Object{shape.OfType("number"), shape.Pattern(`\$\{`)}}
}

// isJSONNumber reports whether a node is a number that JSON can write, too.
func isJSONNumber(n shape.Node) bool {
	return (n.Kind() == shape.Int || n.Kind() == shape.Float) && json.Valid([]byte(n.Text()))
}

// jsonPaths are JSONPaths as keys.
func jsonPaths() shape.Names {
	return shape.Names{Pattern: `^\$`, Check: func(s string) *shape.Diagnostic {
		if _, err := jsonpath.Parse(s); err != nil {
			return pathDiagnostic(s, err)
		}
		return nil
	}}
}

// jsonPath is a JSONPath as a value.
func jsonPath(to *string) shape.Shape {
	return shape.Scalar[string]{To: to, Want: "a JSONPath such as $.id", JSON: shape.Pattern(`^\$`, "$.id"), Parse: func(s string) (string, *shape.Diagnostic) {
		return s, jsonPaths().Check(s)
	}}
}

// pathDiagnostic turns an error of [jsonpath.Parse] into a diagnostic of the text.
func pathDiagnostic(text string, err error) *shape.Diagnostic {
	e, ok := errors.AsType[*jsonpath.Error](err)
	if !ok {
		return &shape.Diagnostic{Msg: err.Error()}
	}
	wrong := &shape.Diagnostic{Msg: e.Msg, Hint: "such as $.items[0].id", From: e.At, To: e.At + 1}
	if better := "$." + strings.TrimPrefix(text, "."); e.At == 0 {
		if _, err := jsonpath.Parse(better); err == nil {
			wrong.Hint = "write " + better
		}
	}
	return wrong
}
