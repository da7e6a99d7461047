// Package words says what the things in a result are called, the same in every
// report: verdicts, recoveries, amounts, places.
//
// What a word stands for is one of a few. A value from a file that is none of them is
// called unknown, so that no text comes in where a word is expected.
package words

import (
	"cmp"
	"math"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// Limit writes a share that a document sets, such as a limit: 5%.
func Limit(share float64) string { return figures.ShortPercent(share, 2) }

// Unclear reports whether the interval of a blast radius includes no harm at all.
// Then only its upper end is known.
func Unclear(b *result.BlastRadius) bool { return b.Low <= 0 }

// Excess writes a blast radius by its estimate, or by its upper bound, as in
// "≤0.6%", where no harm was shown.
func Excess(b *result.BlastRadius) string {
	if Unclear(b) {
		return "≤" + figures.UpperPercent(b.High)
	}
	return figures.Percent(b.Estimate)
}

// Confidence writes how sure the interval of a blast radius is: 95%. Results that
// do not record it were made with 95%.
func Confidence(b *result.BlastRadius) string { return Limit(cmp.Or(b.Confidence, 0.95)) }

// Recovery writes the time to recovery, as in "56 s"; "> 30 s" where the run ended
// before the system recovered. It is empty where recovery was not measured.
func Recovery(r *result.Recovery) string {
	switch {
	case r == nil:
		return ""
	case r.Censored:
		return "> " + figures.Duration(r.Seconds)
	}
	return figures.Duration(r.Seconds)
}

// RecoveryCell writes the time to recovery in a table of a page, where a system
// that never left its normal state is back "at once".
func RecoveryCell(r *result.Recovery) string {
	switch {
	case r == nil:
		return "–"
	case r.Seconds == 0 && !r.Censored:
		return "at once"
	}
	return Recovery(r)
}

// Amount writes an amount of something with its bounds, as in "3,832 checkouts
// (3,504 to 4,188)", or by its upper bound where no harm was shown.
func Amount(a result.Amount, of string) string {
	if a.Low <= 0 {
		return "at most " + figures.Quantity(math.Ceil(a.High)) + " " + of
	}
	return figures.Quantity(a.Estimate) + " " + of + " (" + figures.Quantity(a.Low) + " to " + figures.Quantity(a.High) + ")"
}

// Place names a system and its environment, as far as they have names: "checkout
// on staging".
func Place(system, environment string) string {
	return strings.Join(NonEmpty(system, environment), " on ")
}

// FirstReason is the reason that matters most, the first of the list.
func FirstReason(list []string) string {
	if len(list) == 0 {
		return "no reason is recorded"
	}
	return list[0]
}

// Commit shortens a commit to as much of it as people compare.
func Commit(id string) string { return id[:min(10, len(id))] }

// Digest shortens the digest of a document to as much of it as people compare.
func Digest(text string) string {
	const shown = len("sha256:") + 12
	if len(text) > shown && strings.HasPrefix(text, "sha256:") {
		return text[:shown]
	}
	return text
}

// NonEmpty leaves out empty texts.
func NonEmpty(list ...string) []string {
	var full []string
	for _, text := range list {
		if text != "" {
			full = append(full, text)
		}
	}
	return full
}

// Invariants sums up how many of an experiment's invariants are broken, or not
// judged.
func Invariants(all, broken, unjudged int) string {
	switch {
	case all == 0:
		return "none"
	case broken > 0:
		return "× " + figures.Count(broken) + " broken"
	case unjudged > 0:
		return "? " + figures.Count(unjudged) + " not judged"
	}
	return "✓ all hold"
}
