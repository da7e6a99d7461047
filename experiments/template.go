package experiments

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
)

// A Template is a text with variables: "cart ${cart} of ${random 1..100}". The
// zero value is an empty text.
type Template struct {
	Parts []Part
}

// A Part is either a literal text or, where Name is set, a variable.
type Part struct {
	Literal string
	Name    string // such as "cart", "uuid", "random" or "env"
	Arg     string // "1..100" or "a|b|c" for random, NAME for env, otherwise empty
	Column  string // of the journey's data, where Name is "data." and this
	// Default is the value of an environment variable that is not set or empty, as in
	// ${env:NAME:-default}, where HasDefault is set.
	Default    string
	HasDefault bool
	Raw        bool // ${x|raw}: the value is not encoded for the place that it stands in
	From       int  // where the part starts in the text, in bytes
	To         int  // where it ends
}

// A TemplateError is a mistake in a text with variables.
type TemplateError struct {
	From, To int // the part at fault, in bytes of the text
	Msg      string
	Hint     string // what to write instead, where that is known
}

func (e *TemplateError) Error() string { return e.Msg }

// Builtins returns the variables that need no capture.
func Builtins() []string {
	return []string{"arm", "env", "random", "run", "seq", "started", "uuid"}
}

const variablePattern = `^[A-Za-z_][A-Za-z0-9_]*$`

var variableForm = lazyregexp.New(variablePattern)

// ParseTemplate splits a text at its ${variables}. $${ is the text ${, and any
// other $ is itself. ${x|raw} is a variable that is not encoded for its place. The
// error is a *[TemplateError].
func ParseTemplate(text string) (Template, error) {
	var t Template
	var literal strings.Builder
	from := 0
	flush := func(to int) {
		if literal.Len() > 0 {
			t.Parts = append(t.Parts, Part{Literal: literal.String(), From: from, To: to})
		}
		literal.Reset()
	}
	for i := 0; i < len(text); {
		switch {
		case strings.HasPrefix(text[i:], "$${"):
			literal.WriteString("${")
			i += 3
		case strings.HasPrefix(text[i:], "${"):
			flush(i)
			end := strings.IndexByte(text[i:], '}')
			if end < 0 {
				return Template{}, &TemplateError{From: i, To: len(text), Msg: "${ has no } (write $${ for the text itself)"}
			}
			p, msg := parseVariable(text[i+2 : i+end])
			p.From, p.To = i, i+end+1
			if msg != "" {
				wrong := &TemplateError{From: p.From, To: p.To, Msg: msg}
				if ours := asEnvironment(text[i+2 : i+end]); ours != "" {
					wrong.Hint = "write " + ours
				}
				return Template{}, wrong
			}
			t.Parts = append(t.Parts, p)
			i, from = p.To, p.To
		default:
			next := strings.IndexByte(text[i+1:], '$')
			if next < 0 {
				next = len(text) - i - 1
			}
			literal.WriteString(text[i : i+1+next])
			i += 1 + next
		}
	}
	flush(len(text))
	return t, nil
}

// parseVariable reads the text between the braces. msg is empty if it is correct.
func parseVariable(inside string) (p Part, msg string) {
	inside, raw, msg := cutFilter(inside)
	if msg != "" {
		return p, msg
	}
	if name, ok := strings.CutPrefix(inside, column); ok { // whose name is the file's, not ours
		if strings.TrimSpace(name) == "" {
			return p, "a column of the journey's data is written ${data.NAME}"
		}
		return Part{Name: inside, Column: name, Raw: raw}, ""
	}
	name, arg, hasArg := strings.Cut(inside, " ")
	arg = strings.TrimSpace(arg)
	env, isEnv := strings.CutPrefix(inside, "env:")
	p = Part{Name: name, Arg: arg, Raw: raw}
	if isEnv {
		p.Name = "env"
		p.Arg, p.Default, p.HasDefault = strings.Cut(env, ":-")
		name, arg = p.Name, p.Arg
	}
	switch {
	case inside == "":
		return p, "${} names no variable"
	case name == "env" && (!isEnv || !variableForm.MatchString(arg)): // one form, so that whoever looks for secrets finds each
		return p, "an environment variable is written ${env:NAME}, or ${env:NAME:-default}"
	case name == "random":
		_, err := ParseRandom(arg)
		if err != nil {
			return p, err.Error()
		}
	case name == "env":
	case hasArg:
		return p, fmt.Sprintf("${%s} takes nothing after its name", name)
	case !variableForm.MatchString(name):
		return p, fmt.Sprintf("%q is not a variable: letters, digits and _", name)
	}
	return p, ""
}

