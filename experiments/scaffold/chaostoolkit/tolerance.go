package chaostoolkit

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/jsonpath"
	"github.com/blastgauge/blastgauge/experiments/scaffold/draft"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

// tolerate makes expectations of what a probe tolerates. why says why it cannot be kept.
//
// Note: the output of an HTTP probe is its status, headers and body. A number or a list
// of numbers is compared with the status; a text or true is never equal to all three.
func (r *reader) tolerate(s *draft.Step, a activity) (why string) {
	n, ok := a.node.Lookup("tolerance")
	if !ok && textOf(a.node, "ref") != "" {
		n, ok = r.probes[a.name].node.Lookup("tolerance")
	}
	if !ok {
		return r.expectStatus(s, a)
	}
	switch n.Kind() {
	case shape.Int, shape.Sequence:
		return expectStatuses(s, valuesOf(n))
	case shape.Mapping:
		why = r.tolerateType(s, n)
	case shape.Str:
		if text, known := shown(r.expand(n.Text())); known && text != n.Text() && isStatus(text) { // a variable
			s.Status, _ = strconv.Atoi(text)
			return ""
		}
		return "the output of an HTTP probe never equals a text: tolerate a status, or {type: regex, target: body, pattern: ...}"
	case shape.Bool:
		if !strings.EqualFold(n.Text(), "true") {
			return "the output of an HTTP probe never equals " + line(n.Text())
		}
		s.Notes = append(s.Notes, r.remark(n, "the output of an HTTP probe never equals true: a status that tells of success is what is meant here"))
		return r.expectStatus(s, a)
	default:
		return "the output of an HTTP probe never equals " + line(n.Text())
	}
	if why == "" && s.Status == 0 && len(s.Statuses) == 0 {
		return r.expectStatus(s, a)
	}
	return why
}

// expectStatus expects the status that the provider of a probe names.
func (r *reader) expectStatus(s *draft.Step, a activity) string {
	if n, ok := a.provider.Lookup("expected_status"); ok && n.Kind() == shape.Int {
		return expectStatuses(s, []shape.Node{n})
	}
	return ""
}

func isStatus(text string) bool {
	code, err := strconv.Atoi(text)
	return err == nil && code >= 100 && code <= 599
}

func expectStatuses(s *draft.Step, list []shape.Node) (why string) {
	for _, n := range list {
		if n.Kind() != shape.Int || !isStatus(n.Text()) {
			return "its tolerance is no status from 100 to 599"
		}
		code, _ := strconv.Atoi(n.Text())
		s.Statuses = append(s.Statuses, code)
	}
	return statusesOf(s)
}

// statusesOf bounds the statuses of a step.
func statusesOf(s *draft.Step) (why string) {
	const most = 100
	switch n := len(s.Statuses); {
	case n == 0:
		return "no answer fits its tolerance"
	case n > most:
		return fmt.Sprintf("%d statuses fit its tolerance, and a step has at most %d", n, most)
	}
	if s.Status = 0; len(s.Statuses) == 1 {
		s.Status, s.Statuses = s.Statuses[0], nil
	}
	return ""
}

// tolerateType reads a tolerance that says what it is.
func (r *reader) tolerateType(s *draft.Step, n shape.Node) (why string) {
	target := textOf(n, "target")
	switch kind := textOf(n, "type"); kind {
	case "regex":
		return r.tolerateRegex(s, n, target)
	case "range":
		return r.tolerateRange(s, n, target)
	case "jsonpath":
		if target != "body" {
			return "a jsonpath reads the body of an answer here: target: body"
		}
		return r.toleratePath(s, n)
	case "probe":
		return "its tolerance is a program of its own"
	default:
		return fmt.Sprintf("its tolerance is of the type %.40q, which is not known", kind)
	}
}

func (r *reader) tolerateRegex(s *draft.Step, n shape.Node, target string) (why string) {
	pattern, known := literal(r.expand(textOf(n, "pattern")))
	re, err := regexp.Compile(pattern)
	switch {
	case !known || strings.Contains(pattern, "${"):
		return "its expression is only known when Chaos Toolkit runs"
	case err != nil:
		return "its regular expression is none of RE2: " + line(err.Error())
	case target == "body":
		s.Body = append(s.Body, draft.Check{Op: experiments.Matches, Operand: text(pattern)})
		return ""
	case target == "status":
		for code := 100; code < 600; code++ {
			if re.MatchString(strconv.Itoa(code)) {
				s.Statuses = append(s.Statuses, code)
			}
		}
		return statusesOf(s)
	}
	return "a regular expression is for the body or the status here, not for " + cmp.Or(line(target), "all of the output")
}

func (r *reader) tolerateRange(s *draft.Step, n shape.Node, target string) (why string) {
	bounds, ok := n.Lookup("range")
	if !ok || len(bounds.Items()) != 2 {
		return "its range is no list of two numbers"
	}
	low, errLow := strconv.ParseFloat(bounds.Items()[0].Text(), 64)
	high, errHigh := strconv.ParseFloat(bounds.Items()[1].Text(), 64)
	switch {
	case errLow != nil || errHigh != nil || !(low <= high):
		return "its range is no list of two numbers"
	case target == "status":
		for code := 100; code < 600; code++ {
			if low <= float64(code) && float64(code) <= high {
				s.Statuses = append(s.Statuses, code)
			}
		}
		return statusesOf(s)
	case target == "body":
		least, okLeast := r.toJSON(bounds.Items()[0], "", 0)
		most, okMost := r.toJSON(bounds.Items()[1], "", 0)
		if !okLeast || !okMost || least.Kind != draft.NumberNode || most.Kind != draft.NumberNode {
			return "its range is no list of two numbers"
		}
		s.Checks = append(s.Checks, draft.Check{Path: "$", Op: experiments.Gte, Operand: least}, draft.Check{Path: "$", Op: experiments.Lte, Operand: most})
		return ""
	}
	return "a range is for the status or the body here, not for " + cmp.Or(line(target), "all of the output")
}

// toleratePath expects a value of the body. A list of values is what the path finds in
// all, in order.
func (r *reader) toleratePath(s *draft.Step, n shape.Node) (why string) {
	path, known := literal(r.expand(strings.TrimSpace(textOf(n, "path"))))
	if !known {
		return "its path is only known when Chaos Toolkit runs"
	}
	if _, err := jsonpath.Parse(path); err != nil || len(path) > maxKey {
		return "its path is none of RFC 9535 of at most 200 characters: such as $.status"
	}
	if _, ok := n.Lookup("count"); ok {
		return "a check does not count what a path finds"
	}
	expect, ok := n.Lookup("expect")
	if ok && expect.Kind() == shape.Sequence {
		if len(expect.Items()) != 1 {
			return "a check compares one value of an answer, and not a list of what a path finds"
		}
		expect = expect.Items()[0]
	}
	if !ok {
		s.Checks = append(s.Checks, draft.Check{Path: path, Op: experiments.Exists, Operand: &draft.Node{Text: "true"}})
		return ""
	}
	value, ok := r.toJSON(expect, "", 0)
	if !ok || value.Kind == draft.ListNode || value.Kind == draft.ObjectNode {
		return "what it expects is no text, number, true or false"
	}
	s.Checks = append(s.Checks, draft.Check{Path: path, Op: experiments.Eq, Operand: value})
	return ""
}

func text(value string) *draft.Node {
	return &draft.Node{Kind: draft.TextNode, Text: value, Slot: draft.NewSlot(draft.InJSON, "", value, value)}
}
