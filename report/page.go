package report

import (
	"html/template"
	"io"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// A page is what the templates read.
type page struct {
	frame
	*summary
	R          *result.Result
	JSON       template.JS
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

// writeHTML writes the page of one run.
func writeHTML(w io.Writer, r *result.Result, o Options) error {
	p, err := newPage(r, o)
	if err != nil {
		return err
	}
	return writePage(w, "page.tmpl", p)
}

func newPage(r *result.Result, o Options) (*page, error) {
	text, err := encode(r)
	if err != nil {
		return nil, err
	}
	s := summarize(r)
	title := strings.Join(fields(s.headline(), place(r), dated(r)), " · ")
	p := &page{
		frame: newFrame("Resilience report", title, o), summary: s, R: r, JSON: template.JS(text),
		Lead: s.sentence(), Figures: s.figures(), Broken: s.damages(), Scale: rootScaleFor(s.order),
		Matrix: newMatrix(s), RunCommand: runCommand(r),
	}
	for _, e := range s.order {
		p.sort(newExperiment(s, e))
	}
	return p, nil
}

func (p *page) sort(e *experiment) {
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
func (p *page) Headline() string { return p.headline() }

// All are the experiments in the order of the page.
func (p *page) All() []*experiment {
	return append(append([]*experiment(nil), p.Sections...), p.Folded...)
}

// Failure is why the run failed, unless the sentence below the headline says it.
func (p *page) Failure() string {
	text := p.R.Run.Error
	for _, e := range p.order {
		if why := strings.TrimPrefix(text, e.ID+": "); why != text && strings.Contains(p.Lead.After, why) {
			return ""
		}
	}
	return text
}

// Removal is what became of the faults.
func (p *page) Removal() string { text, _ := p.removal(); return text }

// Stuck are faults that may still be in force.
func (p *page) Stuck() []faultOf { return p.stuck }

// firstScreen is how many things broken and things to do stand on the first
// screen; the rest is in the table of all experiments and beside each of them.
const firstScreen = 4

// Worst is what broke, as far as the first screen has room; Lesser counts the
// rest.
func (p *page) Worst() []damage { return p.Broken[:min(firstScreen, len(p.Broken))] }
func (p *page) Lesser() int     { return len(p.Broken) - len(p.Worst()) }

// Unsettled are what is not known, and Further counts those left out.
func (p *page) Unsettled() []*experiment { return p.Unknown[:min(firstScreen, len(p.Unknown))] }
func (p *page) Further() int             { return len(p.Unknown) - len(p.Unsettled()) }

// First are the steps to take, as far as the first screen has room; Later
// counts the rest.
func (p *page) First() []nextStep { return p.next[:min(firstScreen, len(p.next))] }
func (p *page) Later() int        { return len(p.next) - len(p.First()) }

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
func (p *page) ExitMeaning() string { return p.R.ExitMeaning() }

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
