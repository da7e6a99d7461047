// Package engine runs a plan: it records what it is about to do, injects faults,
// watches guardrails and invariants, and removes the faults again. It owns every
// goroutine of a run.
//
// The engine returns only an error. What happened is in the journal, and nothing
// else is needed to explain a run or to undo it.
package engine

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// An Injector causes faults and takes them back.
type Injector interface {
	// Inject returns once f is in force. After an error f may be half applied;
	// the engine reverts it either way.
	Inject(ctx context.Context, f plan.Fault) error

	// Check reads back whether f is in force, and what it has met so far.
	Check(ctx context.Context, f plan.Fault) (journal.Evidence, error)

	// Revert removes f and reads back that it is gone. It is called more than
	// once, and by processes that did not call Inject: removing what is not
	// there must succeed.
	Revert(ctx context.Context, f plan.Fault) error
}

// A Generator sends the journeys of one experiment.
type Generator interface {
	// Run sends until Stop, then waits for the journeys in flight. When ctx ends
	// it abandons them and returns. Of these it observes those that are beyond their
	// budget already, as slow; nothing is known of the others. It calls observe for
	// one journey at a time.
	Run(ctx context.Context, observe func(journal.Observation))

	// StartPhase says which phase of the experiment begins. The fault phase of a scan begins
	// with every cell.
	StartPhase(journal.Phase)

	// Stop starts no more journeys. It may be called more than once.
	Stop()

	// InFlight returns when the journeys of one kind that are in flight on an arm were
	// intended to start, as offsets from the run's start, in no order. A journey is in
	// flight until it was observed: one that hangs is known before its end.
	InFlight(journey int, arm plan.Arm) []time.Duration
}

// A Toucher is a Generator that can leave a share of the journeys untouched by the fault.
type Toucher interface {
	// Touch decides for journeys that start from now on: share of them, from 0 to 1, are
	// of the fault arm and meet its faults, the others are of the control arm. Before the
	// first call all are of the fault arm.
	Touch(share float64)
}

// A Deserter is a Generator that may be no use any more before Stop: another program sends
// its journeys. Then the faults are removed at once and the experiment ends.
type Deserter interface {
	// Ended returns a channel that is closed when no journeys are sent any more.
	Ended() <-chan struct{}
}

// A Starter is a Generator that takes its time to begin: another program sends its journeys.
// No phase begins before it has, because the journeys of the phase would be missing.
type Starter interface {
	// Started returns a channel that is closed when the first journeys are known of.
	Started() <-chan struct{}
}

// An Auditor is a Generator that can say whether all journeys of the plan were sent.
type Auditor interface {
	// Audit is called once Run has returned.
	Audit() *journal.TrafficAudit
}

// A Measurer is a Generator that sends nothing: it reads counters, and knows how complete
// they are.
type Measurer interface {
	// Measured is asked once Run has returned.
	Measured() *journal.Measurement
}

// A Recorder keeps what happens. Record must return only once the event is
// durable; Note keeps an event for which nothing waits. All methods may be called from
// several goroutines.
type Recorder interface {
	Record(journal.Event) error
	Note(journal.Event) error
	Observe(journal.Observation) error
}

// An Exchanger talks to the dependency behind a fault, through its proxy.
type Exchanger interface {
	// Exchange makes one timed exchange.
	Exchange(ctx context.Context, f plan.Fault) journal.Exchange

	// Shows reports whether an exchange made under a fault shows the fault,
	// compared with one made before it.
	Shows(f plan.Fault, before, during journal.Exchange) bool
}

// Options are the parts of a run. Injectors and Traffic are required, everything
// else may be left out.
type Options struct {
	Injectors map[string]Injector // by fault kind
	Traffic   func(experiment int, epoch time.Time) (Generator, error)
	Toxiproxy journal.Toxiproxy
	// CheckInvariant checks an invariant now; started is when its experiment did.
	CheckInvariant func(ctx context.Context, inv experiments.Invariant, started time.Time) journal.CheckResult
	// Exchanger is used where the server does not count what a fault meets.
	Exchanger Exchanger
	// Counters reads what each proxy has carried so far. It reports false where the
	// server does not count.
	Counters func(ctx context.Context) ([]journal.Traffic, bool, error)
	// Joins is told, once the run has started, how to record that a Toxiproxy has come which
	// is to carry a fault as well. Nil: none will.
	Joins func(record func(fault, instance string) error)
	// Seen is told what each fault in force has met so far, whenever it is read back. It must
	// wait for nothing. Nil: nobody wants to know before the end.
	Seen func(fault string, e journal.Evidence)
	// Noting is told, once the run has started, how to record a note of a person, see
	// [journal.NewNote]. After the last event of the run that returns [ErrOver]. Nil: nobody
	// writes notes.
	Noting func(record func(journal.Event) error)
	// Watch watches something beside the journeys of one experiment, such as its alerts. It
	// is called in a goroutine of its own, waits for nothing that the experiment does, and
	// returns soon after ctx has ended, which is once the faults are gone and the recovery
	// is over. What it finds it gives to record, and is late where the disk is. Nil: nothing
	// is watched.
	Watch func(ctx context.Context, experiment int, epoch time.Time, record func(journal.Event))
	// Hide masks secrets in what a server says of requests; nil: there are none.
	Hide func(text string) string
	// Decide takes decisions about an experiment, by its id, from now on. What it returns
	// waits for the first one, or until ctx ends. Nil: every experiment is run.
	Decide func(experiment string) (wait func(ctx context.Context) (journal.Decide, error))
	// Fenced returns an error of class ErrFenced once another process has taken
	// over the removal of this run's faults: from then on the run injects nothing.
	// Nil: no other process can.
	Fenced func() error

	RevertTimeout time.Duration // of all removals together; 0 means 10 s
	InjectTimeout time.Duration // of one injection; 0 means 10 s
	Idle          time.Duration // between the two reads of idle counters, before traffic; 0 means 500 ms, 3 s in a scan
	HealthTimeout time.Duration // of the wait for a healthy system between experiments; 0 means 60 s
	DecideWithin  time.Duration // of the wait for one decision, whose end interrupts the run; 0 means 4 h
}

