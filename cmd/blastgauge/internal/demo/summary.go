package demo

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/terminal"
	"github.com/blastgauge/blastgauge/report/words"
)

// A shopResult is the result of one shop.
type shopResult struct {
	build  string // of the storefront
	result *result.Result
}

// writeSummary writes what each fault did to each shop. All shops had the same
// experiments.
func writeSummary(w io.Writer, shops []shopResult, o terminal.Options) error {
	p := terminal.NewPrinter(o)
	journey := commonJourney(shops)
	p.Line("")
	p.Wrap("", fmt.Sprintf("What share of %s journeys did each fault harm, beyond the control?", journey))
	p.Line("")
	header := []string{"fault"}
	wordColumn := 0
	for _, s := range shops {
		header = append(header, s.build)
		for _, e := range s.result.Experiments {
			wordColumn = max(wordColumn, terminal.Width(words.Verdict(e.Verdict)))
		}
	}
	rows := [][]string{header}
	for i, e := range shops[0].result.Experiments {
		row := []string{e.Title}
		for _, s := range shops {
			row = append(row, outcome(p, s.result.Experiments[i], wordColumn, journey))
		}
		rows = append(rows, row)
	}
	table(p, rows)
	writeFindings(p, shops)
	_, err := w.Write(p.Bytes())
	return err
}

// writeFindings writes what the table does not show, for each shop.
func writeFindings(p *terminal.Printer, shops []shopResult) {
	first := true
	for _, s := range shops {
		for _, finding := range slices.Concat(brokenInvariants(s.result), hardWhenSlow(s.result), invalidMeasurements(s.result)) {
			if first {
				p.Line("")
				first = false
			}
			p.Wrap(fmt.Sprintf("  %-9s ", s.build), finding)
		}
	}
}

// commonJourney is the journey that most rows of the table are about. The heading names
// it; a row that is about another journey names that one.
func commonJourney(shops []shopResult) string {
	most, rows := "the", map[string]int{}
	for _, s := range shops {
		for _, e := range s.result.Experiments {
			if b := e.BlastRadius; b != nil && e.Trusted() {
				if rows[b.Journey]++; rows[b.Journey] > rows[most] {
					most = b.Journey
				}
			}
		}
	}
	return most
}

// outcome is the verdict and blast radius of an experiment, with the verdict's word in a
// column of its own.
func outcome(p *terminal.Printer, e result.Experiment, wordColumn int, journey string) string {
	word := words.Verdict(e.Verdict)
	text := p.Paint(e.Verdict, words.Glyph(e.Verdict)+" "+word)
	if b := e.BlastRadius; b != nil && e.Trusted() {
		text = terminal.Left(text, 2+wordColumn) + fmt.Sprintf(" %5.1f%%", 100*max(b.Estimate, 0))
		if b.Journey != journey {
			text += " of " + b.Journey
		}
	}
	return text
}

// table writes rows in columns. Where the terminal is narrow, it cuts the first column.
func table(p *terminal.Printer, rows [][]string) {
	const indent, gap, narrowest = 2, 2, 12
	columns := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			columns[i] = max(columns[i], terminal.Width(cell))
		}
	}
	room := p.Width - indent
	for _, n := range columns[1:] {
		room -= gap + n
	}
	if p.Width < p.TableWidth() {
		list(p, rows)
		return
	}
	columns[0] = max(narrowest, min(columns[0], room))
	for _, row := range rows {
		parts := []string{strings.Repeat(" ", indent), terminal.Left(terminal.Cut(row[0], columns[0]), columns[0])}
		for i, cell := range row[1:] {
			parts = append(parts, strings.Repeat(" ", gap), terminal.Left(cell, columns[i+1]))
		}
		p.Line(parts...)
	}
}

// list writes each row in several lines, for a terminal that is too narrow for a table: its
// first cell, and below it each other one beside the head of its column.
func list(p *terminal.Printer, rows [][]string) {
	for _, row := range rows[1:] {
		p.Wrap("  ", row[0])
		for i, cell := range row[1:] {
			p.Line("    ", terminal.Left(rows[0][i+1], 10), cell)
		}
	}
}

// brokenInvariants names the invariants that each fault broke.
func brokenInvariants(r *result.Result) []string {
	var lines []string
	for _, e := range r.Experiments {
		for _, c := range e.Criteria {
			if c.Kind == result.InvariantCriterion && c.Verdict == result.Refuted {
				lines = append(lines, fmt.Sprintf("%s: no longer %s (%s violations).", strings.ToLower(e.Title[:1])+e.Title[1:], c.Subject, c.Measured))
			}
		}
	}
	return lines
}

// hardWhenSlow names the soft dependencies that harm no journey when they refuse
// connections, but do when they hang.
func hardWhenSlow(r *result.Result) []string {
	survived, hurt := map[string]bool{}, map[string]bool{}
	for _, e := range r.Experiments {
		for _, f := range e.Faults {
			survived[f.Into] = survived[f.Into] || f.Inject == "down" && e.Verdict != result.Refuted
			hurt[f.Into] = hurt[f.Into] || f.Inject == "timeout" && e.Verdict == result.Refuted
		}
	}
	var lines []string
	for name, d := range r.System.Dependencies {
		if d.Criticality == "soft" && survived[name] && hurt[name] {
			lines = append(lines, name+" is declared soft. The shop does without it when it refuses, and fails when it hangs.")
		}
	}
	slices.Sort(lines)
	return lines
}

// invalidMeasurements says how many experiments are invalid, why the first of them is,
// and what helps if the machine was too busy.
func invalidMeasurements(r *result.Result) []string {
	invalid, why, busy := 0, "", false
	for _, e := range r.Experiments {
		if e.Verdict != result.Invalid {
			continue
		}
		if invalid++; why == "" && len(e.Reasons) > 0 {
			why, busy = e.Title+": "+e.Reasons[0], slices.Index(e.ReasonCodes, result.ReasonTooBusy) == 0
		}
	}
	if invalid == 0 {
		return nil
	}
	are := "are"
	if invalid == 1 {
		are = "is"
	}
	lines := []string{fmt.Sprintf("%d of %d measurements %s invalid. %s.", invalid, len(r.Experiments), are, why)}
	if busy {
		lines = append(lines, "fewer journeys are easier on a machine that has other work: blastgauge demo --rate 20")
	}
	return lines
}
