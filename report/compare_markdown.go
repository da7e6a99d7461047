package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/compare"
)

// writeCompareMarkdown writes a comment for a pull request: what changed first,
// the rest folded away. Its first line is a mark that stays the same from run to
// run, by which a job finds the comment that it is to replace.
func writeCompareMarkdown(w io.Writer, c *compare.Comparison) error {
	var m comment
	m.line("<!-- blastgauge compare ", markOf(systemOf(c)), " -->")
	m.line("### Resilience: ", markdown(lowerFirst(compareHeadline(c))))
	m.regressions(c)
	var changes comment
	changes.compareTable(c, compare.Regressed, compare.Improved)
	m.part(changes.text())
	m.compareCounts(c)
	m.fold("Inconclusive and unchanged", func(f *comment) { f.compareTable(c, compare.Uncertain, compare.Unchanged) })
	m.fold("Not comparable", func(f *comment) { f.compareReasons(c) })
	m.fold("Verdicts, recovery and invariants", func(f *comment) { f.compareBeside(c) })
	m.fold("Notes", func(f *comment) { f.compareNotes(c) })
	m.line("")
	m.line("<sub>base ", markdown(runsName(c.Base)), ", head ", markdown(runsName(c.Head)), ". ", code(compareCommand(c)), "</sub>")
	_, err := io.WriteString(w, m.text())
	return err
}

// regressions are said in words, the largest first.
func (m *comment) regressions(c *compare.Comparison) {
	const most = 10
	n := c.Counts[compare.Regressed]
	for i := range c.Experiments[:min(most, len(c.Experiments))] {
		if e := &c.Experiments[i]; e.Status == compare.Regressed {
			m.line("")
			m.line("**", markdown(e.Title), "** ", markdown(strings.TrimPrefix(changeSentence(e), e.Title)), ownersOf(e))
		}
	}
	if n > most {
		m.line("")
		m.line("And ", count(n-most), " more.")
	}
}

func lowerFirst(text string) string {
	if text == "" || text[0] < 'A' || text[0] > 'Z' {
		return text
	}
	return strings.ToLower(text[:1]) + text[1:]
}

// code is text in a monospaced font, in which a forge sees no mention.
func code(text string) string {
	return "`" + strings.ReplaceAll(plain(text), "`", "'") + "`"
}

func ownersOf(e *compare.Experiment) string {
	var list []string
	for _, d := range e.Dependencies {
		if d.Owner != "" {
			list = append(list, code(d.Owner))
		}
	}
	if len(list) == 0 {
		return ""
	}
	return " Owner " + strings.Join(list, ", ") + "."
}

func (m *comment) compareTable(c *compare.Comparison, statuses ...compare.Status) {
	rows := 0
	for _, s := range statuses {
		for i := range c.Experiments {
			e := &c.Experiments[i]
			for _, j := range e.Journeys {
				if e.Status != s || j.Change == nil {
					continue
				}
				if rows++; rows == 1 {
					m.line("")
					m.line("| | Experiment | Journey | Base | Head | Change, points | Limit |")
					m.line("|---|---|---|---:|---:|---:|---:|")
				}
				m.line(fmt.Sprintf("| %s %s | %s | %s | %s | %s | %s [%s, %s] | %s |", statusGlyph(j.Status), statusWord(j.Status),
					code(e.ID), markdown(j.Name), cell(j.Base), cell(j.Head), signedPoints(j.Change.Estimate),
					minusSign(points(j.Change.Low)), minusSign(points(j.Change.High)), limit(j.Limit)))
			}
		}
	}
}

func cell(r *compare.Radius) string {
	if r == nil {
		return "–"
	}
	return strings.Replace(shown(r), "at most ", "≤ ", 1)
}

func (m *comment) compareCounts(c *compare.Comparison) {
	counts := counted(c, compare.Uncertain, compare.Unchanged)
	var names []string
	for i := range c.Experiments {
		if e := &c.Experiments[i]; e.Status == compare.NotComparable {
			names = append(names, code(e.ID))
		}
	}
	if counts == "" && len(names) == 0 {
		return
	}
	m.line("")
	if counts != "" {
		counts += fmt.Sprintf(" (within ± %s points). ", short(c.Margin*100, 2))
	}
	if len(names) > 0 {
		counts += "**" + count(len(names)) + " not comparable:** " + strings.Join(names, ", ") + "."
	}
	m.line(strings.TrimSpace(counts))
}

func (m *comment) compareReasons(c *compare.Comparison) {
	for i := range c.Experiments {
		e := &c.Experiments[i]
		if e.Status != compare.NotComparable {
			continue
		}
		m.line("")
		m.line("**", markdown(e.ID), "**: ", markdown(strings.Join(e.Reasons, "; ")))
		for _, d := range e.Diff {
			m.line("")
			m.line(code(d.File))
			m.line("")
			m.line("```diff")
			for _, l := range d.Lines {
				op := l.Op
				if op == "@" {
					op = "@@ @@"
				}
				m.line(op, strings.ReplaceAll(plainIndented(l.Text), "```", "'''"))
			}
			m.line("```")
		}
	}
}

func (m *comment) compareBeside(c *compare.Comparison) {
	rows := 0
	for i := range c.Experiments {
		e := &c.Experiments[i]
		if e.Base == nil || e.Head == nil {
			continue
		}
		if rows++; rows == 1 {
			m.line("")
			m.line("| Experiment | Verdict | Recovery | Invariants and calls |")
			m.line("|---|---|---|---|")
		}
		var parts []string
		for _, inv := range changedInvariants(e) {
			parts = append(parts, statusGlyph(inv.Status)+" "+markdown(inv.Name)+": "+stateWords(inv.Base)+" → "+stateWords(inv.Head))
		}
		for _, a := range storms(e) {
			parts = append(parts, "calls to "+markdown(a.Dependency)+" "+amplificationWords(a))
		}
		m.line(fmt.Sprintf("| %s | %s | %s | %s |", code(e.ID), verdictChange(e), markdown(recoveryChange(e)), strings.Join(parts, "; ")))
	}
}

func (m *comment) compareNotes(c *compare.Comparison) {
	for i := range c.Experiments {
		e := &c.Experiments[i]
		if e.Status == compare.Uncertain {
			for _, reason := range e.Reasons {
				m.line("- ", code(e.ID), " ", markdown(reason))
			}
		}
		for _, note := range e.Notes {
			m.line("- ", code(e.ID), " ", markdown(note))
		}
	}
	for _, d := range c.Differences {
		m.line("- ", markdown(d.Entry+": "+d.Base+" → "+d.Head))
	}
	for _, note := range c.Notes {
		m.line("- ", markdown(note))
	}
}
