package report

import (
	"html"
	"html/template"
	"math"
	"strings"
)

// A drawing is SVG in the making. It is the only place of this package that
// makes markup by hand, so everything goes through number and quote.
//
// Colours are presentation attributes: no content security policy takes them
// away, so charts survive where styles and scripts are blocked. The page's
// style sheet overrides them by class, for dark screens and for paper.
//
// There is no viewBox: a drawing is as wide as its column and its text keeps its
// size. What stands at a time or a share is placed in percent of the width;
// lines live in an inner svg that is stretched.
type drawing struct{ b strings.Builder }

// Colours of the light page, by meaning.
const (
	inkColor     = "#16191f"
	softColor    = "#5b6472"
	lineColor    = "#e3e6eb"
	ruleColor    = "#9aa2af"
	faultColor   = "#c2410c"
	controlColor = "#475569"
	failedColor  = "#b42318"
	slowColor    = "#e0962b"
	wrongColor   = "#6d4bc3"
	paperColor   = "#fff"
)

// quote makes text harmless as content and inside quoted attributes.
func quote(text string) string { return html.EscapeString(text) }

// number writes a coordinate.
func number(v float64) string { return short(v, 2) }

// across and down write a place in a stretched space, to about a pixel.
func across(v float64) string { return short(v, 0) }
func down(v float64) string   { return short(v, 1) }

// pc writes a coordinate in percent of the width.
func pc(v float64) string { return number(v) + "%" }

func (d *drawing) add(parts ...string) {
	for _, p := range parts {
		d.b.WriteString(p)
	}
}

func (d *drawing) html() template.HTML { return template.HTML(d.b.String()) }

// open starts the drawing, whose text is soft unless it says otherwise; label is what it says to those who cannot see it.
func (d *drawing) open(class string, height float64, label string) {
	d.add(`<svg class="`, class, `" width="100%" height="`, number(height), `" font-family="sans-serif" font-size="11" fill="`, softColor, `" role="img" aria-label="`, quote(label), `">`)
}

// openAxis starts the labels of a scale that plots above it share.
func (d *drawing) openAxis() {
	d.add(`<svg class="fp" width="100%" height="18" font-family="sans-serif" font-size="11" fill="`, softColor, `" aria-hidden="true">`)
}

// stretched opens a space 1000 wide that fills the width, for lines.
func (d *drawing) stretched(top, height float64) {
	d.add(`<svg y="`, number(top), `" width="100%" height="`, number(height), `" viewBox="0 0 1000 `, number(height), `" preserveAspectRatio="none">`)
}

// A hover is what a stretch of a chart says to a pointer.
type hover struct {
	from, to float64
	text     string
}

// hits lays invisible stretches of an axis from 0 to total over a plot. The
// page's script reads them for the crosshair and the arrow keys.
func (d *drawing) hits(top, height, total float64, list []hover) {
	d.add(`<svg class="hits" y="`, number(top), `" width="100%" height="`, number(height), `" viewBox="0 0 `, number(total), ` 1" preserveAspectRatio="none" opacity="0">`)
	for _, h := range list {
		d.add(`<path d="M`, number(h.from), ` 0h`, number(h.to-h.from), `v1H`, number(h.from), `"><title>`, quote(h.text), `</title></path>`)
	}
	d.close()
}

func (d *drawing) close() { d.add("</svg>") }

// gridlines are horizontal and labelled: text stands so far below its line.
func (d *drawing) gridlines(ys []float64, below float64, texts []string) {
	d.add(`<g class="gl" stroke="`, lineColor, `">`)
	for _, y := range ys {
		d.add(`<line x2="100%" y1="`, down(y), `" y2="`, down(y), `"/>`)
	}
	d.add(`</g><g class="tick halo">`)
	for i, y := range ys {
		d.add(`<text x="2" y="`, down(y+below), `">`, quote(texts[i]), `</text>`)
	}
	d.add(`</g>`)
}

// vertical and horizontal are rules; attrs are further attributes, written as
// they are.
func (d *drawing) vertical(class, x string, y1, y2 float64, color, attrs string) {
	d.add(`<line class="`, class, `" x1="`, x, `" x2="`, x, `" y1="`, number(y1), `" y2="`, number(y2), `" stroke="`, color, `"`, attrs, `/>`)
}

func (d *drawing) horizontal(class, x1, x2 string, y float64, color, attrs string) {
	d.add(`<line class="`, class, `" x1="`, x1, `" x2="`, x2, `" y1="`, number(y), `" y2="`, number(y), `" stroke="`, color, `"`, attrs, `/>`)
}

func (d *drawing) rect(class, x, width string, y, height float64, color, attrs string) {
	d.add(`<rect class="`, class, `" x="`, x, `" y="`, number(y), `" width="`, width, `" height="`, number(height), `" fill="`, color, `"`, attrs, `/>`)
}

func (d *drawing) text(class, x string, y float64, color, anchor, text string) {
	d.add(`<text class="`, class, `" x="`, x, `" y="`, number(y), `"`)
	if color != softColor {
		d.add(` fill="`, color, `"`)
	}
	if anchor != "start" {
		d.add(` text-anchor="`, anchor, `"`)
	}
	d.add(`>`, quote(text), `</text>`)
}

// A pen writes the data of a path in a stretched space. Points after the first are
// written as steps from the one before, which takes half the room; each step is
// between rounded places, so that nothing drifts.
type pen struct {
	strings.Builder
	x, y    float64
	drawing bool // the last command was a step, and need not be repeated
}

func (p *pen) move(x, y float64) {
	p.x, p.y, p.drawing = math.Round(x), math.Round(y*10)/10, false
	p.WriteString("M" + across(p.x) + "," + down(p.y))
}

func (p *pen) line(x, y float64) {
	x, y = math.Round(x), math.Round(y*10)/10
	dx, dy := brief(across(x-p.x)), brief(down(y-p.y))
	switch {
	case !p.drawing:
		p.WriteByte('l')
	case dx[0] != '-':
		p.WriteByte(' ')
	}
	p.WriteString(dx)
	if dy[0] != '-' {
		p.WriteByte(' ')
	}
	p.WriteString(dy)
	p.x, p.y, p.drawing = x, y, true
}

// brief is a number without the zero before its point.
func brief(number string) string {
	if strings.HasPrefix(number, "-0.") {
		return "-" + number[2:]
	}
	if strings.HasPrefix(number, "0.") {
		return number[1:]
	}
	return number
}

// curve is a line through points of a stretched space 1000 wide. A point that
// is not ok leaves a gap; one that stands alone is drawn as a short dash.
func (d *drawing) curve(class string, xs, ys []float64, ok []bool, color, attrs string) {
	var p pen
	for i := range xs {
		switch before := i > 0 && ok[i-1]; {
		case !ok[i]:
		case before:
			p.line(xs[i], ys[i])
		case i+1 < len(xs) && ok[i+1]:
			p.move(xs[i], ys[i])
		default:
			p.move(xs[i]-2, ys[i])
			p.line(xs[i]+2, ys[i])
		}
	}
	d.add(`<path class="`, class, `" d="`, p.String(), `" fill="none" stroke="`, color, `"`, attrs, ` vector-effect="non-scaling-stroke"/>`)
}
