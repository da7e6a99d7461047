package scans

import (
	"fmt"
	"io"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/scan"
	"github.com/blastgauge/blastgauge/report/charts"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/template"
	"github.com/blastgauge/blastgauge/report/words"
)

// A document is the content of the page. The templates call its methods.
type document struct {
	page.Frame
	*summary
	JSON    template.RawText // of the result
	Figures []page.Figure
	Rows    []pageRow
}

// A pageRow is one dependency of the page.
type pageRow struct {
	row
	ID    string // of its part of the page
	Cells []pageCell
}

// A pageCell is one cell of the matrix, and one part of the details below it.
type pageCell struct {
	cellOf
	ID string
}

// WriteHTML writes the page of a scan, with its result embedded.
func WriteHTML(w io.Writer, r *result.Result, o page.Options) error {
	embedded, err := page.Embed(r)
	if err != nil {
		return err
	}
	s := summarize(r)
	title := strings.Join(words.NonEmpty(s.headline(), words.Place(r.System.Name, r.System.Environment)), " · ")
	d := &document{Frame: page.NewFrame("Scan report", title, o), summary: s, JSON: embedded, Figures: s.figures()}
	for i, one := range s.rows {
		d.Rows = append(d.Rows, newPageRow(i, one))
	}
	return page.Write(w, d.streampage)
}

func newPageRow(i int, one row) pageRow {
	r := pageRow{row: one, ID: fmt.Sprintf("_d%d", i)}
	for k, c := range one.cells {
		r.Cells = append(r.Cells, pageCell{c, fmt.Sprintf("%sm%d", r.ID, k)})
	}
	return r
}

// notes are what people wrote while the scan went on.
func (d *document) notes() []page.NoteRow { return page.NoteRows(d.r.Run.Notes, nil) }

// lead is the sentence below the headline: what matters most, or how much is known.
func (d *document) lead() string {
	if len(d.findings) == 0 {
		return "Of " + figures.Plural(d.cells, "cell", "cells") + ": " + d.counted() + "."
	}
	text := d.findings[0].sentence() + "."
	if more := d.unknownSentence(); more != "" {
		text += " " + figures.Capital(more) + "."
	}
	return text
}

// figures are the numbers of the first screen.
func (s *summary) figures() []page.Figure {
	return []page.Figure{s.softFigure(), s.cellFigure(), s.breakingFigure(), s.timeFigure()}
}

// softFigure counts the dependencies that are hard although they were declared soft.
func (s *summary) softFigure() page.Figure {
	worse, all := s.behaving(soft, hard), s.behaving(soft, "")
	f := page.Figure{Label: "Declared soft, behave hard", Value: figures.Count(len(worse)) + " of " + figures.Count(len(all))}
	if len(worse) > 0 {
		f.Tone = "bad"
	}
	var names []string
	for _, d := range worse {
		names = append(names, d.Name)
	}
	f.Notes = append(f.Notes, page.Note{Text: strings.Join(names, ", ")})
	if n := len(s.behaving("", "")); n > 0 {
		f.Notes = append(f.Notes, page.Note{Tone: "mute", Text: "nothing declared of " + figures.Count(n) + " of " + figures.Plural(len(s.rows), "dependency", "dependencies")})
	}
	return f
}

// cellFigure counts the cells that have an answer.
func (s *summary) cellFigure() page.Figure {
	f := page.Figure{Label: "Cells with an answer", Value: figures.Count(s.decided()) + " of " + figures.Count(s.cells)}
	for _, v := range verdicts() {
		if n := s.counts[v]; n > 0 {
			tone := words.CellTone(v)
			text := words.Glyph(tone) + " " + figures.Count(n) + " " + words.CellVerdict(v)
			if meant := s.asDeclared(); v == scan.Harmful && meant > 0 {
				text += ", " + figures.Count(meant) + " as declared"
			}
			f.Notes = append(f.Notes, page.Note{Tone: page.Tone(tone), Text: text})
		}
	}
	return f
}

// breakingFigure is the breaking point at the shortest latency.
func (s *summary) breakingFigure() page.Figure {
	var first *row
	at, searched, never := 0.0, 0, 0
	for i := range s.rows {
		b := s.rows[i].BreakingPoint
		if b == nil {
			continue
		}
		searched++
		if b.Kind == words.NeverBreaks {
			never++
		}
		if low, ok := breaksFrom(b); ok && (first == nil || low < at) {
			first, at = &s.rows[i], low
		}
	}
	f := page.Figure{Label: "First to break as latency grows", Value: "–"}
	switch {
	case first != nil:
		f.Value = first.Name
		f.Notes = []page.Note{{Text: first.breaks()}}
	case searched > 0 && never == searched:
		f.Value = "none"
		f.Notes = []page.Note{{Text: "of " + figures.Plural(searched, "dependency", "dependencies") + " that were made slow step by step"}}
	case searched > 0:
		f.Notes = []page.Note{{Tone: "unsure", Text: "not known of " + figures.Count(searched-never) + " of " + figures.Plural(searched, "dependency", "dependencies")}}
	default:
		f.Notes = []page.Note{{Text: "breaking points were not searched"}}
	}
	return f
}

// breaksFrom is the longest latency below the first at which journeys break.
func breaksFrom(b *scan.BreakingPoint) (float64, bool) {
	switch {
	case b.Kind == words.AlwaysBreaks && len(b.Levels) > 0:
		return b.Levels[0].Latency, true
	case len(b.Edges) > 0:
		return b.Edges[0].Low, true
	}
	return 0, false
}

