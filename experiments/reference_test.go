package experiments

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/shape"
	"github.com/blastgauge/blastgauge/injectors/injectortest/generated"
)

// The reference in README.md is what the shapes say, so that it has every key, and none
// that documents have no more. Shapes are seen through the JSON Schema that they make.

// A section is a part of the reference: one kind of mapping, with a row for each key.
type section struct {
	title string
	at    []string // where such mappings are first, by document and path
	note  string   // a rule that no schema can say in a few words
}

// sections are all of the reference in its order. A mapping of the same keys elsewhere
// belongs to the same section.
func sections() []section {
	return []section{
		{"System", []string{"system"}, "Journeys need `url`, unless `measure` counts real traffic: that has journeys of its own, no `control_url` and no `propagates`. Without `toxiproxy` each dependency has one of its own."},
		{"Dependency", []string{"system.dependencies.NAME"}, ""},
		{"Journey", []string{"system.journeys.NAME"}, ""},
		{"Step", []string{"system.journeys.NAME.steps[]"}, "A step needs `request`, unless `traffic: {command: …}` sends the journeys."},
		{"Expect", []string{"system.journeys.NAME.steps[].expect", "system.journeys.NAME.expect"}, ""},
		{"Expected text", []string{"system.journeys.NAME.steps[].expect.body", "system.journeys.NAME.expect.body"}, ""},
		{"Expected header", []string{"system.journeys.NAME.steps[].expect.headers.NAME", "system.journeys.NAME.expect.headers.NAME"}, ""},
		{"Expected value", []string{"system.journeys.NAME.steps[].expect.json.NAME", "system.journeys.NAME.expect.json.NAME"}, "A mapping without any of these keys is a value: `{\"$.address\": {city: Bonn}}`."},
		{"Capture", []string{"system.journeys.NAME.steps[].capture.NAME"}, ""},
		{"Poll", []string{"system.journeys.NAME.steps[].poll"}, ""},
		{"Uploaded file", []string{"system.journeys.NAME.steps[].multipart.NAME"}, ""},
		{"Data", []string{"system.journeys.NAME.data"}, ""},
		{"Invariant", []string{"system.invariants[]"}, ""},
		{"Defaults", []string{"system.defaults"}, ""},
		{"Phases", []string{"system.defaults.phases"}, ""},
		{"Limits", []string{"system.defaults.limits"}, ""},
		{"Guardrail", []string{"system.defaults.guardrails[]"}, ""},
		{"Probe", []string{"system.defaults.guardrails[].probe"}, ""},
		{"Caps", []string{"system.caps"}, ""},
		{"TLS", []string{"system.tls"}, ""},
		{"Traffic", []string{"system.traffic"}, ""},
		{"Measure", []string{"system.measure"}, ""},
		{"Measured journey", []string{"system.measure.journeys.NAME"}, ""},
		{"Arm label", []string{"system.measure.journeys.NAME.arm"}, ""},
		{"Histogram", []string{"system.measure.journeys.NAME.duration"}, ""},
		{"Source of alerts", []string{"system.alerts"}, ""},
		{"Receiver", []string{"system.notify[]"}, ""},
		{"Grafana", []string{"system.notify[].grafana"}, ""},
		{"PagerDuty", []string{"system.notify[].pagerduty"}, ""},
		{"Experiment", []string{"experiment"}, ""},
		{"Fault", []string{"experiment.faults[]"}, "Beside these keys a fault has the attributes of its kind: [Faults](../injectors/README.md) has a table for each."},
		{"Reload", []string{"experiment.faults[].reload"}, ""},
		{"Alert", []string{"experiment.alerts[]"}, ""},
		{"Game day", []string{"gameday"}, ""},
		{"Item of a game day", []string{"gameday.experiments[]"}, ""},
	}
}

// A mapping is one kind of mapping of the documents.
type mapping struct {
	title  string
	forms  []shape.Object // the schema; several where keys depend on the place
	within []string       // who has it: "`steps` of [Journey](#journey)"
}

// A reference is the kinds of mappings while they are found.
type reference struct {
	titles  map[string]string // by place, and by the schema as JSON
	found   map[string]*mapping
	missing []string // mappings without a section, and what has no words
}

// isMapping reports whether a schema has keys of its own, and not only one, which is
// told where the mapping is.
func isMapping(s shape.Object) bool {
	properties, _ := s["properties"].(map[string]any)
	return s["type"] == "object" && len(properties) > 1
}

// signature is the same for mappings that are the same.
func signature(s shape.Object) string {
	rest := maps.Clone(s)
	delete(rest, "description")
	text, _ := json.Marshal(rest)
	return string(text)
}

// name makes the titles known, by place and by what is there.
func (r *reference) name(s shape.Object, at string) {
	for _, section := range sections() {
		if isMapping(s) && slices.Contains(section.at, at) {
			r.titles[at], r.titles[signature(s)] = section.title, section.title
		}
	}
	inside(s, at, func(inner shape.Object, at, _ string) { r.name(inner, at) })
}

// collect finds all mappings in a schema; owner has it, under a key.
func (r *reference) collect(s shape.Object, at, owner, key string) {
	if isMapping(s) {
		title := cmp.Or(r.titles[at], r.titles[signature(s)])
		if title == "" {
			r.missing = append(r.missing, at+" has no section")
			return
		}
		m := r.found[title]
		if m == nil {
			m = &mapping{title: title}
			r.found[title] = m
		}
		if !slices.ContainsFunc(m.forms, func(f shape.Object) bool { return signature(f) == signature(s) }) {
			m.forms = append(m.forms, s)
		}
		if text := "`" + key + "` of " + link(owner); owner != "" && !slices.Contains(m.within, text) {
			m.within = append(m.within, text)
		}
		owner = title
	}
	inside(s, at, func(inner shape.Object, at, below string) { r.collect(inner, at, owner, cmp.Or(below, key)) })
}

