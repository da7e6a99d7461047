package results

import (
	"fmt"
	"io"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/encode"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/words"
)

// WriteMarkdown writes a comment for a pull request, or the summary of a job: first
// the answer, then a row per experiment, with the reasons folded away.
func WriteMarkdown(w io.Writer, r *result.Result, links ...encode.Link) error {
	s := summarize(r)
	var m encode.Comment
	m.Line(encode.CommentMark(r.System.Name))
	m.Line("### ", encode.Markdown(s.headline()))
	m.Line("")
	var lead []string
	for _, sentence := range s.sentences() {
		lead = append(lead, markdownSentence(sentence))
	}
	m.Line(strings.Join(lead, " "))
	m.Line("")
	m.Line(encode.Markdown(strings.Join(words.NonEmpty(s.provenance(), period(s.coverage())), " ")))
	if r.Run.Outcome == result.Interrupted {
		m.Line("")
		m.Line(encode.Markdown(words.Stopped(&r.Run) + " What follows is what was known by then."))
	}
	if s.worst != nil {
		m.Line("")
		m.Line(encode.Markdown(s.largest(titleOf(s.worst))))
	}
	for _, section := range []func(*encode.Comment){s.gameDayTable, s.verdictTable, s.failList, s.brokenList, s.unaskedList, s.alertList, s.harmList, s.impactList, s.reachList, s.saturationList, s.nextList, s.reasonList} {
		m.Section(section)
	}
	m.Notes(r.Run.Notes)
	m.Line("")
	text, removed := s.removal()
	if !removed {
		text = "**" + text + "**"
	}
	m.Line(text, " Run ", encode.Markdown(r.Run.ID), ", ", figures.Period(r.Run.Started, r.Run.Ended), ".")
	m.Links(links)
	_, err := io.WriteString(w, m.String())
	return err
}

// markdownSentence writes a sentence with the experiment that it links to in bold.
func markdownSentence(s page.Sentence) string {
	if s.Link == nil {
		return encode.Markdown(s.Before)
	}
	before, after := encode.Markdown(s.Before), encode.Markdown(s.After)
	if before != "" {
		before += " "
	}
	if strings.HasPrefix(s.After, " ") { // which text that is made harmless does not keep
		after = " " + after
	}
	return before + encode.Strong(s.Link.Name) + after
}

// verdictTable has a row for each experiment.
func (s *summary) verdictTable(m *encode.Comment) {
	if len(s.order) == 0 {
		return
	}
	m.Line("")
	m.Line("| | experiment | verdict | harmed beyond control | interval | limit | recovery |")
	m.Line("|---|---|---|---:|---:|---:|---:|")
	for _, e := range s.order {
		harmed, interval := "", ""
		if b := trustedRadius(e); b != nil {
			harmed = figures.Percent(b.Estimate) + " of " + encode.Markdown(b.Journey)
			if words.IsBracket(b) {
				harmed = words.Excess(b) + " of " + encode.Markdown(b.Journey)
			}
			low, high := words.Ends(b)
			interval = low + " to " + high + "%"
			if text := s.costElsewhere(e); text != "" {
				harmed += "; " + encode.Markdown(text)
			}
		}
		m.Line(fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %s |", markdownGlyph(e.Verdict), markdownName(e), words.Verdict(e.Verdict),
			harmed, interval, words.Limit(limitOf(e)), encode.Markdown(words.Recovery(e.KnownRecovery())+lateMark(e))))
	}
}

// markdownName is the title of an experiment, and its id, by which one runs it again. The
// owner that its document names is code, which notifies nobody.
func markdownName(e *result.Experiment) string {
	name := encode.Markdown(titleOf(e))
	if titleOf(e) != e.ID {
		name += " " + encode.Code(e.ID)
	}
	if e.Owner != "" {
		name += ", owner " + encode.Code(e.Owner)
	}
	return name
}

// markdownGlyph marks a verdict in a comment, which has no colours of ours.
func markdownGlyph(v result.Verdict) string {
	switch v {
	case result.Held:
		return "✅"
	case result.Refuted:
		return "❌"
	case result.NotRun:
		return "➖"
	}
	return "❔"
}

