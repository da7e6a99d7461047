package report

import (
	"html/template"

	"github.com/blastgauge/blastgauge/experiments/compare"
)

// compareHeight is that of a row's plots, in pixels.
const compareHeight = 44

// radiiPlot draws the blast radius of base above that of head. Where a side has
// several runs, each is a small ring.
func radiiPlot(s rootScale, j *compare.Journey) template.HTML {
	if j == nil || j.Base == nil && j.Head == nil {
		return ""
	}
	var d drawing
	d.open("fp", compareHeight, "base "+radiusText(j.Base)+", head "+radiusText(j.Head)+", limit "+limit(j.Limit))
	d.vertical("gl0", pc(s.at(0)), 0, compareHeight, ruleColor, "")
	d.vertical("lim", pc(s.at(j.Limit)), 2, compareHeight-2, inkColor, ` stroke-dasharray="2 2"`)
	if j.BaseLimit != nil {
		d.vertical("lim", pc(s.at(*j.BaseLimit)), 2, compareHeight/2-2, inkColor, ` stroke-dasharray="2 2"`)
	}
	d.radius(s, j.Base, 12, "cb", controlColor, paperColor)
	d.radius(s, j.Head, 32, "ch", faultColor, faultColor)
	d.close()
	return d.html()
}

func (d *drawing) radius(s rootScale, r *compare.Radius, y float64, class, color, fill string) {
	if r == nil {
		return
	}
	d.horizontal("iv "+class, pc(s.at(r.Low)), pc(s.at(r.High)), y, color, ` stroke-width="3" stroke-linecap="round"`)
	for _, v := range r.Runs {
		d.add(`<circle class="run `, class, `" cx="`, pc(s.at(v)), `" cy="`, number(y+8), `" r="2" fill="none" stroke="`, color, `"/>`)
	}
	d.add(`<circle class="pt `, class, `" cx="`, pc(s.at(r.Estimate)), `" cy="`, number(y), `" r="5" fill="`, fill, `" stroke="`, color, `" stroke-width="2"/>`)
}

// radiusText is a blast radius with its interval.
func radiusText(r *compare.Radius) string {
	if r == nil {
		return "not measured"
	}
	return shown(r) + " (" + minusSign(points(r.Low)+" to "+points(r.High)) + ")"
}

// changePlot draws head minus base; what does not matter is shaded.
func changePlot(s changeScale, margin float64, j *compare.Journey, status compare.Status) template.HTML {
	if j == nil || j.Change == nil {
		return ""
	}
	var d drawing
	class := tone(statusVerdict(status))
	d.open("fp", compareHeight, "change "+changeWords(j.Change))
	from, to := s.at(-margin), s.at(margin)
	d.rect("zone", pc(from), pc(to-from), 0, compareHeight, softColor, ` fill-opacity=".14"`)
	d.vertical("gl0", pc(s.at(0)), 0, compareHeight, ruleColor, "")
	d.horizontal("iv "+class, pc(s.at(j.Change.Low)), pc(s.at(j.Change.High)), compareHeight/2, inkColor, ` stroke-width="3" stroke-linecap="round"`)
	d.add(`<circle class="pt `, class, `" cx="`, pc(s.at(j.Change.Estimate)), `" cy="`, number(compareHeight/2), `" r="5" fill="`, inkColor, `" stroke="`, paperColor, `" stroke-width="1.5"/>`)
	d.close()
	return d.html()
}

// Axis labels the changes.
func (s changeScale) Axis() template.HTML {
	var d drawing
	d.openAxis()
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
		d.vertical("gl0", pc(x), 0, 4, ruleColor, "")
		d.text("tick", pc(x), 15, softColor, anchor, minusSign(short(v*100, 1)))
	}
	d.close()
	return d.html()
}

// Axis labels the blast radii.
func (s rootScale) Axis() template.HTML { return forestAxis(s) }
