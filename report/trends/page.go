package trends

import (
	"bytes"
	"cmp"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/gate/bypass"
	"github.com/blastgauge/blastgauge/experiments/history"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/template"
	"github.com/blastgauge/blastgauge/report/words"
)

// WriteHTML writes a page about many runs: what each experiment found from run to
// run, and a table of the runs. The directory of the runs, as seen from the page,
// makes it link to their reports; without one it has no such links.
func WriteHTML(w io.Writer, x *history.Index, runs string, o page.Options) error {
	d := newDocument(x)
	d.reports = runs
	d.Frame = page.NewFrame(kind, strings.Join(words.NonEmpty(d.Headline(), d.Place()), " · "), o)
	return page.Write(w, d.streampage)
}

// kind is what the page says that it is.
const kind = "History"

// IsPage reports whether a text is a page that [WriteHTML] wrote.
func IsPage(text []byte) bool {
	return bytes.Contains(text, []byte("<b>blastgauge</b> <span>"+kind+"</span>"))
}

// A document is the content of the page. The template calls its methods.
type document struct {
	page.Frame
	X      *history.Index
	Trends []*trend // those that need care first
	runs   []history.Run
	at     map[string]int // place of a run among them, oldest first
	from   int            // the first run that is drawn

	reports string // directory of the runs, as seen from the page
}

// mostMarks bounds what all trends draw, and with it the size of the page.
const mostMarks = 6000

func newDocument(x *history.Index) *document {
	p := &document{X: x, runs: slices.Clone(x.Runs), at: map[string]int{}}
	slices.Reverse(p.runs)
	for i, r := range p.runs {
		p.at[r.ID] = i
	}
	for i := range x.Trends {
		p.Trends = append(p.Trends, &trend{Trend: &x.Trends[i], p: p, Key: "trend-" + figures.Count(i+1)})
	}
	slices.SortStableFunc(p.Trends, func(a, b *trend) int {
		x, y := a.Now(), b.Now()
		return cmp.Or(compareGone(a, b), cmp.Compare(slices.Index(words.Severity(), x.Verdict), slices.Index(words.Severity(), y.Verdict)), cmp.Compare(pointEstimate(y), pointEstimate(x)))
	})
	if n := len(p.Trends); n > 0 {
		p.from = max(0, len(p.runs)-max(mostMarks/n, 50))
	}
	return p
}

// compareGone puts experiments that are gone last.
func compareGone(a, b *trend) int {
	switch {
	case (a.Gone == nil) == (b.Gone == nil):
		return 0
	case a.Gone == nil:
		return -1
	}
	return 1
}

// pointEstimate orders points by their blast radius; those without one come last.
func pointEstimate(p history.Point) float64 {
	if p.Radius == nil {
		return -1
	}
	return p.Radius.Estimate
}

// Headline is the answer in one line: how many hypotheses held when they were last
// tested.
func (p *document) Headline() string {
	there := p.there()
	n, c := len(there), map[result.Verdict]int{}
	for _, t := range there {
		c[t.Now().Verdict]++
	}
	switch {
	case len(p.runs) == 0:
		return "No run to show"
	case n == 0:
		if len(p.Trends) > 0 {
			return "No experiment is left"
		}
		return "No experiment was run"
	case c[result.Held] == n:
		return "Every hypothesis held when it was last tested"
	case c[result.Refuted] > 0:
		return figures.Count(c[result.Refuted]) + " of " + figures.Plural(n, "hypothesis", "hypotheses") + " refuted when last tested"
	}
	return figures.Count(c[result.Held]) + " of " + figures.Plural(n, "hypothesis", "hypotheses") + " held when last tested"
}

// Contents lists the sections of the page, in its order.
func (p *document) Contents() (list []page.Entry) {
	var all []page.Link
	for _, t := range p.Trends {
		all = append(all, page.Link{ID: t.Key, Name: words.Glyph(t.Now().Verdict) + " " + t.Name()})
	}
	if len(all) > 0 {
		list = append(list, page.Entry{Link: page.Link{ID: "_trends", Name: "From run to run"}, Inside: all})
	}
	if len(p.runs) > 0 {
		list = append(list, page.Entry{Link: page.Link{ID: "_runs", Name: "The runs"}})
	}
	if p.Bypassed() {
		list = append(list, page.Entry{Link: page.Link{ID: "_bypasses", Name: "Bypassed"}})
	}
	return list
}

