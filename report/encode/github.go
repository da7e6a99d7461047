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
type Commands struct{ out bytes.Buffer }

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
	properties = append(properties, "title="+commandProperty(title))
	fmt.Fprintf(&c.out, "::%s %s::%s\n", level, strings.Join(properties, ","), commandText(text))
}

// Write writes the commands.
func (c *Commands) Write(w io.Writer) error {
	_, err := w.Write(c.out.Bytes())
	return err
}

// commandText writes text so that it cannot end its command or begin another.
func commandText(text string) string { return strings.ReplaceAll(inert.Text(text), "%", "%25") }

// commandProperty writes a value so that it cannot end its property either.
func commandProperty(text string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(commandText(text))
}
