package words

import (
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// Behaviour is the sentence about a dependency that matters most: "email: soft when
// refused, hard when it hangs: give it a time-out". It is empty where nothing is known.
func Behaviour(b result.Behaviour) string {
	var parts []string
	for _, class := range []struct{ code, says string }{
		{result.BehavesSoft, "soft "}, {result.Corrupts, "breaks an invariant "}, {result.BehavesHard, "hard "}, {"", "not known "},
	} {
		var when []string
		for _, m := range b.Manners {
			if m.Behaves == class.code {
				when = append(when, manner(m))
			}
		}
		if len(when) > 0 {
			parts = append(parts, class.says+figures.List(when, "and"))
		}
	}
	if !slices.ContainsFunc(b.Manners, func(m result.MannerOfFault) bool { return m.Behaves != "" }) {
		return ""
	}
	return b.Dependency + ": " + strings.Join(parts, ", ") + conclusion(b)
}

// conclusion is what follows from how a dependency fails.
func conclusion(b result.Behaviour) string {
	switch {
	case b.NeedsTimeout:
		return ": give it a time-out"
	case b.Behaves == result.BehavesHard && b.Declared == result.BehavesSoft:
		return ", although declared soft"
	case b.Behaves == "" && !slices.ContainsFunc(b.Manners, func(m result.MannerOfFault) bool { return m.Behaves != result.BehavesSoft || decisive(m) }):
		return ", not tried yet: refused or hanging as a whole"
	}
	return ""
}

// decisive reports whether a fault shows how journeys do without the dependency.
func decisive(m result.MannerOfFault) bool {
	return m.Whole() && (m.Manner == result.Refused || m.Manner == result.Hanging)
}

// manner says when it was, in the sentence about a dependency.
func manner(m result.MannerOfFault) string {
	text := map[result.Manner]string{
		result.Refused: "when refused", result.Reset: "when reset", result.Cut: "when cut off", result.Errors: "when it answers with errors",
		result.Empty: "when it answers with nothing", result.BadConfig: "when its config is bad", result.Slow: "when slow", result.Hanging: "when it hangs",
	}[m.Manner]
	if text == "" {
		text = "in another way" // that a later version knows
	}
	if !m.Whole() {
		text += " (" + Limit(m.Share) + " of it)"
	}
	return text
}

// Unchecked says that a step was passed without the calls that it usually makes.
func Unchecked(u result.Unchecked) string {
	where := u.Journey
	if u.Step != "" {
		where = u.Step + " of " + u.Journey
	}
	return "weak expectation: " + where + " was passed by " + figures.ShortPercent(u.Passed, 0) + " although " + u.Dependency + " got " +
		figures.Short(u.Fault, 2) + " " + u.Unit + " per journey instead of " + figures.Short(u.Baseline, 2) + ": nothing checks what it does"
}
