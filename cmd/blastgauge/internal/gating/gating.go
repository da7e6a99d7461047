package gating

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/gate"
	"github.com/blastgauge/blastgauge/experiments/gate/attempts"
	"github.com/blastgauge/blastgauge/experiments/gate/change"
	"github.com/blastgauge/blastgauge/experiments/gate/served"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/report"
)

// Options are what a gate needs beside its flags.
type Options struct {
	Flags
	System   string // the file of the system's document; empty: it is searched upwards
	Outside  experiments.Outside
	Plan     plan.Options        // of all runs
	Run      run.Options         // likewise; Dir is that of the candidate's
	Subjects []statement.Subject // of the statement, behind the candidate
	Runs     string              // the directory of all runs, where earlier ones are
	Getenv   func(string) (string, bool)
	// Perform performs a run and shows it. candidate reports that it is the candidate's, and
	// about says against what it runs.
	Perform func(ctx context.Context, p *plan.Plan, o run.Options, about string, candidate bool) (*run.Outcome, error)
	Logf    func(format string, args ...any)
}

// A Gate is a candidate on its way. [Load], [Gate.Prepare] and [Gate.Measure] follow each
// other.
type Gate struct {
	o       Options
	budget  time.Duration
	text    string // of the candidate
	system  *experiments.System
	choices []gate.Choice
	plan    *plan.Plan // of the candidate's run
	unset   error

	subjects   []statement.Subject
	attempts   statement.Attempts
	served     *served.Version // nil: it is not known
	difference *change.Difference
	beside
}

// Load reads the candidate and the documents, chooses the experiments, and plans their run.
// It asks nobody.
func Load(o Options) (*Gate, error) {
	g := &Gate{o: o}
	var err error
	if g.budget, err = o.budget(); err != nil {
		return nil, err
	}
	if o.MaxAttempts < 0 {
		return nil, usage.Errorf("--max-attempts %d: how often may the candidate be measured? 1 or more", o.MaxAttempts)
	}
	if g.text, err = experiments.ReadCandidate(o.File); err != nil {
		return nil, err
	}
	g.o.Outside.Getenv = o.Getenv
	var list []*experiments.Experiment
	if g.system, list, err = (experiments.Selection{SystemFile: o.System, Arguments: o.Experiments, Outside: g.o.Outside}).Load(); err != nil {
		return nil, err
	}
	if err := g.choose(list); err != nil {
		return nil, err
	}
	return g, g.planCandidate()
}

// choose chooses the experiments that measure the candidate.
func (g *Gate) choose(list []*experiments.Experiment) error {
	choices, assumed, err := gate.Select(list, g.o.File, len(g.o.Experiments) > 0)
	if err != nil {
		return err
	}
	g.choices = choices
	if !assumed {
		return nil
	}
	var ids []string
	for _, c := range choices {
		ids = append(ids, c.Experiment.ID)
	}
	g.o.Logf("no experiment has the candidate %s; it is measured in place of that of %s, the only place where one is served", g.o.File, figures.List(ids, "and"))
	return nil
}

// planCandidate plans the run of the candidate.
func (g *Gate) planCandidate() error {
	var list []*experiments.Experiment
	for _, c := range g.choices {
		list = append(list, c.Measuring(g.o.File, g.text))
	}
	o := g.o.Plan
	o.Selected, o.Silent = true, o.Silent || g.o.Outside.Silent
	loaded, err := plan.Prepare(g.system, list, o, g.o.Getenv)
	if err != nil {
		return err
	}
	g.plan, g.unset = loaded.Plan, loaded.Unset
	g.plan.Choices.Gate = g.o.words()
	if d := g.plan.Duration(); d > g.budget {
		return usage.Errorf("--budget %s: the candidate's run alone takes %s: give more, or shorter phases with --phases", figures.Span(g.budget), figures.Span(d))
	}
	return nil
}

// Plan is the plan of the candidate's run.
func (g *Gate) Plan() *plan.Plan { return g.plan }

// Subjects are what a statement is about, the candidate first.
func (g *Gate) Subjects() []statement.Subject { return g.subjects }

// Prepare finds out whether the candidate may be measured, and what is served in its place.
// Nothing is injected.
func (g *Gate) Prepare(ctx context.Context) error {
	if g.unset != nil {
		return g.unset
	}
	if err := run.CheckStart(&g.plan.System, g.o.Run); err != nil {
		return err
	}
	g.subjects = append(statement.OfFile(filepath.ToSlash(filepath.Clean(g.o.File)), []byte(g.text)), g.o.Subjects...)
	if err := g.countAttempts(); err != nil {
		return err
	}
	if g.system.Toxiproxy == experiments.Embedded && g.o.Served == "" {
		return nil // the system is not there yet
	}
	return g.findServed(ctx)
}

