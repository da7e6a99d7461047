package run

import (
	"os"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// A View shows a run while it goes on. Its methods are called from several
// goroutines. They hold up the run, so they must wait for nothing.
type View interface {
	// Record is called with every event that is on disk.
	Record(journal.Event)
	// Observe is called with every journey that has ended, or with several at once that are
	// all alike: see [journal.Observation.Times].
	Observe(journal.Observation)
	// Close is called when the run is over.
	Close()
}

// A VerdictView is a [View] that shows verdicts, too.
type VerdictView interface {
	View
	// Judge is called with every experiment that has ended, after the event of its end.
	// It is the same experiment as that of the run's result.
	Judge(*result.Experiment)
}

// An EvidenceView is a [View] that shows what faults have met while they are in force, too.
type EvidenceView interface {
	View
	// See is called with what a look at a fault in force has shown, about once a second.
	See(fault string, e journal.Evidence)
}

// A LossView is a [View] that wants to know of journeys that it is not told of.
type LossView interface {
	View
	// Lose is called with how many journeys came faster than the view took them, and are
	// not told of.
	Lose(journeys int)
}

// view shows the run to whoever asked for it, and to those whom its system's document names.
func (r *run) view() View {
	view := r.o.View(r.plan)
	if len(r.plan.System.Notify) == 0 {
		return view
	}
	return Views(view, r.o.told)
}

// noView shows nothing.
type noView struct{}

func (noView) Record(journal.Event)        {}
func (noView) Observe(journal.Observation) {}
func (noView) Close()                      {}

// A recorder gives the view the same events as the journal, after the journal.
type recorder struct {
	log   *journal.Log
	view  View
	dir   *os.Root // of the journal
	index map[string]int
	scan  bool // the run is one
	logf  func(format string, args ...any)
}

func newRecorder(log *journal.Log, view View, dir *os.Root, p *plan.Plan, logf func(string, ...any)) *recorder {
	index := map[string]int{}
	for i, e := range p.Experiments {
		index[e.ID] = i
	}
	return &recorder{log, view, dir, index, p.Scan != nil, logf}
}

func (r *recorder) Record(e journal.Event) error {
	if err := r.log.Record(e); err != nil {
		return err
	}
	r.view.Record(e)
	if e.Kind == journal.ExperimentEnded && !r.scan { // which has no verdict
		r.judge(e.Experiment)
	}
	return nil
}

// judge folds an experiment that has ended. Its faults are gone and its traffic has
// stopped, so nothing is held up but the next experiment. Journeys are counted by when
// they were meant to start, which no count beside the run could do: two numbers for one
// experiment would contradict each other.
func (r *recorder) judge(id string) {
	view, ok := r.view.(VerdictView)
	if !ok {
		return
	}
	err := r.log.Flush()
	if err == nil {
		var e *result.Experiment
		if e, err = result.ReadExperiment(r.dir, r.index[id]); err == nil {
			view.Judge(e)
			return
		}
	}
	r.logf("warning: %s could not be judged yet: %v", id, err)
}

// see tells the view what a fault has met, where it wants to know.
func (r *recorder) see(fault string, e journal.Evidence) {
	if view, ok := r.view.(EvidenceView); ok {
		view.See(fault, e)
	}
}

// Note tells no view: what is noted came with a journey.
func (r *recorder) Note(e journal.Event) error { return r.log.Note(e) }

func (r *recorder) Observe(o journal.Observation) error {
	r.view.Observe(o)
	return r.log.Observe(o)
}
