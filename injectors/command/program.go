package command

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"syscall"
	"time"

	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/injectors"
)

const (
	maxOutput = 8 << 10                // bytes that a program writes and that are kept
	maxShown  = 300                    // bytes of them that are shown
	killDelay = 250 * time.Millisecond // that a program's output may stay open after its end
	dieWithin = 2 * time.Second        // that a program may take to end once it is killed
	// margin is left of the time of a caller, so that it hears why a program failed, and not
	// only that time is over.
	margin = 500 * time.Millisecond
)

// An end is how a program ended by itself.
type end struct {
	code   int
	output string // the beginning, as it may be shown
}

// describe says how a step ended, in one line.
func (e end) describe(step string) string {
	text := fmt.Sprintf("%s ends with %d", step, e.code)
	if e.output != "" {
		text += ": " + e.output
	}
	return text
}

// within is how long each program of a fault may take.
func within(f plan.Fault) time.Duration {
	if d := f.Attributes.Duration("within"); d > 0 {
		return d
	}
	return injectors.MaxWithin * time.Second
}

// patience is how long a program may take, or the wait for its effect, in the time that is
// left to the caller.
func patience(ctx context.Context, f plan.Fault) time.Duration {
	limit := within(f)
	if until, bounded := ctx.Deadline(); bounded {
		left := time.Until(until)
		if left > 2*margin {
			left -= margin
		}
		limit = min(limit, left)
	}
	return limit
}

// run runs a program to its end. The error means that it did not end by itself.
func (in *Injector) run(ctx context.Context, f plan.Fault, step string) (end, error) {
	if err := in.may(f); err != nil {
		return end{}, err
	}
	program := f.Attributes.Program(step)
	if len(program) == 0 {
		return end{}, fmt.Errorf("%s names no program", step)
	}
	limit := patience(ctx, f)
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("it did not end within %s", limit.Round(time.Millisecond)))
	defer cancel()
	out := &redact.Output{Limit: maxOutput}
	cmd := exec.CommandContext(ctx, program[0], program[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = f.Attributes.Text("dir"), out, out, killDelay
	cmd.Env = append(append([]string{}, in.environ...), variables(f, step)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that no signal to the run reaches it, and the kill what it starts as well
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	ended, err := runToEnd(ctx, cmd)
	if !ended { // it may still write
		return end{}, fmt.Errorf("%s was killed and is still running, as a program of another user is: %w", step, context.Cause(ctx))
	}
	e := end{output: in.shown(out)}
	exit, exited := errors.AsType[*exec.ExitError](err)
	switch {
	case ctx.Err() != nil && err != nil:
		return e, e.fail(step, fmt.Errorf("was killed: %w", context.Cause(ctx)))
	case err == nil, errors.Is(err, exec.ErrWaitDelay): // what it left running keeps its output open
		return e, nil
	case !exited:
		return e, fmt.Errorf("%s cannot be run: %s", step, in.secrets.Line(err.Error(), maxShown))
	case exit.ExitCode() < 0:
		return e, e.fail(step, fmt.Errorf("was ended: %s", exit.String()))
	}
	e.code = exit.ExitCode()
	return e, nil
}

// runToEnd runs a program. It reports false where that outlives being killed for longer
// than anybody may wait for it.
func runToEnd(ctx context.Context, cmd *exec.Cmd) (ended bool, err error) {
	done := make(chan error, 1) // buffered, so that the program can end after nobody waits
	go func() { done <- cmd.Run() }()
	select {
	case err := <-done:
		return true, err
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		return true, err
	case <-time.After(dieWithin):
		return false, nil
	}
}

// fail is the error of a program that did not end by itself.
func (e end) fail(step string, why error) error {
	if e.output == "" {
		return fmt.Errorf("%s %w", step, why)
	}
	return fmt.Errorf("%s %w: %s", step, why, e.output)
}

// shown returns the beginning of what a program wrote, in one line that commands no
// terminal, without secrets.
func (in *Injector) shown(out *redact.Output) string {
	line := inert.Text(out.Text(in.secrets, maxOutput))
	return in.secrets.Excerpt([]byte(line), maxShown)
}
