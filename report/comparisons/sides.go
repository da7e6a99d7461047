package comparisons

import (
	"net/url"

	"github.com/blastgauge/blastgauge/experiments/compare"
	"github.com/blastgauge/blastgauge/report/page"
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
		s.Page = page.Address(folder, runs[len(runs)-1].Page)
	}
	return s
}

// sideLinks are both sides of a comparison on a page in a folder.
func sideLinks(c *compare.Comparison, folder string) (base, head sideLink) {
	names := c.Called()
	return newSideLink(names.Base, c.Base, folder), newSideLink(names.Head, c.Head, folder)
}

// Of is the address of an experiment on the page of the side; empty without a page.
func (s sideLink) Of(experiment string) string {
	if s.Page == "" {
		return ""
	}
	return s.Page + (&url.URL{Fragment: experiment}).String()
}
