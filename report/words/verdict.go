package words

import (
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// Severity lists the verdicts in the order in which reports list experiments,
// worst first.
func Severity() []result.Verdict {
	return []result.Verdict{result.Refuted, result.Invalid, result.Inconclusive, result.Held, result.NotRun}
}

// Unknown is the word for what is none of the values that it could be.
const Unknown = "unknown"

// Verdict is a verdict in words: "not run".
func Verdict(v result.Verdict) string { return strings.ReplaceAll(VerdictCode(v), "_", " ") }

// VerdictCode is a verdict as programs read it: "not_run".
func VerdictCode(v result.Verdict) string {
	if slices.Contains(Severity(), v) {
		return string(v)
	}
	return Unknown
}

// Glyph marks a verdict where there is no colour, one column wide.
func Glyph(v result.Verdict) string {
	switch v {
	case result.Held:
		return "✓"
	case result.Refuted:
		return "×"
	case result.Inconclusive:
		return "?"
	case result.Invalid:
		return "!"
	}
	return "–"
}
