// Package output writes what a command found: in the formats that -o names, each to where
// it names, and shown in a browser where --open asks for it.
package output

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/live"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/report"
)

// A Console is where a command prints, and the environment that says how.
type Console struct {
	Stdout io.Writer
	Getenv func(string) (string, bool)
}

// An Output is one -o FORMAT[=PATH]: a format of what a command reports, and where it
// goes.
type Output[T any] struct {
	Name   string
	Format func(io.Writer, T) error
	Path   string // empty: stdout
}

// A Finder finds a format by its name.
type Finder[T any] func(name string, o report.Options) (func(io.Writer, T) error, error)

// stepSummary names the file of a job's summary, in GitHub Actions.
const stepSummary = "GITHUB_STEP_SUMMARY"

// Usage describes the flag that names formats.
func Usage(formats []string) string {
	return "`FORMAT[=PATH]`: " + figures.List(formats, "or") + "; repeatable (default: text on stdout)"
}

// Parse parses -o flags. Without any, the output is text on stdout. What cannot be
// written is found now, and not when the work is done.
func Parse[T any](c Console, specs []string, find Finder[T]) ([]Output[T], error) {
	if len(specs) == 0 {
		specs = []string{"text"}
	}
	find = withLinks(c, specs, find)
	var list []Output[T]
	var blocked []error
	onStdout := 0
	for _, spec := range specs {
		name, path, _ := strings.Cut(spec, "=")
		format, err := findFormat(c, name, path, find)
		if err != nil {
			return nil, explainFormat(err)
		}
		if name == "github" {
			if format, err = withSummary(c, format, find); err != nil {
				return nil, err
			}
		}
		if path == "" && name == "html" && live.IsTerminal(c.Stdout) {
			return nil, usage.Errorf("-o html is a page for a browser, and stdout is a terminal: write it with -o html=report.html")
		}
		if path == "" {
			onStdout++
		} else {
			blocked = append(blocked, atomicfile.Check(path))
		}
		if summary, ok := c.Getenv(stepSummary); ok && summary != "" && name == "github" {
			blocked = append(blocked, atomicfile.Check(summary))
		}
		list = append(list, Output[T]{name, format, path})
	}
	if onStdout > 1 {
		return nil, usage.Errorf("two outputs on stdout: give all but one of them a path, such as -o json=result.json")
	}
	if err := checkDistinct(list); err != nil {
		return nil, err
	}
	if err := errors.Join(blocked...); err != nil {
		return nil, usage.Error{Err: err}
	}
	return list, nil
}

// checkDistinct refuses two outputs in one file, however its path is written: the second
// would replace the first. A pipe or a device takes both.
func checkDistinct[T any](list []Output[T]) error {
	for i, o := range list {
		for _, earlier := range list[:i] {
			if o.Path != "" && earlier.Path != "" && sameFile(o.Path, earlier.Path) {
				return usage.Errorf("-o %s=%s and -o %s=%s are one file: give each a path of its own", earlier.Name, earlier.Path, o.Name, o.Path)
			}
		}
	}
	return nil
}

// sameFile reports whether two paths lead to one regular file, or would if it were made.
func sameFile(a, b string) bool {
	if !atomicfile.IsFile(a) {
		return false
	}
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	if errA == nil && errB == nil {
		return os.SameFile(infoA, infoB)
	}
	return errA != nil && errB != nil && resolved(a) == resolved(b)
}

// resolved is the path of a file that is still to be made, without links to its folder, and
// without links under its own name that lead to nothing yet.
func resolved(path string) string {
	const maxLinks = 16 // as many as are followed when it is written
	for range maxLinks {
		target, err := os.Readlink(path)
		if err != nil {
			break
		}
		if !filepath.IsAbs(target) {
			// The folder may be a link itself: ".." in a target starts where that leads.
			folder, err := filepath.EvalSymlinks(filepath.Dir(path))
			if err != nil {
				break
			}
			target = filepath.Join(folder, target)
		}
		path = target
	}
	if folder, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		path = filepath.Join(folder, filepath.Base(path))
	}
	if absolute, err := filepath.Abs(path); err == nil {
		return absolute
	}
	return path
}

// withLinks gives formats the links to the job that they are made in, and to the page that is
// made with them.
func withLinks[T any](c Console, specs []string, find Finder[T]) Finder[T] {
	page := ""
	for _, spec := range specs {
		if name, path, _ := strings.Cut(spec, "="); name == "html" && path != "" {
			page, _ = filepath.Abs(path) // without a working directory there is no link to it
		}
	}
	links := report.JobLinks(func(name string) string { value, _ := c.Getenv(name); return value }, page)
	return func(name string, o report.Options) (func(io.Writer, T) error, error) {
		o.Links = links
		return find(name, o)
	}
}

