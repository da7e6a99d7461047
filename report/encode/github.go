package encode

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/inert"
)

// Commands are workflow commands, which GitHub Actions shows beside a line of a
// file in the pull request. The zero value has none.
type Commands struct{ list []command }

// A command is one line, and what it is called where it is not shown.
type command struct{ level, title, line string }

const (
	mostShown = 10    // annotations of each level that GitHub shows of a step
	longText  = 4_000 // characters; GitHub cuts what is longer
	longTitle = 250
)

// Add adds a command at a line of a file. The level is error, warning or notice.
// A file may be empty and a line 0: then the command has no place.
func (c *Commands) Add(level, file string, line int, title, text string) {
	c.AddAt(level, Place{File: file, Line: line}, title, text)
}

// A Place is a part of a line of a file, all counted from 1; 0 is unknown.
type Place struct {
	File                    string
	Line, Column, EndColumn int
}

// AddAt adds a command at a place, as [Commands.Add] does.
func (c *Commands) AddAt(level string, at Place, title, text string) {
	var properties []string
	if at.File != "" {
		properties = append(properties, "file="+commandProperty(at.File))
		for _, p := range []struct {
			name  string
			value int
		}{{"line", at.Line}, {"col", at.Column}, {"endColumn", at.EndColumn}} {
			if p.value <= 0 {
				break
			}
			properties = append(properties, fmt.Sprintf("%s=%d", p.name, p.value))
		}
	}
	title = shortened(title, longTitle)
	properties = append(properties, "title="+commandProperty(title))
	c.list = append(c.list, command{level, title, fmt.Sprintf("::%s %s::%s\n", level, strings.Join(properties, ","), commandText(shortened(text, longText)))})
}

// Write writes the commands. GitHub shows the first few of each level: where there are more,
// the last that it shows names the others, which only the log has.
func (c *Commands) Write(w io.Writer) error {
	total, before := map[string]int{}, map[string]int{}
	for _, v := range c.list {
		total[v.level]++
	}
	var out bytes.Buffer
	for i, v := range c.list {
		if before[v.level]++; before[v.level] == mostShown && total[v.level] > mostShown {
			out.WriteString(c.rest(v.level, i))
		}
		out.WriteString(v.line)
	}
	_, err := w.Write(out.Bytes())
	return err
}

// rest is the command that stands for those of a level from the i-th on.
func (c *Commands) rest(level string, i int) string {
	var titles []string
	for _, v := range c.list[i:] {
		if v.level == level {
			titles = append(titles, v.title)
		}
	}
	text := fmt.Sprintf("%d more, which are in the log of the job: %s", len(titles), strings.Join(titles, "; "))
	return fmt.Sprintf("::%s title=blastgauge::%s\n", level, commandText(shortened(text, longText)))
}

// shortened cuts text at so many characters, and marks that it did.
func shortened(text string, most int) string {
	if len(text) <= most {
		return text
	}
	if list := []rune(text); len(list) > most {
		return string(list[:most-1]) + "…"
	}
	return text
}

// commandText writes text so that it cannot end its command or begin another.
func commandText(text string) string { return strings.ReplaceAll(inert.Text(text), "%", "%25") }

// commandProperty writes a value so that it cannot end its property either.
func commandProperty(text string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(commandText(text))
}
