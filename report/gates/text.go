package gates

import (
	"io"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/gate"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/terminal"
	"github.com/blastgauge/blastgauge/report/words"
)

// A printer writes the text report.
type printer struct{ *terminal.Printer }

// WriteText writes the report for a terminal or a log.
func WriteText(w io.Writer, r *gate.Report, o terminal.Options) error {
	p, s := printer{terminal.NewPrinter(o)}, summarize(r)
	p.head(s)
	p.harms(s)
	p.next(s)
	p.changes(s)
	p.smallest(s)
	p.near(s)
	p.bullets("Not measured", s.openGaps())
	p.before(s)
	p.end(s)
	_, err := w.Write(p.Bytes())
	return err
}

// head writes the answer, and what catches the eye of who would rely on it.
func (p printer) head(s *summary) {
	p.Wrap(p.Mark(s.r.Verdict), inert.Text(s.headline()))
	if text := inert.Text(s.lead()); text != "" {
		p.Wrap("", text)
	}
	run := ""
	if s.r.Run != "" {
		run = "run " + s.r.Run
	}
	p.Wrap("", inert.Text(strings.Join(words.NonEmpty(run, words.Place(s.r.System, s.r.Environment), figures.Period(s.r.Started, s.r.Ended)), ", ")))
	if s.notPutBack() {
		p.Wrap("! ", inert.Text("THE CANDIDATE MAY STILL BE IN PLACE: put back what was served before with: "+s.recover()))
	}
	if text := inert.Text(s.attemptsText()); text != "" {
		p.Wrap("! ", figures.Capital(text))
		if s.retried() {
			p.Wrap("  ", retriedText)
		}
	}
	for _, text := range s.bypasses() {
		p.Wrap("! ", figures.Capital(inert.Text(text)))
	}
	for _, text := range s.warnings() {
		p.Wrap("! ", inert.Text(text))
	}
}

// harms says of each experiment what it found.
func (p printer) harms(s *summary) {
	if len(s.r.Failures) > 0 {
		p.Heading("What it harms")
	}
	for _, f := range s.failures() {
		p.Wrap(p.Mark(f.Verdict), inert.Text(strings.Join(words.NonEmpty(f.Experiment, f.Harmed()), ": ")))
		for _, text := range append(words.NonEmpty(f.Where()), f.Broken()...) {
			p.Wrap("    ", inert.Text(text))
		}
		if text := inert.Text(f.example()); text != "" {
			p.Wrap("    ", "for example "+text)
		}
		if f.Harm == nil {
			for _, text := range f.Whys() {
				p.Wrap("    ", inert.Text(text))
			}
		}
	}
	p.more(len(s.r.Failures), mostFailures)
	if list := s.others(); len(list) > 0 {
		p.Heading(s.othersTitle())
		for _, m := range list {
			p.Wrap(p.Mark(m.Verdict), inert.Text(m.text()))
		}
	}
}

// next says what to do now.
func (p printer) next(s *summary) {
	if len(s.steps) == 0 {
		return
	}
	p.Heading("What to do now")
	for i, x := range s.steps {
		p.Wrap(strconv.Itoa(i+1)+" ", inert.Text(x.line()))
	}
}

// changes lists what the candidate changes.
func (p printer) changes(s *summary) {
	if len(s.r.Changed) == 0 {
		return
	}
	p.Heading("What changed")
	for _, m := range s.changed() {
		p.Wrap("  ", inert.Text(m.text()))
	}
	p.more(len(s.r.Changed), mostChanged)
}

// smallest says which part of the change fails by itself.
func (p printer) smallest(s *summary) {
	list := s.smallest()
	if len(list) == 0 {
		return
	}
	p.Heading("The smallest part of the change that fails")
	for _, m := range list {
		p.Wrap("  ", inert.Text(m.text()))
	}
	for _, text := range words.NonEmpty(s.smallestHarm(), s.minimal()) {
		p.Wrap("    ", inert.Text(text))
	}
}

// near says what the neighbors of the candidate did, the nearest first.
func (p printer) near(s *summary) {
	if len(s.r.Neighborhood) == 0 {
		return
	}
	p.Heading("How close to the edge")
	p.Wrap("", "The candidate with one more change each, the nearest first: "+s.counted()+".")
	for _, n := range s.neighbors() {
		text := n.text()
		if measure := n.measure(); measure != "" {
			text += ": " + measure
		}
		p.Wrap(p.Mark(n.Verdict), inert.Text(text))
	}
	p.more(len(s.r.Neighborhood), mostNear)
}

// before lists the earlier attempts.
func (p printer) before(s *summary) {
	if s.r.Attempts.Count <= 0 {
		return
	}
	p.Heading("Earlier attempts")
	list := s.attempts()
	for _, a := range list[max(0, len(list)-mostTold):] {
		p.Wrap(p.Mark(a.Verdict), inert.Text(figures.Minute(a.At)+" UTC, "+words.Verdict(a.Verdict)+", run "+a.Run))
	}
	if rest := s.r.Attempts.Count - min(len(list), mostTold); rest > 0 {
		p.Wrap("  ", "and "+figures.Count(rest)+" older")
	}
}

// end says how long it took, and what was written.
func (p printer) end(s *summary) {
	p.Line("")
	if text := s.signed(); text != "" {
		p.Wrap("", "Statement: "+inert.Text(text)+".")
	}
	p.Wrap("", inert.Text(s.took())+".")
}

// bullets lists gaps under a title; nothing where there are none.
func (p printer) bullets(title string, list []gap) {
	if len(list) == 0 {
		return
	}
	p.Heading(title)
	for _, g := range list {
		p.Wrap(p.Mark(result.NotRun), inert.Text(g.Text()))
	}
}

// more says how many of a list are left out.
func (p printer) more(all, most int) {
	if text := more(all, most); text != "" {
		p.Wrap("  ", text)
	}
}
