package results

import (
	"strings"

	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/terminal"
	"github.com/blastgauge/blastgauge/report/words"
)

// narrow is the width below which a row of the table takes two lines.
const narrow = 60

// Row returns what a report says of an experiment in a line, for a log or above a
// progress bar: its verdict, id and number. Where it has no number, or where the terminal
// is narrow, more lines follow. The label says whose the experiment is, where several runs
// write to one terminal.
func Row(label string, e *result.Experiment, o terminal.Options) []string {
	p := &printer{terminal.NewPrinter(o)}
	lead := p.Mark(e.Verdict)
	if label != "" {
		lead += inert.Text(label) + " "
	}
	verdict := terminal.Left(p.Paint(e.Verdict, words.Verdict(e.Verdict)), verdictColumn) + " "
	name, what := inert.Text(e.ID), p.brief(e)
	indent := strings.Repeat(" ", terminal.Width(p.Mark(e.Verdict)))
	var rows []string
	row := lead
	if p.Width < narrow {
		rows = append(rows, lead+terminal.Cut(name, p.Width-terminal.Width(lead)))
		row = indent + verdict
	} else {
		column := p.Width - terminal.Width(lead) - terminal.Width(verdict) - briefColumn - 1
		row += terminal.Left(terminal.Cut(name, column), column) + " " + verdict
	}
	if terminal.Width(row)+terminal.Width(what) <= p.Width {
		return append(rows, strings.TrimRight(row+what, " "))
	}
	rows = append(rows, strings.TrimRight(row, " "))
	for _, line := range terminal.Lines(what, p.Width-2*len(indent)) {
		rows = append(rows, indent+indent+line)
	}
	return rows
}

// briefColumn is the width of the longest number with its interval and its limit.
const briefColumn = 31

// Sentence returns what a report says of an experiment in the words of a log: "refuted
// payments-down 74.3% [70.1, 78.2] limit 5%".
func Sentence(e *result.Experiment, o terminal.Options) string {
	p := &printer{terminal.NewPrinter(o)}
	amount, between, limit := p.number(e)
	return strings.Join(words.NonEmpty(p.Paint(e.Verdict, words.Verdict(e.Verdict)), inert.Text(e.ID), amount, between, limit, noNumber(e)), " ")
}

// brief is the number of an experiment in columns, or the first reason why there is none.
func (p *printer) brief(e *result.Experiment) string {
	amount, between, limit := p.number(e)
	switch {
	case amount == "":
		return noNumber(e)
	case p.Width < narrow:
		return strings.Join(words.NonEmpty(amount, between), " ")
	}
	return terminal.Right(amount, 6) + "  " + terminal.Left(between, 13) + " " + limit
}

// number is the blast radius of an experiment with its interval and its limit. All are
// empty where it has none.
func (p *printer) number(e *result.Experiment) (amount, between, limit string) {
	b := trustedRadius(e)
	if b == nil {
		return "", "", ""
	}
	if !words.Unclear(b) {
		low, high := words.Ends(b)
		between = "[" + low + ", " + high + "]"
	}
	return p.Spell(words.Excess(b)), between, "limit " + words.Limit(limitOf(e))
}

// noNumber is the first reason of an experiment without a number.
func noNumber(e *result.Experiment) string {
	if trustedRadius(e) != nil || len(e.Reasons) == 0 {
		return ""
	}
	return inert.Text(e.Reasons[0])
}
