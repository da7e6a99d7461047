package scans

import (
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/scan"
	"github.com/blastgauge/blastgauge/report/terminal"
	"github.com/blastgauge/blastgauge/report/words"
)

// A printer writes the text report.
type printer struct{ *terminal.Printer }

// Widths of the matrix. A narrower terminal has a list instead.
const (
	narrowest = 80
	cellWidth = 9
	asciiCell = 10 // "<=" is wider than "≤", and "ok" than "✓"
)

// WriteText writes the map for a terminal or a log.
func WriteText(w io.Writer, r *result.Result, o terminal.Options) error {
	p, s := printer{terminal.NewPrinter(o)}, summarize(r)
	p.head(s)
	p.found(s)
	if p.Width < narrowest || p.matrixWidth(s) > p.Width {
		p.list(s)
	} else {
		p.matrix(s)
	}
	p.declared(s)
	p.harms(s)
	p.breakingPoints(s)
	p.bullets("Fallbacks", s.fallbacks())
	p.pairs(s)
	p.pools(s)
	p.bullets("Not known", s.unreached())
	p.Notes(s.r.Run.Notes)
	p.warnings(s)
	p.Line("")
	p.Wrap("", inert.Text(s.ended()))
	_, err := w.Write(p.Bytes())
	return err
}

// head writes the answer, the scan, and how many cells are known.
func (p printer) head(s *summary) {
	p.Wrap("", inert.Text(s.headline()))
	p.Wrap("", inert.Text(strings.Join(words.NonEmpty("scan "+s.r.Run.ID, words.Place(s.r.System.Name, s.r.System.Environment), s.counted()), ", ")))
	if text := inert.Text(s.r.Run.Error); text != "" {
		p.Wrap("", figures.Opening(text))
	}
	if s.r.Run.ExitCode == result.ExitNotRemoved {
		p.Wrap("", "FAULT NOT REMOVED: undo it with: blastgauge recover DIR, where DIR is the directory of run "+inert.Text(s.r.Run.ID))
		for _, text := range s.left() {
			p.Wrap("  ", inert.Text(text))
		}
	}
}

// found numbers the findings, each with its numbers and with what to do.
func (p printer) found(s *summary) {
	if len(s.findings) == 0 {
		return
	}
	p.Heading("What was found")
	for i, f := range s.findings {
		lead := strconv.Itoa(i+1) + " "
		p.Wrap(lead, inert.Text(f.sentence()+"."))
		for _, text := range words.NonEmpty(f.measure(), f.cause()) {
			p.Wrap("    ", inert.Text(text))
		}
		p.Wrap("  → ", inert.Text(strings.Join(words.NonEmpty(f.owner(), f.advice()), ": ")))
	}
	if text := s.further(); text != "" {
		p.Wrap("  ", inert.Text(text))
	}
}

// shortMode is the head of a column where there is little room.
func shortMode(m plan.FailureMode) string {
	if m == plan.ErrorAfter {
		return "after"
	}
	return words.Mode(m)
}

func (p printer) cellWidth() int {
	if p.ASCII {
		return asciiCell
	}
	return cellWidth
}

// matrixWidth is the room that the matrix needs beside names of some length.
func (p printer) matrixWidth(s *summary) int { return 18 + len(s.m.Modes)*p.cellWidth() }

// matrix has a row for each dependency and a column for each failure mode.
func (p printer) matrix(s *summary) {
	if len(s.rows) == 0 {
		return
	}
	name := p.Width - len(s.m.Modes)*p.cellWidth()
	p.Line("")
	head := []string{strings.Repeat(" ", name)}
	for _, m := range s.m.Modes {
		head = append(head, terminal.Left(shortMode(m), p.cellWidth()))
	}
	p.Line(head...)
	for _, r := range s.rows {
		var cells []string
		for _, m := range s.m.Modes {
			cells = append(cells, terminal.Left(p.cell(r.in(m)), p.cellWidth()))
		}
		p.Row("", inert.Text(r.Name), name-1, append([]string{" "}, cells...)...)
	}
	p.Wrap("", "The share of the journey that is harmed most. "+s.legend()+".")
}

// legend explains the marks of the matrix, and those words in it that a cell has.
func (s *summary) legend() string {
	list := []string{"× harmful, ✓ harmless, ? not decided, – no answer"}
	if slices.Contains(s.m.Modes, plan.ErrorAfter) {
		list = append(list, "after: "+words.Mode(plan.ErrorAfter))
	}
	for _, x := range []struct {
		of   func(c *cellOf) bool
		text string
	}{
		{func(c *cellOf) bool { return c.asDeclared() }, "d: as declared"},
		{func(c *cellOf) bool { return c.Pooled && !c.TakenOver }, "p: cleared in a pool"},
		{func(c *cellOf) bool { return c.TakenOver }, "t: taken over"},
		{func(c *cellOf) bool { return c.onlyBroke() }, "broke: an invariant alone"},
		{func(c *cellOf) bool { return c.Verdict == scan.NotMet }, "unmet: the fault was met too rarely"},
		{func(c *cellOf) bool { return c.Verdict == scan.NotReached }, "to do: not reached"},
		{func(c *cellOf) bool { return c.Verdict == scan.NotExercised }, "unused: no journey calls it without a fault"},
		{func(c *cellOf) bool { return c.Verdict == scan.Unavailable }, "n/a: cannot be caused"},
	} {
		if slices.ContainsFunc(s.rows, func(r row) bool { return slices.ContainsFunc(r.cells, func(c cellOf) bool { return x.of(&c) }) }) {
			list = append(list, x.text)
		}
	}
	return strings.Join(list, "; ")
}

