package experiments

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/shape"
	"github.com/blastgauge/blastgauge/injectors"
)

// wordsOfForms are what texts of a form are called.
func wordsOfForms() map[string]string {
	return map[string]string{
		`\S`: "text", `\$\{`: "text with a `${variable}`", `^\$`: "JSONPath", idPattern: "id", variablePattern: "name",
		durationPattern: "duration", shape.SharePattern: "share", ratePattern: "rate", pausePattern: "duration or range", stagePattern: "stage",
		sizePattern: "size", bandwidthPattern: "bandwidth", moneyPattern: "amount", instanceSharePattern: "part",
		httpURLPattern: "URL", dnsPattern: "`dns://NAME:PORT`", headerPattern: "name of a header", labelPattern: "name of a label",
		selectorPattern: "selector", envPattern: "`${env:NAME}`",
	}
}

// words say what a value may be, and what the only key of a mapping means.
func (r *reference) words(s shape.Object) (value, inner string) {
	switch {
	case isMapping(s):
		return link(r.titles[signature(s)]), ""
	case s["anyOf"] != nil:
		return r.either(objects(s["anyOf"]))
	case s["enum"] != nil:
		return "`" + strings.Join(texts(s["enum"]), "`, `") + "`", ""
	case s["const"] != nil:
		return fmt.Sprintf("`%v`", s["const"]), ""
	case s["pattern"] != nil:
		return r.text(s), ""
	case s["type"] == "array":
		items, _ := s["items"].(map[string]any)
		value, inner = r.words(items)
		value = "list of " + bracketed(value)
		if most, ok := s["maxItems"]; ok {
			value += fmt.Sprintf(", at most %v", most)
		}
		return value, inner
	case s["type"] == "object":
		return r.table(s)
	}
	return r.plain(s), ""
}

// plain are words for a value without a form.
func (r *reference) plain(s shape.Object) string {
	low, high := s["minimum"], s["maximum"]
	switch kind := s["type"]; {
	case kind == "integer" && low != nil && high != nil:
		return fmt.Sprintf("whole number from %v to %v", low, high)
	case kind == "number":
		return "number"
	case kind == "boolean":
		return "`true` or `false`"
	case kind == "string" || len(texts(kind)) > 0:
		return "text"
	case kind == nil && s["pattern"] == nil:
		return "any value"
	}
	r.missing = append(r.missing, fmt.Sprintf("there are no words for %v", s))
	return ""
}

// text are words for a text of a form.
func (r *reference) text(s shape.Object) string {
	examples := texts(s["examples"])
	such := "`" + strings.Join(examples[:min(2, len(examples))], "`, `") + "`"
	name, known := wordsOfForms()[fmt.Sprint(s["pattern"])]
	switch {
	case known && (len(examples) == 0 || strings.HasPrefix(name, "`") || slices.Contains([]string{"duration", "share", "rate"}, name)):
		return name // a unit is told once
	case known:
		return name + " such as " + such
	case len(examples) > 0:
		return "text such as " + such
	}
	r.missing = append(r.missing, fmt.Sprintf("texts like %v have no name", s["pattern"]))
	return ""
}

// either are words for a value of several forms, the variable last.
func (r *reference) either(forms []shape.Object) (value, inner string) {
	var all []string
	for _, form := range forms {
		one, more := r.words(form)
		if !slices.Contains(all, one) {
			all = append(all, one)
		}
		if !strings.Contains(inner, more) {
			inner += more
		}
	}
	return strings.Join(all, or), inner
}

// or is between the forms that a value may have.
const or = " or "

// bracketed are words inside others.
func bracketed(words string) string {
	if strings.Contains(words, or) || strings.Contains(words, ", ") {
		return "(" + words + ")"
	}
	return words
}

// table are words for a mapping whose keys users choose, or with a single key.
func (r *reference) table(s shape.Object) (value, inner string) {
	properties, _ := s["properties"].(map[string]any)
	for key, only := range properties {
		only, _ := only.(map[string]any)
		value, inner := r.words(only)
		return "`{" + key + ": …}`: " + value, "; `" + key + "`: " + meaningOf(only) + inner
	}
	names := "names"
	if form, ok := s["propertyNames"].(map[string]any); ok {
		names = map[string]string{idPattern: "ids", headerPattern: "headers", variablePattern: "names", `^\$`: "JSONPaths", labelPattern: "labels"}[fmt.Sprint(form["pattern"])]
	}
	if names == "" {
		r.missing = append(r.missing, fmt.Sprintf("keys like %v have no name", s["propertyNames"]))
	}
	item, _ := s["additionalProperties"].(map[string]any)
	value, inner = r.words(item)
	return names + " to " + bracketed(value), inner
}

