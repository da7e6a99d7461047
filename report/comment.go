package report

import (
	"fmt"
	"strings"
)

// mostComment is what a comment may hold, in bytes: forges refuse more than
// 65,536 characters, some more than half of that counted otherwise.
const mostComment = 60_000

// A comment is Markdown in sections, of which whole ones are left out from the
// end where all together would be too long.
type comment struct {
	sections []*strings.Builder
}

func (m *comment) line(parts ...string) {
	if len(m.sections) == 0 {
		m.sections = append(m.sections, new(strings.Builder))
	}
	s := m.sections[len(m.sections)-1]
	s.WriteString(strings.TrimRight(strings.Join(parts, ""), " "))
	s.WriteByte('\n')
}

// part is a section of its own, that may be left out.
func (m *comment) part(text string) {
	m.sections = append(m.sections, new(strings.Builder), new(strings.Builder))
	m.sections[len(m.sections)-2].WriteString(text)
}

// fold is a section that is folded away; nothing is written where it would be
// empty.
func (m *comment) fold(title string, fill func(*comment)) {
	var inner comment
	fill(&inner)
	text := strings.Trim(inner.text(), "\n")
	if text == "" {
		return
	}
	m.sections = append(m.sections, new(strings.Builder))
	m.line("")
	m.line("<details><summary>", title, "</summary>")
	m.line("")
	m.line(text)
	m.line("")
	m.line("</details>")
	m.sections = append(m.sections, new(strings.Builder))
}

// text is the comment. What is left out is the longest section, then the next,
// until the rest fits: never a part of one.
func (m *comment) text() string {
	out := make([]string, len(m.sections))
	for i := range m.sections {
		out[i] = m.sections[i].String()
	}
	left := 0
	for total(out) > mostComment-200 {
		longest := 0
		for i := range out {
			if i > 0 && (longest == 0 || len(out[i]) > len(out[longest])) {
				longest = i
			}
		}
		if longest == 0 || out[longest] == "" {
			break // one section only, and the first says the answer
		}
		out[longest] = ""
		left++
	}
	text := strings.Join(out, "")
	if left > 0 {
		text += fmt.Sprintf("\n%s left out: this comment would have been too long.\n", plural(left, "section is", "sections are"))
	}
	return text
}

func total(list []string) int {
	n := 0
	for _, s := range list {
		n += len(s)
	}
	return n
}
