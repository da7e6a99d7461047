package words

import (
	"math"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/scan"
)

// Mode is what a dependency does in a failure mode, as the head of a column: "hangs". A
// sentence has [plan.FailureMode.Does].
func Mode(m plan.FailureMode) string {
	switch m {
	case plan.Hang:
		return "hangs"
	case plan.Refuse:
		return "refuses"
	case plan.Slow:
		return "slow"
	case plan.Error:
		return "errors"
	case plan.ErrorAfter:
		return "fails after the work"
	case plan.Reset:
		return "resets"
	}
	return Unknown
}

// when begins what is said of a failure mode within a sentence.
const when = "when it "

// When says when a dependency fails in a failure mode, within a sentence: "when it hangs".
func When(m plan.FailureMode) string { return when + m.Does() }

// WhenAny says the same of several failure modes: "when it hangs or is slow".
func WhenAny(list []plan.FailureMode) string {
	if len(list) == 0 {
		return When("")
	}
	return when + does(list, "or")
}

// Does says what a dependency does in several failure modes: "hangs and refuses
// connections".
func Does(list []plan.FailureMode) string { return does(list, "and") }

// does puts the mode whose verb is two verbs last, apart from the others.
func does(list []plan.FailureMode, word string) string {
	var texts []string
	last := ""
	for _, m := range list {
		if m == plan.ErrorAfter && len(list) > 1 {
			last = ", " + word + " " + m.Does()
			continue
		}
		texts = append(texts, m.Does())
	}
	return figures.List(texts, word) + last
}

// CellVerdict is a verdict on a cell in words: "not exercised".
func CellVerdict(v scan.Verdict) string { return strings.ReplaceAll(CellVerdictCode(v), "_", " ") }

// CellVerdictCode is a verdict on a cell as programs read it: "not_exercised".
func CellVerdictCode(v scan.Verdict) string {
	if slices.Contains([]scan.Verdict{scan.Harmful, scan.Harmless, scan.Undecided, scan.NotMet, scan.NotExercised, scan.NotReached, scan.Unavailable}, v) {
		return string(v)
	}
	return Unknown
}

// CellTone is the verdict on a hypothesis that has the glyph and the colour of a verdict on
// a cell.
func CellTone(v scan.Verdict) result.Verdict {
	switch v {
	case scan.Harmful:
		return result.Refuted
	case scan.Harmless:
		return result.Held
	case scan.Undecided, scan.NotMet:
		return result.Inconclusive
	}
	return result.NotRun
}

// HarmShare writes the share of journeys that a fault harms: the estimate where harm is
// shown, else its upper bound, as in "≤1.9%".
func HarmShare(j *scan.CellJourney) string {
	if j.Low <= 0 {
		return "≤" + figures.UpperPercent(j.High)
	}
	return figures.Percent(j.Estimate)
}

// HarmEnds writes the interval of a share in points: "59.1 to 66.8". It is empty where no
// harm is shown: then the share is its upper end.
func HarmEnds(j *scan.CellJourney) string {
	if j.Low <= 0 {
		return ""
	}
	return figures.Points(j.Low) + " to " + figures.Points(j.High)
}

// Harm writes a share with its interval: "63.0% (59.1 to 66.8)", or "≤1.9%".
func Harm(j *scan.CellJourney) string {
	if ends := HarmEnds(j); ends != "" {
		return HarmShare(j) + " (" + ends + ")"
	}
	return HarmShare(j)
}

// How to read a breaking point.
const (
	NeverBreaks  = "never"
	AlwaysBreaks = "always"
	SharpBreak   = "sharp"
	GradualBreak = "gradual"
	OpenBreak    = "open"
)

// BreakingPoint says at which latency of a dependency journeys are harmed: "between 0.80
// and 0.97 s". Why the search came no further, the map knows.
func BreakingPoint(b *scan.BreakingPoint) string {
	switch {
	case b == nil || len(b.Levels) == 0:
		return "not searched"
	case b.Kind == NeverBreaks:
		return "no harm up to " + figures.Duration(b.Levels[len(b.Levels)-1].Latency)
	case b.Kind == AlwaysBreaks:
		return "from " + figures.Duration(b.Levels[0].Latency) + " or less"
	case len(b.Edges) == 0:
		return "not known"
	case b.Kind == GradualBreak:
		return "somewhere " + edges(b.Edges) + ": harm grows slowly"
	case b.Kind == OpenBreak:
		return edges(b.Edges) + " so far"
	}
	return edges(b.Edges)
}