func (o Options) withDefaults() Options {
	o.RevertTimeout = cmp.Or(o.RevertTimeout, 10*time.Second)
	o.InjectTimeout = cmp.Or(o.InjectTimeout, 10*time.Second)
	o.Idle = cmp.Or(o.Idle, 500*time.Millisecond)
	o.HealthTimeout = cmp.Or(o.HealthTimeout, 60*time.Second)
	o.DecideWithin = cmp.Or(o.DecideWithin, DefaultDecideWithin)
	return o
}

// Errors of a run. Each is in the journal as well.
var (
	// ErrNotRemoved means that a fault may still be in force.
	ErrNotRemoved = errors.New("a fault could not be removed")
	// errInterrupted means that a signal ended the context before the plan's end.
	errInterrupted = errors.New("interrupted")
	// ErrFenced means that another process removes the run's faults: the watchdog,
	// because it took the run for dead, or one that a person started.
	ErrFenced = errors.New("the run was fenced off")
	// ErrOver means that a run takes no orders and no notes any more.
	ErrOver = errors.New("the run is over")
)

// An Interrupt is a signal, or a person who asks for the same, as the cause of a
// cancelled context.
type Interrupt struct {
	Signal string // HUP, INT or TERM
	By     string // who asked for it, where it was no signal of the system; Signal is INT then
	Why    string // as they say it; empty: they do not
}

func (i *Interrupt) Error() string {
	switch {
	case i.By == "":
		return i.Signal + " received"
	case i.Why == "":
		return "stopped by " + i.By
	}
	return "stopped by " + i.By + ": " + i.Why
}

// event is what the journal keeps of it.
func (i *Interrupt) event() journal.Event {
	return journal.Event{Kind: journal.Interrupted, Detail: i.Signal, Author: i.By, Reason: i.Why}
}

// Run executes p once. It returns nil when every experiment ran to its end,
// whatever it found.
func Run(ctx context.Context, p *plan.Plan, rec Recorder, o Options) error {
	o = o.withDefaults()
	return recordRun(p, rec, o, func(log *runLog) error { return runExperiments(ctx, p, log, o) })
}

// recordRun records that a run starts, what it does, and how it ended.
func recordRun(p *plan.Plan, rec Recorder, o Options, do func(*runLog) error) (err error) {
	log := &runLog{recorder: rec, epoch: time.Now()}
	if err := log.record(journal.Event{Kind: journal.RunStarted, Plan: p, Toxiproxy: &o.Toxiproxy}); err != nil {
		return err
	}
	if o.Noting != nil {
		o.Noting(func(e journal.Event) error {
			e.Kind = journal.Noted
			return log.record(e)
		})
	}
	if o.Joins != nil {
		o.Joins(func(fault, instance string) error {
			return log.record(journal.Event{Kind: journal.InstanceJoined, Fault: fault, Instance: instance})
		})
	}
	defer func() {
		end := journal.Event{Kind: journal.RunEnded}
		if err != nil {
			end.Error = err.Error()
		}
		err = errors.Join(err, log.record(end))
	}()
	return do(log)
}

// runExperiments runs one experiment after the other.
func runExperiments(ctx context.Context, p *plan.Plan, log *runLog, o Options) error {
	untouched := true // no fault was meant to be injected until now
	var before *experimentRun
	for i := range p.Experiments {
		switch decision, err := o.decide(ctx, experimentLog{log, p.Experiments[i].ID}); {
		case err != nil || decision == journal.End:
			return err
		case decision == journal.Skip:
			before = nil
			continue
		}
		x := newExperimentRun(&p.Experiments[i], i, log, o)
		x.untouched, x.before = untouched, before
		if i+1 < len(p.Experiments) && p.Experiments[i+1].SharesBaseline {
			x.next = &p.Experiments[i+1]
		}
		err := x.run(ctx)
		if before = x; err != nil {
			before = nil
		}
		x.before = nil // what it counted is not kept for longer
		untouched = untouched && x.harmed
		switch {
		case stopsSuite(err):
			return log.record(journal.Event{Kind: journal.SuiteStopped, Detail: err.Error()})
		case err != nil:
			return err
		}
	}
	return nil
}

// errUnhealthy stops a suite whose system does not come back between
// experiments. It is a finding, not a failure of the tool.
var errUnhealthy = errors.New("the system did not come back to a healthy baseline")

// errNeverHealthy stops a suite like errUnhealthy, where the tool has changed nothing.
var errNeverHealthy = errors.New("the system has not been healthy in this run, and nothing was injected into it")

// stopsSuite reports whether an error leaves the experiments that follow not run,
// without being a failure of the tool.
func stopsSuite(err error) bool {
	return errors.Is(err, errUnhealthy) || errors.Is(err, errNeverHealthy) || errors.Is(err, errGuardrailCheck) || errors.Is(err, ErrFenced) && !errors.Is(err, ErrNotRemoved)
}
