package findings

import (
	"fmt"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/scan"
)

// what says in words what the faults do, such as "payments hangs and mail refuses connections".
func what(faults []plan.Fault, f scan.Finding) string {
	var parts []string
	for _, in := range faults {
		parts = append(parts, in.Failing())
	}
	if f.Code == scan.FallbackHarms && len(parts) == 2 {
		return parts[0] + " and its fallback " + parts[1]
	}
	return figures.List(parts, "and")
}

func title(faults []plan.Fault, f scan.Finding) string {
	return figures.Capital(what(faults, f))
}

// hypothesis is what has to be true once the weakness is repaired.
func hypothesis(faults []plan.Fault, f scan.Finding) string {
	while := " while " + what(faults, f)
	switch f.Code {
	case scan.BrokenInvariant:
		return "The invariant \"" + f.Invariant + "\" holds" + while + ", and afterwards."
	case scan.NotBack:
		return fmt.Sprintf("The system recovers by itself within %s of the time in which %s.", figures.Span(backWithin), what(faults, f))
	}
	return "Journeys keep working within their budget" + while + "."
}
