package results

import (
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/encode"
)

// saturationTitle heads what a fault did to the journeys that it touched, and to others.
const saturationTitle = "Touched by the fault, and untouched"

// saturationLines say first whether journeys that the fault did not touch were harmed,
// and then how many of each were at each share. There are none where shares did not take
// turns.
func saturationLines(e *result.Experiment) []string {
	if e.Saturation == nil || !trusted(e) {
		return nil
	}
	list := []string{figures.Capital(e.Saturation.Sentence) + "."}
	for _, row := range e.Saturation.Rows {
		text := figures.ShortPercent(row.Share, 2) + " of " + row.Journey + " touched: " + excessOf(&row.Touched) + " of these harmed beyond the baseline"
		if row.Others != nil {
			text += ", " + excessOf(row.Others) + " of the others"
		}
		list = append(list, text)
	}
	return list
}

// excessOf writes a share of harmed journeys with its bounds.
func excessOf(h *result.ExcessHarm) string {
	return figures.Percent(h.Estimate) + " (" + figures.Points(h.Low) + " to " + figures.Points(h.High) + ")"
}

// saturation lists harm of those that faults touched and of others.
func (p *printer) saturation(s *summary) { p.byExperiment(saturationTitle, s, saturationLines) }

// saturationList does the same in a comment, as a table for each experiment.
func (s *summary) saturationList(m *encode.Comment) {
	title := "**" + saturationTitle + "**"
	for _, e := range s.order {
		if saturationLines(e) == nil {
			continue
		}
		if title != "" {
			m.Line("")
			m.Line(title)
			title = ""
		}
		m.Line("")
		m.Line(encode.Strong(titleOf(e)), ": ", encode.Markdown(e.Saturation.Sentence))
		m.Line("")
		m.Line("| journey | touched | of these harmed | of the others harmed |")
		m.Line("|---|---:|---:|---:|")
		for _, row := range e.Saturation.Rows {
			others := "–"
			if row.Others != nil {
				others = excessOf(row.Others)
			}
			m.Line("| ", encode.Markdown(row.Journey), " | ", figures.ShortPercent(row.Share, 2), " | ", encode.Markdown(excessOf(&row.Touched)), " | ", encode.Markdown(others), " |")
		}
	}
}

// Saturated is what the fault did while it touched shares of the journeys; nil where it
// did not, or where the numbers cannot be trusted.
func (e *experiment) Saturated() *result.Saturation {
	if !trusted(e.Experiment) {
		return nil
	}
	return e.Saturation
}
