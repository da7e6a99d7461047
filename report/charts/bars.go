package charts

import (
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/template"
	"github.com/blastgauge/blastgauge/report/words"
)

// ForestRow draws one row of the forest plot: interval, estimate and limit, on the
// scale that all rows share and in the tone of the verdict.
func ForestRow(s page.RootScale, b *result.BlastRadius, limit float64, v result.Verdict) template.HTML {
	var d page.Drawing
	class := page.Tone(v)
	d.Open("fp", 26, words.Excess(b)+", "+words.Confidence(b)+" interval "+words.Interval(b, " to ")+"%, limit "+words.Limit(limit))
	d.Vertical(page.ZeroLine(), page.X(s.At(0)), 0, 26)
	d.Vertical(page.LimitLine(), page.X(s.At(limit)), 2, 24)
	d.Horizontal(page.Interval(class, page.InkColor), page.X(s.At(b.Low)), page.X(s.At(b.High)), 13)
	if words.IsBracket(b) { // its ends are all that is known
		d.Close()
		return d.HTML()
	}
	d.Add(`<circle class="pt `, class, `" cx="`, page.X(s.At(b.Estimate)), `" cy="13" r="5" fill="`, page.InkColor, `" stroke="`, page.PaperColor, `" stroke-width="1.5"/>`)
	d.Close()
	return d.HTML()
}

// A HarmBar is a stacked bar of the harmed journeys of one step or of all.
type HarmBar struct {
	Failed, Wrong, Slow int
	Full                int // harmed journeys that fill the bar
}

// Draw draws the bar. Screen readers skip it: the numbers stand beside it.
func (h HarmBar) Draw() template.HTML {
	var d page.Drawing
	d.Add(`<svg class="stack" width="100%" height="16" aria-hidden="true">`)
	x := 0.0
	for _, part := range []struct {
		n           int
		class, fill string
	}{{h.Failed, "o-failed", page.FailedColor}, {h.Wrong, "o-wrong", "url(#_wrong)"}, {h.Slow, "o-slow", "url(#_slow)"}} {
		if part.n == 0 {
			continue
		}
		w := 100 * figures.Share(part.n, h.Full)
		d.Add(`<rect class="`, part.class, `" x="`, page.X(x), `" width="`, page.X(w), `" height="16" fill="`, part.fill, `"/>`)
		x += w
	}
	d.Close()
	return d.HTML()
}
