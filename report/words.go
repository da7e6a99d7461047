package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// A sentence may link to one experiment.
type sentence struct {
	Before string
	E      *experiment // nil for none
	After  string
}

// sentence says what matters most after the headline.
func (s *summary) sentence() sentence {
	switch {
	case len(s.order) == 0:
		return sentence{Before: "The result holds no experiment. Nothing was measured, so nothing is known."}
	case s.order[0].Verdict == result.Refuted:
		e := s.order[0]
		before := "The worst fault is "
		if len(s.order) == 1 {
			before = ""
		}
		return sentence{before, link(e), ": " + strings.Join(fields(s.effect(e), s.consequences(e)), "; ") + "."}
	case s.counts[result.Held] > 0 && s.worst != nil && s.counts[result.Invalid]+s.counts[result.Inconclusive] == 0:
		return sentence{"No fault did more harm than its limit allows. The largest blast radius is that of ", link(s.worst), ": " + s.extent(s.worst) + "."}
	}
	e := s.order[0]
	switch e.Verdict {
	case result.Invalid:
		return sentence{"", link(e), " was measured, but the measurement cannot be trusted: " + period(first(e.Reasons))}
	case result.Inconclusive:
		if len(s.order) == 1 {
			break
		}
		return sentence{"", link(e), " is neither held nor refuted: " + period(first(e.Reasons))}
	}
	return sentence{"", link(e), ": " + period(first(e.Reasons))}
}

func link(e *result.Experiment) *experiment { return &experiment{Experiment: e} }

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
			parts = append(parts, round(share(p.n, c.Journeys))+" "+p.does)
		}
	}
	if len(parts) == 0 {
		return "no " + j.Name + " journey was harmed"
	}
	parts[0] = strings.Replace(parts[0], "%", "% of "+j.Name+" journeys", 1)
	return enumerate(parts)
}

// round writes a share as people say it: whole points from 10 on.
func round(v float64) string {
	if v >= 0.0995 {
		return fixed(v*100, 0) + "%"
	}
	return percent(v)
}

func enumerate(parts []string) string {
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	return strings.Join(parts[:len(parts)-1], ", ") + " and " + parts[len(parts)-1]
}

// consequences are the broken invariants and a late recovery.
func (s *summary) consequences(e *result.Experiment) string {
	parts := violated(e)
	if late(e) && e.Recovery.Censored {
		parts = append(parts, "it had not recovered after "+span(e.Recovery.Seconds))
	} else if late(e) {
		parts = append(parts, "recovery took "+span(e.Recovery.Seconds)+", limit "+span(e.Limits.Recovery))
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
	if unclear(b) {
		return "at most " + ceiling(b.High) + " of " + b.Journey + " journeys, limit " + limit(limitOf(e))
	}
	return percent(b.Estimate) + " of " + b.Journey + " journeys (" + interval95(b) + "), limit " + limit(limitOf(e))
}

// interval95 is an interval with its confidence: "95% CI 29.2 to 34.9%".
func interval95(b *result.BlastRadius) string {
	return confidence(b) + " CI " + strings.ReplaceAll(points(b.Low)+" to "+percent(b.High), "-", "−")
}

// A damage is what one refuted experiment broke.
type damage struct {
	E       *experiment
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
		d := damage{E: link(e), Effect: s.effect(e), Worse: violated(e), Beyond: reach(e)}
		if b := e.BlastRadius; b != nil {
			d.Measure = "excess " + percent(b.Estimate) + " [" + strings.ReplaceAll(points(b.Low)+" to "+points(b.High), "-", "−") + "], limit " + limit(limitOf(e))
		}
		if late(e) {
			d.Worse = append(d.Worse, "recovery "+strings.Replace(recovery(e), ">", "over", 1)+", limit "+span(e.Limits.Recovery))
		}
		if s.softBehavesHard(e) {
			d.Worse = append(d.Worse, "declared soft, behaves hard")
		}
		if e.Guardrail != nil && e.Guardrail.Tripped {
			d.Measure = strings.Join(fields(d.Measure, "a guardrail removed the fault early"), "; ")
		}
		list = append(list, d)
	}
	return list
}

