package scans

import (
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/scan"
	"github.com/blastgauge/blastgauge/report/words"
)

// A finding is a weakness in words.
type finding struct {
	*scan.Finding
	m  *scan.Map
	of *scan.Dependency // nil where the map has no such dependency
}

func newFinding(m *scan.Map, f *scan.Finding) finding {
	return finding{f, m, m.Dependency(f.Dependency)}
}

// when says in which failure modes it was seen: "when payments hangs or is slow". Where
// several failed at once, nobody knows which of them it is.
func (f finding) when() string {
	if f.Other != "" || len(f.Pool) > 0 {
		return "when " + f.Failing("and") + " fail together"
	}
	return strings.Replace(words.WhenAny(f.Modes), "it", f.Dependency, 1)
}

// journeys names the journeys that it harms most.
func (f finding) journeys() string {
	return strings.TrimSpace(f.Journey + " journeys")
}

// short is the finding in one sentence without numbers, which a person can repeat.
func (f finding) short() string {
	switch f.Code {
	case scan.BrokenInvariant:
		text := "“" + f.Invariant + "” breaks " + f.when()
		if len(f.Or) > 0 {
			text += ", or because " + figures.List(f.Or, "or") + " failed shortly before"
		}
		return text
	case scan.SoftBehavesHard:
		return f.Dependency + " was declared soft, and breaks " + f.journeys() + " " + words.WhenAny(f.Modes)
	case scan.HangWorse:
		return figures.Capital(f.journeys()) + " do without " + f.Dependency + " when it refuses connections, but not when it hangs"
	case scan.NoTimeout:
		return figures.Capital(f.journeys()) + " hang for as long as " + f.Dependency + " hangs"
	case scan.LowBreaking:
		return figures.Capital(f.journeys()) + " break at a latency that " + f.Dependency + " has on a usual day"
	case scan.FallbackHarms:
		return figures.Capital(f.journeys()) + " do without " + f.Dependency + ", but not without its fallback " + f.Other + " as well"
	case scan.NotBack:
		text := "The system did not come back by itself after " + f.Failing("and") + " failed"
		if f.Other != "" || len(f.Pool) > 0 {
			text += " together"
		}
		return text
	case scan.HardHarms:
		return f.Dependency + " breaks " + f.journeys() + " " + words.WhenAny(f.Modes) + ", and nothing is declared of it"
	}
	return f.Dependency + ": " + strings.ReplaceAll(string(f.Code), "_", " ") // of a later version
}

// sentence is the finding with what it was measured by.
func (f finding) sentence() string {
	parts := []string{f.short()}
	switch {
	case f.Code == scan.BrokenInvariant:
		parts = append(parts, words.NonEmpty(f.violations())...)
	case f.Code == scan.LowBreaking && f.of != nil && f.of.BreakingPoint != nil:
		if p := ownP99(f.of.BreakingPoint); p != "" {
			parts = append(parts, "they break from "+figures.Latency(f.Latency)+" on, and the dependency's own p99 is "+p)
		}
	}
	return strings.Join(parts, ": ")
}

// violations counts what broke, with a few of the keys.
func (f finding) violations() string {
	for _, c := range f.cells() {
		for _, b := range slices.Concat(c.Broken, c.Unsettled) {
			if b.Invariant == f.Invariant {
				return brokenWords(b)
			}
		}
	}
	return ""
}

// brokenWords counts the violations of an invariant: "9 violations (J-1, J-2, …)".
func brokenWords(b scan.Broken) string {
	text := "1 violation"
	if b.Violations != 1 {
		text = figures.Short(b.Violations, 2) + " violations"
	}
	const shown = 3
	keys := strings.Join(b.Keys[:min(shown, len(b.Keys))], ", ")
	if len(b.Keys) > shown || keys != "" && float64(len(b.Keys)) < b.Violations {
		keys += ", …"
	}
	if b.Detail != "" {
		text += ", " + b.Detail
	}
	if keys != "" {
		text += " (" + keys + ")"
	}
	return text
}

// measure is the share that is harmed with its interval and limit; empty where the finding
// has none.
func (f finding) measure() string {
	if f.Journey == "" || f.Low == 0 && f.High == 0 {
		return ""
	}
	share := scan.CellJourney{Estimate: f.Estimate, Low: f.Low, High: f.High}
	return words.Harm(&share) + " of " + f.Journey + " journeys harmed beyond the control, limit " + words.Limit(f.m.LimitOf(f.Journey))
}

// cells are those that show the finding.
func (f finding) cells() []*scan.Cell { return f.m.CellsOf(f.Finding) }

// cause is what came back most often where the finding was measured, with an example; empty
// where that is not known.
func (f finding) cause() string {
	first := ""
	for _, c := range f.cells() {
		for _, j := range c.Journeys {
			switch {
			case j.Cause == "" || j.Journey != f.Journey && f.Journey != "":
			case j.Estimate == f.Estimate:
				return j.Cause
			case first == "":
				first = j.Cause
			}
		}
	}
	return first
}

// owner is who owns the dependency; empty where nobody is declared.
func (f finding) owner() string {
	if f.of == nil {
		return ""
	}
	return f.of.Owner
}

// advice is what to do.
func (f finding) advice() string { return f.m.Advice(f.Finding) }
