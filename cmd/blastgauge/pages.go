package main

import (
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
	for _, o := range list {
		if o.name == "html" && (o.path != "" || p.assets == "inline") {
			return nil
		}
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
	for _, o := range list {
		if o.name != "html" || o.path == "" {
			continue
		}
		err := atomicfile.Write(filepath.Join(filepath.Dir(o.path), styleFile), func(w io.Writer) error {
			_, err := io.WriteString(w, report.StyleSheet())
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
