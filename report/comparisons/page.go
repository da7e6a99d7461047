// Package comparisons reports what changed between base and head, as text, Markdown, a
// page, and for CI systems.
package comparisons

import (
	"cmp"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/compare"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/template"
	"github.com/blastgauge/blastgauge/report/words"
)

// WriteHTML writes the page of a comparison, with the comparison embedded.
func WriteHTML(w io.Writer, c *compare.Comparison, o page.Options) error {
	if c.Scan != nil {
		return writeScanHTML(w, c, o)
	}
	embedded, err := page.Embed(c)
	if err != nil {
		return err
	}
	p := &document{Frame: page.NewFrame("Comparison", title(c), o), C: c, JSON: embedded, Scale: radiusScale(c), Change: changeScaleFor(c)}
	p.base, p.head = sideLinks(c, o.Folder)
	for i := range c.Experiments {
		p.add(&c.Experiments[i])
	}
	slices.SortStableFunc(p.Rows, func(a, b row) int {
		return byStatus(a.E, b.E)
	})
	slices.SortStableFunc(p.Sides, byStatus)
	return page.Write(w, p.streampage)
}

// byStatus orders the rows of both tables.
func byStatus(a, b experiment) int {
	return cmp.Compare(slices.Index(changes(), a.Status), slices.Index(changes(), b.Status))
}

// A document is the content of the page. The template calls its methods.
type document struct {
	page.Frame
	C          *compare.Comparison
	JSON       template.RawText // of the comparison
	Rows       []row            // of experiments that can be compared
	Apart      []experiment     // that cannot be compared
	Sides      []experiment     // of both sides
	Diffs      []experiment     // whose documents differ
	Notes      []string
	Scale      page.RootScale
	Change     changeScale
	base, head sideLink
}

// add sorts an experiment into the parts of the page.
func (p *document) add(e *compare.Experiment) {
	x := experiment{e, p}
	switch {
	case e.Status == compare.NotComparable:
		p.Apart = append(p.Apart, x)
	case len(e.Journeys) == 0:
		p.Rows = append(p.Rows, row{E: x, First: true})
	default:
		p.Rows = append(p.Rows, x.rows()...)
	}
	if e.Base != nil && e.Head != nil && e.Status != compare.NotComparable {
		p.Sides = append(p.Sides, x)
	}
	if len(e.Diff) > 0 {
		p.Diffs = append(p.Diffs, x)
	}
	for _, n := range e.Notes {
		p.Notes = append(p.Notes, x.name()+": "+n)
	}
}

// title is the title of the page.
func title(c *compare.Comparison) string {
	return strings.Join(words.NonEmpty(headline(c), place(c)), " · ")
}

// place names the system that both sides ran against, as the last run calls it.
func place(c *compare.Comparison) string {
	if len(c.Head) == 0 {
		return ""
	}
	r := c.Head[len(c.Head)-1]
	return words.Place(r.System, r.Environment)
}

// contents lists the sections of the page, in its order.
func (p *document) contents() []page.Entry {
	var list []page.Entry
	add := func(there bool, id, name string, inside ...page.Link) {
		if there {
			list = append(list, page.Entry{Link: page.Link{ID: id, Name: name}, Inside: inside})
		}
	}
	var changed []page.Link
	for _, r := range p.Rows {
		if r.First {
			changed = append(changed, page.Link{ID: r.E.ID, Name: statusGlyph(r.Status) + " " + r.E.name()})
		}
	}
	add(len(changed) > 0, "_changes", "Change per experiment", changed...)
	add(len(p.Sides) > 0, "_sides", "Verdicts, recovery and invariants")
	add(len(p.Apart) > 0, "_apart", "Not comparable")
	add(len(p.Diffs)+len(p.C.Differences) > 0, "_differences", "What differs")
	add(true, "_method", "How changes are judged")
	add(true, "_again", "Reproduce")
	return list
}

// falseDiscoveries is the share of false ones among what is called a change: 5%.
func (p *document) falseDiscoveries() string { return words.Limit(p.C.FalseDiscoveries) }

// spread is what varies from run to run, as the suite shows it, in points.
func (p *document) spread() string {
	if p.C.Spread == nil {
		return ""
	}
	return figures.Short(p.C.Spread.SD*100, 1)
}

// pairTitle is the title of what has a line for each side.
func (p *document) pairTitle() string {
	return figures.Capital(p.base.Name) + ", then " + p.head.Name
}

// margin is the largest change that does not matter, in points.
func (p *document) margin() string { return figures.Short(p.C.Margin*100, 2) }

// confidence says how sure every interval is: 95%.
func (p *document) confidence() string { return words.Limit(p.C.Confidence) }

// caveats are the notes about the comparison and those about its experiments.
func (p *document) caveats() []string { return slices.Concat(p.C.Notes, p.Notes) }

// changes are the statuses in the order of the page: what changed, what is not
// known, what did not change.
func changes() []compare.Status {
	return []compare.Status{compare.Regressed, compare.Improved, compare.Uncertain, compare.Unchanged, compare.NotComparable}
}

// A statusFigure is how many of what is compared have a status.
type statusFigure struct {
	status compare.Status
	n      int
}

// countedBy are counts by status, in the order of the page.
func countedBy(counts map[compare.Status]int) (list []statusFigure) {
	for _, s := range changes() {
		list = append(list, statusFigure{s, counts[s]})
	}
	return list
}

// statusTone is the class of the colour of a status.
func statusTone(s compare.Status) string { return page.Tone(statusVerdict(s)) }

