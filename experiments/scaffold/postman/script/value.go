package script

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
)

// A known is what an expression stands for, as far as a journey can tell.
type known struct {
	kind    knownKind
	path    string // of answerJSON and itsLength: a JSONPath; of answerHeader and answerCookie: the name; of answerMatch: the expression
	literal any    // of a literal: string, json.Number, bool, nil, []any or map[string]any
	parts   []Part // of text
	left    *known // of a comparison
	right   *known
	op      experiments.Op
	about   *expression // of a regular expression
	number  bool        // a text that was made a number
	worded  bool        // a value that was made a text: 1 and true are no longer what they were
}

type knownKind uint8

const (
	unknown knownKind = iota
	literalValue
	textValue // of variables, texts, and values of the answer
	answerJSON
	itsLength // of a list in the answer
	answerText
	answerHeader
	answerCookie
	answerMatch
	answerStatus
	answerTime
	comparison
	regexValue
)

// nothing is undefined, which JSON does not have.
type nothing struct{}

// dotted returns an expression such as pm.environment.set as a name. It is empty if the
// expression is more than names.
func dotted(e *expression) string {
	switch {
	case e == nil:
		return ""
	case e.kind == wordExpression:
		return e.text
	case e.kind == memberExpression:
		if left := dotted(e.left); left != "" {
			return left + "." + e.text
		}
	}
	return ""
}

// value tells what an expression stands for.
func (r *run) value(e *expression) known {
	if e == nil {
		return known{kind: literalValue, literal: nothing{}}
	}
	switch e.kind {
	case stringExpression:
		return known{kind: literalValue, literal: e.text}
	case numberExpression:
		if !json.Valid([]byte(e.text)) {
			return known{}
		}
		return known{kind: literalValue, literal: json.Number(e.text)}
	case negativeExpression:
		if v := r.value(e.left); v.kind == literalValue {
			if n, ok := v.literal.(json.Number); ok && !strings.HasPrefix(n.String(), "-") {
				return known{kind: literalValue, literal: "-" + n}
			}
		}
	case regexExpression:
		return known{kind: regexValue, about: e}
	case wordExpression:
		return r.word(e.text)
	case memberExpression:
		return r.member(e)
	case indexExpression:
		return r.index(e)
	case callExpression:
		return r.call(e)
	case binaryExpression:
		return r.binary(e)
	case templateExpression:
		return r.sum(e.list)
	case arrayExpression, objectExpression:
		return r.collection(e)
	}
	return known{}
}

func (r *run) word(name string) known {
	switch name {
	case "true", "false":
		return known{kind: literalValue, literal: name == "true"}
	case "null":
		return known{kind: literalValue, literal: nil}
	case "undefined":
		return known{kind: literalValue, literal: nothing{}}
	}
	if v, ok := r.names[name]; ok {
		return v
	}
	if name == "responseBody" && r.answered {
		return known{kind: answerText}
	}
	return known{}
}

func (r *run) member(e *expression) known {
	switch name := dotted(e); {
	case !r.answered:
	case name == "pm.response.code", name == "responseCode.code":
		return known{kind: answerStatus}
	case name == "pm.response.responseTime":
		return known{kind: answerTime}
	}
	if name := dotted(e); r.names[strings.SplitN(name, ".", 2)[0]].kind == unknown {
		if scope, variable, ok := strings.Cut(name, "."); ok && (scope == "environment" || scope == "globals") && !strings.Contains(variable, ".") {
			return variableText(variable)
		}
	}
	of := r.value(e.left)
	if of.kind != answerJSON {
		return known{}
	}
	if e.text == "length" {
		return known{kind: itsLength, path: of.path}
	}
	return of.inner(e.text)
}

