package report

import (
	"errors"
	"io"
	"os"

	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/history"
	"github.com/blastgauge/blastgauge/report/trends"
)

// IndexFile is the name of the page of all runs, which stands beside them.
const IndexFile = "index.html"

// WriteIndex writes the page of all runs in a directory into it, and returns what it shows.
func WriteIndex(dir string) (*history.Index, error) {
	index, err := history.Load(dir)
	if err != nil {
		return nil, err
	}
	page, err := IndexFor("html", Options{Runs: "."}, 0) // the page is beside the runs
	if err != nil {
		return nil, err
	}
	return index, atomicfile.RewriteBeside(dir, IndexFile, func(w io.Writer) error { return page(w, index) })
}

// A FoundIndex is what stands where the page of all runs would.
type FoundIndex int

// What may stand there.
const (
	NoIndex      FoundIndex = iota
	OurIndex                // a page that WriteIndex made
	ForeignIndex            // anything else
)

// RenewIndex writes the page of all runs anew if there is one of ours, so that it leads to
// no run that is gone. What somebody else made stays as it is.
func RenewIndex(dir string, root *os.Root) (FoundIndex, error) {
	text, err := atomicfile.ReadIn(root, IndexFile)
	if errors.Is(err, os.ErrNotExist) {
		return NoIndex, nil
	}
	if err != nil || !trends.IsPage(text) {
		return ForeignIndex, nil //nolint:nilerr // why it cannot be read says nothing of what it is
	}
	_, err = WriteIndex(dir)
	return OurIndex, err
}
