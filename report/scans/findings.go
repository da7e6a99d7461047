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

// sentence is the finding with what it was measured by.
func (f finding) sentence() string {
	parts := []string{words.Finding(f.Finding)}
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
