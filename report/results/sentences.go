package results

import (
	"math"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/words"
)

// controlText says what the control was.
func controlText(b *result.BlastRadius) string {
	switch {
	case words.IsBracket(b):
		return "control contaminated: the control arm was harmed as well: harm that spills over to those whom the fault did not touch, or something else that harmed both arms. The fault harms " + words.Bracket(b)
	case b.Beside != nil:
		return "the control are journeys that never need what is broken and ran at the same time: " + figures.List(b.Beside, "and") + "; what else changed meanwhile for " + b.Journey + " alone counts as the fault's"
	case b.TookTurns():
		return "control and fault took turns on one route, which balances what changes steadily and nothing else"
	case b.HasSecondControl():
		return "the control is the time before and after the fault, not a concurrent arm, which balances what changes in a straight line and nothing else"
	case b.Control == result.BaselineControl:
		return "the control is the baseline before the fault, not a concurrent arm: what else changed meanwhile counts as the fault's"
	}
	return "the control is a concurrent arm: the same journeys at the same time on a route without the fault"
}

// armsText says that the arms were not alike before the fault; it is empty where they were.
func armsText(b *result.BlastRadius) string {
	a := b.ArmsBefore
	if a == nil {
		return ""
	}
	return "the fault arm was harmed " + withBounds(a) + " more than the control arm already before the fault; that is subtracted"
}

// countedText says which harm counts, and how much all of it is; it is empty where all
// harm counts.
func countedText(b *result.BlastRadius) string {
	switch {
	case b.CountedAt == nil || b.AllHarm == nil:
		return ""
	case b.HarmSpread:
		return "harm of steps before any that needs what is broken grew as well, so all harm counts"
	}
	return "harm counts at " + figures.List(b.CountedAt, "and") + ", from the first step on that needs what is broken; of all steps it is " + withBounds(b.AllHarm)
}

// lossText says what the arms lost beyond their own baselines; it is empty where that is
// not known.
func lossText(b *result.BlastRadius) string {
	if b.SpillOver == nil || b.AgainstBaseline == nil {
		return ""
	}
	return "harm beyond its own baseline: of the fault arm " + withBounds(b.AgainstBaseline) + ", of the control arm " + withBounds(b.SpillOver)
}

// withBounds writes a difference of shares in points: "+3.1 points [2.0 to 4.2]".
func withBounds(a *result.Amount) string {
	return figures.Minus(figures.SignedPoints(a.Estimate)+" points ["+figures.Points(a.Low)+" to "+figures.Points(a.High)) + "]"
}

// link leads to an experiment of the page.
func link(e *result.Experiment) *page.Link { return page.LinkTo(e.ID, e.Title) }

// period ends text with a full stop, unless it ends with another mark.
func period(text string) string {
	if text == "" || strings.HasSuffix(text, "?") || strings.HasSuffix(text, "!") {
		return text
	}
	return strings.TrimRight(text, ".") + "."
}

// effect says what the fault did to the journey that the blast radius is about.
func (s *summary) effect(e *result.Experiment) string {
	j := headJourney(e)
	if j == nil || !trusted(e) {
		return ""
	}
	return outcomes(j)
}

// outcomes says how the journeys of the fault arm ended, and where most were harmed.
func outcomes(j *result.Journey) string {
	c := j.Arms.Fault
	if c.Journeys == 0 {
		return ""
	}
	if b := j.BlastRadius; b != nil && words.IsBracket(b) && j.Arms.Control != nil {
		return harmOfBoth(j)
	}
	var parts []string
	shares := figures.Shares([]int{c.Failed, c.Wrong, c.Slow}, c.Journeys)
	for i, n := range []int{c.Failed, c.Wrong, c.Slow} {
		if n > 0 {
			parts = append(parts, shares[i]+" "+[]string{"failed", "got a wrong answer", "were slow"}[i])
		}
	}
	if len(parts) == 0 {
		return "no " + j.Name + " journey was harmed"
	}
	parts[0] = strings.Replace(parts[0], "%", "% of "+j.Name+" journeys", 1)
	return figures.List(parts, "and") + whereHarmed(j)
}

