// Package comparisons reports what changed between base and head, as text, Markdown, a
// page, and for CI systems.
package comparisons

import (
	"cmp"
	"embed"
	"html/template"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/compare"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/words"
)

//go:embed page.tmpl scan/page.tmpl
var templates embed.FS

// WriteHTML writes the page of a comparison, with the comparison embedded.
func WriteHTML(w io.Writer, c *compare.Comparison, o page.Options) error {
	if c.Scan != nil {
		return writeScanHTML(w, c, o)
	}
	embedded, err := page.EmbedOld(c)
	if err != nil {
		return err
	}
	p := &document{Frame: page.NewFrame("Comparison", title(c), o), C: c, JSON: embedded, folder: o.Folder, Scale: radiusScale(c), Change: changeScaleFor(c)}
	for i := range c.Experiments {
		p.add(&c.Experiments[i])
	}
	slices.SortStableFunc(p.Rows, func(a, b row) int {
		return byStatus(a.E, b.E)
	})
	slices.SortStableFunc(p.Sides, byStatus)
	return page.WriteOld(w, templates, functions(), p)
}

// functions are those of this page's template.
func functions() template.FuncMap {
	return template.FuncMap{
		"statusGlyph": statusGlyph,
		"statusWord":  statusWord,
		"statusTone":  func(s compare.Status) string { return page.Tone(statusVerdict(s)) },
		"shown":       cell,
		"signed":      signedPoints,
		"state":       invariantState,
		"calls":       amplificationChange,
		"name":        figures.Capital,
	}
}

// byStatus orders the rows of both tables.
func byStatus(a, b experiment) int {
	return cmp.Compare(slices.Index(changes(), a.Status), slices.Index(changes(), b.Status))
}

