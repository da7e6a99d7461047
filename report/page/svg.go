package page

import (
	"html"
	"html/template"
	"math"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
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
type Drawing struct{ b strings.Builder }

// Colours of the light page, by meaning.
const (
	InkColor     = "#16191f"
	SoftColor    = "#5b6472"
	lineColor    = "#e3e6eb"
	RuleColor    = "#9aa2af"
	FaultColor   = "#c2410c"
	ControlColor = "#475569"
	FailedColor  = "#b42318"
	SlowColor    = "#e0962b"
	WrongColor   = "#6d4bc3"
	PaperColor   = "#fff"
)

// quote makes text harmless as content and inside quoted attributes.
func Quote(text string) string { return html.EscapeString(text) }

// number writes a coordinate.
func Number(v float64) string { return figures.Short(v, 2) }

// across and down write a place in a stretched space, to about a pixel.
func across(v float64) string { return figures.Short(v, 0) }

func Y(v float64) string { return figures.Short(v, 1) }

// pc writes a coordinate in percent of the width.
func X(v float64) string { return Number(v) + "%" }

func (d *Drawing) Add(parts ...string) {
	for _, p := range parts {
		d.b.WriteString(p)
	}
}

func (d *Drawing) HTML() template.HTML { return template.HTML(d.b.String()) }

// open starts the drawing, whose text is soft unless it says otherwise; label is what it says to those who cannot see it.
func (d *Drawing) Open(class string, height float64, label string) {
	d.Add(`<svg class="`, class, `" width="100%" height="`, Number(height), `" font-family="sans-serif" font-size="11" fill="`, SoftColor, `" role="img" aria-label="`, Quote(label), `">`)
}

// openAxis starts the labels of a scale that plots above it share.
func (d *Drawing) OpenAxis() {
	d.Add(`<svg class="fp" width="100%" height="18" font-family="sans-serif" font-size="11" fill="`, SoftColor, `" aria-hidden="true">`)
}

// stretched opens a space 1000 wide that fills the width, for lines.
func (d *Drawing) Stretched(top, height float64) {
	d.Add(`<svg y="`, Number(top), `" width="100%" height="`, Number(height), `" viewBox="0 0 1000 `, Number(height), `" preserveAspectRatio="none">`)
}

// A hover is what a stretch of a chart says to a pointer.
type Hover struct {
	From, To float64
	Text     string
}

// hits lays invisible stretches of an axis from 0 to total over a plot. The
// page's script reads them for the crosshair and the arrow keys.
func (d *Drawing) Hits(top, height, total float64, list []Hover) {
	d.Add(`<svg class="hits" y="`, Number(top), `" width="100%" height="`, Number(height), `" viewBox="0 0 `, Number(total), ` 1" preserveAspectRatio="none" opacity="0">`)
	for _, h := range list {
		d.Add(`<path d="M`, Number(h.From), ` 0h`, Number(h.To-h.From), `v1H`, Number(h.From), `"><title>`, Quote(h.Text), `</title></path>`)
	}
	d.Close()
}

func (d *Drawing) Close() { d.Add("</svg>") }

// gridlines are horizontal and labelled: text stands so far below its line.
func (d *Drawing) Gridlines(ys []float64, below float64, texts []string) {
	d.Add(`<g class="gl" stroke="`, lineColor, `">`)
	for _, y := range ys {
		d.Add(`<line x2="100%" y1="`, Y(y), `" y2="`, Y(y), `"/>`)
	}
	d.Add(`</g><g class="tick halo">`)
	for i, y := range ys {
		d.Add(`<text x="2" y="`, Y(y+below), `">`, Quote(texts[i]), `</text>`)
	}
	d.Add(`</g>`)
}

// vertical and horizontal are rules; attrs are further attributes, written as
// they are.
func (d *Drawing) Vertical(class, x string, y1, y2 float64, color, attrs string) {
	d.Add(`<line class="`, class, `" x1="`, x, `" x2="`, x, `" y1="`, Number(y1), `" y2="`, Number(y2), `" stroke="`, color, `"`, attrs, `/>`)
}

func (d *Drawing) Horizontal(class, x1, x2 string, y float64, color, attrs string) {
	d.Add(`<line class="`, class, `" x1="`, x1, `" x2="`, x2, `" y1="`, Number(y), `" y2="`, Number(y), `" stroke="`, color, `"`, attrs, `/>`)
}

func (d *Drawing) Rect(class, x, width string, y, height float64, color, attrs string) {
	d.Add(`<rect class="`, class, `" x="`, x, `" y="`, Number(y), `" width="`, width, `" height="`, Number(height), `" fill="`, color, `"`, attrs, `/>`)
}

func (d *Drawing) Text(class, x string, y float64, color, anchor, text string) {
	d.Add(`<text class="`, class, `" x="`, x, `" y="`, Number(y), `"`)
	if color != SoftColor {
		d.Add(` fill="`, color, `"`)
	}
	if anchor != "start" {
		d.Add(` text-anchor="`, anchor, `"`)
	}
	d.Add(`>`, Quote(text), `</text>`)
}

// A pen writes the data of a path in a stretched space. Points after the first are
// written as steps from the one before, which takes half the room; each step is
// between rounded places, so that nothing drifts.
type Pen struct {
	strings.Builder
	x, y    float64
	drawing bool // the last command was a step, and need not be repeated
}

func (p *Pen) Move(x, y float64) {
	p.x, p.y, p.drawing = math.Round(x), math.Round(y*10)/10, false
	p.WriteString("M" + across(p.x) + "," + Y(p.y))
}

func (p *Pen) Line(x, y float64) {
	x, y = math.Round(x), math.Round(y*10)/10
	dx, dy := brief(across(x-p.x)), brief(Y(y-p.y))
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
func (d *Drawing) Curve(class string, xs, ys []float64, ok []bool, color, attrs string) {
	var p Pen
	for i := range xs {
		switch before := i > 0 && ok[i-1]; {
		case !ok[i]:
		case before:
			p.Line(xs[i], ys[i])
		case i+1 < len(xs) && ok[i+1]:
			p.Move(xs[i], ys[i])
		default:
			p.Move(xs[i]-2, ys[i])
			p.Line(xs[i]+2, ys[i])
		}
	}
	d.Add(`<path class="`, class, `" d="`, p.String(), `" fill="none" stroke="`, color, `"`, attrs, ` vector-effect="non-scaling-stroke"/>`)
}

// TimeRow is the height of the labels below a time axis, in pixels.
const TimeRow = 22