// inside visits the schemas that are directly inside another one; key is that of a mapping.
func inside(s shape.Object, at string, visit func(inner shape.Object, at, key string)) {
	properties, _ := s["properties"].(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(properties)) {
		if inner, ok := properties[key].(map[string]any); ok {
			visit(inner, at+"."+key, key)
		}
	}
	if inner, ok := s["additionalProperties"].(map[string]any); ok {
		visit(inner, at+".NAME", "")
	}
	if inner, ok := s["items"].(map[string]any); ok {
		visit(inner, at+"[]", "")
	}
	for _, form := range objects(s["anyOf"]) {
		visit(form, at, "")
	}
}

// objects are the schemas of a list.
func objects(list any) (all []shape.Object) {
	items, _ := list.([]any)
	for _, item := range items {
		if o, ok := item.(map[string]any); ok {
			all = append(all, o)
		}
	}
	return all
}

func link(title string) string {
	return "[" + title + "](#" + strings.ReplaceAll(strings.ToLower(title), " ", "-") + ")"
}

// describeLanguage writes the reference, and what it lacks.
func describeLanguage(t *testing.T) (text string, missing []string) {
	t.Helper()
	r := &reference{titles: map[string]string{}, found: map[string]*mapping{}}
	kinds := map[Kind]shape.Object{}
	for _, kind := range []Kind{SystemKind, ExperimentKind, GameDayKind} {
		text, err := Schema(kind)
		if err != nil {
			t.Fatal(err)
		}
		var s shape.Object
		if err := json.Unmarshal(text, &s); err != nil {
			t.Fatal(err)
		}
		kinds[kind] = s
		r.name(s, string(kind))
	}
	for _, kind := range []Kind{SystemKind, ExperimentKind, GameDayKind} {
		r.collect(kinds[kind], string(kind), "", "")
	}
	var b strings.Builder
	var all []string
	for _, s := range sections() {
		all = append(all, link(s.title))
	}
	b.WriteString(strings.Join(all, ", ") + "\n\n")
	for _, s := range sections() {
		m := r.found[s.title]
		if m == nil {
			r.missing = append(r.missing, "the documents have nothing for the section "+s.title)
			continue
		}
		r.write(&b, m, s.note)
	}
	return b.String(), r.missing
}

// write writes the section of a mapping.
func (r *reference) write(b *strings.Builder, m *mapping, note string) {
	fmt.Fprintf(b, "### %s\n\n", m.title)
	if len(m.within) > 0 {
		fmt.Fprintf(b, "%s.\n\n", figures.List(m.within, "and"))
	}
	b.WriteString("| key | value | meaning |\n|---|---|---|\n")
	for _, row := range r.rows(m) {
		fmt.Fprintf(b, "| %s | %s | %s |\n", row.key, generated.Cell(row.value), generated.Cell(row.meaning))
	}
	if rules := append(r.rules(m), note); strings.Join(rules, "") != "" {
		fmt.Fprintf(b, "\n%s\n", strings.TrimSpace(strings.Join(rules, " ")))
	}
	b.WriteString("\n")
}

// A row is one key of a mapping.
type keyRow struct{ key, value, meaning string }

// rows are the keys of a mapping, those that must be there first.
func (r *reference) rows(m *mapping) (list []keyRow) {
	keys := map[string]shape.Object{}
	for _, form := range m.forms {
		for key, s := range form["properties"].(map[string]any) {
			keys[key] = s.(map[string]any)
		}
	}
	for key, s := range keys {
		of := 0 // forms that have the key
		for _, form := range m.forms {
			if _, ok := form["properties"].(map[string]any)[key]; ok {
				of++
			}
		}
		words, inner := r.words(s)
		row := keyRow{key: "`" + key + "`", value: words, meaning: meaningOf(s) + inner}
		if slices.Contains(texts(m.forms[0]["required"]), key) {
			row.key += " (required)"
		}
		if of < len(m.forms) {
			row.meaning += "; of a step alone"
		}
		list = append(list, row)
	}
	slices.SortFunc(list, func(a, b keyRow) int {
		required := func(r keyRow) int { return strings.Count(r.key, " ") }
		return cmp.Or(cmp.Compare(required(b), required(a)), cmp.Compare(a.key, b.key))
	})
	return list
}

func meaningOf(s shape.Object) string {
	text, _ := s["description"].(string)
	return text
}

// texts are the texts of a list.
func texts(list any) (all []string) {
	items, _ := list.([]any)
	for _, item := range items {
		all = append(all, fmt.Sprint(item))
	}
	return all
}

// The reference is that of the shapes. -update renews it.
func TestReferenceOfTheLanguage(t *testing.T) {
	t.Parallel()
	text, missing := describeLanguage(t)
	for _, what := range missing {
		t.Error(what)
	}
	generated.Check(t, "README.md", *update, generated.Part{Name: "the language", Text: text})
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	const most = 60 << 10 // more is read by nobody
	if len(page) > most {
		t.Errorf("README.md has %d bytes, at most %d", len(page), most)
	}
}