func (r *run) index(e *expression) known {
	at := r.value(e.right)
	if at.kind != literalValue {
		return known{}
	}
	name, isText := at.literal.(string)
	number, isNumber := at.literal.(json.Number)
	switch of := r.value(e.left); {
	case of.kind == answerJSON && isText:
		return of.inner(name)
	case of.kind == answerJSON && isNumber && plainIndex.MatchString(number.String()):
		return known{kind: answerJSON, path: of.path + "[" + number.String() + "]"}
	case isText && r.answered && dotted(e.left) == "responseHeaders" && experiments.IsHeaderName(name):
		return known{kind: answerHeader, path: name}
	case isText && (dotted(e.left) == "environment" || dotted(e.left) == "globals"):
		return variableText(name)
	case of.kind == answerMatch && isNumber:
		if groups := regexp.MustCompile(of.path).NumSubexp(); groups == 0 && number == "0" || groups > 0 && number == "1" {
			return known{kind: textValue, parts: []Part{{From: experiments.FromRegex, Expr: of.path}}}
		}
	}
	return known{}
}

var (
	plainIndex  = lazyregexp.New(`^[0-9]{1,6}$`)
	plainMember = lazyregexp.New(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// inner returns a member of a value of the answer.
func (v known) inner(name string) known {
	if plainMember.MatchString(name) {
		return known{kind: answerJSON, path: v.path + "." + name}
	}
	for _, c := range name {
		if c < ' ' || c == 0x7f || c == 0xfffd {
			return known{}
		}
	}
	return known{kind: answerJSON, path: v.path + "['" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(name) + "']"}
}

// variableText is the value of a variable of Postman.
func variableText(name string) known {
	return known{kind: textValue, parts: []Part{{Variable: name}}}
}

// call tells what a call returns.
func (r *run) call(e *expression) known {
	first := known{}
	if len(e.list) > 0 {
		first = r.value(e.list[0])
	}
	name, text := dotted(e.left), ""
	if first.kind == literalValue {
		text, _ = first.literal.(string)
	}
	if r.answered {
		switch name {
		case "pm.response.json":
			return known{kind: answerJSON, path: "$"}
		case "pm.response.text":
			return known{kind: answerText}
		case "JSON.parse":
			if first.kind == answerText {
				return known{kind: answerJSON, path: "$"}
			}
			return known{}
		case "pm.response.headers.get", "postman.getResponseHeader":
			if experiments.IsHeaderName(text) {
				return known{kind: answerHeader, path: text}
			}
			return known{}
		case "pm.cookies.get":
			if text != "" {
				return known{kind: answerCookie, path: text}
			}
			return known{}
		}
	}
	switch name {
	case "pm.environment.get", "pm.collectionVariables.get", "pm.globals.get", "pm.variables.get", "pm.iterationData.get",
		"postman.getEnvironmentVariable", "postman.getGlobalVariable":
		if text != "" {
			return variableText(text)
		}
		return known{}
	case "pm.variables.replaceIn", "pm.environment.replaceIn", "pm.globals.replaceIn", "pm.collectionVariables.replaceIn":
		return known{kind: textValue, parts: splitVariables(text)}
	case "uuid.v4", "uuidv4", "crypto.randomUUID", "uuid":
		return variableText("$guid")
	case "Date.now":
		return variableText("$timestamp")
	case "String", "Number", "parseInt", "parseFloat":
		if len(e.list) > 0 && first.isText() {
			first.number, first.worded = name != "String", name == "String"
			return first
		}
		return known{}
	}
	if e.left.kind == memberExpression {
		return r.method(e, r.value(e.left.left), first)
	}
	return known{}
}

// method tells what a method of a value returns.
func (r *run) method(e *expression, of, first known) known {
	switch e.left.text {
	case "toString", "trim":
		if len(e.list) == 0 && of.isText() {
			of.worded = true
			return of
		}
	case "at":
		if n, ok := first.literal.(json.Number); ok && of.kind == answerJSON && plainIndex.MatchString(strings.TrimPrefix(n.String(), "-")) {
			return known{kind: answerJSON, path: of.path + "[" + n.String() + "]"}
		}
	case "match":
		if of.kind == answerText && first.kind == regexValue {
			if expr, ok := translate(first.about.text); ok {
				return known{kind: answerMatch, path: expr}
			}
		}
	}
	return known{}
}

// isText reports whether a value is one of the answer, of a variable or of the script.
func (v known) isText() bool {
	return v.kind == answerJSON || v.kind == answerHeader || v.kind == answerCookie || v.kind == textValue || v.kind == literalValue
}

// partsOf returns a value as a text of parts. It reports false if it is none.
func (v known) partsOf() ([]Part, bool) {
	switch v.kind {
	case literalValue:
		switch literal := v.literal.(type) {
		case string:
			return []Part{{Text: literal}}, true
		case json.Number, bool:
			return []Part{{Text: fmt.Sprint(literal)}}, true
		}
	case textValue:
		return v.parts, true
	case answerJSON:
		return []Part{{From: experiments.FromJSON, Expr: v.path}}, true
	case answerHeader:
		return []Part{{From: experiments.FromHeader, Expr: v.path}}, true
	case answerCookie:
		return []Part{{From: experiments.FromCookie, Expr: v.path}}, true
	}
	return nil, false
}

// maxParts is how many parts a text may have.
const maxParts = 50

// sum joins texts.
func (r *run) sum(list []*expression) known {
	out := known{kind: textValue}
	for _, e := range list {
		parts, ok := r.value(e).partsOf()
		if !ok || len(out.parts)+len(parts) > maxParts {
			return known{}
		}
		out.parts = append(out.parts, parts...)
	}
	return out
}

var variableForm = lazyregexp.New(`\{\{[^{}]{1,200}\}\}`)

// splitVariables splits a text at its {{variables}}.
func splitVariables(text string) (parts []Part) {
	at := 0
	for _, m := range variableForm.FindAllStringIndex(text, maxParts) {
		if m[0] > at {
			parts = append(parts, Part{Text: text[at:m[0]]})
		}
		parts = append(parts, Part{Variable: strings.TrimSpace(text[m[0]+2 : m[1]-2])})
		at = m[1]
	}
	if at < len(text) {
		parts = append(parts, Part{Text: text[at:]})
	}
	return parts
}

func (r *run) binary(e *expression) known {
	ops := map[string]experiments.Op{"==": experiments.Eq, "===": experiments.Eq, "!=": experiments.Ne, "!==": experiments.Ne,
		"<": experiments.Lt, "<=": experiments.Lte, ">": experiments.Gt, ">=": experiments.Gte}
	if op, ok := ops[e.text]; ok {
		left, right := r.value(e.left), r.value(e.right)
		return known{kind: comparison, left: &left, right: &right, op: op}
	}
	if e.text == "+" {
		left, right := r.value(e.left), r.value(e.right)
		if !left.isWords() && !right.isWords() {
			return known{} // a sum of numbers
		}
		return r.sum([]*expression{e.left, e.right})
	}
	return known{}
}

// isWords reports whether a value is a text for sure, and no number.
func (v known) isWords() bool {
	if v.kind == literalValue {
		_, ok := v.literal.(string)
		return ok
	}
	return v.kind == textValue
}

// collection is a list or an object of literals.
func (r *run) collection(e *expression) known {
	list, object := []any{}, map[string]any{}
	for i, item := range e.list {
		v := r.value(item)
		if _, undefined := v.literal.(nothing); v.kind != literalValue || undefined {
			return known{}
		}
		if e.kind == objectExpression {
			object[e.names[i]] = v.literal
		}
		list = append(list, v.literal)
	}
	if e.kind == objectExpression {
		return known{kind: literalValue, literal: object}
	}
	return known{kind: literalValue, literal: list}
}

// translate returns a regular expression of JavaScript as one of RE2, if that can read
// it.
func translate(literal string) (string, bool) {
	end := strings.LastIndexByte(literal, '/')
	if end < 1 {
		return "", false
	}
	expr, flags := literal[1:end], literal[end+1:]
	if strings.Contains(flags, "i") {
		expr = "(?i)" + expr
	}
	expr = strings.ReplaceAll(expr, `\/`, "/")
	_, err := regexp.Compile(expr)
	return expr, err == nil && !strings.Contains(expr, "${") && len(expr) <= 1000
}
