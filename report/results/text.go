package results

import (
	"io"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/terminal"
	"github.com/blastgauge/blastgauge/report/words"
)

// A printer writes a result for a terminal or a log.
type printer struct{ *terminal.Printer }

// WriteText writes a result for a terminal or a log.
func WriteText(w io.Writer, r *result.Result, o terminal.Options) error {
	p := &printer{terminal.NewPrinter(o)}
	s := summarize(r)
	p.head(s)
	p.gameDay(s)
	p.table(s)
	p.fails(s)
	p.invariants(s)
	p.unasked(s)
	p.alerts(s)
	p.harms(s)
	p.sideEffects(s)
	p.saturation(s)
	p.impacts(s)
	p.reasons(s)
	p.next(s)
	p.Notes(s.r.Run.Notes)
	p.owners(s)
	p.documents(s)
	p.caveats(s)
	p.Line("")
	p.removal(s)
	_, err := w.Write(p.Bytes())
	return err
}

// head writes the answer, the run, and the largest blast radius.
func (p *printer) head(s *summary) {
	parts := append([]string{s.headline()}, s.others()...)
	p.Sides(strings.Join(parts, ", "), strings.Join(words.NonEmpty("run "+inert.Text(s.r.Run.ID), took(s.r)), ", "))
	if text := inert.Text(s.r.Run.Error); text != "" {
		p.Wrap("", figures.Opening(text))
	} else if s.r.Run.Outcome == result.Interrupted {
		p.Wrap("", inert.Text(words.Stopped(&s.r.Run))+" What follows is what was known by then.")
	}
	for _, sentence := range s.sentences() {
		p.Wrap("", inert.Text(sentence.Plain()))
	}
	p.Wrap("", inert.Text(strings.Join(words.NonEmpty(s.provenance(), period(s.coverage())), " ")))
	if s.worst != nil {
		p.Wrap("", inert.Text(s.largest(s.worst.ID)))
	}
}

// largest names the largest blast radius, with its interval, and its experiment.
func (s *summary) largest(name string) string {
	b := s.worst.BlastRadius
	what := "Largest blast radius "
	if harmedAlike(b) {
		what = "Both arms harmed alike, by the fault or by something else: "
	}
	return what + words.Excess(b) + interval(b) + " of " + b.Journey + " journeys: " + name
}

// interval writes the interval of a blast radius in brackets; it is empty where no
// harm was shown.
func interval(b *result.BlastRadius) string {
	if words.Unclear(b) {
		return ""
	}
	if words.IsBracket(b) {
		return " and ≤" + figures.UpperPercent(b.High)
	}
	return " [" + figures.Points(b.Low) + ", " + figures.Points(b.High) + "]"
}

// removal says what became of every fault.
func (p *printer) removal(s *summary) {
	text, ok := s.removal()
	if ok {
		p.Wrap("", text)
		return
	}
	p.Wrap("", "FAULT NOT REMOVED: "+text)
	for _, f := range s.left {
		p.Wrap("  ", inert.Text(f.fault.Inject)+" into "+inert.Text(f.fault.Into)+" by "+inert.Text(f.of.ID)+": "+inert.Text(f.fault.Name))
	}
	p.Wrap("  ", "Undo it with: blastgauge recover DIR, where DIR is the directory of run "+inert.Text(s.r.Run.ID))
}

// caveats lists the warnings, each once.
func (p *printer) caveats(s *summary) {
	list := s.caveats()
	if len(list) == 0 {
		return
	}
	p.Heading("Warnings")
	for _, c := range list {
		text := inert.Text(c.text)
		if len(c.of) > 0 {
			text += " (" + inert.Text(experimentList(c.of, idOf)) + ")"
		}
		p.Wrap("! ", text)
	}
}

// Widths of the columns after the name.
const (
	verdictColumn  = 12
	excessColumn   = 8
	intervalColumn = 13
	limitColumn    = 6
	recoveryColumn = 9
)

// table has a row for each experiment, worst first.
func (p *printer) table(s *summary) {
	if len(s.order) == 0 {
		return
	}
	if p.Width < narrow {
		p.list(s)
		return
	}
	mark := terminal.Width(p.Mark(result.NotRun))
	name := p.Width - mark - 2 - verdictColumn - excessColumn - intervalColumn - limitColumn - recoveryColumn
	p.Line("")
	p.Line(strings.Repeat(" ", mark+name+1), terminal.Left("verdict", verdictColumn), terminal.Right("excess", excessColumn),
		terminal.Right(p.intervalTitle(s), intervalColumn), terminal.Right("limit", limitColumn), terminal.Right("recovery", recoveryColumn+1))
	for _, e := range s.order {
		p.Row(p.Mark(e.Verdict), inert.Text(e.ID), name, " ", p.row(e))
	}
}

// list has two lines for each experiment, worst first: a row of the table is wider than
// a narrow terminal.
func (p *printer) list(s *summary) {
	p.Line("")
	for _, e := range s.order {
		for _, line := range Row("", e, p.Options) {
			p.Line(line)
		}
		if recovery := words.Recovery(e.KnownRecovery()); recovery != "" {
			p.Wrap(strings.Repeat(" ", terminal.Width(p.Mark(e.Verdict))), "limit "+words.Limit(limitOf(e))+", recovery "+recovery+lateMark(e))
		}
	}
}

