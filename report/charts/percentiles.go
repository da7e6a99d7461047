package charts

import (
	"math"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/template"
)

// Heights of the percentile plot, in pixels.
const (
	percentilePlot = 170
	percentileTop  = 8
)

// A percentileChart shows how long journeys took, from the quick half to the slowest
// one. It spreads the percentiles so that p90, p99 and p99.9 would be equally far
// apart. Time is logarithmic.
type percentileChart struct {
	page.Drawing
	j         *result.Journey
	arms      []latencyArm
	low, high float64 // seconds
}

const faultArm = "fault arm"

// A latencyArm is one curve of the plot.
type latencyArm struct {
	name   string
	style  page.Style
	values []result.Percentile
}

// latencyArms are the fault arm and what it is compared with, as far as anything is known of
// them. Of an arm of which few journeys end, only the median may be: that is a point.
func latencyArms(j *result.Journey) []latencyArm {
	list := []latencyArm{
		{faultArm, page.FaultLine(), j.Latency.Fault},
		{"control", page.ControlLine(), j.Latency.Control},
	}
	if len(j.Latency.Control) == 0 {
		list[1].name, list[1].values = "baseline", j.Latency.Baseline
	}
	return slices.DeleteFunc(list, func(a latencyArm) bool { return len(a.values) == 0 })
}

// ComparedArm names what the fault arm is compared with in [Percentiles]; it is empty
// where there is nothing.
func ComparedArm(j *result.Journey) string {
	for _, a := range latencyArms(j) {
		if a.name != faultArm {
			return a.name
		}
	}
	return ""
}

// Percentiles draws how long the journeys of both arms took. It is empty where there is
// nothing to draw.
func Percentiles(j *result.Journey) template.HTML {
	c := &percentileChart{j: j, arms: latencyArms(j)}
	if len(c.arms) == 0 {
		return ""
	}
	c.measure()
	c.Open("series", percentileTop+percentilePlot+page.TimeRow, c.description())
	c.drawGrid()
	c.drawBudget()
	for _, a := range slices.Backward(c.arms) {
		c.drawCurve(a)
	}
	c.drawTicks()
	c.addHovers()
	c.Close()
	return c.HTML()
}

// measure finds the shortest and the longest time to show.
func (c *percentileChart) measure() {
	c.low, c.high = math.Inf(1), c.j.SlowAfter
	for _, a := range c.arms {
		for _, p := range a.values {
			if p.Seconds > 0 {
				c.low = min(c.low, p.Seconds)
			}
			c.high = max(c.high, p.Seconds)
		}
	}
	if math.IsInf(c.low, 1) {
		c.low, c.high = 0.1, max(c.high, 1)
	}
	c.low, c.high = c.low/1.25, max(c.high, c.low*2)*1.25
}

// x is the place of a percentile in percent of the width. The slowest journey is at
// the end.
func (c *percentileChart) x(p float64) float64 {
	const left, right, last = 9.0, 97.0, 2.5
	v := last
	if p < 1 {
		v = min(-math.Log10(1-p), last)
	}
	return left + (right-left)*v/last
}

// y is the place of a time, counted from the top of the plot.
func (c *percentileChart) y(seconds float64) float64 {
	seconds = min(max(seconds, c.low), c.high)
	return percentilePlot * (1 - math.Log(seconds/c.low)/math.Log(c.high/c.low))
}

// description is what a screen reader says of the chart.
func (c *percentileChart) description() string {
	var parts []string
	for _, a := range c.arms {
		for _, p := range a.values {
			if p.P == 0.5 || p.P == 0.99 {
				parts = append(parts, a.name+" "+PercentileName(p.P)+" "+figures.Latency(p.Seconds))
			}
		}
	}
	return "Percentiles of the duration of " + c.j.Name + ": " + strings.Join(parts, ", ")
}