// leads are the sentences below the headline: the largest regression in full, or
// else the largest improvement, and then the other changes in brief.
func (p *document) leads() []page.Sentence {
	const some = 3
	var list []page.Sentence
	for _, s := range []compare.Status{compare.Regressed, compare.Improved} {
		for i := range p.C.Experiments {
			if e := &p.C.Experiments[i]; e.Status == s && len(list) < some {
				list = append(list, lead(experiment{e, p}, len(list) == 0))
			}
		}
	}
	return list
}

// lead says in full or in brief how an experiment changed.
func lead(e experiment, full bool) page.Sentence {
	to := page.LinkTo(e.ID, e.Title)
	j := e.Lead()
	switch {
	case full || j == nil || j.Change == nil || j.Status != e.Status:
		return page.Sentence{Before: "", Link: to, After: strings.TrimPrefix(changeSentence(e.Experiment, e.p.C.Called()), e.Title)}
	case j.Change.Estimate > 0:
		return page.Sentence{Before: "Harm from ", Link: to, After: " rises by " + figures.Points(j.Change.Estimate) + " points."}
	}
	return page.Sentence{Before: "Harm from ", Link: to, After: " falls by " + figures.Points(-j.Change.Estimate) + " points."}
}

// An experiment is one experiment of both sides.
type experiment struct {
	*compare.Experiment
	p *document
}

// name is the title, or the id of an experiment without one.
func (e experiment) name() string {
	if e.Title != "" {
		return e.Title
	}
	return e.ID
}

// targets are the dependencies that the faults go into.
func (e experiment) targets() string {
	var list []string
	for _, d := range e.Dependencies {
		list = append(list, strings.Join(words.NonEmpty(d.Name, d.Criticality), ", "))
	}
	return strings.Join(list, "; ")
}

// pages lead to the experiment on the pages of the sides that have it, as far as these are
// known.
func (e experiment) pages() (list []page.Link) {
	for _, side := range []struct {
		link  sideLink
		found *compare.Side
	}{{e.p.base, e.Base}, {e.p.head, e.Head}} {
		if to := side.link.Of(e.ID); to != "" && side.found != nil && !side.found.Earlier {
			list = append(list, page.Link{ID: to, Name: side.link.Name})
		}
	}
	return list
}

// advice is what the documents say to do when the hypothesis is refuted.
func (e experiment) advice() string {
	if e.Status == compare.Regressed {
		return e.IfRefuted
	}
	return ""
}

// rows are the journeys of the experiment. The one that decides comes first.
func (e experiment) rows() []row {
	var list []row
	for i := range e.Journeys {
		j := &e.Journeys[i]
		r := row{E: e, J: j, Status: j.Status, Several: len(e.Journeys) > 1}
		if j == e.Lead() || e.Lead() == nil && i == 0 {
			r.First, r.Status = true, e.Status
			list = slices.Insert(list, 0, r)
			continue
		}
		list = append(list, r)
	}
	return list
}

// invariantsOf sums up what became of the invariants on a side.
func invariantsOf(list []compare.Invariant, side func(compare.Invariant) compare.InvariantState) string {
	broken, open := 0, 0
	for _, inv := range list {
		switch side(inv).Verdict {
		case result.Refuted:
			broken++
		case result.Inconclusive:
			open++
		}
	}
	return words.Invariants(len(list), broken, open)
}

// baseInvariants sums up what became of the invariants in base.
func (e experiment) baseInvariants() string {
	return invariantsOf(e.Invariants, func(i compare.Invariant) compare.InvariantState { return i.Base })
}

// headInvariants sums up what became of the invariants in head.
func (e experiment) headInvariants() string {
	return invariantsOf(e.Invariants, func(i compare.Invariant) compare.InvariantState { return i.Head })
}

// A row is one journey of an experiment.
type row struct {
	E       experiment
	J       *compare.Journey
	Status  compare.Status
	First   bool // of the experiment's rows
	Several bool // the experiment has more than one
}

// radii draws the blast radii of both sides.
func (r row) radii() template.HTML { return radiiPlot(r.E.p.Scale, r.J, r.E.p.C.Called()) }

// moved draws the change.
func (r row) moved() template.HTML {
	return changePlot(r.E.p.Change, r.E.p.C.Margin, r.J, r.Status)
}

// A changeScale is a linear scale of changes of a share, the same for all rows.
type changeScale struct{ low, high, step float64 }

// changeScaleFor covers every interval, and twice the margin to both sides.
func changeScaleFor(c *compare.Comparison) changeScale {
	s := changeScale{low: -2 * c.Margin, high: 2 * c.Margin}
	for i := range c.Experiments {
		for _, j := range c.Experiments[i].Journeys {
			if j.Change != nil {
				s.low, s.high = min(s.low, j.Change.Low), max(s.high, j.Change.High)
			}
		}
	}
	s.low, s.high = max(s.low, -1), min(s.high, 1)
	if s.high-s.low < 0.01 {
		s.low, s.high = -0.01, 0.01
	}
	s.step = page.AxisFor(s.high - s.low).Step
	s.low, s.high = math.Floor(s.low/s.step+1e-9)*s.step, math.Ceil(s.high/s.step-1e-9)*s.step
	return s
}

// at is the place of a change in percent of the width.
func (s changeScale) at(v float64) float64 {
	return 100 * (min(max(v, s.low), s.high) - s.low) / (s.high - s.low)
}

// radiusScale covers every blast radius and every limit.
func radiusScale(c *compare.Comparison) page.RootScale {
	s := page.RootScale{Low: -0.01, High: 0.01}
	for i := range c.Experiments {
		e := &c.Experiments[i]
		for _, j := range e.Journeys {
			s.High = max(s.High, j.Limit)
			for _, r := range []*compare.Radius{j.Base, j.Head} {
				if r != nil {
					s.Low, s.High = min(s.Low, r.Low), max(s.High, r.High)
				}
			}
		}
	}
	return s.Rounded()
}