// intervalTitle heads the column of intervals with their confidence.
func (p *printer) intervalTitle(s *summary) string {
	if s.worst == nil {
		return "interval"
	}
	return words.Confidence(s.worst.BlastRadius) + " interval"
}

// row is the row of an experiment after its name.
func (p *printer) row(e *result.Experiment) string {
	verdict := terminal.Left(p.Paint(e.Verdict, words.Verdict(e.Verdict)), verdictColumn)
	amount, between := "", ""
	if b := trustedRadius(e); b != nil {
		amount = p.Spell(words.Excess(b))
		if !words.Unclear(b) {
			low, high := words.Ends(b)
			between = terminal.Right(low, 5) + ".." + terminal.Right(high, 5)
		}
	}
	return verdict + terminal.Right(amount, excessColumn) + terminal.Right(between, intervalColumn) +
		terminal.Right(words.Limit(limitOf(e)), limitColumn) + terminal.Right(p.Spell(words.Recovery(e.KnownRecovery())), recoveryColumn) + lateMark(e)
}

// invariants lists the broken invariants.
func (p *printer) invariants(s *summary) {
	if len(s.broken) == 0 {
		return
	}
	p.Heading("Broken invariants")
	for _, b := range s.broken {
		p.Wrap(p.Mark(result.Refuted), inert.Text(b.inv.Name)+": "+violations(b.inv)+", "+inert.Text(b.of.ID)+sampleKeys(b.inv, 3))
	}
}

// reasons lists why hypotheses did not hold.
func (p *printer) reasons(s *summary) {
	p.byExperiment("Why", s, func(e *result.Experiment) []string {
		if e.Verdict == result.Held {
			return nil
		}
		return whys(e)
	})
}

// fails says how each dependency fails.
func (p *printer) fails(s *summary) {
	if len(s.fails) == 0 {
		return
	}
	p.Heading("Dependencies")
	for _, text := range s.fails {
		p.Wrap("  ", inert.Text(text))
	}
}

// unasked lists the invariants that were not asked.
func (p *printer) unasked(s *summary) {
	if len(s.unasked) == 0 {
		return
	}
	p.Heading(s.unaskedTitle())
	for _, u := range s.unasked {
		p.Wrap(p.Mark(result.Inconclusive), inert.Text(u.sentence(u.of.ID)))
	}
}

// harms says how journeys were harmed, at which step, and how long that took.
func (p *printer) harms(s *summary) { p.byExperiment("What was harmed", s, harmsShown) }

// byExperiment writes texts about experiments under a title, each below the mark and
// the id of its experiment. It writes nothing where there are none.
func (p *printer) byExperiment(title string, s *summary, texts func(*result.Experiment) []string) {
	for _, e := range s.order {
		for i, text := range texts(e) {
			if title != "" {
				p.Heading(title)
				title = ""
			}
			if i == 0 {
				p.Line(p.Mark(e.Verdict), terminal.Cut(inert.Text(e.ID), p.Width-4))
			}
			p.Wrap("    ", inert.Text(text))
		}
	}
}

// next numbers what to do, and names the owners who can do it.
func (p *printer) next(s *summary) {
	if len(s.next) == 0 {
		return
	}
	wide := 0
	for _, n := range s.next {
		wide = max(wide, terminal.Width(inert.Text(strings.Join(n.owners, ", "))))
	}
	wide = min(wide, 20)
	p.Heading("Next")
	for i, n := range s.next {
		lead := terminal.Right(strconv.Itoa(i+1), len(strconv.Itoa(len(s.next)))) + " "
		if wide > 0 {
			lead += terminal.Left(terminal.Cut(inert.Text(strings.Join(n.owners, ", ")), wide), wide) + "  "
		}
		p.Wrap(lead, inert.Text(n.sentence()))
	}
}

// owners names the owners that documents of experiments name, and of which experiments.
func (p *printer) owners(s *summary) {
	var names []string
	of := map[string][]string{}
	for _, e := range s.order {
		if e.Owner == "" {
			continue
		}
		if of[e.Owner] == nil {
			names = append(names, e.Owner)
		}
		of[e.Owner] = append(of[e.Owner], e.ID)
	}
	if len(names) == 0 {
		return
	}
	p.Heading("Owners")
	for _, name := range names {
		p.Wrap("  ", inert.Text(name)+": "+inert.Text(strings.Join(of[name], ", ")))
	}
}

// documents lists which documents were made bad, and which clients read them.
func (p *printer) documents(s *summary) {
	list := s.documents()
	if len(list) == 0 {
		return
	}
	p.Heading("Bad config")
	for _, d := range list {
		p.Wrap("  ", inert.Text(d.of.ID+": "+d.sentence()))
	}
}

// impacts lists what an hour of each fault would do to the real system.
func (p *printer) impacts(s *summary) {
	list := s.impacts()
	if len(list) == 0 {
		return
	}
	p.Line("")
	p.Wrap("", impactTitle(s.r.System.Traffic))
	for _, e := range list {
		p.Wrap(p.Mark(e.Verdict), inert.Text(e.ID)+": "+impactWords(e))
	}
}

// sideEffects lists what faults did beyond the journeys that need their dependency.
func (p *printer) sideEffects(s *summary) { p.byExperiment("Beyond those who need it", s, sideEffects) }
