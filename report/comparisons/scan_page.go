package comparisons

import (
	"io"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/compare"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/template"
	"github.com/blastgauge/blastgauge/report/words"
)

// A scanDocument is the content of the page of two scans.
type scanDocument struct {
	page.Frame
	C          *compare.Comparison
	JSON       template.RawText // of the comparison
	base, head sideLink
}

// writeScanHTML writes the page of a comparison of two scans, with the comparison embedded.
func writeScanHTML(w io.Writer, c *compare.Comparison, o page.Options) error {
	embedded, err := page.Embed(c)
	if err != nil {
		return err
	}
	title := strings.Join(words.NonEmpty(scanHeadline(c.Scan), place(c)), " · ")
	d := &scanDocument{Frame: page.NewFrame("Comparison of scans", title, o), C: c, JSON: embedded}
	d.base, d.head = sideLinks(c, o.Folder)
	return page.Write(w, d.streampage)
}

// does is what a cell is about, behind the name of its dependency.
func does(c *compare.CellChange) string { return strings.TrimPrefix(cellName(c), c.Dependency+" ") }

// moved are the cells and pairs that regressed or improved.
func (d *scanDocument) moved() []*compare.CellChange {
	return append(allWith(d.C.Scan, compare.Regressed), allWith(d.C.Scan, compare.Improved)...)
}

// others are all others.
func (d *scanDocument) others() (list []*compare.CellChange) {
	for _, s := range []compare.Status{compare.NotComparable, compare.Uncertain, compare.Unchanged} {
		list = append(list, allWith(d.C.Scan, s)...)
	}
	return list
}
