package live

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/progress"
	"github.com/blastgauge/blastgauge/experiments/stats"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/template"
	"github.com/blastgauge/blastgauge/report/words"
)

// Heights of the parts of the chart, in pixels.
const (
	phaseRow   = 22
	harmPlot   = 150
	plotGap    = 30
	excessPlot = 90
)

// A chart shows what both arms of a journey met since the experiment began, and below it
// what was known of the harm beyond the control at each moment.
type chart struct {
	page.Drawing
	v       *view
	journey int
	limit   float64
	total   float64 // seconds on the time axis
	harm    page.Axis
	excess  page.Axis // of the lower plot; its lowest value is -low
	low     float64
	bottom  float64
}

// Chart draws the harm over time; empty: there is nothing to draw yet.
func (v *view) Chart() template.HTML {
	if !v.begun || len(v.Current.Harm.Stretches) == 0 {
		return ""
	}
	c := &chart{v: v, journey: v.Shown(), limit: v.Experiment().Journeys[v.Shown()].Limit}
	c.measure()
	c.Open("series", c.bottom+page.TimeRow, c.label())
	c.drawPhases()
	c.drawHarm()
	if c.excess.N > 0 {
		c.drawExcess()
	}
	c.drawTimes()
	c.Close()
	return c.HTML()
}

// label is what a screen reader says.
func (c *chart) label() string {
	text := fmt.Sprintf("Share of %s harmed over the last %s, fault arm and control.", c.v.journeyName(), figures.Duration(math.Round(c.total)))
	if known, ok := c.v.Interval(); ok {
		text += fmt.Sprintf(" Beyond the control: %s to %s%%.", figures.Points(known.Low), figures.Points(known.High))
	}
	return text
}

// measure finds out how large everything is.
func (c *chart) measure() {
	h := &c.v.Current.Harm
	c.total = (time.Duration(len(h.Stretches)) * h.Step).Seconds()
	if !c.v.IsScan() {
		c.total = max(c.total, c.v.Experiment().Duration().Seconds())
	}
	most := 0.0
	for _, s := range h.Stretches {
		most = max(most, s[c.journey].Fault.Share(), s[c.journey].Control.Share())
	}
	c.harm = page.HarmAxis(most)
	c.bottom = phaseRow + harmPlot
	if known := c.known(); len(known) > 0 {
		high := c.limit
		for _, k := range known {
			high, c.low = max(high, k.High), min(c.low, k.Low)
		}
		c.excess = page.HarmAxis(min(high, 1))
		c.low = max(c.low, -c.excess.Top()/3) // what is below it says nothing that anybody asks
		c.bottom += plotGap + excessPlot
	}
}

// known are the intervals of the journey that is shown.
func (c *chart) known() []progress.Known { return c.v.Current.Harm.Intervals[c.journey] }

// x is the place of a time in percent of the width.
func (c *chart) x(at time.Duration) float64 {
	return 100 * min(max(at.Seconds()/c.total, 0), 1)
}

// drawPhases tints the phases and names them.
func (c *chart) drawPhases() {
	h := &c.v.Current.Harm
	for i, m := range h.Marks {
		x, to := c.x(m.At), 100.0
		if i+1 < len(h.Marks) {
			to = c.x(h.Marks[i+1].At)
		} else if !c.v.IsScan() {
			to = max(x, c.x(m.At+c.v.PhaseLength()))
		}
		if m.Name == "fault" && !c.v.IsScan() {
			c.Rect(page.Style{Class: "ph-f", Color: page.FaultColor, Attrs: ` fill-opacity=".08"`}, page.X(x), page.X(to-x), phaseRow, c.bottom-phaseRow)
		}
		if i > 0 {
			c.Vertical(page.ZeroLine(), page.X(x), 4, phaseRow-4)
		}
		if name := figures.Capital(m.Name); to-x > 5+1.6*float64(len(name)) {
			c.Add(`<svg x="`, page.X(x), `" y="0" overflow="visible">`)
			c.Text(page.Label{Class: "phl", X: "6", Y: 14, Text: name})
			c.Close()
		}
	}
	if c.v.IsScan() {
		c.drawTrials()
	}
	c.drawUnsettled()
}

// drawTrials tints when the faults of a scan were in force.
func (c *chart) drawTrials() {
	for _, s := range c.v.Current.Harm.InForce {
		to := s.To
		if to == 0 {
			to = c.v.Now.Sub(c.v.Current.Started)
		}
		c.Rect(page.Style{Class: "ph-f", Color: page.FaultColor, Attrs: ` fill-opacity=".12"`}, page.X(c.x(s.From)), page.X(max(0.2, c.x(to)-c.x(s.From))), phaseRow, harmPlot)
	}
}

// drawUnsettled marks the last seconds, of which not all journeys have ended.
func (c *chart) drawUnsettled() {
	if !c.v.Current.Running {
		return
	}
	from, to := c.x(c.v.Settled(c.journey, c.v.Now)), c.x(c.v.Now.Sub(c.v.Current.Started))
	c.Rect(page.Style{Class: "unsettled", Color: page.SoftColor, Attrs: ` fill-opacity=".07"`}, page.X(from), page.X(max(0, to-from)), phaseRow, harmPlot)
	c.Vertical(page.Style{Class: "ev", Color: page.SoftColor, Attrs: ` stroke-dasharray="1 3"`}, page.X(to), phaseRow, c.bottom)
}