// brokenList lists the broken invariants.
func (s *summary) brokenList(m *encode.Comment) {
	if len(s.broken) == 0 {
		return
	}
	m.Line("")
	m.Line("**Broken invariants**")
	m.Line("")
	for _, b := range s.broken {
		m.Line("- ", encode.Markdown(b.inv.Name+": "+violations(b.inv)+", "+titleOf(b.of)+sampleKeys(b.inv, 3)))
	}
}

// failList says how each dependency fails.
func (s *summary) failList(m *encode.Comment) {
	bulletList(m, "Dependencies", s.fails)
}

// unaskedList lists the invariants that were not asked.
func (s *summary) unaskedList(m *encode.Comment) {
	var rows []string
	for _, u := range s.unasked {
		rows = append(rows, u.sentence(titleOf(u.of)))
	}
	bulletList(m, s.unaskedTitle(), rows)
}

// bulletList writes texts of a result under a title; nothing where there are none.
func bulletList(m *encode.Comment, title string, rows []string) {
	if len(rows) == 0 {
		return
	}
	m.Line("")
	m.Line(encode.Strong(title))
	m.Line("")
	for _, text := range rows {
		m.Line("- ", encode.Markdown(text))
	}
}

// byExperiment lists texts about experiments under a title; nothing where there are none.
func (s *summary) byExperiment(m *encode.Comment, title string, texts func(*result.Experiment) []string) {
	for _, e := range s.order {
		for _, text := range texts(e) {
			if title != "" {
				m.Line("")
				m.Line(encode.Strong(title))
				m.Line("")
				title = ""
			}
			m.Line("- ", encode.Strong(titleOf(e)), ": ", encode.Linked(text, traceLinks(e)))
		}
	}
}

// traceLinks are the links to the traces of an experiment's examples.
func traceLinks(e *result.Experiment) (list []encode.Link) {
	for i := range e.Journeys {
		for _, c := range e.Journeys[i].Causes {
			for _, x := range c.Examples {
				if link := x.Link(); link != "" {
					list = append(list, encode.Link{URL: link, Label: x.Trace})
				}
			}
		}
	}
	return list
}

// harmList says how journeys were harmed, at which step, and how long that took.
func (s *summary) harmList(m *encode.Comment) { s.byExperiment(m, "What was harmed", harmsShown) }

// nextList numbers what to do.
func (s *summary) nextList(m *encode.Comment) {
	if len(s.next) == 0 {
		return
	}
	m.Line("")
	m.Line("**Next**")
	m.Line("")
	for i, n := range s.next {
		text := n.sentence()
		if len(n.owners) > 0 {
			text += " (" + figures.List(n.owners, "and") + ")"
		}
		m.Line(fmt.Sprintf("%d. ", i+1), encode.Markdown(text))
	}
}

// reasonList folds away why each verdict is what it is, and what else a
// reader should know.
func (s *summary) reasonList(m *encode.Comment) {
	var rows []string
	for _, e := range s.order {
		if e.Verdict == result.Held {
			continue
		}
		for _, reason := range whys(e) {
			rows = append(rows, "- "+encode.Strong(titleOf(e))+": "+encode.Markdown(reason))
		}
	}
	for _, d := range s.documents() {
		rows = append(rows, "- "+encode.Strong(titleOf(d.of))+": "+encode.Markdown(d.sentence()))
	}
	for _, c := range s.caveats() {
		row := "- " + encode.Markdown(c.text)
		if len(c.of) > 0 {
			row += " (" + encode.Markdown(experimentList(c.of, titleOf)) + ")"
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		return
	}
	m.Line("")
	m.Line("<details><summary>Why</summary>")
	m.Line("")
	for _, row := range rows {
		m.Line(row)
	}
	m.Line("")
	m.Line("</details>")
}

// impactList lists what an hour of each fault would do to the real system.
func (s *summary) impactList(m *encode.Comment) {
	list := s.impacts()
	if len(list) == 0 {
		return
	}
	m.Line("")
	m.Line(encode.Strong(impactTitle(s.r.System.Traffic)))
	m.Line("")
	for _, e := range list {
		m.Line("- ", encode.Markdown(titleOf(e)+": "+impactWords(e)))
	}
}

// reachList lists what each fault did beyond the journeys that need its dependency.
func (s *summary) reachList(m *encode.Comment) {
	s.byExperiment(m, "Beyond those who need it", sideEffects)
}
