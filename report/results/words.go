package results

import (
	"fmt"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/words"
)

// met is the result of a criterion in words.
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

// gradeText says how well it is known that a fault met traffic.
func gradeText(g result.Grade) string {
	switch g {
	case result.GradeCounted:
		return "counted by the proxy"
	case result.GradeObserved:
		return "observed: the fault arm changed"
	case result.GradeProbed:
		return "probed: only our own probe met it"
	}
	return "not shown"
}

// sentence says what matters most after the headline.
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
		return page.Sentence{Before: "", Link: link(e), After: " was measured, but the measurement cannot be trusted: " + period(words.FirstReason(e.Reasons))}
	case result.Inconclusive:
		if len(s.order) == 1 {
			break
		}
		return page.Sentence{Before: "", Link: link(e), After: " is neither held nor refuted: " + period(words.FirstReason(e.Reasons))}
	}
	return page.Sentence{Before: "", Link: link(e), After: ": " + period(words.FirstReason(e.Reasons))}
}

// link leads to an experiment of the page.
func link(e *result.Experiment) *page.Link { return page.LinkTo(e.ID, e.Title) }

func period(text string) string {
	if strings.HasSuffix(text, "?") || strings.HasSuffix(text, "!") {
		return text
	}
	return strings.TrimRight(text, ".") + "."
}

// effect is what the fault did to the journey furthest over its limit.
func (s *summary) effect(e *result.Experiment) string {
	j := headJourney(e)
	if j == nil {
		return ""
	}
	return outcomes(j)
}