// harmOfBoth says how both arms ended where the control was harmed as well. Where both
// were harmed alike, nothing says that it was the fault.
func harmOfBoth(j *result.Journey) string {
	text := harmedPercent(j.Arms.Fault) + " of " + j.Name + " journeys were harmed in the fault arm, " + harmedPercent(*j.Arms.Control) + " in the control arm"
	if harmedAlike(j.BlastRadius) {
		return "both arms were harmed alike, by the fault or by something else: " + text
	}
	return text + ": harm that spilled over, or something else that harmed both"
}

// contaminated reports whether an experiment has no answer because its control was harmed
// as well.
func contaminated(e *result.Experiment) bool {
	return len(e.ReasonCodes) > 0 && e.ReasonCodes[0] == result.ReasonControlContaminated && e.BlastRadius != nil && words.IsBracket(e.BlastRadius)
}

// harmedAlike reports whether the control was harmed as well, and no harm beyond it is
// shown. Then nothing says that it was the fault.
func harmedAlike(b *result.BlastRadius) bool { return words.IsBracket(b) && words.Unclear(b) }

// consequences says of alerts that failed, that a recovery took too long, and that the
// system is not back.
func (s *summary) consequences(e *result.Experiment) string {
	parts := undetected(e)
	if more := len(parts) - 1; more > 0 { // the list of alerts tells of all of them
		parts = []string{parts[0], figures.Plural(more, "other alert", "other alerts") + " failed as well"}
	}
	if late(e) && e.Recovery.Censored {
		parts = append(parts, "it had not recovered after "+figures.Duration(e.Recovery.AtLeast()))
	} else if late(e) {
		parts = append(parts, "recovery took "+figures.Duration(e.Recovery.Seconds)+", limit "+figures.Duration(e.Limits.Recovery))
	}
	return strings.Join(append(parts, words.NonEmpty(notBack(e))...), "; ")
}

// notBack says that the system is worse than before the fault; it is empty where it is
// not.
func notBack(e *result.Experiment) string {
	if code := e.KnownRecovery().State(); trusted(e) && (code == result.RecoveryNotBack || code == result.RecoveryWorse) {
		return words.After(e.KnownRecovery())
	}
	return ""
}

// violated names the invariants that the fault broke, and how often.
func violated(e *result.Experiment) []string {
	var parts []string
	for i := range e.Invariants {
		if inv := &e.Invariants[i]; invariantVerdict(e, inv) == result.Refuted {
			parts = append(parts, broke(inv))
		}
	}
	return parts
}

// extent writes the blast radius of an experiment in words.
func (s *summary) extent(e *result.Experiment) string {
	b := e.BlastRadius
	if words.IsBracket(b) {
		return words.Bracket(b) + ", of " + b.Journey + " journeys, limit " + words.Limit(limitOf(e))
	}
	if words.Unclear(b) {
		return "at most " + figures.UpperPercent(b.High) + " of " + b.Journey + " journeys, limit " + words.Limit(limitOf(e))
	}
	return figures.Percent(b.Estimate) + " of " + b.Journey + " journeys (" + confidenceInterval(b) + "), limit " + words.Limit(limitOf(e))
}

// confidenceInterval writes the interval of a blast radius with its confidence: "95%
// CI 29.2 to 34.9%". A bracket says what its ends are against.
func confidenceInterval(b *result.BlastRadius) string {
	if words.IsBracket(b) {
		return words.Bracket(b)
	}
	return words.Confidence(b) + " CI " + words.Interval(b, " to ") + "%"
}

// A damage is what one refuted experiment broke.
type damage struct {
	Link    *page.Link
	Broke   []string // in red, and first: invariants
	Effect  string
	Worse   []string // in red: alerts that failed, a late recovery
	Cause   string   // what came back most
	Beyond  []string // harm to journeys that do not need the dependency, and retries
	Measure string
}

