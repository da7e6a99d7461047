// Package words says what the things in a result are called, the same in every
// report: verdicts, recoveries, amounts, places.
//
// What a word stands for is one of a few. A value from a file that is none of them is
// called unknown, so that no text comes in where a word is expected.
package words

import (
	"cmp"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// Limit writes a share that a document sets, such as a limit: 5%.
func Limit(share float64) string { return figures.ShortPercent(share, 2) }

// Unclear reports whether the interval of a blast radius includes no harm at all.
// Then only its upper end is known.
func Unclear(b *result.BlastRadius) bool { return b.Low <= 0 }

// IsBracket reports whether the ends of a blast radius are against different controls:
// the lower one against a control that was harmed as well, the upper one against the
// baseline. No number between them is more likely than another.
func IsBracket(b *result.BlastRadius) bool { return b.Control == result.ContaminatedControl }

// Excess writes a blast radius by its estimate, by its upper bound, as in "≤0.6%",
// where no harm was shown, or by its lower bound, as in "≥25.1%", where it is a bracket.
func Excess(b *result.BlastRadius) string {
	switch {
	case Unclear(b):
		return "≤" + figures.UpperPercent(b.High)
	case IsBracket(b):
		return "≥" + figures.LowerPercent(b.Low)
	}
	return figures.Percent(b.Estimate)
}

// Ends writes the ends of the interval of a blast radius in points. Where one of them
// is the blast radius as [Excess] writes it, it is rounded as there, so that it stays
// true.
func Ends(b *result.BlastRadius) (low, high string) {
	low, high = figures.Points(b.Low), figures.Points(b.High)
	if IsBracket(b) {
		low = strings.TrimSuffix(figures.LowerPercent(b.Low), "%")
	}
	if IsBracket(b) || Unclear(b) {
		high = strings.TrimSuffix(figures.UpperPercent(b.High), "%")
	}
	return low, high
}

// Interval writes both ends of the interval of a blast radius with a word or a sign
// between them, without a unit: "−0.4 to 2.1".
func Interval(b *result.BlastRadius, between string) string {
	low, high := Ends(b)
	return figures.Minus(low + between + high)
}

// Bracket writes both ends of a blast radius that is a bracket.
func Bracket(b *result.BlastRadius) string {
	return "at least " + figures.LowerPercent(b.Low) + ", against the control, and at most " + figures.UpperPercent(b.High) + ", against the baseline"
}

// Confidence writes how sure the interval of a blast radius is: 95%. Results that
// do not record it were made with 95%.
func Confidence(b *result.BlastRadius) string { return Limit(cmp.Or(b.Confidence, 0.95)) }

// Recovery writes the time to recovery, as in "56 s"; "> 30 s" where the run ended
// before the system recovered. Where there is no such time it says why. It is empty where
// recovery was not measured.
func Recovery(r *result.Recovery) string {
	switch r.State() {
	case "":
		return ""
	case result.RecoveryNotBack:
		return "not back"
	case result.RecoveryWorse:
		return "worse"
	case result.RecoveryUnneeded:
		return "no harm"
	case result.RecoveryNotShown:
		if r.AtLeast() == 0 {
			return "unknown"
		}
		return "> " + figures.Duration(r.AtLeast())
	}
	return figures.Duration(r.Seconds)
}

// RecoveryCell writes the time to recovery in a table of a page. Harm that ended with
// the removal of the fault ended "at once".
func RecoveryCell(r *result.Recovery) string {
	switch code := r.State(); {
	case code == "":
		return "–"
	case code == result.RecoveryShown && r.Seconds == 0:
		return "at once"
	}
	return Recovery(r)
}

// After says in a sentence what was found of the system after the removal beside a time
// to recovery. It is empty where there is nothing to say.
func After(r *result.Recovery) string {
	switch r.State() {
	case result.RecoveryNotBack:
		return "the system has not come back since the fault"
	case result.RecoveryWorse:
		return "the system is harmed more than it was before the fault, by the fault or by something else"
	case result.RecoveryUnneeded:
		return "no harm by the fault was shown: nothing to recover from"
	}
	return ""
}

// Amount writes an amount of something with its bounds, rounded as people say it, as in
// "3,800 checkouts (3,500 to 4,200)", or by its upper bound where no harm was shown.
func Amount(a result.Amount, of string) string {
	if a.Low <= 0 {
		return "at most " + figures.RoughUp(a.High) + " " + of
	}
	return figures.Rough(a.Estimate) + " " + of + " (" + figures.RoughDown(a.Low) + " to " + figures.RoughUp(a.High) + ")"
}

// BracketedAmount writes an amount of which only the bounds are known.
func BracketedAmount(a result.Amount, of string) string {
	if a.Low <= 0 {
		return Amount(a, of)
	}
	return "at least " + figures.RoughDown(a.Low) + " and at most " + figures.RoughUp(a.High) + " " + of
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

// Called is what an experiment is called where its id is needed as well: "Payments slow
// by 2 s (payments-slow)", or its id alone where it has no other title.
func Called(id, title string) string {
	if title == "" || title == id {
		return id
	}
	return title + " (" + id + ")"
}

// Title is the title of an experiment, or its id where it has none.
func Title(id, title string) string { return cmp.Or(title, id) }
