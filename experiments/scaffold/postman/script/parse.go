package script

import (
	"strconv"
	"strings"
)

// A statement is one of a script, as far as its form is known.
type statement struct {
	kind       statementKind
	from, to   int     // tokens
	name       string  // of what is declared or assigned
	names      []field // of a pattern that takes a value apart
	value      *expression
	body       []statement // of a block, of an if, or of a try
	otherwise  []statement // of an if
	unreadable bool
}

type statementKind uint8

const (
	expressionStatement statementKind = iota
	declareStatement
	ifStatement
	blockStatement // also of a try
	emptyStatement
)

// A field is a name that takes the member of a value.
type field struct{ member, name string }

// An expression is one of a script, as far as its form is known.
type expression struct {
	kind  expressionKind
	text  string        // of a word, string, number, regex or template; the operator; the member
	left  *expression   // of what: object, callee, left operand
	right *expression   // index, right operand
	list  []*expression // arguments, items
	names []string      // of an object
	body  []statement   // of a function
}

type expressionKind uint8

const (
	otherExpression expressionKind = iota
	wordExpression
	stringExpression
	numberExpression
	regexExpression
	templateExpression
	memberExpression
	indexExpression
	callExpression
	binaryExpression
	notExpression
	negativeExpression
	assignExpression
	functionExpression
	arrayExpression
	objectExpression
)

// maxDepth is how deep a script may nest. What is deeper is not read.
const maxDepth = 60

// A parser reads statements. It knows the forms that tests are written in, and skips
// what it does not know.
type parser struct {
	tokens []token
	at     int
	depth  int
	failed bool // since the statement began
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) advance() token {
	t := p.tokens[p.at]
	if t.kind != endToken {
		p.at++
	}
	return t
}

func (p *parser) is(text string) bool {
	t := p.peek()
	return (t.kind == punctToken || t.kind == wordToken) && t.text == text
}

func (p *parser) take(text string) bool {
	if p.is(text) {
		p.at++
		return true
	}
	return false
}

func (p *parser) want(text string) {
	if !p.take(text) {
		p.failed = true
	}
}

// enter counts a level. It reports false if there are too many.
func (p *parser) enter() bool {
	p.depth++
	if p.depth > maxDepth {
		p.failed = true
	}
	return !p.failed
}

func (p *parser) leave() { p.depth-- }

// statements reads up to the end of a block, or of the script.
func (p *parser) statements() []statement {
	var list []statement
	for p.peek().kind != endToken && !p.is("}") {
		list = append(list, p.statement())
	}
	return list
}

// statement reads one. What cannot be read is skipped whole.
func (p *parser) statement() statement {
	from, before := p.at, p.failed
	p.failed = false
	s := p.known()
	if !p.failed {
		p.failed = !p.endOfStatement(s)
	}
	if p.failed {
		p.at = from
		p.skip(0)
		if p.at == from { // a bracket that closes nothing
			p.advance()
		}
		s = statement{unreadable: true}
	}
	s.from, s.to = from, p.at
	p.failed = before
	return s
}

// endOfStatement takes the semicolon after a statement, which may be left out.
func (p *parser) endOfStatement(s statement) bool {
	if p.take(";") || s.kind == ifStatement || s.kind == blockStatement {
		return true
	}
	return p.is("}") || p.peek().kind == endToken || p.peek().newline
}

func (p *parser) known() statement {
	if !p.enter() {
		return statement{}
	}
	defer p.leave()
	switch t := p.peek(); {
	case t.kind == wordToken && (t.text == "const" || t.text == "let" || t.text == "var"):
		p.advance()
		return p.declaration()
	case p.take("if"):
		return p.conditional()
	case p.take("try"):
		s := statement{kind: blockStatement, body: p.block()}
		for p.is("catch") || p.is("finally") {
			p.advance()
			if p.is("(") {
				p.skipBrackets()
			}
			p.skipBrackets()
		}
		return s
	case p.is("{"):
		return statement{kind: blockStatement, body: p.block()}
	case p.is(";"):
		return statement{kind: emptyStatement}
	case p.take("return"):
		if p.is(";") || p.is("}") || p.peek().kind == endToken {
			return statement{kind: emptyStatement}
		}
	}
	return statement{value: p.expression(0)}
}

// declaration reads one name and its value. A list of them is rare, and is not read.
func (p *parser) declaration() statement {
	s := statement{kind: declareStatement}
	if p.take("{") {
		for !p.failed && !p.take("}") {
			f := field{member: p.word()}
			f.name = f.member
			if p.take(":") {
				f.name = p.word()
			}
			s.names = append(s.names, f)
			if !p.is("}") {
				p.want(",")
			}
		}
	} else {
		s.name = p.word()
	}
	if p.take("=") {
		s.value = p.expression(0)
	}
	return s
}

func (p *parser) word() string {
	t := p.advance()
	if t.kind != wordToken {
		p.failed = true
	}
	return t.text
}

