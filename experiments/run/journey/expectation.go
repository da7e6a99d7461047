package journey

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/jsonpath"
	"github.com/blastgauge/blastgauge/experiments/redact"
)

// An expectation is a compiled check of a part of an answer.
type expectation struct {
	of      subject
	name    string // as the user wrote it: a JSONPath or a header
	written string // the whole expectation, as a key of what did not meet it
	path    jsonpath.Path
	op      experiments.Op
	want    operand
	choices []operand
	match   *regexp.Regexp
}

// A subject is the part of an answer that an expectation is about.
type subject uint8

const (
	ofJSON subject = iota
	ofHeader
	ofBody
)

// An operand is a value that may hold variables. Exactly one of its fields is
// set.
type operand struct {
	constant any // the value, where it holds no variable
	text     template
	list     []operand
	object   map[string]operand
}

// eval returns the operand with its variables filled in.
func (o operand) eval(v *values) any {
	switch {
	case len(o.text) == 1 && o.text[0].encoding == asJSON && o.text[0].variable != none:
		return v.value(&o.text[0]) // alone, a variable keeps its type
	case o.text != nil:
		return o.text.string(v)
	case o.list != nil:
		out := make([]any, len(o.list))
		for i, item := range o.list {
			out[i] = item.eval(v)
		}
		return out
	case o.object != nil:
		out := make(map[string]any, len(o.object))
		for key, item := range o.object {
			out[key] = item.eval(v)
		}
		return out
	}
	return o.constant
}

func (o operand) isConstant() bool { return o.text == nil && o.list == nil && o.object == nil }

func (c *compiler) compileOperand(value any) (operand, error) {
	switch v := value.(type) {
	case string:
		return c.compileTextOperand(v)
	case []any:
		o := operand{list: make([]operand, len(v))}
		constant := true
		for i, item := range v {
			var err error
			if o.list[i], err = c.compileOperand(item); err != nil {
				return operand{}, err
			}
			constant = constant && o.list[i].isConstant()
		}
		if constant {
			return operand{constant: o.eval(nil)}, nil
		}
		return o, nil
	case map[string]any:
		o := operand{object: make(map[string]operand, len(v))}
		constant := true
		for key, item := range v {
			inner, err := c.compileOperand(item)
			if err != nil {
				return operand{}, err
			}
			o.object[key] = inner
			constant = constant && inner.isConstant()
		}
		if constant {
			return operand{constant: o.eval(nil)}, nil
		}
		return o, nil
	}
	return operand{constant: value}, nil
}

func (c *compiler) compileTextOperand(source string) (operand, error) {
	t, err := c.compileText(source, asText)
	if err != nil {
		return operand{}, err
	}
	if text, ok := t.constant(); ok {
		return operand{constant: text}, nil
	}
	if len(t) == 1 {
		t[0].encoding = asJSON
	}
	return operand{text: t}, nil
}

func (c *compiler) compileExpectation(of subject, check experiments.Check) (expectation, error) {
	out := expectation{of: of, name: check.Target, op: check.Op, written: c.hidden.Text(written(of, check), journal.MaxKey-len("..."))}
	var err error
	if of == ofJSON {
		if out.path, err = jsonpath.Parse(check.Target); err != nil {
			return expectation{}, fmt.Errorf("%s: %w", check.Target, err)
		}
	}
	switch check.Op {
	case experiments.Exists, experiments.Absent:
	case experiments.Matches:
		source, _ := check.Value.(string)
		out.match, err = regexp.Compile(source)
	case experiments.In:
		list, _ := check.Value.([]any)
		out.choices = make([]operand, len(list))
		for i := range list {
			if out.choices[i], err = c.compileOperand(list[i]); err != nil {
				break
			}
		}
	default:
		out.want, err = c.compileOperand(check.Value)
	}
	if err != nil {
		return expectation{}, fmt.Errorf("%s %s: %w", check.Target, check.Op, err)
	}
	return out, nil
}

