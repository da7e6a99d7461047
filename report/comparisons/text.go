package comparisons

import (
	"io"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/compare"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/report/terminal"
)

// Widths of the columns of the table of changes, after the name.
const (
	markColumn   = 2 // before the name
	sideColumn   = 13
	changeColumn = 7
	boundsColumn = 15
	worseColumn  = 6
)

// A printer writes a comparison for a terminal or a log.
type printer struct{ *terminal.Printer }

// WriteText writes a comparison for a terminal or a log.
func WriteText(w io.Writer, c *compare.Comparison, o terminal.Options) error {
	if c.Scan != nil {
		return writeScanText(w, c, o)
	}
	p := &printer{terminal.NewPrinter(o)}
	p.Sides(baseTitle(c), headTitle(c))
	if text := largestChange(c); text != "" {
		p.Wrap("", inert.Text(text))
	}
	p.changes(c)
	p.sides(c)
	p.invariantChanges(c)
	p.alertChanges(c)
	p.storms(c)
	p.notComparable(c)
	p.notes(c)
	p.Line("")
	if text := unseen(c); text != "" {
		p.Wrap("", text)
	}
	counts := counted(c, compare.Regressed, compare.Improved, compare.Uncertain, compare.Unchanged)
	if counts == "" {
		counts = headline(c)
	}
	if n := c.Counts[compare.NotComparable]; n > 0 && n < len(c.Experiments) {
		counts += "; " + figures.Count(n) + " not comparable"
	}
	p.Wrap("", counts+" (a change within ± "+figures.Short(c.Margin*100, 2)+" points does not matter)")
	_, err := w.Write(p.Bytes())
	return err
}

// changes has a row for each experiment, or for each journey of one that has several.
func (p *printer) changes(c *compare.Comparison) {
	if c.Counts[compare.NotComparable] == len(c.Experiments) {
		return
	}
	name := p.nameColumn()
	p.Line("")
	p.Line(strings.Repeat(" ", markColumn+name), p.columnHead(c.Called().Base), p.columnHead(c.Called().Head), terminal.Right("change, points", changeColumn+boundsColumn))
	for i := range c.Experiments {
		e := &c.Experiments[i]
		switch {
		case e.Status == compare.NotComparable:
		case len(e.Journeys) == 1:
			p.change(p.statusMark(e.Status), inert.Text(e.ID), name, &e.Journeys[0])
		default:
			p.Line(p.statusMark(e.Status), terminal.Left(terminal.Cut(inert.Text(e.ID), p.Width-20), p.Width-20-markColumn), p.coloredStatus(e.Status))
			for k := range e.Journeys {
				j := &e.Journeys[k]
				p.change("  "+p.statusMark(j.Status), inert.Text(j.Name), name-2, j)
			}
		}
	}
}

// columnHead heads the column of a side.
func (p *printer) columnHead(name string) string {
	return terminal.Right(terminal.Cut(inert.Text(name), sideColumn-1), sideColumn)
}

// nameColumn is what the other columns leave for the name.
func (p *printer) nameColumn() int {
	return p.TableWidth() - markColumn - 2*sideColumn - changeColumn - boundsColumn - worseColumn
}

// statusMark is the glyph of a status in its column. ASCII has other characters.
func (p *printer) statusMark(s compare.Status) string {
	g := statusGlyph(s)
	if p.ASCII {
		g = map[compare.Status]string{compare.Regressed: "+", compare.Improved: "-", compare.NotComparable: "!"}[s]
		if g == "" {
			g = statusGlyph(s)
		}
	}
	return p.Paint(statusVerdict(s), g) + " "
}

// coloredStatus is the word of a status in its colour.
func (p *printer) coloredStatus(s compare.Status) string {
	return p.Paint(statusVerdict(s), statusWord(s))
}

// change is the row of one journey.
func (p *printer) change(mark, title string, name int, j *compare.Journey) {
	row := terminal.Right(p.Spell(sideText(j.Base)), sideColumn) + terminal.Right(p.Spell(sideText(j.Head)), sideColumn)
	if d := j.Change; d != nil {
		row += terminal.Right(p.Spell(figures.Minus(figures.SignedPoints(d.Estimate))), changeColumn) +
			terminal.Right(p.Spell(figures.Minus("["+bound(d.Low)+", "+bound(d.High)+"]")), boundsColumn)
	} else {
		row += "  " + statusWord(j.Status)
	}
	if j.Status == compare.Regressed {
		row += " " + p.Paint(statusVerdict(j.Status), "worse")
	}
	p.Row(mark, title, name, row)
}

// bound writes the end of an interval in at most five columns.
func bound(v float64) string {
	if text := figures.Points(v); terminal.Width(text) <= 5 {
		return text
	}
	return figures.Fixed(v*100, 0)
}

// sideText writes a blast radius in a column: "1.5% ± 0.8", "≤0.6%", "≥95.5%". An interval
// that ends where shares do has no middle.
func sideText(r *compare.Radius) string {
	switch {
	case r == nil:
		return "–"
	case r.Low <= 0:
		return "≤" + figures.UpperPercent(r.High)
	case r.High >= 1:
		return "≥" + figures.LowerPercent(r.Low)
	}
	return figures.Percent(r.Estimate) + " ± " + figures.Points((r.High-r.Low)/2)
}

