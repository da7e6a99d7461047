package output

import (
	"cmp"
	"context"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/browser"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments/atomicfile"
)

// An Opening is a page that is to be shown. The zero value shows none.
type Opening struct {
	browser *browser.Browser
	page    string // empty: that of the run
}

// OpeningOf finds what shows the page that outputs write, where that is asked for. What is
// no file cannot be opened.
func OpeningOf[T any](c Console, asked bool, list []Output[T]) (Opening, error) {
	if !asked {
		return Opening{}, nil
	}
	var o Opening
	for _, out := range list {
		switch {
		case out.Name != "html" || out.Path == "" || o.page != "":
			continue
		case !atomicfile.IsFile(out.Path):
			return Opening{}, usage.Errorf("--open shows a file, and %s is none: write one with -o html=report.html", out.Path)
		}
		o.page = out.Path
	}
	var err error
	o.browser, err = browser.Find(c.Getenv)
	return o, err
}

// Show opens the page, which is other where the outputs write none.
func (o Opening) Show(ctx context.Context, other string) error {
	if o.browser == nil {
		return nil
	}
	return o.browser.Show(ctx, cmp.Or(o.page, other))
}
