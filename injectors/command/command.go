// Package command causes faults by programs of the user: one causes the fault, one takes
// it back, and one proves that it is in force or gone.
//
// The programs are started directly, without a shell, each in a process group of its own
// and for a limited time. At its end the whole group is killed. A fault is in force only
// if its check ends with 0, and gone only if undo ends with 0 and then check with 1. Any
// other end of check proves neither: a check that is broken must not pass for a proof.
//
// The room keeps nothing on disk. A process that did not cause a fault takes it back as
// the one that did: by undo, which may run at any time and any number of times. Before
// that, it ends what do of a run that has died is still doing (on Linux, where processes
// show their environment).
package command

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/manual"
)

// Kind is the fault kind that this injector handles.
const Kind = "command"

// The steps of a fault, as its attributes and BLASTGAUGE_STEP name them.
const (
	do    = "do"
	undo  = "undo"
	check = "check"
)

// Options say what programs are given, and whether they may be run.
type Options struct {
	// Secrets are hidden in what programs write, beside variables of the environment whose
	// names say that they hold one. Nil: there are no others.
	Secrets *redact.Secrets
	// Environ is the environment of the programs, as [os.Environ] returns it; nil: that of
	// this process.
	Environ func() []string
	// May returns an error if the programs of a fault must not be run, because nobody knows
	// that they are the user's. Nil: all may.
	May func(plan.Fault) error
}

// An Injector runs the programs of faults. Several goroutines may use it.
type Injector struct {
	o       Options
	secrets *redact.Secrets
	environ []string

	mu        sync.Mutex
	unsettled map[string]bool // by fault; its do may still be running
	doubtful  map[string]bool // by fault; nothing says that its do was ever run
}

// New returns an injector.
func New(o Options) *Injector {
	if o.Environ == nil {
		o.Environ = os.Environ
	}
	if o.May == nil {
		o.May = func(plan.Fault) error { return nil }
	}
	in := &Injector{o: o, secrets: &redact.Secrets{}, environ: o.Environ(), unsettled: map[string]bool{}, doubtful: map[string]bool{}}
	in.secrets.HideAll(o.Secrets)
	for _, entry := range in.environ {
		if name, value, _ := strings.Cut(entry, "="); redact.SecretName(name) {
			in.secrets.HideEnv(name, value)
		} else {
			in.secrets.HideURL(value)
		}
	}
	return in
}

// MarkUnsettled says that the process which ran do of a fault died in the middle of it:
// what do is still doing is ended before it is undone.
func (in *Injector) MarkUnsettled(fault string) { in.mark(in.unsettled, fault, true) }

// MarkDoubtful says that nothing tells of the injection of a fault: it is undone only
// where its check does not say that it is gone.
func (in *Injector) MarkDoubtful(fault string) { in.mark(in.doubtful, fault, true) }

func (in *Injector) mark(marks map[string]bool, fault string, to bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	marks[fault] = to
}

func (in *Injector) isMarked(marks map[string]bool, fault string) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return marks[fault]
}

// Inject runs do, and returns once check agrees that the fault is in force. After an error
// do may have left anything: Revert takes it back.
func (in *Injector) Inject(ctx context.Context, f plan.Fault) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	in.mark(in.doubtful, f.Name, false)
	in.mark(in.unsettled, f.Name, true)
	if err := in.succeed(ctx, f, do); err != nil {
		return err
	}
	in.mark(in.unsettled, f.Name, false)
	return in.await(ctx, f, true)
}

// Check asks whether the fault is in force. What it meets is not known.
func (in *Injector) Check(ctx context.Context, f plan.Fault) (journal.Evidence, error) {
	if ctx.Err() != nil {
		return journal.Evidence{}, context.Cause(ctx)
	}
	inForce, e, err := in.ask(ctx, f)
	if err != nil {
		return journal.Evidence{}, err
	}
	if !inForce {
		return journal.Evidence{Detail: e.describe(check)}, nil
	}
	return journal.Evidence{Present: true, Output: e.output}, nil
}

