package injectors

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
)

// The attribute `match` selects the messages that a fault is about. Each of its fields
// is one value or a list, of which any will do; a message has to fit all fields that are
// given. What fits all fields below `not` is spared.

// matching returns the attribute: doc says which messages are meant, example is what one
// may want to spare, such as "{path: /health}".
func matching(doc, example string, fields ...Attribute) Attribute {
	for i := range fields {
		fields[i].Lists = true
	}
	spared := Attribute{Name: "not", Unit: Group, Wire: "not", Fields: fields, Example: example, filled: true,
		Doc: "spares what matches all of these, such as not: " + example}
	return Attribute{Name: "match", Unit: Group, Wire: "match", Doc: doc, Example: "{not: " + example + "}",
		Fields: append(slices.Clone(fields), spared), together: takesSome(fields)}
}

// Texts returns the values of an attribute that is one text or a list of them; nil when
// it is not given.
func (a Attributes) Texts(name string) []string { return texts(a[name]) }

func texts(v any) []string {
	switch held := v.(type) {
	case string:
		return []string{held}
	case []any:
		list := make([]string, 0, len(held))
		for _, item := range held {
			text, _ := item.(string)
			list = append(list, text)
		}
		return list
	}
	return nil
}

// Canonical returns the attributes of a fault so that two that mean the same are the same:
// a list of one is its text, and the order of a list does not matter. What holds no list
// comes back as it is.
func (k Kind) Canonical(given Attributes) Attributes { return canonical(k.Attributes, given) }

func canonical(known []Attribute, given Attributes) Attributes {
	usual := maps.Clone(given)
	for _, a := range known {
		switch held := given[a.Name].(type) {
		case []any:
			if a.Lists {
				usual[a.Name] = canonicalList(held)
			}
		case map[string]any:
			switch {
			case a.Unit == Group:
				usual[a.Name] = map[string]any(canonical(a.Fields, held))
			case a.Unit == Table && a.Lists:
				usual[a.Name] = canonicalTable(held)
			}
		}
	}
	return usual
}

func canonicalTable(table map[string]any) map[string]any {
	usual := maps.Clone(table)
	for name, v := range table {
		if list, ok := v.([]any); ok {
			usual[name] = canonicalList(list)
		}
	}
	return usual
}

