package report

import (
	"io"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/compare"
)

// Columns of the table of changes, after the name.
const (
	sideColumn   = 13
	changeColumn = 7
	boundsColumn = 14
	worseColumn  = 6
)

// writeCompareText writes a comparison for a terminal or a log.
func writeCompareText(w io.Writer, c *compare.Comparison, o Options) error {
	p := &printer{o: o}
	p.sides("base "+runsName(c.Base), "head "+runsName(c.Head))
	if text := compareSentence(c); text != "" {
		p.wrap("", plain(text))
	}
	p.changes(c)
	p.beside(c)
	p.invariantChanges(c)
	p.amplified(c)
	p.notComparable(c)
	p.compareNotes(c)
	p.line("")
	counts := counted(c, compare.Regressed, compare.Improved, compare.Uncertain, compare.Unchanged)
	if counts == "" {
		counts = compareHeadline(c)
	}
	if n := c.Counts[compare.NotComparable]; n > 0 && n < len(c.Experiments) {
		counts += "; " + count(n) + " not comparable"
	}
	p.wrap("", counts+" (a change within ± "+short(c.Margin*100, 2)+" points does not matter)")
	_, err := w.Write(p.b.Bytes())
	return err
}

// changes has a row per experiment, or per journey where it has several.
func (p *printer) changes(c *compare.Comparison) {
	if c.Counts[compare.NotComparable] == len(c.Experiments) {
		return
	}
	name := p.nameColumn()
	p.line("")
	p.line(strings.Repeat(" ", p.markWidth()+name), right("base", sideColumn), right("head", sideColumn), right("change, points", changeColumn+boundsColumn))
	for i := range c.Experiments {
		e := &c.Experiments[i]
		switch {
		case e.Status == compare.NotComparable:
		case len(e.Journeys) == 1:
			p.change(p.statusMark(e.Status), plain(e.ID), name, &e.Journeys[0])
		default:
			p.line(p.statusMark(e.Status), left(cut(plain(e.ID), p.o.Width-20), p.o.Width-20-p.markWidth()), p.coloredStatus(e.Status))
			for k := range e.Journeys {
				j := &e.Journeys[k]
				p.change("  "+p.statusMark(j.Status), plain(j.Name), name-2, j)
			}
		}
	}
}

func (p *printer) nameColumn() int {
	return p.o.Width - p.markWidth() - 2*sideColumn - changeColumn - boundsColumn - worseColumn
}

func (p *printer) markWidth() int { return 2 }

// statusMark is the glyph of a status in its column; ASCII has letters for it.
func (p *printer) statusMark(s compare.Status) string {
	g := statusGlyph(s)
	if p.o.ASCII {
		g = map[compare.Status]string{compare.Regressed: "+", compare.Improved: "-", compare.NotComparable: "!"}[s]
		if g == "" {
			g = statusGlyph(s)
		}
	}
	return p.colored(statusVerdict(s), g) + " "
}

func (p *printer) coloredStatus(s compare.Status) string {
	return p.colored(statusVerdict(s), statusWord(s))
}

func (p *printer) change(mark, title string, name int, j *compare.Journey) {
	if width(title) > name {
		p.line(mark, cut(title, p.o.Width-width(mark)))
		mark, title = strings.Repeat(" ", width(mark)), ""
	}
	row := left(title, name) + right(p.own(sideText(j.Base)), sideColumn) + right(p.own(sideText(j.Head)), sideColumn)
	if d := j.Change; d != nil {
		row += right(strings.ReplaceAll(signedPoints(d.Estimate), "−", "-"), changeColumn) +
			" [" + right(bound(d.Low), 5) + "," + right(bound(d.High), 5) + "]"
	} else {
		row += "  " + statusWord(j.Status)
	}
	if j.Status == compare.Regressed {
		row += " " + p.colored(statusVerdict(j.Status), "worse")
	}
	p.line(mark, row)
}

// bound is the end of an interval in five columns.
func bound(v float64) string {
	if text := points(v); width(text) <= 5 {
		return text
	}
	return fixed(v*100, 0)
}

// sideText is a blast radius in a column: "1.5% ± 0.8", "≤0.6%".
func sideText(r *compare.Radius) string {
	switch {
	case r == nil:
		return "–"
	case r.Low <= 0:
		return "≤" + ceiling(r.High)
	}
	return percent(r.Estimate) + " ± " + points((r.High-r.Low)/2)
}

