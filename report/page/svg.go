package page

import (
	"html"
	"math"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/report/template"
)

// A Drawing is an SVG element in the making. Reports make markup by hand in
// drawings only, so every number goes through [Number], [X] or [Y], and every text
// through quote.
//
// Colours are presentation attributes. No content security policy takes these away,
// so charts survive where styles and scripts are blocked. The style sheet of the
// page overrides them by class, for dark screens and for paper.
//
// A drawing has no viewBox: it is as wide as its column, and its text keeps its
// size. Places in time or on a scale are in percent of the width. Curves are in an
// inner svg element that is stretched.
type Drawing struct{ b strings.Builder }

// Colours of the light page, by meaning.
const (
	InkColor     = "#16191f"
	SoftColor    = "#5b6472"
	RuleColor    = "#9aa2af"
	PaperColor   = "#fff"
	FaultColor   = "#c2410c" // of the fault arm
	ControlColor = "#475569" // of the control arm
	FailedColor  = "#b42318"
	HeldColor    = "#1a7046"
	UnsureColor  = "#865700"

	gridColor = "#e3e6eb"
)

// TimeRow is the height of the labels below a time axis, in pixels.
const TimeRow = 22

// dashed is the attribute of a dashed line.
const dashed = ` stroke-dasharray="2 2"`

// A Style is how an element looks: its class, its colour where no style sheet
// reaches it, and further attributes as they are written, after a space.
type Style struct{ Class, Color, Attrs string }

// ZeroLine is the style of the line at zero of a scale or an axis.
func ZeroLine() Style { return Style{Class: "gl0", Color: RuleColor} }

// LimitLine is the style of the line at a limit.
func LimitLine() Style { return Style{Class: "lim", Color: InkColor, Attrs: dashed} }

// Interval is the style of the line from one end of an interval to the other.
func Interval(class, color string) Style {
	return Style{Class: "iv " + class, Color: color, Attrs: ` stroke-width="3" stroke-linecap="round"`}
}

// FaultLine is the style of the curve of the fault arm.
func FaultLine() Style {
	return Style{Class: "lf", Color: FaultColor, Attrs: ` stroke-width="2.25" stroke-linejoin="round"`}
}

// ControlLine is the style of the curve of the control arm.
func ControlLine() Style {
	return Style{Class: "lc", Color: ControlColor, Attrs: ` stroke-width="1.75" stroke-dasharray="5 3"`}
}

// quote makes text harmless as content and inside quoted attributes.
func quote(text string) string { return html.EscapeString(text) }

// Number writes a coordinate.
func Number(v float64) string { return figures.Short(v, 2) }

// X writes a place in percent of the width.
func X(percent float64) string { return Number(percent) + "%" }

// Y writes a place in a stretched space, counted from its top, to a tenth of a
// pixel.
func Y(v float64) string { return figures.Short(v, 1) }

// across writes a place in a stretched space, counted from its left, to about a
// pixel.
func across(v float64) string { return figures.Short(v, 0) }

// Add adds markup. The caller has quoted every text in it.
func (d *Drawing) Add(parts ...string) {
	for _, p := range parts {
		d.b.WriteString(p)
	}
}

// HTML is the drawing for a template.
func (d *Drawing) HTML() template.HTML { return template.HTML(d.b.String()) }

// Open starts the drawing. Its text is soft unless it says otherwise. The label is
// what a screen reader says.
func (d *Drawing) Open(class string, height float64, label string) {
	d.Add(`<svg class="`, class, `" width="100%" height="`, Number(height), `" font-family="sans-serif" font-size="11" fill="`, SoftColor, `" role="img" aria-label="`, quote(label), `">`)
}

// OpenAxis starts the labels of a scale that the plots above it share.
func (d *Drawing) OpenAxis() {
	d.Add(`<svg class="fp" width="100%" height="18" font-family="sans-serif" font-size="11" fill="`, SoftColor, `" aria-hidden="true">`)
}

// Stretched opens a space for curves, 1000 wide whatever the width of the drawing.
func (d *Drawing) Stretched(top, height float64) {
	d.Add(`<svg y="`, Number(top), `" width="100%" height="`, Number(height), `" viewBox="0 0 1000 `, Number(height), `" preserveAspectRatio="none">`)
}

// Close ends what Open, OpenAxis or Stretched began.
func (d *Drawing) Close() { d.Add("</svg>") }

// A Hover is the text that a stretch of a chart shows to a pointer.
type Hover struct {
	From, To float64
	Text     string
}

// Hits lays invisible stretches of an axis from 0 to total over a plot. The page's
// script reads them for the crosshair and the arrow keys.
func (d *Drawing) Hits(top, height, total float64, list []Hover) {
	d.Add(`<svg class="hits" y="`, Number(top), `" width="100%" height="`, Number(height), `" viewBox="0 0 `, Number(total), ` 1" preserveAspectRatio="none" opacity="0">`)
	for _, h := range list {
		d.Add(`<path d="M`, Number(h.From), ` 0h`, Number(h.To-h.From), `v1H`, Number(h.From), `"><title>`, quote(h.Text), `</title></path>`)
	}
	d.Close()
}

