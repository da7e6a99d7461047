package script

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
)

// A link is one word of a chain such as to.have.status(201).
type link struct {
	name string
	call bool
	args []*expression
}

// chain takes a chain apart: what it is about, and its words.
func chain(e *expression) (about *expression, links []link) {
	for e != nil {
		switch e.kind {
		case memberExpression:
			links = append(links, link{name: e.text})
		case callExpression:
			if e.left.kind != memberExpression {
				return e, reversed(links)
			}
			links = append(links, link{name: e.left.text, call: true, args: e.list})
			e = e.left
		default:
			return e, reversed(links)
		}
		e = e.left
	}
	return nil, nil
}

func reversed(links []link) []link {
	for i, k := 0, len(links)-1; i < k; i, k = i+1, k-1 {
		links[i], links[k] = links[k], links[i]
	}
	return links
}

// An assertion goes through the words of a chain.
type assertion struct {
	run     *run
	on      known // what the next word is about
	not     bool
	list    bool // it is a list for sure
	checks  []Check
	status  []int
	within  float64
	weaker  bool
	nothing bool // nothing was said yet
}

// expectation reads pm.expect(...).to... and pm.response.to.... It reports false if a
// journey cannot say that.
func (r *run) expectation(e *expression, s statement) bool {
	about, links := chain(e)
	a := &assertion{run: r, nothing: true}
	switch {
	case about != nil && about.kind == callExpression && dotted(about.left) == "expect" && len(about.list) > 0:
		a.on = r.value(about.list[0])
	case about != nil && about.kind == wordExpression && about.text == "pm" && len(links) > 1 && links[0].name == "expect" && links[0].call && len(links[0].args) > 0:
		a.on = r.value(links[0].args[0])
		links = links[1:]
	case about != nil && about.kind == wordExpression && about.text == "pm" && len(links) > 1 && links[0].name == "response" && links[1].name == "to":
		return a.keep(a.ofResponse(links[2:]), s)
	case about != nil && about.kind == wordExpression && about.text == "responseBody":
		return false
	default:
		return false
	}
	if a.on.kind == comparison {
		return len(links) > 0 && isTrue(links[len(links)-1]) && r.holds(a.on, s)
	}
	for i, l := range links {
		if !a.word(l, i == len(links)-1) {
			return false
		}
	}
	return a.keep(true, s)
}

// isTrue reports whether a word says that a comparison holds.
func isTrue(l link) bool { return l.name == "true" && !l.call }

// keep keeps what a chain said, if all of it is known.
func (a *assertion) keep(understood bool, s statement) bool {
	if !understood || a.nothing {
		return false
	}
	out := a.run.out
	out.Checks = append(out.Checks, a.checks...)
	if len(a.status) > 0 {
		out.Statuses = a.status
	}
	if a.within > 0 {
		out.Within = a.within
	}
	if a.weaker {
		out.Weaker = append(out.Weaker, a.run.words(s))
	}
	return true
}

func (a *assertion) add(c Check) bool {
	a.checks = append(a.checks, c)
	a.nothing = false
	return true
}

// holds expects a comparison to hold, such as tests["..."] = responseCode.code === 200.
func (r *run) holds(v known, s statement) bool {
	if v.kind != comparison {
		return false
	}
	a := &assertion{run: r, on: *v.left, nothing: true}
	if v.op == experiments.Eq || v.op == experiments.Ne {
		a.not = v.op == experiments.Ne
		return a.keep(a.equal(*v.right), s)
	}
	return a.keep(a.order(v.op, *v.right), s)
}