// beside sets verdicts and recoveries of both sides side by side.
func (p *printer) beside(c *compare.Comparison) {
	if len(c.Experiments) == 0 {
		return
	}
	const verdict = 26
	name := p.o.Width - p.markWidth() - verdict - 22
	p.line("")
	p.line(strings.Repeat(" ", p.markWidth()+name), left("verdict", verdict), "recovery")
	for i := range c.Experiments {
		e := &c.Experiments[i]
		if e.Base == nil || e.Head == nil {
			continue
		}
		lead, id := p.statusMark(e.Status), plain(e.ID)
		if width(id) > name-1 {
			p.line(lead, cut(id, p.o.Width-p.markWidth()))
			lead, id = strings.Repeat(" ", p.markWidth()), ""
		}
		p.line(lead, left(id, name), left(p.own(verdictChange(e)), verdict), p.own(recoveryChange(e)))
	}
}

func (p *printer) invariantChanges(c *compare.Comparison) {
	title := "Invariants"
	for i := range c.Experiments {
		e := &c.Experiments[i]
		for _, inv := range changedInvariants(e) {
			if title != "" {
				p.line("")
				p.line(title)
				title = ""
			}
			text := plain(inv.Name) + ": " + stateWords(inv.Base) + " → " + stateWords(inv.Head) + ", " + plain(e.ID)
			p.wrap(p.statusMark(inv.Status), text)
		}
	}
}

// amplified lists dependencies that journeys called more often under the fault,
// in either side.
func (p *printer) amplified(c *compare.Comparison) {
	title := "Calls per journey, as a multiple of the baseline"
	for i := range c.Experiments {
		e := &c.Experiments[i]
		for _, a := range storms(e) {
			if title != "" {
				p.line("")
				p.line(title)
				title = ""
			}
			p.wrap("  ", plain(a.Dependency)+": "+amplificationWords(a)+", "+plain(e.ID))
		}
	}
}

// notComparable says of each why not, with the lines that differ.
func (p *printer) notComparable(c *compare.Comparison) {
	title := "Not comparable, left out of the result"
	for i := range c.Experiments {
		e := &c.Experiments[i]
		if e.Status != compare.NotComparable {
			continue
		}
		if title != "" {
			p.line("")
			p.line(title)
			title = ""
		}
		p.line(p.statusMark(e.Status), cut(plain(e.ID), p.o.Width-4))
		for _, reason := range e.Reasons {
			p.wrap("    ", plain(reason))
		}
		for _, d := range e.Diff {
			p.line("    ", cut(plain(d.File), p.o.Width-4))
			for _, l := range d.Lines {
				p.line("    ", diffText(l, p.o.Width-6))
			}
		}
	}
}

// diffText is a line of a diff with the number that it has in its document.
func diffText(l compare.Line, room int) string {
	n := l.Head
	if l.Op == "-" {
		n = l.Base
	}
	if l.Op == "@" {
		return "     ..."
	}
	return l.Op + right(count(n), 4) + "  " + cut(plainIndented(l.Text), room-7)
}

// plainIndented is plain text that keeps its indent, which means something in a
// document.
func plainIndented(text string) string {
	bare := strings.TrimLeft(text, " ")
	return strings.Repeat(" ", len(text)-len(bare)) + plain(bare)
}

// compareNotes are the reasons of what is not decided, and what a reader should
// know.
func (p *printer) compareNotes(c *compare.Comparison) {
	var lines [][2]string
	for i := range c.Experiments {
		e := &c.Experiments[i]
		if e.Status == compare.Uncertain {
			for _, reason := range e.Reasons {
				lines = append(lines, [2]string{"? ", plain(e.ID) + ", " + plain(reason)})
			}
		}
		for _, note := range e.Notes {
			lines = append(lines, [2]string{"! ", plain(e.ID) + ": " + plain(note)})
		}
	}
	for _, d := range c.Differences {
		if d.Entry != "commit" {
			lines = append(lines, [2]string{"! ", plain(d.Entry) + " differs: " + plain(d.Base) + " → " + plain(d.Head)})
		}
	}
	for _, note := range c.Notes {
		lines = append(lines, [2]string{"! ", plain(note)})
	}
	if len(lines) == 0 {
		return
	}
	p.line("")
	p.line("Notes")
	for _, l := range lines {
		p.wrap(l[0], l[1])
	}
}
