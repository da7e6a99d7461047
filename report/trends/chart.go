package trends

import (
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/history"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/template"
	"github.com/blastgauge/blastgauge/report/words"
)

// Heights of a trend, in pixels.
const (
	trendPlot = 120
	trendTop  = 6
	trendMark = 4 // room for half a mark at either edge of the plot
)

// A trendChart has a column for every run, the same in all trends of a page: an
// interval, its estimate and the limit of that time.
type trendChart struct {
	page.Drawing
	t      *trend
	points []trendPoint // that are drawn
	first  int          // run of the left edge
	n      int          // columns
	scale  page.RootScale
}

// A trendPoint is the experiment in one run.
type trendPoint struct {
	at int // place of the run among all
	history.Point
}

// trendLeft is the room for labels in front of the columns, out of 1000.
const trendLeft = 50.0

// trendChartOf draws a trend. It is empty where the page draws none of the trend's
// runs.
func trendChartOf(t *trend) template.HTML {
	c := &trendChart{t: t, first: t.p.from, n: len(t.p.runs) - t.p.from, scale: page.RootScale{Low: -0.01, High: 0.01}}
	for _, p := range t.Points {
		at := t.p.at[p.Run]
		if at < c.first {
			continue
		}
		c.points = append(c.points, trendPoint{at, p})
		c.scale.High = max(c.scale.High, p.Limit)
		if r := p.Radius; r != nil {
			c.scale.Low, c.scale.High = min(c.scale.Low, r.Low), max(c.scale.High, r.High)
		}
	}
	c.scale = c.scale.Rounded()
	if len(c.points) == 0 {
		return ""
	}
	c.Open("series", trendTop+trendPlot+page.TimeRow, "Blast radius from run to run: "+t.Since())
	c.grid()
	c.Stretched(trendTop, trendPlot)
	c.limits()
	for _, v := range words.Severity() {
		c.marks(v)
	}
	c.Close()
	c.breaks()
	c.times()
	c.hovers()
	c.Close()
	return c.HTML()
}

// x is the middle of a run's column, in the stretched space.
func (c *trendChart) x(at int) float64 { return trendLeft + (float64(at-c.first)+0.5)*c.column() }

// column is the width of a run's column.
func (c *trendChart) column() float64 { return (1000 - trendLeft) / float64(c.n) }

// y is the place of a share from the top of the plot, which cuts off what is drawn
// beyond it: a mark at the end of the scale still has its whole size.
func (c *trendChart) y(share float64) float64 {
	return trendMark + (trendPlot-2*trendMark)*(1-c.scale.At(share)/100)
}

// grid labels round shares that are far enough apart.
func (c *trendChart) grid() {
	var ys []float64
	var texts []string
	last := trendPlot + 100.0
	for _, tick := range page.RootTicks() {
		if y := c.y(tick); tick <= c.scale.High && last-y >= 18 {
			last = y
			ys, texts = append(ys, trendTop+y), append(texts, words.Limit(tick))
		}
	}
	c.Gridlines(ys, -3, texts)
}

// limits draws the limit as a step line, as it may change from run to run.
func (c *trendChart) limits() {
	c.Add(`<path class="lim" d="M`, page.Number(trendLeft))
	for i, p := range c.points {
		y := page.Y(c.y(p.Limit))
		if i == 0 || p.Limit != c.points[i-1].Limit {
			from := ","
			if i > 0 {
				from = "H" + page.Y(c.x(p.at)-c.column()/2) + "V"
			}
			c.Add(from, y)
		}
	}
	c.Add(`H1000" fill="none" stroke="`, page.InkColor, `" stroke-dasharray="2 2" vector-effect="non-scaling-stroke"/>`)
}

