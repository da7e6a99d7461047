package results

import (
	"fmt"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/words"
)

// figures are the four numbers of the first screen. What is lost stands in place of the
// verdicts, which the headline counts as well.
func (s *summary) figures() []page.Figure {
	second := s.verdictFigure()
	if e := s.leading(); e != nil && s.hourly(e) != "" {
		second = s.lossFigure(e)
	}
	return []page.Figure{s.blastFigure(), second, s.recoveryFigure(), s.invariantFigure()}
}

// leading is the experiment that the first number is about: that of the first sentence, as
// far as its harm is known, else the one with the largest blast radius. It is nil where no
// number can be trusted.
func (s *summary) leading() *result.Experiment {
	if s.worst == nil {
		return nil
	}
	e := s.order[0]
	b := trustedRadius(e)
	if b == nil || words.Unclear(b) && !words.Unclear(s.worst.BlastRadius) || e.Verdict == result.Held {
		return s.worst
	}
	return e
}

// blastFigure shows the blast radius of the leading experiment, and the largest one.
func (s *summary) blastFigure() page.Figure {
	f := page.Figure{Label: "Largest blast radius", Value: "–", Notes: []page.Note{{Text: "no experiment gave a number that can be trusted"}}}
	e := s.leading()
	if e == nil {
		return f
	}
	b := e.BlastRadius
	f.Value = spaced(words.Excess(b))
	if f.Tone = page.Tone(e.Verdict); f.Tone == "ok" && s.counts[result.Held] < len(s.order) {
		f.Tone = "" // green would say that everything is known and held
	}
	by := "by the fault"
	if len(s.order) > 1 {
		by = "under " + titleOf(e)
	}
	f.Notes = []page.Note{{Text: "of " + b.Journey + " journeys harmed " + by + "; " + confidenceInterval(b) + ", limit " + words.Limit(limitOf(e))}}
	if harmedAlike(b) {
		f.Notes[0].Text = "both arms were harmed alike, by the fault or by something else: " + confidenceInterval(b) + " of " + b.Journey + " journeys, limit " + words.Limit(limitOf(e))
	}
	if j := headJourney(e); j != nil {
		c, name := compared(j)
		f.Notes = append(f.Notes, page.Note{Tone: "mute", Text: fmt.Sprintf("%s harmed in the fault arm, %s in %s",
			harmedPercent(j.Arms.Fault), harmedPercent(c), against(b, name))})
	}
	if e != s.worst && isLarger(s.worst.BlastRadius, b) {
		f.Label = "Blast radius"
		f.Notes = append(f.Notes, page.Note{Text: "largest: " + spaced(words.Excess(s.worst.BlastRadius)) + " of " + s.worst.BlastRadius.Journey + ", " + titleOf(s.worst)})
	}
	return f
}

// spaced sets a sign apart from its number.
func spaced(amount string) string {
	return strings.NewReplacer("≤", "≤ ", "≥", "≥ ").Replace(amount)
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

// lossFigure shows what an hour of a fault would cost.
func (s *summary) lossFigure(e *result.Experiment) page.Figure {
	f := page.Figure{Label: "Cost of an hour, by arithmetic", Value: strings.TrimPrefix(s.hourly(e), "about ")}
	if e.Impact.Money == nil {
		f.Label = "Harmed in an hour, by arithmetic"
	}
	f.Notes = []page.Note{{Text: impactWords(e)}}
	if d := s.dearest; d != e && s.cost(d) > s.cost(e) {
		f.Notes = append(f.Notes, page.Note{Text: "most: " + s.hourly(d) + ", " + titleOf(d)})
	}
	return f
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
	code := recovery.State()
	if code == result.RecoveryUnneeded { // so was no other experiment
		f.Value, f.Notes = "none needed", []page.Note{{Text: words.After(recovery)}}
		return f
	}
	f.Value, f.Notes = words.RecoveryCell(recovery), nil
	switch {
	case late(slowest):
		f.Tone = "bad"
	case code == result.RecoveryNotBack || code == result.RecoveryWorse:
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

// invariantFigure counts the broken invariants by their names, and says how often each
// broke.
func (s *summary) invariantFigure() page.Figure {
	f := page.Figure{Label: "Broken invariants"}
	verdicts, readings, open := map[string]result.Verdict{}, 0, 0
	for _, e := range s.order {
		readings += len(e.Invariants)
		for i := range e.Invariants {
			name, v := e.Invariants[i].Name, invariantVerdict(e, &e.Invariants[i])
			if v == result.Inconclusive {
				open++
			}
			if verdicts[name] != result.Refuted {
				verdicts[name] = v
			}
		}
	}
	if len(verdicts) == 0 {
		f.Value, f.Notes = "–", []page.Note{{Text: "none are declared or asked"}}
		return f
	}
	broken := s.brokenByName()
	f.Value = figures.Count(len(broken))
	if len(broken) > 0 {
		f.Tone, f.Value = "bad", f.Value+" of "+figures.Count(len(verdicts))
	} else if open == 0 {
		f.Notes = []page.Note{{Text: figures.Plural(len(verdicts), "was", "were") + " asked before and after each fault: no new violation"}}
	}
	const some = 3
	for _, text := range broken[:min(some, len(broken))] {
		f.Notes = append(f.Notes, page.Note{Text: text})
	}
	if more := len(broken) - some; more > 0 {
		f.Notes = append(f.Notes, page.Note{Text: "and " + figures.Count(more) + " more"})
	}
	if open > 0 {
		f.Notes = append(f.Notes, page.Note{Tone: "unsure", Text: "? " + figures.Count(open) + " of " + figures.Count(readings) + " answers are missing"})
	}
	return f
}

// brokenByName says of each broken invariant once what it means and how often it broke,
// however many experiments broke it.
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
		text := broke(by[name]...)
		if n := len(by[name]); n > 1 {
			text += " in " + figures.Count(n) + " experiments"
		}
		list = append(list, text)
	}
	return list
}
