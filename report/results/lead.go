package results

import (
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/words"
)

// sentences say what matters most below the headline: what customers suffer, under which
// fault, and what harms or costs more than that.
func (s *summary) sentences() []page.Sentence {
	if len(s.order) == 0 {
		return []page.Sentence{{Before: "The result holds no experiment. Nothing was measured, so nothing is known."}}
	}
	first := s.order[0]
	switch {
	case first.Verdict == result.Refuted:
		return s.suffered(first)
	case s.counts[result.Held] > 0 && s.worst != nil && s.counts[result.Invalid]+s.counts[result.Inconclusive] == 0:
		which := "Every fault"
		if s.counts[result.Held] < len(s.order) { // the others were not run
			which += " that was injected"
		}
		return []page.Sentence{{Before: which + " stayed within its limit. The largest blast radius is that of ", Link: link(s.worst), After: ": " + s.extent(s.worst) + "."}}
	case first.Verdict == result.Invalid:
		return []page.Sentence{{Link: link(first), After: " was measured, but the measurement cannot be trusted: " + period(words.FirstReason(first.Reasons))}}
	case first.Verdict == result.Inconclusive && contaminated(first):
		return []page.Sentence{{Link: link(first), After: ": " + s.effect(first) + "."}}
	case first.Verdict == result.Inconclusive && len(s.order) > 1:
		return []page.Sentence{{Link: link(first), After: " has no answer yet: " + period(words.FirstReason(first.Reasons))}}
	}
	return []page.Sentence{{Link: link(first), After: ": " + period(words.FirstReason(first.Reasons))}}
}

// suffered are the sentences about a run whose worst experiment is e, which is refuted.
func (s *summary) suffered(e *result.Experiment) []page.Sentence {
	list := []page.Sentence{s.worstSentence(e)}
	told := trustedRadius(e)
	if s.worst != nil && s.worst != e && (told == nil || isLarger(s.worst.BlastRadius, told)) {
		text := ": " + words.Excess(s.worst.BlastRadius) + " of " + s.worst.BlastRadius.Journey
		if s.worst == s.dearest && s.hourly(s.worst) != "" {
			text += ", " + s.hourly(s.worst) + " an hour"
		}
		list = append(list, page.Sentence{Before: "Most journeys are harmed under ", Link: link(s.worst), After: text + "."})
	}
	if d := s.dearest; d != nil && d != e && s.cost(d) > s.cost(e) && (d != s.worst || len(list) == 1) {
		list = append(list, page.Sentence{Before: "Most is lost under ", Link: link(d), After: ": " + s.loss(d) + "."})
	}
	return list
}

// worstSentence says what customers suffer in an experiment, with what broke before what
// failed or was slow.
func (s *summary) worstSentence(e *result.Experiment) page.Sentence {
	effect, rest := s.effect(e), s.consequences(e)
	broken := violated(e)
	if b := trustedRadius(e); b != nil && words.IsBracket(b) { // which takes a sentence of its own
		return page.Sentence{Link: link(e), After: ": " + strings.Join(words.NonEmpty(figures.List(broken, "and"), effect, rest, s.loss(e)), "; ") + "."}
	}
	lead := figures.List(broken, "and")
	switch {
	case lead == "" && effect == "" && rest == "":
		return page.Sentence{Link: link(e), After: ": " + period(words.FirstReason(e.Reasons))}
	case lead == "" && effect == "":
		lead, rest = rest, ""
	case lead == "":
		lead = effect
	case effect != "":
		lead += ", and " + effect
	}
	after := "."
	if loss := s.loss(e); loss != "" {
		after = ": " + loss + "."
	}
	if rest != "" {
		after += " " + figures.Capital(rest) + "."
	}
	return page.Sentence{Before: figures.Capital(lead) + ", under ", Link: link(e), After: after}
}

// loss says what an hour of a fault would cost, in round numbers; empty where nobody
// knows, or nothing is shown to be lost. It names the journey where the blast radius is
// another one's.
func (s *summary) loss(e *result.Experiment) string {
	amount := s.hourly(e)
	if amount == "" {
		return ""
	}
	text := amount + " an hour, by arithmetic"
	if b := trustedRadius(e); b == nil || b.Journey != e.Impact.Journey {
		for i := range e.Journeys {
			if j := &e.Journeys[i]; j.Name == e.Impact.Journey && j.BlastRadius != nil {
				return words.Excess(j.BlastRadius) + " of " + j.Name + ", " + text
			}
		}
	}
	return text
}

// hourly is what an hour of a fault would cost: "about 480,000 EUR".
func (s *summary) hourly(e *result.Experiment) string {
	if s.cost(e) <= 0 || e.Impact.Checkouts.Low <= 0 {
		return ""
	}
	amount, unit := e.Impact.Checkouts, "checkouts"
	if e.Impact.Money != nil {
		amount, unit = *e.Impact.Money, inert.Text(e.Impact.Currency)
	}
	if isImpactBracket(e) {
		return "at least " + figures.RoughDown(amount.Low) + " " + unit
	}
	return "about " + figures.Rough(amount.Estimate) + " " + unit
}

// isImpactBracket reports whether only the bounds of an impact are known.
func isImpactBracket(e *result.Experiment) bool {
	return slices.ContainsFunc(e.Journeys, func(j result.Journey) bool {
		return j.Name == e.Impact.Journey && j.BlastRadius != nil && words.IsBracket(j.BlastRadius)
	})
}

// provenance says which build was measured and when, and since when the worst experiment
// has its verdict.
func (s *summary) provenance() string {
	r := s.r
	build := "Build not declared"
	if r.Run.Commit != "" {
		build = "Build " + words.Commit(r.Run.Commit)
	}
	parts := []string{build}
	if when := figures.Period(r.Run.Started, r.Run.Ended); when != "" {
		parts = append(parts, "measured "+when)
	}
	if len(s.order) > 0 {
		parts = append(parts, words.NonEmpty(since(s.order[0]))...)
	}
	return strings.Join(parts, "; ") + "."
}

// since says how long an experiment has had its verdict, going by the runs before it; empty
// where none of them had an answer, or this one has none.
func since(e *result.Experiment) string {
	p := e.Past
	switch {
	case p == nil || e.Verdict != result.Held && e.Verdict != result.Refuted:
		return ""
	case p.Verdict == result.Held && e.Verdict == result.Refuted:
		return "new: it still held " + onBuild(p.Last, p.LastCommit)
	case p.Verdict != e.Verdict:
		return "repaired: it was still refuted " + onBuild(p.Last, p.LastCommit)
	}
	text := words.Verdict(e.Verdict) + " since " + strings.TrimPrefix(onBuild(p.Since, p.SinceCommit), "on ")
	if p.Before != "" {
		text += ", " + words.Verdict(p.Before) + " before that"
	}
	return text
}

// onBuild names a run by its time and its build.
func onBuild(at time.Time, commit string) string {
	text := "on " + figures.Minute(at) + " UTC"
	if commit != "" {
		text += " with build " + words.Commit(commit)
	}
	return text
}
