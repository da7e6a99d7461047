package scans

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/scan"
	"github.com/blastgauge/blastgauge/report/charts"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/words"
)

// A document is the content of the page. The templates call its methods.
type document struct {
	page.Frame
	*summary
	R       *result.Result
	JSON    template.JS
	Figures []page.Figure
	Rows    []pageRow
}

// A pageRow is one dependency of the page.
type pageRow struct {
	row
	ID         string // of its part of the page
	Cells      []pageCell
	Everything bool
}

// A pageCell is one cell of the matrix, and one part of the details below it.
type pageCell struct {
	cellOf
	ID string
}

//go:embed *.tmpl
var templates embed.FS

// WriteHTML writes the page of a scan, with its result embedded.
func WriteHTML(w io.Writer, r *result.Result, o page.Options) error {
	embedded, err := page.EmbedOld(r)
	if err != nil {
		return err
	}
	s := summarize(r)
	title := strings.Join(words.NonEmpty(s.headline(), words.Place(r.System.Name, r.System.Environment)), " · ")
	d := &document{Frame: page.NewFrame("Scan report", title, o), summary: s, R: r, JSON: embedded, Figures: s.figures()}
	for i, one := range s.rows {
		d.Rows = append(d.Rows, newPageRow(i, one, o.Everything))
	}
	return page.WriteOld(w, templates, template.FuncMap{
		"mode": words.Mode, "does": plan.FailureMode.Does, "harm": words.Harm, "limitOf": func(journey string) string { return words.Limit(s.m.LimitOf(journey)) },
		"latency": figures.Latency, "met": met, "short": func(v float64) string { return figures.Short(v, 2) },
		"cellWord": words.CellVerdict, "cellGlyph": func(v scan.Verdict) string { return words.Glyph(words.CellTone(v)) },
		"cellTone": func(v scan.Verdict) string { return page.Tone(words.CellTone(v)) },
	}, d)
}

func newPageRow(i int, one row, everything bool) pageRow {
	r := pageRow{row: one, ID: fmt.Sprintf("_d%d", i), Everything: everything}
	for k, c := range one.cells {
		r.Cells = append(r.Cells, pageCell{c, fmt.Sprintf("%sm%d", r.ID, k)})
	}
	return r
}

// Notes are what people wrote while the scan went on.
func (d *document) Notes() []page.NoteRow { return page.NoteRows(d.R.Run.Notes, nil) }

// Headline is the answer in one line.
func (d *document) Headline() string { return d.headline() }

