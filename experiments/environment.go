package experiments

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/blastgauge/blastgauge/experiments/rows"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

// An environment is where variables are looked up while a document is read. Addresses,
// rates and the name of the environment may be written with them: they differ between
// the places that one document is for. Variables of requests are read when they are
// sent, because they may be secrets. The zero value sets none.
type environment struct {
	getenv func(name string) (string, bool) // nil: nothing is set
	unset  *[]envReference                  // gets the variables that are missing; nil where nobody asks
	folder string                           // that files which the document names are relative to
	tables map[string]*rows.Table           // the data files that were read, by path; nil where nobody reads one twice
	// elsewhere: another program sends the journeys, so that their steps may be names alone.
	// Nil: that is not known yet.
	elsewhere *bool
	secrets   *[]envReference // gets the variables of receivers
	silent    bool            // nobody is told, so that what receivers need does not matter
}

// lookup returns the value of a variable of a template: its default where the variable
// is not set or empty, as in a shell.
func (e environment) lookup(p Part) (string, bool) {
	value, set := "", false
	if e.getenv != nil {
		value, set = e.getenv(p.Arg)
	}
	return p.OrDefault(value, set)
}

// in is a shape whose text may hold ${env:NAME} and ${env:NAME:-default}.
func (e environment) in(s shape.Shape) shape.Shape { return fromEnvironment{s, e, nil} }

// inText is in for a text, which is kept as it is written where a variable is not set.
func (e environment) inText(to *string, s shape.Shape) shape.Shape { return fromEnvironment{s, e, to} }

// envPattern matches a text with a variable of the environment.
const envPattern = `\$\{env:[A-Za-z_][A-Za-z0-9_]*(:-[^}]*|\|raw)?\}`

type fromEnvironment struct {
	shape.Shape
	env environment
	raw *string
}

func (f fromEnvironment) Read(d *shape.Document, n shape.Node, path string) {
	if !n.IsScalar() || n.Kind() != shape.Str || !strings.Contains(n.Text(), "$") {
		f.Shape.Read(d, n, path)
		return
	}
	if m := bareVariable.FindStringSubmatchIndex(n.Text()); m != nil {
		d.Fail(n, shape.Diagnostic{Msg: "a variable of the environment is written ${env:NAME}", Hint: "write ${env:" + n.Text()[m[2]:m[3]] + "}", From: m[0], To: m[1]})
		return
	}
	t, err := ParseTemplate(n.Text())
	if err != nil {
		failTemplate(d, n, err)
		return
	}
	var value strings.Builder
	complete, empty := true, ""
	for _, p := range t.Parts {
		switch v, set := f.env.lookup(p); {
		case p.Name == "":
			value.WriteString(p.Literal)
		case p.Name != "env":
			d.Fail(n, beforeJourneys(p))
			return
		case !set:
			complete = false
			if f.env.unset != nil {
				*f.env.unset = append(*f.env.unset, envReference{name: p.Arg, at: d.Span(n, p.From, p.To)})
			}
		default:
			if v == "" {
				empty = p.Arg
			}
			value.WriteString(v)
		}
	}
	switch {
	case !complete:
		if f.raw != nil {
			*f.raw = n.Text()
		}
	case empty != "" && value.Len() == 0:
		d.Fail(n, shape.Diagnostic{Msg: "the environment variable " + empty + " is empty", Hint: "set it, or write a default: ${env:" + empty + ":-VALUE}"})
	default:
		f.readValue(d, n, value.String(), path)
	}
}

// readValue reads a value of the environment. What is wrong with it is told without it:
// the variable may be the wrong one, and hold a secret.
func (f fromEnvironment) readValue(d *shape.Document, n shape.Node, value, path string) {
	if strings.Contains(value, "${") { // it would be taken for a variable when the run begins
		d.Fail(n, shape.Diagnostic{Msg: "with the environment of this command, " + n.Text() + ": the value holds ${, and nothing is put in its place", Hint: f.example()})
		return
	}
	d.Rephrase(func(wrong shape.Diagnostic) shape.Diagnostic {
		wrong.Got, wrong.From, wrong.To = "", 0, 0
		if tells(wrong.Msg, n.Text(), value) {
			wrong.Msg = "the value does not belong here"
		}
		if tells(wrong.Hint, n.Text(), value) || wrong.Hint == "" {
			wrong.Hint = f.example()
		}
		wrong.Msg = "with the environment of this command, " + n.Text() + ": " + wrong.Msg
		return wrong
	}, func() { f.Shape.Read(d, n.WithText(value), path) })
}

