package words

import (
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/scan"
)

// whenFailing says in which failure modes it was seen: "when payments hangs or is slow". Where
// several failed at once, nobody knows which of them it is.
func whenFailing(f *scan.Finding) string {
	if f.Other != "" || len(f.Pool) > 0 {
		return "when " + f.Failing("and") + " fail together"
	}
	return strings.Replace(WhenAny(f.Modes), "it", f.Dependency, 1)
}

// journeysOf names the journeys that it harms most.
func journeysOf(f *scan.Finding) string {
	return strings.TrimSpace(f.Journey + " journeys")
}

// Finding is a weakness in one sentence without numbers, which a person can repeat.
func Finding(f *scan.Finding) string {
	switch f.Code {
	case scan.BrokenInvariant:
		text := "“" + f.Invariant + "” breaks " + whenFailing(f)
		if len(f.Or) > 0 {
			text += ", or because " + figures.List(f.Or, "or") + " failed shortly before"
		}
		return text
	case scan.SoftBehavesHard:
		return f.Dependency + " was declared soft, and breaks " + journeysOf(f) + " " + WhenAny(f.Modes)
	case scan.HangWorse:
		return figures.Capital(journeysOf(f)) + " do without " + f.Dependency + " when it refuses connections, but not when it hangs"
	case scan.NoTimeout:
		return figures.Capital(journeysOf(f)) + " hang for as long as " + f.Dependency + " hangs"
	case scan.LowBreaking:
		return figures.Capital(journeysOf(f)) + " break at a latency that " + f.Dependency + " has on a usual day"
	case scan.FallbackHarms:
		return figures.Capital(journeysOf(f)) + " do without " + f.Dependency + ", but not without its fallback " + f.Other + " as well"
	case scan.NotBack:
		text := "The system did not come back by itself after " + f.Failing("and") + " failed"
		if f.Other != "" || len(f.Pool) > 0 {
			text += " together"
		}
		return text
	case scan.HardHarms:
		return f.Dependency + " breaks " + journeysOf(f) + " " + WhenAny(f.Modes) + ", and nothing is declared of it"
	}
	return f.Dependency + ": " + strings.ReplaceAll(string(f.Code), "_", " ") // of a later version
}
