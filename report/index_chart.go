package report

import (
	"html/template"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/history"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// Heights of a trend, in pixels.
const (
	trendPlot = 120
	trendTop  = 6
)

// A trendChart has a column for every run, the same in all trends of a page: an
// interval, its estimate and the limit of that time.
type trendChart struct {
	drawing
	t      *trend
	points []trendPoint // that are drawn
	first  int          // run of the left edge
	n      int          // columns
	scale  rootScale
}

// A trendPoint is the experiment in one run.
type trendPoint struct {
	at int // place of the run among all
	history.Point
}

// Labels stand in front of the columns.
const trendLeft = 50.0 // of 1000

func trendChartOf(t *trend) template.HTML {
	c := &trendChart{t: t, first: t.p.from, n: len(t.p.runs) - t.p.from, scale: rootScale{-0.01, 0.01}}
	for _, p := range t.Points {
		at := t.p.at[p.Run]
		if at < c.first {
			continue
		}
		c.points = append(c.points, trendPoint{at, p})
		c.scale.high = max(c.scale.high, p.Limit)
		if r := p.Radius; r != nil {
			c.scale.low, c.scale.high = min(c.scale.low, r.Low), max(c.scale.high, r.High)
		}
	}
	c.scale = c.scale.rounded()
	if len(c.points) == 0 {
		return ""
	}
	c.open("series", trendTop+trendPlot+timeRow, "Blast radius from run to run: "+t.Since())
	c.grid()
	c.stretched(trendTop, trendPlot)
	c.limits()
	for _, v := range severity {
		c.marks(v)
	}
	c.close()
	c.breaks()
	c.days()
	c.hovers()
	c.close()
	return c.html()
}

// x is the middle of a run's column in the stretched space.
func (c *trendChart) x(at int) float64 { return trendLeft + (float64(at-c.first)+0.5)*c.column() }

func (c *trendChart) column() float64 { return (1000 - trendLeft) / float64(c.n) }

func (c *trendChart) y(share float64) float64 { return trendPlot * (1 - c.scale.at(share)/100) }

func (c *trendChart) grid() {
	var ys []float64
	var texts []string
	last := trendPlot + 100.0
	for _, tick := range rootTicks() {
		if y := c.y(tick); tick <= c.scale.high && last-y >= 18 {
			last = y
			ys, texts = append(ys, trendTop+y), append(texts, limit(tick))
		}
	}
	c.gridlines(ys, -3, texts)
}

// limits is a step line: a limit may change from run to run.
func (c *trendChart) limits() {
	c.add(`<path class="lim" d="M`, number(trendLeft))
	for i, p := range c.points {
		y := down(c.y(p.Limit))
		if i == 0 || p.Limit != c.points[i-1].Limit {
			from := ","
			if i > 0 {
				from = "H" + down(c.x(p.at)-c.column()/2) + "V"
			}
			c.add(from, y)
		}
	}
	c.add(`H1000" fill="none" stroke="`, inkColor, `" stroke-dasharray="2 2" vector-effect="non-scaling-stroke"/>`)
}

// marks draws the runs with one verdict. Estimates of refuted hypotheses are
// square, the others round. Where nothing is known there is a tick at the foot.
func (c *trendChart) marks(v result.Verdict) {
	var intervals, estimates strings.Builder
	for _, p := range c.points {
		if p.Verdict != v {
			continue
		}
		x := down(c.x(p.at))
		b := p.Radius
		if b == nil {
			intervals.WriteString("M" + x + "," + number(trendPlot) + "v-8")
			continue
		}
		intervals.WriteString("M" + x + "," + down(c.y(b.Low)) + "V" + down(c.y(b.High)))
		estimates.WriteString("M" + x + "," + down(c.y(b.Estimate)) + "h0")
	}
	shape, size := "round", min(5, max(2.5, 0.9*c.column()))
	if v == result.Refuted {
		shape = "square"
	}
	c.markPath(v, intervals.String(), ` stroke-width="`+number(size/3.5)+`"`)
	c.markPath(v, estimates.String(), ` stroke-width="`+number(size)+`" stroke-linecap="`+shape+`"`)
}

func (c *trendChart) markPath(v result.Verdict, d, attrs string) {
	if d != "" {
		c.add(`<path class="iv `, tone(v), `" d="`, d, `" fill="none" stroke="`, inkColor, `"`, attrs, ` vector-effect="non-scaling-stroke"/>`)
	}
}

// breaks are where the experiment became another one: what is on both sides of
// the line cannot be compared.
func (c *trendChart) breaks() {
	for i, p := range c.points {
		if i > 0 && len(p.Changed) > 0 {
			c.vertical("ev", pc((c.x(p.at)-c.column()/2)/10), trendTop, trendTop+trendPlot, softColor, ` stroke-dasharray="1 3"`)
		}
	}
}

// days labels the runs on the axis with their days, as far as there is room.
func (c *trendChart) days() {
	c.add(`<g class="tick">`)
	last := -100.0
	for at := c.first; at < c.first+c.n; at++ {
		x := c.x(at) / 10
		if x-last < 26 || x > 60 && at != c.first {
			continue
		}
		last = x
		c.add(`<text x="`, pc(x), `" y="`, number(trendTop+trendPlot+16), `">`, day(c.t.p.runs[at].Started), `</text>`)
	}
	if end := c.first + c.n - 1; last < 74 && c.n > 1 {
		c.add(`<text x="100%" y="`, number(trendTop+trendPlot+16), `" text-anchor="end">`, day(c.t.p.runs[end].Started), `</text>`)
	}
	c.add(`</g>`)
}

func (c *trendChart) hovers() {
	var list []hover
	for _, p := range c.points {
		from := c.x(p.at) - c.column()/2
		list = append(list, hover{from, from + c.column(), p.String()})
	}
	c.hits(trendTop, trendPlot, 1000, list)
}

// String is what a run says: when, of which commit, what it found.
func (p trendPoint) String() string {
	text := strings.Join(fields(day(p.Started), commit(p.Commit)), " ") + ": "
	if r := p.Radius; r != nil {
		text += radiusExcess(r) + " [" + minusSign(points(r.Low)+" to "+points(r.High)) + "] "
	}
	text += word(p.Verdict)
	if len(p.Changed) > 0 {
		text += "; other " + strings.Join(p.Changed, ", ") + " than before"
	}
	return text
}
