package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/report"
)

// styleFile is the name of the style sheet beside pages that have none inside.
const styleFile = "blastgauge.css"

// pageFlags are the flags for HTML pages.
type pageFlags struct{ assets, paper string }

func (p *pageFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.assets, "assets", "inline", "`WHERE` the styles of a page are: inline, or sibling, a file "+styleFile+" beside it, for servers that block styles in pages")
	cmd.Flags().StringVar(&p.paper, "print", "refuted", "what `PART` of a page is printed whole: refuted or all, which unfolds everything")
}

// options adds the flags to the options of a report.
func (p pageFlags) options(o report.Options) report.Options {
	o.Everything = p.paper == "all"
	if p.assets == "sibling" {
		o.StyleSheet = styleFile
	}
	return o
}

// checkPages refuses flags that are wrong or have no effect.
func checkPages[T any](p pageFlags, list []output[T]) error {
	switch {
	case p.assets != "inline" && p.assets != "sibling":
		return usagef("--assets %s: inline or sibling", p.assets)
	case p.paper != "refuted" && p.paper != "all":
		return usagef("--print %s: refuted or all", p.paper)
	}
	found := false
	for _, o := range list {
		switch {
		case o.name != "html" || o.path == "" && p.assets != "inline":
			continue
		case p.assets == "sibling" && !atomicfile.IsFile(o.path):
			return usagef("--assets=sibling writes a file beside the page, and %s is no file", o.path)
		}
		found = true
	}
	if found {
		return nil
	}
	if p != (pageFlags{"inline", "refuted"}) {
		return usagef("--assets and --print are about a page: write one with -o html=PATH")
	}
	return nil
}

// styleSheets writes the styles beside the pages that need them.
func styleSheets[T any](p pageFlags, list []output[T]) error {
	if p.assets != "sibling" {
		return nil
	}
	var errs []error
	for _, o := range list {
		if o.name != "html" || o.path == "" {
			continue
		}
		errs = append(errs, writeBeside(filepath.Dir(o.path), styleFile, func(w io.Writer) error {
			_, err := io.WriteString(w, report.StyleSheet())
			return err
		}))
	}
	return errors.Join(errs...)
}

// writeBeside replaces a file in dir whose name the user has not chosen: a link there
// leads to nothing that may be written.
func writeBeside(dir, name string, write func(io.Writer) error) error {
	root, err := atomicfile.OpenDir(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }() // what is written is synced
	if err := atomicfile.RewriteIn(root, name, write); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Join(dir, name), err)
	}
	return nil
}
