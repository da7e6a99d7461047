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
	var properties []string
	if file != "" {
		properties = append(properties, "file="+commandProperty(file))
		if line > 0 {
			properties = append(properties, fmt.Sprintf("line=%d", line))
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