// damages are what the refuted experiments broke, worst first.
func (s *summary) damages() []damage {
	var list []damage
	for _, e := range s.order {
		if e.Verdict != result.Refuted {
			continue
		}
		d := damage{Link: link(e), Effect: s.effect(e), Broke: violated(e), Worse: undetected(e), Cause: topCause(e), Beyond: sideEffects(e)}
		if b := trustedRadius(e); b != nil {
			d.Measure = "excess " + figures.Percent(b.Estimate) + " [" + words.Interval(b, " to ") + "], limit " + words.Limit(limitOf(e))
			if words.IsBracket(b) {
				d.Measure = "the fault harms " + words.Bracket(b) + ", limit " + words.Limit(limitOf(e))
			}
		}
		d.Worse = append(d.Worse, words.NonEmpty(notBack(e))...)
		if late(e) {
			d.Worse = append(d.Worse, "recovery "+strings.Replace(words.Recovery(e.Recovery), ">", "over", 1)+", limit "+figures.Duration(e.Limits.Recovery))
		}
		if s.softBehavesHard(e) {
			d.Worse = append(d.Worse, "declared soft, behaves hard")
		}
		if e.Guardrail != nil && e.Guardrail.Tripped {
			d.Measure = strings.Join(words.NonEmpty(d.Measure, "a guardrail removed the fault early"), "; ")
		}
		list = append(list, d)
	}
	return list
}

// softBehavesHard reports whether a dependency that is declared soft, so that
// journeys survive without it, harmed them beyond their limit.
func (s *summary) softBehavesHard(e *result.Experiment) bool {
	b := trustedRadius(e)
	return b != nil && b.Low > limitOf(e) && slices.ContainsFunc(e.Faults, func(f result.Fault) bool {
		return s.r.System.Dependencies[f.Into].Criticality == "soft"
	})
}

// lateMark marks a recovery beyond its limit in a table.
func lateMark(e *result.Experiment) string {
	if late(e) {
		return "!"
	}
	return ""
}

// late reports whether the recovery took longer than its limit.
func late(e *result.Experiment) bool {
	if c := e.Criterion(result.RecoveryCriterion, ""); c != nil {
		return c.Verdict == result.Refuted
	}
	return e.Recovery != nil && e.Limits.Recovery > 0 && e.Recovery.AtLeast() > e.Limits.Recovery
}

// broke says what a broken invariant means and how often it broke, over one or several
// experiments: "customers are charged more than once (104 times)", or "“charged once”
// broke 104 times" where its document does not say what that means.
func broke(list ...*result.Invariant) string {
	inv, times, under := list[0], 0.0, true
	for _, other := range list {
		n, underOnly := other.Breach()
		times, under = times+n, under && underOnly
	}
	often := "by " + figures.Number(times) // a sum, such as money that is missing
	switch {
	case times == 1:
		often = "once"
	case times == math.Trunc(times):
		often = figures.Number(times) + " times"
	}
	if under {
		often += ", while the fault was in force"
	}
	if inv.BrokenMeans != "" {
		return inv.BrokenMeans + " (" + often + ")"
	}
	return "“" + inv.Name + "” broke " + often
}

// violations counts the violations of an invariant after the fault, or while it was
// active if none is left.
func violations(inv *result.Invariant) string {
	n, underOnly := inv.Breach()
	kind, when := " ", ""
	if inv.Dirty() {
		kind = " new "
	}
	if underOnly {
		when = " under the fault"
	}
	if n == 1 {
		return "1" + kind + "violation" + when
	}
	return figures.Number(n) + kind + "violations" + when
}

// sampleKeys names a few keys that violate an invariant, and counts the others.
func sampleKeys(inv *result.Invariant, some int) string {
	if len(inv.Keys) == 0 {
		return ""
	}
	text := " (" + inert.Text(strings.Join(inv.Keys[:min(some, len(inv.Keys))], " "))
	if more := len(inv.Keys) - some; more > 0 {
		text += " +" + figures.Count(more)
	}
	return text + ")"
}
