// Package script reads the scripts of a Postman collection for what a journey can say
// as well: values of an answer that are kept, and what an answer must be.
//
// Nothing is run. The common forms are known; every other statement is returned in its
// own words, so that nothing is lost in silence. Strings are left out of these words:
// they may be secrets.
package script

import (
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
)

// A Script is what a script does, as far as a journey can do it.
type Script struct {
	Sets     []Set
	Checks   []Check
	Statuses []int   // that the answer may have; none: nothing is said
	Within   float64 // milliseconds until the answer must be there; 0: nothing is said
	Left     []string
	Weaker   []string // statements of which a check says only a part
}

// A Set keeps a value as a variable of Postman.
type Set struct {
	Name  string
	Value []Part // joined
}

// A Part of a text: a text, a variable of Postman, or a value of the answer.
type Part struct {
	Text     string
	Variable string             // without braces, such as id or $guid
	From     experiments.Source // of the answer; empty: it is not from there
	Expr     string
}

// A Check is an expectation on the answer.
type Check struct {
	On     Place
	Path   string // a JSONPath, or a header's name
	Op     experiments.Op
	Value  any    // string, json.Number, bool, nil or []any of these; [true] for Exists and Absent
	Parts  []Part // instead of Value, where it is a text with variables
	Number bool   // what Parts become is a number
}

// A Place is the part of an answer that a check is on.
type Place uint8

// The places of checks.
const (
	OnJSON Place = iota
	OnHeader
	OnBody
)

// Read reads a script. answered is true if it runs after the request, when there is an
// answer.
func Read(source string, answered bool) *Script {
	r := &run{source: source, answered: answered, names: map[string]known{}, out: &Script{}}
	if strings.TrimSpace(source) == "" {
		return r.out
	}
	if len(source) > maxSource {
		r.out.Left = []string{"a script of more than 256 KiB"}
		return r.out
	}
	tokens, ok := scan(source)
	if !ok {
		r.out.Left = []string{"a script that is no JavaScript"}
		return r.out
	}
	r.tokens = tokens
	p := &parser{tokens: tokens}
	for p.peek().kind != endToken {
		r.all(p.statements())
		p.advance() // a bracket that closes nothing
	}
	return r.out
}

// A run goes through the statements of a script.
type run struct {
	source   string
	tokens   []token
	answered bool
	names    map[string]known // variables of the script
	out      *Script
}

func (r *run) all(list []statement) {
	for _, s := range list {
		if !r.one(s) {
			r.out.Left = append(r.out.Left, r.words(s))
		}
	}
}

// one carries out a statement. It reports false if a journey cannot.
func (r *run) one(s statement) bool {
	switch {
	case s.unreadable:
		return false
	case s.kind == emptyStatement:
		return true
	case s.kind == blockStatement:
		r.all(s.body)
		return true
	case s.kind == ifStatement:
		return r.conditional(s)
	case s.kind == declareStatement:
		return r.declare(s)
	case s.value == nil:
		return true
	case s.value.kind == assignExpression:
		return r.assign(s)
	case s.value.kind == callExpression:
		return r.act(s)
	case s.value.kind == memberExpression:
		return r.answered && r.expectation(s.value, s)
	}
	return s.value.kind == stringExpression // "use strict"
}

// declare keeps what a name stands for. What is not known does no harm until it is
// used, unless it was made by a call that may do more.
func (r *run) declare(s statement) bool {
	v := r.value(s.value)
	for _, f := range s.names {
		r.names[f.name] = known{}
		if v.kind == answerJSON {
			r.names[f.name] = v.inner(f.member)
		}
	}
	if s.name != "" {
		r.names[s.name] = v
	}
	return v.kind != unknown || s.value.kind != callExpression || strings.HasPrefix(dotted(s.value.left), "require")
}

