// Package results reports what one run found, as text, Markdown, a page, and for CI
// systems and other programs.
package results

import (
	"io"
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/page"
	"github.com/blastgauge/blastgauge/report/template"
	"github.com/blastgauge/blastgauge/report/words"
)

// A document is the content of the page. The templates call its methods.
type document struct {
	page.Frame
	*summary
	R          *result.Result
	JSON       template.RawText
	Lead       []page.Sentence
	Figures    []page.Figure
	Broken     []damage
	Unknown    []*experiment // neither held nor refuted
	Scale      page.RootScale
	Sections   []*experiment // in full
	Folded     []*experiment // held or not run
	Matrix     *matrix
	GameDay    *gameDay
	Intervals  int // that the page shows
	RunCommand string
	Filter     *filter // nil: there is nothing to choose
}

// WriteHTML writes the page of one run, with its result embedded.
func WriteHTML(w io.Writer, r *result.Result, o page.Options) error {
	d, err := newDocument(r, o)
	if err != nil {
		return err
	}
	return page.Write(w, d.streampage)
}

// ends writes the interval of a blast radius in points: "−0.4 to 2.1".
func ends(b *result.BlastRadius) string {
	return words.Interval(b, " to ")
}

// newDocument prepares the content of the page.
func newDocument(r *result.Result, o page.Options) (*document, error) {
	embedded, err := page.Embed(r)
	if err != nil {
		return nil, err
	}
	s := summarize(r)
	title := strings.Join(words.NonEmpty(s.headline(), words.Place(r.System.Name, r.System.Environment), dated(r)), " · ")
	p := &document{
		Frame: page.NewFrame("Resilience report", title, o), summary: s, R: r, JSON: embedded,
		Lead: s.sentences(), Figures: s.figures(), Broken: s.damages(), Scale: rootScaleFor(s.order),
		Matrix: newMatrix(s), GameDay: newGameDay(r), RunCommand: runCommand(r),
	}
	for _, e := range s.order {
		p.sort(newExperiment(s, e))
	}
	p.Filter = newFilter(p.All())
	return p, nil
}

// sort adds an experiment to the part of the page that it belongs to.
func (p *document) sort(e *experiment) {
	e.Everything = p.Everything
	if e.Known() != nil {
		p.Intervals++
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

// Headline is the answer in one line, with the verdicts that it does not count.
func (p *document) Headline() string {
	return strings.Join(append([]string{p.headline()}, p.others()...), ", ")
}

// Provenance says which build was measured, and since when what is worst is so.
func (p *document) Provenance() string { return p.provenance() }

// All are all experiments in the order of the page.
func (p *document) All() []*experiment {
	return append(append([]*experiment(nil), p.Sections...), p.Folded...)
}

// Needs says which variables the command needs that repeats the run.
func (p *document) Needs() string { return needs(Again(p.R)) }

// Failure is why the run failed. It is empty if the sentence below the headline says
// it already.
func (p *document) Failure() string {
	text := p.R.Run.Error
	for _, e := range p.order {
		if why := strings.TrimPrefix(text, e.ID+": "); why != text && strings.Contains(p.Lead[0].After, why) {
			return ""
		}
	}
	return text
}

// StoppedBy is who interrupted the run.
func (p *document) StoppedBy() string { return words.StoppedBy(&p.R.Run) }

// Notes are what people wrote while the run went on.
func (p *document) Notes() []page.NoteRow {
	names := map[string]string{}
	for _, e := range p.All() {
		names[e.ID] = e.Name()
	}
	return page.NoteRows(p.R.Run.Notes, names)
}

// Removal says what became of the faults.
func (p *document) Removal() string { text, _ := p.removal(); return text }

// LeftFaults are the faults that may still be active.
func (p *document) LeftFaults() []faultOf { return p.left }

// firstScreen is how many items of each list the first screen has. The others are in
// the table of all experiments and beside each of them.
const firstScreen = 4

// TopBroken is what broke, as far as the first screen has room.
func (p *document) TopBroken() []damage { return p.Broken[:min(firstScreen, len(p.Broken))] }

// MoreBroken counts what else broke.
func (p *document) MoreBroken() int { return len(p.Broken) - len(p.TopBroken()) }

// TopFails are the sentences about how dependencies fail, as far as the first screen has
// room.
func (p *document) TopFails() []failText {
	return failTexts(p.fails[:min(firstScreen, len(p.fails))])
}

// MoreFails are the others.
func (p *document) MoreFails() []failText { return failTexts(p.fails[len(p.TopFails()):]) }

// CutOff reports whether an interruption alone kept invariants from being asked.
func (p *document) CutOff() bool {
	return p.cutOff()
}

// Unasked are the invariants that were not asked.
func (p *document) Unasked() []unaskedInvariants { return p.unasked }

// NotBack are the experiments without an answer whose system is not what it was before the
// fault.
func (p *document) NotBack() []*experiment {
	var list []*experiment
	for _, e := range p.Unknown {
		if notBack(e.Experiment) != "" {
			list = append(list, e)
		}
	}
	return list
}

// TopUnknown are the experiments without an answer, as far as the first screen has
// room.
func (p *document) TopUnknown() []*experiment { return p.Unknown[:min(firstScreen, len(p.Unknown))] }

// MoreUnknown counts the other experiments without an answer.
func (p *document) MoreUnknown() int { return len(p.Unknown) - len(p.TopUnknown()) }

// TopSteps are the steps to take, as far as the first screen has room.
func (p *document) TopSteps() []nextStep { return p.next[:min(firstScreen, len(p.next))] }

// MoreSteps counts the other steps to take.
func (p *document) MoreSteps() int { return len(p.next) - len(p.TopSteps()) }

// Coverage says how much was tested.
func (p *document) Coverage() string { return p.coverage() }

// Caveats are the warnings, each once.
func (p *document) Caveats() []caveat { return p.caveats() }

// Axis labels the scale of the forest plot.
func (p *document) Axis() template.HTML { return p.Scale.Axis() }

// When says when the run was.
func (p *document) When() string { return figures.Period(p.R.Run.Started, p.R.Run.Ended) }

// Place names the system and its environment.
func (p *document) Place() string { return words.Place(p.R.System.Name, p.R.System.Environment) }

// Duration says how long the run took.
func (p *document) Duration() string { return took(p.R) }

// took says how long the run took. What its preflight took is not in it, so that a run that
// ended there took no time that anybody knows.
func took(r *result.Result) string {
	if !slices.ContainsFunc(r.Experiments, func(e result.Experiment) bool { return e.Verdict != result.NotRun }) && r.Run.Ended.Sub(r.Run.Started) < time.Second {
		return ""
	}
	return figures.Elapsed(r.Run.Started, r.Run.Ended)
}

// ExitMeaning spells the exit code out.
func (p *document) ExitMeaning() string { return p.R.ExitMeaning() }

// dated is the day of the run; empty if that is not known.
func dated(r *result.Result) string {
	if r.Run.Started.IsZero() {
		return ""
	}
	return figures.Day(r.Run.Started)
}

// rootScaleFor covers the intervals and limits of all experiments.
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