// cell is one cell of the matrix: a mark, what it stands on, and a number or a word.
func (p printer) cell(c *cellOf) string {
	if c == nil {
		return ""
	}
	tone := words.CellTone(c.Verdict)
	mark := p.Spell(words.Glyph(tone))
	if !c.asDeclared() {
		mark = p.Paint(tone, mark)
	}
	gap := " "
	if p.ASCII && tone == result.Held {
		gap = ""
	}
	switch {
	case c.asDeclared():
		mark += "d"
	case c.TakenOver:
		mark += "t"
	case c.Pooled:
		mark += "p"
	}
	return mark + gap + p.Spell(c.textInMatrix())
}

// textInMatrix is the number of a cell, or a short word.
func (c cellOf) textInMatrix() string {
	switch {
	case c.onlyBroke():
		return "broke"
	case c.Verdict == scan.NotMet:
		return "unmet"
	case c.Verdict == scan.NotExercised:
		return "unused"
	case c.Verdict == scan.NotReached:
		return "to do"
	case c.Verdict == scan.Unavailable:
		return "n/a"
	}
	return strings.Replace(c.share(), "100.0", "100", 1) // or it touches the next column
}

// list has a line for each cell, for a terminal that is too narrow for the matrix.
func (p printer) list(s *summary) {
	for _, r := range s.rows {
		p.Line("")
		p.Wrap("", inert.Text(r.Name+", "+r.declared()))
		for _, c := range r.cells {
			tone := words.CellTone(c.Verdict)
			text := words.Mode(c.mode) + ": " + words.CellVerdict(c.Verdict)
			if c.Verdict.Decided() || c.Verdict == scan.Undecided {
				text = strings.Join(words.NonEmpty(text, c.measured()), ", ")
			} else {
				text += reasonOf(s.m, c.Cell)
			}
			p.Wrap("  "+p.Mark(tone), inert.Text(text))
		}
	}
}

// declared says how dependencies were declared and how they behave.
func (p printer) declared(s *summary) {
	if len(s.rows) == 0 || p.Width < narrowest {
		return
	}
	p.Heading("Declared and behaved")
	for _, r := range s.rows {
		mark := result.NotRun
		switch {
		case r.worse():
			mark = result.Refuted
		case r.Declared != "" && r.Declared == r.Behaves:
			mark = result.Held
		case r.Behaves == "":
			mark = result.Inconclusive
		}
		p.Wrap(p.Mark(mark), inert.Text(strings.Join(words.NonEmpty(r.Name+": "+r.declared(), r.Owner), ", ")))
	}
}

// harms lists what each harmful cell harmed, with its interval and its cause.
func (p printer) harms(s *summary) {
	list := s.harmList()
	if len(list) == 0 {
		return
	}
	p.Heading("What was harmed")
	for _, text := range list {
		p.Wrap(p.Mark(result.Refuted), inert.Text(text))
	}
}

// breakingPoints says at which latency of each dependency journeys break.
func (p printer) breakingPoints(s *summary) {
	p.bullets("Breaking points: the latency at which journeys are harmed beyond their limit", s.breakingPoints())
}

// pairs lists the pairs that were tried.
func (p printer) pairs(s *summary) {
	p.cells("Pairs of a dependency and its fallback", s.m.Pairs, func(c *scan.Cell) string { return s.pairSentence(c) })
}

// pools lists what failed at once.
func (p printer) pools(s *summary) {
	p.cells(poolsTitle, s.m.Pools, func(c *scan.Cell) string { return s.poolSentence(c) })
}

// cells lists cells of several faults under a title.
func (p printer) cells(title string, list []scan.Cell, sentence func(*scan.Cell) string) {
	if len(list) == 0 {
		return
	}
	p.Heading(title)
	for i := range list {
		p.Wrap(p.Mark(words.CellTone(list[i].Verdict)), inert.Text(sentence(&list[i])))
	}
}

// bullets lists texts under a title; nothing where there are none.
func (p printer) bullets(title string, list []string) {
	if len(list) == 0 {
		return
	}
	p.Line("")
	p.Wrap("", title)
	for _, text := range list {
		p.Wrap("  ", inert.Text(text))
	}
}

// warnings lists what a reader should know before relying on the numbers.
func (p printer) warnings(s *summary) {
	if len(s.warnings()) == 0 {
		return
	}
	p.Heading("Warnings")
	for _, text := range s.warnings() {
		p.Wrap("! ", inert.Text(text))
	}
}
