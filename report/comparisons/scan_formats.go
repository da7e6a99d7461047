package comparisons

import (
	"io"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/compare"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/report/encode"
	"github.com/blastgauge/blastgauge/report/terminal"
	"github.com/blastgauge/blastgauge/report/words"
)

// writeScanText writes the comparison of two scans for a terminal or a log.
func writeScanText(w io.Writer, c *compare.Comparison, o terminal.Options) error {
	p, s := &printer{terminal.NewPrinter(o)}, c.Scan
	p.Sides(baseTitle(c), headTitle(c))
	p.Wrap("", inert.Text(scanHeadline(s)))
	for _, status := range []compare.Status{compare.Regressed, compare.Improved} {
		p.scanList(figures.Capital(statusWord(status)), status, scanMoves(s, status))
	}
	p.scanList("Dependencies", "", dependencySentences(s, c.Called()))
	p.scanList("Findings", "", findingSentences(s, c.Called()))
	p.scanList("Not decided: neither a regression nor the absence of one", compare.Uncertain, scanReasons(s, compare.Uncertain))
	p.scanList("Not comparable, left out of the result", compare.NotComparable, scanReasons(s, compare.NotComparable))
	p.scanDiff(s)
	p.scanList("Notes", "", scanNotes(c))
	if counts := scanCounts(s); counts != "" {
		p.Line("")
		p.Wrap("", counts)
	}
	_, err := w.Write(p.Bytes())
	return err
}

// scanList lists texts under a title, each behind the mark of a status, if there is one.
func (p *printer) scanList(title string, status compare.Status, list []string) {
	if len(list) == 0 {
		return
	}
	p.Line("")
	p.Wrap("", title)
	for _, text := range list {
		mark := "  "
		if status != "" {
			mark = p.statusMark(status)
		}
		p.Wrap(mark, inert.Text(text))
	}
}

// scanDiff shows which lines of the documents differ.
func (p *printer) scanDiff(s *compare.ScanComparison) {
	for _, d := range s.Diff {
		p.Line("")
		p.Line(terminal.Cut(inert.Text(d.File), p.Width))
		for _, l := range d.Lines {
			p.Line("  ", diffText(l, p.Width-4))
		}
	}
}

// writeScanMarkdown writes a comment for a pull request.
func writeScanMarkdown(w io.Writer, c *compare.Comparison, links []encode.Link) error {
	s := c.Scan
	var m encode.Comment
	m.Line(encode.CommentMark(systemOf(c) + " scan"))
	m.Line("### Scan: ", encode.Markdown(figures.Uncapital(scanHeadline(s))))
	list := func(rows []string) func(*encode.Comment) {
		return func(m *encode.Comment) {
			for _, text := range rows {
				m.Line("- ", encode.Markdown(text))
			}
		}
	}
	titled := func(title string, rows []string) {
		if len(rows) > 0 {
			m.Section(func(m *encode.Comment) {
				m.Line("")
				m.Line(encode.Strong(title))
				m.Line("")
				list(rows)(m)
			})
		}
	}
	titled("Regressed", scanMoves(s, compare.Regressed))
	titled("Improved", scanMoves(s, compare.Improved))
	titled("Dependencies", dependencySentences(s, c.Called()))
	titled("Findings", findingSentences(s, c.Called()))
	m.Fold("Not decided", list(scanReasons(s, compare.Uncertain)))
	m.Fold("Not comparable", list(scanReasons(s, compare.NotComparable)))
	m.Fold("Notes", list(scanNotes(c)))
	if counts := scanCounts(s); counts != "" {
		m.Line("")
		m.Line(encode.Markdown(figures.Capital(counts) + "."))
	}
	m.Line("")
	m.Line("<sub>", encode.Markdown(baseTitle(c)), ", ", encode.Markdown(headTitle(c)), ". ", encode.Code(scanCommand(c)), "</sub>")
	m.Links(links)
	_, err := io.WriteString(w, m.String())
	return err
}

