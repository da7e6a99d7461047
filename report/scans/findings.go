package scans

import (
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/plan"
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

// when says in which failure modes it was seen: "when payments hangs or is slow".
func (f finding) when() string {
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
		return "“" + f.Invariant + "” breaks " + f.when()
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
		return "The system did not come back by itself after " + f.Dependency + " failed"
	case scan.HardHarms:
		return f.Dependency + " breaks " + f.journeys() + " " + words.WhenAny(f.Modes) + f.asDeclared()
	}
	return f.Dependency + ": " + strings.ReplaceAll(string(f.Code), "_", " ") // of a later version
}

// asDeclared says whether a dependency that is hard was declared so.
func (f finding) asDeclared() string {
	if f.of != nil && f.of.Declared == hard {
		return ", as declared"
	}
	return ", and nothing is declared of it"
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
		for _, b := range c.Broken {
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
	return words.Harm(&share) + " of " + f.Journey + " journeys harmed beyond the control, limit " + words.Limit(limitOf(f.m, f.Journey))
}

// limitOf is the limit of a journey.
func limitOf(m *scan.Map, journey string) float64 {
	for _, j := range m.Journeys {
		if j.Name == journey {
			return j.Limit
		}
	}
	return m.Limit
}

// cells are the cells that show the finding.
func (f finding) cells() (list []*scan.Cell) {
	add := func(cells []scan.Cell) {
		for i := range cells {
			if c := &cells[i]; c.Number != 0 && !c.Pooled && slices.Contains(f.Cells, c.Number) {
				list = append(list, c)
			}
		}
	}
	for i := range f.m.Dependencies {
		add(f.m.Dependencies[i].Cells)
	}
	add(f.m.Pairs)
	return list
}

// cause is what came back most often, with an example; empty where that is not known.
func (f finding) cause() string {
	for _, c := range f.cells() {
		for _, j := range c.Journeys {
			if j.Cause != "" && (j.Journey == f.Journey || f.Journey == "") {
				return j.Cause
			}
		}
	}
	return ""
}

// owner is who owns the dependency; empty where nobody is declared.
func (f finding) owner() string {
	if f.of == nil {
		return ""
	}
	return f.of.Owner
}

// advice is what to do.
func (f finding) advice() string {
	switch f.Code {
	case scan.BrokenInvariant:
		return "Make what " + f.Dependency + " does safe to repeat: send the same idempotency key again, and find out what it did before anybody is told that it failed."
	case scan.SoftBehavesHard:
		return "Let journeys go on without " + f.Dependency + f.timeoutAdvice() + ". If they cannot, declare it hard."
	case scan.HangWorse, scan.NoTimeout:
		return "Give calls to " + f.Dependency + " a time-out" + f.within() + ", and treat it as a refused connection."
	case scan.LowBreaking:
		return "Give calls to " + f.Dependency + " a time-out above its own p99, or make it faster: an ordinary bad moment breaks journeys."
	case scan.FallbackHarms:
		return "Do not count on " + f.Other + " being there: let journeys go on without both, or make sure that the two do not fail together."
	case scan.NotBack:
		return "Find what stays full after " + f.Dependency + " is back: connection pools, queues, retries. Bound each of them."
	case scan.HardHarms:
		if f.of != nil && f.of.Declared == hard {
			return "Nothing, if that is meant: it was declared hard."
		}
		return "Declare " + f.Dependency + " hard if that is meant. If not, let journeys go on without it."
	}
	return "Look at the cells that show it."
}

// timeoutAdvice asks for a time-out where hanging or slowness is what harms.
func (f finding) timeoutAdvice() string {
	if slices.ContainsFunc(f.Modes, func(m plan.FailureMode) bool { return m == plan.Hang || m == plan.Slow }) {
		return ": give its calls a time-out" + f.within() + ", and answer without it"
	}
	return ": answer without it where it fails"
}

// within is the time that a journey may take, which bounds a time-out in it.
func (f finding) within() string {
	for _, j := range f.m.Journeys {
		if j.Name == f.Journey && j.SlowAfter > 0 {
			return " well below the " + figures.Duration(j.SlowAfter) + " that " + f.Journey + " may take"
		}
	}
	return ""
}
