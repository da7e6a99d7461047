package result

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// Read folds the journal and the observations in a run directory. It does so for runs
// that died as well, and includes what was undone after their death.
//
// Where the journal does not even tell the plan any more, the result that was written
// when the run ended is returned, with a warning.
func Read(dir *os.Root) (*Result, error) {
	r, err := readDir(dir, func(events iter.Seq2[journal.Event, error], observations Observations) (*Result, error) {
		return foldAll(events, observations, func() fate { return fateOf(dir) })
	})
	if err == nil {
		return r, nil
	}
	text, errFile := ReadFile(dir, File)
	if errFile != nil {
		return nil, err
	}
	if r, errFile = Decode(text); errFile != nil {
		return nil, err
	}
	if warning := fmt.Sprintf("the records of the run cannot be read (%v): this is its %s as it was written, and nothing confirms it", err, File); !slices.Contains(r.Warnings, warning) {
		r.Warnings = append([]string{warning}, r.Warnings...)
	}
	return r, nil
}

// ReadExperiment folds one experiment of the plan, by its index, from the journal and
// the observations in a run directory. Once the experiment has ended, while the run goes
// on, it is what [Read] finds of it after the run.
func ReadExperiment(dir *os.Root, index int) (*Experiment, error) {
	return readDir(dir, func(events iter.Seq2[journal.Event, error], observations Observations) (*Experiment, error) {
		return foldExperiment(events, observations, index)
	})
}