// word reads one word of a chain about a value.
func (a *assertion) word(l link, last bool) bool {
	var first known
	if len(l.args) > 0 {
		first = a.run.value(l.args[0])
	}
	switch l.name {
	case "to", "be", "been", "is", "that", "which", "and", "has", "have", "with", "at", "of", "same", "but", "does", "still", "also", "deep", "nested", "own", "strict":
		return !l.call
	case "not":
		a.not = true
		return !l.call
	case "a", "an":
		return !l.call || a.kind(first)
	case "eql", "equal", "equals", "eq", "deepEqual":
		return l.call && len(l.args) > 0 && a.equal(first)
	case "true", "false":
		return !l.call && a.equal(known{kind: literalValue, literal: l.name == "true"})
	case "null":
		return a.equal(known{kind: literalValue, literal: nil})
	case "undefined", "exist", "exists":
		if l.name == "undefined" {
			a.not = !a.not
		}
		return a.exists()
	case "ok":
		a.weaker = true
		return !a.not && a.exists()
	case "oneOf":
		return l.call && a.oneOf(first)
	case "include", "includes", "contain", "contains", "string":
		return l.call && a.contains(first)
	case "match", "matches":
		return l.call && a.matches(first)
	case "property":
		return l.call && a.property(l, first, last)
	case "above", "gt", "greaterThan":
		return l.call && a.order(experiments.Gt, first)
	case "least", "gte", "greaterThanOrEqual":
		return l.call && a.order(experiments.Gte, first)
	case "below", "lt", "lessThan":
		return l.call && a.order(experiments.Lt, first)
	case "most", "lte", "lessThanOrEqual":
		return l.call && a.order(experiments.Lte, first)
	case "within":
		return len(l.args) == 2 && a.order(experiments.Gte, first) && a.order(experiments.Lte, a.run.value(l.args[1]))
	case "lengthOf", "length":
		return l.call && a.length(experiments.Eq, first)
	case "empty":
		return a.empty()
	}
	return false
}

// place returns where a check on a value stands.
func (a *assertion) place() (Check, bool) {
	switch a.on.kind {
	case answerJSON: // a text is compared with a text, and nobody knows what is there
		return Check{On: OnJSON, Path: a.on.path}, !a.on.worded
	case answerHeader:
		return Check{On: OnHeader, Path: a.on.path}, true
	}
	return Check{}, false
}

// kind expects a value to be of a kind. A journey can only say that it is there.
func (a *assertion) kind(want known) bool {
	name, _ := want.literal.(string)
	if a.not || want.kind != literalValue {
		return false
	}
	if name == "array" {
		a.list = true
	}
	if a.on.kind == answerJSON && a.on.path == "$" && (name == "array" || name == "object") {
		a.weaker, a.nothing = true, false
		return true
	}
	c, ok := a.place()
	c.Op, c.Value = experiments.Exists, true
	if name == "null" || name == "undefined" {
		return false
	}
	a.weaker = true
	return ok && a.add(c)
}

func (a *assertion) equal(want known) bool {
	switch a.on.kind {
	case answerStatus:
		code, ok := statusOf(want.literal)
		a.status = []int{code}
		a.nothing = false
		return ok && !a.not
	case itsLength:
		return a.length(experiments.Eq, want)
	}
	if _, undefined := want.literal.(nothing); undefined && want.kind == literalValue {
		a.not = !a.not
		return a.exists()
	}
	c, ok := a.place()
	if c.Op = experiments.Eq; a.not {
		c.Op = experiments.Ne
	}
	return ok && want.operand(&c) && a.add(c)
}

// operand makes a value what a check compares with.
func (v known) operand(c *Check) bool {
	switch v.kind {
	case literalValue:
		c.Value = v.literal
		return true
	case textValue:
		c.Parts, c.Number = v.parts, v.number
		for _, p := range v.parts {
			if p.From != "" { // of the same answer
				return false
			}
		}
		return true
	}
	return false
}

func (a *assertion) exists() bool {
	c, ok := a.place()
	if c.Op = experiments.Exists; a.not {
		c.Op = experiments.Absent
	}
	c.Value = true
	return ok && a.add(c)
}

func (a *assertion) oneOf(want known) bool {
	list, ok := want.literal.([]any)
	if !ok || want.kind != literalValue || len(list) == 0 || a.not {
		return false
	}
	if a.on.kind == answerStatus {
		a.nothing = false
		for _, item := range list {
			code, ok := statusOf(item)
			if !ok {
				return false
			}
			a.status = append(a.status, code)
		}
		return true
	}
	c, ok := a.place()
	c.Op, c.Value = experiments.In, list
	return ok && a.add(c)
}

