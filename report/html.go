package report

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/result"
)

//go:embed page
var pageFiles embed.FS

// writeHTML writes one file that needs nothing else: no network, no script, no
// style sheet beside it. Where scripts or styles are blocked, as in a CI
// server's artifact browser, all text and all charts are still there.
func writeHTML(w io.Writer, r *result.Result) error {
	t, err := template.New("page").Funcs(functions()).ParseFS(pageFiles, "page/*.tmpl")
	if err != nil {
		return fmt.Errorf("page template: %w", err)
	}
	p, err := newPage(r)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "page.tmpl", p); err != nil {
		return fmt.Errorf("render page: %w", err)
	}
	_, err = w.Write(harmless(b.Bytes()))
	return err
}

// harmless takes out what no escaping makes visible: control characters and
// those that reorder text. Templates have none of their own, and the embedded
// JSON spells them in ASCII.
func harmless(page []byte) []byte {
	return bytes.Map(func(c rune) rune {
		if unsafeRune(c) && c != '\n' && c != '\t' {
			return '\ufffd'
		}
		return c
	}, page)
}

// A page is what the templates read.
type page struct {
	*summary
	R          *result.Result
	CSS        template.CSS
	Script     template.JS
	JSON       template.JS
	Title      string
	Lead       sentence
	Figures    []figure
	Broken     []damage
	Unknown    []*experiment // neither held nor refuted
	Scale      rootScale
	Sections   []*experiment // in full
	Folded     []*experiment // held or not run
	Matrix     *matrix
	Looks      int // intervals that were looked at
	RunCommand string
}

func newPage(r *result.Result) (*page, error) {
	text, err := encode(r)
	if err != nil {
		return nil, err
	}
	css, err := pageFiles.ReadFile("page/page.css")
	if err != nil {
		return nil, err
	}
	script, err := pageFiles.ReadFile("page/page.js")
	if err != nil {
		return nil, err
	}
	s := summarize(r)
	p := &page{
		summary: s, R: r, CSS: template.CSS(css), Script: template.JS(script), JSON: template.JS(text),
		Title: strings.Join(fields(s.headline(), place(r), dated(r)), " · "),
		Lead:  s.sentence(), Figures: s.figures(), Broken: s.damages(), Scale: rootScaleFor(s.order),
		Matrix: newMatrix(s), RunCommand: runCommand(r),
	}
	for _, e := range s.order {
		p.sort(newExperiment(s, e))
	}
	return p, nil
}

func (p *page) sort(e *experiment) {
	if e.Known() != nil {
		p.Looks++
	}
	switch e.Verdict {
	case result.Held, result.NotRun:
		p.Folded = append(p.Folded, e)
	default:
		p.Sections = append(p.Sections, e)
	}
	if e.Verdict != result.Held && e.Verdict != result.Refuted {
		p.Unknown = append(p.Unknown, e)
	}
}

// Methods that the templates call.

// Headline is the answer in one line.
func (p *page) Headline() string { return p.headline() }

// All are the experiments in the order of the page.
func (p *page) All() []*experiment {
	return append(append([]*experiment(nil), p.Sections...), p.Folded...)
}

// Removal is what became of the faults.
func (p *page) Removal() string { text, _ := p.removal(); return text }

// Stuck are faults that may still be in force.
func (p *page) Stuck() []faultOf { return p.stuck }

// Next are the steps to take.
func (p *page) Next() []nextStep { return p.next }

// Caveats are warnings.
func (p *page) Caveats() []caveat { return p.summary.caveats() }

// Axis labels the forest plot.
func (p *page) Axis() template.HTML { return forestAxis(p.Scale) }

// When says when the run was.
func (p *page) When() string { return when(p.R.Run) }

// Place is the system and its environment.
func (p *page) Place() string { return place(p.R) }

// Duration of the run.
func (p *page) Duration() string { return took(p.R.Run.Started, p.R.Run.Ended) }

// ExitMeaning spells the exit code out.
func (p *page) ExitMeaning() string { return result.ExitMeaning(p.R.Run.ExitCode) }

func (f faultOf) Of() *experiment      { return &experiment{Experiment: f.of} }
func (f faultOf) Fault() *result.Fault { return f.fault }
func (n nextStep) Of() *experiment     { return &experiment{Experiment: n.of} }
func (n nextStep) Verb() string        { return n.verb }
func (n nextStep) Text() string        { return n.text }
func (n nextStep) Owners() string      { return strings.Join(n.owners, ", ") }
func (c caveat) Text() string          { return c.text }
func (c caveat) Of() []*experiment {
	var list []*experiment
	for _, e := range c.of {
		list = append(list, &experiment{Experiment: e})
	}
	return list
}

func place(r *result.Result) string {
	return strings.Join(fields(r.System.Name, r.System.Environment), " on ")
}

func dated(r *result.Result) string {
	if r.Run.Started.IsZero() {
		return ""
	}
	return day(r.Run.Started)
}

// fields leaves out empty texts.
func fields(list ...string) []string {
	var full []string
	for _, text := range list {
		if text != "" {
			full = append(full, text)
		}
	}
	return full
}

func functions() template.FuncMap {
	return template.FuncMap{
		"percent": percent, "points": points, "limit": limit, "span": span, "count": count, "count64": func(n int64) string { return count(int(n)) }, "plural": plural,
		"glyph": glyph, "word": word, "tone": tone, "excess": func(b *result.BlastRadius) string { return strings.Replace(excess(b), "≤", "≤ ", 1) },
		"confidence": confidence, "unclear": unclear, "day": day, "clock": clock, "stopwatch": stopwatch, "capital": capital,
		"phase": phaseName, "upper": ceiling, "join": func(list []string) string { return strings.Join(list, ", ") },
		"met": met, "grade": gradeText, "precise": precise, "short": func(v float64) string { return short(v, 3) },
		"minus":   func(text string) string { return strings.ReplaceAll(text, "-", "−") },
		"control": controlText, "share": share, "speed": speed,
	}
}

// tone is the class of a verdict's colour.
func tone(v result.Verdict) string {
	switch v {
	case result.Held:
		return "ok"
	case result.Refuted:
		return "bad"
	case result.Inconclusive, result.Invalid:
		return "unsure"
	}
	return "mute"
}

// met is the result of a criterion in words.
func met(v result.Verdict) string {
	switch v {
	case result.Held:
		return "Met"
	case result.Refuted:
		return "Not met"
	case result.Inconclusive:
		return "Not decided"
	}
	return "Not measured"
}

// gradeText says how well it is known that a fault met traffic.
func gradeText(g result.Grade) string {
	switch g {
	case result.GradeCounted:
		return "counted by the proxy"
	case result.GradeObserved:
		return "observed: the fault arm changed"
	case result.GradeProbed:
		return "probed: only our own probe met it"
	}
	return "not shown"
}