func (p *parser) conditional() statement {
	s := statement{kind: ifStatement}
	p.want("(")
	s.value = p.expression(0)
	p.want(")")
	if p.failed {
		return s
	}
	s.body = []statement{p.statement()}
	if p.take("else") {
		s.otherwise = []statement{p.statement()}
	}
	return s
}

func (p *parser) block() []statement {
	p.want("{")
	if p.failed {
		return nil
	}
	list := p.statements()
	p.want("}")
	return list
}

// precedence returns how strong an operator binds, and 0 if the text is none.
func precedence(t token) int {
	if t.kind != punctToken {
		return 0
	}
	switch t.text {
	case "||", "??":
		return 1
	case "&&":
		return 2
	case "==", "===", "!=", "!==":
		return 3
	case "<", ">", "<=", ">=":
		return 4
	case "+", "-":
		return 5
	case "*", "/", "%":
		return 6
	}
	return 0
}

// expression reads an expression whose operators bind stronger than above.
func (p *parser) expression(above int) *expression {
	if !p.enter() {
		return &expression{}
	}
	defer p.leave()
	e := p.unary()
	for !p.failed {
		if above == 0 && p.is("=") {
			p.advance()
			return &expression{kind: assignExpression, left: e, right: p.expression(0)}
		}
		if above == 0 && p.take("?") {
			p.expression(0)
			p.want(":")
			p.expression(0)
			return &expression{}
		}
		strength := precedence(p.peek())
		if strength <= above {
			return e
		}
		operator := p.advance().text
		e = &expression{kind: binaryExpression, text: operator, left: e, right: p.expression(strength)}
	}
	return e
}

func (p *parser) unary() *expression {
	if !p.enter() {
		return &expression{}
	}
	defer p.leave()
	switch {
	case p.take("!"):
		return &expression{kind: notExpression, left: p.unary()}
	case p.take("-"):
		return &expression{kind: negativeExpression, left: p.unary()}
	case p.is("await"):
		p.advance()
		return p.unary()
	case p.is("new"), p.is("typeof"), p.is("void"), p.is("delete"):
		p.advance()
		p.unary()
		return &expression{}
	}
	return p.postfix(p.primary())
}

// postfix reads members, indexes and calls.
func (p *parser) postfix(e *expression) *expression {
	for !p.failed {
		switch {
		case p.take("."), p.is("?.") && p.tokens[p.at+1].kind == wordToken && p.take("?."):
			e = &expression{kind: memberExpression, left: e, text: p.word()}
		case p.take("?."):
		case p.is("["):
			p.advance()
			e = &expression{kind: indexExpression, left: e, right: p.expression(0)}
			p.want("]")
		case p.is("("):
			p.advance()
			e = &expression{kind: callExpression, left: e, list: p.list(")")}
		default:
			return e
		}
	}
	return e
}

// list reads expressions up to a closing bracket.
func (p *parser) list(closing string) []*expression {
	var list []*expression
	for !p.failed && !p.take(closing) {
		if p.take("...") {
			p.expression(0)
			list = append(list, &expression{})
		} else {
			list = append(list, p.expression(0))
		}
		if !p.is(closing) {
			p.want(",")
		}
	}
	return list
}

func (p *parser) primary() *expression {
	if p.isArrow() {
		return p.arrow()
	}
	t := p.advance()
	switch t.kind {
	case wordToken:
		if t.text == "async" && p.peek().kind == wordToken {
			t = p.advance()
		}
		if t.text == "function" {
			return p.function()
		}
		return &expression{kind: wordExpression, text: t.text}
	case stringToken:
		return &expression{kind: stringExpression, text: t.text}
	case numberToken:
		if _, err := strconv.ParseFloat(t.text, 64); err != nil {
			return &expression{}
		}
		return &expression{kind: numberExpression, text: t.text}
	case regexToken:
		return &expression{kind: regexExpression, text: t.text}
	case templateToken:
		return p.template(t.text)
	case punctToken:
		switch t.text {
		case "(":
			e := p.expression(0)
			p.want(")")
			return e
		case "[":
			return &expression{kind: arrayExpression, list: p.list("]")}
		case "{":
			return p.object()
		}
	}
	p.failed = true
	return &expression{}
}

// isArrow reports whether a function such as (a, b) => ... begins here.
func (p *parser) isArrow() bool {
	at := p.at
	if p.tokens[at].kind == wordToken && p.tokens[at].text == "async" && at+1 < len(p.tokens) {
		at++
	}
	switch t := p.tokens[at]; {
	case t.kind == wordToken:
		return p.tokens[at+1].text == "=>"
	case t.kind != punctToken || t.text != "(":
		return false
	}
	for depth := 0; at < len(p.tokens); at++ {
		if t := p.tokens[at]; t.kind == punctToken && t.text == "(" {
			depth++
		} else if t.kind == punctToken && t.text == ")" {
			if depth--; depth == 0 {
				next := p.tokens[at+1]
				return next.kind == punctToken && next.text == "=>"
			}
		} else if depth == 1 && t.kind == punctToken && (t.text == ";" || t.text == "}") {
			return false
		}
	}
	return false
}

