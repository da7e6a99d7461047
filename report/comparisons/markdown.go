package comparisons

import (
	"fmt"
	"io"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/compare"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/report/encode"
	"github.com/blastgauge/blastgauge/report/words"
)

// WriteMarkdown writes a comment for a pull request: first what changed, the rest
// folded away.
func WriteMarkdown(w io.Writer, c *compare.Comparison, links ...encode.Link) error {
	if c.Scan != nil {
		return writeScanMarkdown(w, c, links)
	}
	var m encode.Comment
	m.Line(encode.CommentMark(systemOf(c)))
	m.Line("### Resilience: ", encode.Markdown(figures.Uncapital(headline(c))))
	if text := unseenBelow(c); text != "" {
		m.Line("")
		m.Line(encode.Markdown(text))
	}
	regressions(&m, c)
	m.Section(func(m *encode.Comment) { changeTable(m, c, compare.Regressed, compare.Improved) })
	countOthers(&m, c)
	m.Fold("Inconclusive and unchanged", func(m *encode.Comment) { changeTable(m, c, compare.Uncertain, compare.Unchanged) })
	m.Fold("Not comparable", func(m *encode.Comment) { whyNotComparable(m, c) })
	m.Fold("Verdicts, recovery and invariants", func(m *encode.Comment) { sideTable(m, c) })
	m.Fold("Notes", func(m *encode.Comment) { noteList(m, c) })
	m.Line("")
	m.Line("<sub>", encode.Markdown(baseTitle(c)), ", ", encode.Markdown(headTitle(c)), ". ", encode.Code(command(c)), "</sub>")
	m.Links(links)
	_, err := io.WriteString(w, m.String())
	return err
}

// regressions says in words what got worse, the largest change first, and before it the
// one that costs most.
func regressions(m *encode.Comment, c *compare.Comparison) {
	const most = 10
	n := c.Counts[compare.Regressed]
	for _, e := range dearestFirst(c)[:min(most, len(c.Experiments))] {
		if e.Status == compare.Regressed {
			m.Line("")
			m.Line(encode.Strong(titleOf(e)), " ", encode.Markdown(strings.TrimPrefix(changeSentence(e, c.Called()), titleOf(e))), ownersOf(e))
		}
	}
	if n > most {
		m.Line("")
		m.Line("And ", figures.Count(n-most), " more.")
	}
}

// titleOf is the title of an experiment, or its id where it has none.
func titleOf(e *compare.Experiment) string { return words.Title(e.ID, e.Title) }

// markdownName is the title of an experiment, and its id, by which one runs it again.
func markdownName(e *compare.Experiment) string {
	if titleOf(e) == e.ID {
		return encode.Code(e.ID)
	}
	return encode.Markdown(e.Title) + " " + encode.Code(e.ID)
}

// ownersOf names who answers for an experiment.
func ownersOf(e *compare.Experiment) string {
	var list []string
	for _, name := range owners(e) {
		list = append(list, encode.Code(name))
	}
	if len(list) == 0 {
		return ""
	}
	return " Owner " + strings.Join(list, ", ") + "."
}

// changeTable has a row for each journey of the experiments with these statuses.
func changeTable(m *encode.Comment, c *compare.Comparison, statuses ...compare.Status) {
	rows := 0
	for _, s := range statuses {
		for i := range c.Experiments {
			e := &c.Experiments[i]
			for _, j := range e.Journeys {
				if e.Status != s || j.Change == nil {
					continue
				}
				if rows++; rows == 1 {
					m.Line("")
					m.Line("| | Experiment | Journey | " + encode.Markdown(figures.Capital(c.Called().Base)) + " | " + encode.Markdown(figures.Capital(c.Called().Head)) + " | Change, points | Limit |")
					m.Line("|---|---|---|---:|---:|---:|---:|")
				}
				m.Line(fmt.Sprintf("| %s %s | %s | %s | %s | %s | %s [%s, %s] | %s |", statusGlyph(j.Status), statusWord(j.Status),
					markdownName(e), encode.Markdown(j.Name), cell(j.Base), cell(j.Head), signedPoints(j.Change.Estimate),
					figures.Minus(figures.Points(j.Change.Low)), figures.Minus(figures.Points(j.Change.High)), words.Limit(j.Limit)))
			}
		}
	}
}

