package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/term"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report"
)

// An output is one -o FORMAT[=PATH].
type output struct {
	name   string
	format report.Format
	path   string // empty: stdout
}

// outputs reads the -o flags; without any it is text on stdout.
func (a *app) outputs(specs []string) ([]output, error) {
	if len(specs) == 0 {
		specs = []string{"text"}
	}
	var list []output
	onStdout := 0
	for _, spec := range specs {
		name, path, _ := strings.Cut(spec, "=")
		options := report.Options{Color: a.color(path), Width: width(a.stdout)}
		format, err := report.For(name, options)
		if err != nil {
			return nil, usageError{err}
		}
		if path == "" {
			onStdout++
		}
		list = append(list, output{name, format, path})
	}
	if onStdout > 1 {
		return nil, usagef("two outputs on stdout: give all but one of them a path, such as -o json=result.json")
	}
	return list, nil
}

// color tells whether an output may hold colour: only a terminal, and only
// when nobody asked for none (no-color.org).
func (a *app) color(path string) bool {
	v, set := a.getenv("NO_COLOR")
	return path == "" && (!set || v == "") && isTerminal(a.stdout)
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func width(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil {
			return min(columns, 100)
		}
	}
	return 80
}

// write gives every output the result.
func (a *app) write(list []output, r *result.Result) error {
	for _, o := range list {
		if o.path == "" {
			if err := o.format(a.stdout, r); err != nil {
				return err
			}
			continue
		}
		if err := writeFile(o.path, o.format, r); err != nil {
			return err
		}
	}
	return nil
}

// writeFile replaces a file only by a whole one.
func writeFile(path string, format report.Format, r *result.Result) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".blastgauge-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("write %s: %w", path, err)
			os.Remove(f.Name())
		}
	}()
	if err := format(f, r); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// last prints the last line of output, where people look for it: below the text
// on stdout, or on stderr when stdout is for machines.
func (a *app) last(list []output, code int) {
	w := a.stderr
	if slices.ContainsFunc(list, func(o output) bool { return o.path == "" && o.name == "text" }) {
		w = a.stdout
	}
	fmt.Fprintf(w, "exit %d: %s\n", code, result.ExitMeaning(code))
}
