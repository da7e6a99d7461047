package results

import (
	"fmt"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/words"
)

// met writes the verdict of a criterion.
func met(v result.Verdict) string {
	switch v {
	case result.Held:
		return "Met"
	case result.Refuted:
		return "Not met"
	case result.Inconclusive:
		return "Not decided"
	}
	return "Not measured"
}

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

// gradeMark is the sign that stands before gradeText.
func gradeMark(x result.Exercised) page.Note {
	switch {
	case x.Grade == result.GradeCounted:
		return page.Note{Tone: "ok", Text: "✓"}
	case x.Grade == result.GradeNo && x.Unmet != result.UnmetUnknown:
		return page.Note{Tone: "bad", Text: "×"}
	}
	return page.Note{Tone: "unsure", Text: "?"}
}

// gradeText says how the run knows that traffic met the fault.
func gradeText(x result.Exercised) string {
	switch x.Grade {
	case result.GradeCounted:
		return "counted by the proxy"
	case result.GradeObserved:
		return "observed: the fault arm changed"
	case result.GradeSparse:
		return "sparse: far fewer met it than was to be expected"
	case result.GradeProbed:
		return "probed: no journey is known to have met it"
	}
	if x.Unmet == result.UnmetUnknown {
		return "not known"
	}
	return "not shown"
}

// instanceText says where a fault stood on one Toxiproxy of several.
func instanceText(state string) string {
	switch state {
	case "in_force":
		return "in force until its removal"
	case "joined":
		return "came too late to get it"
	case "left":
		return "left before the removal"
	}
	return "not in force"
}

// sentence says what matters most below the headline.
func (s *summary) sentence() page.Sentence {
	switch {
	case len(s.order) == 0:
		return page.Sentence{Before: "The result holds no experiment. Nothing was measured, so nothing is known."}
	case s.order[0].Verdict == result.Refuted:
		e := s.order[0]
		before := "The worst fault is "
		if len(s.order) == 1 {
			before = ""
		}
		return page.Sentence{Before: before, Link: link(e), After: ": " + strings.Join(words.NonEmpty(s.effect(e), s.consequences(e)), "; ") + "."}
	case s.counts[result.Held] > 0 && s.worst != nil && s.counts[result.Invalid]+s.counts[result.Inconclusive] == 0:
		return page.Sentence{Before: "No fault did more harm than its limit allows. The largest blast radius is that of ", Link: link(s.worst), After: ": " + s.extent(s.worst) + "."}
	}
	e := s.order[0]
	switch e.Verdict {
	case result.Invalid:
		return page.Sentence{Link: link(e), After: " was measured, but the measurement cannot be trusted: " + period(words.FirstReason(e.Reasons))}
	case result.Inconclusive:
		if contaminated(e) {
			return page.Sentence{Link: link(e), After: ": " + s.effect(e) + "."}
		}
		if len(s.order) == 1 {
			break
		}
		return page.Sentence{Link: link(e), After: " is neither held nor refuted: " + period(words.FirstReason(e.Reasons))}
	}
	return page.Sentence{Link: link(e), After: ": " + period(words.FirstReason(e.Reasons))}
}

// link leads to an experiment of the page.
func link(e *result.Experiment) *page.Link { return page.LinkTo(e.ID, e.Title) }

