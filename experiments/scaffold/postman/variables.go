package postman

import (
	"fmt"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/scaffold/draft"
)

// A piece is a part of a text whose variables were looked up.
type piece struct {
	literal   string
	variable  string // of a document, inside the braces
	undefined string // the name of a variable of Postman that has no value
}

// A binding is what a variable of Postman stands for.
type binding struct {
	value  string
	secret bool
	where  string  // for messages: "the environment"
	pieces []piece // instead of value, once a script has set it
	set    bool
}

// Bounds of looking up variables, which may be in each other's values.
const (
	maxInside  = 20
	maxVisited = 100_000
)

// A scope knows the variables.
type scope struct {
	known   map[string]*binding
	names   map[string]string // of captures, by the variable of Postman
	taken   map[string]bool
	secrets *draft.Vault
	visited int
	uses    func(name string) int // how often the collection uses a variable
	note    func(format string, args ...any)
}

// define adds variables. Those that were defined before yield, unless the new value is
// empty: it is to be filled in, then.
func (s *scope) define(list []variable, where string) {
	for _, v := range list {
		key := string(v.Key)
		if key == "" {
			key = string(v.ID)
		}
		if key == "" || v.Off || v.Enabled != nil && !*v.Enabled {
			continue
		}
		before := s.known[key]
		if v.Value == "" && before != nil {
			before.secret = before.secret || v.Type == "secret"
			continue
		}
		value := string(v.Value)
		s.known[key] = &binding{value: value, where: where,
			secret: v.Type == "secret" || redact.SecretName(key) || redact.FindJWT(value) != "" || redact.FindKey(value) != "" || redact.FindCard(value) != ""}
	}
}

var variableForm = lazyregexp.New(`\{\{([^{}\r\n]{1,200})\}\}`)

// expand looks up the variables of a text.
func (s *scope) expand(text string) []piece { return s.inside(text, 0) }

func (s *scope) inside(text string, depth int) (out []piece) {
	at := 0
	for _, m := range variableForm.FindAllStringSubmatchIndex(text, -1) {
		if m[0] > at {
			out = append(out, piece{literal: text[at:m[0]]})
		}
		at = m[1]
		out = append(out, s.lookup(strings.TrimSpace(text[m[2]:m[3]]), depth)...)
	}
	if at < len(text) {
		out = append(out, piece{literal: text[at:]})
	}
	return out
}

// lookup returns what a variable stands for.
func (s *scope) lookup(name string, depth int) []piece {
	s.visited++
	if strings.HasPrefix(name, "$") {
		return s.dynamic(name)
	}
	b := s.known[name]
	switch {
	case b == nil || depth > maxInside || s.visited > maxVisited:
		return []piece{{undefined: name}}
	case b.set:
		return b.pieces
	case b.value == "":
		return []piece{{undefined: name}}
	case b.secret:
		return []piece{{variable: "env:" + s.secrets.VariableFor(b.value, name, fmt.Sprintf("secret variable %s of %s", name, b.where))}}
	}
	return s.inside(b.value, depth+1)
}

// dynamic returns what draws a value like one of Postman's dynamic variables.
func (s *scope) dynamic(name string) []piece {
	variable := func(v string) []piece { return []piece{{variable: v}} }
	switch name {
	case "$guid", "$randomUUID":
		return variable("uuid")
	case "$randomInt":
		return variable("random 0..1000")
	case "$timestamp":
		s.note("{{$timestamp}} became a random number of its form: a journey that needs the time itself needs another way")
		return variable("random 1700000000..1999999999")
	case "$isoTimestamp":
		s.note("{{$isoTimestamp}} became ${started}: the time when the experiment started")
		return variable("started")
	case "$randomBoolean":
		return variable("random true|false")
	case "$randomFirstName":
		return variable("random Ada|Alan|Edsger|Grace|Ken|Margaret")
	case "$randomLastName":
		return variable("random Dijkstra|Hamilton|Hopper|Lovelace|Thompson|Turing")
	case "$randomFullName":
		return variable("random Ada Lovelace|Alan Turing|Grace Hopper|Margaret Hamilton")
	case "$randomEmail", "$randomExampleEmail":
		return []piece{{literal: "user-"}, {variable: "random 1000000..9999999"}, {literal: "@example.com"}}
	case "$randomUserName":
		return []piece{{literal: "user-"}, {variable: "random 1000000..9999999"}}
	case "$randomPrice", "$randomBankAccount", "$randomCreditCardMask":
		return variable("random 10..999")
	case "$randomCity":
		return variable("random Berlin|Lisbon|Oslo|Turin")
	case "$randomCountry":
		return variable("random Germany|Italy|Norway|Portugal")
	case "$randomCountryCode":
		return variable("random DE|IT|NO|PT")
	case "$randomCurrencyCode":
		return variable("random EUR|USD")
	case "$randomAlphaNumeric":
		return variable("random a|b|c|d|e|f|0|1|2|3|4|5|6|7|8|9")
	case "$randomColor":
		return variable("random red|green|blue")
	case "$randomPhoneNumber":
		return []piece{{literal: "555-010-"}, {variable: "random 1000..9999"}}
	case "$randomWord", "$randomWords", "$randomProductName", "$randomLoremWord":
		return variable("random lamp|chair|table|cup|plate|pen")
	}
	s.note("{{%s}} became ${uuid}: a journey has nothing like it", name)
	return variable("uuid")
}