// cell writes a blast radius in a table.
func cell(r *compare.Radius) string {
	if r == nil {
		return "–"
	}
	return strings.Replace(excess(r), "at most ", "≤ ", 1)
}

// countOthers counts the experiments that did not change, and names those that
// cannot be compared.
func countOthers(m *encode.Comment, c *compare.Comparison) {
	counts := counted(c, compare.Uncertain, compare.Unchanged)
	var names []string
	for i := range c.Experiments {
		if e := &c.Experiments[i]; e.Status == compare.NotComparable {
			names = append(names, encode.Strong(titleOf(e)))
		}
	}
	if counts == "" && len(names) == 0 {
		return
	}
	m.Line("")
	if counts != "" {
		counts += fmt.Sprintf(" (within ± %s points). ", figures.Short(c.Margin*100, 2))
	}
	if len(names) > 0 {
		counts += "**" + figures.Count(len(names)) + " not comparable:** " + strings.Join(names, ", ") + "."
	}
	m.Line(strings.TrimSpace(counts))
}

// whyNotComparable says of each experiment why it cannot be compared, with the lines
// of its documents that differ.
func whyNotComparable(m *encode.Comment, c *compare.Comparison) {
	for i := range c.Experiments {
		e := &c.Experiments[i]
		if e.Status != compare.NotComparable {
			continue
		}
		m.Line("")
		m.Line(markdownName(e), ": ", encode.Markdown(strings.Join(e.Reasons, "; ")))
		for _, d := range e.Diff {
			m.Line("")
			m.Line(encode.Code(d.File))
			m.Line("")
			m.Line("```diff")
			for _, l := range d.Lines {
				if l.Op == "@" {
					m.Line("@@ @@")
					continue
				}
				m.Line(inert.Command(side(l) + strings.ReplaceAll(plainIndented(l.Text), "```", "'''")))
			}
			m.Line("```")
		}
	}
}

// sideTable has the verdicts, recoveries and invariants of both sides.
func sideTable(m *encode.Comment, c *compare.Comparison) {
	rows := 0
	for i := range c.Experiments {
		e := &c.Experiments[i]
		if e.Base == nil || e.Head == nil {
			continue
		}
		if rows++; rows == 1 {
			m.Line("")
			m.Line("| Experiment | Verdict | Recovery | Invariants, alerts and calls |")
			m.Line("|---|---|---|---|")
		}
		var parts []string
		for _, inv := range changedInvariants(e) {
			parts = append(parts, statusGlyph(inv.Status)+" "+encode.Markdown(inv.Name)+": "+invariantState(inv.Base)+" → "+invariantState(inv.Head))
		}
		for _, a := range changedAlerts(e) {
			parts = append(parts, statusGlyph(a.Status)+" alert "+encode.Markdown(a.Alert+": "+alertChange(a)))
		}
		for _, a := range storms(e) {
			parts = append(parts, "calls to "+encode.Markdown(a.Dependency)+" "+amplificationChange(a))
		}
		m.Line(fmt.Sprintf("| %s | %s | %s | %s |", encode.Markdown(titleOf(e)), verdictChange(e), encode.Markdown(recoveryChange(e)), strings.Join(parts, "; ")))
	}
}

// noteList has the reasons of what is not decided, and what else a reader should
// know.
func noteList(m *encode.Comment, c *compare.Comparison) {
	for i := range c.Experiments {
		e := &c.Experiments[i]
		if e.Status == compare.Uncertain {
			for _, reason := range e.Reasons {
				m.Line("- ", encode.Strong(titleOf(e)), ": ", encode.Markdown(reason))
			}
		}
		for _, note := range e.Notes {
			m.Line("- ", encode.Strong(titleOf(e)), ": ", encode.Markdown(note))
		}
	}
	for _, d := range c.Differences {
		m.Line("- ", encode.Markdown(d.Entry+": "+d.Base+" → "+d.Head))
	}
	for _, note := range c.Notes {
		m.Line("- ", encode.Markdown(note))
	}
}