// softBehavesHard tells whether a dependency that journeys are said to survive
// without harmed them beyond their limit.
func (s *summary) softBehavesHard(e *result.Experiment) bool {
	b := known(e)
	return b != nil && b.Low > limitOf(e) && slices.ContainsFunc(e.Faults, func(f result.Fault) bool {
		return s.r.System.Dependencies[f.Into].Criticality == "soft"
	})
}

// A figure is one of the four numbers of the first screen.
type figure struct {
	Label, Value string
	Tone         string // class of the value
	Notes        []note
}

type note struct{ Tone, Text string }

func (s *summary) figures() []figure {
	return []figure{s.blastFigure(), s.verdictFigure(), s.recoveryFigure(), s.invariantFigure()}
}

func (s *summary) blastFigure() figure {
	f := figure{Label: "Largest blast radius", Value: "–", Notes: []note{{"", "no experiment gave a number that can be trusted"}}}
	e := s.worst
	if e == nil {
		return f
	}
	b := e.BlastRadius
	f.Value = strings.Replace(excess(b), "≤", "≤ ", 1)
	if f.Tone = tone(e.Verdict); f.Tone == "ok" && s.counts[result.Held] < len(s.order) {
		f.Tone = "" // the best of what is known is no all-clear
	}
	f.Notes = []note{{"", "of " + b.Journey + " journeys harmed by the fault; " + interval95(b) + ", limit " + limit(limitOf(e))}}
	if j := headJourney(e); j != nil {
		c, name := compared(j)
		f.Notes = append(f.Notes, note{"mute", fmt.Sprintf("%s harmed in the fault arm, %s in %s",
			percent(share(j.Arms.Fault.Harmed(), j.Arms.Fault.Journeys)), percent(share(c.Harmed(), c.Journeys)), against(b.Control, name))})
	}
	if e.Impact != nil && s.r.System.Traffic != nil {
		f.Notes = append(f.Notes, note{"mute", "an hour of it, by arithmetic: " + impactWords(e.Impact)})
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

func (s *summary) verdictFigure() figure {
	n := len(s.order)
	f := figure{Label: "Hypotheses", Value: "none"}
	if n == 0 {
		return f
	}
	f.Value = count(s.counts[result.Refuted]) + " of " + count(n)
	if s.counts[result.Refuted] == 0 {
		f.Value = count(n)
	}
	for _, v := range severity {
		if k := s.counts[v]; k > 0 {
			f.Notes = append(f.Notes, note{tone(v), glyph(v) + " " + count(k) + " " + word(v)})
		}
	}
	return f
}

func (s *summary) recoveryFigure() figure {
	f := figure{Label: "Slowest recovery", Value: "–", Notes: []note{{"", "not measured"}}}
	var slowest *result.Experiment
	for _, e := range s.order {
		if trusted(e) && e.Recovery != nil && (slowest == nil || slower(e.Recovery, slowest.Recovery)) {
			slowest = e
		}
	}
	if slowest == nil {
		return f
	}
	f.Value, f.Notes = recovery(slowest), nil
	if slowest.Recovery.Seconds == 0 && !slowest.Recovery.Censored {
		f.Value = "at once"
	}
	if late(slowest) {
		f.Tone = "bad"
	}
	if l := slowest.Limits.Recovery; l > 0 {
		f.Notes = append(f.Notes, note{"", "limit " + span(l)})
	}
	if f.Value != "at once" { // then it is that of all
		f.Notes = append(f.Notes, note{"", link(slowest).Name()})
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

func (s *summary) invariantFigure() figure {
	f := figure{Label: "Broken invariants", Value: count(len(s.broken))}
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
		f.Value, f.Notes = "–", []note{{"", "none are declared or asked"}}
		return f
	}
	const some = 3
	broken := s.brokenByName()
	for _, text := range broken[:min(some, len(broken))] {
		f.Notes = append(f.Notes, note{"", text})
	}
	if more := len(broken) - some; more > 0 {
		f.Notes = append(f.Notes, note{"", "and " + count(more) + " more"})
	}
	switch {
	case len(s.broken) > 0:
		f.Tone = "bad"
	case open == 0:
		f.Notes = []note{{"", count(asked) + " asked before and after: no new violation"}}
	}
	if open > 0 {
		f.Notes = append(f.Notes, note{"unsure", "? " + count(open) + " of " + count(asked) + " not judged"})
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
			text = "“" + name + "” in " + count(n) + " experiments"
		}
		list = append(list, text)
	}
	return list
}
