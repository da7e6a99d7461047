package gating

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/blastgauge/blastgauge/experiments/gate"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/report"
)

// PageFile is the page of a gate, beside that of the candidate's run.
const PageFile = "gate.html"

// Formats are the formats of a report.
func Formats() []string { return []string{"text", "json"} }

// Format finds a format by its name.
func Format(name string, _ report.Options) (func(io.Writer, *gate.Report) error, error) {
	switch name {
	case "text":
		return writeText, nil
	case "json":
		return writeJSON, nil
	}
	return nil, &report.UnknownFormatError{Name: name, Known: Formats()}
}

func files() map[string]func(io.Writer, *gate.Report) error {
	return map[string]func(io.Writer, *gate.Report) error{gate.File: writeJSON}
}

func writeJSON(w io.Writer, r *gate.Report) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

func writeText(w io.Writer, r *gate.Report) error {
	text := r.Sentence + "\n"
	for _, c := range r.Changed {
		text += fmt.Sprintf("  %s: %s -> %s\n", c.Pointer, c.From, c.To)
	}
	for _, n := range r.Neighborhood {
		text += fmt.Sprintf("  near  %-12s %s\n", n.Verdict, n.What)
	}
	_, err := io.WriteString(w, inert.Lines(text))
	return err
}