// drawHarm draws the shares of both arms.
func (c *chart) drawHarm() {
	c.grid(phaseRow, harmPlot, c.harm, "harmed")
	h := &c.v.Current.Harm
	c.Stretched(phaseRow, harmPlot)
	settled := c.settled()
	arm := func(of func(stats.Pair) stats.Count, ended bool) []page.Point {
		var list []page.Point
		for i, s := range h.Stretches {
			n := of(s[c.journey])
			from, to := time.Duration(i)*h.Step, time.Duration(i+1)*h.Step
			y, gap := harmPlot*(1-min(n.Share()/c.harm.Top(), 1)), n.N == 0 || ended != (to <= settled)
			if at := c.injectedIn(from, to); at > from && len(list) > 0 { // no harm is drawn before its fault
				before := list[len(list)-1]
				before.X = 10 * c.x(at)
				list, from = append(list, before), at
			}
			list = append(list, page.Point{X: 10 * c.x(from), Y: y, Gap: gap}, page.Point{X: 10 * c.x(to), Y: y, Gap: gap})
		}
		return list
	}
	control, fault := func(p stats.Pair) stats.Count { return p.Control }, func(p stats.Pair) stats.Count { return p.Fault }
	c.Curve(page.ControlLine(), arm(control, true))
	c.Curve(page.FaultLine(), arm(fault, true))
	faint := page.FaultLine()
	faint.Attrs = ` stroke-width="1.5" stroke-opacity=".5" stroke-dasharray="2 3"`
	c.Curve(faint, arm(fault, false))
	c.Close()
}

// settled is up to where harm is known: what hangs is missing after that.
func (c *chart) settled() time.Duration {
	if !c.v.Current.Running {
		return c.v.Now.Sub(c.v.Current.Started) + c.v.Current.Harm.Step
	}
	return c.v.Settled(c.journey, c.v.Now)
}

// injectedIn is when a fault came in a stretch of time; 0: none did.
func (c *chart) injectedIn(from, to time.Duration) time.Duration {
	for _, s := range c.v.Current.Harm.InForce {
		if s.From >= from && s.From < to {
			return s.From
		}
	}
	return 0
}

// grid draws the gridlines of a plot.
func (c *chart) grid(top, height float64, a page.Axis, what string) {
	bottom := top + height
	c.Horizontal(page.ZeroLine(), "0", "100%", bottom)
	var ys []float64
	var labels []string
	for i := 1; i <= a.N; i++ {
		ys = append(ys, bottom-height*float64(i)/float64(a.N))
		labels = append(labels, words.Limit(a.Step*float64(i)))
	}
	labels[a.N-1] += " " + what
	c.Gridlines(ys, 12, labels)
}

// drawExcess draws what was known at each moment of the harm beyond the control.
func (c *chart) drawExcess() {
	top := float64(phaseRow + harmPlot + plotGap)
	whole := c.excess.Top() - c.low
	y := func(share float64) float64 {
		return excessPlot * (1 - (min(max(share, c.low), c.excess.Top())-c.low)/whole)
	}
	c.Horizontal(page.ZeroLine(), "0", "100%", top+y(0))
	c.Horizontal(page.LimitLine(), "0", "100%", top+y(c.limit))
	c.Text(page.Label{Class: "tick halo", X: "2", Y: top + y(c.excess.Top()) + 12, Text: words.Limit(c.excess.Top()) + " beyond the control, as known by then"})
	c.Text(page.Label{Class: "tick strong halo", X: "100%", Y: top + y(c.limit) - 4, Color: page.InkColor, Anchor: "end", Text: "limit " + words.Limit(c.limit)})
	known := c.known()
	var upper, lower, middle []page.Point
	for _, k := range known {
		x := 10 * c.x(k.At)
		upper = append(upper, page.Point{X: x, Y: y(k.High)})
		lower = append(lower, page.Point{X: x, Y: y(k.Low)})
		middle = append(middle, page.Point{X: x, Y: y(k.Estimate)})
	}
	if len(known) == 1 {
		c.Vertical(page.Interval("ch", page.FaultColor), page.X(c.x(known[0].At)), top+y(known[0].High), top+y(known[0].Low))
	}
	c.Stretched(top, excessPlot)
	if len(known) > 1 {
		slices.Reverse(lower)
		var p page.Pen
		p.Move(upper[0].X, upper[0].Y)
		for _, at := range append(upper[1:], lower...) {
			p.Line(at.X, at.Y)
		}
		c.Add(`<path class="band" d="`, p.String(), `Z" fill="`, page.FaultColor, `" fill-opacity=".16"/>`)
	}
	c.Curve(page.FaultLine(), middle)
	c.Close()
}

// drawTimes labels the time axis.
func (c *chart) drawTimes() {
	step := page.TimeStep(c.total)
	c.Add(`<g class="tick" text-anchor="middle">`)
	for i := 0; float64(i)*step <= c.total+1e-9; i++ {
		at := float64(i) * step
		x, attrs := 100*at/c.total, ""
		switch {
		case i == 0:
			attrs = ` text-anchor="start"`
		case x > 97:
			attrs = ` text-anchor="end"`
		}
		if i%2 == 1 {
			attrs += ` class="minor"`
		}
		c.Add(`<text x="`, page.X(x), `" y="`, page.Number(c.bottom+16), `"`, attrs, `>`, figures.Stopwatch(at), `</text>`)
	}
	c.Add(`</g>`)
}

// ratioBar draws how much of a limit is used up.
func ratioBar(ratio float64) template.HTML {
	var d page.Drawing
	d.Add(`<svg class="stack" width="100%" height="10" aria-hidden="true">`)
	class, color := "r-ok", page.HeldColor
	switch {
	case ratio >= 1:
		class, color = "r-bad", page.FailedColor
	case ratio >= 0.5:
		class, color = "r-near", page.UnsureColor
	}
	d.Rect(page.Style{Class: class, Color: color}, "0", page.X(100*min(ratio, 1)), 0, 10)
	d.Close()
	return d.HTML()
}
