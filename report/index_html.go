package report

import (
	"cmp"
	"html/template"
	"io"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/history"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// writeIndexHTML writes a page about many runs: what each experiment found from
// run to run, and a table of the runs.
func writeIndexHTML(w io.Writer, x *history.Index, o Options) error {
	p := newIndexPage(x)
	p.reports = o.Runs
	p.frame = newFrame("History", strings.Join(fields(p.Headline(), p.Place()), " · "), o)
	return writePage(w, "index.tmpl", p)
}

// An indexPage is what the templates read.
type indexPage struct {
	frame
	X      *history.Index
	Trends []*trend // those that need care first
	runs   []history.Run
	at     map[string]int // place of a run among them, oldest first
	from   int            // the first run that is drawn

	reports string // directory of the runs, as seen from the page
}

// mostMarks bounds what all trends draw, and with it the size of the page.
const mostMarks = 6000

func newIndexPage(x *history.Index) *indexPage {
	p := &indexPage{X: x, runs: slices.Clone(x.Runs), at: map[string]int{}}
	slices.Reverse(p.runs)
	for i, r := range p.runs {
		p.at[r.ID] = i
	}
	for i := range x.Trends {
		p.Trends = append(p.Trends, &trend{Trend: &x.Trends[i], p: p, Key: "trend-" + count(i+1)})
	}
	slices.SortStableFunc(p.Trends, func(a, b *trend) int {
		x, y := a.Latest(), b.Latest()
		return cmp.Or(cmp.Compare(slices.Index(severity, x.Verdict), slices.Index(severity, y.Verdict)), cmp.Compare(pointEstimate(y), pointEstimate(x)))
	})
	if n := len(p.Trends); n > 0 {
		p.from = max(0, len(p.runs)-max(mostMarks/n, 50))
	}
	return p
}

func pointEstimate(p history.Point) float64 {
	if p.Radius == nil {
		return -1
	}
	return p.Radius.Estimate
}

// Headline is how things stand.
func (p *indexPage) Headline() string {
	n, c := len(p.Trends), map[result.Verdict]int{}
	for _, t := range p.Trends {
		c[t.Latest().Verdict]++
	}
	switch {
	case len(p.runs) == 0:
		return "No run to show"
	case n == 0:
		return "No experiment was run"
	case c[result.Held] == n:
		return "Every hypothesis held when it was last tested"
	case c[result.Refuted] > 0:
		return count(c[result.Refuted]) + " of " + plural(n, "hypothesis", "hypotheses") + " refuted when last tested"
	}
	return count(c[result.Held]) + " of " + plural(n, "hypothesis", "hypotheses") + " held when last tested"
}

// Place is the system, where there is but one.
func (p *indexPage) Place() string {
	name := ""
	for i, t := range p.Trends {
		if i > 0 && t.System != name {
			return ""
		}
		name = t.System
	}
	return name
}

// Span is when the runs were.
func (p *indexPage) Span() string {
	if len(p.runs) == 0 {
		return ""
	}
	first, last := day(p.runs[0].Started), day(p.runs[len(p.runs)-1].Started)
	if first == last {
		return plural(len(p.runs), "run", "runs") + " on " + first
	}
	return plural(len(p.runs), "run", "runs") + " from " + first + " to " + last
}

// Changed are the trends whose verdict is not what it was, latest change first.
func (p *indexPage) Changed() []*trend {
	const some = 4
	list := slices.DeleteFunc(slices.Clone(p.Trends), func(t *trend) bool { return t.since() == 0 })
	slices.SortStableFunc(list, func(a, b *trend) int { return b.Points[b.since()].Started.Compare(a.Points[a.since()].Started) })
	return list[:min(some, len(list))]
}

// Undrawn counts the runs that are in the table only.
func (p *indexPage) Undrawn() int { return p.from }

// Report is where a run's page is; empty if that is not known.
func (p *indexPage) Report(r history.Run) string {
	if p.reports == "" || r.Dir == "" {
		return ""
	}
	return p.reports + "/" + r.Dir + "/report.html"
}

// Cells are what a run found of each experiment, in the order of the trends.
func (p *indexPage) Cells(r history.Run) []*history.Experiment {
	list := make([]*history.Experiment, len(p.Trends))
	for i, t := range p.Trends {
		if t.System != strings.Join(fields(r.System, r.Environment), " on ") {
			continue
		}
		if k := slices.IndexFunc(r.Experiments, func(e history.Experiment) bool { return e.ID == t.Experiment }); k >= 0 {
			list[i] = &r.Experiments[k]
		}
	}
	return list
}

// A trend is one experiment from run to run.
type trend struct {
	*history.Trend
	p   *indexPage
	Key string // id on the page: the experiment's own is not unique over systems
}

// Name is the title that it has now; with the system where there are several.
func (t *trend) Name() string {
	name := t.Title
	if name == "" {
		name = t.Experiment
	}
	if t.p.Place() == "" {
		name += " · " + t.System
	}
	return name
}

// since is the first point of the newest verdict's streak; 0 where it never was
// another.
func (t *trend) since() int {
	i := len(t.Points) - 1
	for i > 0 && t.Points[i-1].Verdict == t.Latest().Verdict {
		i--
	}
	return i
}

// Since says how long the verdict stands: "refuted since 23 Nov 2026
// (4b5e9a2c1d), 3 runs; held before".
func (t *trend) Since() string {
	i, now := t.since(), word(t.Latest().Verdict)
	if i > 0 {
		p := t.Points[i]
		text := now + " since " + day(p.Started)
		if p.Commit != "" {
			text += " (" + commit(p.Commit) + ")"
		}
		return text + ", " + plural(len(t.Points)-i, "run", "runs") + "; " + word(t.Points[i-1].Verdict) + " before"
	}
	if len(t.Points) == 1 {
		return now + " in its only run"
	}
	return now + " in all " + count(len(t.Points)) + " runs"
}

// Chart draws the trend.
func (t *trend) Chart() template.HTML { return trendChartOf(t) }

// commit is as much of a commit as people compare.
func commit(text string) string { return text[:min(10, len(text))] }

// radiusExcess is what a blast radius says first: its upper end where no harm is
// shown.
func radiusExcess(r *history.Radius) string {
	if r.Low <= 0 {
		return "≤ " + ceiling(r.High)
	}
	return percent(r.Estimate)
}