// drawGrid draws lines at round times that are far enough apart.
func (c *percentileChart) drawGrid() {
	c.Horizontal(page.ZeroLine(), "0", "100%", percentileTop+percentilePlot)
	last := math.Inf(1)
	var ys []float64
	var texts []string
	for _, v := range roundTimes(c.low, c.high) {
		y := percentileTop + c.y(v)
		if last-y < 24 || c.j.SlowAfter > 0 && math.Abs(y-percentileTop-c.y(c.j.SlowAfter)) < 16 {
			continue
		}
		last = y
		ys, texts = append(ys, y), append(texts, figures.Duration(v))
	}
	c.Gridlines(ys, -3, texts)
}

// roundTimes are 1, 2 and 5 in every decade from low to high, in seconds.
func roundTimes(low, high float64) []float64 {
	var list []float64
	for decade := math.Floor(math.Log10(low)); decade <= math.Log10(high); decade++ {
		for _, digit := range []float64{1, 2, 5} {
			if v := digit * math.Pow(10, decade); v >= low && v <= high {
				list = append(list, v)
			}
		}
	}
	return list
}

// drawBudget draws the line beyond which a journey is slow.
func (c *percentileChart) drawBudget() {
	if c.j.SlowAfter <= 0 {
		return
	}
	y := percentileTop + c.y(c.j.SlowAfter)
	c.Horizontal(page.LimitLine(), "0", "100%", y)
	c.Text(page.Label{Class: "tick strong halo", X: "2", Y: y - 3, Color: page.InkColor, Text: figures.Duration(c.j.SlowAfter) + " slow"})
}

// drawCurve draws the percentiles of one arm, with a mark at each.
func (c *percentileChart) drawCurve(a latencyArm) {
	var points []page.Point
	for _, p := range a.values {
		points = append(points, page.Point{X: 10 * c.x(p.P), Y: c.y(p.Seconds)})
	}
	c.Stretched(percentileTop, percentilePlot)
	c.Curve(a.style, points)
	c.Close()
	c.Add(`<g class="mark `, a.style.Class, `" fill="`, page.PaperColor, `" stroke="`, a.style.Color, `" stroke-width="1.5">`)
	for i, p := range a.values {
		c.Add(`<circle cx="`, page.X(c.x(p.P)), `" cy="`, page.Y(percentileTop+points[i].Y), `" r="2.5"/>`)
	}
	c.Add(`</g>`)
}

// drawTicks labels the percentiles from the median on. Below it there is no room;
// the readings and the table have those.
func (c *percentileChart) drawTicks() {
	c.Add(`<g class="tick" text-anchor="middle">`)
	for _, p := range c.longest() {
		minor := ""
		switch {
		case p.P < 0.5:
			continue
		case p.P == 0.75 || p.P == 0.95:
			minor = ` class="minor"`
		}
		c.Add(`<text x="`, page.X(c.x(p.P)), `" y="`, page.Number(percentileTop+percentilePlot+16), `"`, minor, `>`, PercentileName(p.P), `</text>`)
	}
	c.Add(`</g>`)
}

// PercentileName is a percentile as people call it: "p99.9"; "max" for the slowest.
func PercentileName(p float64) string {
	if p >= 1 {
		return "max"
	}
	return "p" + figures.Short(p*100, 2)
}

// longest are the percentiles of the arm of which most are known. Those of the others
// are the first of them.
func (c *percentileChart) longest() (most []result.Percentile) {
	for _, a := range c.arms {
		if len(a.values) > len(most) {
			most = a.values
		}
	}
	return most
}

// addHovers shows the values of each percentile to a pointer.
func (c *percentileChart) addHovers() {
	list := c.longest()
	var out []page.Hover
	from := 0.0
	for i, p := range list {
		to := 100.0
		if i+1 < len(list) {
			to = (c.x(p.P) + c.x(list[i+1].P)) / 2
		}
		var parts []string
		for _, a := range c.arms {
			for _, known := range a.values {
				if known.P == p.P {
					parts = append(parts, a.name+" "+figures.Latency(known.Seconds))
				}
			}
		}
		out = append(out, page.Hover{From: from, To: to, Text: PercentileName(p.P) + ": " + strings.Join(parts, ", ")})
		from = to
	}
	c.Hits(percentileTop, percentilePlot, 100, out)
}
