package report

import (
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// Columns of the table after the name.
const (
	verdictColumn  = 12
	excessColumn   = 8
	intervalColumn = 13
	limitColumn    = 7
	recoveryColumn = 8
)

// table has a row for each experiment, worst first.
func (p *printer) table(s *summary) {
	if len(s.order) == 0 {
		return
	}
	mark := width(p.mark(result.NotRun))
	name := p.o.Width - mark - 2 - verdictColumn - excessColumn - intervalColumn - limitColumn - recoveryColumn
	p.line("")
	p.line(strings.Repeat(" ", mark+name+1), left("verdict", verdictColumn), right("excess", excessColumn),
		right(p.intervalTitle(s), intervalColumn), right("limit", limitColumn), right("recovery", recoveryColumn+1))
	for _, e := range s.order {
		id := plain(e.ID)
		lead := p.mark(e.Verdict)
		if width(id) > name {
			p.line(lead, cut(id, p.o.Width-mark))
			lead, id = strings.Repeat(" ", mark), ""
		}
		p.line(lead, left(id, name+1), p.row(e))
	}
}

func (p *printer) intervalTitle(s *summary) string {
	if s.worst == nil {
		return "interval"
	}
	return confidence(s.worst.BlastRadius) + " interval"
}

func (p *printer) row(e *result.Experiment) string {
	verdict := p.colored(e.Verdict, word(e.Verdict)) + strings.Repeat(" ", max(0, verdictColumn-width(word(e.Verdict))))
	amount, between := "", ""
	if b := known(e); b != nil {
		amount = p.own(excess(b))
		if !unclear(b) {
			between = right(points(b.Low), 5) + ".." + right(points(b.High), 5)
		}
	}
	return verdict + right(amount, excessColumn) + right(between, intervalColumn) +
		right(limit(limitOf(e)), limitColumn) + right(p.own(recovery(e)), recoveryColumn) + over(e)
}

// recovery is the time to it; "> 30 s" where it was not seen.
func recovery(e *result.Experiment) string {
	r := e.Recovery
	switch {
	case r == nil:
		return ""
	case r.Censored:
		return "> " + span(r.Seconds)
	}
	return span(r.Seconds)
}

// over marks a recovery beyond its limit.
func over(e *result.Experiment) string {
	if late(e) {
		return "!"
	}
	return ""
}

func late(e *result.Experiment) bool {
	if c := e.Criterion(result.RecoveryCriterion, ""); c != nil {
		return c.Verdict == result.Refuted
	}
	return e.Recovery != nil && e.Limits.Recovery > 0 && e.Recovery.Seconds > e.Limits.Recovery
}

func (p *printer) invariants(s *summary) {
	if len(s.broken) == 0 {
		return
	}
	p.line("")
	p.line("Broken invariants")
	for _, b := range s.broken {
		p.wrap(p.mark(result.Refuted), plain(b.inv.Name)+": "+violations(b.inv)+", "+plain(b.of.ID)+keys(b.inv, 3))
	}
}

// violations writes how many there are after the fault, or were under it.
func violations(inv *result.Invariant) string {
	if inv.After == nil {
		return "not known"
	}
	n, when := *inv.After, ""
	if n == 0 && inv.During != nil && *inv.During > 0 {
		n, when = *inv.During, " under the fault"
	}
	if n == 1 {
		return "1 violation" + when
	}
	return short(n, 2) + " violations" + when
}

// keys are a few of those that violate an invariant, and how many more.
func keys(inv *result.Invariant, some int) string {
	if len(inv.Keys) == 0 {
		return ""
	}
	text := " (" + plain(strings.Join(inv.Keys[:min(some, len(inv.Keys))], " "))
	if more := len(inv.Keys) - some; more > 0 {
		text += " +" + count(more)
	}
	return text + ")"
}

// reasons say in words why hypotheses did not hold.
func (p *printer) reasons(s *summary) {
	title := "Why"
	for _, e := range s.order {
		list := e.Reasons
		if e.Verdict == result.Held {
			continue
		}
		for i, text := range list {
			if title != "" {
				p.line("")
				p.line(title)
				title = ""
			}
			if i == 0 {
				p.line(p.mark(e.Verdict), cut(plain(e.ID), p.o.Width-4))
			}
			p.wrap("    ", plain(text))
		}
	}
}

// next numbers what to do, as the experiments say it.
func (p *printer) next(s *summary) {
	if len(s.next) == 0 {
		return
	}
	wide := 0
	for _, n := range s.next {
		wide = max(wide, width(plain(strings.Join(n.owners, ", "))))
	}
	wide = min(wide, 20)
	p.line("")
	p.line("Next")
	for i, n := range s.next {
		lead := right(strconv.Itoa(i+1), len(strconv.Itoa(len(s.next)))) + " "
		if wide > 0 {
			lead += left(cut(plain(strings.Join(n.owners, ", ")), wide), wide) + "  "
		}
		text := plain(n.text)
		if n.verb != "" {
			text = n.verb + " " + plain(n.of.ID) + ": " + text
		}
		p.wrap(lead, text)
	}
}