// countAttempts refuses a candidate that was measured too often.
func (g *Gate) countAttempts() (err error) {
	g.attempts, err = attempts.CountIn(g.o.Runs, g.subjects, g.plan.Run)
	if err != nil || g.o.MaxAttempts == 0 || g.attempts.Count < g.o.MaxAttempts {
		return err
	}
	var earlier []string
	for _, a := range g.attempts.List {
		earlier = append(earlier, fmt.Sprintf("%s (%s)", a.Run, a.Verdict))
	}
	return usage.Errorf("%s was measured %s already, and --max-attempts %d allows no more: %s; a result that is repeated until it passes says nothing: change the candidate",
		g.o.File, times(g.attempts.Count), g.o.MaxAttempts, figures.List(earlier, "and"))
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// findServed reads what is served now, and compares the candidate with it. Where nobody can
// tell, that is said, and the candidate is measured all the same.
func (g *Gate) findServed(ctx context.Context) error {
	v, err := g.readServed(ctx)
	switch {
	case err == nil:
	case g.o.Served != "":
		return usage.Errorf("--served: %w", err)
	case errors.Is(err, experiments.ErrRefused):
		return err
	case ctx.Err() != nil:
		return fmt.Errorf("%w before anything was injected", context.Cause(ctx))
	default:
		g.o.Logf("warning: it is not known what is served now, so neither what the candidate changes nor what is near it is measured: %v; --served FILE says it", err)
		return nil
	}
	if v.Text == g.text {
		return usage.Errorf("%s is what is served already (%s): there is no change to measure", g.o.File, v.Source)
	}
	g.served = &v
	g.difference, err = change.Diff([]byte(v.Text), []byte(g.text), g.o.File)
	return err
}

func (g *Gate) readServed(ctx context.Context) (served.Version, error) {
	if g.o.Served != "" {
		return served.ReadFile(g.o.Served)
	}
	at := g.choices[0].Faults[0]
	f := g.plan.Experiments[0].Faults[at]
	if f.OnProxy() && f.Listen == "" && g.system.Toxiproxy != experiments.Embedded {
		located, err := run.Locate(ctx, g.plan, g.o.Run)
		if err != nil {
			return served.Version{}, err
		}
		f = located.Experiments[0].Faults[at]
	}
	return served.Read(ctx, f, g.system.Hosts())
}

// opened notes what the candidate's run is about, and asks what is served where the system
// stands only now.
func (g *Gate) opened(ctx context.Context) func(*os.Root, time.Time) error {
	return func(dir *os.Root, at time.Time) error {
		if err := attempts.Note(dir, g.plan.Run, at, g.subjects); err != nil {
			return err
		}
		if g.served == nil && g.system.Toxiproxy == experiments.Embedded {
			return g.findServed(ctx)
		}
		return nil
	}
}

// Measure measures the candidate and, as far as the budget allows, what is near it or the
// parts of it. It returns the candidate's run as well; nil: nothing was measured.
func (g *Gate) Measure(ctx context.Context) (*gate.Report, *run.Outcome, error) {
	o := g.o.Run
	o.Opened = g.opened(ctx)
	g.began = time.Now()
	out, err := g.o.Perform(ctx, g.plan, o, g.plan.System.Name+" in "+g.plan.System.Environment, true)
	if out == nil {
		return nil, nil, err
	}
	g.dir, g.code = out.Dir, out.Result.Run.ExitCode
	g.slower = max(1, time.Since(g.began).Seconds()/g.plan.Duration().Seconds())
	g.goOn(ctx, out)
	r := gate.Make(g.findings(out))
	r.Command = report.Again(out.Result).Command
	return r, out, nil
}

// goOn measures what the verdict on the candidate leaves to ask.
func (g *Gate) goOn(ctx context.Context, out *run.Outcome) {
	switch r := out.Result; {
	case r.Run.Outcome != result.Completed || out.Err != nil: // it did not go well
	case refuted(r):
		g.search(ctx, r)
	case r.Exit(nil) == result.ExitHeld:
		g.lookAround(ctx, r)
	case g.o.Neighborhood: // what keeps it from an answer keeps what is near it from one
		g.skip("", "", gate.Undecided, "the candidate itself is not decided: what is near it was not measured")
	}
}

func refuted(r *result.Result) bool { return statement.VerdictOf(r) == result.Refuted }

// findings are all that was found.
func (g *Gate) findings(out *run.Outcome) gate.Findings {
	f := gate.Findings{
		Result: out.Result, Dir: out.Dir, Code: g.code, Ended: time.Now(), Candidate: gate.NewDocument(g.o.File, "", g.text),
		Smallest: g.smallest, Neighborhood: g.neighbors, NotMeasured: g.notMeasured, Near: g.runs,
		Attempts: g.attempts, MostAttempts: g.o.MaxAttempts, Budget: g.budget, Spent: time.Since(g.began),
	}
	if g.served != nil {
		file, source := g.o.Served, ""
		if file == "" {
			source = g.served.Source
		}
		d := gate.NewDocument(file, source, g.served.Text)
		d.Format = f.Candidate.Format // both are read alike
		f.Served = &d
	}
	if g.difference != nil {
		for _, c := range g.difference.Changed() {
			f.Changed = append(f.Changed, gate.Changed(c))
		}
	}
	return f
}