// Revert runs undo, and returns once check agrees that the fault is gone.
func (in *Injector) Revert(ctx context.Context, f plan.Fault) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := in.may(f); err != nil {
		return err
	}
	if until, bounded := ctx.Deadline(); bounded && time.Until(until) < margin {
		<-ctx.Done() // too late to begin: a failure for want of time would hide why the attempt before this one failed
		return context.Cause(ctx)
	}
	if in.isMarked(in.doubtful, f.Name) {
		if inForce, _, err := in.ask(ctx, f); err == nil && !inForce {
			return nil
		}
	}
	if in.isMarked(in.unsettled, f.Name) {
		if err := endProcesses(ctx, f.Name); err != nil {
			return err
		}
		in.mark(in.unsettled, f.Name, false)
	}
	if err := in.succeed(ctx, f, undo); err != nil {
		return err
	}
	return in.await(ctx, f, false)
}

// succeed runs a program that has to end with 0.
func (in *Injector) succeed(ctx context.Context, f plan.Fault, step string) error {
	e, err := in.run(ctx, f, step)
	if err == nil && e.code != 0 {
		err = fmt.Errorf("%s", e.describe(step))
	}
	return err
}

// ask runs check.
func (in *Injector) ask(ctx context.Context, f plan.Fault) (inForce bool, e end, err error) {
	e, err = in.run(ctx, f, check)
	if err == nil && e.code != 0 && e.code != 1 {
		err = fmt.Errorf("%s; 0 would say that the fault is in force, 1 that it is not, and this says neither", e.describe(check))
	}
	return e.code == 0, e, err
}

// Pauses between two questions of whether a program has had its effect.
const (
	shortestPause = 50 * time.Millisecond
	longestPause  = 500 * time.Millisecond
)

// await asks until check agrees. The error says what it said last.
func (in *Injector) await(ctx context.Context, f plan.Fault, want bool) error {
	limit := patience(ctx, f)
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var last error
	for pause := shortestPause; ; pause = min(2*pause, longestPause) {
		inForce, e, err := in.ask(ctx, f)
		switch {
		case err == nil && inForce == want:
			return nil
		case err == nil && want:
			err = fmt.Errorf("the fault is not in force after do: %s", e.describe(check))
		case err == nil:
			err = fmt.Errorf("the fault is still in force after undo: %s", e.describe(check))
		}
		if ctx.Err() == nil || last == nil {
			last = err // an error that only says that time ran out would hide the reason
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return fmt.Errorf("%w (asked for %s)", last, limit.Round(100*time.Millisecond))
		}
	}
}

// A refusedError means that the programs of a fault were not run, and will not be.
type refusedError struct{ error }

func (r *refusedError) Unwrap() error { return r.error }

// Hopeless reports that it is useless to try again.
func (*refusedError) Hopeless() bool { return true }

// may returns an error if the programs of a fault must not be run.
func (in *Injector) may(f plan.Fault) error {
	if err := in.o.May(f); err != nil {
		return &refusedError{err}
	}
	return nil
}

// Manual returns the shell command that takes a fault back without blastgauge.
func (*Injector) Manual(f plan.Fault) string {
	words := []string{"env"}
	for _, entry := range variables(f, undo) {
		words = append(words, manual.Quote(entry))
	}
	for _, arg := range f.Attributes.Program(undo) {
		words = append(words, manual.Quote(arg))
	}
	line := strings.Join(words, " ")
	if dir := f.Attributes.Text("dir"); dir != "" {
		line = "(cd " + manual.Quote(dir) + " && " + line + ")"
	}
	return line
}

// variables are what the programs of a fault find in their environment.
func variables(f plan.Fault, step string) []string {
	run, _, _ := injectors.ParseFaultName(f.Name)
	return []string{"BLASTGAUGE_RUN=" + run, "BLASTGAUGE_FAULT=" + f.Name, "BLASTGAUGE_INTO=" + f.Into, stepVariable + "=" + step}
}

const stepVariable = "BLASTGAUGE_STEP"
