package injectors_test

import (
	"cmp"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/injectortest/generated"
)

var update = flag.Bool("update", false, "write the generated parts of README.md") //nolint:gochecknoglobals // a flag

// The lists of README.md are what the catalogue says. -update renews them.
func TestReadmeSaysWhatTheCatalogueSays(t *testing.T) {
	t.Parallel()
	generated.Check(t, "README.md", *update, generated.Part{Name: "kinds", Text: listOfKinds() + "\n"}, generated.Part{Name: "each kind", Text: everyKind(t)})
}

func listOfKinds() string {
	var b strings.Builder
	b.WriteString("| `inject:` | acts on | what happens |\n|---|---|---|\n")
	for _, k := range injectors.Catalogue() {
		fmt.Fprintf(&b, "| [`%s`](#%s) | %s | %s |\n", k.Name, k.Name, actsOn(k), generated.Cell(k.Summary))
	}
	return b.String()
}

func actsOn(k injectors.Kind) string {
	return cmp.Or(map[injectors.Level]string{injectors.Byte: "connections", injectors.File: "a file", injectors.Command: "what its programs change"}[k.Level], k.Acts)
}

// everyKind has a section for each kind, and one for what several have in common.
func everyKind(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for _, k := range injectors.Catalogue() {
		fmt.Fprintf(&b, "### %s\n\n`%s`: %s. %s\n\n```yaml\n  - %s\n```\n\n", k.Name, k.Name, generated.Cell(k.Summary), whereAndProof(t, k), k.Example)
		if len(k.Attributes) > 0 {
			b.WriteString(table(t, k.Attributes, k) + "\n")
		}
		for _, c := range k.Caveats {
			fmt.Fprintf(&b, "- %s\n", generated.Cell(c.Text))
		}
		for _, n := range k.Notes {
			fmt.Fprintf(&b, "- %s\n", generated.Cell(n))
		}
		if len(k.Caveats)+len(k.Notes) > 0 {
			b.WriteString("\n")
		}
	}
	for _, name := range []string{"http_error", "redis_error", "postgres_error"} {
		k, _ := injectors.Lookup(name)
		match, _ := k.Attribute("match")
		fmt.Fprintf(&b, "### Match of %s\n\n%s\n", k.Acts, table(t, match.Fields, k))
	}
	b.WriteString("### Operators of bad config\n\n" + operators(t))
	return b.String()
}

// whereAndProof says which servers cause a fault, and what proves it.
func whereAndProof(t *testing.T, k injectors.Kind) string {
	t.Helper()
	proof := "The proxy counts the " + k.Acts + " that it met"
	switch {
	case k.Name == "down":
		return "A toxic of `blastgauge proxy`, and on a stock `toxiproxy-server` a proxy that is disabled. It is proven by what it cut, and by the calls that came before and then came no more."
	case k.Level == injectors.Byte:
		text := "A toxic of a stock `toxiproxy-server` as well, which does not count what it met; `blastgauge proxy` counts the connections."
		if k.CutsOnRemoval {
			text += " Its removal closes connections."
		}
		return text
	case k.Config && k.Level == injectors.Message:
		proof = "The proxy notes who fetched the bad document"
	case k.Level == injectors.File:
		return "It needs no proxy. The file is read back, and who reads the bad version is noted, where the file system notes reading."
	case k.Level == injectors.Command:
		return "It needs no proxy. `check` proves that it is there, and nothing counts what it met."
	}
	if k.Level != injectors.Message || len(k.Schemes) == 0 || k.Wire != k.Name {
		t.Errorf("%s: nothing says where it runs, and as what toxic", k.Name)
	}
	schemes := make([]string, len(k.Schemes))
	for i, s := range k.Schemes {
		schemes[i] = "`" + s + "://`"
	}
	return "A toxic of `blastgauge proxy` alone, at an upstream with " + figures.List(schemes, "or") + ". " + proof + "."
}

// table has a row for each attribute.
func table(t *testing.T, attributes []injectors.Attribute, k injectors.Kind) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("| attribute | value | meaning |\n|---|---|---|\n")
	defaults := k.WithDefaults(nil)
	operated := false
	for _, a := range attributes {
		if a.Unit == injectors.Operation {
			operated = true
			continue
		}
		name, meaning := "`"+a.Name+"`", a.Doc
		if a.Required {
			name += " (required)"
		}
		if v, ok := defaults[a.Name]; ok && !strings.Contains(meaning, "default") {
			if number, ok := v.(float64); ok {
				v = a.Unit.Format(number)
			}
			meaning += fmt.Sprintf("; %v by default", v)
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", name, value(t, a, k), generated.Cell(meaning))
	}
	if operated {
		fmt.Fprintf(&b, "| one operator (required) | mapping | [what goes bad](#operators-of-bad-config)%s |\n", without(k))
	}
	return b.String()
}

