package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/live"
	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/report"
)

// An output is one -o FORMAT[=PATH]: a format of what a command reports, and where it
// goes.
type output[T any] struct {
	name   string
	format func(io.Writer, T) error
	path   string // empty: stdout
}

// outputs reads the -o flags of a run.
func (a *app) outputs(specs []string) ([]output[*result.Result], error) {
	return parseOutputs(a, specs, func(name string, o report.Options) (func(io.Writer, *result.Result) error, error) {
		return report.For(name, o)
	})
}

// stepSummary names the file of a job's summary, in GitHub Actions.
const stepSummary = "GITHUB_STEP_SUMMARY"

// outputUsage describes the flag that names formats.
func outputUsage(formats []string) string {
	return "`FORMAT[=PATH]`: " + figures.List(formats, "or") + "; repeatable (default: text on stdout)"
}

// parseOutputs parses -o flags. Without any, the output is text on stdout. What cannot be
// written is found now, and not when the work is done.
func parseOutputs[T any](a *app, specs []string, find func(string, report.Options) (func(io.Writer, T) error, error)) ([]output[T], error) {
	if len(specs) == 0 {
		specs = []string{"text"}
	}
	find = withLinks(a, specs, find)
	var list []output[T]
	var blocked []error
	onStdout := 0
	for _, spec := range specs {
		name, path, _ := strings.Cut(spec, "=")
		format, err := findFormat(a, name, path, find)
		if err != nil {
			return nil, explainFormat(err)
		}
		if name == "github" {
			if format, err = withSummary(a, format, find); err != nil {
				return nil, err
			}
		}
		if path == "" && name == "html" && live.IsTerminal(a.stdout) {
			return nil, usagef("-o html is a page for a browser, and stdout is a terminal: write it with -o html=report.html")
		}
		if path == "" {
			onStdout++
		} else {
			blocked = append(blocked, atomicfile.Check(path))
		}
		if summary, ok := a.getenv(stepSummary); ok && summary != "" && name == "github" {
			blocked = append(blocked, atomicfile.Check(summary))
		}
		list = append(list, output[T]{name, format, path})
	}
	if onStdout > 1 {
		return nil, usagef("two outputs on stdout: give all but one of them a path, such as -o json=result.json")
	}
	if err := errors.Join(blocked...); err != nil {
		return nil, usageError{err}
	}
	return list, nil
}

// withLinks gives formats the links to the job that they are made in, and to the page that is
// made with them.
func withLinks[T any](a *app, specs []string, find func(string, report.Options) (func(io.Writer, T) error, error)) func(string, report.Options) (func(io.Writer, T) error, error) {
	page := ""
	for _, spec := range specs {
		if name, path, _ := strings.Cut(spec, "="); name == "html" && path != "" {
			page, _ = filepath.Abs(path) // without a working directory there is no link to it
		}
	}
	links := report.JobLinks(func(name string) string { value, _ := a.getenv(name); return value }, page)
	return func(name string, o report.Options) (func(io.Writer, T) error, error) {
		o.Links = links
		return find(name, o)
	}
}

// findFormat finds a format. Its width is that of the terminal when it is written: a run
// takes long enough for somebody to change it.
func findFormat[T any](a *app, name, path string, find func(string, report.Options) (func(io.Writer, T) error, error)) (func(io.Writer, T) error, error) {
	options := func() report.Options { return report.Options{Color: a.color(path), Width: live.Columns(a.stdout)} }
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
func withSummary[T any](a *app, format func(io.Writer, T) error, find func(string, report.Options) (func(io.Writer, T) error, error)) (func(io.Writer, T) error, error) {
	path, ok := a.getenv(stepSummary)
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

// color reports whether an output may have colour.
func (a *app) color(path string) bool { return path == "" && a.colored(a.stdout) }

// colored reports whether a stream may have colour: on a terminal that is not dumb, or
// where FORCE_COLOR or CLICOLOR_FORCE want it (bixense.com/clicolors); in no case where
// NO_COLOR is set (no-color.org).
func (a *app) colored(w io.Writer) bool {
	value := func(name string) string {
		text, _ := a.getenv(name)
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

// progressFlag adds the flag that says how progress is shown.
func progressFlag(cmd *cobra.Command, to *string) {
	cmd.Flags().StringVar(to, "progress", live.Auto, "`HOW` to show progress on stderr: "+figures.List(live.Modes(), "or"))
}

// checkProgress refuses a mode that there is not.
func checkProgress(mode string) error {
	if slices.Contains(live.Modes(), mode) {
		return nil
	}
	return usagef("--progress %s: known are %s%s", mode, figures.List(live.Modes(), "and"), didYouMean(mode, live.Modes()))
}

// screen makes the live view that --progress asks for. From now on, messages stand above
// its bars.
func (a *app) screen(mode string, labels ...string) *live.Screen {
	term, _ := a.getenv("TERM")
	s := live.New(live.Options{Mode: mode, Output: a.stderr, Term: term, Color: a.colored(a.stderr), Labels: labels})
	a.shown.Store(s)
	return s
}

// write writes the result to every output.
func (a *app) write(list []output[*result.Result], r *result.Result) error {
	return writeOutputs(a, list, r)
}

// writeOutputs writes v to every output, also after one that cannot be written.
func writeOutputs[T any](a *app, list []output[T], v T) error {
	var errs []error
	for _, o := range list {
		if o.path == "" {
			errs = append(errs, o.format(a.stdout, v))
			continue
		}
		errs = append(errs, atomicfile.Write(o.path, func(w io.Writer) error { return o.format(w, v) }))
	}
	return errors.Join(errs...)
}

// textOnStdout reports whether people read stdout.
func textOnStdout[T any](list []output[T]) bool {
	return slices.ContainsFunc(list, func(o output[T]) bool { return o.path == "" && o.name == "text" })
}

// printExit prints the exit code and its meaning as the last line: below the text on
// stdout, or on stderr where a program reads stdout.
func (a *app) printExit(text bool, code int, meaning string) {
	if text {
		a.printf("exit %d: %s\n", code, meaning)
		return
	}
	a.logf("exit %d: %s", code, meaning)
}

// reportFile is the page that every run leaves beside its journal.
const reportFile = "report.html"

// writeRunFiles writes what every run leaves beside its journal.
func writeRunFiles(dir string, r *result.Result) error {
	files := map[string]run.Format{}
	for file, name := range map[string]string{result.File: "json", reportFile: "html"} {
		format, err := report.For(name, report.Options{})
		if err != nil {
			return err
		}
		files[file] = format
	}
	return run.WriteFiles(dir, r, files)
}