// Lead is the sentence below the headline: what matters most, or how much is known.
func (d *document) Lead() string {
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

// Found are the findings.
func (d *document) Found() []finding { return d.findings }

// Further says which findings are not shown.
func (d *document) Further() string { return d.further() }

// PoolsTitle is the title of what is said of pools.
func (d *document) PoolsTitle() string { return poolsTitle }

// Short is the finding in one sentence.
func (f finding) Short() string { return f.sentence() }

// Advice is what to do.
func (f finding) Advice() string { return f.advice() }

// Measure is what was measured.
func (f finding) Measure() string { return f.measure() }

// Cause is what came back.
func (f finding) Cause() string { return f.cause() }

// Owner is who can do it.
func (f finding) Owner() string { return f.owner() }

// Link leads to the cell that shows a finding; nil where there is none.
func (d *document) Link(f finding) *page.Link {
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

// Modes are the columns of the matrix.
func (d *document) Modes() []plan.FailureMode { return d.m.Modes }

// In returns the cell of a column; nil where the map has none.
func (r pageRow) In(m plan.FailureMode) *pageCell {
	for i := range r.Cells {
		if r.Cells[i].mode == m {
			return &r.Cells[i]
		}
	}
	return nil
}

// Says is how the dependency behaves.
func (r row) Says() string { return r.behaves() }

// Worse reports whether the dependency behaves worse than it was declared.
func (r row) Worse() bool { return r.worse() }

// Chart is the chart of the breaking point; empty where none was searched.
func (r row) Chart() template.HTML {
	if r.BreakingPoint == nil || len(r.cells) == 0 {
		return ""
	}
	return charts.Levels(r.Name, r.BreakingPoint, r.cells[0].m.LimitOf(charts.LevelJourney(r.BreakingPoint)))
}

// Breaks says where the breaking point is.
func (r row) Breaks() string { return r.breaks() }

// ChartJourney is the journey that the chart is about.
func (r row) ChartJourney() string { return charts.LevelJourney(r.BreakingPoint) }

// Searched are the dependencies whose breaking point was searched. One level is a cell, and
// no search.
func (d *document) Searched() (list []pageRow) {
	for _, r := range d.Rows {
		if r.BreakingPoint != nil && len(r.BreakingPoint.Levels) > 1 {
			list = append(list, r)
		}
	}
	return list
}

// HasFallbacks reports whether anything is called instead of another.
func (d *document) HasFallbacks() bool { return len(d.fallbacks()) > 0 || len(d.m.Pairs) > 0 }

// Pairs are the pairs, as sentences.
func (d *document) Pairs() (list []tried) {
	for i := range d.m.Pairs {
		list = append(list, tried{d.m.Pairs[i].Verdict, d.pairSentence(&d.m.Pairs[i]), causes(d.m.Pairs[i].Journeys)})
	}
	return list
}

// Pools are the pools, as sentences.
func (d *document) Pools() (list []tried) {
	for i := range d.m.Pools {
		list = append(list, tried{d.m.Pools[i].Verdict, d.poolSentence(&d.m.Pools[i]), causes(d.m.Pools[i].Journeys)})
	}
	return list
}

// A tried is a cell of several faults in a sentence.
type tried struct {
	Verdict scan.Verdict
	Text    string
	Causes  []string
}

// NotKnown says what has no answer and why.
func (d *document) NotKnown() []string { return d.unreached() }

// Unanswered reports whether anything has no answer that could have one.
func (d *document) Unanswered() bool { return len(d.unanswers()) > 0 }

// After is what to do about how the scan ended; empty where that is nothing of its own.
func (d *document) After() string {
	if d.R.Run.Outcome == result.Interrupted {
		return ""
	}
	return words.AfterScan(d.m.Ended)
}

// Detail is what the scan said of its end, in its own words.
func (d *document) Detail() string { return d.m.Detail }

// Warnings are what a reader should know.
func (d *document) Warnings() []string { return d.warnings() }

// Ended says how the scan ended.
func (d *document) Ended() string { return d.ended() }

// Stopped reports whether the scan did not end by itself.
func (d *document) Stopped() bool {
	return d.R.Run.Outcome == result.Interrupted || d.R.Run.Died || d.m.Ended == words.ScanDied
}

// Left reports whether a fault may still be in force.
func (d *document) Left() bool { return d.R.Run.ExitCode == result.ExitNotRemoved }

// LeftFaults are those faults.
func (d *document) LeftFaults() []string { return d.left() }

// M is the map.
func (d *document) M() *scan.Map { return d.m }

// When says when the scan was.
func (d *document) When() string { return figures.Period(d.R.Run.Started, d.R.Run.Ended) }

// Place names the system and its environment.
func (d *document) Place() string { return words.Place(d.R.System.Name, d.R.System.Environment) }

// ExitMeaning spells the exit code out.
func (d *document) ExitMeaning() string { return d.R.ExitMeaning() }

// Tried reports whether the cell has numbers to show.
func (c pageCell) Tried() bool { return c.Verdict.Decided() || c.worst() != nil }

// Tone is the class of the colour of the verdict.
func (c pageCell) Tone() string {
	if c.asDeclared() {
		return "mute"
	}
	return page.Tone(words.CellTone(c.Verdict))
}

// Heat is the class of a cell's tint. Nobody needs to see it: the verdict and the number are
// written in the cell.
func (c pageCell) Heat() string {
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

// Figure is the number of the cell.
func (c pageCell) Figure() string {
	switch {
	case c.onlyBroke():
		return "broke"
	case c.share() == "":
		return "–"
	}
	return strings.Replace(c.share(), "≤", "≤ ", 1)
}

// Ends is the interval of the number; empty where that is an upper bound.
func (c pageCell) Ends() string {
	if j := c.worst(); j != nil && !c.onlyBroke() {
		return words.HarmEnds(j)
	}
	return ""
}

// Word is the verdict in words.
func (c pageCell) Word() string {
	text := words.CellVerdict(c.Verdict)
	if c.asDeclared() {
		text += ", as declared"
	}
	return text
}

// Mode is what the dependency does.
func (c pageCell) Mode() string { return words.Mode(c.mode) }

// Why says why there is no answer.
func (c pageCell) Why() string { return c.reason() }

// Source says in few words where the verdict comes from, if not from a trial of its own.
func (c pageCell) Source() string {
	if c.TakenOver {
		return "taken over"
	}
	return c.source()
}

// Facts are what else is known of the cell, on one line.
func (c pageCell) Facts() string { return strings.Join(c.facts(), "; ") }

// Fault describes what was injected.
func (c pageCell) Fault() string {
	if len(c.Faults) == 0 {
		return ""
	}
	return c.Faults[0].Description
}

// Numbers are the journeys of the cell.
func (c pageCell) Numbers() []scan.CellJourney { return c.m.Numbers(c.Cell) }
