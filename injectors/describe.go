package injectors

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Describe puts a fault into a few words, such as "latency 2s, jitter 250ms" or
// "http_error status 503 for POST /charges".
func (k Kind) Describe(attributes Attributes) string {
	parts, rest := []string{}, ""
	for _, a := range k.Attributes {
		v, ok := attributes[a.Name]
		switch {
		case !ok, a.aside:
		case a.Unit == Group:
			held, _ := v.(map[string]any)
			rest += " for " + a.describeMatch(held)
		case a.Unit == Operation: // what the fault is all about
			parts = slices.Insert(parts, 0, strings.TrimSpace(a.Name+" "+strings.Join(a.describe(v), " ")))
		case a.Name == k.Name:
			parts = append(parts, a.describe(v)...)
		default:
			parts = append(parts, a.Name+" "+strings.Join(a.describe(v), " "))
		}
	}
	return strings.TrimSpace(k.Name+" "+strings.Join(parts, ", ")) + rest
}

// describe puts a value into words. It names what a table or a group holds where the
// value alone does not say what it is.
func (a Attribute) describe(v any) []string {
	switch held := v.(type) {
	case nil:
		return []string{"null"}
	case float64:
		return []string{a.Unit.Format(held)}
	case string:
		if strings.ContainsAny(held, " ,\n") {
			held = strconv.Quote(held)
		}
		return []string{held}
	case bool:
		return []string{strconv.FormatBool(held)}
	case []any:
		if a.Unit == Arguments {
			return []string{Attributes{a.Name: held}.NameProgram(a.Name)}
		}
		return []string{joinWithAnd(held)}
	case map[string]any:
		if a.Unit.nests() {
			return describeGroup(a.Unit, a.Fields, held)
		}
		var words []string
		for _, name := range slices.Sorted(maps.Keys(held)) {
			words = append(words, name+"="+strings.Join(Attribute{Unit: Value}.describe(held[name]), " "))
		}
		return words
	}
	return nil
}

// NameProgram returns a program by its name, without the folder that it was found in, and
// its arguments.
func (a Attributes) NameProgram(name string) string {
	list := a.Program(name)
	if len(list) > 0 && filepath.IsAbs(list[0]) {
		list[0] = filepath.Base(list[0])
	}
	return DescribeProgram(list)
}

// DescribeProgram returns a program and its arguments in one line. It quotes what a reader
// would take for several arguments, or for none.
func DescribeProgram(list []string) string {
	words := slices.Clone(list)
	for i, word := range words {
		if word == "" || strings.ContainsAny(word, " ,\n\t\"'") {
			words[i] = strconv.Quote(word)
		}
	}
	return strings.Join(words, " ")
}

func describeGroup(unit Unit, fields []Attribute, held Attributes) []string {
	var words []string
	for _, f := range fields {
		v, ok := held[f.Name]
		switch {
		case !ok:
			continue
		case unit == Inner, unit == Operation && f.Unit != Path:
			words = append(words, f.Name)
		}
		if f.Name != "body" || unit != Operation { // which may be a whole document
			words = append(words, f.describe(v)...)
		}
	}
	return words
}

func joinWithAnd(list []any) string {
	words := make([]string, len(list))
	for i, v := range list {
		words[i] = fmt.Sprint(v)
	}
	return strings.Join(words, " and ")
}
