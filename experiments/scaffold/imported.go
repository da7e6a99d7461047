package scaffold

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/scaffold/draft"
	"github.com/blastgauge/blastgauge/injectors"
)

// proxiesOf are the proxies that become dependencies: those of the Toxiproxy that was
// asked, or those that the experiment of a source names.
func proxiesOf(o Options) []Proxy {
	if len(o.Proxies) > 0 || o.Experiment == nil {
		return o.Proxies
	}
	list := make([]Proxy, len(o.Experiment.Proxies))
	for i, p := range o.Experiment.Proxies {
		list[i] = Proxy{Name: p.Name, Listen: p.Listen, Upstream: p.Upstream, Enabled: true}
		for _, f := range o.Experiment.Faults {
			if f.Proxy == p.Name && f.Kind.Level == injectors.Message && p.Upstream != "" && !strings.Contains(p.Upstream, "://") {
				list[i].Upstream = f.Kind.Schemes[0] + "://" + p.Upstream // it needs to know what is spoken there
			}
		}
	}
	return list
}

// importedExperiment is the experiment of a source.
func importedExperiment(e *draft.Experiment, o Options, deps []dependency) (File, error) {
	into := map[string]string{}
	for _, dep := range deps {
		into[dep.Name] = dep.id
	}
	var b strings.Builder
	b.WriteString(experimentHead)
	writeComment(&b, 0, e.Made+".")
	for _, text := range e.Remarks {
		writeComment(&b, 0, text)
	}
	fmt.Fprintf(&b, "version: 1\nexperiment: %s\ntitle: %s\nhypothesis: %s\nfaults:\n", e.ID, yamlText(short(e.Title)),
		yamlText(short(cmp.Or(e.Hypothesis, "Journeys keep working within their budget while the faults are in force."))))
	for _, f := range e.Faults {
		dep, known := into[f.Proxy]
		if !known {
			return File{}, fmt.Errorf("%s: %w: toxiproxy at %s has no proxy %q: create it, or leave out --toxiproxy", f.Place, experiments.ErrInvalid, o.Toxiproxy, f.Proxy)
		}
		writeFault(&b, f, dep)
	}
	if e.Phase > 0 {
		fmt.Fprintf(&b, "phases: {fault: %s} # %s\n", figures.Span(e.Phase), oneLine(e.PhaseWhy))
	}
	if len(e.Probes) > 0 {
		b.WriteString("guardrails:\n  - blast_radius: 36% # beyond this, the fault is removed at once\n")
		for _, s := range e.Probes {
			writeProbe(&b, s)
		}
	}
	b.WriteString("# if_refuted: What to do then; it stands in the report.\n")
	return File{Name: "experiments/" + e.ID + ".yaml", Text: b.String()}, nil
}

// maxLine is how much of a title or a hypothesis is kept, in bytes.
const maxLine = 300

func short(text string) string {
	if len(text) > maxLine {
		text = strings.ToValidUTF8(text[:maxLine], "") + "…"
	}
	return text
}

func writeFault(b *strings.Builder, f draft.Fault, dep string) {
	for _, text := range f.Remarks {
		writeComment(b, 2, text)
	}
	fmt.Fprintf(b, "  - inject: %s\n    into: %s\n", f.Kind.Name, yamlText(dep))
	for _, a := range f.Kind.Attributes {
		if held, given := f.Attributes[a.Name]; given {
			attributeValue(a, held).write(b, 4, a.Name+":")
		}
	}
	if f.Share > 0 && f.Share < 1 {
		fmt.Fprintf(b, "    share: %s # of %s\n", injectors.Share.Format(f.Share), cmp.Or(f.Kind.Acts, "connections"))
	}
	if f.Upstream {
		b.WriteString("    stream: upstream\n")
	}
	if f.At > 0 {
		fmt.Fprintf(b, "    at: %s\n", figures.Span(f.At))
	}
	if f.For > 0 {
		fmt.Fprintf(b, "    for: %s\n", figures.Span(f.For))
	}
}

// attributeValue is an attribute as documents write it.
func attributeValue(a injectors.Attribute, held any) value {
	switch v := held.(type) {
	case float64:
		return rawValue(strings.ReplaceAll(a.Unit.Format(v), "µ", "u")) // as keyboards have it
	case string:
		return textValue(v)
	case []any:
		list := value{list: true}
		for _, item := range v {
			list.items = append(list.items, attributeValue(a, item))
		}
		return list
	case map[string]any:
		return attributeTable(a, v)
	}
	return rawValue(fmt.Sprint(held))
}

// writeProbe writes a guardrail that asks.
func writeProbe(b *strings.Builder, s *draft.Step) {
	for _, text := range s.Notes {
		writeComment(b, 2, text)
	}
	fmt.Fprintf(b, "  - probe:\n      name: %s\n      request: %s\n", yamlText(short(s.Name)), yamlText(s.Request.Method+" "+s.Request.URLText()))
	const inProbe = 6
	if len(s.Request.Headers) > 0 {
		fields(s.Request.Headers).write(b, inProbe, "headers:")
	}
	writeBody(b, s.Request, inProbe)
	if v := expectation(s); len(v.items) > 0 {
		v.write(b, inProbe, "expect:")
	}
}

// attributeTable is a group of attributes, or a table of texts.
func attributeTable(a injectors.Attribute, held map[string]any) value {
	v := emptyMapping()
	if len(a.Fields) == 0 {
		for _, name := range slices.Sorted(maps.Keys(held)) {
			v.add(name, attributeValue(a, held[name]))
		}
		return v
	}
	for _, field := range a.Fields {
		if inner, given := held[field.Name]; given {
			v.add(field.Name, attributeValue(field, inner))
		}
	}
	return v
}
