package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// A finale tells what each fault did to each shop.
type finale struct {
	w       io.Writer
	color   bool
	columns int
}

func (f *finale) print(acts []*act) {
	first := usualJourney(acts)
	fmt.Fprintf(f.w, "\nWhat share of %s journeys did each fault harm, beyond the control?\n\n", first)
	rows := [][]string{{"fault"}}
	for _, act := range acts {
		rows[0] = append(rows[0], act.build)
	}
	verdict := 0
	for _, act := range acts {
		for _, e := range act.outcome.Result.Experiments {
			verdict = max(verdict, len(e.Verdict))
		}
	}
	for i, e := range acts[0].outcome.Result.Experiments {
		row := []string{e.Title}
		for _, act := range acts {
			row = append(row, f.found(act.outcome.Result.Experiments[i], verdict, first))
		}
		rows = append(rows, row)
	}
	f.table(rows)
	gap := "\n"
	for _, act := range acts {
		for _, line := range slices.Concat(broken(act.outcome.Result), hardWhenSlow(act.outcome.Result), notMeasured(act.outcome.Result)) {
			fmt.Fprint(f.w, gap)
			gap = ""
			f.wrap(fmt.Sprintf("  %-9s ", act.build), line)
		}
	}
}

// usualJourney is the one that most rows are about, which the heading names; others
// are named where they are meant.
func usualJourney(acts []*act) string {
	most, rows := "the", map[string]int{}
	for _, act := range acts {
		for _, e := range act.outcome.Result.Experiments {
			if b := e.BlastRadius; b != nil && e.Verdict != result.Invalid {
				if rows[b.Journey]++; rows[b.Journey] > rows[most] {
					most = b.Journey
				}
			}
		}
	}
	return most
}

// found is the outcome of an experiment in a few words.
func (f *finale) found(e result.Experiment, wide int, usual string) string {
	word := strings.ReplaceAll(string(e.Verdict), "_", " ")
	text := f.paint(e.Verdict, verdictGlyph(e.Verdict)+" "+word)
	if b := e.BlastRadius; b != nil && e.Verdict != result.Invalid {
		text += strings.Repeat(" ", wide-len(word)) + fmt.Sprintf(" %5.1f%%", 100*max(b.Estimate, 0))
		if b.Journey != usual {
			text += " of " + b.Journey
		}
	}
	return text
}

func verdictGlyph(v result.Verdict) string {
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

// paint colours a verdict where colours are wanted; they mean nothing that its
// word does not say.
func (f *finale) paint(v result.Verdict, text string) string {
	code := map[result.Verdict]string{result.Held: "32", result.Refuted: "31", result.Inconclusive: "33", result.Invalid: "33"}[v]
	if !f.color || code == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// table prints rows in columns; where the terminal is narrow, the first one is
// cut.
func (f *finale) table(rows [][]string) {
	wide := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			wide[i] = max(wide[i], columnsOf(cell))
		}
	}
	others := 0
	for _, n := range wide[1:] {
		others += 2 + n
	}
	wide[0] = max(12, min(wide[0], f.columns-2-others))
	for _, row := range rows {
		line := " "
		for i, cell := range row {
			cell = cutTo(cell, wide[i])
			line += " " + cell + strings.Repeat(" ", wide[i]-columnsOf(cell)+1)
		}
		fmt.Fprintln(f.w, strings.TrimRight(line, " "))
	}
}

// columnsOf counts the columns of a cell, without its colour.
func columnsOf(cell string) int {
	n := utf8.RuneCountInString(cell)
	if strings.HasPrefix(cell, "\x1b[") {
		n -= len("\x1b[31m") + len("\x1b[0m")
	}
	return n
}

// cutTo cuts a text that has no colour and is too long.
func cutTo(text string, columns int) string {
	if columnsOf(text) <= columns {
		return text
	}
	return string([]rune(text)[:columns-1]) + "…"
}

// wrap prints a text behind its lead, its further lines below the first.
func (f *finale) wrap(lead, text string) {
	room := max(20, f.columns-1-len(lead))
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && columnsOf(line)+1+columnsOf(word) > room {
			fmt.Fprintln(f.w, lead+line)
			lead, line = strings.Repeat(" ", len(lead)), ""
		}
		line = strings.TrimLeft(line+" "+word, " ")
	}
	fmt.Fprintln(f.w, lead+line)
}

// broken names the invariants that each fault broke.
func broken(r *result.Result) []string {
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

// hardWhenSlow names soft dependencies whose refusal harms nobody, and whose
// silence does.
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

// notMeasured says how many experiments tell nothing, and why the first of them
// does not.
func notMeasured(r *result.Result) []string {
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
