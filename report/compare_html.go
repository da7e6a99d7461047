package report

import (
	"cmp"
	"html/template"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/compare"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// writeCompareHTML writes the page of a comparison, with the comparison embedded.
func writeCompareHTML(w io.Writer, c *compare.Comparison, o Options) error {
	text, err := encode(c)
	if err != nil {
		return err
	}
	p := &comparePage{frame: newFrame("Comparison", compareTitle(c), o), C: c, JSON: template.JS(text), Scale: compareScale(c), Change: changeScaleFor(c)}
	for i := range c.Experiments {
		p.add(&c.Experiments[i])
	}
	slices.SortStableFunc(p.Rows, func(a, b compareRow) int {
		return byStatus(a.E, b.E)
	})
	slices.SortStableFunc(p.Sides, byStatus)
	return writePage(w, "compare.tmpl", p)
}

// byStatus is the order of both tables.
func byStatus(a, b compareExperiment) int {
	return cmp.Compare(slices.Index(changes(), a.Status), slices.Index(changes(), b.Status))
}

// A comparePage is what the templates read.
type comparePage struct {
	frame
	C      *compare.Comparison
	JSON   template.JS
	Rows   []compareRow // of experiments that are comparable
	Apart  []compareExperiment
	Sides  []compareExperiment // all that both sides have
	Diffs  []compareExperiment
	Notes  []string
	Scale  rootScale
	Change changeScale
}

func (p *comparePage) add(e *compare.Experiment) {
	x := compareExperiment{e, p}
	switch {
	case e.Status == compare.NotComparable:
		p.Apart = append(p.Apart, x)
	case len(e.Journeys) == 0:
		p.Rows = append(p.Rows, compareRow{E: x, First: true})
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

func compareTitle(c *compare.Comparison) string {
	return strings.Join(fields(compareHeadline(c), comparePlace(c)), " · ")
}

// comparePlace is the system that both sides ran against.
func comparePlace(c *compare.Comparison) string {
	if len(c.Head) == 0 {
		return ""
	}
	r := c.Head[len(c.Head)-1]
	return strings.Join(fields(r.System, r.Environment), " on ")
}

// Methods that the templates call.

// Headline is the answer in one line.
func (p *comparePage) Headline() string { return compareHeadline(p.C) }

// Place is the system and its environment.
func (p *comparePage) Place() string { return comparePlace(p.C) }

// Base and Head name the runs of a side.
func (p *comparePage) Base() string { return runsName(p.C.Base) }
func (p *comparePage) Head() string { return runsName(p.C.Head) }

// Command makes the comparison again.
func (p *comparePage) Command() string { return compareCommand(p.C) }

// Margin is the change that does not matter.
func (p *comparePage) Margin() string { return short(p.C.Margin*100, 2) }

// Confidence of every interval.
func (p *comparePage) Confidence() string { return limit(p.C.Confidence) }

// Caveats are the notes about the comparison and those about its experiments.
func (p *comparePage) Caveats() []string { return slices.Concat(p.C.Notes, p.Notes) }

// changes are the statuses in the order of the page: what changed, what is not
// known, what did not change.
func changes() []compare.Status {
	return []compare.Status{compare.Regressed, compare.Improved, compare.Uncertain, compare.Unchanged, compare.NotComparable}
}

// Figures are how many experiments have each status.
func (p *comparePage) Figures() []statusFigure {
	var list []statusFigure
	for _, s := range changes() {
		list = append(list, statusFigure{s, p.C.Counts[s]})
	}
	return list
}

type statusFigure struct {
	Status compare.Status
	N      int
}

// Leads are the sentences below the headline: the largest regression in full,
// or else the largest improvement, and then what else changed.
func (p *comparePage) Leads() []sentence {
	const some = 3
	var list []sentence
	for _, s := range []compare.Status{compare.Regressed, compare.Improved} {
		for i := range p.C.Experiments {
			if e := &p.C.Experiments[i]; e.Status == s && len(list) < some {
				list = append(list, lead(compareExperiment{e, p}, len(list) == 0))
			}
		}
	}
	return list
}

// lead is one of these sentences: in full, or in brief.
func lead(e compareExperiment, full bool) sentence {
	to := link(&result.Experiment{ID: e.ID, Title: e.Name()})
	j := e.Lead()
	switch {
	case full || j == nil || j.Change == nil || j.Status != e.Status:
		return sentence{"", to, strings.TrimPrefix(changeSentence(e.Experiment), e.Title)}
	case j.Change.Estimate > 0:
		return sentence{"Harm from ", to, " rises by " + points(j.Change.Estimate) + " points."}
	}
	return sentence{"Harm from ", to, " falls by " + points(-j.Change.Estimate) + " points."}
}

// A compareExperiment is one experiment of both sides.
type compareExperiment struct {
	*compare.Experiment
	p *comparePage
}

// Name is the title, or the id of an experiment without one.
func (e compareExperiment) Name() string {
	if e.Title != "" {
		return e.Title
	}
	return e.ID
}

// Targets are the dependencies that the faults go into.
func (e compareExperiment) Targets() string {
	var list []string
	for _, d := range e.Dependencies {
		list = append(list, strings.Join(fields(d.Name, d.Criticality), ", "))
	}
	return strings.Join(list, "; ")
}

// Owners of these dependencies.
func (e compareExperiment) Owners() string {
	var list []string
	for _, d := range e.Dependencies {
		if d.Owner != "" && !slices.Contains(list, d.Owner) {
			list = append(list, d.Owner)
		}
	}
	return strings.Join(list, ", ")
}

// Advice is what the documents say to do when the hypothesis is refuted.
func (e compareExperiment) Advice() string {
	if e.Status == compare.Regressed {
		return e.IfRefuted
	}
	return ""
}

// rows are its journeys, the one that decides first.
func (e compareExperiment) rows() []compareRow {
	var list []compareRow
	for i := range e.Journeys {
		j := &e.Journeys[i]
		row := compareRow{E: e, J: j, Status: j.Status, Several: len(e.Journeys) > 1}
		if j == e.Lead() || e.Lead() == nil && i == 0 {
			row.First, row.Status = true, e.Status
			list = slices.Insert(list, 0, row)
			continue
		}
		list = append(list, row)
	}
	return list
}

// Recovery is the slowest of a side.
func sideRecovery(s *compare.Side) string {
	switch {
	case s == nil || s.Recovery == nil:
		return "–"
	case s.Recovery.Seconds == 0 && !s.Recovery.Censored:
		return "at once"
	}
	return recovery(&result.Experiment{Recovery: s.Recovery})
}

// Broken counts the invariants that the fault broke on a side.
func broken(list []compare.Invariant, side func(compare.Invariant) compare.InvariantState) string {
	n, judged := 0, 0
	for _, inv := range list {
		s := side(inv)
		if s.Verdict == result.Refuted {
			n++
		}
		if s.Verdict != result.Inconclusive {
			judged++
		}
	}
	switch {
	case len(list) == 0:
		return "none"
	case n > 0:
		return "× " + count(n) + " broken"
	case judged < len(list):
		return "? " + count(len(list)-judged) + " not judged"
	}
	return "✓ all hold"
}

func (e compareExperiment) BaseInvariants() string {
	return broken(e.Invariants, func(i compare.Invariant) compare.InvariantState { return i.Base })
}

func (e compareExperiment) HeadInvariants() string {
	return broken(e.Invariants, func(i compare.Invariant) compare.InvariantState { return i.Head })
}

func (e compareExperiment) BaseRecovery() string { return sideRecovery(e.Base) }
func (e compareExperiment) HeadRecovery() string { return sideRecovery(e.Head) }

// Calls are the dependencies that journeys called more often under the fault, on
// either side.
func (e compareExperiment) Calls() []compare.Amplification { return storms(e.Experiment) }

// Changed are the invariants that head broke or repaired.
func (e compareExperiment) Changed() []compare.Invariant { return changedInvariants(e.Experiment) }

// A compareRow is one journey of an experiment.
type compareRow struct {
	E       compareExperiment
	J       *compare.Journey
	Status  compare.Status
	First   bool // of the experiment's rows
	Several bool // the experiment has more than one
}

// Radii draws both sides, Moved the change.
func (r compareRow) Radii() template.HTML { return radiiPlot(r.E.p.Scale, r.J) }
func (r compareRow) Moved() template.HTML {
	return changePlot(r.E.p.Change, r.E.p.C.Margin, r.J, r.Status)
}

// Pair are both sides as text.
func (r compareRow) Pair() []*compare.Radius { return []*compare.Radius{r.J.Base, r.J.Head} }

// changeScale is linear, in shares, and the same for all rows.
type changeScale struct{ low, high, step float64 }

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
	s.step = axisFor(s.high - s.low).step
	s.low, s.high = math.Floor(s.low/s.step+1e-9)*s.step, math.Ceil(s.high/s.step-1e-9)*s.step
	return s
}

// at gives the place of a change in percent of the width.
func (s changeScale) at(v float64) float64 {
	return 100 * (min(max(v, s.low), s.high) - s.low) / (s.high - s.low)
}

// compareScale covers every blast radius that is drawn.
func compareScale(c *compare.Comparison) rootScale {
	s := rootScale{-0.01, 0.01}
	for i := range c.Experiments {
		e := &c.Experiments[i]
		for _, j := range e.Journeys {
			s.high = max(s.high, j.Limit)
			for _, r := range []*compare.Radius{j.Base, j.Head} {
				if r != nil {
					s.low, s.high = min(s.low, r.Low), max(s.high, r.High)
				}
			}
		}
	}
	return s.rounded()
}
