package report

import (
	"bytes"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// writeText writes the end of a run for a terminal or a log.
func writeText(w io.Writer, r *result.Result, o Options) error {
	p := &printer{o: o}
	s := summarize(r)
	p.head(s)
	p.table(s)
	p.invariants(s)
	p.reached(s)
	p.impacts(s)
	p.reasons(s)
	p.next(s)
	p.documents(s)
	p.caveats(s)
	p.line("")
	p.removal(s)
	_, err := w.Write(p.b.Bytes())
	return err
}

// ascii are the characters of our own that not every terminal has.
var ascii = strings.NewReplacer("×", "x", "✓", "ok", "≤", "<=", "−", "-", "–", "-", "…", "...", "“", `"`, "”", `"`, "→", "->", "±", "+-", "≠", "!")

// own spells our own characters in ASCII where that is asked for. It stands
// before everything that counts columns: "<=" is wider than "≤".
func (p *printer) own(text string) string {
	if p.o.ASCII {
		return ascii.Replace(text)
	}
	return text
}

// A printer sets text in columns. Everything that a result brings goes through
// plain first.
type printer struct {
	b bytes.Buffer
	o Options
}

// plain makes text of a result harmless in a terminal: one line, no control
// sequences, nothing that reorders what stands beside it.
func plain(text string) string {
	text = strings.Join(strings.FieldsFunc(text, func(c rune) bool { return unicode.IsSpace(c) && c != '\u0085' }), " ")
	return strings.Map(func(c rune) rune {
		if unsafeRune(c) || c == utf8.RuneError {
			return '?'
		}
		return c
	}, text)
}

func (p *printer) line(parts ...string) {
	p.b.WriteString(strings.TrimRight(strings.Join(parts, ""), " "))
	p.b.WriteByte('\n')
}

// wrap sets text within the width, its first line after the lead and the
// others below it.
func (p *printer) wrap(lead, text string) {
	lead, text = p.own(lead), p.own(text)
	indent := strings.Repeat(" ", width(lead))
	room := max(p.o.Width-width(lead), 20)
	row := ""
	for _, word := range strings.Fields(text) {
		if row != "" && width(row)+1+width(word) > room {
			p.line(lead, row)
			lead, row = indent, ""
		}
		if row != "" {
			row += " "
		}
		row += word
	}
	p.line(lead, row)
}

// width counts columns; characters are taken to be one wide and our own colours
// to have none.
func width(text string) int {
	n := utf8.RuneCountInString(text)
	for rest := text; ; {
		_, after, found := strings.Cut(rest, "\x1b[")
		if !found {
			return n
		}
		code, _, _ := strings.Cut(after, "m")
		n -= len("\x1b[") + len(code) + len("m")
		rest = after
	}
}

// left and right pad text to a number of columns.
func left(text string, n int) string  { return text + strings.Repeat(" ", max(0, n-width(text))) }
func right(text string, n int) string { return strings.Repeat(" ", max(0, n-width(text))) + text }

// cut shortens text to n columns and shows that it did.
func cut(text string, n int) string {
	if width(text) <= n {
		return text
	}
	return string([]rune(text)[:n-3]) + "..."
}

// glyph marks a verdict without colour.
func glyph(v result.Verdict) string {
	switch v {
	case result.Held:
		return "✓"
	case result.Refuted:
		return "×"
	case result.Inconclusive:
		return "?"
	case result.Invalid:
		return "!"
	}
	return "–"
}

// colored colours text if colours are on. Colour never carries meaning alone.
func (p *printer) colored(v result.Verdict, text string) string {
	code := ""
	switch v {
	case result.Held:
		code = "32"
	case result.Refuted:
		code = "31"
	case result.Inconclusive, result.Invalid:
		code = "33"
	}
	if !p.o.Color || code == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// mark is the glyph in its column, which ASCII's "ok" makes wider.
func (p *printer) mark(v result.Verdict) string {
	g, wide := p.own(glyph(v)), 2
	if p.o.ASCII {
		wide = 3
	}
	return p.colored(v, g) + strings.Repeat(" ", wide-width(g))
}

func (p *printer) head(s *summary) {
	parts := append([]string{s.headline()}, s.others()...)
	p.sides(strings.Join(parts, ", "), strings.Join(fields("run "+plain(s.r.Run.ID), took(s.r.Run.Started, s.r.Run.Ended)), ", "))
	if text := plain(s.r.Run.Error); text != "" {
		p.wrap("", opening(text))
	} else if s.r.Run.Outcome == result.Interrupted {
		p.wrap("", "Stopped by SIG"+plain(s.r.Run.Signal)+". What follows is what was known by then.")
	}
	if e := s.worst; e != nil {
		b := e.BlastRadius
		p.wrap("", "Largest blast radius "+excess(b)+interval(b)+" of "+plain(b.Journey)+" journeys: "+plain(e.ID))
	}
}

// sides sets two texts at both ends of a line, or on two lines where one is too
// short for both.
func (p *printer) sides(a, b string) {
	a, b = p.own(a), p.own(b)
	gap := p.o.Width - width(a) - width(b)
	if gap < 2 {
		p.wrap("", a)
		p.wrap("", b)
		return
	}
	p.line(a, strings.Repeat(" ", gap), b)
}

// excess is the blast radius, or its upper bound where no harm was shown.
func excess(b *result.BlastRadius) string {
	if unclear(b) {
		return "≤" + ceiling(b.High)
	}
	return percent(b.Estimate)
}

func interval(b *result.BlastRadius) string {
	if unclear(b) {
		return ""
	}
	return " [" + points(b.Low) + ", " + points(b.High) + "]"
}

// removal says what became of every fault.
func (p *printer) removal(s *summary) {
	text, ok := s.removal()
	if ok {
		p.wrap("", text)
		return
	}
	p.wrap("", "FAULT NOT REMOVED: "+text)
	for _, f := range s.stuck {
		p.wrap("  ", plain(f.fault.Inject)+" into "+plain(f.fault.Into)+" by "+plain(f.of.ID)+": "+plain(f.fault.Name))
	}
	p.wrap("  ", "Undo it with: blastgauge recover DIR, where DIR is the directory of run "+plain(s.r.Run.ID))
}

func (p *printer) caveats(s *summary) {
	list := s.caveats()
	if len(list) == 0 {
		return
	}
	p.line("")
	p.line("Warnings")
	for _, c := range list {
		text := plain(c.text)
		if len(c.of) > 0 {
			text += " (" + plain(ids(c.of)) + ")"
		}
		p.wrap("! ", text)
	}
}
