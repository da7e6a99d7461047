package results

import (
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/words"
)

// Contents lists the sections of the page, in its order.
func (p *document) Contents() []page.Entry {
	var list []page.Entry
	add := func(there bool, id, name string, inside ...page.Link) {
		if there {
			list = append(list, page.Entry{Link: page.Link{ID: id, Name: name}, Inside: inside})
		}
	}
	var all []page.Link
	for _, e := range p.All() {
		all = append(all, page.Link{ID: e.ID, Name: words.Glyph(e.Verdict) + " " + e.Name()})
	}
	if p.GameDay != nil {
		add(true, "_gameday", p.GameDay.Title())
	}
	add(len(p.Caveats()) > 0, "_warnings", "Before you rely on it")
	add(p.Matrix != nil, "_matrix", "Dependencies and faults")
	add(len(all) > 0, "_overview", "All experiments", all...)
	add(len(p.Notes()) > 0, "_notes", "Notes")
	add(true, "_method", "How this was measured")
	add(true, "_again", "Reproduce")
	add(len(p.R.Documents) > 0, "_documents", figures.Plural(len(p.R.Documents), "document", "documents"))
	return list
}