// period ends text with a full stop, unless it ends with another mark.
func period(text string) string {
	if strings.HasSuffix(text, "?") || strings.HasSuffix(text, "!") {
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
	for _, p := range []struct {
		n    int
		does string
	}{{c.Failed, "failed"}, {c.Wrong, "got a wrong answer"}, {c.Slow, "were slow"}} {
		if p.n > 0 {
			parts = append(parts, figures.SpokenPercent(figures.Share(p.n, c.Journeys))+" "+p.does)
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

// consequences names the broken invariants, and a recovery that took too long.
func (s *summary) consequences(e *result.Experiment) string {
	parts := append(violated(e), undetected(e)...)
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
	if code := words.RecoveryCode(knownRecovery(e)); trusted(e) && (code == words.NotBack || code == words.Worse) {
		return words.After(e.Recovery)
	}
	return ""
}

// violated names the invariants that the fault broke, and how often.
func violated(e *result.Experiment) []string {
	var parts []string
	for i := range e.Invariants {
		if inv := &e.Invariants[i]; invariantVerdict(e, inv) == result.Refuted {
			parts = append(parts, violations(inv)+" of “"+inv.Name+"”")
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
	Effect  string
	Worse   []string // in red: broken invariants, a late recovery
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
		d := damage{Link: link(e), Effect: s.effect(e), Worse: append(violated(e), undetected(e)...), Cause: topCause(e), Beyond: sideEffects(e)}
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

// figures are the four numbers of the first screen.
func (s *summary) figures() []page.Figure {
	return []page.Figure{s.blastFigure(), s.verdictFigure(), s.recoveryFigure(), s.invariantFigure()}
}

// blastFigure shows the largest blast radius that can be trusted.
func (s *summary) blastFigure() page.Figure {
	f := page.Figure{Label: "Largest blast radius", Value: "–", Notes: []page.Note{{Text: "no experiment gave a number that can be trusted"}}}
	e := s.worst
	if e == nil {
		return f
	}
	b := e.BlastRadius
	f.Value = strings.NewReplacer("≤", "≤ ", "≥", "≥ ").Replace(words.Excess(b))
	if f.Tone = page.Tone(e.Verdict); f.Tone == "ok" && s.counts[result.Held] < len(s.order) {
		f.Tone = "" // green would say that everything is known and held
	}
	f.Notes = []page.Note{{Text: "of " + b.Journey + " journeys harmed by the fault; " + confidenceInterval(b) + ", limit " + words.Limit(limitOf(e))}}
	if harmedAlike(b) {
		f.Notes[0].Text = "both arms were harmed alike, by the fault or by something else: " + confidenceInterval(b) + " of " + b.Journey + " journeys, limit " + words.Limit(limitOf(e))
	}
	if j := headJourney(e); j != nil {
		c, name := compared(j)
		f.Notes = append(f.Notes, page.Note{Tone: "mute", Text: fmt.Sprintf("%s harmed in the fault arm, %s in %s",
			harmedPercent(j.Arms.Fault), harmedPercent(c), against(b, name))})
	}
	if e.Impact != nil && s.r.System.Traffic != nil {
		f.Notes = append(f.Notes, page.Note{Tone: "mute", Text: "an hour of it, by arithmetic: " + impactWords(e)})
	}
	return f
}

// against names what the fault arm is compared with.
func against(b *result.BlastRadius, name string) string {
	switch {
	case words.IsBracket(b):
		return "the control (contaminated)"
	case name == "baseline":
		return "the baseline before it"
	}
	return name
}

// verdictFigure counts the verdicts.
func (s *summary) verdictFigure() page.Figure {
	n := len(s.order)
	f := page.Figure{Label: "Hypotheses", Value: "none"}
	if n == 0 {
		return f
	}
	f.Value = figures.Count(s.counts[result.Refuted]) + " of " + figures.Count(n)
	if s.counts[result.Refuted] == 0 {
		f.Value = figures.Count(n)
	}
	for _, v := range words.Severity() {
		if k := s.counts[v]; k > 0 {
			f.Notes = append(f.Notes, page.Note{Tone: page.Tone(v), Text: words.Glyph(v) + " " + figures.Count(k) + " " + words.Verdict(v)})
		}
	}
	return f
}

// recoveryFigure shows the slowest recovery.
func (s *summary) recoveryFigure() page.Figure {
	f := page.Figure{Label: "Slowest recovery", Value: "–", Notes: []page.Note{{Text: "not measured"}}}
	var slowest *result.Experiment
	for _, e := range s.order {
		if trusted(e) && e.RecoveryFromHarm() != nil && (slowest == nil || e.RecoversSlowerThan(slowest)) {
			slowest = e
		}
	}
	if slowest == nil {
		return f
	}
	recovery := slowest.RecoveryFromHarm()
	code := words.RecoveryCode(recovery)
	if code == words.Unharmed { // so was no other experiment
		f.Value, f.Notes = "none needed", []page.Note{{Text: words.After(recovery)}}
		return f
	}
	f.Value, f.Notes = words.RecoveryCell(recovery), nil
	switch {
	case late(slowest):
		f.Tone = "bad"
	case code == words.NotBack || code == words.Worse:
		f.Tone, f.Notes = "unsure", []page.Note{{Text: words.After(recovery)}}
	}
	if l := slowest.Limits.Recovery; l > 0 {
		f.Notes = append(f.Notes, page.Note{Text: "limit " + figures.Duration(l)})
	}
	if f.Value != "at once" { // at once holds for every experiment, so none is named
		f.Notes = append(f.Notes, page.Note{Text: link(slowest).Name})
	}
	return f
}

// invariantFigure counts the broken invariants and names a few.
func (s *summary) invariantFigure() page.Figure {
	f := page.Figure{Label: "Broken invariants", Value: figures.Count(len(s.broken))}
	asked, open := 0, 0
	for _, e := range s.order {
		asked += len(e.Invariants)
		for i := range e.Invariants {
			if invariantVerdict(e, &e.Invariants[i]) == result.Inconclusive {
				open++
			}
		}
	}
	if asked == 0 {
		f.Value, f.Notes = "–", []page.Note{{Text: "none are declared or asked"}}
		return f
	}
	const some = 3
	broken := s.brokenByName()
	for _, text := range broken[:min(some, len(broken))] {
		f.Notes = append(f.Notes, page.Note{Text: text})
	}
	if more := len(broken) - some; more > 0 {
		f.Notes = append(f.Notes, page.Note{Text: "and " + figures.Count(more) + " more"})
	}
	switch {
	case len(s.broken) > 0:
		f.Tone = "bad"
	case open == 0:
		f.Notes = []page.Note{{Text: figures.Count(asked) + " asked before and after: no new violation"}}
	}
	if open > 0 {
		f.Notes = append(f.Notes, page.Note{Tone: "unsure", Text: "? " + figures.Count(open) + " of " + figures.Count(asked) + " not judged"})
	}
	return f
}

// brokenByName names each broken invariant once, however many experiments broke it.
func (s *summary) brokenByName() []string {
	var names, list []string
	by := map[string][]*result.Invariant{}
	for _, b := range s.broken {
		if by[b.inv.Name] == nil {
			names = append(names, b.inv.Name)
		}
		by[b.inv.Name] = append(by[b.inv.Name], b.inv)
	}
	for _, name := range names {
		text := violations(by[name][0]) + " of “" + name + "”"
		if n := len(by[name]); n > 1 {
			text = "“" + name + "” in " + figures.Count(n) + " experiments"
		}
		list = append(list, text)
	}
	return list
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
	return figures.Short(n, 2) + kind + "violations" + when
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