func (p *parser) arrow() *expression {
	for !p.take("=>") && p.peek().kind != endToken {
		p.advance()
	}
	if p.is("{") {
		return &expression{kind: functionExpression, body: p.block()}
	}
	from := p.at
	e := p.expression(0)
	return &expression{kind: functionExpression, body: []statement{{value: e, from: from, to: p.at}}}
}

func (p *parser) function() *expression {
	for !p.is("(") && p.peek().kind != endToken {
		p.advance()
	}
	p.skipBrackets()
	return &expression{kind: functionExpression, body: p.block()}
}

func (p *parser) object() *expression {
	e := &expression{kind: objectExpression}
	for !p.failed && !p.take("}") {
		key := p.advance()
		switch {
		case key.kind != wordToken && key.kind != stringToken && key.kind != numberToken:
			p.failed = true
		case p.take(":"):
			e.names, e.list = append(e.names, key.text), append(e.list, p.expression(0))
		case key.kind == wordToken && (p.is(",") || p.is("}")):
			e.names, e.list = append(e.names, key.text), append(e.list, &expression{kind: wordExpression, text: key.text})
		default:
			p.failed = true
		}
		if !p.is("}") {
			p.want(",")
		}
	}
	return e
}

// template reads a text between backquotes as a sum of texts and expressions.
func (p *parser) template(text string) *expression {
	e := &expression{kind: templateExpression}
	for text != "" {
		before, inside, after, ok := cutExpression(text)
		if before != "" {
			e.list = append(e.list, &expression{kind: stringExpression, text: before})
		}
		if !ok {
			return e
		}
		tokens, fine := scan(inside)
		if !fine {
			return &expression{}
		}
		inner := &parser{tokens: tokens, depth: p.depth}
		part := inner.expression(0)
		if inner.failed || inner.peek().kind != endToken {
			return &expression{}
		}
		e.list = append(e.list, part)
		text = after
	}
	return e
}

// cutExpression cuts a text at its first ${...}.
func cutExpression(text string) (before, inside, after string, ok bool) {
	before, rest, ok := strings.Cut(text, "${")
	depth := 1
	for i := 0; i < len(rest); i++ {
		switch rest[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return before, rest[:i], rest[i+1:], ok
			}
		}
	}
	return text, "", "", false
}

// skipBrackets skips what stands between two brackets, and the brackets.
func (p *parser) skipBrackets() {
	depth := 0
	for p.peek().kind != endToken {
		t := p.advance()
		if t.kind != punctToken {
			continue
		}
		switch t.text {
		case "(", "[", "{":
			depth++
		case ")", "]", "}":
			depth--
		}
		if depth <= 0 {
			return
		}
	}
}

// skip skips a statement of any form.
func (p *parser) skip(depth int) {
	t := p.peek()
	switch {
	case depth > maxDepth:
		p.at = len(p.tokens) - 1
	case t.kind == wordToken && (t.text == "if" || t.text == "for" || t.text == "while" || t.text == "switch" || t.text == "with"):
		p.advance()
		p.take("await")
		if p.is("(") {
			p.skipBrackets()
		}
		p.skip(depth + 1)
		if p.take("else") {
			p.skip(depth + 1)
		}
	case t.kind == wordToken && (t.text == "do" || t.text == "try" || t.text == "catch" || t.text == "finally" || t.text == "function" || t.text == "class" || t.text == "async"):
		for p.peek().kind != endToken && !p.is("{") {
			if p.is("(") {
				p.skipBrackets()
				continue
			}
			p.advance()
		}
		p.skipBrackets()
		if p.is("catch") || p.is("finally") || t.text == "do" && p.is("while") {
			p.skip(depth + 1)
		}
	case p.is("{"):
		p.skipBrackets()
	default:
		p.skipPlain()
	}
}

// skipPlain skips a statement without a body, up to its semicolon or the line's end.
func (p *parser) skipPlain() {
	for first := true; p.peek().kind != endToken; first = false {
		t := p.peek()
		switch {
		case t.kind == punctToken && t.text == ";":
			p.advance()
			return
		case t.kind == punctToken && (t.text == ")" || t.text == "]" || t.text == "}"):
			return
		case !first && t.newline && !p.continues():
			return
		case t.kind == punctToken && (t.text == "(" || t.text == "[" || t.text == "{"):
			p.skipBrackets()
		default:
			p.advance()
		}
	}
}

// continues reports whether the statement of the line before goes on.
func (p *parser) continues() bool {
	t, last := p.peek(), p.tokens[p.at-1]
	open := func(t token) bool {
		return t.kind == punctToken && t.text != ")" && t.text != "]" && t.text != "}" && t.text != "++" && t.text != "--"
	}
	return open(last) || open(t) && t.text != "{" && t.text != "!"
}
