package charts

import (
	"math"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/words"
)

// A sharePlot shows shares of journeys with their intervals against a limit, on a
// square-root scale from none to all.
type sharePlot struct {
	page.Drawing
	top, height float64 // in the drawing, in pixels
}

// y is the place of a share, counted from the top of the drawing.
func (p *sharePlot) y(share float64) float64 {
	return p.top + p.height*(1-page.RootScale{Low: 0, High: 1}.At(share)/100)
}

// drawShares draws lines at round shares, and the limit. There is none below zero.
func (p *sharePlot) drawShares(limit float64) {
	var ys []float64
	var texts []string
	at := math.Inf(1)
	if limit >= 0 {
		at = p.y(limit)
	}
	for _, share := range page.RootTicks() {
		if y := p.y(share); share == 0 || math.Abs(y-at) >= 14 && p.top+p.height-y > 16 {
			ys, texts = append(ys, y), append(texts, figures.ShortPercent(share, 0))
		}
	}
	p.Gridlines(ys, -3, texts)
	if limit < 0 {
		return
	}
	p.Horizontal(page.LimitLine(), "0", "100%", at)
	p.Text(page.Label{Class: "tick strong halo", X: "2", Y: at - 3, Color: page.InkColor, Text: words.Limit(limit) + " limit"})
}

// drawShare draws an interval at a place in percent of the width, and its estimate: a disc
// where the harm is refuted, a ring where it held, and a square where it is not decided.
func (p *sharePlot) drawShare(v result.Verdict, percent, low, estimate, high float64) {
	tone := page.Tone(v)
	color := map[string]string{"bad": page.FailedColor, "ok": page.HeldColor}[tone]
	if color == "" {
		color = page.UnsureColor
	}
	x, at := page.X(percent), page.Y(p.y(estimate))
	p.Vertical(page.Interval(tone, color), x, p.y(min(high, 1)), p.y(max(low, 0)))
	switch v {
	case result.Refuted:
		p.Add(`<circle class="pt `, tone, `" cx="`, x, `" cy="`, at, `" r="5" fill="`, color, `" stroke="`, page.PaperColor, `" stroke-width="1.5"/>`)
	case result.Held:
		p.Add(`<circle class="mark iv `, tone, `" cx="`, x, `" cy="`, at, `" r="4.5" fill="`, page.PaperColor, `" stroke="`, color, `" stroke-width="2"/>`)
	default:
		p.Add(`<svg x="`, x, `" y="`, at, `" overflow="visible"><rect class="pt `, tone, `" x="-4.5" y="-4.5" width="9" height="9" fill="`, color, `" stroke="`, page.PaperColor, `" stroke-width="1.5"/></svg>`)
	}
}

// addHovers shows texts to a pointer, and to the arrow keys: each from half way to the one
// before it to half way to the next. xs are their places, in order, in percent of the width.
func (p *sharePlot) addHovers(xs []float64, texts []string) {
	var out []page.Hover
	from := 0.0
	for i, text := range texts {
		to := 100.0
		if i+1 < len(xs) {
			to = (xs[i] + xs[i+1]) / 2
		}
		out = append(out, page.Hover{From: from, To: max(from, to), Text: text})
		from = max(from, to)
	}
	p.Hits(p.top, p.height, 100, out)
}
