// Package validations reports what is wrong with documents: as text for people, as
// workflow commands that GitHub Actions shows beside their lines, as JUnit and as JSON.
package validations

import (
	"io"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/validate"
	"github.com/blastgauge/blastgauge/report/encode"
	"github.com/blastgauge/blastgauge/report/words"
)

// WriteJSON writes the JSON form.
func WriteJSON(w io.Writer, v *validate.Validation) error { return encode.WriteJSON(w, v) }

// WriteText writes it for people.
func WriteText(w io.Writer, v *validate.Validation) error {
	_, err := io.WriteString(w, inert.Lines(v.Text))
	return err
}

// WriteGitHub writes a workflow command for each problem: an error for what would stop a
// run, a warning, and a notice for what is not checked.
func WriteGitHub(w io.Writer, v *validate.Validation) error {
	var commands encode.Commands
	for _, p := range v.Problems {
		level := "error"
		switch p.Kind {
		case validate.NotChecked:
			level = "notice"
		case validate.Warning:
			level = "warning"
		}
		commands.AddAt(level, encode.Place{File: p.File, Line: p.Line, Column: p.Column, EndColumn: p.EndColumn},
			"blastgauge: "+strings.ReplaceAll(string(p.Kind), "_", " "), strings.Join(words.NonEmpty(p.Message, p.Hint, p.Note), "; "))
	}
	return commands.Write(w)
}