// outcomes says how the journeys of the fault arm ended.
func outcomes(j *result.Journey) string {
	c := j.Arms.Fault
	if c.Journeys == 0 {
		return ""
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
	return figures.List(parts, "and")
}

// consequences are the broken invariants and a late recovery.
func (s *summary) consequences(e *result.Experiment) string {
	parts := violated(e)
	if late(e) && e.Recovery.Censored {
		parts = append(parts, "it had not recovered after "+figures.Duration(e.Recovery.Seconds))
	} else if late(e) {
		parts = append(parts, "recovery took "+figures.Duration(e.Recovery.Seconds)+", limit "+figures.Duration(e.Limits.Recovery))
	}
	return strings.Join(parts, "; ")
}

func violated(e *result.Experiment) []string {
	var parts []string
	for i := range e.Invariants {
		if inv := &e.Invariants[i]; invariantVerdict(e, inv) == result.Refuted {
			parts = append(parts, violations(inv)+" of “"+inv.Name+"”")
		}
	}
	return parts
}

// extent is the blast radius in words.
func (s *summary) extent(e *result.Experiment) string {
	b := e.BlastRadius
	if words.Unclear(b) {
		return "at most " + figures.UpperPercent(b.High) + " of " + b.Journey + " journeys, limit " + words.Limit(limitOf(e))
	}
	return figures.Percent(b.Estimate) + " of " + b.Journey + " journeys (" + interval95(b) + "), limit " + words.Limit(limitOf(e))
}

// interval95 is an interval with its confidence: "95% CI 29.2 to 34.9%".
func interval95(b *result.BlastRadius) string {
	return words.Confidence(b) + " CI " + strings.ReplaceAll(figures.Points(b.Low)+" to "+figures.Percent(b.High), "-", "−")
}

// A damage is what one refuted experiment broke.
type damage struct {
	Link    *page.Link
	Effect  string
	Worse   []string // said in red: what is more than harm beyond a limit
	Beyond  []string // how far it went beyond those who need what is broken
	Measure string
}

func (s *summary) damages() []damage {
	var list []damage
	for _, e := range s.order {
		if e.Verdict != result.Refuted {
			continue
		}
		d := damage{Link: link(e), Effect: s.effect(e), Worse: violated(e), Beyond: reach(e)}
		if b := e.BlastRadius; b != nil {
			d.Measure = "excess " + figures.Percent(b.Estimate) + " [" + strings.ReplaceAll(figures.Points(b.Low)+" to "+figures.Points(b.High), "-", "−") + "], limit " + words.Limit(limitOf(e))
		}
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

// softBehavesHard tells whether a dependency that journeys are said to survive
// without harmed them beyond their limit.
func (s *summary) softBehavesHard(e *result.Experiment) bool {
	b := trustedRadius(e)
	return b != nil && b.Low > limitOf(e) && slices.ContainsFunc(e.Faults, func(f result.Fault) bool {
		return s.r.System.Dependencies[f.Into].Criticality == "soft"
	})
}

func (s *summary) figures() []page.Figure {
	return []page.Figure{s.blastFigure(), s.verdictFigure(), s.recoveryFigure(), s.invariantFigure()}
}

func (s *summary) blastFigure() page.Figure {
	f := page.Figure{Label: "Largest blast radius", Value: "–", Notes: []page.Note{{Tone: "", Text: "no experiment gave a number that can be trusted"}}}
	e := s.worst
	if e == nil {
		return f
	}
	b := e.BlastRadius
	f.Value = strings.Replace(words.Excess(b), "≤", "≤ ", 1)
	if f.Tone = page.Tone(e.Verdict); f.Tone == "ok" && s.counts[result.Held] < len(s.order) {
		f.Tone = "" // the best of what is known is no all-clear
	}
	f.Notes = []page.Note{{Tone: "", Text: "of " + b.Journey + " journeys harmed by the fault; " + interval95(b) + ", limit " + words.Limit(limitOf(e))}}
	if j := headJourney(e); j != nil {
		c, name := compared(j)
		f.Notes = append(f.Notes, page.Note{Tone: "mute", Text: fmt.Sprintf("%s harmed in the fault arm, %s in %s",
			figures.Percent(figures.Share(j.Arms.Fault.Harmed(), j.Arms.Fault.Journeys)), figures.Percent(figures.Share(c.Harmed(), c.Journeys)), against(b.Control, name))})
	}
	if e.Impact != nil && s.r.System.Traffic != nil {
		f.Notes = append(f.Notes, page.Note{Tone: "mute", Text: "an hour of it, by arithmetic: " + impactWords(e.Impact)})
	}
	return f
}

// against names what the fault arm is compared with.
func against(kind, name string) string {
	if kind == result.ContaminatedControl {
		return "the baseline (control contaminated)"
	}
	if name == "baseline" {
		return "the baseline before it"
	}
	return name
}

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

func (s *summary) recoveryFigure() page.Figure {
	f := page.Figure{Label: "Slowest recovery", Value: "–", Notes: []page.Note{{Tone: "", Text: "not measured"}}}
	var slowest *result.Experiment
	for _, e := range s.order {
		if trusted(e) && e.Recovery != nil && (slowest == nil || slower(e.Recovery, slowest.Recovery)) {
			slowest = e
		}
	}
	if slowest == nil {
		return f
	}
	f.Value, f.Notes = words.Recovery(slowest.Recovery), nil
	if slowest.Recovery.Seconds == 0 && !slowest.Recovery.Censored {
		f.Value = "at once"
	}
	if late(slowest) {
		f.Tone = "bad"
	}
	if l := slowest.Limits.Recovery; l > 0 {
		f.Notes = append(f.Notes, page.Note{Tone: "", Text: "limit " + figures.Duration(l)})
	}
	if f.Value != "at once" { // then it is that of all
		f.Notes = append(f.Notes, page.Note{Tone: "", Text: link(slowest).Name})
	}
	return f
}

// slower ranks a recovery that was not seen above any that was.
func slower(a, b *result.Recovery) bool {
	if a.Censored != b.Censored {
		return a.Censored
	}
	return a.Seconds > b.Seconds
}

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
		f.Value, f.Notes = "–", []page.Note{{Tone: "", Text: "none are declared or asked"}}
		return f
	}
	const some = 3
	broken := s.brokenByName()
	for _, text := range broken[:min(some, len(broken))] {
		f.Notes = append(f.Notes, page.Note{Tone: "", Text: text})
	}
	if more := len(broken) - some; more > 0 {
		f.Notes = append(f.Notes, page.Note{Tone: "", Text: "and " + figures.Count(more) + " more"})
	}
	switch {
	case len(s.broken) > 0:
		f.Tone = "bad"
	case open == 0:
		f.Notes = []page.Note{{Tone: "", Text: figures.Count(asked) + " asked before and after: no new violation"}}
	}
	if open > 0 {
		f.Notes = append(f.Notes, page.Note{Tone: "unsure", Text: "? " + figures.Count(open) + " of " + figures.Count(asked) + " not judged"})
	}
	return f
}

// brokenByName says each broken invariant once, however many experiments broke
// it.
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

// over marks a recovery beyond its limit.
func over(e *result.Experiment) string {
	if late(e) {
		return "!"
	}
	return ""
}

func late(e *result.Experiment) bool {
	if c := e.Criterion(result.RecoveryCriterion, ""); c != nil {
		return c.Verdict == result.Refuted
	}
	return e.Recovery != nil && e.Limits.Recovery > 0 && e.Recovery.Seconds > e.Limits.Recovery
}

// violations writes how many there are after the fault, or were under it.
func violations(inv *result.Invariant) string {
	if inv.After == nil {
		return "not known"
	}
	n, when := *inv.After, ""
	if n == 0 && inv.During != nil && *inv.During > 0 {
		n, when = *inv.During, " under the fault"
	}
	if n == 1 {
		return "1 violation" + when
	}
	return figures.Short(n, 2) + " violations" + when
}

// keys are a few of those that violate an invariant, and how many more.
func keys(inv *result.Invariant, some int) string {
	if len(inv.Keys) == 0 {
		return ""
	}
	text := " (" + words.Plain(strings.Join(inv.Keys[:min(some, len(inv.Keys))], " "))
	if more := len(inv.Keys) - some; more > 0 {
		text += " +" + figures.Count(more)
	}
	return text + ")"
}
