package report

import (
	"fmt"
	"html/template"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// Heights of the time chart, in pixels.
const (
	phaseRow  = 20
	eventRow  = 20
	harmPlot  = 150
	plotGap   = 42
	speedPlot = 84
	timeRow   = 22
)

// A timeChart shows what both arms of a journey met from the start of the
// experiment to its end: harm above, speed below, on one time axis.
type timeChart struct {
	drawing
	e            *result.Experiment
	j            *result.Journey
	points       []point
	total        float64 // seconds on the time axis
	harm, speed  axis
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
	c.open("series", c.bottom+timeRow, c.label())
	c.phases()
	c.grid()
	c.lines()
	c.events()
	c.recovery()
	c.times()
	c.hovers()
	c.close()
	return c.html()
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
	c.harm, c.speed = harmAxis(harm), axisFor(speed)
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
		c.j.Name, percent(share(c.j.Arms.Fault.Harmed(), c.j.Arms.Fault.Journeys)), name, percent(share(control.Harmed(), control.Journeys)))
}

func (c *timeChart) phases() {
	for i, p := range c.e.Phases {
		x, w := c.x(p.Start), c.x(p.End)-c.x(p.Start)
		switch p.Name {
		case "fault":
			c.rect("ph-f", pc(x), pc(w), c.top, c.bottom-c.top, faultColor, ` fill-opacity=".08"`)
		case "warmup":
			c.rect("ph-w", pc(x), pc(w), c.top, c.bottom-c.top, softColor, ` fill-opacity=".07"`)
		}
		if i > 0 {
			c.vertical("gl0", pc(x), 4, phaseRow-4, ruleColor, "")
		}
		if name := phaseName(p.Name); w > 5+1.6*float64(len(name)) { // wide enough on a phone
			c.add(`<svg x="`, pc(x), `" y="0" overflow="visible">`)
			c.text("phl", "6", 14, softColor, "start", name)
			c.close()
		}
	}
}

func phaseName(name string) string {
	if name == "warmup" {
		return "Warm-up"
	}
	return capital(name)
}

// opening is a text that begins a sentence: with a capital, unless it begins with
// a name that documents write, such as reset_peer or payments-down.
func opening(text string) string {
	if first, _, _ := strings.Cut(text, " "); strings.ContainsAny(first, "_-./") && strings.ToLower(first) == first {
		return text
	}
	return capital(text)
}

func capital(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(first)) + text[size:]
}

func (c *timeChart) grid() {
	c.axis(c.harm, c.top+harmPlot, harmPlot, func(v float64) string { return limit(v) }, "harmed")
	c.axis(c.speed, c.bottom, speedPlot, span, "p95")
}

// axis draws the gridlines of one plot, each labelled below its line.
func (c *timeChart) axis(a axis, bottom, height float64, write func(float64) string, what string) {
	c.horizontal("gl0", "0", "100%", bottom, ruleColor, "")
	var ys []float64
	var texts []string
	for i := 1; i <= a.n; i++ {
		ys = append(ys, bottom-height*float64(i)/float64(a.n))
		texts = append(texts, write(a.step*float64(i)))
	}
	texts[a.n-1] += " " + what
	c.gridlines(ys, 12, texts)
}

func (c *timeChart) lines() {
	c.band()
	c.plot(c.top, harmPlot, c.harm, func(t tallied) (float64, bool) { return t.share(), t.journeys > 0 })
	c.plot(c.speedTop, speedPlot, c.speed, func(t tallied) (float64, bool) { return t.p95, t.p95 > 0 })
}

// band is the interval of the fault arm's share: one point alone says little.
func (c *timeChart) band() {
	c.stretched(c.top, harmPlot)
	type corner struct{ x, y float64 }
	var upper, lower []corner
	flush := func() {
		if len(upper) > 1 {
			slices.Reverse(lower)
			var p pen
			p.move(upper[0].x, upper[0].y)
			for _, at := range append(upper[1:], lower...) {
				p.line(at.x, at.y)
			}
			c.add(`<path class="band" d="`, p.String(), `Z" fill="`, faultColor, `" fill-opacity=".16"/>`)
		}
		upper, lower = nil, nil
	}
	for _, p := range c.points {
		if p.fault.journeys == 0 {
			flush()
			continue
		}
		x, i := 10*c.x((p.from+p.to)/2), p.fault.interval()
		y := func(v float64) float64 { return harmPlot * (1 - min(v/c.harm.top(), 1)) }
		upper, lower = append(upper, corner{x, y(i.High)}), append(lower, corner{x, y(i.Low)})
	}
	flush()
	c.close()
}