// tells reports whether a message shows a part of a value that is not in the document.
func tells(msg, written, value string) bool {
	const part = 4 // fewer characters are in many words
	if len(value) < part {
		return strings.Contains(msg, value)
	}
	for i := 0; i+part <= len(value); i++ {
		if piece := value[i : i+part]; strings.Contains(msg, piece) && !strings.Contains(written, piece) {
			return true
		}
	}
	return false
}

// example is a value that the shape would read, as a hint.
func (f fromEnvironment) example() string {
	if list, ok := f.Shape.Schema()["examples"].([]string); ok {
		return "such as " + figures.List(list, "or")
	}
	return ""
}

func (f fromEnvironment) Schema() shape.Object {
	plain := f.Shape.Schema()
	return shape.Object{"anyOf": []shape.Object{plain, shape.Pattern(envPattern, "${env:NAME}", "${env:NAME:-default}")}}
}

// beforeJourneys says what to write in place of a variable of requests.
func beforeJourneys(p Part) shape.Diagnostic {
	wrong := shape.Diagnostic{Msg: "only variables of the environment can be used here, written ${env:NAME}", From: p.From, To: p.To}
	if !slices.Contains(Builtins(), p.Name) && p.Column == "" {
		wrong.Hint = "write ${env:" + p.Name + "}"
	}
	return wrong
}

// failTemplate notes what is wrong with a text with variables.
func failTemplate(d *shape.Document, n shape.Node, err error) {
	wrong := shape.Diagnostic{Msg: err.Error()}
	if e, ok := errors.AsType[*TemplateError](err); ok {
		wrong.From, wrong.To, wrong.Hint = e.From, e.To, e.Hint
	}
	d.Fail(n, wrong)
}

// shellVariable matches what a shell and compose files call a variable, without its
// braces: NAME, NAME:-default, NAME-default. The forms of CI systems begin with env or
// secrets, and may have a second brace: { env.NAME.
var shellVariable = lazyregexp.New(`^(?:\{?\s*(?i:env|secrets|vars)\s*[.:]\s*([A-Za-z_][A-Za-z0-9_]*)|([A-Z_][A-Z0-9_]*))(?::?-(.*?))?\s*$`)

// bareVariable matches a variable of a shell without braces.
var bareVariable = lazyregexp.New(`\$([A-Z_][A-Z0-9_]*)`)

// asEnvironment is a variable of a shell as this language writes it, or nothing.
func asEnvironment(inside string) string {
	m := shellVariable.FindStringSubmatchIndex(inside)
	if m == nil {
		return ""
	}
	name := inside[max(m[2], m[4]):max(m[3], m[5])]
	if m[6] >= 0 && inside[m[6]-2:m[6]] != ":-" { // a dash in the name, or the short form of a default
		if rest, or, both := strings.Cut(inside[m[6]:m[7]], ":-"); both {
			name += "_" + strings.ReplaceAll(rest, "-", "_")
			if !variableForm.MatchString(name) {
				return ""
			}
			return "${env:" + name + ":-" + or + "}"
		}
	}
	if m[6] >= 0 {
		return "${env:" + name + ":-" + inside[m[6]:m[7]] + "}"
	}
	return "${env:" + name + "}"
}

// CheckAddresses returns an error like one of [Load] if an address, a rate or the name
// of the environment is in a variable that is not set: nothing can be planned without.
func CheckAddresses(s *System, list ...*Experiment) error {
	docs := []*shape.Document{checkEnv(s.File, s.Text, s.unset, nil)}
	for _, e := range list {
		docs = append(docs, checkEnv(e.File, e.Text, e.unset, nil))
	}
	return shape.Join(docs...)
}

// overrides reads what was set from outside, each as PATH=VALUE.
func overrides(set []string) ([]shape.Override, error) {
	list := make([]shape.Override, len(set))
	for i, text := range set {
		path, value, ok := strings.Cut(text, "=")
		if end := strings.LastIndexByte(text, ']'); ok && strings.Count(path, "[") > strings.Count(path, "]") && end >= 0 {
			// A JSONPath in brackets may hold an equals sign.
			if rest, found := strings.CutPrefix(text[end+1:], "="); found {
				path, value = text[:end+1], rest
			}
		}
		if !ok || path == "" {
			return nil, noSelection("--set %s: write PATH=VALUE, such as --set %s", strconv.Quote(text), "url=http://127.0.0.1:8080")
		}
		list[i] = shape.Override{Path: strings.TrimSpace(path), Value: value, Source: "--set " + text}
	}
	return list, nil
}