// timeFigure says how long the scan took.
func (s *summary) timeFigure() page.Figure {
	f := page.Figure{Label: "Time", Value: figures.Duration(s.m.Spent), Notes: []page.Note{{Text: "of a budget of " + figures.Duration(s.m.Budget)}}}
	note := page.Note{Tone: "unsure", Text: s.why()}
	if note.Text == "" {
		note = page.Note{Tone: "ok", Text: "everything planned was tried"}
	}
	f.Notes = append(f.Notes, note)
	return f
}

// link leads to the cell that shows a finding; nil where there is none.
func (d *document) link(f finding) *page.Link {
	for _, r := range d.Rows {
		if r.Name != f.Dependency {
			continue
		}
		cells := f.cells()
		for _, c := range r.Cells {
			if len(cells) > 0 && c.Cell == cells[0] {
				return &page.Link{ID: c.ID, Name: f.Dependency}
			}
		}
		return &page.Link{ID: r.ID, Name: f.Dependency}
	}
	return nil
}

// cellIn returns the cell of a column; nil where the map has none.
func (r *pageRow) cellIn(m plan.FailureMode) *pageCell {
	for i := range r.Cells {
		if r.Cells[i].mode == m {
			return &r.Cells[i]
		}
	}
	return nil
}

// chart is the chart of the breaking point; empty where none was searched.
func (r row) chart() template.HTML {
	if r.BreakingPoint == nil || len(r.cells) == 0 {
		return ""
	}
	return charts.Levels(r.Name, r.BreakingPoint, r.cells[0].m.LimitOf(r.chartJourney()))
}

// chartJourney is the journey that the chart is about.
func (r row) chartJourney() string { return charts.LevelJourney(r.BreakingPoint) }

// searched are the dependencies whose breaking point was searched. One level is a cell, and
// no search.
func (d *document) searched() (list []pageRow) {
	for _, r := range d.Rows {
		if r.BreakingPoint != nil && len(r.BreakingPoint.Levels) > 1 {
			list = append(list, r)
		}
	}
	return list
}

// pairs are the pairs, as sentences.
func (d *document) pairs() (list []tried) {
	for i := range d.m.Pairs {
		list = append(list, tried{d.m.Pairs[i].Verdict, d.pairSentence(&d.m.Pairs[i]), causes(d.m.Pairs[i].Journeys)})
	}
	return list
}

// pools are the pools, as sentences.
func (d *document) pools() (list []tried) {
	for i := range d.m.Pools {
		list = append(list, tried{d.m.Pools[i].Verdict, d.poolSentence(&d.m.Pools[i]), causes(d.m.Pools[i].Journeys)})
	}
	return list
}

// A tried is a cell of several faults in a sentence.
type tried struct {
	verdict scan.Verdict
	text    string
	causes  []string
}

// after is what to do about how the scan ended; empty where that is nothing of its own.
func (d *document) after() string {
	if d.r.Run.Outcome == result.Interrupted {
		return ""
	}
	return words.AfterScan(d.m.Ended)
}

// stopped reports whether the scan did not end by itself.
func (d *document) stopped() bool {
	return d.r.Run.Outcome == result.Interrupted || d.r.Run.Died || d.m.Ended == words.ScanDied
}

// notRemoved reports whether a fault may still be in force.
func (d *document) notRemoved() bool { return d.r.Run.ExitCode == result.ExitNotRemoved }

// when says when the scan was.
func (d *document) when() string { return figures.Period(d.r.Run.Started, d.r.Run.Ended) }

// place names the system and its environment.
func (d *document) place() string { return words.Place(d.r.System.Name, d.r.System.Environment) }

// cellGlyph marks a verdict without colour.
func cellGlyph(v scan.Verdict) string { return words.Glyph(words.CellTone(v)) }

// cellTone is the class of the colour of a verdict.
func cellTone(v scan.Verdict) string { return page.Tone(words.CellTone(v)) }

// tried reports whether the cell has numbers to show.
func (c *pageCell) tried() bool { return c.Verdict.Decided() || c.worst() != nil }

// tone is the class of the colour of the verdict.
func (c *pageCell) tone() string {
	if c.asDeclared() {
		return "mute"
	}
	return cellTone(c.Verdict)
}

// heat is the class of a cell's tint. Nobody needs to see it: the verdict and the number are
// written in the cell.
func (c *pageCell) heat() string {
	j := c.worst()
	switch {
	case c.Verdict != scan.Harmful || c.asDeclared():
		return "h0"
	case j == nil || j.Estimate < 0.2:
		return "h2"
	case j.Estimate < 0.6:
		return "h3"
	}
	return "h4"
}

// figure is the number of the cell.
func (c *pageCell) figure() string {
	switch {
	case c.onlyBroke():
		return "broke"
	case c.share() == "":
		return "–"
	}
	return strings.Replace(c.share(), "≤", "≤ ", 1)
}

// ends is the interval of the number; empty where that is an upper bound.
func (c *pageCell) ends() string {
	if j := c.worst(); j != nil && !c.onlyBroke() {
		return words.HarmEnds(j)
	}
	return ""
}

// word is the verdict in words.
func (c *pageCell) word() string {
	text := words.CellVerdict(c.Verdict)
	if c.asDeclared() {
		text += ", as declared"
	}
	return text
}

// from says in few words where the verdict comes from, if not from a trial of its own.
func (c *pageCell) from() string {
	if c.TakenOver {
		return "taken over"
	}
	return c.source()
}

// fault describes what was injected.
func (c *pageCell) fault() string {
	if len(c.Faults) == 0 {
		return ""
	}
	return c.Faults[0].Description
}
