// Package engine runs a plan: record, inject, watch, stop, put back. It owns
// every goroutine of a run.
//
// The engine returns only an error. What happened is in the journal, and
// nothing else is needed to explain a run or to undo it.
package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
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

	// Check looks whether f is in force, and what it has met so far.
	Check(ctx context.Context, f plan.Fault) (journal.Evidence, error)

	// Revert removes f and reads back that it is gone. It is called more than
	// once, and by processes that did not call Inject: removing what is not
	// there must succeed.
	Revert(ctx context.Context, f plan.Fault) error
}

// A Generator sends the journeys of one experiment.
type Generator interface {
	// Run sends until Stop, then waits for the journeys in flight. When ctx ends
	// it abandons them, unobserved, and returns. It calls observe for one
	// journey at a time.
	Run(ctx context.Context, observe func(journal.Observation))

	// Stop starts no more journeys. It may be called more than once.
	Stop()

	// Overdue counts journeys of one kind in flight that are already beyond
	// their budget: their harm is known before their end.
	Overdue(journey int, arm plan.Arm) int
}

// A Recorder keeps what happens. Record must return only once the event is
// durable; both may be called from several goroutines.
type Recorder interface {
	Record(journal.Event) error
	Observe(journal.Observation) error
}

// A Prober makes one timed exchange of our own with the dependency behind a
// fault, and says whether a second one, made under the fault, shows it.
type Prober interface {
	Probe(ctx context.Context, f plan.Fault) journal.Exchange
	Met(f plan.Fault, before, during journal.Exchange) bool
}

// Options are the parts of a run. Injectors and Traffic are needed, everything
// else may be left out.
type Options struct {
	Injectors map[string]Injector // by fault kind
	Traffic   func(experiment int, epoch time.Time) (Generator, error)
	Toxiproxy journal.Toxiproxy
	// Ask looks at an invariant now; started is when its experiment did.
	Ask func(ctx context.Context, inv experiments.Invariant, started time.Time) journal.Reading
	// Probe is used where the server does not count what a fault meets.
	Probe Prober
	// Carried is what each proxy has carried so far; false where the server does
	// not count.
	Carried func(ctx context.Context) ([]journal.Traffic, bool, error)
	// Fenced is of class ErrFenced once somebody else has taken over the removal of
	// this run's faults: it injects nothing any more. Nil: nobody can.
	Fenced func() error

	RevertTimeout time.Duration // of all removals together; 0 means 10 s
	InjectTimeout time.Duration // of one injection; 0 means 10 s
	Idle          time.Duration // watched before traffic for its idle rate; 0 means 500 ms
	HealthTimeout time.Duration // wait for a healthy baseline between experiments; 0 means 60 s
}

func (o Options) withDefaults() Options {
	o.RevertTimeout = cmp.Or(o.RevertTimeout, 10*time.Second)
	o.InjectTimeout = cmp.Or(o.InjectTimeout, 10*time.Second)
	o.Idle = cmp.Or(o.Idle, 500*time.Millisecond)
	o.HealthTimeout = cmp.Or(o.HealthTimeout, 60*time.Second)
	return o
}

// Errors of a run. Each is in the journal as well.
var (
	// ErrNotRemoved means that a fault may still be in force.
	ErrNotRemoved = errors.New("a fault could not be removed")
	// ErrInterrupted means that a signal ended the context before the plan's end.
	ErrInterrupted = errors.New("interrupted")
	// ErrFenced means that somebody else takes the run's faults back: the guard,
	// to which the run looked dead, or a person who asked for it.
	ErrFenced = errors.New("the run was fenced off")
)

// An Interrupt is a signal as the cause of a cancelled context.
type Interrupt struct {
	Signal string // HUP, INT or TERM
}

func (i *Interrupt) Error() string { return i.Signal + " received" }

// Run executes p once. It returns nil when every experiment ran to its end,
// whatever it found.
func Run(ctx context.Context, p *plan.Plan, rec Recorder, o Options) (err error) {
	r := &run{plan: p, rec: rec, o: o.withDefaults(), epoch: time.Now()}
	if err := r.record(journal.Event{Kind: journal.RunStarted, Plan: p, Toxiproxy: &o.Toxiproxy}); err != nil {
		return err
	}
	defer func() {
		end := journal.Event{Kind: journal.RunEnded}
		if err != nil {
			end.Error = err.Error()
		}
		err = errors.Join(err, r.record(end))
	}()
	for i := range p.Experiments {
		switch err := r.experiment(ctx, i); {
		case errors.Is(err, errUnhealthy), errors.Is(err, errProbe), errors.Is(err, ErrFenced) && !errors.Is(err, ErrNotRemoved):
			return r.record(journal.Event{Kind: journal.SuiteStopped, Detail: err.Error()})
		case err != nil:
			return err
		}
	}
	return nil
}

// errUnhealthy stops a suite whose system does not come back between
// experiments. It is a finding, not a failure of the tool.
var errUnhealthy = errors.New("the system did not come back to a healthy baseline")

// A run is one execution of a plan.
type run struct {
	plan  *plan.Plan
	rec   Recorder
	o     Options
	epoch time.Time // what Since and observations are relative to

	mu  sync.Mutex
	seq int
}

func (r *run) since() time.Duration { return time.Since(r.epoch) }

// fenced tells whether the run may go on.
func (r *run) fenced() error {
	if r.o.Fenced == nil {
		return nil
	}
	return r.o.Fenced()
}

// record stamps an event and makes it durable.
func (r *run) record(e journal.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seq++
	e.Seq, e.At, e.Since = r.seq, time.Now().UTC(), r.since()
	return r.rec.Record(e)
}

// interrupted is the error of a run whose context ended. Only a signal is an
// interruption; any other cause is a failure.
func (r *run) interrupted(ctx context.Context) error {
	cause := context.Cause(ctx)
	i, ok := errors.AsType[*Interrupt](cause)
	if !ok {
		return fmt.Errorf("stopped: %w", cause)
	}
	return errors.Join(fmt.Errorf("%w: %w", ErrInterrupted, cause), r.record(journal.Event{Kind: journal.Interrupted, Detail: i.Signal}))
}