// without names the operators that a kind does not have.
func without(k injectors.Kind) string {
	all, _ := injectors.Lookup("http_config")
	var missing []string
	for _, a := range all.Attributes {
		if _, has := k.Attribute(a.Name); a.Unit == injectors.Operation && !has {
			missing = append(missing, "`"+a.Name+"`")
		}
	}
	if len(missing) == 0 {
		return ""
	}
	return ", but for " + figures.List(missing, "and")
}

// value says how an attribute is written, and its bounds.
func value(t *testing.T, a injectors.Attribute, k injectors.Kind) string {
	t.Helper()
	words := string(a.Unit)
	switch a.Unit {
	case injectors.Word:
		words = "`" + strings.Join(a.Words, "`, `") + "`"
	case injectors.Count:
		words = "whole number"
	case injectors.Group:
		return "[mapping](#match-of-" + k.Acts + ")"
	case injectors.Table:
		words = "names to texts"
	case injectors.Arguments:
		words = "list: a program and its arguments"
	case injectors.Path:
		words = "JSON Pointer or JSONPath"
	case injectors.Factor:
		words = "number or fraction"
	case injectors.Value:
		words = "any value"
	case injectors.Values:
		words = "paths to values"
	case injectors.Paths:
		words = "list of two paths"
	case injectors.Document:
		words = "name of a file"
	case injectors.Inner:
		words = "another operator"
	case injectors.Duration, injectors.Size, injectors.Bandwidth, injectors.Share, injectors.Text:
	default:
		t.Errorf("there are no words for %s, a %s", a.Name, a.Unit)
	}
	if a.Lists {
		words += ", or a list"
	}
	return words + bounds(a)
}

// bounds are the least and the most that a number may be, and its unit in the API.
func bounds(a injectors.Attribute) string {
	if !a.Unit.Numeric() {
		return ""
	}
	const boundless = 1e9
	text := " from " + a.Unit.Format(a.Min)
	switch {
	case a.Max >= boundless && a.Unit == injectors.Count:
	case a.Unit == injectors.Size && a.Max < 1e9:
		text += fmt.Sprintf(" to %v MiB", a.Max/(1<<20))
	default:
		text += " to " + a.Unit.Format(a.Max)
	}
	unit := map[injectors.Unit]string{injectors.Duration: "ms", injectors.Size: "bytes", injectors.Bandwidth: "KB/s"}[a.Unit]
	if a.Unit == injectors.Duration && a.Scale == 1e6 {
		unit = "µs"
	}
	if unit == "" {
		return text
	}
	return text + " (API: " + unit + ")"
}

// operators has a row for each parameter of each operator that makes config bad.
func operators(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("| operator | parameter | value | meaning |\n|---|---|---|---|\n")
	k, _ := injectors.Lookup("http_config")
	for _, o := range k.Attributes {
		if o.Unit != injectors.Operation {
			continue
		}
		fmt.Fprintf(&b, "| `%s` | | `%s: %s` | %s |\n", o.Name, o.Name, o.Example, generated.Cell(o.Doc))
		for _, a := range o.Fields {
			doc, _, _ := strings.Cut(a.Doc, ": a JSON Pointer")
			if a.Unit == injectors.Path {
				doc += "; without it, the seed chooses"
			}
			fmt.Fprintf(&b, "| | `%s` | %s | %s |\n", a.Name, value(t, a, k), generated.Cell(doc))
		}
	}
	return b.String()
}

// Kinds that share a match share its section.
func TestMatchesAreOfThreeKinds(t *testing.T) {
	t.Parallel()
	fields := map[string][]string{}
	for _, k := range injectors.Catalogue() {
		match, ok := k.Attribute("match")
		if !ok {
			continue
		}
		var names []string
		for _, f := range match.Fields {
			names = append(names, f.Name+": "+f.Doc)
		}
		if before, seen := fields[k.Acts]; seen && !slices.Equal(before, names) {
			t.Errorf("%s matches %s by %q, others by %q", k.Name, k.Acts, names, before)
		}
		fields[k.Acts] = names
	}
	if len(fields) != 3 {
		t.Errorf("there are matches of %v: README.md has three sections", fields)
	}
}