// rawFilter is the one filter that there is.
const rawFilter = "raw"

// cutFilter takes the filter off a variable. The choices of random and the default of an
// environment variable may hold a bar themselves: of a default, only |raw at its end is a
// filter. msg is empty if the filter is known.
func cutFilter(inside string) (variable string, raw bool, msg string) {
	switch word, _, _ := strings.Cut(inside, " "); {
	case word == "random":
		return inside, false, ""
	case strings.HasPrefix(inside, "env:") && strings.Contains(inside, ":-"):
		variable, raw = strings.CutSuffix(inside, "|"+rawFilter)
		return variable, raw, ""
	}
	variable, filter, filtered := strings.Cut(inside, "|")
	if !filtered {
		return inside, false, ""
	}
	if !strings.HasPrefix(inside, "env:") { // which has one form
		variable, filter = strings.TrimRight(variable, " "), strings.TrimSpace(filter)
	}
	if filter != rawFilter {
		return "", false, fmt.Sprintf("unknown filter %q: there is one, ${%s|%s}, and without it a value is encoded for the place that it stands in", filter, variable, rawFilter)
	}
	return variable, true, ""
}

// environmentForm matches each environment variable of a text that ParseTemplate reads.
var environmentForm = lazyregexp.New(`\$\{env:([A-Za-z0-9_]+)(?::-[^}]*|\|` + rawFilter + `)?\}`)

// EnvNamesIn returns the names of the environment variables that a text uses, such as a
// document as JSON, sorted and each once. $${ is not looked at: a name too many hides a
// value too many.
func EnvNamesIn(text []byte) []string {
	var names []string
	for _, m := range environmentForm.Regexp().FindAllSubmatch(text, -1) {
		names = append(names, string(m[1]))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// OrDefault returns the value of an environment variable: its default where that is
// given and the variable is not set or empty, as in a shell.
func (p Part) OrDefault(value string, set bool) (string, bool) {
	if p.HasDefault && value == "" {
		return p.Default, true
	}
	return value, set
}

// Single returns the variable that the text consists of, if it is exactly one. Its
// value then keeps its JSON type instead of becoming text.
func (t Template) Single() (Part, bool) {
	if len(t.Parts) != 1 || t.Parts[0].Name == "" {
		return Part{}, false
	}
	return t.Parts[0], true
}

// Captured returns the variables of the text that are not built in, in order.
func (t Template) Captured() []Part {
	var list []Part
	builtins := Builtins()
	for _, p := range t.Parts {
		if p.Name != "" && !slices.Contains(builtins, p.Name) {
			list = append(list, p)
		}
	}
	return list
}

// A Choice is the set that ${random ...} draws from: Words if there are any, or
// the whole numbers Low to High.
type Choice struct {
	Low, High int64
	Words     []string
}

// ParseRandom reads the argument of ${random ...}: 1..100 or red|green|blue.
func ParseRandom(arg string) (Choice, error) {
	if strings.Contains(arg, "|") {
		return Choice{Words: strings.Split(arg, "|")}, nil
	}
	low, high, ok := strings.Cut(arg, "..")
	a, errA := strconv.ParseInt(low, 10, 64)
	b, errB := strconv.ParseInt(high, 10, 64)
	switch {
	case !ok || errA != nil || errB != nil:
		return Choice{}, fmt.Errorf("random is written ${random 1..100} or ${random red|green|blue}")
	case a > b:
		return Choice{}, fmt.Errorf("random from %d to %d: the first must not be more than the second", a, b)
	case b-a < 0:
		return Choice{}, fmt.Errorf("random from %d to %d: the range is too wide", a, b)
	}
	return Choice{Low: a, High: b}, nil
}
