package report

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// writeMarkdown writes a comment for a pull request, or the summary of a job:
// the answer first, one row per experiment, and the reasons folded away. Its
// first line is a mark that stays the same from run to run, by which a job finds
// the comment that it is to replace.
func writeMarkdown(w io.Writer, r *result.Result) error {
	s := summarize(r)
	var m comment
	m.line("<!-- blastgauge ", markOf(r.System.Name), " -->")
	m.line("### ", markdown(s.headline()))
	m.line("")
	m.line(markdownSentence(s.sentence()))
	for _, write := range []func(*printer, *summary){
		(*printer).markdownTable, (*printer).markdownInvariants, (*printer).markdownImpacts, (*printer).markdownReached,
		(*printer).markdownNext, (*printer).markdownReasons,
	} {
		p := &printer{o: Options{}.withDefaults()}
		write(p, s)
		m.part(p.b.String())
	}
	m.line("")
	text, ok := s.removal()
	if !ok {
		text = "**" + text + "**"
	}
	m.line(text, " Run ", markdown(r.Run.ID), ", ", markdown(when(r.Run)), ".")
	_, err := io.WriteString(w, m.text())
	return err
}

func markOf(system string) string {
	return regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(system), "-")
}

func markdownSentence(s sentence) string {
	if s.E == nil {
		return markdown(s.Before)
	}
	before := markdown(s.Before)
	if before != "" {
		before += " "
	}
	return before + "**" + markdown(s.E.ID) + "**" + markdown(s.After)
}

func (p *printer) markdownTable(s *summary) {
	if len(s.order) == 0 {
		return
	}
	p.line("")
	p.line("| | experiment | verdict | harmed beyond control | interval | limit | recovery |")
	p.line("|---|---|---|---:|---:|---:|---:|")
	for _, e := range s.order {
		harmed, interval := "", ""
		if b := known(e); b != nil {
			harmed = percent(b.Estimate) + " of " + markdown(b.Journey)
			interval = points(b.Low) + " to " + percent(b.High)
		}
		p.line(fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %s |", markdownGlyph(e.Verdict), markdown(e.ID), word(e.Verdict),
			harmed, interval, limit(limitOf(e)), markdown(recovery(e)+over(e))))
	}
}

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

func (p *printer) markdownInvariants(s *summary) {
	if len(s.broken) == 0 {
		return
	}
	p.line("")
	p.line("**Broken invariants**")
	p.line("")
	for _, b := range s.broken {
		p.line("- ", markdown(b.inv.Name+": "+violations(b.inv)+", "+b.of.ID+keys(b.inv, 3)))
	}
}

func (p *printer) markdownNext(s *summary) {
	if len(s.next) == 0 {
		return
	}
	p.line("")
	p.line("**Next**")
	p.line("")
	for i, n := range s.next {
		text := n.text
		if n.verb != "" {
			text = n.verb + " " + n.of.ID + ": " + n.text
		}
		if len(n.owners) > 0 {
			text += " (" + enumerate(n.owners) + ")"
		}
		p.line(fmt.Sprintf("%d. ", i+1), markdown(text))
	}
}

// markdownReasons folds away why each verdict is what it is, and what else a
// reader should know.
func (p *printer) markdownReasons(s *summary) {
	var rows []string
	for _, e := range s.order {
		if e.Verdict == result.Held {
			continue
		}
		for _, reason := range e.Reasons {
			rows = append(rows, "- **"+markdown(e.ID)+"**: "+markdown(reason))
		}
	}
	for _, d := range s.documents() {
		rows = append(rows, "- **"+markdown(d.of.ID)+"**: "+markdown(d.sentence()))
	}
	for _, c := range s.caveats() {
		row := "- " + markdown(c.text)
		if len(c.of) > 0 {
			row += " (" + markdown(ids(c.of)) + ")"
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		return
	}
	p.line("")
	p.line("<details><summary>Why</summary>")
	p.line("")
	for _, row := range rows {
		p.line(row)
	}
	p.line("")
	p.line("</details>")
}

// markdown makes text of a result harmless in a comment: it formats nothing,
// links nowhere, and calls nobody. An empty comment splits what a forge would
// take for a mention, an issue or an address.
func markdown(text string) string {
	var b strings.Builder
	for _, c := range plain(text) {
		switch {
		case c == '<':
			b.WriteString("&lt;")
		case c == '&':
			b.WriteString("&amp;")
		case strings.ContainsRune("\\`*_{}[]()>|~!", c):
			b.WriteByte('\\')
			b.WriteRune(c)
		case strings.ContainsRune("@#:", c):
			b.WriteRune(c)
			if c != ':' {
				b.WriteString("<!-- -->")
			}
		default:
			b.WriteRune(c)
		}
	}
	return strings.NewReplacer("://", ":<!-- -->//", "www.", "www<!-- -->.").Replace(b.String())
}