// A document is the content of the page. The template calls its methods.
type document struct {
	page.Frame
	C      *compare.Comparison
	JSON   template.JS
	Rows   []row        // of experiments that can be compared
	Apart  []experiment // that cannot be compared
	Sides  []experiment // of both sides
	Diffs  []experiment // whose documents differ
	Notes  []string
	Scale  page.RootScale
	Change changeScale
	folder string // of the page
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
		p.Notes = append(p.Notes, x.Name()+": "+n)
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

// Headline is the answer in one line.
func (p *document) Headline() string { return headline(p.C) }

// Contents lists the sections of the page, in its order.
func (p *document) Contents() []page.Entry {
	var list []page.Entry
	add := func(there bool, id, name string, inside ...page.Link) {
		if there {
			list = append(list, page.Entry{Link: page.Link{ID: id, Name: name}, Inside: inside})
		}
	}
	var changed []page.Link
	for _, r := range p.Rows {
		if r.First {
			changed = append(changed, page.Link{ID: r.E.ID, Name: statusGlyph(r.Status) + " " + r.E.Name()})
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

// Unseen says how large a regression could have been without being seen.
func (p *document) Unseen() string { return unseenBelow(p.C) }

// FalseDiscoveries is the share of false ones among what is called a change: 5%.
func (p *document) FalseDiscoveries() string { return words.Limit(p.C.FalseDiscoveries) }

// Spread is what varies from run to run, as the suite shows it, in points.
func (p *document) Spread() string {
	if p.C.Spread == nil {
		return ""
	}
	return figures.Short(p.C.Spread.SD*100, 1)
}

// Place is the system and its environment.
func (p *document) Place() string { return place(p.C) }

// Base is the side of base.
func (p *document) Base() sideLink { return newSideLink(p.C.Called().Base, p.C.Base, p.folder) }

// Head is the side of head.
func (p *document) Head() sideLink { return newSideLink(p.C.Called().Head, p.C.Head, p.folder) }

// Command makes the comparison again.
func (p *document) Command() string { return command(p.C) }

// Margin is the largest change that does not matter, in points.
func (p *document) Margin() string { return figures.Short(p.C.Margin*100, 2) }

// Confidence says how sure every interval is: 95%.
func (p *document) Confidence() string { return words.Limit(p.C.Confidence) }

// Caveats are the notes about the comparison and those about its experiments.
func (p *document) Caveats() []string { return slices.Concat(p.C.Notes, p.Notes) }

// changes are the statuses in the order of the page: what changed, what is not
// known, what did not change.
func changes() []compare.Status {
	return []compare.Status{compare.Regressed, compare.Improved, compare.Uncertain, compare.Unchanged, compare.NotComparable}
}

// Figures counts the experiments with each status.
func (p *document) Figures() []statusFigure {
	var list []statusFigure
	for _, s := range changes() {
		list = append(list, statusFigure{s, p.C.Counts[s]})
	}
	return list
}

// A statusFigure counts the experiments with a status.
type statusFigure struct {
	Status compare.Status
	N      int
}

// Leads are the sentences below the headline: the largest regression in full, or
// else the largest improvement, and then the other changes in brief.
func (p *document) Leads() []page.Sentence {
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

// Name is the title, or the id of an experiment without one.
func (e experiment) Name() string {
	if e.Title != "" {
		return e.Title
	}
	return e.ID
}

// Targets are the dependencies that the faults go into.
func (e experiment) Targets() string {
	var list []string
	for _, d := range e.Dependencies {
		list = append(list, strings.Join(words.NonEmpty(d.Name, d.Criticality), ", "))
	}
	return strings.Join(list, "; ")
}

// Pages lead to the experiment on the pages of the sides that have it, as far as these are
// known.
func (e experiment) Pages() (list []page.Link) {
	for _, side := range []struct {
		link  sideLink
		found *compare.Side
	}{{e.p.Base(), e.Base}, {e.p.Head(), e.Head}} {
		if to := side.link.Of(e.ID); to != "" && side.found != nil && !side.found.Earlier {
			list = append(list, page.Link{ID: to, Name: side.link.Name})
		}
	}
	return list
}

// Owners names who answers for the experiment.
func (e experiment) Owners() string { return strings.Join(owners(e.Experiment), ", ") }

// Advice is what the documents say to do when the hypothesis is refuted.
func (e experiment) Advice() string {
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

// recoveryOf writes the slowest recovery of a side.
func recoveryOf(s *compare.Side) string {
	if s == nil {
		return words.RecoveryCell(nil)
	}
	return words.RecoveryCell(s.Recovery)
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

// BaseInvariants sums up what became of the invariants in base.
func (e experiment) BaseInvariants() string {
	return invariantsOf(e.Invariants, func(i compare.Invariant) compare.InvariantState { return i.Base })
}

// HeadInvariants sums up what became of the invariants in head.
func (e experiment) HeadInvariants() string {
	return invariantsOf(e.Invariants, func(i compare.Invariant) compare.InvariantState { return i.Head })
}

// BaseRecovery writes the slowest recovery in base.
func (e experiment) BaseRecovery() string { return recoveryOf(e.Base) }

// HeadRecovery writes the slowest recovery in head.
func (e experiment) HeadRecovery() string { return recoveryOf(e.Head) }

// Calls are the dependencies that journeys of either side called far more often while
// the fault was active.
func (e experiment) Calls() []compare.Amplification { return storms(e.Experiment) }

// Changed are the invariants that head broke or repaired.
func (e experiment) Changed() []compare.Invariant { return changedInvariants(e.Experiment) }

// ChangedAlerts are the alerts whose detection head broke or repaired.
func (e experiment) ChangedAlerts() []compare.Alert { return changedAlerts(e.Experiment) }

// A row is one journey of an experiment.
type row struct {
	E       experiment
	J       *compare.Journey
	Status  compare.Status
	First   bool // of the experiment's rows
	Several bool // the experiment has more than one
}

// Radii draws the blast radii of both sides.
func (r row) Radii() template.HTML { return radiiPlot(r.E.p.Scale, r.J, r.E.p.C.Called()) }

// Moved draws the change.
func (r row) Moved() template.HTML {
	return changePlot(r.E.p.Change, r.E.p.C.Margin, r.J, r.Status)
}

// Pair are the blast radii of base and head.
func (r row) Pair() []*compare.Radius { return []*compare.Radius{r.J.Base, r.J.Head} }

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