// writeScanJUnit writes a suite per dependency with a case per cell and one for the breaking
// point, and a suite of the pairs. A case fails where it regressed. What cannot be compared or is not decided is
// skipped.
func writeScanJUnit(w io.Writer, c *compare.Comparison, links []encode.Link) error {
	var suites []encode.Suite
	at := map[string]int{}
	add := func(id, dependency, name string, status compare.Status, sentence, reason string) {
		i, known := at[id]
		if !known {
			i = len(suites)
			at[id] = i
			s := encode.Suite{ID: id, Name: dependency}
			s.Set("base", runsName(c.Base))
			s.Set("head", runsName(c.Head))
			s.SetLinks(links)
			suites = append(suites, s)
		}
		suites[i].Add(encode.Outcome{Name: dependency + ": " + name, Verdict: verdictOf(status), Type: statusCode(status), Reasons: words.NonEmpty(reason, sentence), Links: links})
	}
	for i := range c.Scan.Cells {
		x := &c.Scan.Cells[i]
		add(x.Dependency, x.Dependency, words.Mode(x.Mode), x.Status, cellSentence(x), x.Reason)
	}
	for i := range c.Scan.BreakingPoints {
		x := &c.Scan.BreakingPoints[i]
		add(x.Dependency, x.Dependency, "breaking point", x.Status, pointSentence(x), x.Reason)
	}
	for i := range c.Scan.Pairs {
		x := &c.Scan.Pairs[i]
		add("_pairs", "pairs", cellName(x), x.Status, cellSentence(x), x.Reason)
	}
	return encode.WriteJUnit(w, encode.CompareScanKind, systemOf(c), suites)
}

// writeScanGitHub writes workflow commands: an error for what regressed, a warning for what
// is not decided or cannot be compared, and a notice with the headline.
func writeScanGitHub(w io.Writer, c *compare.Comparison, links []encode.Link) error {
	var commands encode.Commands
	for _, text := range scanMoves(c.Scan, compare.Regressed) {
		commands.Add("error", "", 0, "blastgauge scan regressed", text)
	}
	for _, status := range []compare.Status{compare.NotComparable, compare.Uncertain} {
		if list := scanReasons(c.Scan, status); len(list) > 0 { // in one, as few are shown
			commands.Add("warning", "", 0, "blastgauge scan "+statusWord(status), strings.Join(list, "; "))
		}
	}
	commands.Add("notice", "", 0, "blastgauge compare", strings.Join(append([]string{scanHeadline(c.Scan)}, encode.LinkTexts(links)...), "; "))
	return commands.Write(w)
}

// writeScanNDJSON writes a line for each cell, pair, breaking point, dependency and finding.
func writeScanNDJSON(w io.Writer, c *compare.Comparison) error {
	base, head := lastRun(c.Base), lastRun(c.Head)
	list := []encode.Event{{Event: "run", At: head.Started, System: head.System}}
	for i := range c.Scan.Cells {
		list = append(list, cellEvent("cell", &c.Scan.Cells[i]))
	}
	for i := range c.Scan.Pairs {
		list = append(list, cellEvent("pair", &c.Scan.Pairs[i]))
	}
	for i := range c.Scan.BreakingPoints {
		x := &c.Scan.BreakingPoints[i]
		list = append(list, encode.Event{Event: "breaking_point", Dependency: x.Dependency, Status: statusCode(x.Status), What: pointSentence(x), Reasons: words.NonEmpty(x.Reason)})
	}
	for _, text := range dependencySentences(c.Scan, c.Called()) {
		list = append(list, encode.Event{Event: "dependency", What: text})
	}
	for _, text := range findingSentences(c.Scan, c.Called()) {
		list = append(list, encode.Event{Event: "finding", What: text})
	}
	list = append(list, encode.Event{Event: "end", What: scanHeadline(c.Scan), ExitCode: &c.ExitCode})
	for i := range list {
		list[i].Run, list[i].Base = head.ID, base.ID
	}
	return encode.WriteLines(w, list)
}

// cellEvent is the line of a cell or a pair.
func cellEvent(event string, x *compare.CellChange) encode.Event {
	e := encode.Event{
		Event: event, Dependency: strings.Join(words.NonEmpty(x.Dependency, x.Other), ","), Mode: string(x.Mode),
		Status: statusCode(x.Status), What: cellSentence(x), Reasons: words.NonEmpty(x.Reason),
	}
	if x.Head != nil && x.Head.Share != nil {
		e.Journey, e.Estimate, e.Low, e.High = x.Head.Share.Journey, &x.Head.Share.Estimate, &x.Head.Share.Low, &x.Head.Share.High
	}
	return e
}
