package findings

import (
	"fmt"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/scan"
)

// what says in words what the faults do, such as "payments hangs and mail refuses connections".
func what(faults []plan.Fault, f scan.Finding) string {
	var parts []string
	for _, in := range faults {
		does := in.Mode.Does()
		if late := in.Attributes.Duration("latency"); in.Mode == plan.Slow && late > 0 {
			does = fmt.Sprintf("answers %s late", figures.Span(late.Round(time.Millisecond)))
		}
		parts = append(parts, in.Into+" "+does)
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

// remedy is what to do as long as it is not.
func remedy(f scan.Finding) string {
	switch f.Code {
	case scan.BrokenInvariant:
		return "Send an idempotency key with whatever changes something, and ask what became of a request before it is sent again."
	case scan.SoftBehavesHard:
		return f.Dependency + " is declared soft: limit the time that a call may take, and let journeys do without its answer; or declare it hard."
	case scan.HangWorse:
		return "Journeys do without " + f.Dependency + " when it refuses: give its calls a time-out well within the budget of the journey, so that they do without it when it hangs, too."
	case scan.NoTimeout:
		return "Give the calls to " + f.Dependency + " a time-out that is well within the budget of the journey."
	case scan.LowBreaking:
		return f.Dependency + " itself is this slow now and then: allow its calls more time, or let journeys do without its answer."
	case scan.FallbackHarms:
		return strings.TrimSpace(f.Other+" stands in for "+f.Dependency) + ", and nothing stands in for both: let journeys do without either, or say soon that they cannot be served."
	case scan.NotBack:
		return "Look for what keeps the system busy afterwards: connections that are not opened again, queues without a limit, retries without a pause."
	}
	return "Let journeys do without " + f.Dependency + ", or agree on how often it may fail."
}
