package gates

import (
	"fmt"
	"io"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/gate"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/charts"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/template"
	"github.com/blastgauge/blastgauge/report/words"
)

// A document is the content of the page. The template calls its methods.
type document struct {
	page.Frame
	*summary
	R        *gate.Report
	JSON     template.RawText
	Figures  []page.Figure
	Failures []failurePart
	Scale    page.RootScale
	RunLink  string // to the page of the candidate's run; empty: none that is known
}

// A failurePart is a failure with its part of the page.
type failurePart struct {
	failure
	ID     string
	Forest template.HTML
}

// WriteHTML writes the page of a gate, with its report embedded.
func WriteHTML(w io.Writer, r *gate.Report, o page.Options) error {
	embedded, err := page.Embed(r)
	if err != nil {
		return err
	}
	s := summarize(r)
	title := strings.Join(words.NonEmpty(s.headline(), words.Place(r.System, r.Environment)), " · ")
	d := &document{
		Frame: page.NewFrame("Gate", title, o), summary: s, R: r, JSON: embedded,
		Figures: s.figures(), Scale: s.scale(), RunLink: page.Address(o.Folder, s.runPage()),
	}
	for i, f := range s.failures() {
		d.Failures = append(d.Failures, failurePart{f, fmt.Sprintf("_f%d", i), forest(d.Scale, f.Harm, f.Limit, f.Verdict)})
	}
	return page.Write(w, d.streampage)
}

// scale covers every share that the page draws.
func (s *summary) scale() page.RootScale {
	scale := page.RootScale{Low: -0.01, High: 0.05}
	see := func(h *statement.Harm, limit float64) {
		if h != nil {
			scale.Low, scale.High = min(scale.Low, h.Low), max(scale.High, h.High)
		}
		scale.High = max(scale.High, limit)
	}
	for _, n := range s.neighbors() {
		see(n.Harm, n.Limit)
	}
	for _, m := range s.measured() {
		see(m.Harm, m.Limit)
	}
	scale.Low = max(scale.Low, -0.05) // how far a bound is below none, nobody needs to see
	return scale.Rounded()
}

// forest draws harm against a limit; empty where nothing was measured.
func forest(scale page.RootScale, h *statement.Harm, limit float64, v result.Verdict) template.HTML {
	if h == nil {
		return ""
	}
	return charts.ForestRow(scale, radius(h), max(limit, 0), v)
}

// Contents lists the sections of the page, in its order.
func (d *document) Contents() []page.Entry {
	var list []page.Entry
	add := func(there bool, id, name string, inside ...page.Link) {
		if there {
			list = append(list, page.Entry{Link: page.Link{ID: id, Name: name}, Inside: inside})
		}
	}
	var failures []page.Link
	for _, f := range d.Failures {
		failures = append(failures, page.Link{ID: f.ID, Name: words.Glyph(f.Verdict) + " " + f.Experiment})
	}
	add(true, "_changed", "What changed")
	add(len(d.smallest()) > 0, "_smallest", "Smallest part that fails")
	add(len(failures) > 0, "_f0", "What it harms", failures...)
	add(len(d.R.Neighborhood) > 0, "_edge", "How close to the edge")
	add(len(d.R.NotMeasured) > 0, "_gaps", "Not measured")
	add(d.R.Attempts.Count > 0, "_attempts", "Earlier attempts")
	add(true, "_statement", "Statement")
	add(true, "_method", "How this was measured")
	return list
}

// Place names the system and its environment.
func (d *document) Place() string { return words.Place(d.R.System, d.R.Environment) }

// When says when it was measured.
func (d *document) When() string { return figures.Period(d.R.Started, d.R.Ended) }

// NotPutBack is the command that puts back what was served; empty where that is proven.
func (d *document) NotPutBack() string {
	if !d.notPutBack() {
		return ""
	}
	return d.recover()
}

// AttemptsText says what came of the earlier attempts.
func (d *document) AttemptsText() string { return figures.Capital(d.attemptsText()) }

// OlderAttempts is how many of these are not listed.
func (d *document) OlderAttempts() int { return max(0, d.R.Attempts.Count-len(d.attempts())) }

// MoreFailures says how many failures are not shown.
func (d *document) MoreFailures() string { return more(len(d.R.Failures), mostFailures) }

// MoreChanged says how many changed values are not shown.
func (d *document) MoreChanged() string { return more(len(d.R.Changed), mostChanged) }

// MoreNeighbors says how many neighbors are not shown.
func (d *document) MoreNeighbors() string { return more(len(d.R.Neighborhood), mostNear) }

// Nearest says what fails first.
func (d *document) Nearest() string { return period(figures.Opening(d.nearestText())) }

// Axis labels the harm of all rows.
func (d *document) Axis() template.HTML { return d.Scale.Axis() }

// Forest draws the harm of a neighbor.
func (d *document) Forest(n neighbor) template.HTML {
	return forest(d.Scale, n.Harm, n.Limit, n.Verdict)
}

// Own is what was found of the candidate as it is; nil where there is no number.
func (d *document) Own() *finding {
	m := d.worst()
	if m == nil {
		return nil
	}
	return &finding{*m}
}

// OwnForest draws its harm.
func (d *document) OwnForest() template.HTML {
	m := d.worst()
	return forest(d.Scale, m.Harm, m.Limit, m.Verdict)
}

// Minimal says whether all of the smallest part is needed.
func (d *document) Minimal() string { return period(figures.Capital(d.minimal())) }

// SmallestDocument is the document with the smallest part of the change alone.
func (d *document) SmallestDocument() string {
	if d.R.Smallest == nil {
		return ""
	}
	text := d.R.Smallest.Document
	if len(text) > mostDocument {
		text = strings.ToValidUTF8(text[:mostDocument], "") + "\n… and so on: the JSON below the page has all of it"
	}
	return text
}

// Signed are the ids of the keys that signed, as far as they are shown.
func (d *document) Signed() []string { return first(d.R.Signed, mostTold) }

// Near are the runs that measured what is near, as far as they are shown.
func (d *document) Near() []string {
	list := first(d.R.Near, mostTold)
	return append(list[:len(list):len(list)], words.NonEmpty(more(len(d.R.Near), mostTold))...)
}

// ExitMeaning spells the exit code out.
func (d *document) ExitMeaning() string { return result.ExitMeaning(d.R.ExitCode) }
