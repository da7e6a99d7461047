// Package terminal sets text in columns for a terminal or a log: how wide it is,
// where it wraps, and how verdicts are marked and coloured.
package terminal

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/words"
)

// Options say what the terminal can show. The zero value suits a file: no colour,
// Unicode, 80 columns.
type Options struct {
	Color bool // colour the glyph and the word of a verdict
	ASCII bool // spell our own characters in ASCII
	Width int  // columns; 0 means 80, any other width is kept between 40 and 100
}

// A Printer collects lines of text. Its callers pass every text of a result
// through [inert.Text] first, so that it counts its columns right. Whatever comes,
// no line commands a terminal or the runner of a CI job.
type Printer struct {
	Options
	out bytes.Buffer
}

// NewPrinter returns an empty printer for a terminal.
func NewPrinter(o Options) *Printer {
	if o.Width == 0 {
		o.Width = 80
	}
	o.Width = min(max(o.Width, 40), 100)
	return &Printer{Options: o}
}

// TableWidth is the width of a table that does not fit a terminal of less than 60
// columns: there it wraps, whereas text about it keeps to the width.
func (p *Printer) TableWidth() int { return max(p.Width, 60) }

// Bytes are the lines so far.
func (p *Printer) Bytes() []byte { return p.out.Bytes() }

// Line writes one line, without the spaces at its end.
func (p *Printer) Line(parts ...string) {
	p.out.WriteString(strings.TrimRight(p.inert(strings.Join(parts, "")), " "))
	p.out.WriteByte('\n')
}

// inert makes a line harmless that may have colours of ours.
func (p *Printer) inert(line string) string {
	var b strings.Builder
	for p.Color {
		at := ourColor.FindStringIndex(line)
		if at == nil {
			break
		}
		b.WriteString(inert.Clean(line[:at[0]], '?', ""))
		b.WriteString(line[at[0]:at[1]])
		line = line[at[1]:]
	}
	b.WriteString(inert.Clean(line, '?', ""))
	return inert.Command(b.String())
}

// ourColor matches the sequences that [Printer.Paint] colours text with.
var ourColor = regexp.MustCompile("\x1b\\[(?:3[123]|0)m")

// Heading writes an empty line and the title of what follows.
func (p *Printer) Heading(title string) {
	p.Line("")
	p.Line(title)
}

// Row writes a row of a table: a mark, a name in so many columns, and what follows
// it. A name that is too long gets a line of its own above the row, so that the
// columns stay where they are.
func (p *Printer) Row(mark, name string, columns int, rest ...string) {
	if Width(name) > columns {
		p.Line(mark, Cut(name, p.Width-Width(mark)))
		mark, name = strings.Repeat(" ", Width(mark)), ""
	}
	p.Line(append([]string{mark, Left(name, columns)}, rest...)...)
}

// Wrap writes text within the width: its first line after the lead, the others
// indented below it. A single word that is too long is not broken, so that it can
// be copied.
func (p *Printer) Wrap(lead, text string) {
	lead, text = p.Spell(lead), p.Spell(text)
	for _, row := range Lines(text, max(p.Width-Width(lead), 20)) {
		p.Line(lead, row)
		lead = strings.Repeat(" ", Width(lead))
	}
}

// Lines breaks text between words, into one line or more of so many columns. A single
// word that is too long is not broken, so that it can be copied.
func Lines(text string, columns int) (list []string) {
	row := ""
	for word := range strings.FieldsSeq(text) {
		if row != "" && Width(row)+1+Width(word) > columns {
			list, row = append(list, row), ""
		}
		if row != "" {
			row += " "
		}
		row += word
	}
	return append(list, row)
}

// Sides writes two texts at both ends of a line, or on two lines where one is too
// short for both.
func (p *Printer) Sides(a, b string) {
	a, b = p.Spell(a), p.Spell(b)
	gap := p.Width - Width(a) - Width(b)
	if gap < 2 {
		p.Wrap("", a)
		p.Wrap("", b)
		return
	}
	p.Line(a, strings.Repeat(" ", gap), b)
}

// Spell writes our own characters in ASCII where the options ask for that. Callers
// use it before they count columns: "<=" is wider than "≤".
func (p *Printer) Spell(text string) string {
	if p.ASCII {
		return ascii.Replace(text)
	}
	return text
}

// ascii spells those of our own characters that some terminals lack.
var ascii = strings.NewReplacer("×", "x", "✓", "ok", "≤", "<=", "≥", ">=", "−", "-", "–", "-", "…", "...", "“", `"`, "”", `"`, "→", "->", "±", "+-", "≠", "!")

// Paint colours text by a verdict where the options ask for colour. Colour never
// carries meaning alone: a glyph or a word always says the same.
func (p *Printer) Paint(v result.Verdict, text string) string {
	code := ""
	switch v {
	case result.Held:
		code = "32"
	case result.Refuted:
		code = "31"
	case result.Inconclusive, result.Invalid:
		code = "33"
	}
	if !p.Color || code == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// Mark is the glyph of a verdict in a column of its own, which is two wide, and
// three in ASCII, where "ok" stands for a check mark.
func (p *Printer) Mark(v result.Verdict) string {
	columns := 2
	if p.ASCII {
		columns = 3
	}
	return Left(p.Paint(v, p.Spell(words.Glyph(v))), columns)
}
