package words

import (
	"strings"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// Severity lists the verdicts in the order in which reports list experiments,
// worst first.
func Severity() []result.Verdict {
	return []result.Verdict{result.Refuted, result.Invalid, result.Inconclusive, result.Held, result.NotRun}
}

// Verdict is a verdict in words: "not run".
func Verdict(v result.Verdict) string { return strings.ReplaceAll(string(v), "_", " ") }

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
