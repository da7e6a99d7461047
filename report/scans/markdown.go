package scans

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/scan"
	"github.com/blastgauge/blastgauge/report/encode"
	"github.com/blastgauge/blastgauge/report/words"
)

// commentOf tells the comment about a scan of a system from that about its runs.
const commentOf = " scan"

// WriteMarkdown writes a comment for a pull request, or the summary of a job: first the
// answer and the findings, then a row for each dependency, with the details folded away.
func WriteMarkdown(w io.Writer, r *result.Result, links ...encode.Link) error {
	s := summarize(r)
	var m encode.Comment
	m.Line(encode.CommentMark(r.System.Name + commentOf))
	m.Line("### ", encode.Markdown(s.headline()))
	m.Line("")
	m.Line(encode.Markdown(figures.Capital(s.counted()) + "."))
	if r.Run.ExitCode == result.ExitNotRemoved {
		m.Line("")
		m.Line("**A fault is not proven gone and may still be in force: blastgauge recover DIR**")
		bullets(&m, "", s.left())
	}
	if text := r.Run.Error; text != "" {
		m.Line("")
		m.Line("**The scan failed.** ", encode.Markdown(figures.Opening(text)))
	}
	for _, section := range []func(*encode.Comment){s.findingList, s.matrixTable, s.breakingList} {
		m.Section(section)
	}
	m.Section(func(m *encode.Comment) { bullets(m, "Fallbacks", s.fallbacks()) })
	m.Fold("What is not known", func(m *encode.Comment) { bullets(m, "", s.unreached()) })
	m.Fold("What was harmed", func(m *encode.Comment) { bullets(m, "", s.harmList()) })
	m.Fold("Pools and pairs", func(m *encode.Comment) { bullets(m, "", s.ofSeveral()) })
	m.Notes(r.Run.Notes)
	m.Section(func(m *encode.Comment) { bullets(m, "Warnings", s.warnings()) })
	m.Line("")
	m.Line(encode.Markdown(s.ended()), " Scan ", encode.Markdown(r.Run.ID), ", ", figures.Period(r.Run.Started, r.Run.Ended), ".")
	m.Links(links)
	_, err := io.WriteString(w, m.String())
	return err
}

// findingList numbers the findings, each with what to do.
func (s *summary) findingList(m *encode.Comment) {
	if len(s.findings) == 0 {
		return
	}
	m.Line("")
	m.Line("**What was found, and what to do**")
	m.Line("")
	for i, f := range s.findings {
		m.Line(fmt.Sprintf("%d. ", i+1), encode.Strong(f.sentence()+"."), " ", encode.Markdown(strings.Join(words.NonEmpty(f.measure(), f.cause()), "; ")), " → ",
			encode.Markdown(strings.Join(words.NonEmpty(f.owner(), f.advice()), ": ")))
	}
	if text := s.further(); text != "" {
		m.Line("")
		m.Line(encode.Markdown(figures.Capital(text) + "."))
	}
}

// matrixTable has a row for each dependency.
func (s *summary) matrixTable(m *encode.Comment) {
	if len(s.rows) == 0 {
		return
	}
	head, line := []string{"dependency", "declared", "behaves"}, []string{"---", "---", "---"}
	for _, mode := range s.m.Modes {
		head, line = append(head, words.Mode(mode)), append(line, "---")
	}
	m.Line("")
	m.Line(tableRow(head))
	m.Line(tableRow(line))
	for _, r := range s.rows {
		cells := []string{encode.Markdown(r.Name), encode.Markdown(cmp.Or(r.Declared, "–")), strings.TrimPrefix(r.behaves(), "behaves ")}
		for _, mode := range s.m.Modes {
			cells = append(cells, markdownCell(r.in(mode)))
		}
		m.Line(tableRow(cells))
	}
	m.Line("")
	m.Line("The share of the journey that is harmed most; ❌ harmful, ⭕ harmful as declared, ✅ harmless, ❔ not decided, ➖ no answer.")
}

// tableRow is one row of a table. The caller has made its cells harmless.
func tableRow(cells []string) string { return "| " + strings.Join(cells, " | ") + " |" }

// markdownCell is one cell of the table.
func markdownCell(c *cellOf) string {
	if c == nil {
		return ""
	}
	mark := map[result.Verdict]string{result.Refuted: "❌", result.Held: "✅", result.Inconclusive: "❔", result.NotRun: "➖"}[words.CellTone(c.Verdict)]
	if c.asDeclared() {
		mark = "⭕"
	}
	text := c.share()
	switch {
	case c.onlyBroke():
		text = "broke"
	case !c.Verdict.Decided() && c.Verdict != scan.Undecided:
		text = words.CellVerdict(c.Verdict)
	}
	if c.Pooled {
		text += " (pool)"
	}
	if c.TakenOver {
		text += " (taken over)"
	}
	return strings.TrimSpace(mark + " " + text)
}

// breakingList says at which latency journeys break.
func (s *summary) breakingList(m *encode.Comment) {
	bullets(m, "Breaking points", s.breakingPoints())
}

// bullets writes texts of a result under a title; nothing where there are none.
func bullets(m *encode.Comment, title string, rows []string) {
	if len(rows) == 0 {
		return
	}
	if title != "" {
		m.Line("")
		m.Line(encode.Strong(title))
	}
	m.Line("")
	for _, text := range rows {
		m.Line("- ", encode.Markdown(text))
	}
}
