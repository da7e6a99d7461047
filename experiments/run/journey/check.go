package journey

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/jsonpath"
)

// A check is an expectation on a part of an answer, made ready.
type check struct {
	of      part
	name    string // as the user wrote it: a JSONPath or a header
	path    jsonpath.Path
	op      experiments.Op
	want    operand
	choices []operand
	match   *regexp.Regexp
}

// A part of an answer.
type part uint8

const (
	ofJSON part = iota
	ofHeader
	ofBody
)

// An operand is a value that may hold variables.
type operand struct {
	value any // where it holds none
	text  text
	list  []operand
	named map[string]operand
}

// eval is the operand with its variables filled in.
func (o operand) eval(v *values) any {
	switch {
	case len(o.text) == 1 && o.text[0].form == asJSON && o.text[0].kind != literal:
		return v.of(&o.text[0]) // alone, a variable keeps its type
	case o.text != nil:
		return o.text.string(v)
	case o.list != nil:
		out := make([]any, len(o.list))
		for i, item := range o.list {
			out[i] = item.eval(v)
		}
		return out
	case o.named != nil:
		out := make(map[string]any, len(o.named))
		for key, item := range o.named {
			out[key] = item.eval(v)
		}
		return out
	}
	return o.value
}

// operand makes a value ready.
func (s *scope) operand(value any) (operand, error) {
	switch v := value.(type) {
	case string:
		return s.textOperand(v)
	case []any:
		o := operand{list: make([]operand, len(v))}
		fixed := true
		for i, item := range v {
			var err error
			if o.list[i], err = s.operand(item); err != nil {
				return operand{}, err
			}
			fixed = fixed && o.list[i].fixed()
		}
		if fixed {
			return operand{value: o.eval(nil)}, nil
		}
		return o, nil
	case map[string]any:
		o := operand{named: make(map[string]operand, len(v))}
		fixed := true
		for key, item := range v {
			inner, err := s.operand(item)
			if err != nil {
				return operand{}, err
			}
			o.named[key] = inner
			fixed = fixed && inner.fixed()
		}
		if fixed {
			return operand{value: o.eval(nil)}, nil
		}
		return o, nil
	}
	return operand{value: value}, nil
}

func (o operand) fixed() bool { return o.text == nil && o.list == nil && o.named == nil }

func (s *scope) textOperand(source string) (operand, error) {
	t, err := s.text(source, asText)
	if err != nil {
		return operand{}, err
	}
	if fixed, ok := t.fixed(); ok {
		return operand{value: fixed}, nil
	}
	if len(t) == 1 {
		t[0].form = asJSON
	}
	return operand{text: t}, nil
}

// check makes an expectation ready.
func (s *scope) check(of part, c experiments.Check) (check, error) {
	out := check{of: of, name: c.Target, op: c.Op}
	var err error
	if of == ofJSON {
		if out.path, err = jsonpath.Parse(c.Target); err != nil {
			return check{}, fmt.Errorf("%s: %w", c.Target, err)
		}
	}
	switch c.Op {
	case experiments.Exists, experiments.Absent:
	case experiments.Matches:
		source, _ := c.Value.(string)
		out.match, err = regexp.Compile(source)
	case experiments.In:
		list, _ := c.Value.([]any)
		out.choices = make([]operand, len(list))
		for i := range list {
			if out.choices[i], err = s.operand(list[i]); err != nil {
				break
			}
		}
	default:
		out.want, err = s.operand(c.Value)
	}
	if err != nil {
		return check{}, fmt.Errorf("%s %s: %w", c.Target, c.Op, err)
	}
	return out, nil
}

// A Miss is an expectation that was not met.
type Miss struct {
	Target   string // a JSONPath, a header or "the body"
	Op       experiments.Op
	Found    bool // there was something to compare
	Actual   any  // decoded JSON, or a text; nothing where the body was looked at
	Expected any
}