// edges writes brackets and windows. A window is where harm begins, and ends again as
// latency grows.
func edges(list []scan.Edge) string {
	var parts []string
	for i := 0; i < len(list); i++ {
		e := list[i]
		switch {
		case e.Rises && i+1 < len(list) && !list[i+1].Rises:
			parts = append(parts, window(e.High, list[i+1].Low))
			i++
		case e.Rises:
			parts = append(parts, "between "+Latencies(e.Low, e.High, "and"))
		default:
			parts = append(parts, "up to between "+Latencies(e.Low, e.High, "and"))
		}
	}
	return figures.List(parts, "and")
}

// window writes the harmful levels between two harmless ones.
func window(low, high float64) string {
	if high <= low {
		return "only at " + figures.Duration(low)
	}
	return "only from " + Latencies(low, high, "to")
}

// Latencies writes two latencies in the same unit, with two digits each: "0.80 and 0.97 s".
// They are rounded away from each other, so that what lies between them stays there.
func Latencies(low, high float64, between string) string {
	unit, times := " s", 1.0
	if high < 0.0995 {
		unit, times = " ms", 1000
	}
	return twoDigits(low*times, math.Floor) + " " + between + " " + twoDigits(high*times, math.Ceil) + unit
}

// twoDigits writes a number with two digits, rounded by a rule.
func twoDigits(v float64, round func(float64) float64) string {
	decimals := 0
	switch {
	case v < 1:
		decimals = 2
	case v < 10:
		decimals = 1
	}
	times, noise := math.Pow10(decimals), 1e-6
	if round(0.5) == 1 {
		noise = -noise
	}
	return figures.Fixed(round(v*times+noise)/times, decimals)
}

// ScanDied is the end of a scan whose process died.
const ScanDied = "died"

// EndOfScan says why a scan ended, within a sentence; empty where it was complete.
func EndOfScan(code string) string {
	switch code {
	case journal.ScanComplete, "":
		return ""
	case journal.ScanBudget:
		return "the budget was over"
	case journal.ScanUnhealthy:
		return "the system did not come back"
	case journal.ScanHarmed:
		return "the system was not healthy before any fault"
	case journal.ScanLate:
		return "this machine was too busy to send journeys in time, and they were harmed without a fault"
	case journal.ScanFenced:
		return "another process removed its faults"
	case journal.ScanFailed:
		return "the proxy server or the tool failed"
	case ScanDied:
		return "its process died"
	case journal.ScanInterrupted:
		return "it was interrupted"
	case result.ScanNotRun:
		return "the system did not work already before"
	}
	return "the reason is unknown"
}

// CellWhy says more of a verdict on a cell, within a sentence: a reason of the journal, or
// for a mode that cannot be caused the sentence that the plan gives.
func CellWhy(c *scan.Cell) string {
	if c.Verdict == scan.Unavailable {
		return c.Why
	}
	switch c.Why {
	case journal.CellUndecided:
		return "its time did not tell"
	case journal.CellGuarded:
		return "a guardrail stopped it"
	case journal.CellVanished:
		return "the fault was gone before"
	case journal.CellNotInjected:
		return "the fault could not be injected"
	case journal.CellCut:
		return "it was cut short"
	case journal.CellLate:
		return "traffic was late: this machine was too busy"
	case journal.CellShed:
		return "journeys of the control could not be started"
	case journal.CellRare:
		return "too few journeys call it"
	case journal.CellBefore:
		return "no journey was harmed, and an invariant broke under it or under the cell before"
	case journal.CellNotAsked:
		return "no journey was harmed, but invariants could not be asked"
	}
	switch c.Verdict {
	case scan.NotMet:
		return "the fault was met too rarely"
	case scan.NotExercised:
		return "no journey calls it without a fault"
	case scan.Undecided:
		return "its time did not tell"
	case scan.NotReached:
		if c.Why == journal.ScanLate { // the cells of a map are small, and all say it
			return "this machine was too busy"
		}
		return EndOfScan(c.Why)
	}
	return ""
}

// AfterScan is what to do about the end of a scan that left something unanswered, as a
// sentence; empty where nothing but a scan of the rest is left to do.
func AfterScan(code string) string {
	switch code {
	case journal.ScanLate:
		return "Scan again, so that this machine sends journeys in time."
	case journal.ScanHarmed, result.ScanNotRun:
		return "See what journeys get without any fault, with blastgauge try, and scan again once they work."
	case journal.ScanUnhealthy:
		return "Look at the system now: it did not come back after a fault."
	case journal.ScanFenced:
		return "Find out who removed the faults, and scan again."
	case journal.ScanBudget:
		return "Give a larger --budget; --since latest goes on where this scan ended."
	}
	return ""
}
