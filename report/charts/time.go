package charts

import (
	"fmt"
	"slices"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/template"
	"github.com/blastgauge/blastgauge/report/words"
)

// Heights of the parts of the time chart, in pixels.
const (
	phaseRow  = 20
	eventRow  = 20
	harmPlot  = 150
	plotGap   = 42
	alertRow  = 20
	speedPlot = 84
)

// A timeChart shows what both arms of a journey met from the start of the
// experiment to its end: harm above, speed below, on one time axis.
type timeChart struct {
	page.Drawing
	e           *result.Experiment
	points      []Point
	total       float64 // seconds on the time axis
	harm, speed plot
	phaseRows   int   // of names of phases
	eventRows   []int // of each event, the row of its marker
	bottom      float64
	withControl bool
	removed     float64 // seconds from the start to the removal of the last fault
	wasRemoved  bool
}

// A plot is one of the two parts of a time chart.
type plot struct {
	page.Axis
	top, height float64
	label       func(float64) string
	what        string                            // the axis shows
	value       func(Counts) (v float64, ok bool) // of a stretch; not ok where nothing is known
}

// Time draws what both arms of a journey met over time. A screen reader says the
// label instead. It is empty where there is no series to draw.
func Time(e *result.Experiment, j *result.Journey, label string) template.HTML {
	c := &timeChart{e: e, points: Points(j.Series), withControl: len(j.Series.Control) > 0}
	if len(c.points) == 0 {
		return ""
	}
	c.measure()
	c.Open("series", c.bottom+page.TimeRow, label)
	c.drawPhases()
	c.drawGrid(c.harm)
	c.drawGrid(c.speed)
	c.drawBand()
	c.drawCurves(c.harm)
	c.drawCurves(c.speed)
	c.drawEvents()
	c.drawRecovery()
	c.drawAlerts()
	c.drawTimes()
	c.addHovers()
	c.Close()
	return c.HTML()
}

// measure finds out how large everything is.
func (c *timeChart) measure() {
	c.total = c.points[len(c.points)-1].To
	if n := len(c.e.Phases); n > 0 && c.e.Phases[n-1].End > c.points[len(c.points)-1].From {
		c.total = c.e.Phases[n-1].End // which the last stretch may go beyond
	}
	var harm, speed float64
	for _, p := range c.points {
		harm = max(harm, p.Fault.share(), p.Control.share())
		if p.Fault.harmed > 0 { // where nothing is harmed the interval may leave the plot
			harm = max(harm, p.Fault.interval().High)
		}
		speed = max(speed, p.Fault.p95, p.Control.p95)
	}
	for _, p := range c.e.Phases {
		c.total = max(c.total, p.End)
	}
	for _, ev := range c.e.Events {
		c.total = max(c.total, ev.Second)
	}
	c.eventRows = c.staggered()
	c.phaseRows = 1
	for _, name := range c.phaseNames() {
		c.phaseRows = max(c.phaseRows, name.row+1)
	}
	top := float64(c.phaseRows*phaseRow) + 4
	if len(c.eventRows) > 0 {
		top += float64(slices.Max(c.eventRows)+1) * eventRow
	}
	c.harm = plot{page.HarmAxis(harm), top, harmPlot, words.Limit, "harmed", func(t Counts) (float64, bool) { return t.share(), t.journeys > 0 }}
	c.speed = plot{page.AxisFor(speed), top + harmPlot + plotGap, speedPlot, figures.Duration, "p95", func(t Counts) (float64, bool) { return t.p95, t.p95 > 0 }}
	c.bottom = c.speed.top + speedPlot + c.alertHeight()
	c.removed, c.wasRemoved = removalSecond(c.e)
}