// Place names the system, where all runs were against the same one.
func (p *document) Place() string {
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
func (p *document) Span() string {
	if len(p.runs) == 0 {
		return ""
	}
	return figures.Plural(len(p.runs), "run", "runs") + ", " + figures.Period(p.runs[0].Started, p.runs[len(p.runs)-1].Started)
}

// there are the experiments that are not gone.
func (p *document) there() []*trend {
	return slices.DeleteFunc(slices.Clone(p.Trends), func(t *trend) bool { return t.Gone != nil })
}

// GoneOnes are the experiments that are gone.
func (p *document) GoneOnes() []*trend {
	return slices.DeleteFunc(slices.Clone(p.Trends), func(t *trend) bool { return t.Gone == nil })
}

// Refuted are the trends whose hypothesis was refuted when it was last tested: all that
// the headline counts.
func (p *document) Refuted() []*trend {
	return slices.DeleteFunc(p.there(), func(t *trend) bool { return t.Now().Verdict != result.Refuted })
}

// Changed are a few trends whose verdict changed, the latest change first.
func (p *document) Changed() []*trend {
	const some = 4
	list := slices.DeleteFunc(p.there(), func(t *trend) bool { return t.since() == 0 })
	slices.SortStableFunc(list, func(a, b *trend) int { return b.Tested()[b.since()].Started.Compare(a.Tested()[a.since()].Started) })
	return list[:min(some, len(list))]
}

// Undrawn counts the oldest runs, which are in the table but not in the charts.
func (p *document) Undrawn() int { return p.from }

// Report is the address of a run's own page; empty where that is not known.
func (p *document) Report(r history.Run) string {
	if p.reports == "" || r.Dir == "" {
		return ""
	}
	return (&url.URL{Path: p.reports + "/" + r.Dir + "/report.html"}).String()
}

// Cells are what a run found of each experiment, in the order of the trends.
func (p *document) Cells(r history.Run) []*history.Experiment {
	list := make([]*history.Experiment, len(p.Trends))
	for i, t := range p.Trends {
		if t.System != strings.Join(words.NonEmpty(r.System, r.Environment), " on ") {
			continue
		}
		if k := slices.IndexFunc(r.Experiments, func(e history.Experiment) bool { return e.ID == t.Experiment }); k >= 0 {
			list[i] = &r.Experiments[k]
		}
	}
	return list
}

// Bypassed reports whether somebody let a change pass, as far as that can be read.
func (p *document) Bypassed() bool { return len(p.X.Bypasses)+len(p.X.Unread) > 0 }

// BypassFile is where the bypasses are kept.
func (p *document) BypassFile() string { return bypass.File }

// Bypasses are all bypasses, newest first.
func (p *document) Bypasses() []bypass.Entry {
	list := slices.Clone(p.X.Bypasses)
	slices.Reverse(list)
	return list
}

// A trend is one experiment from run to run.
type trend struct {
	*history.Trend
	p   *document
	Key string // id on the page: the experiment's own is not unique over systems
}

// Name is the title that the experiment has now. Where there are several systems,
// it names the system as well.
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

// Now is what is known of the hypothesis: the newest run that tested it.
func (t *trend) Now() history.Point {
	list := t.Tested()
	return list[len(list)-1]
}

// since is the index among the tested points from which on the verdict stayed the same;
// 0 where it never changed.
func (t *trend) since() int {
	list := t.Tested()
	i := len(list) - 1
	for i > 0 && list[i-1].Verdict == list[len(list)-1].Verdict {
		i--
	}
	return i
}

// Since writes how long the verdict has stood: "refuted since 23 Nov 2026, 14:02
// (4b5e9a2c1d), 3 runs; held before". Runs that did not test it are counted apart. Of an
// experiment that is gone it says since when, and what was found last.
func (t *trend) Since() string {
	text := t.sinceTested()
	if t.Gone != nil {
		text = goneSince(t.Trend) + "; " + text
	}
	if n := len(t.Points) - len(t.Tested()); n > 0 {
		text += "; not run in " + figures.Plural(n, "other run", "other runs")
	}
	return text
}

func (t *trend) sinceTested() string {
	list, i := t.Tested(), t.since()
	now := words.Verdict(t.Now().Verdict)
	if i > 0 {
		p := list[i]
		text := now + " since " + figures.Minute(p.Started)
		if p.Commit != "" {
			text += " (" + words.Commit(p.Commit) + ")"
		}
		return text + ", " + figures.Plural(len(list)-i, "run", "runs") + "; " + words.Verdict(list[i-1].Verdict) + " before"
	}
	if len(list) == 1 {
		return now + " in its only run"
	}
	if len(list) == 2 {
		return now + " in both runs"
	}
	return now + " in all " + figures.Count(len(list)) + " runs"
}

// Chart draws the trend.
func (t *trend) Chart() template.HTML { return trendChartOf(t) }

// excess writes a blast radius by its estimate, or by its upper bound where no harm
// was shown.
func excess(r *history.Radius) string {
	if r.Low <= 0 {
		return "≤ " + figures.UpperPercent(r.High)
	}
	return figures.Percent(r.Estimate)
}
