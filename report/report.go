// Package report writes what a run found: for people as text, Markdown and a
// page, for programs as JSON, JUnit and workflow commands.
//
// A report is a function of the result and nothing else: no clock, no locale,
// no file beside it. The same result gives the same bytes everywhere, so
// reports can be compared, cached and kept.
//
// Whatever a result holds is somebody else's text: hypotheses, error messages,
// keys of orders. No format lets it act: not as markup or script in the page,
// not as a control sequence in the terminal.
package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// A Format writes a result. It writes once, after everything that can be wrong
// with the result has been found; further errors are the writer's.
type Format func(w io.Writer, r *result.Result) error

// Options are settings of formats; each format uses those that concern it. The
// zero value suits a file: no colours, Unicode, 80 columns.
type Options struct {
	Color bool // text: colour the glyph and the word of a verdict
	ASCII bool // text: no characters beyond ASCII of our own
	Width int  // text: columns; 0 means 80, others are kept between 60 and 100

	// StyleSheet is the address of a file with [StyleSheet] beside the page, for
	// servers that block styles in pages; empty: the styles are in the page.
	StyleSheet string
	Everything bool   // html: nothing is folded, also on paper
	Runs       string // html of an index: the directory of the runs, as seen from the page; empty: it has no links to their reports
}

// Formats are the names of all formats, sorted.
func Formats() []string { return slices.Sorted(maps.Keys(formats(Options{}))) }

// For gives the format of a name. The error for an unknown name lists the known
// ones.
func For(name string, o Options) (Format, error) {
	f, ok := formats(o)[name]
	if !ok {
		return nil, fmt.Errorf("unknown report format %q: known are %s", name, strings.Join(Formats(), ", "))
	}
	return f, nil
}

func formats(o Options) map[string]Format {
	return map[string]Format{
		"github": writeGitHub,
		"html":   func(w io.Writer, r *result.Result) error { return writeHTML(w, r, o) },
		"json":   writeJSON,
		"junit":  writeJUnit,
		"md":     writeMarkdown,
		"ndjson": writeNDJSON,
		"text":   func(w io.Writer, r *result.Result) error { return writeText(w, r, o.withDefaults()) },
	}
}

func (o Options) withDefaults() Options {
	if o.Width == 0 {
		o.Width = 80
	}
	o.Width = min(max(o.Width, 60), 100)
	return o
}
