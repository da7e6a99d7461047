package report

import (
	"html/template"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// forest is one row of the forest plot: interval, estimate and limit on the
// scale that all rows share.
func forest(s rootScale, e *result.Experiment) template.HTML {
	var d drawing
	b := known(e)
	if b == nil {
		return ""
	}
	class := tone(e.Verdict)
	d.open("fp", 26, excess(b)+", "+confidence(b)+" interval "+points(b.Low)+" to "+percent(b.High)+", limit "+limit(limitOf(e)))
	d.vertical("gl0", pc(s.at(0)), 0, 26, ruleColor, "")
	d.vertical("lim", pc(s.at(limitOf(e))), 2, 24, inkColor, ` stroke-dasharray="2 2"`)
	d.horizontal("iv "+class, pc(s.at(b.Low)), pc(s.at(b.High)), 13, inkColor, ` stroke-width="3" stroke-linecap="round"`)
	d.add(`<circle class="pt `, class, `" cx="`, pc(s.at(b.Estimate)), `" cy="13" r="5" fill="`, inkColor, `" stroke="`, paperColor, `" stroke-width="1.5"/>`)
	d.close()
	return d.html()
}

// forestAxis labels the scale.
func forestAxis(s rootScale) template.HTML {
	var d drawing
	d.openAxis()
	last := -100.0
	for _, tick := range rootTicks() {
		x := s.at(tick)
		if tick > s.high || x-last < 7 {
			continue
		}
		last = x
		anchor := "middle"
		if x > 96 {
			anchor = "end"
		}
		d.vertical("gl0", pc(x), 0, 4, ruleColor, "")
		d.text("tick", pc(x), 15, softColor, anchor, short(tick*100, 1))
	}
	d.close()
	return d.html()
}

// A harmBar is a stacked bar of one step or of all.
type harmBar struct {
	failed, wrong, slow int
	full                int // harmed journeys that fill the bar
}

func (h harmBar) draw() template.HTML {
	var d drawing
	d.add(`<svg class="stack" width="100%" height="16" aria-hidden="true">`) // the numbers stand beside it
	x := 0.0
	for _, part := range []struct {
		n           int
		class, fill string
	}{{h.failed, "o-failed", failedColor}, {h.wrong, "o-wrong", "url(#_wrong)"}, {h.slow, "o-slow", "url(#_slow)"}} {
		if part.n == 0 {
			continue
		}
		w := 100 * share(part.n, h.full)
		d.add(`<rect class="`, part.class, `" x="`, pc(x), `" width="`, pc(w), `" height="16" fill="`, part.fill, `"/>`)
		x += w
	}
	d.close()
	return d.html()
}
