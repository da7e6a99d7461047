package results

import (
	"fmt"
	"html/template"
	"slices"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/words"
)

// Heights of the time chart, in pixels.
const (
	phaseRow  = 20
	eventRow  = 20
	harmPlot  = 150
	plotGap   = 42
	speedPlot = 84
	TimeRow   = 22
)

// A timeChart shows what both arms of a journey met from the start of the
// experiment to its end: harm above, speed below, on one time axis.
type timeChart struct {
	page.Drawing
	e            *result.Experiment
	j            *result.Journey
	points       []point
	total        float64 // seconds on the time axis
	harm, speed  page.Axis
	rows         []int // of events
	top          float64
	speedTop     float64
	bottom       float64
	withControl  bool
	removed      float64 // seconds; where recovery starts
	hasRecovered bool
}

// chartOf is empty where there is no series to draw.
func chartOf(e *result.Experiment, j *result.Journey) template.HTML {
	c := &timeChart{e: e, j: j, points: seriesPoints(j.Series), withControl: len(j.Series.Control) > 0}
	if len(c.points) == 0 {
		return ""
	}
	c.measure()
	c.Open("series", c.bottom+TimeRow, c.label())
	c.phases()
	c.grid()
	c.lines()
	c.events()
	c.recovery()
	c.times()
	c.hovers()
	c.Close()
	return c.HTML()
}

func (c *timeChart) measure() {
	c.total = c.points[len(c.points)-1].to
	var harm, speed float64
	for _, p := range c.points {
		harm = max(harm, p.fault.share(), p.control.share())
		if p.fault.harmed > 0 { // where nothing is harmed the interval may leave the plot
			harm = max(harm, p.fault.interval().High)
		}
		speed = max(speed, p.fault.p95, p.control.p95)
	}
	for _, p := range c.e.Phases {
		c.total = max(c.total, p.End)
	}
	for _, ev := range c.e.Events {
		c.total = max(c.total, ev.Second)
	}
	c.harm, c.speed = page.HarmAxis(harm), page.AxisFor(speed)
	c.rows = c.stagger()
	c.top = phaseRow + 4
	if len(c.rows) > 0 {
		c.top += float64(slices.Max(c.rows)+1) * eventRow
	}
	c.speedTop = c.top + harmPlot + plotGap
	c.bottom = c.speedTop + speedPlot
	c.removed, c.hasRecovered = removalSecond(c.e)
}

// stagger gives each event a row, so that the markers of events close together
// do not cover each other even on a phone.
func (c *timeChart) stagger() []int {
	const near, rows = 6.5, 3 // percent of the width; beyond three rows they may touch
	var last [rows]float64
	for i := range last {
		last[i] = -100
	}
	list := make([]int, len(c.e.Events))
	for i, ev := range c.e.Events {
		x := c.x(ev.Second)
		row := 0
		for row < rows-1 && x-last[row] < near {
			row++
		}
		list[i], last[row] = row, x
	}
	return list
}

// x is a time in percent of the width.
func (c *timeChart) x(second float64) float64 {
	return 100 * min(max(second/c.total, 0), 1)
}

func (c *timeChart) label() string {
	control, name := compared(c.j)
	return fmt.Sprintf("Harmed share and p95 latency of %s over time. While the fault was in force %s of the fault arm was harmed; %s: %s.",
		c.j.Name, figures.Percent(figures.Share(c.j.Arms.Fault.Harmed(), c.j.Arms.Fault.Journeys)), name, figures.Percent(figures.Share(control.Harmed(), control.Journeys)))
}

func (c *timeChart) phases() {
	for i, p := range c.e.Phases {
		x, w := c.x(p.Start), c.x(p.End)-c.x(p.Start)
		switch p.Name {
		case "fault":
			c.Rect("ph-f", page.X(x), page.X(w), c.top, c.bottom-c.top, page.FaultColor, ` fill-opacity=".08"`)
		case "warmup":
			c.Rect("ph-w", page.X(x), page.X(w), c.top, c.bottom-c.top, page.SoftColor, ` fill-opacity=".07"`)
		}
		if i > 0 {
			c.Vertical("gl0", page.X(x), 4, phaseRow-4, page.RuleColor, "")
		}
		if name := phaseName(p.Name); w > 5+1.6*float64(len(name)) { // wide enough on a phone
			c.Add(`<svg x="`, page.X(x), `" y="0" overflow="visible">`)
			c.Text("phl", "6", 14, page.SoftColor, "start", name)
			c.Close()
		}
	}
}

func (c *timeChart) grid() {
	c.axis(c.harm, c.top+harmPlot, harmPlot, func(v float64) string { return words.Limit(v) }, "harmed")
	c.axis(c.speed, c.bottom, speedPlot, figures.Duration, "p95")
}

// axis draws the gridlines of one plot, each labelled below its line.
func (c *timeChart) axis(a page.Axis, bottom, height float64, write func(float64) string, what string) {
	c.Horizontal("gl0", "0", "100%", bottom, page.RuleColor, "")
	var ys []float64
	var texts []string
	for i := 1; i <= a.N; i++ {
		ys = append(ys, bottom-height*float64(i)/float64(a.N))
		texts = append(texts, write(a.Step*float64(i)))
	}
	texts[a.N-1] += " " + what
	c.Gridlines(ys, 12, texts)
}

func (c *timeChart) lines() {
	c.band()
	c.plot(c.top, harmPlot, c.harm, func(t tallied) (float64, bool) { return t.share(), t.journeys > 0 })
	c.plot(c.speedTop, speedPlot, c.speed, func(t tallied) (float64, bool) { return t.p95, t.p95 > 0 })
}

