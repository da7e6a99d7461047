package encode

import (
	"fmt"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
)

// MaxComment is how many bytes a comment may have. Forges refuse more than 65,536
// characters, and some count a character as more than one.
const MaxComment = 60_000

// A Comment is Markdown in sections. Where it would be too long, it leaves out
// whole sections. The zero value is empty.
type Comment struct {
	sections []*strings.Builder
}

// Line writes one line, without the spaces at its end.
func (m *Comment) Line(parts ...string) {
	if len(m.sections) == 0 {
		m.sections = append(m.sections, new(strings.Builder))
	}
	s := m.sections[len(m.sections)-1]
	s.WriteString(strings.TrimRight(strings.Join(parts, ""), " "))
	s.WriteByte('\n')
}

// Links writes a paragraph of links; nothing where there are none.
func (m *Comment) Links(links []Link) {
	if len(links) > 0 {
		m.Line("")
		m.Line(LinkLine(links))
	}
}

// Section writes a part of the comment that may be left out.
func (m *Comment) Section(write func(*Comment)) {
	m.section(contentOf(write))
}

// Fold writes a section under a title that opens it. It writes nothing where the
// section would be empty.
func (m *Comment) Fold(title string, write func(*Comment)) {
	text := strings.Trim(contentOf(write), "\n")
	if text == "" {
		return
	}
	m.section("\n<details><summary>" + title + "</summary>\n\n" + text + "\n\n</details>\n")
}

func contentOf(write func(*Comment)) string {
	var inner Comment
	write(&inner)
	return inner.String()
}

// section adds text as a section of its own, and begins another one after it.
func (m *Comment) section(text string) {
	s := new(strings.Builder)
	s.WriteString(text)
	m.sections = append(m.sections, s, new(strings.Builder))
}

// String is the comment. Where all of it would be too long, it leaves out the
// longest section, then the next, until the rest fits; the first section, which
// has the answer, always stays.
func (m *Comment) String() string {
	out := make([]string, len(m.sections))
	total := 0
	for i, s := range m.sections {
		out[i] = s.String()
		total += len(out[i])
	}
	omitted := 0
	for total > MaxComment-200 {
		longest := 0
		for i := range out {
			if i > 0 && (longest == 0 || len(out[i]) > len(out[longest])) {
				longest = i
			}
		}
		if longest == 0 || out[longest] == "" {
			break
		}
		total -= len(out[longest])
		out[longest] = ""
		omitted++
	}
	text := strings.Join(out, "")
	if omitted > 0 {
		text += fmt.Sprintf("\n%s left out: this comment would have been too long.\n", figures.Plural(omitted, "section is", "sections are"))
	}
	return text
}
