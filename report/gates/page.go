package gates

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/gate"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/charts"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/words"
)

// A document is the content of the page. The templates call its methods.
type document struct {
	page.Frame
	*summary
	R        *gate.Report
	JSON     template.JS
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

//go:embed *.tmpl
var templates embed.FS

// WriteHTML writes the page of a gate, with its report embedded.
func WriteHTML(w io.Writer, r *gate.Report, o page.Options) error {
	embedded, err := page.EmbedOld(r)
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
	return page.WriteOld(w, templates, nil, d)
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

// Headline is the answer in one line.
func (d *document) Headline() string { return d.headline() }

// Lead is the sentence below it.
func (d *document) Lead() string { return d.lead() }

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

// Retried says why these matter to a candidate that holds now; empty where they do not.
func (d *document) Retried() string {
	if !d.retried() {
		return ""
	}
	return retriedText
}

// Attempts are the earlier attempts, oldest first.
func (d *document) Attempts() []statement.Attempt { return d.attempts() }

// OlderAttempts is how many are not listed.
func (d *document) OlderAttempts() int { return max(0, d.R.Attempts.Count-len(d.attempts())) }

// Bypasses say who let the candidate pass unmeasured.
func (d *document) Bypasses() []string { return d.bypasses() }

// Warnings are what to know before one relies on the answer.
func (d *document) Warnings() []string { return d.warnings() }

// Steps are what to do now.
func (d *document) Steps() []step { return d.steps }

// Others are the experiments that did not fail.
func (d *document) Others() []finding { return d.others() }

// MoreFailures says how many failures are not shown.
func (d *document) MoreFailures() string { return more(len(d.R.Failures), mostFailures) }

// Changed are the values that the candidate changes.
func (d *document) Changed() []move { return d.changed() }

// MoreChanged says how many of these are not shown.
func (d *document) MoreChanged() string { return more(len(d.R.Changed), mostChanged) }

// Blame says what a value does that is in the smallest part that fails; empty for another.
func (d *document) Blame(m move) string {
	if !d.blamed(m.pointer) {
		return ""
	}
	return d.blame()
}

// Served says what is served now.
func (d *document) Served() string { return d.served() }

// Neighbors are the neighbors of the candidate, the nearest first.
func (d *document) Neighbors() []neighbor { return d.neighbors() }

// MoreNeighbors says how many of these are not shown.
func (d *document) MoreNeighbors() string { return more(len(d.R.Neighborhood), mostNear) }

// Counted counts them by verdict.
func (d *document) Counted() string { return d.counted() }

// Nearest says what fails first.
func (d *document) Nearest() string { return period(figures.Opening(d.nearestText())) }

// Edges are the charts of numbers.
func (d *document) Edges() []edge { return d.edges() }

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

// Smallest are the values of the smallest part that fails.
func (d *document) Smallest() []move { return d.smallest() }

// SmallestHarm says what it harms.
func (d *document) SmallestHarm() string { return d.smallestHarm() }

// Minimal says whether all of it is needed.
func (d *document) Minimal() string { return period(figures.Capital(d.minimal())) }

// SmallestDocument is the document with this part of the change alone.
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

// Gaps are what was not measured.
func (d *document) Gaps() []gap { return d.gaps() }

// Signed are the ids of the keys that signed, as far as they are shown.
func (d *document) Signed() []string { return first(d.R.Signed, mostTold) }

// Verify is the command that judges the statement.
func (d *document) Verify() string { return d.verify() }

// Near are the runs that measured what is near, as far as they are shown.
func (d *document) Near() []string {
	list := first(d.R.Near, mostTold)
	return append(list[:len(list):len(list)], words.NonEmpty(more(len(d.R.Near), mostTold))...)
}

// Took says how long it took.
func (d *document) Took() string { return d.took() }

// ExitMeaning spells the exit code out.
func (d *document) ExitMeaning() string { return result.ExitMeaning(d.R.ExitCode) }