// band is the interval of the fault arm's share: one point alone says little.
func (c *timeChart) band() {
	c.Stretched(c.top, harmPlot)
	type corner struct{ x, y float64 }
	var upper, lower []corner
	flush := func() {
		if len(upper) > 1 {
			slices.Reverse(lower)
			var p page.Pen
			p.Move(upper[0].x, upper[0].y)
			for _, at := range append(upper[1:], lower...) {
				p.Line(at.x, at.y)
			}
			c.Add(`<path class="band" d="`, p.String(), `Z" fill="`, page.FaultColor, `" fill-opacity=".16"/>`)
		}
		upper, lower = nil, nil
	}
	for _, p := range c.points {
		if p.fault.journeys == 0 {
			flush()
			continue
		}
		x, i := 10*c.x((p.from+p.to)/2), p.fault.interval()
		y := func(v float64) float64 { return harmPlot * (1 - min(v/c.harm.Top(), 1)) }
		upper, lower = append(upper, corner{x, y(i.High)}), append(lower, corner{x, y(i.Low)})
	}
	flush()
	c.Close()
}

func (c *timeChart) plot(top, height float64, a page.Axis, value func(tallied) (float64, bool)) {
	c.Stretched(top, height)
	if c.withControl {
		c.line(height, a, value, func(p point) tallied { return p.control }, "lc", page.ControlColor, ` stroke-width="1.75" stroke-dasharray="5 3"`)
	}
	c.line(height, a, value, func(p point) tallied { return p.fault }, "lf", page.FaultColor, ` stroke-width="2.25" stroke-linejoin="round"`)
	c.Close()
}

func (c *timeChart) line(height float64, a page.Axis, value func(tallied) (float64, bool), arm func(point) tallied, class, color, attrs string) {
	n := len(c.points)
	xs, ys, ok := make([]float64, n), make([]float64, n), make([]bool, n)
	for i, p := range c.points {
		v, known := value(arm(p))
		xs[i], ok[i] = 10*c.x((p.from+p.to)/2), known
		ys[i] = height * (1 - min(v/a.Top(), 1))
	}
	c.Curve(class, xs, ys, ok, color, attrs)
}

// events are numbered as in the list below the chart.
func (c *timeChart) events() {
	for i, ev := range c.e.Events {
		x, y := page.X(c.x(ev.Second)), float64(phaseRow+2+eventRow*c.rows[i])
		c.Vertical("ev", x, y+8, c.bottom, page.SoftColor, ` stroke-dasharray="1 3"`)
		c.Add(`<svg x="`, x, `" y="`, page.Number(y), `" overflow="visible"><circle class="evc" cy="8" r="8" fill="`, page.InkColor, `"/>`)
		c.Add(`<text class="evt" y="12" font-weight="600" fill="`, page.PaperColor, `" text-anchor="middle">`, fmt.Sprint(i+1), `</text></svg>`)
	}
}

// recovery brackets the time from the fault's removal to its end.
func (c *timeChart) recovery() {
	r := c.e.Recovery
	if !c.hasRecovered || r == nil || r.Seconds == 0 {
		return
	}
	from, to, y := c.x(c.removed), c.x(c.removed+r.Seconds), c.top+harmPlot+12
	c.Horizontal("recl", page.X(from), page.X(to), y, page.InkColor, ` stroke-width="2"`)
	c.Vertical("recl", page.X(from), y-5, y+5, page.InkColor, ` stroke-width="2"`)
	text := "recovered in " + figures.Duration(r.Seconds)
	if r.Censored {
		text = "not recovered in " + figures.Duration(r.Seconds)
	} else {
		c.Vertical("recl", page.X(to), y-5, y+5, page.InkColor, ` stroke-width="2"`)
	}
	if from > 66 { // the words would leave the page
		c.Text("tick strong", page.X(to), y+17, page.InkColor, "end", text)
		return
	}
	c.Text("tick strong", page.X(from), y+17, page.InkColor, "start", text)
}

// removalSecond is when the last fault was gone, in seconds since the start of
// the experiment; phases tie the wall clock to it.
func removalSecond(e *result.Experiment) (float64, bool) {
	if len(e.Phases) == 0 {
		return 0, false
	}
	last, ok := 0.0, false
	for _, f := range e.Faults {
		if !f.Removed.IsZero() {
			last, ok = max(last, e.Phases[0].Start+f.Removed.Sub(e.Phases[0].From).Seconds()), true
		}
	}
	return last, ok
}

func (c *timeChart) times() {
	step := page.TimeStep(c.total)
	c.Add(`<g class="tick" text-anchor="middle">`)
	for i := 0; float64(i)*step <= c.total+1e-9; i++ {
		x, attrs := c.x(float64(i)*step), ""
		switch {
		case i == 0:
			attrs = ` text-anchor="start"`
		case x > 97:
			attrs = ` text-anchor="end"`
		}
		if i%2 == 1 {
			attrs += ` class="minor"` // left out on narrow screens
		}
		c.Add(`<text x="`, page.X(x), `" y="`, page.Number(c.bottom+16), `"`, attrs, `>`, figures.Stopwatch(float64(i)*step), `</text>`)
	}
	c.Add(`</g>`)
}

// hovers say the values of each point to a pointer, without any script.
func (c *timeChart) hovers() {
	var list []page.Hover
	for _, p := range c.points {
		list = append(list, page.Hover{From: p.from, To: p.to, Text: c.reading(p)})
	}
	c.Hits(c.top, c.bottom-c.top, c.total, list)
}

// reading is short, as there are many: the table below the chart has it all, and
// the page's script reads it from there.
func (c *timeChart) reading(p point) string {
	text := figures.Stopwatch(p.from) + " " + p.fault.Harm()
	if c.withControl {
		text += ", control " + p.control.Harm()
	}
	return text
}
