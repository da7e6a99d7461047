// Package page gives every HTML page the same look: the frame around its content,
// the style sheet and the script, and drawings in SVG with their scales.
//
// A page is one file that needs nothing else: no network, no script, and no style
// sheet beside it unless its options ask for one. Where scripts or styles are
// blocked, as in a CI server's artifact browser, all text and all charts are still
// there.
package page

import (
	_ "embed"
	"fmt"
	"io"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/encode"
	"github.com/blastgauge/blastgauge/report/template"
)

var (
	//go:embed page.css
	styleSheet string
	//go:embed page.js
	script string
)

// StyleSheet is the style sheet of all pages; see [Options].
func StyleSheet() string { return styleSheet }

// Options are settings of pages. The zero value is a file that needs nothing else.
type Options struct {
	// StyleSheet is the address of a file with [StyleSheet] beside the page, for
	// servers that block styles in pages; empty: the styles are in the page.
	StyleSheet string
	Everything bool // nothing is folded, also on paper
	// Folder is the absolute path of the folder that the page is written to, for links to
	// other pages; empty: it is not known, and there are no such links.
	Folder string
}

// A Frame is what surrounds the content of every page.
type Frame struct {
	Title      string
	Kind       string // of page, as its first line says it
	CSS        template.RawText
	StyleSheet string // instead of CSS
	Script     template.RawText
	Everything bool
	Refresh    int // seconds after which a browser without scripts reads the page again; 0: never
}

// NewFrame returns the frame of a page.
func NewFrame(kind, title string, o Options) Frame {
	f := Frame{Title: title, Kind: kind, Script: template.RawText(script), StyleSheet: o.StyleSheet, Everything: o.Everything}
	if f.StyleSheet == "" {
		f.CSS = template.RawText(styleSheet)
	}
	return f
}

// Embed encodes v for a script element of a page, from which programs read it.
func Embed(v any) (template.RawText, error) {
	text, err := encode.JSON(v)
	return template.RawText(text), err
}

// Write writes a page, which is what its template writes. A mistake in a page must not end
// a program that has a verdict to tell: a panic is an error here.
func Write(w io.Writer, content func(*template.Writer)) error {
	page, err := of(content)
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, harmless(string(page)))
	return err
}

func of(content func(*template.Writer)) (page template.HTML, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("render page: %v", p)
		}
	}()
	return template.Of(content), nil
}

// harmless replaces what no escaping makes visible: control characters and those
// that reorder text. Templates have none of their own, and the embedded JSON
// spells them in ASCII. It also breaks what a runner would obey if somebody prints
// the page in the log of a job; styles and scripts are ours.
func harmless(page string) string {
	var b strings.Builder
	b.Grow(len(page))
	ours := false
	for line := range strings.Lines(inert.Clean(page, '\ufffd', "\n\t")) {
		ours = ours || strings.Contains(line, "<style>") || strings.Contains(line, "<script>")
		if !ours {
			line = inert.Command(line)
		}
		ours = ours && !strings.Contains(line, "</style>") && !strings.Contains(line, "</script>")
		b.WriteString(line)
	}
	return b.String()
}

// Tone is the class of a verdict's colour.
func Tone(v result.Verdict) string {
	switch v {
	case result.Held:
		return "ok"
	case result.Refuted:
		return "bad"
	case result.Inconclusive, result.Invalid:
		return "unsure"
	}
	return "mute"
}

// A Link leads to one experiment of the page.
type Link struct{ ID, Name string }

// An Entry is a line of a list of contents: a section, and what is in it.
type Entry struct {
	Link
	Inside []Link
}

// LinkTo returns a link to an experiment under its title, or under its id where it
// has no title.
func LinkTo(id, title string) *Link {
	if title == "" {
		title = id
	}
	return &Link{id, title}
}

// A Sentence is text around a link to one experiment.
type Sentence struct {
	Before string
	Link   *Link // nil for none
	After  string
}

// Plain is the sentence where nothing can link.
func (s Sentence) Plain() string {
	if s.Link == nil {
		return s.Before + s.After
	}
	return s.Before + s.Link.Name + s.After
}

// A Figure is one of the numbers of the first screen.
type Figure struct {
	Label, Value string
	Tone         string // class of the value
	Notes        []Note
}

// A Note is a text in the colour of a class; empty for the usual one.
type Note struct{ Tone, Text string }