// written returns an expectation as it is written, short: the target alone where a value
// is compared, as what is expected of it may differ from journey to journey.
func written(of subject, check experiments.Check) string {
	target := check.Target
	switch of {
	case ofHeader:
		target = "header " + target
	case ofBody:
		target = "body"
	case ofJSON:
	}
	switch text, _ := check.Value.(string); {
	case check.Op == experiments.Matches:
		return target + " matches /" + text + "/"
	case of == ofBody:
		return target + " " + string(check.Op) + " " + text
	}
	return target
}

// A Mismatch is an expectation that an answer did not meet.
type Mismatch struct {
	Target   string // a JSONPath, a header or "the body"
	Op       experiments.Op
	Found    bool // there was something to compare
	Actual   any  // decoded JSON or a string; nil for a whole body; of another type for large JSON
	Expected any
}

// describe returns what was not as expected, in words and without secrets.
func (m *Mismatch) describe(hidden *redact.Secrets) string {
	came := m.came(hidden)
	switch {
	case m.Found && m.Op == experiments.Absent:
		return came + ", expected to be absent"
	case !m.Found && m.Op == experiments.Exists, m.Target == wholeBody:
		return came
	}
	return fmt.Sprintf("%s, expected %s%s", came, operatorWords(m.Op), m.show(m.Expected, hidden))
}

// came returns what came instead of what was expected, for who knows that already.
func (m *Mismatch) came(hidden *redact.Secrets) string {
	switch {
	case m.Found && m.Op == experiments.Absent:
		return m.Target + " is there"
	case m.Target == wholeBody:
		return fmt.Sprintf("%s %s %s", m.Target, bodyProblem(m.Op), m.show(m.Expected, hidden))
	case !m.Found:
		return m.Target + " is absent"
	}
	return m.Target + " is " + m.show(m.Actual, hidden)
}

// beginning returns the part of a value of any size of which any may be shown.
// [redact.Secrets] looks at less than that.
func beginning(v any) any {
	switch v := v.(type) {
	case string:
		return v[:min(len(v), maxShown)]
	case rawJSON:
		return v[:min(len(v), maxShown)]
	}
	return v
}

const (
	wholeBody = "the body"
	maxValue  = 120  // bytes of a value in a detail
	maxDetail = 400  // bytes of a detail
	maxError  = 4096 // bytes of an error, which may say what to write in a document
)

// operatorWords returns what stands between "expected" and the value.
func operatorWords(op experiments.Op) string {
	switch op {
	case experiments.Ne:
		return "anything but "
	case experiments.Lt:
		return "less than "
	case experiments.Lte:
		return "at most "
	case experiments.Gt:
		return "more than "
	case experiments.Gte:
		return "at least "
	case experiments.In:
		return "one of "
	case experiments.Matches:
		return "a match of "
	}
	return ""
}

// bodyProblem returns what is wrong with a whole body.
func bodyProblem(op experiments.Op) string {
	switch op {
	case experiments.Contains:
		return "does not contain"
	case experiments.Lacks:
		return "contains"
	}
	return "does not match"
}

// check returns what is not as expected; nil where the answer is as expected.
// Where a path or a header has several values, all must be as expected. The error
// says why the answer cannot be judged.
func (x *expectation) check(a *answer, v *values) (*Mismatch, error) {
	switch x.of {
	case ofBody:
		body, err := a.resp.Text(a.bounds)
		if err != nil {
			return nil, err
		}
		return x.checkBody(body, v), nil
	case ofHeader:
		return x.checkHeader(textsOf(a.resp.Header(x.name)), v), nil
	}
	return x.checkJSON(a, v)
}

func (x *expectation) checkHeader(list []string, v *values) *Mismatch {
	for _, actual := range list {
		if m := x.checkValue(actual, v); m != nil {
			return m
		}
	}
	return x.ifNone(len(list), v)
}

func (x *expectation) checkJSON(a *answer, v *values) (*Mismatch, error) {
	var wrong *Mismatch
	var failed error
	found := 0
	err := x.path.Visit(&a.document, a.bounds, func(actual jsonpath.Value) bool {
		found++
		wrong, failed = x.checkJSONValue(actual, a.bounds, v)
		return wrong == nil && failed == nil
	})
	if err == nil {
		err = failed
	}
	if wrong != nil || err != nil {
		return wrong, err
	}
	return x.ifNone(found, v), nil
}

