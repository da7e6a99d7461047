package results

import (
	"embed"
	"html/template"
	"io"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/words"
)

func phaseName(name string) string {
	if name == "warmup" {
		return "Warm-up"
	}
	return figures.Capital(name)
}

// A page is what the templates read.
type document struct {
	page.Frame
	*summary
	R          *result.Result
	JSON       template.JS
	Lead       page.Sentence
	Figures    []page.Figure
	Broken     []damage
	Unknown    []*experiment // neither held nor refuted
	Scale      page.RootScale
	Sections   []*experiment // in full
	Folded     []*experiment // held or not run
	Matrix     *matrix
	Looks      int // intervals that were looked at
	RunCommand string
}

//go:embed *.tmpl
var templates embed.FS

// WriteHTML writes the page of one run, with its result embedded.
func WriteHTML(w io.Writer, r *result.Result, o page.Options) error {
	d, err := newDocument(r, o)
	if err != nil {
		return err
	}
	return page.Write(w, templates, functions(), d)
}

// functions are those of this page's templates.
func functions() template.FuncMap {
	return template.FuncMap{
		"excess":  func(b *result.BlastRadius) string { return strings.Replace(words.Excess(b), "≤", "≤ ", 1) },
		"count64": func(n int64) string { return figures.Count(int(n)) },
		"short":   func(v float64) string { return figures.Short(v, 3) },
		"factor":  func(v float64) string { return figures.Fixed(v, 1) },
		"share":   figures.Share,
		"phase":   phaseName,
		"met":     met,
		"grade":   gradeText,
		"control": controlText,
		"speed":   speed,
	}
}

func newDocument(r *result.Result, o page.Options) (*document, error) {
	embedded, err := page.Embed(r)
	if err != nil {
		return nil, err
	}
	s := summarize(r)
	title := strings.Join(words.NonEmpty(s.headline(), words.Place(r.System.Name, r.System.Environment), dated(r)), " · ")
	p := &document{
		Frame: page.NewFrame("Resilience report", title, o), summary: s, R: r, JSON: embedded,
		Lead: s.sentence(), Figures: s.figures(), Broken: s.damages(), Scale: rootScaleFor(s.order),
		Matrix: newMatrix(s), RunCommand: runCommand(r),
	}
	for _, e := range s.order {
		p.sort(newExperiment(s, e))
	}
	return p, nil
}

func (p *document) sort(e *experiment) {
	e.Everything = p.Everything
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
func (p *document) Headline() string { return p.headline() }

// All are the experiments in the order of the page.
func (p *document) All() []*experiment {
	return append(append([]*experiment(nil), p.Sections...), p.Folded...)
}

// Failure is why the run failed, unless the sentence below the headline says it.
func (p *document) Failure() string {
	text := p.R.Run.Error
	for _, e := range p.order {
		if why := strings.TrimPrefix(text, e.ID+": "); why != text && strings.Contains(p.Lead.After, why) {
			return ""
		}
	}
	return text
}

// Removal is what became of the faults.
func (p *document) Removal() string { text, _ := p.removal(); return text }

// Stuck are faults that may still be in force.
func (p *document) Stuck() []faultOf { return p.stuck }

// firstScreen is how many things broken and things to do stand on the first
// screen; the rest is in the table of all experiments and beside each of them.
const firstScreen = 4

// Worst is what broke, as far as the first screen has room; Lesser counts the
// rest.
func (p *document) Worst() []damage { return p.Broken[:min(firstScreen, len(p.Broken))] }

func (p *document) Lesser() int { return len(p.Broken) - len(p.Worst()) }

// Unsettled are what is not known, and Further counts those left out.
func (p *document) Unsettled() []*experiment { return p.Unknown[:min(firstScreen, len(p.Unknown))] }

func (p *document) Further() int { return len(p.Unknown) - len(p.Unsettled()) }

// First are the steps to take, as far as the first screen has room; Later
// counts the rest.
func (p *document) First() []nextStep { return p.next[:min(firstScreen, len(p.next))] }

func (p *document) Later() int { return len(p.next) - len(p.First()) }

// Caveats are warnings.
func (p *document) Caveats() []caveat { return p.summary.caveats() }

// Axis labels the forest plot.
func (p *document) Axis() template.HTML { return page.ForestAxis(p.Scale) }

// When says when the run was.
func (p *document) When() string { return figures.Period(p.R.Run.Started, p.R.Run.Ended) }

// Place is the system and its environment.
func (p *document) Place() string { return words.Place(p.R.System.Name, p.R.System.Environment) }

// Duration of the run.
func (p *document) Duration() string { return figures.Elapsed(p.R.Run.Started, p.R.Run.Ended) }

// ExitMeaning spells the exit code out.
func (p *document) ExitMeaning() string { return p.R.ExitMeaning() }

func (f faultOf) Of() *experiment { return &experiment{Experiment: f.of} }

func (f faultOf) Fault() *result.Fault { return f.fault }

func (n nextStep) Of() *experiment { return &experiment{Experiment: n.of} }

func (n nextStep) Verb() string { return n.verb }

func (n nextStep) Text() string { return n.text }

func (n nextStep) Owners() string { return strings.Join(n.owners, ", ") }

func (c caveat) Text() string { return c.text }

func (c caveat) Of() []*experiment {
	var list []*experiment
	for _, e := range c.of {
		list = append(list, &experiment{Experiment: e})
	}
	return list
}

func dated(r *result.Result) string {
	if r.Run.Started.IsZero() {
		return ""
	}
	return figures.Day(r.Run.Started)
}

// rootScaleFor covers all intervals and limits.
func rootScaleFor(list []*result.Experiment) page.RootScale {
	s := page.RootScale{Low: -0.01, High: 0.01}
	for _, e := range list {
		s.High = max(s.High, limitOf(e))
		if b := trustedRadius(e); b != nil {
			s.Low, s.High = min(s.Low, b.Low), max(s.High, b.High)
		}
	}
	return s.Rounded()
}

func controlText(kind string) string {
	switch kind {
	case result.ContaminatedControl:
		return "control contaminated: the fault reached the control arm as well, so the baseline before the fault is the control"
	case result.BaselineControl:
		return "the control is the baseline before the fault, not a concurrent arm: what else changed meanwhile counts as the fault's"
	}
	return "the control is a concurrent arm: the same journeys at the same time on a route without the fault"
}