// findFormat finds a format. Its width is that of the terminal when it is written: a run
// takes long enough for somebody to change it.
func findFormat[T any](c Console, name, path string, find Finder[T]) (func(io.Writer, T) error, error) {
	folder := ""
	if path != "" && atomicfile.IsFile(path) {
		folder, _ = filepath.Abs(filepath.Dir(path)) // without a working directory there are no links
	}
	options := func() report.Options {
		return report.Options{Color: c.Color(path), Width: live.Columns(c.Stdout), Folder: folder}
	}
	if _, err := find(name, options()); err != nil {
		return nil, err
	}
	return func(w io.Writer, v T) error {
		format, err := find(name, options())
		if err != nil {
			return err
		}
		return format(w, v)
	}, nil
}

// withSummary makes a format append the Markdown report to the summary of the job, in
// the file that GitHub Actions names.
func withSummary[T any](c Console, format func(io.Writer, T) error, find Finder[T]) (func(io.Writer, T) error, error) {
	path, ok := c.Getenv(stepSummary)
	if !ok || path == "" {
		return format, nil
	}
	markdown, err := find("md", report.Options{})
	if _, none := errors.AsType[*report.UnknownFormatError](err); none { // it has no summary
		return format, nil
	}
	if err != nil {
		return nil, err
	}
	return func(w io.Writer, v T) error {
		err := atomicfile.Append(path, func(w io.Writer) error { return markdown(w, v) })
		if err != nil {
			err = fmt.Errorf("step summary: %w", err)
		}
		return errors.Join(err, format(w, v))
	}, nil
}

// Color reports whether an output may have colour.
func (c Console) Color(path string) bool { return path == "" && c.Colored(c.Stdout) }

// Colored reports whether a stream may have colour: on a terminal that is not dumb, or
// where FORCE_COLOR or CLICOLOR_FORCE want it (bixense.com/clicolors); in no case where
// NO_COLOR is set (no-color.org).
func (c Console) Colored(w io.Writer) bool {
	value := func(name string) string {
		text, _ := c.Getenv(name)
		return text
	}
	forced := func(name string) bool { return !slices.Contains([]string{"", "0", "false"}, value(name)) }
	switch {
	case value("NO_COLOR") != "":
		return false
	case forced("FORCE_COLOR"), forced("CLICOLOR_FORCE"):
		return true
	}
	return value("TERM") != "dumb" && live.IsTerminal(w)
}

// Write writes v to every output, also after one that cannot be written.
func Write[T any](stdout io.Writer, list []Output[T], v T) error {
	var errs []error
	for _, o := range list {
		if o.Path == "" {
			errs = append(errs, o.Format(stdout, v))
			continue
		}
		errs = append(errs, atomicfile.Write(o.Path, func(w io.Writer) error { return o.Format(w, v) }))
	}
	return errors.Join(errs...)
}

// TextOnStdout reports whether people read stdout.
func TextOnStdout[T any](list []Output[T]) bool {
	return slices.ContainsFunc(list, func(o Output[T]) bool { return o.Path == "" && o.Name == "text" })
}

// ReportFile is the page that every run leaves beside its journal.
const ReportFile = report.RunPage

// WriteRunFiles writes what every run leaves beside its journal.
func WriteRunFiles(dir string, r *result.Result) error {
	files := map[string]run.Format{}
	for file, name := range map[string]string{result.File: "json", ReportFile: "html"} {
		format, err := report.For(name, report.Options{})
		if err != nil {
			return err
		}
		files[file] = format
	}
	return run.WriteFiles(dir, r, files)
}

// explainFormat adds to an error about the name of a format what the user may have
// meant. A name of a file, such as report.html, wants a format before it.
func explainFormat(err error) error {
	unknown, ok := errors.AsType[*report.UnknownFormatError](err)
	if !ok {
		return usage.Error{Err: err}
	}
	for _, format := range unknown.Known {
		if strings.HasSuffix(unknown.Name, "."+format) {
			return usage.Errorf("%w; a file is written as -o %s=%s", err, format, unknown.Name)
		}
	}
	synonyms := map[string]string{"markdown": "md", "xml": "junit", "txt": "text", "jsonl": "ndjson", "htm": "html", "plain": "text", "gha": "github"}
	if format := synonyms[strings.ToLower(unknown.Name)]; format != "" {
		return usage.Errorf("%w%s", err, usage.DidYouMean(format, unknown.Known))
	}
	return usage.Errorf("%w%s", err, usage.DidYouMean(unknown.Name, unknown.Known))
}