// stable returns what stands for a dynamic variable whose value a script keeps: it is the
// same at every use within a journey, which ${uuid} and ${random ...} are not.
func (s *scope) stable(name string) []piece {
	s.note("what a script draws and keeps is the same throughout a journey: it is made of ${seq}, or is one value for all journeys")
	unique := []piece{{variable: "run"}, {literal: "-"}, {variable: "arm"}, {literal: "-"}, {variable: "seq"}}
	drawn := s.dynamic(name)
	switch name {
	case "$guid", "$randomUUID":
		return unique
	case "$timestamp":
		return []piece{{variable: "seq"}}
	case "$isoTimestamp":
		return drawn
	}
	out := []piece{}
	for _, p := range drawn {
		choice, isRandom := strings.CutPrefix(p.variable, "random ")
		switch {
		case isRandom && strings.Contains(choice, "|"):
			first, _, _ := strings.Cut(choice, "|")
			out = append(out, piece{literal: first})
		case isRandom && len(drawn) > 1:
			out = append(out, unique[2:]...) // a part of a name or an address
		case isRandom:
			low, _, _ := strings.Cut(choice, "..")
			out = append(out, piece{literal: low})
		case p.variable == "uuid":
			out = append(out, unique...)
		default:
			out = append(out, p)
		}
	}
	return out
}

// literal returns a text without variables. It reports false if it has some.
func literal(list []piece) (string, bool) {
	var b strings.Builder
	for _, p := range list {
		if p.variable != "" || p.undefined != "" {
			return "", false
		}
		b.WriteString(p.literal)
	}
	return b.String(), true
}

// final returns a text as documents write it. A variable without a value becomes one of
// the environment that a person sets.
func (s *scope) final(list []piece) (out []draft.Piece) {
	for _, p := range list {
		last := len(out) - 1
		if p.undefined != "" {
			p.variable = "env:" + s.secrets.VariableFor("\x00"+p.undefined, p.undefined, fmt.Sprintf("variable %s, which has no value in the collection", p.undefined))
		}
		switch {
		case p.variable != "":
			if last >= 0 && strings.HasSuffix(out[last].Literal, "$") { // $ before a variable would be the text ${
				out[last].Literal = strings.TrimSuffix(out[last].Literal, "$")
				out = append(out, draft.Variable("random $|$"))
			}
			out = append(out, draft.Variable(p.variable))
		case last >= 0 && out[last].Variable == "":
			out[last].Literal += p.literal
		case p.literal != "":
			out = append(out, draft.Piece{Literal: p.literal})
		}
	}
	return out
}

// slot returns a value of a request.
func (s *scope) slot(in draft.Place, key, text string) *draft.Slot {
	list := s.expand(text)
	value, ok := literal(list)
	if !ok {
		value = ""
	}
	return &draft.Slot{In: in, Key: key, Value: value, Parts: s.final(list)}
}

// variableName returns the name that a captured value has in the document.
func (s *scope) variableName(name string) string {
	if known, ok := s.names[name]; ok {
		return known
	}
	plain := strings.Trim(draft.Snake(name), "_")
	plain = strings.Trim(plain[:min(len(plain), 40)], "_")
	if plain == "" || plain[0] >= '0' && plain[0] <= '9' || slices.Contains(experiments.Builtins(), plain) {
		plain = strings.TrimRight("the_"+plain, "_")
	}
	s.names[name] = draft.UniqueName(plain, "_", s.taken)
	return s.names[name]
}
