package comparisons

import (
	"embed"
	"html/template"
	"io"
	"io/fs"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/compare"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/words"
)

//go:embed scan/page.tmpl
var templates embed.FS

// A scanDocument is the content of the page of two scans.
type scanDocument struct {
	page.Frame
	C      *compare.Comparison
	JSON   template.JS
	folder string // of the page
}

// writeScanHTML writes the page of a comparison of two scans, with the comparison embedded.
func writeScanHTML(w io.Writer, c *compare.Comparison, o page.Options) error {
	embedded, err := page.EmbedOld(c)
	if err != nil {
		return err
	}
	files, err := fs.Sub(templates, "scan")
	if err != nil {
		return err
	}
	title := strings.Join(words.NonEmpty(scanHeadline(c.Scan), place(c)), " · ")
	return page.WriteOld(w, files, template.FuncMap{
		"statusGlyph": statusGlyph, "statusWord": statusWord, "statusTone": statusTone,
		"name": figures.Capital, "does": does, "cellSide": cellSide, "pointSide": pointSide,
	}, &scanDocument{Frame: page.NewFrame("Comparison of scans", title, o), C: c, JSON: embedded, folder: o.Folder})
}

// does is what a cell is about, behind the name of its dependency.
func does(c *compare.CellChange) string { return strings.TrimPrefix(cellName(c), c.Dependency+" ") }

// Headline is the answer in one line.
func (d *scanDocument) Headline() string { return scanHeadline(d.C.Scan) }

// Place names the system.
func (d *scanDocument) Place() string { return place(d.C) }

// Base is the scan of base.
func (d *scanDocument) Base() sideLink { return newSideLink(d.C.Called().Base, d.C.Base, d.folder) }

// Head is the scan of head.
func (d *scanDocument) Head() sideLink { return newSideLink(d.C.Called().Head, d.C.Head, d.folder) }

// Figures count the cells, pairs and breaking points by status.
func (d *scanDocument) Figures() (list []scanCount) {
	for _, s := range changes() {
		list = append(list, scanCount{s, d.C.Scan.Counts[s]})
	}
	return list
}

// A scanCount is how many cells, pairs and breaking points have a status.
type scanCount struct {
	Status compare.Status
	N      int
}

// Moved are the cells and pairs that regressed or improved.
func (d *scanDocument) Moved() []*compare.CellChange {
	return append(allWith(d.C.Scan, compare.Regressed), allWith(d.C.Scan, compare.Improved)...)
}

// A cellTable is a table of cells, with the names of both sides.
type cellTable struct {
	List       []*compare.CellChange
	Base, Head sideLink
}

// Cells is the table of some cells.
func (d *scanDocument) Cells(list []*compare.CellChange) cellTable {
	return cellTable{list, d.Base(), d.Head()}
}

// Others are all others.
func (d *scanDocument) Others() (list []*compare.CellChange) {
	for _, s := range []compare.Status{compare.NotComparable, compare.Uncertain, compare.Unchanged} {
		list = append(list, allWith(d.C.Scan, s)...)
	}
	return list
}

// Dependencies say which are new, gone, or behave otherwise.
func (d *scanDocument) Dependencies() []string { return dependencySentences(d.C.Scan, d.C.Called()) }

// Findings say which are new or gone.
func (d *scanDocument) Findings() []string { return findingSentences(d.C.Scan, d.C.Called()) }

// Notes are what a reader should know.
func (d *scanDocument) Notes() []string { return scanNotes(d.C) }

// Command makes the comparison again.
func (d *scanDocument) Command() string { return scanCommand(d.C) }