// describe says in words what was not as expected; clean takes secrets out of
// values, before they are shortened.
func (m *Miss) describe(clean func(string) string) string {
	show := func(v any) string { return cut(clean(string(appendJSON(nil, v))), shownValue) }
	switch {
	case m.Found && m.Op == experiments.Absent:
		return m.Target + " is there, expected to be absent"
	case !m.Found && m.Op == experiments.Exists:
		return m.Target + " is absent"
	case m.Target == wholeBody:
		return fmt.Sprintf("%s %s %s", m.Target, complaint(m.Op), show(m.Expected))
	case !m.Found:
		return fmt.Sprintf("%s is absent, expected %s%s", m.Target, wording(m.Op), show(m.Expected))
	}
	return fmt.Sprintf("%s is %s, expected %s%s", m.Target, show(m.Actual), wording(m.Op), show(m.Expected))
}

const (
	wholeBody   = "the body"
	shownValue  = 120 // bytes of a value that a detail shows
	shownDetail = 400 // bytes of a detail
)

func wording(op experiments.Op) string {
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

// complaint is what is wrong with a whole body.
func complaint(op experiments.Op) string {
	switch op {
	case experiments.Contains:
		return "does not contain"
	case experiments.Lacks:
		return "contains"
	}
	return "does not match"
}

// run tells what is not as expected; nil where all is well. Where the path
// selects several values, all must be as expected; none never are.
func (c *check) run(a *answer, v *values) *Miss {
	switch c.of {
	case ofBody:
		return c.body(a, v)
	case ofHeader:
		list := a.resp.header(c.name)
		if len(list) == 0 {
			return c.nothing(v)
		}
		for _, value := range list {
			if m := c.one(value, v); m != nil {
				return m
			}
		}
		return nil
	}
	list := c.path.Select(a.document)
	if len(list) == 0 {
		return c.nothing(v)
	}
	for _, actual := range list {
		if m := c.one(actual, v); m != nil {
			return m
		}
	}
	return nil
}

// nothing is the judgement where there is nothing to compare.
func (c *check) nothing(v *values) *Miss {
	if c.op == experiments.Absent {
		return nil
	}
	return &Miss{Target: c.name, Op: c.op, Expected: c.expected(v)}
}

func (c *check) expected(v *values) any {
	switch c.op {
	case experiments.Exists, experiments.Absent:
		return nil
	case experiments.Matches:
		return c.match.String()
	case experiments.In:
		list := make([]any, len(c.choices))
		for i, o := range c.choices {
			list[i] = o.eval(v)
		}
		return list
	}
	return c.want.eval(v)
}

// one judges one value.
func (c *check) one(actual any, v *values) *Miss {
	want := c.expected(v)
	met := false
	switch c.op {
	case experiments.Exists:
		met = true
	case experiments.Eq:
		met = c.same(actual, want)
	case experiments.Ne:
		met = !c.same(actual, want)
	case experiments.In:
		list, _ := want.([]any)
		met = slices.ContainsFunc(list, func(w any) bool { return c.same(actual, w) })
	case experiments.Matches:
		met = c.match.MatchString(textOf(actual))
	case experiments.Lt, experiments.Lte, experiments.Gt, experiments.Gte:
		met = c.ordered(actual, want)
	}
	if met {
		return nil
	}
	return &Miss{Target: c.name, Op: c.op, Found: true, Actual: actual, Expected: want}
}

// same compares JSON values; headers are texts, whatever they are compared with.
func (c *check) same(actual, want any) bool {
	if c.of == ofHeader {
		return textOf(actual) == textOf(want)
	}
	return equal(actual, want)
}

func (c *check) ordered(actual, want any) bool {
	a, okA := numberOf(actual)
	w, okW := numberOf(want)
	if !okA || !okW {
		return false
	}
	order := a.compare(w)
	switch c.op {
	case experiments.Lt:
		return order < 0
	case experiments.Lte:
		return order <= 0
	case experiments.Gt:
		return order > 0
	}
	return order >= 0
}

func (c *check) body(a *answer, v *values) *Miss {
	body := a.resp.Body
	met := false
	var want any
	if c.op == experiments.Matches {
		want, met = c.match.String(), c.match.Match(body)
	} else {
		wanted := textOf(c.want.eval(v))
		want = wanted
		met = bytes.Contains(body, []byte(wanted)) == (c.op == experiments.Contains)
	}
	if met {
		return nil
	}
	return &Miss{Target: wholeBody, Op: c.op, Found: true, Expected: want}
}

// cut shortens a text to what a person reads.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