// Gridlines draws horizontal lines with labels. The base of a label is so far below
// its line.
func (d *Drawing) Gridlines(ys []float64, below float64, labels []string) {
	d.Add(`<g class="gl" stroke="`, gridColor, `">`)
	for _, y := range ys {
		d.Add(`<line x2="100%" y1="`, Y(y), `" y2="`, Y(y), `"/>`)
	}
	d.Add(`</g><g class="tick halo">`)
	for i, y := range ys {
		d.Add(`<text x="2" y="`, Y(y+below), `">`, quote(labels[i]), `</text>`)
	}
	d.Add(`</g>`)
}

// Vertical draws a line from y1 down to y2.
func (d *Drawing) Vertical(s Style, x string, y1, y2 float64) {
	d.Add(`<line class="`, s.Class, `" x1="`, x, `" x2="`, x, `" y1="`, Number(y1), `" y2="`, Number(y2), `" stroke="`, s.Color, `"`, s.Attrs, `/>`)
}

// Horizontal draws a line from x1 to x2.
func (d *Drawing) Horizontal(s Style, x1, x2 string, y float64) {
	d.Add(`<line class="`, s.Class, `" x1="`, x1, `" x2="`, x2, `" y1="`, Number(y), `" y2="`, Number(y), `" stroke="`, s.Color, `"`, s.Attrs, `/>`)
}

// Rect fills a rectangle.
func (d *Drawing) Rect(s Style, x, width string, y, height float64) {
	d.Add(`<rect class="`, s.Class, `" x="`, x, `" y="`, Number(y), `" width="`, width, `" height="`, Number(height), `" fill="`, s.Color, `"`, s.Attrs, `/>`)
}

// A Label is text in a drawing, with its base at a height.
type Label struct {
	Class  string
	X      string
	Y      float64
	Color  string // empty: soft
	Anchor string // start, middle or end; empty: start
	Text   string
}

// Text draws a label.
func (d *Drawing) Text(l Label) {
	d.Add(`<text class="`, l.Class, `" x="`, l.X, `" y="`, Number(l.Y), `"`)
	if l.Color != "" {
		d.Add(` fill="`, l.Color, `"`)
	}
	if l.Anchor != "" && l.Anchor != "start" {
		d.Add(` text-anchor="`, l.Anchor, `"`)
	}
	d.Add(`>`, quote(l.Text), `</text>`)
}

// A Point is one place on a curve in a stretched space.
type Point struct {
	X, Y float64
	Gap  bool // nothing is known here: the curve is interrupted
}

// Curve draws a line through points. A point between two gaps becomes a short dash.
func (d *Drawing) Curve(s Style, points []Point) {
	var p Pen
	for i, at := range points {
		switch continues := i > 0 && !points[i-1].Gap; {
		case at.Gap:
		case continues:
			p.Line(at.X, at.Y)
		case i+1 < len(points) && !points[i+1].Gap:
			p.Move(at.X, at.Y)
		default:
			p.Move(at.X-2, at.Y)
			p.Line(at.X+2, at.Y)
		}
	}
	d.Add(`<path class="`, s.Class, `" d="`, p.String(), `" fill="none" stroke="`, s.Color, `"`, s.Attrs, ` vector-effect="non-scaling-stroke"/>`)
}

// A Step is a value that holds for a stretch of the width of a stretched space.
type Step struct {
	From, To, Y float64
	Gap         bool // nothing is known here: the line is interrupted
}

// Steps draws a line that keeps each value for as long as it was measured over: it never
// shows a change before the stretch that has it.
func (d *Drawing) Steps(s Style, steps []Step) {
	var p Pen
	for i, at := range steps {
		switch {
		case at.Gap:
			continue
		case i == 0 || steps[i-1].Gap:
			p.Move(at.From, at.Y)
		default:
			p.Down(at.Y)
		}
		p.Across(at.To)
	}
	d.Add(`<path class="`, s.Class, `" d="`, p.String(), `" fill="none" stroke="`, s.Color, `"`, s.Attrs, ` vector-effect="non-scaling-stroke"/>`)
}

// A Pen writes the data of a path in a stretched space. It writes points after the
// first as steps from the one before, which takes half the room. Each step is
// between rounded places, so that nothing drifts.
type Pen struct {
	strings.Builder
	x, y    float64
	drawing bool // the last command was a step, and need not be repeated
}

// Move begins a line.
func (p *Pen) Move(x, y float64) {
	p.x, p.y, p.drawing = math.Round(x), math.Round(y*10)/10, false
	p.WriteString("M" + across(p.x) + "," + Y(p.y))
}

// Line draws a line from the last place.
func (p *Pen) Line(x, y float64) {
	x, y = math.Round(x), math.Round(y*10)/10
	dx, dy := withoutZero(across(x-p.x)), withoutZero(Y(y-p.y))
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

// Across draws a line to a place at the same height.
func (p *Pen) Across(x float64) {
	x = math.Round(x)
	if x != p.x {
		p.WriteString("h" + across(x-p.x))
	}
	p.x, p.drawing = x, false
}

// Down draws a line to another height at the same place.
func (p *Pen) Down(y float64) {
	y = math.Round(y*10) / 10
	if y != p.y {
		p.WriteString("v" + withoutZero(Y(y-p.y)))
	}
	p.y, p.drawing = y, false
}

// withoutZero leaves out the zero before the point of a number.
func withoutZero(number string) string {
	if strings.HasPrefix(number, "-0.") {
		return "-" + number[2:]
	}
	if strings.HasPrefix(number, "0.") {
		return number[1:]
	}
	return number
}
