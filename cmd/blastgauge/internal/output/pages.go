package output

import (
	"errors"
	"io"
	"path/filepath"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/report"
)

// StyleFile is the name of the style sheet beside pages that have none inside.
const StyleFile = "blastgauge.css"

// Pages are how HTML pages are written. The fields are those of the flags.
type Pages struct {
	Assets string // where the styles are: inline or sibling
	Print  string // what is printed whole: refuted or all
}

// DefaultPages are pages as they are without flags.
func DefaultPages() Pages { return Pages{"inline", "refuted"} }

// Options adds it to the options of a report.
func (p Pages) Options(o report.Options) report.Options {
	o.Everything = p.Print == "all"
	if p.Assets == "sibling" {
		o.StyleSheet = StyleFile
	}
	return o
}

// CheckPages refuses flags that are wrong or have no effect.
func CheckPages[T any](p Pages, list []Output[T]) error {
	switch {
	case p.Assets != "inline" && p.Assets != "sibling":
		return usage.Errorf("--assets %s: inline or sibling", p.Assets)
	case p.Print != "refuted" && p.Print != "all":
		return usage.Errorf("--print %s: refuted or all", p.Print)
	}
	found := false
	for _, o := range list {
		switch {
		case o.Name != "html" || o.Path == "" && p.Assets != "inline":
			continue
		case p.Assets == "sibling" && !atomicfile.IsFile(o.Path):
			return usage.Errorf("--assets=sibling writes a file beside the page, and %s is no file", o.Path)
		}
		found = true
	}
	if found {
		return nil
	}
	if p != DefaultPages() {
		return usage.Errorf("--assets and --print are about a page: write one with -o html=PATH")
	}
	return nil
}

// WriteStyleSheets writes the styles beside the pages that need them.
func WriteStyleSheets[T any](p Pages, list []Output[T]) error {
	if p.Assets != "sibling" {
		return nil
	}
	var errs []error
	for _, o := range list {
		if o.Name != "html" || o.Path == "" {
			continue
		}
		errs = append(errs, atomicfile.RewriteBeside(filepath.Dir(o.Path), StyleFile, func(w io.Writer) error {
			_, err := io.WriteString(w, report.StyleSheet())
			return err
		}))
	}
	return errors.Join(errs...)
}
