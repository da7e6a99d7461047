package comparisons

import (
	"github.com/blastgauge/blastgauge/experiments/compare"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/template"
	"github.com/blastgauge/blastgauge/report/words"
)

// rowHeight is the height of the plots in a row of the table, in pixels.
const rowHeight = 44

// radiiPlot draws the blast radius of base above that of head. Where a side has
// several runs, each is a small ring.
func radiiPlot(s page.RootScale, j *compare.Journey, names compare.Names) template.HTML {
	if j == nil || j.Base == nil && j.Head == nil {
		return ""
	}
	var d page.Drawing
	d.Open("fp", rowHeight, names.Base+" "+radiusText(j.Base)+", "+names.Head+" "+radiusText(j.Head)+", limit "+words.Limit(j.Limit))
	d.Vertical(page.ZeroLine(), page.X(s.At(0)), 0, rowHeight)
	d.Vertical(page.LimitLine(), page.X(s.At(j.Limit)), 2, rowHeight-2)
	if j.BaseLimit != nil {
		d.Vertical(page.LimitLine(), page.X(s.At(*j.BaseLimit)), 2, rowHeight/2-2)
	}
	drawRadius(&d, s, j.Base, radiusStyle{12, "cb", page.ControlColor, page.PaperColor})
	drawRadius(&d, s, j.Head, radiusStyle{32, "ch", page.FaultColor, page.FaultColor})
	d.Close()
	return d.HTML()
}

// A radiusStyle is how a blast radius looks, and how far from the top it is.
type radiusStyle struct {
	y                  float64
	class, color, fill string
}

// drawRadius draws the interval and the estimate of one side, if it was measured.
func drawRadius(d *page.Drawing, s page.RootScale, r *compare.Radius, style radiusStyle) {
	if r == nil {
		return
	}
	d.Horizontal(page.Interval(style.class, style.color), page.X(s.At(r.Low)), page.X(s.At(r.High)), style.y)
	for _, v := range r.Runs {
		d.Add(`<circle class="run `, style.class, `" cx="`, page.X(s.At(v)), `" cy="`, page.Number(style.y+8), `" r="2" fill="none" stroke="`, style.color, `"/>`)
	}
	d.Add(`<circle class="pt `, style.class, `" cx="`, page.X(s.At(r.Estimate)), `" cy="`, page.Number(style.y), `" r="5" fill="`, style.fill, `" stroke="`, style.color, `" stroke-width="2"/>`)
}

// radiusText writes a blast radius with its interval.
func radiusText(r *compare.Radius) string {
	if r == nil {
		return "not measured"
	}
	return excess(r) + " (" + figures.Minus(figures.Points(r.Low)+" to "+figures.Points(r.High)) + ")"
}

// changePlot draws head minus base, and shades the changes that do not matter.
func changePlot(s changeScale, margin float64, j *compare.Journey, status compare.Status) template.HTML {
	if j == nil || j.Change == nil {
		return ""
	}
	var d page.Drawing
	class := statusTone(status)
	d.Open("fp", rowHeight, "change "+changeWords(j.Change))
	from, to := s.at(-margin), s.at(margin)
	d.Rect(page.Style{Class: "zone", Color: page.SoftColor, Attrs: ` fill-opacity=".14"`}, page.X(from), page.X(to-from), 0, rowHeight)
	d.Vertical(page.ZeroLine(), page.X(s.at(0)), 0, rowHeight)
	d.Horizontal(page.Interval(class, page.InkColor), page.X(s.at(j.Change.Low)), page.X(s.at(j.Change.High)), rowHeight/2)
	d.Add(`<circle class="pt `, class, `" cx="`, page.X(s.at(j.Change.Estimate)), `" cy="`, page.Number(rowHeight/2), `" r="5" fill="`, page.InkColor, `" stroke="`, page.PaperColor, `" stroke-width="1.5"/>`)
	d.Close()
	return d.HTML()
}

// axis labels the changes of all rows.
func (s changeScale) axis() template.HTML {
	var d page.Drawing
	d.OpenAxis()
	for i := 0; ; i++ {
		v := s.low + float64(i)*s.step
		if v > s.high+s.step/1000 {
			break
		}
		x, anchor := s.at(v), "middle"
		switch {
		case x < 4:
			anchor = "start"
		case x > 96:
			anchor = "end"
		}
		d.Vertical(page.ZeroLine(), page.X(x), 0, 4)
		d.Text(page.Label{Class: "tick", X: page.X(x), Y: 15, Anchor: anchor, Text: figures.Minus(figures.Short(v*100, 1))})
	}
	d.Close()
	return d.HTML()
}