func (r *run) assign(s statement) bool {
	target, value := s.value.left, s.value.right
	switch {
	case target.kind == wordExpression:
		return r.declare(statement{name: target.text, value: value})
	case target.kind == indexExpression && dotted(target.left) == "tests":
		if value.kind == callExpression && dotted(value.left) == "responseBody.has" && len(value.list) == 1 && r.answered {
			a := &assertion{run: r, on: known{kind: answerText}, nothing: true}
			return a.keep(a.contains(r.value(value.list[0])), s)
		}
		return r.holds(r.value(value), s)
	}
	return false
}

// conditional carries out what is done if the answer is a good one. Other conditions
// are left.
func (r *run) conditional(s statement) bool {
	if !r.isSuccess(s.value) {
		return false
	}
	r.all(s.body)
	for _, other := range s.otherwise { // what is done with a bad answer
		if !r.isHarmless(s.otherwise) {
			r.out.Left = append(r.out.Left, "else "+r.words(other))
		}
	}
	return true
}

// isSuccess reports whether a condition says that the answer is a good one: by its
// status, or because it holds a value.
func (r *run) isSuccess(e *expression) bool {
	if e.kind == binaryExpression && e.text == "&&" {
		return r.isSuccess(e.left) && r.isSuccess(e.right)
	}
	v := r.value(e)
	if v.kind != comparison {
		return v.kind == answerJSON
	}
	switch v.left.kind {
	case answerStatus:
		code, ok := statusOf(v.right.literal)
		return ok && v.op == experiments.Eq && code >= 200 && code < 400
	case answerJSON:
		_, undefined := v.right.literal.(nothing)
		return v.op == experiments.Ne && v.right.kind == literalValue && (undefined || v.right.literal == nil)
	}
	return false
}

// isHarmless reports whether statements only print.
func (r *run) isHarmless(list []statement) bool {
	for _, s := range list {
		switch {
		case s.unreadable:
			return false
		case s.kind == emptyStatement:
		case s.kind == blockStatement && r.isHarmless(s.body):
		case s.kind == expressionStatement && s.value != nil && s.value.kind == callExpression && strings.HasPrefix(dotted(s.value.left), "console."):
		default:
			return false
		}
	}
	return true
}

// act carries out a call.
func (r *run) act(s statement) bool {
	e := s.value
	name := dotted(e.left)
	switch {
	case strings.HasPrefix(name, "console."), strings.HasSuffix(name, ".unset"), strings.HasSuffix(name, ".clear"), name == "postman.clearEnvironmentVariable",
		name == "postman.clearGlobalVariable", name == "require":
		return true
	case name == "pm.test" || name == "test":
		if len(e.list) == 2 && e.list[1].kind == functionExpression {
			r.all(e.list[1].body)
			return true
		}
		return false
	case name == "pm.environment.set" || name == "pm.collectionVariables.set" || name == "pm.globals.set" || name == "pm.variables.set" ||
		name == "postman.setEnvironmentVariable" || name == "postman.setGlobalVariable":
		return r.set(e)
	}
	return r.answered && r.expectation(e, s)
}

// set keeps a value.
func (r *run) set(e *expression) bool {
	if len(e.list) != 2 {
		return false
	}
	name := r.value(e.list[0])
	text, ok := name.literal.(string)
	if name.kind != literalValue || !ok || text == "" || len(text) > 200 {
		return false
	}
	parts, ok := r.value(e.list[1]).partsOf()
	if ok {
		r.out.Sets = append(r.out.Sets, Set{text, parts})
	}
	return ok
}

// maxWords is the length of the words of a statement that is left.
const maxWords = 100

// words returns a statement on one line, without the texts in it.
func (r *run) words(s statement) string {
	var b strings.Builder
	last := 0
	for i, t := range r.tokens[s.from:min(s.to, len(r.tokens)-1)] {
		if i > 0 && t.from > last {
			b.WriteByte(' ')
		}
		switch last = t.to; t.kind {
		case stringToken, templateToken, regexToken:
			b.WriteString(`"…"`)
		default:
			b.WriteString(t.text)
		}
		if b.Len() > maxWords {
			return strings.ToValidUTF8(strings.TrimSpace(b.String()[:maxWords-3]), "") + "…"
		}
	}
	return b.String()
}
