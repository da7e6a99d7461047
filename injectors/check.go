package injectors

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
)

// An AttributeError is a mistake in one attribute of a fault.
type AttributeError struct {
	// Attribute is the name of the attribute, and "group.field" for a field of one.
	// It may be one that is missing.
	Attribute string
	// Problem is a sentence that says what is wrong, or what would be right.
	Problem string
}

// Error returns the sentence. One that begins with the name of a field begins with the
// name of its group, too.
func (e *AttributeError) Error() string {
	field := e.Attribute[strings.LastIndexByte(e.Attribute, '.')+1:]
	if rest, ok := strings.CutPrefix(e.Problem, field+" "); ok {
		return e.Attribute + " " + rest
	}
	return e.Problem
}

// A mistake is what rules return: the attribute and a sentence. The zero mistake means
// that all is well.
type mistake struct{ attribute, problem string }

func (m mistake) found() bool { return m.problem != "" }

// below returns the mistake as one in a field of a group.
func (m mistake) below(group string) mistake {
	if m.found() && m.attribute != "" {
		m.attribute = group + "." + m.attribute
	} else {
		m.attribute = group
	}
	return m
}

// err returns the mistake as an error; nil when all is well.
func (m mistake) err() error {
	if !m.found() {
		return nil
	}
	return &AttributeError{Attribute: m.attribute, Problem: m.problem}
}

// Check reports the first rule that the attributes of a document break, as an
// [*AttributeError]; nil when all is well.
func (k Kind) Check(attributes Attributes) error {
	return k.check(attributes, false).err()
}

// CheckComplete is Check for attributes as an injector gets them: where they name a file
// whose text is sent with the fault, the text comes with the name.
func (k Kind) CheckComplete(attributes Attributes) error {
	return k.check(attributes, true).err()
}

// check is Check for a document or for the wire, on which the text of a file comes
// with the file's name.
func (k Kind) check(attributes Attributes, wire bool) mistake {
	if m := checkAll(k.Name, k.Attributes, attributes); m.found() {
		return m
	}
	if k.together != nil {
		if m := k.together(attributes); m.found() {
			return m
		}
	}
	if k.source != nil {
		return k.source(attributes, wire)
	}
	return mistake{}
}

// checkAll checks the attributes of a kind, or the fields of one attribute; owner is
// the kind's name or the attribute's.
func checkAll(owner string, known []Attribute, given Attributes) mistake {
	for _, a := range known {
		v, ok := given[a.Name]
		switch {
		case a.Required && (!ok || v == ""):
			return mistake{a.Name, fmt.Sprintf("%s needs %s: %s", owner, a.Name, a.Doc)}
		case !ok:
			continue
		}
		if m := a.check(v); m.found() {
			return m
		}
	}
	return mistake{}
}

// check checks one value that is given.
func (a Attribute) check(v any) mistake {
	if list, ok := v.([]any); ok && a.Lists && a.Unit != Table {
		return a.itemMistake(a.Name, list)
	}
	problem := a.problem(v)
	if problem == "" && a.valid != nil {
		problem = a.valid(v)
	}
	if problem != "" {
		return mistake{a.Name, a.Name + " " + problem}
	}
	fields, ok := v.(map[string]any)
	switch {
	case ok && a.Lists:
		return a.tableMistake(fields)
	case !ok || !a.Unit.nests():
		return mistake{}
	}
	if m := checkAll(a.Name, a.Fields, fields); m.found() {
		return m.below(a.Name)
	}
	if a.together != nil {
		if m := a.together(fields); m.found() {
			return m.below(a.Name)
		}
	}
	return mistake{}
}

// itemMistake checks a list of texts; name is that of the attribute.
func (a Attribute) itemMistake(name string, list []any) mistake {
	i, problem := a.listProblem(list)
	switch {
	case problem == "":
		return mistake{}
	case i >= 0:
		name = fmt.Sprintf("%s[%d]", name, i)
	}
	return mistake{name, name + " " + problem}
}

// tableMistake checks the lists of a table.
func (a Attribute) tableMistake(table map[string]any) mistake {
	for _, name := range slices.Sorted(maps.Keys(table)) {
		if list, ok := table[name].([]any); ok {
			if m := a.itemMistake(name, list); m.found() {
				return m.below(a.Name)
			}
		}
	}
	return mistake{}
}

// problem returns what is wrong with the form or the size of one value, as the end
// of a sentence.
func (a Attribute) problem(v any) string {
	if a.Unit == Value {
		return ""
	}
	wrongForm := "must be " + a.noun()
	switch held := v.(type) {
	case float64:
		return a.numberProblem(held)
	case string:
		switch {
		case a.Unit == Word && !slices.Contains(a.Words, held):
			return fmt.Sprintf("must be %s, not %q", figures.List(a.Words, "or"), held) + a.negatedWord(held)
		case slices.Contains([]Unit{Word, Text, Path, Factor, Document}, a.Unit):
			return ""
		}
	case []any:
		if a.Unit == Paths || a.Unit == Arguments && areTexts(held) {
			return ""
		}
	case map[string]any:
		switch {
		case a.filled && len(held) == 0:
			return "must not be empty: " + a.Empty()
		case a.Unit == Table && a.negatedValue(v) != "":
			return wrongForm + ": " + a.negatedValue(v)
		case a.Unit == Inner && len(held) != 1, a.Unit == Table && !a.holdsTexts(held):
			return wrongForm
		case a.Unit == Table || a.Unit == Values || a.Unit.nests():
			return ""
		}
	}
	if a.Unit == Factor && isNumberAsWritten(v) {
		return ""
	}
	return wrongForm + a.rightForm(v)
}

// areTexts reports whether a list holds texts, and nothing else.
func areTexts(list []any) bool {
	return len(list) > 0 && !slices.ContainsFunc(list, func(v any) bool { _, ok := v.(string); return !ok })
}

// rightForm says what to write in place of a value of a wrong form, as what follows on a
// sentence; it is empty where that is not certain.
func (a Attribute) rightForm(v any) string {
	if example := a.Instead(texts(v)...); example != "" {
		return ": write " + example
	}
	if instead := a.negatedValue(v); instead != "" {
		return ": " + instead
	}
	return ""
}

func (a Attribute) numberProblem(held float64) string {
	switch {
	case a.Unit == Factor:
		return ""
	case !a.Unit.Numeric():
		return "must be " + a.Unit.noun() + ", not a number"
	case !(held >= a.Min): // NaN, too
		return "must be at least " + a.Unit.Format(a.Min)
	case a.Max > 0 && held > a.Max:
		return "must be at most " + a.Unit.Format(a.Max)
	case a.Unit == Count && held != math.Trunc(held):
		return "must be a whole number"
	}
	return ""
}

// noun is what a value of the attribute is called.
func (a Attribute) noun() string {
	switch {
	case a.Lists && a.Unit == Table:
		return "a table of texts or of lists of texts, such as {X-Name: [one, two]}"
	case a.Lists:
		return "a text or a list of texts"
	}
	return a.Unit.noun()
}

// holdsTexts reports whether a table holds nothing but texts, and lists where it may.
func (a Attribute) holdsTexts(table map[string]any) bool {
	for _, v := range table {
		switch v.(type) {
		case string:
		case []any:
			if !a.Lists {
				return false
			}
		default:
			return false
		}
	}
	return true
}