func canonicalList(list []any) any {
	if len(list) == 1 {
		return list[0]
	}
	return slices.SortedFunc(slices.Values(list), func(a, b any) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
}

// listProblem returns what is wrong with a list of texts, and with which item; -1 is the
// list itself.
func (a Attribute) listProblem(list []any) (item int, problem string) {
	if len(list) == 0 {
		return -1, "must not be an empty list: leave it out to mean any"
	}
	seen := make(map[string]bool, len(list))
	for i, v := range list {
		text, ok := v.(string)
		if !ok || text == "" {
			return i, "must be a text"
		}
		if problem := a.textProblem(text); problem != "" {
			return i, problem
		}
		for _, one := range a.usual(text) {
			if seen[one] {
				return i, fmt.Sprintf("has %q twice: leave one out", text)
			}
			seen[one] = true
		}
	}
	return -1, ""
}

// textProblem returns what is wrong with one text of a list.
func (a Attribute) textProblem(text string) string {
	if a.Unit == Table { // whose rule is about names
		return ""
	}
	problem := a.problem(text)
	if problem == "" && a.valid != nil {
		problem = a.valid(text)
	}
	return problem
}

// usual returns a text as it is compared with others, and each of those that it lists.
func (a Attribute) usual(text string) []string {
	if a.normalize != nil {
		text = a.normalize(text)
	}
	switch {
	case a.folds:
		return []string{strings.ToLower(text)}
	case a.commas:
		return strings.Split(text, ", ")
	}
	return []string{text}
}

// usuals returns all values of a field as they are compared with others.
func (a Attribute) usuals(v any) []string {
	var list []string
	for _, text := range texts(v) {
		list = append(list, a.usual(text)...)
	}
	return list
}

// takesSome is the rule that what is spared leaves something of what is taken, as far as
// their values tell.
func takesSome(fields []Attribute) func(Attributes) mistake {
	return func(match Attributes) mistake {
		spared := match.Group("not")
		if len(spared) == 0 {
			return mistake{}
		}
		for _, f := range fields {
			if v, ok := spared[f.Name]; ok && !f.coveredBy(match[f.Name], v) {
				return mistake{}
			}
		}
		return mistake{"not", "not spares everything that match takes, so the fault would never be met: leave a value out of it, or take more beside it"}
	}
}

// coveredBy reports whether every message that fits what is taken, which may be nothing
// in particular, certainly fits what is spared.
func (a Attribute) coveredBy(taken, spared any) bool {
	if table, ok := spared.(map[string]any); ok {
		return a.tableCoveredBy(taken, table)
	}
	list := a.usuals(spared)
	if slices.ContainsFunc(list, func(s string) bool { return slices.Contains(a.all, s) }) {
		return true
	}
	values := a.usuals(taken)
	return len(values) > 0 && !slices.ContainsFunc(values, func(v string) bool { return !slices.Contains(list, v) })
}

func (a Attribute) tableCoveredBy(taken any, spared map[string]any) bool {
	given, _ := taken.(map[string]any)
	for name, v := range spared {
		values, list := texts(a.entry(given, name)), texts(v)
		if len(values) == 0 || slices.ContainsFunc(values, func(v string) bool { return !slices.Contains(list, v) }) {
			return false
		}
	}
	return true
}

// entry returns the value of a name in a table.
func (a Attribute) entry(table map[string]any, name string) any {
	for _, key := range slices.Sorted(maps.Keys(table)) {
		if key == name || a.folds && strings.EqualFold(key, name) {
			return table[key]
		}
	}
	return nil
}

// isNegation reports whether a word is one with which other tools leave something out.
func isNegation(word string) bool {
	return slices.Contains([]string{"not", "exclude", "excludes", "excluding", "excluded", "except", "exception", "exceptions", "unless", "ignore", "skip",
		"spare", "but", "without", "none", "none_of", "no", "negate", "invert", "not_match", "match_not", "exclude_path", "exclude_paths", "!", "!path", "not_path"},
		strings.ToLower(strings.ReplaceAll(word, "-", "_")))
}

// Unknown says what to write in place of a name that the kind does not have, where the
// name leaves messages out; it is empty for other names.
func (k Kind) Unknown(name string) string {
	match, ok := k.Attribute("match")
	if !ok || !isNegation(name) {
		return ""
	}
	return "to spare some " + k.Acts + ", write match: " + match.Example
}

// Unknown says what to write in place of a name that a group does not have, where the
// name leaves messages out; it is empty for other names.
func (a Attribute) Unknown(name string) string {
	switch {
	case !isNegation(name):
		return ""
	case a.Name == "not":
		return "a not within a not is no rule that can be read at a glance: say outside of it what the fault is about"
	case a.Name == "match":
		if spared, ok := a.field("not"); ok {
			return "to spare some, write not: " + spared.Example
		}
	}
	return ""
}

// Negated says what to write in place of a value that is meant to leave something out,
// such as {not: /health}; it is empty for other values. name is the first key of a
// mapping; of a Table, cell is the name that the value has.
func (a Attribute) Negated(name, value, cell string) string {
	if !a.Lists || !isNegation(name) {
		return ""
	}
	value = cmp.Or(value, "...")
	if a.Unit == Table {
		value = "{" + cell + ": " + value + "}"
	}
	return "to spare some, write not: {" + a.Name + ": " + value + "}"
}

// Instead says what to write in place of a text or a list where a group is needed; it is
// empty for groups without an example.
func (a Attribute) Instead(values ...string) string {
	if a.Unit != Group || a.Example == "" {
		return ""
	}
	example := a.Example
	isPath := func(text string) bool { return strings.HasPrefix(text, "/") && pathPattern(text) == "" }
	if _, ok := a.field("path"); ok && len(values) > 0 && !slices.ContainsFunc(values, func(text string) bool { return !isPath(text) }) {
		example = "{path: " + strings.Join(values, ", ") + "}"
		if len(values) > 1 {
			example = "{path: [" + strings.Join(values, ", ") + "]}"
		}
	}
	return a.Name + ": " + example
}

// Empty says what to do about a group that holds nothing.
func (a Attribute) Empty() string {
	if a.filled {
		return "say what is spared, such as " + a.Name + ": " + a.Example
	}
	return "leave it out"
}

// field finds a field by its name.
func (a Attribute) field(name string) (Attribute, bool) {
	i := slices.IndexFunc(a.Fields, func(f Attribute) bool { return f.Name == name })
	if i < 0 {
		return Attribute{}, false
	}
	return a.Fields[i], true
}

// negatedWord says what to write in place of a word with an exclamation mark before it.
func (a Attribute) negatedWord(text string) string {
	if rest, ok := strings.CutPrefix(text, "!"); ok && a.Lists {
		return ": " + a.Negated("!", strings.TrimSpace(rest), "")
	}
	return ""
}

// negatedText is the rule that a text does not begin with an exclamation mark.
func negatedText(name, text string) string {
	if rest, ok := strings.CutPrefix(text, "!"); ok {
		return fmt.Sprintf("must not begin with !: to spare %s, write not: {%s: %s}", strings.TrimSpace(rest), name, strings.TrimSpace(rest))
	}
	return ""
}

// commandNames is the rule for names of Redis commands.
func commandNames(v any) string {
	text, _ := v.(string)
	return negatedText("command", text)
}

// describeMatch puts into words which messages are meant: "POST /charges or /refunds",
// "all /api/* but /api/health and /api/ready".
func (a Attribute) describeMatch(held Attributes) string {
	words := strings.Join(describeFields(a.Fields, held, "or"), " ")
	spared := held.Group("not")
	if len(spared) == 0 {
		return words
	}
	if words != "" {
		words = " " + words
	}
	return "all" + words + " but " + strings.Join(describeFields(a.Fields, spared, "and"), " ")
}

func describeFields(fields []Attribute, held Attributes, conjunction string) []string {
	var words []string
	for _, f := range fields {
		v, ok := held[f.Name]
		if !ok || f.Name == "not" {
			continue
		}
		switch given := v.(type) {
		case []any:
			words = append(words, f.alternatives(given, conjunction))
		case map[string]any:
			for _, name := range slices.Sorted(maps.Keys(given)) {
				list, many := given[name].([]any)
				if !many {
					list = []any{given[name]}
				}
				words = append(words, name+"="+Attribute{}.alternatives(list, conjunction))
			}
		default:
			words = append(words, f.describe(v)...)
		}
	}
	return words
}

func (a Attribute) alternatives(list []any, conjunction string) string {
	words := make([]string, len(list))
	for i, v := range list {
		words[i] = strings.Join(a.describe(v), " ")
	}
	return figures.List(words, conjunction)
}

// negatedValue says what to write in place of an object that leaves something out: as the
// value of a text, or as one of a Table.
func (a Attribute) negatedValue(v any) string {
	object, _ := v.(map[string]any)
	if a.Unit != Table {
		return a.negatedObject(object, "")
	}
	for _, cell := range slices.Sorted(maps.Keys(object)) {
		inner, _ := object[cell].(map[string]any)
		if instead := a.negatedObject(inner, cell); instead != "" {
			return instead
		}
	}
	return ""
}

func (a Attribute) negatedObject(object map[string]any, cell string) string {
	if len(object) != 1 {
		return ""
	}
	for name, inner := range object {
		value := ""
		if raw, err := json.Marshal(inner); err == nil && len(raw) < 200 {
			value = strings.Trim(string(raw), `"`)
		}
		return a.Negated(name, value, cell)
	}
	return ""
}