// readDir gives the events and the observations in a run directory to a fold.
func readDir[T any](dir *os.Root, fold func(iter.Seq2[journal.Event, error], Observations) (*T, error)) (*T, error) {
	events, err := atomicfile.OpenIn(dir, journal.EventsFile)
	if err != nil {
		return nil, fmt.Errorf("not a run directory: %w", err)
	}
	defer func() { _ = events.Close() }() // it was only read
	var measured Observations = noObservations{}
	observations, err := atomicfile.OpenIn(dir, journal.ObservationsFile)
	switch {
	case err == nil:
		defer func() { _ = observations.Close() }() // it was only read
		measured = lazyObservations{sync.OnceValue(func() Observations { return journal.OpenObservations(observations) })}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("not a run directory: %w", err)
	}
	all := checkEvents(journal.EventsFile, journal.ReadEvents(events))
	undo, err := atomicfile.OpenIn(dir, journal.UndoFile)
	switch {
	case err == nil:
		defer func() { _ = undo.Close() }() // it was only read
		all = concat(all, checkEvents(journal.UndoFile, journal.ReadEvents(undo)))
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	return fold(all, measured)
}

// lazyObservations are read when they are asked for, which a scan does not.
type lazyObservations struct{ open func() Observations }

func (l lazyObservations) Of(experiment int) iter.Seq2[*journal.Observation, error] {
	return l.open().Of(experiment)
}

func (l lazyObservations) Together(experiment int) iter.Seq2[*journal.Observation, error] {
	return together(l.open(), experiment)
}

func (l lazyObservations) Damage() error { return l.open().Damage() }

// noObservations are those of a run whose file of them is gone.
type noObservations struct{}

func (noObservations) Of(int) iter.Seq2[*journal.Observation, error] {
	return func(func(*journal.Observation, error) bool) {}
}

func (noObservations) Damage() error {
	return fmt.Errorf("%s is missing, and with it every journey", journal.ObservationsFile)
}

// Observations are the journeys of a run. There may be too many to hold in memory, so
// Fold reads those of an experiment several times.
type Observations interface {
	// Of yields the observations of an experiment, by its index in the plan. Each is
	// valid until the next.
	Of(experiment int) iter.Seq2[*journal.Observation, error]
	// Damage is the error that ended the observations too early; nil if none did.
	Damage() error
}

// together yields the observations of an experiment, those that are of many journeys once,
// where they can be had so.
func together(all Observations, experiment int) iter.Seq2[*journal.Observation, error] {
	if counted, ok := all.(interface {
		Together(experiment int) iter.Seq2[*journal.Observation, error]
	}); ok {
		return counted.Together(experiment)
	}
	return all.Of(experiment)
}

// concat yields the events of a, then those of b. An error ends the file that it is in:
// what others wrote of the same run, in a file of their own, is as true as before.
func concat(a, b iter.Seq2[journal.Event, error]) iter.Seq2[journal.Event, error] {
	return func(yield func(journal.Event, error) bool) {
		for _, events := range []iter.Seq2[journal.Event, error]{a, b} {
			for e, err := range events {
				if !yield(e, err) {
					return
				}
				if err != nil {
					break
				}
			}
		}
	}
}

// Fold computes what a run found from its journal. It is a pure function: the same
// journal gives the same result. A journal that ends too early gives a result whose
// run has failed. Damage in the middle of it becomes a warning, because what is known
// besides is still worth reporting. Events that follow an error are of another file.
func Fold(events iter.Seq2[journal.Event, error], observations Observations) (*Result, error) {
	return foldAll(events, observations, func() fate { return unknownFate })
}

// foldAll folds all of a run. It asks for its fate where the journal does not tell it.
func foldAll(events iter.Seq2[journal.Event, error], observations Observations, ask func() fate) (*Result, error) {
	f, err := foldEvents(events, observations)
	if err != nil {
		return nil, err
	}
	if f.ended == nil {
		f.fate = ask()
	}
	return f.result(observations)
}

// foldExperiment folds all events and the observations of one experiment.
func foldExperiment(events iter.Seq2[journal.Event, error], observations Observations, index int) (*Experiment, error) {
	f, err := foldEvents(events, observations)
	if err != nil {
		return nil, err
	}
	if index < 0 || index >= len(f.runs) {
		return nil, fmt.Errorf("the plan has no experiment %d", index)
	}
	system := f.system()
	e, err := f.experiment(index, observations, &system)
	return &e, err
}

// foldEvents collects the events of a run.
func foldEvents(events iter.Seq2[journal.Event, error], observations Observations) (*fold, error) {
	f := &fold{}
	for e, err := range events {
		if err != nil {
			f.warnDamage(err)
			continue
		}
		f.event(e)
	}
	if f.plan == nil && len(f.warnings) > 0 {
		return nil, fmt.Errorf("the journal's plan cannot be read: %s", f.warnings[0])
	}
	if f.plan == nil {
		return nil, errors.New("the journal holds no plan: nothing was run")
	}
	if f.scan != nil { // whose journeys are not looked at again
		return f, nil
	}
	if err := observations.Damage(); err != nil {
		f.warnDamage(err)
	}
	return f, nil
}

// maxProblems bounds what is told of a preflight.
const maxProblems = 20

// A fold collects the events of a run and hands them to its experiments.
type fold struct {
	plan      *plan.Plan
	toxiproxy journal.Toxiproxy
	started   time.Time
	last      journal.Event
	ended     *journal.Event
	interrupt *journal.Event
	fence     *journal.Event // of another process: the run may not inject any more
	dayEnded  *journal.Event // the decision that ended a game day
	fate      fate
	stop      string   // why the suite stopped
	preflight []string // what was wrong before anything was run
	notes     noteList
	runs      []*experimentRun
	scan      *scanRun // nil: the run is none
	warnings  []string
}

func (f *fold) warnDamage(err error) {
	f.warnings = append(f.warnings, fmt.Sprintf("%v: what came after it in that file is not in this report", err))
}

func (f *fold) event(e journal.Event) {
	if e.Seq > 0 { // an event of the run itself
		f.last = e
	} else if e.Since == 0 {
		e.Since = f.since(e)
	}
	f.notes.event(e, f.plan)
	switch e.Kind {
	case journal.RunStarted:
		f.start(e)
	case journal.RunEnded:
		f.ended = &e
	case journal.Interrupted:
		f.interrupt = &e
	case journal.Fenced:
		f.fence = cmp.Or(f.fence, &e)
	case journal.SuiteStopped:
		f.stop = e.Detail
	case journal.Decided:
		if e.Decision == journal.End {
			f.dayEnded = cmp.Or(f.dayEnded, &e)
		}
	case journal.PreflightFailed:
		if len(f.preflight) < maxProblems {
			f.preflight = append(f.preflight, e.Detail)
		}
	}
	if f.scan != nil {
		f.scan.event(e)
	}
	for i, r := range f.runs {
		if r.plan.ID == e.Experiment {
			r.event(e)
			f.share(i, e)
		}
	}
}

// since is when something was undone by another process, such as after the death of the
// run, as an offset from its start: that process has no clock that began with it.
func (f *fold) since(e journal.Event) time.Duration {
	return min(max(0, e.At.Sub(f.started)), journal.LongestRun)
}

// start takes the plan from the first event that has one.
func (f *fold) start(e journal.Event) {
	if e.Plan == nil || f.plan != nil {
		return
	}
	f.plan, f.started = e.Plan, e.At
	if e.Toxiproxy != nil {
		f.toxiproxy = *e.Toxiproxy
	}
	if f.plan.Scan != nil {
		f.scan = newScanRun(f.plan)
		return
	}
	for i := range f.plan.Experiments {
		r := newExperimentRun(&f.plan.System, &f.plan.Experiments[i])
		f.runs = append(f.runs, r)
		r.first = f.runs[0]
	}
}

func (f *fold) result(observations Observations) (*Result, error) {
	p := f.plan
	r := &Result{
		Schema:    Schema,
		Tool:      Tool{p.Version},
		Toxiproxy: Toxiproxy{f.toxiproxy.Kind, f.toxiproxy.Version},
		Run:       f.run(),
		System:    f.system(),
		Warnings:  f.warnings,
	}
	for _, d := range p.Documents {
		r.Documents = append(r.Documents, Document(d))
	}
	if f.scan != nil {
		f.scanResult(r)
	}
	for i := range f.runs {
		e, err := f.experiment(i, observations, &r.System)
		if err != nil {
			return nil, err
		}
		r.Experiments = append(r.Experiments, e)
	}
	r.Behaviour = r.Behaviours()
	r.GameDay = f.gameDay(r)
	r.Run.ExitCode = r.Exit(nil)
	return r, nil
}

// system is the system under test, as far as a report needs it.
func (f *fold) system() System {
	s := f.plan.System
	list := map[string]Dependency{}
	for _, d := range s.Dependencies {
		list[d.Name] = Dependency{string(d.Criticality), d.Owner}
	}
	return System{Name: s.Name, Environment: s.Environment, Dependencies: list, Traffic: newTraffic(s.Traffic)}
}

// cutShort is the interruption that ended an experiment; nil if none did.
func (f *fold) cutShort(r *experimentRun) *journal.Event {
	if f.interrupt == nil || r.start.Kind == "" || r.end == nil || r.end.Error == "" {
		return nil
	}
	return f.interrupt
}

// fencedOff reports whether another process ended an experiment: it kept the run from
// injecting, or took its faults away. What is done after the end, as by a clean-up, is no
// reason for it.
func (f *fold) fencedOff(r *experimentRun) bool {
	if r.end == nil || r.end.Error == "" {
		return false
	}
	before := func(e *journal.Event) bool { return e != nil && !e.At.After(r.end.At) }
	return before(f.fence) || slices.ContainsFunc(r.faults, func(rec *faultRecord) bool { return rec.undone() && before(rec.removed) })
}

// experiment measures and judges one experiment of the plan, by its index.
func (f *fold) experiment(index int, observations Observations, system *System) (Experiment, error) {
	run := f.runs[index]
	run.cut, run.fenced, run.fate = f.cutShort(run), f.fencedOff(run), f.fate
	run.findEntries(&f.plan.System)
	if err := run.observe(run.withShared(observations, index)); err != nil {
		return Experiment{}, fmt.Errorf("reading the journeys of %s: %w", run.plan.ID, err)
	}
	e := run.result(f)
	e.Impact, e.Unchecked = system.Traffic.impact(&e), run.unchecked(&e, system.Dependencies)
	run.journeys = nil // its memory is for the next experiment
	return e, nil
}

// run is how the run as a whole went.
func (f *fold) run() Run {
	run := Run{ID: f.plan.Run, Seed: f.plan.Seed, Commit: f.plan.Commit, Started: f.started, Ended: f.last.At, Outcome: Completed, Choices: Choices(f.plan.Choices), Notes: f.notes.list}
	switch {
	case f.ended == nil:
		run.Outcome, run.Died, run.Error = FailedRun, true, f.unended()
	case f.interrupt != nil:
		run.Outcome, run.Signal = Interrupted, f.interrupt.Detail
		run.InterruptedBy, run.InterruptedWhy = f.interrupt.Author, f.interrupt.Reason
	case f.ended.Error != "":
		run.Outcome, run.Error = FailedRun, f.ended.Error
	}
	return run
}