func (a *assertion) contains(want known) bool {
	text, ok := want.literal.(string)
	if !ok || want.kind != literalValue || text == "" {
		return false
	}
	if a.on.kind == answerText {
		c := Check{On: OnBody, Op: experiments.Contains, Value: text}
		if a.not {
			c.Op = experiments.Lacks
		}
		return a.add(c)
	}
	c, ok := a.place()
	c.Op, c.Value = experiments.Matches, regexp.QuoteMeta(text)
	return ok && !a.not && !a.list && !strings.Contains(text, "${") && a.add(c)
}

func (a *assertion) matches(want known) bool {
	if want.kind != regexValue || a.not {
		return false
	}
	expr, ok := translate(want.about.text)
	if !ok {
		return false
	}
	c, placed := a.place()
	if a.on.kind == answerText {
		c, placed = Check{On: OnBody}, true
	}
	c.Op, c.Value = experiments.Matches, expr
	return placed && a.add(c)
}

// property expects a member, and makes it what the next word is about.
func (a *assertion) property(l link, first known, last bool) bool {
	path, ok := first.literal.(string)
	if !ok || first.kind != literalValue || a.on.kind != answerJSON || path == "" {
		return false
	}
	inner := a.on.inner(path)
	if inner.kind != answerJSON {
		return false
	}
	a.on = inner
	if len(l.args) > 1 {
		return a.equal(a.run.value(l.args[1]))
	}
	return a.exists() && (last || !a.not)
}

func (a *assertion) order(op experiments.Op, want known) bool {
	n, ok := want.literal.(json.Number)
	if a.not {
		return false
	}
	switch {
	case want.kind == textValue && a.on.kind == answerJSON:
		c := Check{Path: a.on.path, Op: op}
		return len(want.parts) == 1 && want.operand(&c) && a.add(c)
	case want.kind != literalValue || !ok:
		return false
	case a.on.kind == answerTime && (op == experiments.Lt || op == experiments.Lte):
		limit, err := n.Float64()
		a.within, a.nothing = limit, false
		return err == nil && limit >= 1 && limit <= 600_000
	case a.on.kind == itsLength:
		return a.length(op, want)
	case a.on.kind != answerJSON:
		return false
	}
	return a.add(Check{Path: a.on.path, Op: op, Value: n})
}

// length expects a list to have so many items: the last is there, and the next is not.
func (a *assertion) length(op experiments.Op, want known) bool {
	literal, ok := want.literal.(json.Number)
	if !ok || want.kind != literalValue || a.not || a.on.kind != itsLength && a.on.kind != answerJSON || !a.list && !isListName(a.on.path) {
		return false
	}
	n, err := strconv.Atoi(literal.String())
	if err != nil || n < 0 || n > 100_000 {
		return false
	}
	least, most := n, n // items
	switch op {
	case experiments.Gt:
		least, most = n+1, -1
	case experiments.Gte:
		most = -1
	case experiments.Lt:
		least, most = 0, n-1
	case experiments.Lte:
		least = 0
	}
	item := func(i int, op experiments.Op) {
		a.add(Check{Path: a.on.path + "[" + strconv.Itoa(i) + "]", Op: op, Value: true})
	}
	if least > 0 {
		item(least-1, experiments.Exists)
	}
	if most >= 0 {
		item(most, experiments.Absent)
	}
	return !a.nothing
}

// isListName reports whether a path likely leads to a list, and not to a text, which has
// a length, too.
func isListName(path string) bool {
	last := strings.ToLower(path[strings.LastIndexAny(path, ".[")+1:])
	last = strings.Trim(last, "]'")
	return path == "$" || strings.HasSuffix(last, "s") || strings.HasSuffix(last, "list") || last == "data" || strings.HasSuffix(last, "array")
}