// ifNone returns the mismatch of an expectation that found nothing to compare.
func (x *expectation) ifNone(found int, v *values) *Mismatch {
	if found > 0 || x.op == experiments.Absent {
		return nil
	}
	return &Mismatch{Target: x.name, Op: x.op, Expected: x.expected(v)}
}

// maxShown is how much of a value is made to be shown. Larger lists and objects are
// shown as they were sent.
const maxShown = 16 << 10 // bytes

// checkJSONValue compares one value of an answer. It makes a list or an object only
// where it must be text.
func (x *expectation) checkJSONValue(actual jsonpath.Value, bounds jsonpath.Bounds, v *values) (*Mismatch, error) {
	if !nests(actual) {
		return x.checkValue(actual.Scalar(), v), nil
	}
	want := x.expected(v)
	met := false
	switch x.op {
	case experiments.Exists:
		met = true
	case experiments.Eq, experiments.Ne, experiments.In:
		met = x.meets(want, func(w any) bool { return equalValue(actual, w) })
	case experiments.Matches:
		made, err := actual.Make(bounds)
		if err != nil {
			return nil, err
		}
		met = x.match.MatchString(textOf(made))
	}
	if met {
		return nil, nil
	}
	m := &Mismatch{Target: x.name, Op: x.op, Found: true, Expected: want}
	if raw := actual.Raw(); len(raw) > maxShown {
		m.Actual = rawJSON(raw)
		return m, nil
	}
	var err error
	m.Actual, err = actual.Make(bounds)
	return m, err
}

// expected returns the value to compare with, with its variables filled in.
func (x *expectation) expected(v *values) any {
	switch x.op {
	case experiments.Exists, experiments.Absent:
		return nil
	case experiments.Matches:
		return x.match.String()
	case experiments.In:
		list := make([]any, len(x.choices))
		for i, o := range x.choices {
			list[i] = o.eval(v)
		}
		return list
	}
	return x.want.eval(v)
}

func (x *expectation) checkValue(actual any, v *values) *Mismatch {
	want := x.expected(v)
	met := false
	switch x.op {
	case experiments.Exists:
		met = true
	case experiments.Eq, experiments.Ne, experiments.In:
		met = x.meets(want, func(w any) bool { return x.equal(actual, w) })
	case experiments.Matches:
		met = x.match.MatchString(textOf(actual))
	case experiments.Lt, experiments.Lte, experiments.Gt, experiments.Gte:
		met = inOrder(actual, x.op, want)
	}
	if met {
		return nil
	}
	return &Mismatch{Target: x.name, Op: x.op, Found: true, Actual: actual, Expected: want}
}

// meets reports whether a value that equals some others is as wanted by Eq, Ne or In.
func (x *expectation) meets(want any, equals func(any) bool) bool {
	if x.op == experiments.In {
		list, _ := want.([]any)
		return slices.ContainsFunc(list, equals)
	}
	return equals(want) == (x.op == experiments.Eq)
}

// equal compares JSON values. Headers are text, whatever they are compared with.
func (x *expectation) equal(actual, want any) bool {
	if x.of == ofHeader {
		return textOf(actual) == textOf(want)
	}
	return equal(actual, want)
}

// inOrder compares numbers by Lt, Lte, Gt or Gte. It reports false where one of
// the values is not a number.
func inOrder(actual any, op experiments.Op, want any) bool {
	a, okA := numberOf(actual)
	w, okW := numberOf(want)
	if !okA || !okW {
		return false
	}
	order := a.Cmp(w)
	switch op {
	case experiments.Lt:
		return order < 0
	case experiments.Lte:
		return order <= 0
	case experiments.Gt:
		return order > 0
	}
	return order >= 0
}

func (x *expectation) checkBody(body []byte, v *values) *Mismatch {
	met := false
	var want string
	if x.op == experiments.Matches {
		want, met = x.match.String(), x.match.Match(body)
	} else {
		want = textOf(x.want.eval(v))
		met = bytes.Contains(body, []byte(want)) == (x.op == experiments.Contains)
	}
	if met {
		return nil
	}
	return &Mismatch{Target: wholeBody, Op: x.op, Found: true, Expected: want}
}