// staggered gives each event a row, so that the markers of events close together do
// not cover each other even on a phone.
func (c *timeChart) staggered() []int {
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

// x is the place of a time in percent of the width.
func (c *timeChart) x(second float64) float64 {
	return 100 * min(max(second/c.total, 0), 1)
}

// drawPhases tints the phases and names them all.
func (c *timeChart) drawPhases() {
	names := c.phaseNames()
	for i, p := range c.e.Phases {
		x, w := c.x(p.Start), c.x(p.End)-c.x(p.Start)
		switch p.Name {
		case "fault":
			c.Rect(page.Style{Class: "ph-f", Color: page.FaultColor, Attrs: ` fill-opacity=".08"`}, page.X(x), page.X(w), c.harm.top, c.bottom-c.harm.top)
		case "warmup":
			c.Rect(page.Style{Class: "ph-w", Color: page.SoftColor, Attrs: ` fill-opacity=".07"`}, page.X(x), page.X(w), c.harm.top, c.bottom-c.harm.top)
		}
		row := names[i].row * phaseRow
		if i > 0 {
			c.Vertical(page.ZeroLine(), page.X(x), 4+float64(row), float64(row+phaseRow-4))
		}
		if names[i].end {
			c.Text(page.Label{Class: "phl", X: "100%", Y: float64(14 + row), Anchor: "end", Text: PhaseName(p.Name)})
			continue
		}
		c.Add(`<svg x="`, page.X(x), `" y="`, page.Number(float64(row)), `" overflow="visible">`)
		c.Text(page.Label{Class: "phl", X: "6", Y: 14, Text: PhaseName(p.Name)})
		c.Close()
	}
}

// A phaseName is where the name of a phase stands.
type phaseName struct {
	row int
	end bool // at the end of the chart, where it would leave it otherwise
}

// phaseNames gives each phase a row, so that the names of short phases do not cover each
// other even on a phone.
func (c *timeChart) phaseNames() []phaseName {
	const perLetter, indent, rows = 2.1, 2.0, 3 // percent of the width of a phone
	var taken [rows]float64
	list := make([]phaseName, len(c.e.Phases))
	for i, p := range c.e.Phases {
		from, wide := c.x(p.Start), indent+perLetter*float64(len(PhaseName(p.Name)))
		if from+wide > 100 {
			from, list[i].end = 100-wide, true
		}
		for list[i].row < rows-1 && taken[list[i].row] > from {
			list[i].row++
		}
		taken[list[i].row] = from + wide
	}
	return list
}

// drawGrid draws the gridlines of a plot, each labelled below its line.
func (c *timeChart) drawGrid(p plot) {
	bottom := p.top + p.height
	c.Horizontal(page.ZeroLine(), "0", "100%", bottom)
	var ys []float64
	var labels []string
	for i := 1; i <= p.N; i++ {
		ys = append(ys, bottom-p.height*float64(i)/float64(p.N))
		labels = append(labels, p.label(p.Step*float64(i)))
	}
	labels[p.N-1] += " " + p.what
	c.Gridlines(ys, 12, labels)
}

// y is the place of a value, counted from the top of the plot. What is beyond the
// axis is at its end.
func (p plot) y(v float64) float64 { return p.height * (1 - min(v/p.Top(), 1)) }

// drawBand draws the interval of the fault arm's share: the share of one stretch
// alone says little.
func (c *timeChart) drawBand() {
	c.Stretched(c.harm.top, c.harm.height)
	for from, to := 0, 0; from < len(c.points); from = to + 1 {
		to = from
		for to < len(c.points) && c.points[to].Fault.journeys > 0 {
			to++
		}
		if to > from {
			c.Add(`<path class="band" d="`, c.band(c.points[from:to]), `Z" fill="`, page.FaultColor, `" fill-opacity=".16"/>`)
		}
	}
	c.Close()
}

// band is the outline of the intervals of stretches that touch: along their upper ends,
// and back along the lower ones.
func (c *timeChart) band(points []Point) string {
	var p page.Pen
	p.Move(10*c.x(points[0].From), c.harm.y(points[0].Fault.interval().High))
	for _, at := range points {
		p.Down(c.harm.y(at.Fault.interval().High))
		p.Across(10 * c.x(at.To))
	}
	for _, at := range slices.Backward(points) {
		p.Down(c.harm.y(at.Fault.interval().Low))
		p.Across(10 * c.x(at.From))
	}
	return p.String()
}

// drawCurves draws the values of both arms, the fault arm above the control.
func (c *timeChart) drawCurves(p plot) {
	c.Stretched(p.top, p.height)
	if c.withControl {
		c.Steps(page.ControlLine(), c.steps(p, func(at Point) Counts { return at.Control }))
	}
	c.Steps(page.FaultLine(), c.steps(p, func(at Point) Counts { return at.Fault }))
	c.Close()
}

// steps has one for each stretch of one arm.
func (c *timeChart) steps(p plot, arm func(Point) Counts) []page.Step {
	var list []page.Step
	for _, at := range c.points {
		v, ok := p.value(arm(at))
		list = append(list, page.Step{From: 10 * c.x(at.From), To: 10 * c.x(at.To), Y: p.y(v), Gap: !ok})
	}
	return list
}

// drawEvents numbers the events as the list below the chart does.
func (c *timeChart) drawEvents() {
	for i, ev := range c.e.Events {
		x, y := page.X(c.x(ev.Second)), float64(c.phaseRows*phaseRow+2+eventRow*c.eventRows[i])
		c.Vertical(page.Style{Class: "ev", Color: page.SoftColor, Attrs: ` stroke-dasharray="1 3"`}, x, y+8, c.bottom)
		c.Add(`<svg x="`, x, `" y="`, page.Number(y), `" overflow="visible"><circle class="evc" cy="8" r="8" fill="`, page.InkColor, `"/>`)
		c.Add(`<text class="evt" y="12" font-weight="600" fill="`, page.PaperColor, `" text-anchor="middle">`, fmt.Sprint(i+1), `</text></svg>`)
	}
}

// drawRecovery brackets the time from the removal of the fault until the system had
// recovered.
func (c *timeChart) drawRecovery() {
	r := c.e.KnownRecovery()
	notBack := r.State() == result.RecoveryNotBack
	if !c.wasRemoved || r == nil || r.Seconds == 0 && !notBack {
		return
	}
	lasted := r.Seconds
	if notBack {
		lasted = max(0, c.total-c.removed)
	}
	bracket := page.Style{Class: "recl", Color: page.InkColor, Attrs: ` stroke-width="2"`}
	from, to, y := c.x(c.removed), c.x(c.removed+lasted), c.harm.top+harmPlot+12
	c.Horizontal(bracket, page.X(from), page.X(to), y)
	c.Vertical(bracket, page.X(from), y-5, y+5)
	text := "recovered in " + figures.Duration(r.Seconds)
	switch {
	case notBack:
		text = "the system has not come back"
	case r.Censored && r.AtLeast() < r.Seconds:
		text = "not shown to have recovered in " + figures.Duration(r.Seconds)
	case r.Censored:
		text = "not recovered in " + figures.Duration(r.Seconds)
	default:
		c.Vertical(bracket, page.X(to), y-5, y+5)
	}
	if from > 66 { // the words would leave the page
		c.Text(page.Label{Class: "tick strong", X: page.X(to), Y: y + 17, Color: page.InkColor, Anchor: "end", Text: text})
		return
	}
	c.Text(page.Label{Class: "tick strong", X: page.X(from), Y: y + 17, Color: page.InkColor, Text: text})
}

// removalSecond is when the last fault was gone, in seconds since the start of the
// experiment. The first phase ties the wall clock to it.
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

// drawTimes labels the time axis.
func (c *timeChart) drawTimes() {
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

// addHovers shows the values of each stretch to a pointer, without any script.
func (c *timeChart) addHovers() {
	var list []page.Hover
	for _, p := range c.points {
		list = append(list, page.Hover{From: p.From, To: p.To, Text: c.reading(p)})
	}
	c.Hits(c.harm.top, c.bottom-c.harm.top, c.total, list)
}

// reading is short, as there are many of them. The table below the chart has
// everything, and the page's script reads it there.
func (c *timeChart) reading(p Point) string {
	text := p.Start() + " " + p.Fault.Harm()
	if c.withControl {
		text += ", control " + p.Control.Harm()
	}
	return text
}

// PhaseName is a phase as the page names it.
func PhaseName(name string) string {
	if name == "warmup" {
		return "Warm-up"
	}
	return figures.Capital(name)
}
