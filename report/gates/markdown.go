package gates

import (
	"io"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/gate"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/encode"
	"github.com/blastgauge/blastgauge/report/words"
)

// commentOf tells the comment about a candidate from those about runs of its system.
const commentOf = " gate "

// WriteMarkdown writes a comment for a pull request, or the summary of a job: first the
// answer, whom the change harms and what to do; the neighborhood and the attempts are folded
// away.
func WriteMarkdown(w io.Writer, r *gate.Report, links ...encode.Link) error {
	s := summarize(r)
	var m encode.Comment
	m.Line(encode.CommentMark(r.System + commentOf + r.Candidate.File))
	m.Line("### ", mark(r.Verdict), " ", encode.Markdown(s.headline()))
	if text := s.lead(); text != "" {
		m.Line("")
		m.Line(encode.Markdown(text))
	}
	s.alarms(&m)
	m.Section(func(m *encode.Comment) { s.harmList(m) })
	m.Section(func(m *encode.Comment) { s.stepList(m) })
	m.Section(func(m *encode.Comment) { s.changeTable(m) })
	m.Section(func(m *encode.Comment) { s.nearSection(m) })
	m.Fold("Not measured", func(m *encode.Comment) {
		for _, g := range s.gaps() {
			m.Line("- ", encode.Markdown(g.Text()))
		}
	})
	m.Fold("Earlier attempts", func(m *encode.Comment) { s.attemptTable(m) })
	m.Line("")
	m.Line(encode.Markdown(s.took()), ". Run ", encode.Markdown(r.Run), where(r), ".")
	if text := s.signed(); text != "" {
		m.Line("Statement: ", encode.Markdown(text), ".")
	}
	m.Links(links)
	_, err := io.WriteString(w, m.String())
	return err
}

// where says where and when it was measured.
func where(r *gate.Report) string {
	parts := []string{""}
	for _, part := range words.NonEmpty(words.Place(r.System, r.Environment), figures.Period(r.Started, r.Ended)) {
		parts = append(parts, encode.Markdown(part))
	}
	return strings.Join(parts, ", ")
}

// mark is a verdict where there is no colour but that of pictures.
func mark(v result.Verdict) string {
	switch v {
	case result.Refuted:
		return "❌"
	case result.Held:
		return "✅"
	case result.Inconclusive, result.Invalid:
		return "❔"
	}
	return "➖"
}

// alarms are what has to catch the eye.
func (s *summary) alarms(m *encode.Comment) {
	say := func(strong, text string) {
		m.Line("")
		m.Line("⚠️ ", encode.Strong(figures.Capital(strong)), " ", encode.Markdown(text))
	}
	if s.notPutBack() {
		say("The candidate may still be in place.", "Put back what was served before: "+s.recover())
	}
	if text := s.attemptsText(); text != "" {
		why := ""
		if s.retried() {
			why = retriedText
		}
		say(text+".", why)
	}
	for _, text := range s.bypasses() {
		say(period(text), "")
	}
	for _, text := range s.warnings() {
		say(text+".", "")
	}
}

// harmList says whom the candidate harms, at which step and why.
func (s *summary) harmList(m *encode.Comment) {
	title := func(text string) {
		m.Line("")
		m.Line("**" + text + "**")
		m.Line("")
	}
	if len(s.r.Failures) > 0 {
		title("What it harms")
	}
	for _, f := range s.failures() {
		m.Line("- ", encode.Strong(f.Experiment), ": ", encode.Markdown(f.brief()))
		if text := f.example(); text != "" {
			m.Line("  for example ", encode.Markdown(text))
		}
	}
	if text := more(len(s.r.Failures), mostFailures); text != "" {
		m.Line("- ", text)
	}
	if list := s.others(); len(list) > 0 {
		title(s.othersTitle())
		for _, f := range list {
			m.Line("- ", mark(f.Verdict), " ", encode.Markdown(f.text()))
		}
	}
}

// stepList says what to do now.
func (s *summary) stepList(m *encode.Comment) {
	if len(s.steps) == 0 {
		return
	}
	m.Line("")
	m.Line("**What to do now**")
	m.Line("")
	for _, x := range s.steps {
		m.Line("1. ", strings.Join(words.NonEmpty(encode.Markdown(x.Said()), encode.Code(x.Command)), " "))
	}
}

// row writes a row of a table. The caller has made its cells harmless.
func row(m *encode.Comment, cells ...string) {
	m.Line("| " + strings.Join(cells, " | ") + " |")
}

// changeTable has a row for each value that changed, and tells the smallest part that fails.
func (s *summary) changeTable(m *encode.Comment) {
	if len(s.r.Changed) == 0 {
		return
	}
	m.Line("")
	row(m, "What changed", "served now", "candidate", "")
	row(m, "---", "---", "---", "---")
	for _, c := range s.changed() {
		note := ""
		if s.blamed(c.pointer) {
			note = "❌ " + s.blame()
		}
		row(m, encode.Code(c.Place()), encode.Code(c.From()), encode.Code(c.To()), note)
	}
	if text := more(len(s.r.Changed), mostChanged); text != "" {
		m.Line("")
		m.Line(text + ".")
	}
}

// nearSection says how close to the edge the candidate is.
func (s *summary) nearSection(m *encode.Comment) {
	if len(s.r.Neighborhood) == 0 {
		return
	}
	m.Line("")
	m.Line("**How close to the edge** ", encode.Markdown(figures.Capital(period(s.nearestText()))))
	m.Fold(encode.Markdown("The candidate with one more change: "+s.counted()), func(m *encode.Comment) {
		row(m, "", "change", "harmed (95% interval)", "limit")
		row(m, "---", "---", "---", "---")
		for _, n := range s.neighbors() {
			limit := "–"
			if n.Limit >= 0 {
				limit = words.Limit(n.Limit)
			}
			row(m, mark(n.Verdict)+" "+words.Verdict(n.Verdict), encode.Markdown(n.text()), encode.Markdown(n.Harmed()), limit)
		}
		if text := more(len(s.r.Neighborhood), mostNear); text != "" {
			row(m, "", text, "", "")
		}
	})
}

// attemptTable lists the earlier attempts.
func (s *summary) attemptTable(m *encode.Comment) {
	if s.r.Attempts.Count <= 0 {
		return
	}
	row(m, "when (UTC)", "verdict", "run")
	row(m, "---", "---", "---")
	for _, a := range s.attempts() {
		row(m, figures.Minute(a.At), mark(a.Verdict)+" "+words.Verdict(a.Verdict), encode.Code(a.Run))
	}
	if rest := s.r.Attempts.Count - len(s.attempts()); rest > 0 {
		row(m, "older", figures.Count(rest), "")
	}
}