// marks draws the runs with one verdict. Estimates of refuted hypotheses are
// square, the others round. Where nothing is known there is a tick at the foot.
func (c *trendChart) marks(v result.Verdict) {
	var intervals, estimates strings.Builder
	for _, p := range c.points {
		if p.Verdict != v {
			continue
		}
		x := page.Y(c.x(p.at))
		b := p.Radius
		if b == nil {
			intervals.WriteString("M" + x + "," + page.Number(trendPlot) + "v-8")
			continue
		}
		intervals.WriteString("M" + x + "," + page.Y(c.y(b.Low)) + "V" + page.Y(c.y(b.High)))
		estimates.WriteString("M" + x + "," + page.Y(c.y(b.Estimate)) + "h0")
	}
	shape, size := "round", min(5, max(2.5, 0.9*c.column()))
	if v == result.Refuted {
		shape = "square"
	}
	c.markPath(v, intervals.String(), ` stroke-width="`+page.Number(size/3.5)+`"`)
	c.markPath(v, estimates.String(), ` stroke-width="`+page.Number(size)+`" stroke-linecap="`+shape+`"`)
}

// markPath draws the marks of one verdict, if there are any.
func (c *trendChart) markPath(v result.Verdict, d, attrs string) {
	if d != "" {
		c.Add(`<path class="iv `, page.Tone(v), `" d="`, d, `" fill="none" stroke="`, page.InkColor, `"`, attrs, ` vector-effect="non-scaling-stroke"/>`)
	}
}

// breaks draws a line where the experiment changed: blast radii on its two sides
// cannot be compared.
func (c *trendChart) breaks() {
	for i, p := range c.points {
		if i > 0 && len(p.Changed) > 0 {
			c.Vertical(page.Style{Class: "ev", Color: page.SoftColor, Attrs: ` stroke-dasharray="1 3"`}, page.X((c.x(p.at)-c.column()/2)/10), trendTop, trendTop+trendPlot)
		}
	}
}

// times labels the axis with the moments of the runs, as far as there is room. Their year is
// in the head of the page; where all runs are of one day, the day is there, too.
func (c *trendChart) times() {
	form := "2 Jan, 15:04"
	if end := c.first + c.n - 1; c.n > 1 && figures.Day(c.t.p.runs[c.first].Started) == figures.Day(c.t.p.runs[end].Started) {
		form = "15:04 UTC"
	}
	label := func(at int) string { return c.t.p.runs[at].Started.UTC().Format(form) }
	c.Add(`<g class="tick">`)
	last := -100.0
	for at := c.first; at < c.first+c.n; at++ {
		x := c.x(at) / 10
		if x-last < 26 || x > 60 && at != c.first {
			continue
		}
		last = x
		c.Add(`<text x="`, page.X(x), `" y="`, page.Number(trendTop+trendPlot+16), `">`, label(at), `</text>`)
	}
	if end := c.first + c.n - 1; last < 74 && c.n > 1 {
		c.Add(`<text x="100%" y="`, page.Number(trendTop+trendPlot+16), `" text-anchor="end">`, label(end), `</text>`)
	}
	c.Add(`</g>`)
}

// hovers gives each run a text for the pointer and the arrow keys.
func (c *trendChart) hovers() {
	var list []page.Hover
	for _, p := range c.points {
		from := c.x(p.at) - c.column()/2
		list = append(list, page.Hover{From: from, To: from + c.column(), Text: p.String()})
	}
	c.Hits(trendTop, trendPlot, 1000, list)
}

// String describes the point: when the run was, of which commit, and what it found.
func (p trendPoint) String() string {
	text := strings.Join(words.NonEmpty(figures.Minute(p.Started), words.Commit(p.Commit)), " ") + ": "
	if r := p.Radius; r != nil {
		text += excess(r) + " [" + figures.Minus(figures.Points(r.Low)+" to "+figures.Points(r.High)) + "] "
	}
	text += words.Verdict(p.Verdict)
	if len(p.Changed) > 0 {
		text += "; other " + strings.Join(p.Changed, ", ") + " than before"
	}
	return text
}
