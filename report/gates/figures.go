package gates

import (
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/words"
)

// figures are the four numbers of the first screen: how much is harmed, where, what to
// change or how far the edge is, and how often it was tried.
func (s *summary) figures() []page.Figure {
	list := []page.Figure{s.harmFigure()}
	if s.r.Verdict == result.Refuted {
		list = append(list, s.stepFigure(), s.smallestFigure())
	} else {
		list = append(list, s.nearestFigure(), s.nearFigure())
	}
	return append(list, s.attemptFigure())
}

// harmFigure is the harm of the candidate.
func (s *summary) harmFigure() page.Figure {
	f := page.Figure{Label: "Harmed by the candidate", Value: "–", Notes: []page.Note{{Text: "no experiment gave a number that can be trusted"}}}
	m := s.worst()
	if m == nil {
		return f
	}
	b := radius(m.Harm)
	f.Value, f.Tone = strings.NewReplacer("≤", "≤ ", "≥", "≥ ").Replace(words.Excess(b)), page.Tone(m.Verdict)
	text := ofJourneys(m.Journey)
	if !words.Unclear(b) {
		text += "; " + words.Confidence(b) + " interval " + words.Interval(b, " to ") + "%"
	}
	if m.Limit > 0 {
		text += ", limit " + words.Limit(m.Limit)
	}
	f.Notes = []page.Note{{Text: text}, {Tone: "mute", Text: "beyond the control, in " + m.Experiment}}
	return f
}

// stepFigure is the step at which journeys are harmed first.
func (s *summary) stepFigure() page.Figure {
	f := page.Figure{Label: "First harmed at step", Value: "–"}
	for _, x := range s.failures() {
		if x.Step == "" && x.Why() == "" && len(x.Violations) == 0 {
			continue
		}
		if x.Step != "" {
			f.Value = short(x.Step, mostValue)
		}
		for _, text := range append(words.NonEmpty(x.Why()), x.Broken()...) {
			f.Notes = append(f.Notes, page.Note{Text: short(text, mostPointer)})
		}
		return f
	}
	f.Notes = []page.Note{{Text: "not known"}}
	return f
}

// smallestFigure is the part of the change that fails.
func (s *summary) smallestFigure() page.Figure {
	f := page.Figure{Label: "Part of the change that fails", Value: "–"}
	all := figures.Plural(len(s.r.Changed), "value", "values")
	list := s.smallest()
	if len(list) == 0 {
		f.Notes = []page.Note{{Text: "of " + all + " that changed no smaller part is known to fail"}}
		if len(s.r.Changed) == 1 {
			f.Value, f.Notes = "1 value", []page.Note{{Text: "the only one that changed: " + s.changed()[0].text()}}
		}
		return f
	}
	f.Value = figures.Count(len(s.r.Smallest.Pointers)) + " of " + all
	for _, m := range first(list, 3) {
		f.Notes = append(f.Notes, page.Note{Tone: "bad", Text: short(m.text(), mostPointer)})
	}
	if text := more(len(s.r.Smallest.Pointers), 3); text != "" {
		f.Notes = append(f.Notes, page.Note{Text: text})
	}
	return f
}

// nearestFigure is the nearest value that fails.
func (s *summary) nearestFigure() page.Figure {
	f := page.Figure{Label: "Nearest that fails", Value: "–"}
	n := s.nearest()
	switch {
	case n == nil && len(s.r.Neighborhood) == 0:
		f.Notes = []page.Note{{Text: "what is near the candidate was not measured"}}
		return f
	case n == nil:
		f.Value, f.Tone = "none", ""
		f.Notes = []page.Note{{Text: "of what was tried near the candidate"}}
		if open := s.openNeighbors(); open > 0 {
			f.Value = "none shown"
			f.Notes = append(f.Notes, page.Note{Text: figures.Count(open) + " undecided"})
		}
		return f
	}
	f.Value = short(n.Change(), 24)
	if len(n.Value) > 0 {
		f.Value = short(value(n.Value), 24)
	}
	where := "at " + n.Place()
	if len(n.From) > 0 {
		where += ", " + value(n.From) + " in the candidate"
	}
	f.Notes = []page.Note{{Text: where}, {Tone: "bad", Text: harmText(n.Harm, n.Journey, n.Limit)}}
	return f
}

// nearFigure counts what was measured near the candidate.
func (s *summary) nearFigure() page.Figure {
	all := len(s.r.Neighborhood)
	f := page.Figure{Label: "Tried near the candidate", Value: figures.Count(all)}
	if all == 0 {
		f.Value = "nothing"
	}
	counts := s.counts()
	for _, v := range words.Severity() {
		if n := counts[v]; n > 0 {
			f.Notes = append(f.Notes, page.Note{Tone: page.Tone(v), Text: words.Glyph(v) + " " + figures.Count(n) + " " + words.Verdict(v)})
		}
	}
	open := 0
	for _, g := range s.openGaps() {
		open += g.Count
	}
	if open > 0 {
		f.Notes = append(f.Notes, page.Note{Tone: "mute", Text: figures.Count(open) + " not measured"})
	}
	return f
}

// attemptFigure is how often the candidate was measured, with this time.
func (s *summary) attemptFigure() page.Figure {
	f := page.Figure{Label: "Attempts with this candidate", Value: figures.Count(max(0, s.r.Attempts.Count) + 1)}
	if s.r.MostAttempts > 0 {
		f.Value += " of " + figures.Count(s.r.MostAttempts)
	}
	if s.r.Attempts.Count <= 0 {
		f.Notes = []page.Note{{Text: "it was never measured before"}}
		return f
	}
	f.Tone = "unsure"
	if s.retried() {
		f.Tone = "bad"
	}
	f.Notes = []page.Note{{Text: s.attemptsText()}}
	return f
}