// sides has the verdicts and recoveries of both sides, a row for each experiment.
func (p *printer) sides(c *compare.Comparison) {
	if !slices.ContainsFunc(c.Experiments, func(e compare.Experiment) bool { return e.Base != nil && e.Head != nil }) {
		return
	}
	const verdict = 26
	name := p.TableWidth() - markColumn - verdict - 22
	p.Line("")
	p.Line(strings.Repeat(" ", markColumn+name), terminal.Left("verdict", verdict), "recovery")
	for i := range c.Experiments {
		e := &c.Experiments[i]
		if e.Base == nil || e.Head == nil {
			continue
		}
		p.Row(p.statusMark(e.Status), inert.Text(e.ID), name-1, " ", terminal.Left(p.Spell(verdictChange(e)), verdict), p.Spell(recoveryChange(e)))
	}
}

// invariantChanges lists the invariants that head broke or repaired.
func (p *printer) invariantChanges(c *compare.Comparison) {
	title := "Invariants"
	for i := range c.Experiments {
		e := &c.Experiments[i]
		for _, inv := range changedInvariants(e) {
			if title != "" {
				p.Heading(title)
				title = ""
			}
			text := inert.Text(inv.Name) + ": " + invariantState(inv.Base) + " → " + invariantState(inv.Head) + ", " + inert.Text(e.ID)
			p.Wrap(p.statusMark(inv.Status), text)
		}
	}
}

// alertChanges lists the alerts whose detection head broke or repaired.
func (p *printer) alertChanges(c *compare.Comparison) {
	title := "Alerts"
	for i := range c.Experiments {
		e := &c.Experiments[i]
		for _, a := range changedAlerts(e) {
			if title != "" {
				p.Heading(title)
				title = ""
			}
			p.Wrap(p.statusMark(a.Status), inert.Text(a.Alert+": "+alertChange(a)+", "+e.ID))
		}
	}
}

// storms lists the dependencies that either side called far more often while the fault
// was active.
func (p *printer) storms(c *compare.Comparison) {
	title := "Calls per journey, as a multiple of the baseline"
	for i := range c.Experiments {
		e := &c.Experiments[i]
		for _, a := range storms(e) {
			if title != "" {
				p.Heading(title)
				title = ""
			}
			p.Wrap("  ", inert.Text(a.Dependency)+": "+amplificationChange(a)+", "+inert.Text(e.ID))
		}
	}
}

// notComparable says of each experiment why it cannot be compared, with the lines of
// its documents that differ.
func (p *printer) notComparable(c *compare.Comparison) {
	title := "Not comparable, left out of the result"
	for i := range c.Experiments {
		e := &c.Experiments[i]
		if e.Status != compare.NotComparable {
			continue
		}
		if title != "" {
			p.Heading(title)
			title = ""
		}
		p.Line(p.statusMark(e.Status), terminal.Cut(inert.Text(e.ID), p.Width-4))
		for _, reason := range e.Reasons {
			p.Wrap("    ", inert.Text(reason))
		}
		for _, d := range e.Diff {
			p.Line("    ", terminal.Cut(inert.Text(d.File), p.Width-4))
			for _, l := range d.Lines {
				p.Line("    ", diffText(l, p.Width-6))
			}
		}
	}
}

// diffText writes a line of a diff with its number in its document.
func diffText(l compare.Line, room int) string {
	n := l.Head
	if l.Op == "-" {
		n = l.Base
	}
	if l.Op == "@" {
		return "     ..."
	}
	return side(l) + terminal.Right(figures.Count(n), 4) + "  " + terminal.Cut(plainIndented(l.Text), room-7)
}

// plainIndented makes the line of a document harmless and keeps its indent, which has a
// meaning there.
func plainIndented(text string) string {
	bare := strings.TrimLeft(text, " ")
	return strings.Repeat(" ", len(text)-len(bare)) + inert.Text(bare)
}

// side is the mark of a line of a diff: in which document it is.
func side(l compare.Line) string {
	if l.Op == "-" || l.Op == "+" {
		return l.Op
	}
	return " "
}

// notes lists the reasons of what is not decided, and what a reader should know.
func (p *printer) notes(c *compare.Comparison) {
	var lines [][2]string
	for i := range c.Experiments {
		e := &c.Experiments[i]
		if e.Status == compare.Uncertain {
			for _, reason := range e.Reasons {
				lines = append(lines, [2]string{"? ", inert.Text(e.ID) + ", " + inert.Text(reason)})
			}
		}
		for _, note := range e.Notes {
			lines = append(lines, [2]string{"! ", inert.Text(e.ID) + ": " + inert.Text(note)})
		}
	}
	for _, d := range c.Differences {
		if d.Entry != "commit" {
			lines = append(lines, [2]string{"! ", inert.Text(d.Entry) + " differs: " + inert.Text(d.Base) + " → " + inert.Text(d.Head)})
		}
	}
	for _, note := range c.Notes {
		lines = append(lines, [2]string{"! ", inert.Text(note)})
	}
	if len(lines) == 0 {
		return
	}
	p.Heading("Notes")
	for _, l := range lines {
		p.Wrap(l[0], l[1])
	}
}