func (c *timeChart) plot(top, height float64, a axis, value func(tallied) (float64, bool)) {
	c.stretched(top, height)
	if c.withControl {
		c.line(height, a, value, func(p point) tallied { return p.control }, "lc", controlColor, ` stroke-width="1.75" stroke-dasharray="5 3"`)
	}
	c.line(height, a, value, func(p point) tallied { return p.fault }, "lf", faultColor, ` stroke-width="2.25" stroke-linejoin="round"`)
	c.close()
}

func (c *timeChart) line(height float64, a axis, value func(tallied) (float64, bool), arm func(point) tallied, class, color, attrs string) {
	n := len(c.points)
	xs, ys, ok := make([]float64, n), make([]float64, n), make([]bool, n)
	for i, p := range c.points {
		v, known := value(arm(p))
		xs[i], ok[i] = 10*c.x((p.from+p.to)/2), known
		ys[i] = height * (1 - min(v/a.top(), 1))
	}
	c.curve(class, xs, ys, ok, color, attrs)
}

// events are numbered as in the list below the chart.
func (c *timeChart) events() {
	for i, ev := range c.e.Events {
		x, y := pc(c.x(ev.Second)), float64(phaseRow+2+eventRow*c.rows[i])
		c.vertical("ev", x, y+8, c.bottom, softColor, ` stroke-dasharray="1 3"`)
		c.add(`<svg x="`, x, `" y="`, number(y), `" overflow="visible"><circle class="evc" cy="8" r="8" fill="`, inkColor, `"/>`)
		c.add(`<text class="evt" y="12" font-weight="600" fill="`, paperColor, `" text-anchor="middle">`, fmt.Sprint(i+1), `</text></svg>`)
	}
}

// recovery brackets the time from the fault's removal to its end.
func (c *timeChart) recovery() {
	r := c.e.Recovery
	if !c.hasRecovered || r == nil || r.Seconds == 0 {
		return
	}
	from, to, y := c.x(c.removed), c.x(c.removed+r.Seconds), c.top+harmPlot+12
	c.horizontal("recl", pc(from), pc(to), y, inkColor, ` stroke-width="2"`)
	c.vertical("recl", pc(from), y-5, y+5, inkColor, ` stroke-width="2"`)
	text := "recovered in " + span(r.Seconds)
	if r.Censored {
		text = "not recovered in " + span(r.Seconds)
	} else {
		c.vertical("recl", pc(to), y-5, y+5, inkColor, ` stroke-width="2"`)
	}
	if from > 66 { // the words would leave the page
		c.text("tick strong", pc(to), y+17, inkColor, "end", text)
		return
	}
	c.text("tick strong", pc(from), y+17, inkColor, "start", text)
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
	step := timeStep(c.total)
	c.add(`<g class="tick" text-anchor="middle">`)
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
		c.add(`<text x="`, pc(x), `" y="`, number(c.bottom+16), `"`, attrs, `>`, stopwatch(float64(i)*step), `</text>`)
	}
	c.add(`</g>`)
}

// hovers say the values of each point to a pointer, without any script.
func (c *timeChart) hovers() {
	var list []hover
	for _, p := range c.points {
		list = append(list, hover{p.from, p.to, c.reading(p)})
	}
	c.hits(c.top, c.bottom-c.top, c.total, list)
}

// reading is short, as there are many: the table below the chart has it all, and
// the page's script reads it from there.
func (c *timeChart) reading(p point) string {
	text := stopwatch(p.from) + " " + p.fault.Harm()
	if c.withControl {
		text += ", control " + p.control.Harm()
	}
	return text
}

// Count and Harm are cells of the table of a chart's data.
func (t tallied) Count() string { return count(t.journeys) }

func (t tallied) Harm() string {
	if t.journeys == 0 {
		return "–"
	}
	return percent(t.share())
}

func speed(t tallied) string {
	if t.p95 == 0 {
		return "–"
	}
	return precise(t.p95)
}
