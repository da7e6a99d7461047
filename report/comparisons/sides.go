package comparisons

import (
	"net/url"
	"path/filepath"

	"github.com/blastgauge/blastgauge/experiments/compare"
)

// A sideLink is a side of the comparison on a page: what it is called, its runs, and the
// address of the page of the last of them.
type sideLink struct {
	Name, Runs string
	Page       string // empty: none that is known
}

func newSideLink(name string, runs []compare.Run, folder string) sideLink {
	s := sideLink{Name: name, Runs: runsName(runs)}
	if len(runs) > 0 {
		s.Page = address(folder, runs[len(runs)-1].Page)
	}
	return s
}

// Of is the address of an experiment on the page of the side; empty without a page.
func (s sideLink) Of(experiment string) string {
	if s.Page == "" {
		return ""
	}
	return s.Page + (&url.URL{Fragment: experiment}).String()
}

// address is the address of a file as seen from a page in a folder, both as absolute paths;
// empty where it has none.
func address(folder, file string) string {
	if folder == "" || file == "" {
		return ""
	}
	path, err := filepath.Rel(folder, file)
	if err != nil {
		return ""
	}
	return (&url.URL{Path: filepath.ToSlash(path)}).String()
}
