// Package report writes what runs found: for people as text, Markdown and pages,
// for programs as JSON, lines of JSON, JUnit and workflow commands.
//
// There are six kinds of report, each in its own room: of the result of one run
// ([results]), of the map of a scan ([scans]), of the comparison of base and head ([comparisons]), of many runs
// over time ([trends]), of a change that asks to ship ([gates]), and of what is wrong with documents ([validations]). This
// package chooses a room and a format by name. It also keeps the page of all runs
// beside them ([WriteIndex]).
//
// A report is a function of what it reports and nothing else: no clock, no locale,
// no file beside it. The same result gives the same bytes everywhere, so reports
// can be compared, cached and kept.
//
// Whatever a result holds is somebody else's text: hypotheses, error messages,
// keys of orders. No format lets it act: not as markup or script in the page, not
// as a control sequence in the terminal.
package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/compare"
	"github.com/blastgauge/blastgauge/experiments/gate"
	"github.com/blastgauge/blastgauge/experiments/history"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/validate"
	"github.com/blastgauge/blastgauge/report/comparisons"
	"github.com/blastgauge/blastgauge/report/encode"
	"github.com/blastgauge/blastgauge/report/gates"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/results"
	"github.com/blastgauge/blastgauge/report/scans"
	"github.com/blastgauge/blastgauge/report/terminal"
	"github.com/blastgauge/blastgauge/report/trends"
	"github.com/blastgauge/blastgauge/report/validations"
	"github.com/blastgauge/blastgauge/report/words"
)

// A Format writes a result. It writes once, after everything that can be wrong
// with the result has been found; further errors are the writer's.
type Format func(w io.Writer, r *result.Result) error

// A CompareFormat writes a comparison, as a [Format] writes a result.
type CompareFormat func(w io.Writer, c *compare.Comparison) error

// An IndexFormat writes what a directory of runs shows over time, as a [Format]
// writes a result.
type IndexFormat func(w io.Writer, x *history.Index) error

// A GateFormat writes what a gate found, as a [Format] writes a result.
type GateFormat func(w io.Writer, r *gate.Report) error

// A ValidationFormat writes what is wrong with documents, as a [Format] writes a result.
type ValidationFormat func(w io.Writer, v *validate.Validation) error

// Options are settings of formats; each format uses those that concern it. The
// zero value suits a file: no colours, Unicode, 80 columns.
type Options struct {
	Color bool // text: colour the glyph and the word of a verdict
	ASCII bool // text: no characters beyond ASCII of our own
	Width int  // text: columns; 0 means 80, others are kept between 40 and 100

	// StyleSheet is the address of a file with [StyleSheet] beside the page, for
	// servers that block styles in pages; empty: the styles are in the page.
	StyleSheet string
	Everything bool          // html: nothing is folded, also on paper
	Folder     string        // html of a comparison or a gate: absolute path of the folder of the page; empty: it has no links to the pages of its runs
	Links      []encode.Link // github, junit and md: where the report and the job are; see [JobLinks]
	Runs       string        // html of an index: the directory of the runs, as seen from the page; empty: it has no links to their reports
}

func (o Options) terminal() terminal.Options {
	return terminal.Options{Color: o.Color, ASCII: o.ASCII, Width: o.Width}
}

func (o Options) page() page.Options {
	return page.Options{StyleSheet: o.StyleSheet, Everything: o.Everything, Folder: o.Folder}
}

// JobLinks are the links of a report that a job of a CI system makes, from the environment
// of the job. Page is the absolute path of an HTML page that the job keeps; empty for none.
func JobLinks(getenv func(name string) string, page string) []encode.Link {
	return encode.JobLinks(getenv, page)
}

// Again is what repeats a run or a scan: the command, and the variables of the environment
// that it needs.
func Again(r *result.Result) words.Repetition {
	if r.Scan != nil {
		return scans.Again(r)
	}
	return results.Again(r)
}

// StyleSheet is the style sheet of all pages; see [Options].
func StyleSheet() string { return page.StyleSheet() }

// For returns the format of a result by its name. The error for an unknown name
// lists the known ones.
func For(name string, o Options) (Format, error) {
	run, err := find("report format", name, resultFormats(o))
	if err != nil {
		return nil, err
	}
	scan := scanFormats(o)[name]
	return func(w io.Writer, r *result.Result) error {
		if r.Scan != nil {
			return scan(w, r)
		}
		return run(w, r)
	}, nil
}

// CompareFor returns the format of a comparison, as [For] does for a result.
func CompareFor(name string, o Options) (CompareFormat, error) {
	return find("report format", name, compareFormats(o))
}

// IndexFor returns the format of an index, as [For] does for a result. Text shows
// that many of the newest runs, all of them for 0.
func IndexFor(name string, o Options, newest int) (IndexFormat, error) {
	return find("history format", name, indexFormats(o, newest))
}

// GateFor returns the format of what a gate found, as [For] does for a result. JSON is the
// [gate.Report] as it is, which programs read.
func GateFor(name string, o Options) (GateFormat, error) {
	return find("gate format", name, gateFormats(o))
}

// ValidationFor returns the format of a validation, as [For] does for a result.
func ValidationFor(name string) (ValidationFormat, error) {
	return find("validation format", name, validationFormats())
}

