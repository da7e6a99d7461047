package charts

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/template"
)

// Heights of the chart of values, in pixels. Two rows of names stand above the plot.
const (
	valuePlot = 150
	nameRow   = 15
	valueTop  = 2*nameRow + 6
)

// A Value is a number that was tried in the place of another, and the share of journeys that
// it harmed.
type Value struct {
	Number              float64
	Low, Estimate, High float64
	Verdict             result.Verdict
	Name                string // of the value, such as candidate; empty: none
	Text                string // what a pointer or a key reads from it
}

// A ValueChart is about the values that were tried in one place.
type ValueChart struct {
	Title  string // what a screen reader says
	Values []Value
	Limit  float64 // below 0: it is not known
	// Before is the number that is there now, whose harm nobody measured; nil: none.
	Before     *float64
	BeforeName string
}

// Values draws how many journeys are harmed by every number that was tried. The numbers are
// on a logarithmic scale on both sides of zero. Where two are very far apart, the scale is
// broken between them. It is empty where there are none.
func Values(v ValueChart) template.HTML {
	if len(v.Values) == 0 {
		return ""
	}
	v.Values = slices.Clone(v.Values)
	slices.SortStableFunc(v.Values, func(a, b Value) int { return cmp.Compare(a.Number, b.Number) })
	c := &valueChart{sharePlot: sharePlot{top: valueTop, height: valuePlot}, ValueChart: v}
	c.measure()
	c.Open("series levels", valueTop+valuePlot+page.TimeRow, v.Title)
	c.drawShares(v.Limit)
	c.drawNames()
	c.drawNumbers()
	for _, one := range v.Values {
		c.drawShare(one.Verdict, c.x(one.Number), one.Low, one.Estimate, one.High)
	}
	c.addHovers(c.hovers())
	c.Close()
	return c.HTML()
}

type valueChart struct {
	sharePlot
	ValueChart
	numbers []float64 // that have a place, in order, each once
	places  []float64 // of these, in percent of the width
	breaks  []float64 // places where the scale is broken
}

// measure gives each number its place.
func (c *valueChart) measure() {
	const left, right, longest, broken = 17.0, 95.0, 2.5, 1.2 // the last two in powers of ten
	for _, v := range c.Values {
		c.numbers = append(c.numbers, v.Number)
	}
	if c.Before != nil {
		c.numbers = append(c.numbers, *c.Before)
	}
	slices.Sort(c.numbers)
	c.numbers = slices.Compact(c.numbers)
	unit := smallest(c.numbers)
	at, gaps := 0.0, []int{}
	c.places = append(c.places, 0)
	for i := 1; i < len(c.numbers); i++ {
		step := logarithm(c.numbers[i], unit) - logarithm(c.numbers[i-1], unit)
		if !(step <= longest) {
			step, gaps = broken, append(gaps, i)
		}
		at += step
		c.places = append(c.places, at)
	}
	for i := range c.places {
		if at == 0 {
			c.places[i] = (left + right) / 2
			continue
		}
		c.places[i] = left + (right-left)*c.places[i]/at
	}
	for _, i := range gaps {
		c.breaks = append(c.breaks, (c.places[i-1]+c.places[i])/2)
	}
}

// smallest is the smallest distance from zero that any number has, but zero itself.
func smallest(numbers []float64) float64 {
	unit := 0.0
	for _, n := range numbers {
		if n = math.Abs(n); n > 0 && (unit == 0 || n < unit) {
			unit = n
		}
	}
	return cmp.Or(unit, 1)
}

// logarithm places a number by powers of ten of a unit, with its sign. It is 0 at zero.
func logarithm(n, unit float64) float64 {
	times := math.Abs(n) / unit
	if math.IsInf(times, 0) {
		return math.Copysign(math.Log10(math.Abs(n))-math.Log10(unit), n)
	}
	return math.Copysign(math.Log10(1+times), n)
}

// x is the place of a number in percent of the width.
func (c *valueChart) x(n float64) float64 {
	i, _ := slices.BinarySearch(c.numbers, n)
	return c.places[min(i, len(c.places)-1)]
}

// drawNames marks the value that is there now, and those that have a name.
func (c *valueChart) drawNames() {
	row := 0
	name := func(text string, n float64, s page.Style) {
		x, y, anchor := c.x(n), float64(row*nameRow), "middle"
		switch {
		case x < 25:
			anchor = "start"
		case x > 75:
			anchor = "end"
		}
		c.Vertical(s, page.X(x), y+14, valueTop+valuePlot)
		c.Text(page.Label{Class: "tick halo", X: page.X(x), Y: y + 11, Anchor: anchor, Text: text})
		row++
	}
	if c.Before != nil {
		name(c.BeforeName, *c.Before, page.Style{Class: "lc", Color: page.ControlColor, Attrs: ` stroke-width="1.5" stroke-dasharray="5 3"`})
	}
	for _, v := range c.Values {
		if v.Name != "" && row < 2 {
			name(v.Name, v.Number, page.Style{Class: "gl0", Color: page.RuleColor})
		}
	}
}

// drawNumbers labels the numbers that are far enough apart, those that have a name first.
func (c *valueChart) drawNumbers() {
	const apart, bottom = 13.0, valueTop + valuePlot
	c.Horizontal(page.ZeroLine(), "0", "100%", bottom)
	for _, x := range c.breaks {
		c.Add(`<svg x="`, page.X(x), `" y="`, page.Number(bottom), `" overflow="visible"><path class="gl0" d="M-5 5l4-10M1 5l4-10" fill="none" stroke="`, page.RuleColor, `"/></svg>`)
	}
	var taken []float64
	label := func(n float64) {
		x := c.x(n)
		if slices.ContainsFunc(taken, func(t float64) bool { return math.Abs(t-x) < apart }) {
			return
		}
		taken = append(taken, x)
		c.Text(page.Label{Class: "tick", X: page.X(x), Y: bottom + 17, Anchor: "middle", Text: shortNumber(n)})
	}
	for _, v := range c.Values {
		c.Vertical(page.ZeroLine(), page.X(c.x(v.Number)), bottom, bottom+4)
		if v.Name != "" {
			label(v.Number)
		}
	}
	for _, v := range c.Values {
		label(v.Number)
	}
	if c.Before != nil {
		label(*c.Before)
	}
}

// shortNumber writes a number in a few characters.
func shortNumber(n float64) string {
	const most = 7
	text := strconv.FormatFloat(n, 'f', -1, 64)
	if len(text) > most {
		text = strconv.FormatFloat(n, 'g', 2, 64)
	}
	return text
}

// hovers are the places of the values, and what is read from each.
func (c *valueChart) hovers() (xs []float64, texts []string) {
	for _, v := range c.Values {
		xs, texts = append(xs, c.x(v.Number)), append(texts, v.Text)
	}
	return xs, texts
}
