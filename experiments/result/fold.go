package result

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// Read folds the journal and the observations in a run directory, also those of
// a run that died, and what was undone after it did.
func Read(dir *os.Root) (*Result, error) {
	events, err := dir.Open(journal.EventsFile)
	if err != nil {
		return nil, fmt.Errorf("not a run directory: %w", err)
	}
	defer func() { _ = events.Close() }() // it was only read
	observations, err := dir.Open(journal.ObservationsFile)
	if err != nil {
		return nil, fmt.Errorf("not a run directory: %w", err)
	}
	defer func() { _ = observations.Close() }() // it was only read
	all := journal.ReadEvents(events)
	undo, err := dir.Open(journal.UndoFile)
	switch {
	case err == nil:
		defer func() { _ = undo.Close() }() // it was only read
		all = both(all, journal.ReadEvents(undo))
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	return Fold(all, journal.OpenObservations(observations))
}

// Observations are the journeys of a run. There may be too many to be held, so they
// are gone through several times.
type Observations interface {
	// Of yields those of an experiment, by its index in the plan. Each is valid until
	// the next.
	Of(experiment int) iter.Seq2[*journal.Observation, error]
	// Damage is what made them end before their end; nil if nothing did.
	Damage() error
}

// both yields the events of a, then those of b.
func both(a, b iter.Seq2[journal.Event, error]) iter.Seq2[journal.Event, error] {
	return func(yield func(journal.Event, error) bool) {
		for _, events := range []iter.Seq2[journal.Event, error]{a, b} {
			for e, err := range events {
				if !yield(e, err) {
					return
				}
			}
		}
	}
}

// Fold computes what a run found from its journal. It is a pure function: the
// same journal gives the same result. A journal cut short gives a result whose
// run has failed; damage in the middle of it becomes a warning, as what is
// known up to there is still worth reporting.
func Fold(events iter.Seq2[journal.Event, error], observations Observations) (*Result, error) {
	f := &fold{}
	for e, err := range events {
		if err != nil {
			f.damage(err)
			break
		}
		f.event(e)
	}
	if f.plan == nil {
		return nil, errors.New("the journal holds no plan: nothing was run")
	}
	if err := observations.Damage(); err != nil {
		f.damage(err)
	}
	return f.result(observations)
}

// fold collects what belongs to each experiment.
type fold struct {
	plan      *plan.Plan
	toxiproxy journal.Toxiproxy
	started   time.Time
	last      journal.Event
	ended     *journal.Event
	signal    string
	stop      string // why the suite stopped
	trials    []*trial
	warnings  []string
}

func (f *fold) damage(err error) {
	f.warnings = append(f.warnings, fmt.Sprintf("%v: what came after it is not in this report", err))
}

func (f *fold) event(e journal.Event) {
	if e.Seq > 0 { // events of the run itself; what was undone after its death has none
		f.last = e
	}
	switch e.Kind {
	case journal.RunStarted:
		if e.Plan == nil || f.plan != nil {
			return
		}
		f.plan, f.started = e.Plan, e.At
		if e.Toxiproxy != nil {
			f.toxiproxy = *e.Toxiproxy
		}
		for i := range f.plan.Experiments {
			f.trials = append(f.trials, newTrial(&f.plan.Experiments[i]))
		}
	case journal.RunEnded:
		f.ended = &e
	case journal.Interrupted:
		f.signal = e.Detail
	case journal.SuiteStopped:
		f.stop = e.Detail
	}
	for _, t := range f.trials {
		if t.plan.ID == e.Experiment {
			t.event(e)
		}
	}
}

func (f *fold) result(observations Observations) (*Result, error) {
	p := f.plan
	r := &Result{
		Schema:    Schema,
		Tool:      Tool{p.Version},
		Toxiproxy: Toxiproxy{f.toxiproxy.Kind, f.toxiproxy.Version},
		Run:       f.run(),
		System:    System{Name: p.System.Name, Environment: p.System.Environment, Dependencies: map[string]Dependency{}, Traffic: newTraffic(p.System.Traffic)},
		Warnings:  f.warnings,
	}
	for _, d := range p.System.Dependencies {
		r.System.Dependencies[d.Name] = Dependency{string(d.Criticality), d.Owner}
	}
	for _, d := range p.Documents {
		r.Documents = append(r.Documents, Document(d))
	}
	for i, t := range f.trials {
		if err := t.observe(observations.Of(i)); err != nil {
			return nil, fmt.Errorf("reading the journeys of %s: %w", t.plan.ID, err)
		}
		e := t.result(f)
		t.seen = nil // the next one needs as much
		e.Impact = r.System.Traffic.impact(&e)
		r.Experiments = append(r.Experiments, e)
	}
	r.Run.ExitCode = r.Exit(nil)
	return r, nil
}

func (f *fold) run() Run {
	run := Run{ID: f.plan.Run, Seed: f.plan.Seed, Commit: f.plan.Commit, Started: f.started, Ended: f.last.At, Outcome: Completed}
	switch {
	case f.ended == nil:
		run.Outcome, run.Error = FailedRun, fmt.Sprintf("the run died: its journal stops after %q", strings.ReplaceAll(string(f.last.Kind), "_", " "))
	case f.signal != "":
		run.Outcome, run.Signal = Interrupted, f.signal
	case f.ended.Error != "":
		run.Outcome, run.Error = FailedRun, f.ended.Error
	}
	return run
}

// A trial is one experiment's part of the journal.
type trial struct {
	plan     *plan.Experiment
	start    journal.Event
	end      *journal.Event
	phases   []journal.Event
	faults   []*faultRecord // in the order of the plan
	trip     *journal.Event
	vanished *journal.Event
	readings []journal.Event
	samples  map[string]journal.Event // by moment
	counters []looked                 // from the beginning of the baseline on
	counted  phased                   // of a measured one
	when     times                    // of a measured one
	late     durations                // how much later than planned its journeys started
	seen     []seen                   // by journey
}

// A faultRecord is what the journal knows of one fault.
type faultRecord struct {
	plan                        plan.Fault
	intended, injected, removed *journal.Event
	probe                       *journal.Probe
	evidence                    journal.Evidence // the last one
}

func newTrial(e *plan.Experiment) *trial {
	t := &trial{plan: e, samples: map[string]journal.Event{}}
	for _, f := range e.Faults {
		t.faults = append(t.faults, &faultRecord{plan: f})
	}
	return t
}

func (t *trial) event(e journal.Event) {
	switch e.Kind {
	case journal.ExperimentStarted:
		t.start = e
	case journal.ExperimentEnded:
		t.end = &e
	case journal.PhaseStarted:
		t.phases = append(t.phases, e)
	case journal.GuardrailTripped:
		t.trip = cmp.Or(t.trip, &e)
	case journal.FaultVanished:
		t.vanished = cmp.Or(t.vanished, &e)
	case journal.InvariantChecked:
		t.readings = append(t.readings, e)
	case journal.Sampled:
		t.samples[e.Detail] = e
		if e.Detail != journal.BeforeIdle && e.Detail != journal.BeforeTraffic {
			t.counters = append(t.counters, newLooked(e))
		}
	default:
		if i := slices.IndexFunc(t.faults, func(f *faultRecord) bool { return f.plan.Name == e.Fault }); i >= 0 {
			t.faults[i].event(e)
		}
	}
}

func (f *faultRecord) event(e journal.Event) {
	if e.Evidence != nil {
		f.evidence = *e.Evidence
	}
	switch e.Kind {
	case journal.FaultIntended:
		f.intended = &e
	case journal.FaultInjected:
		f.injected = &e
	case journal.FaultRemoved:
		f.removed = &e
	case journal.Probed:
		f.probe = e.Probe
	}
}

// dangling tells whether the fault may still be in force.
func (f *faultRecord) dangling() bool {
	return f.intended != nil && (f.removed == nil || !f.removed.Verified)
}