// ValidationFormats are the names of the formats of a validation, sorted.
func ValidationFormats() []string { return names(validationFormats()) }

func validationFormats() map[string]ValidationFormat {
	return map[string]ValidationFormat{"github": validations.WriteGitHub, "json": validations.WriteJSON, "junit": validations.WriteJUnit, "text": validations.WriteText}
}

// Formats are the names of the formats of a result, sorted.
func Formats() []string { return names(resultFormats(Options{})) }

// CompareFormats are the names of the formats of a comparison, sorted.
func CompareFormats() []string { return names(compareFormats(Options{})) }

// GateFormats are the names of the formats of what a gate found, sorted.
func GateFormats() []string { return names(gateFormats(Options{})) }

// IndexFormats are the names of the formats of an index, sorted.
func IndexFormats() []string { return names(indexFormats(Options{}, 0)) }

func resultFormats(o Options) map[string]Format {
	return map[string]Format{
		"github": func(w io.Writer, r *result.Result) error { return results.WriteGitHub(w, r, o.Links...) },
		"html":   func(w io.Writer, r *result.Result) error { return results.WriteHTML(w, r, o.page()) },
		"json":   func(w io.Writer, r *result.Result) error { return encode.WriteJSON(w, r) },
		"junit":  func(w io.Writer, r *result.Result) error { return results.WriteJUnit(w, r, o.Links...) },
		"md":     func(w io.Writer, r *result.Result) error { return results.WriteMarkdown(w, r, o.Links...) },
		"ndjson": results.WriteNDJSON,
		"text":   func(w io.Writer, r *result.Result) error { return results.WriteText(w, r, o.terminal()) },
	}
}

// scanFormats are the formats of a result that is the map of a scan, under the same names.
func scanFormats(o Options) map[string]Format {
	return map[string]Format{
		"github": func(w io.Writer, r *result.Result) error { return scans.WriteGitHub(w, r, o.Links...) },
		"html":   func(w io.Writer, r *result.Result) error { return scans.WriteHTML(w, r, o.page()) },
		"json":   func(w io.Writer, r *result.Result) error { return encode.WriteJSON(w, r) },
		"junit":  func(w io.Writer, r *result.Result) error { return scans.WriteJUnit(w, r, o.Links...) },
		"md":     func(w io.Writer, r *result.Result) error { return scans.WriteMarkdown(w, r, o.Links...) },
		"ndjson": scans.WriteNDJSON,
		"text":   func(w io.Writer, r *result.Result) error { return scans.WriteText(w, r, o.terminal()) },
	}
}

func compareFormats(o Options) map[string]CompareFormat {
	return map[string]CompareFormat{
		"github": func(w io.Writer, c *compare.Comparison) error { return comparisons.WriteGitHub(w, c, o.Links...) },
		"html":   func(w io.Writer, c *compare.Comparison) error { return comparisons.WriteHTML(w, c, o.page()) },
		"json":   func(w io.Writer, c *compare.Comparison) error { return encode.WriteJSON(w, c) },
		"junit":  func(w io.Writer, c *compare.Comparison) error { return comparisons.WriteJUnit(w, c, o.Links...) },
		"md":     func(w io.Writer, c *compare.Comparison) error { return comparisons.WriteMarkdown(w, c, o.Links...) },
		"ndjson": comparisons.WriteNDJSON,
		"text":   func(w io.Writer, c *compare.Comparison) error { return comparisons.WriteText(w, c, o.terminal()) },
	}
}

func indexFormats(o Options, newest int) map[string]IndexFormat {
	return map[string]IndexFormat{
		"html": func(w io.Writer, x *history.Index) error { return trends.WriteHTML(w, x, o.Runs, o.page()) },
		"json": func(w io.Writer, x *history.Index) error { return encode.WriteJSON(w, x) },
		"text": func(w io.Writer, x *history.Index) error { return trends.WriteText(w, x, newest, o.terminal()) },
	}
}

func gateFormats(o Options) map[string]GateFormat {
	return map[string]GateFormat{
		"github": func(w io.Writer, r *gate.Report) error { return gates.WriteGitHub(w, r, o.Links...) },
		"html":   func(w io.Writer, r *gate.Report) error { return gates.WriteHTML(w, r, o.page()) },
		"json":   func(w io.Writer, r *gate.Report) error { return encode.WriteJSON(w, r) },
		"junit":  func(w io.Writer, r *gate.Report) error { return gates.WriteJUnit(w, r, o.Links...) },
		"md":     func(w io.Writer, r *gate.Report) error { return gates.WriteMarkdown(w, r, o.Links...) },
		"text":   func(w io.Writer, r *gate.Report) error { return gates.WriteText(w, r, o.terminal()) },
	}
}

// An UnknownFormatError is the name of a format that there is not.
type UnknownFormatError struct {
	Kind  string // such as "report format"
	Name  string
	Known []string // sorted
}

func (e *UnknownFormatError) Error() string {
	return fmt.Sprintf("unknown %s %q: known are %s", e.Kind, e.Name, strings.Join(e.Known, ", "))
}

func find[F any](kind, name string, formats map[string]F) (F, error) {
	f, ok := formats[name]
	if !ok {
		return f, &UnknownFormatError{kind, name, names(formats)}
	}
	return f, nil
}

func names[F any](formats map[string]F) []string { return slices.Sorted(maps.Keys(formats)) }
