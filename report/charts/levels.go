package charts

import (
	"math"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/scan"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/template"
	"github.com/blastgauge/blastgauge/report/words"
)

// Heights of the chart of a breaking point, in pixels.
const (
	levelPlot = 150
	levelTop  = 20
)

// Latencies in seconds that a chart of them can show.
const (
	shortestLevel = 1e-4
	longestLevel  = 1e5
)

// A levelChart shows how many journeys are harmed at every latency of a dependency that
// was tried. Latency is logarithmic, and the share is on a square-root scale.
type levelChart struct {
	sharePlot
	name      string // of the dependency
	b         *scan.BreakingPoint
	journey   string
	limit     float64
	low, high float64 // seconds
}

// LevelJourney is the journey that the chart of a breaking point is about: the one that is
// harmed most at any level.
func LevelJourney(b *scan.BreakingPoint) string {
	var all scan.Level
	for _, l := range b.Levels {
		all.Journeys = append(all.Journeys, l.Journeys...)
	}
	if j := all.Worst(); j != nil {
		return j.Journey
	}
	return ""
}

// AtLevel is what a journey met at a level; nil where it is not known.
func AtLevel(l scan.Level, journey string) *scan.CellJourney {
	for i := range l.Journeys {
		if l.Journeys[i].Journey == journey {
			return &l.Journeys[i]
		}
	}
	return nil
}

// Levels draws the levels of a breaking point of the dependency of that name, and the
// brackets in which the verdict changes. It is empty where no level was tried.
func Levels(name string, b *scan.BreakingPoint, limit float64) template.HTML {
	if b == nil || len(b.Levels) == 0 {
		return ""
	}
	c := &levelChart{sharePlot: sharePlot{top: levelTop, height: levelPlot}, name: name, b: b, journey: LevelJourney(b), limit: limit}
	c.measure()
	c.Open("series levels", levelTop+levelPlot+page.TimeRow, c.description())
	c.drawBrackets()
	c.drawShares(c.limit)
	c.drawLatencies()
	c.drawP99()
	for _, l := range b.Levels {
		c.drawLevel(l)
	}
	c.addHovers(c.hovers())
	c.Close()
	return c.HTML()
}

// measure finds the shortest and the longest latency to show.
func (c *levelChart) measure() {
	c.low, c.high = math.Inf(1), 0
	add := func(seconds float64) {
		if seconds > 0 {
			seconds = min(max(seconds, shortestLevel), longestLevel)
			c.low, c.high = min(c.low, seconds), max(c.high, seconds)
		}
	}
	for _, l := range c.b.Levels {
		add(l.Latency)
	}
	if c.b.P99 != nil {
		add(*c.b.P99)
	}
	if math.IsInf(c.low, 1) {
		c.low, c.high = 0.1, 1
	}
	c.low, c.high = c.low/1.3, max(c.high, c.low*2)*1.3
}

// x is the place of a latency in percent of the width.
func (c *levelChart) x(seconds float64) float64 {
	const left, right = 10.0, 98.0
	seconds = min(max(seconds, c.low), c.high)
	return left + (right-left)*math.Log(seconds/c.low)/math.Log(c.high/c.low)
}

// description is what a screen reader says of the chart.
func (c *levelChart) description() string {
	return "Share of " + c.journey + " journeys harmed by the latency of " + c.name + "; breaking point: " + words.BreakingPoint(c.b)
}

// drawBrackets shades where the verdict changes.
func (c *levelChart) drawBrackets() {
	for _, e := range c.b.Edges {
		from, to := c.x(e.Low), c.x(e.High)
		c.Rect(page.Style{Class: "ph-f", Color: page.FaultColor, Attrs: ` fill-opacity="0.14"`}, page.X(from), page.X(max(to-from, 0)), levelTop, levelPlot)
	}
}

// drawLatencies labels round latencies that are far enough apart.
func (c *levelChart) drawLatencies() {
	c.Horizontal(page.ZeroLine(), "0", "100%", levelTop+levelPlot)
	last := math.Inf(-1)
	for _, v := range roundTimes(c.low, c.high) {
		x := c.x(v)
		if x-last < 12 || x > 96 {
			continue
		}
		last = x
		c.Vertical(page.ZeroLine(), page.X(x), levelTop+levelPlot, levelTop+levelPlot+4)
		c.Text(page.Label{Class: "tick", X: page.X(x), Y: levelTop + levelPlot + 17, Anchor: "middle", Text: figures.Duration(v)})
	}
}

// drawP99 marks the latency that the dependency has by itself.
func (c *levelChart) drawP99() {
	if c.b.P99 == nil || *c.b.P99 <= 0 {
		return
	}
	beyond := ""
	if c.b.P99AtLeast {
		beyond = "≥ "
	}
	x, anchor := c.x(*c.b.P99), "middle"
	switch {
	case x < 20:
		anchor = "start"
	case x > 80:
		anchor = "end"
	}
	c.Vertical(page.Style{Class: "lc", Color: page.ControlColor, Attrs: ` stroke-width="1.5" stroke-dasharray="5 3"`}, page.X(x), levelTop-4, levelTop+levelPlot)
	c.Text(page.Label{Class: "tick halo", X: page.X(x), Y: levelTop - 8, Anchor: anchor, Text: "own p99, " + beyond + figures.Latency(*c.b.P99)})
}

// drawLevel draws one level: harmful, harmless or not decided.
func (c *levelChart) drawLevel(l scan.Level) {
	if j := AtLevel(l, c.journey); j != nil {
		c.drawShare(words.CellTone(l.Verdict), c.x(l.Latency), j.Low, j.Estimate, j.High)
	}
}

// hovers are the places of the levels, and what is known of each.
func (c *levelChart) hovers() (xs []float64, texts []string) {
	for _, l := range c.b.Levels {
		text := figures.Duration(l.Latency) + ": " + words.CellVerdict(l.Verdict)
		if j := AtLevel(l, c.journey); j != nil {
			text += ", " + words.Harm(j) + " of " + j.Journey + " journeys harmed"
		}
		xs, texts = append(xs, c.x(l.Latency)), append(texts, text)
	}
	return xs, texts
}