// known are the keywords of a schema that the reference has words for. What is beyond
// schemas is a note of its section.
func known(keyword string) bool {
	return slices.Contains([]string{"type", "properties", "additionalProperties", "required", "description", "title", "$schema",
		"minProperties", "maxProperties", "anyOf", "oneOf", "allOf", "dependentRequired", "dependentSchemas", "if", "else"}, keyword)
}

// rules are the rules between the keys of a mapping, a sentence each.
func (r *reference) rules(m *mapping) (list []string) {
	s := m.forms[0]
	for keyword := range s {
		if !known(keyword) {
			r.missing = append(r.missing, m.title+": there are no words for "+keyword)
		}
	}
	if m.title == "System" { // its note has them
		return nil
	}
	if one := choices(s["oneOf"]); len(one) > 0 {
		list = append(list, "One of "+figures.List(one, "or")+".")
	}
	if some := choices(s["anyOf"]); len(some) > 0 {
		list = append(list, "At least one of "+figures.List(some, "and")+".")
	}
	switch {
	case s["maxProperties"] == 1.0:
		list = append(list, "Each has one of these keys.")
	case s["minProperties"] == 1.0:
		list = append(list, "At least one of these keys.")
	}
	needs, _ := s["dependentRequired"].(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(needs)) {
		list = append(list, fmt.Sprintf("`%s` needs `%s`.", key, strings.Join(texts(needs[key]), "` and `")))
	}
	needed, _ := s["dependentSchemas"].(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(needed)) {
		of, _ := needed[key].(map[string]any)
		list = append(list, fmt.Sprintf("`%s` needs %s.", key, figures.List(choices(of["anyOf"]), "or")))
	}
	return append(list, r.conditions(m, objects(s["allOf"]))...)
}

// choices are the keys of alternatives that each need some.
func choices(list any) (all []string) {
	for _, alternative := range objects(list) {
		if keys := texts(alternative["required"]); len(keys) > 0 {
			all = append(all, "`"+keys[0]+"`")
			if len(keys) > 1 {
				all[len(all)-1] += " (with `" + strings.Join(keys[1:], "` and `") + "`)"
			}
		}
	}
	return all
}

// conditions are keys that exclude one another, and those that some kinds of faults do not
// take.
func (r *reference) conditions(m *mapping, all []shape.Object) (list []string) {
	var excluded []string
	without := map[string][]string{} // kinds of faults by the key that they do not take
	for _, condition := range all {
		not, _ := condition["not"].(map[string]any)
		for _, key := range texts(not["required"]) {
			if !slices.Contains(excluded, "`"+key+"`") {
				excluded = append(excluded, "`"+key+"`")
			}
		}
		if then, ok := condition["then"].(map[string]any); ok {
			kind := condition["if"].(map[string]any)["properties"].(map[string]any)["inject"].(map[string]any)["const"]
			for key := range m.forms[0]["properties"].(map[string]any) {
				if _, ok := then["properties"].(map[string]any)[key]; !ok {
					without[key] = append(without[key], fmt.Sprintf("`%v`", kind))
				}
			}
		}
	}
	if len(excluded) > 0 {
		list = append(list, "At most one of "+figures.List(excluded, "and")+".")
	}
	for _, key := range slices.Sorted(maps.Keys(without)) {
		kinds, of := without[key], "not of "
		if with := len(injectors.Catalogue()) - len(kinds); with < len(kinds) {
			kinds, of = takers(key), "only of "
		}
		list = append(list, fmt.Sprintf("`%s` is %s%s.", key, of, figures.List(kinds, "and")))
	}
	return list
}

// takers are the kinds of faults that may have a common field.
func takers(key string) (kinds []string) {
	for _, k := range injectors.Catalogue() {
		if allows(k, key) {
			kinds = append(kinds, "`"+k.Name+"`")
		}
	}
	return kinds
}

// What nobody has words for is told, and not left out.
func TestReferenceHasWords(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]shape.Object{
		"a form without a name":  shape.Pattern("^x$"),
		"a number without ends":  {"type": "integer"},
		"keys without a name":    {"type": "object", "propertyNames": shape.Object{"pattern": "^x$"}, "additionalProperties": shape.Object{"type": "number"}},
		"a list of such numbers": {"type": "array", "items": shape.Object{"type": "integer"}},
	} {
		r := &reference{}
		if r.words(s); len(r.missing) != 1 {
			t.Errorf("%s: missing %q, want one sentence", name, r.missing)
		}
	}
	r := &reference{}
	if r.rules(&mapping{forms: []shape.Object{{"patternProperties": shape.Object{}}}}); len(r.missing) != 1 {
		t.Errorf("an unknown keyword: missing %q, want one sentence", r.missing)
	}
	if value, inner := r.words(shape.Object{"type": "object", "properties": shape.Object{"rate": shape.Object{"type": "number", "description": "how many"}}}); value != "`{rate: …}`: number" || inner != "; `rate`: how many" {
		t.Errorf("a mapping of one key is %q, %q", value, inner)
	}
}