func (a *assertion) empty() bool {
	if a.on.kind != answerJSON || !a.list && !isListName(a.on.path) {
		return false
	}
	c := Check{Path: a.on.path + "[0]", Op: experiments.Absent, Value: true}
	if a.not {
		c.Op = experiments.Exists
	}
	return a.add(c)
}

// ofResponse reads the words after pm.response.to.
func (a *assertion) ofResponse(links []link) bool {
	for _, l := range links {
		var first, second known
		if len(l.args) > 0 {
			first = a.run.value(l.args[0])
		}
		if len(l.args) > 1 {
			second = a.run.value(l.args[1])
		}
		text, _ := first.literal.(string)
		ok := false
		switch l.name {
		case "be", "have", "has", "and", "that", "is", "with":
			ok = !l.call
		case "not":
			a.not, ok = true, !l.call
		case "status":
			a.on = known{kind: answerStatus}
			ok = l.call && a.equal(first)
		case "success", "error", "clientError", "serverError":
			// Any 2xx is what a step expects that says nothing, and no error is less.
			ok = !l.call && (l.name == "success") != a.not
			a.nothing = false
		case "header":
			ok = a.header(text, second, len(l.args))
		case "json":
			ok = !a.not && a.add(Check{On: OnHeader, Path: "Content-Type", Op: experiments.Matches, Value: "json"})
		case "jsonBody":
			ok = a.jsonBody(text, second, len(l.args))
		case "body":
			ok = a.body(text, len(l.args))
		case "withBody":
			ok = !a.not && a.add(Check{On: OnBody, Op: experiments.Matches, Value: "(?s)."})
		default:
			code := namedStatus(l.name)
			ok = !l.call && !a.not && code > 0
			a.status, a.nothing = []int{code}, false
		}
		if !ok {
			return false
		}
	}
	return true
}

func (a *assertion) header(name string, value known, n int) bool {
	if !experiments.IsHeaderName(name) {
		return false
	}
	a.on = known{kind: answerHeader, path: name}
	if n > 1 {
		return a.equal(value)
	}
	return a.exists()
}

func (a *assertion) jsonBody(path string, value known, n int) bool {
	a.on = known{kind: answerJSON, path: "$"}
	if n == 0 {
		a.nothing = false
		return !a.not && a.add(Check{On: OnHeader, Path: "Content-Type", Op: experiments.Matches, Value: "json"})
	}
	for part := range strings.SplitSeq(path, ".") {
		if part == "" {
			return false
		}
		if a.on = a.on.inner(part); a.on.kind != answerJSON {
			return false
		}
	}
	if n > 1 {
		return a.equal(value)
	}
	return a.exists()
}

func (a *assertion) body(text string, n int) bool {
	if n == 0 {
		return !a.not && a.add(Check{On: OnBody, Op: experiments.Matches, Value: "(?s)."})
	}
	a.weaker = true
	return text != "" && !a.not && a.add(Check{On: OnBody, Op: experiments.Contains, Value: text})
}

// statusOf returns a status that is given as a number or by its name.
func statusOf(v any) (int, bool) {
	switch v := v.(type) {
	case json.Number:
		code, err := strconv.Atoi(v.String())
		return code, err == nil && code >= 100 && code <= 599
	case string:
		for code := 100; code < 600; code++ {
			if strings.EqualFold(http.StatusText(code), v) && v != "" {
				return code, true
			}
		}
	}
	return 0, false
}

// namedStatus returns the status of a word such as notFound, and 0 if there is none.
func namedStatus(word string) int {
	switch word {
	case "ok":
		return http.StatusOK
	case "accepted":
		return http.StatusAccepted
	case "badRequest":
		return http.StatusBadRequest
	case "unauthorized", "unauthorised":
		return http.StatusUnauthorized
	case "forbidden":
		return http.StatusForbidden
	case "notFound":
		return http.StatusNotFound
	case "rateLimited":
		return http.StatusTooManyRequests
	}
	return 0
}
