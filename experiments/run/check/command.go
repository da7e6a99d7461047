package check

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/run/journey"
)

const (
	maxOutput = 64 << 10    // bytes of a command's output that are kept
	killDelay = time.Second // that a command's output may stay open after its end
	maxText   = 200         // bytes of a key or an error that are shown
)

// A commandChecker checks an invariant by a command. The command runs in the
// folder of the system's document, without a shell. The host policy does not reach
// what it does.
type commandChecker struct {
	resolver resolver
	args     []string
	dir      string
}

func newCommandChecker(s *experiments.System, inv experiments.Invariant, f journey.Facts) (*commandChecker, error) {
	c := &commandChecker{resolver: newResolver(f), dir: filepath.Dir(s.File)}
	for _, text := range inv.Command {
		arg, err := c.resolver.fill(text)
		if err != nil {
			return nil, err
		}
		c.args = append(c.args, arg)
	}
	return c, nil
}

func (c *commandChecker) close() {}

// check runs the command once. Exit code 0 means that the invariant holds, and 1
// that it does not: then each line of output names a violation. Any other end says
// nothing about the data.
func (c *commandChecker) check(ctx context.Context) journal.CheckResult {
	ctx, cancel := context.WithTimeoutCause(ctx, checkTimeout, fmt.Errorf("it did not end within %s", checkTimeout))
	defer cancel()
	out, errs := redact.Output{Limit: maxOutput}, redact.Output{Limit: maxOutput}
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = c.dir, &out, &errs, killDelay
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that the kill reaches what it starts as well
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	err := cmd.Run()
	exit, ended := errors.AsType[*exec.ExitError](err)
	switch {
	case err == nil:
		return journal.CheckResult{Holds: true}
	case ctx.Err() != nil:
		return journal.CheckResult{Error: fmt.Sprintf("%s was killed: %v", c.name(), context.Cause(ctx))}
	case !ended:
		return journal.CheckResult{Error: c.resolver.hidden.Line(err.Error(), maxText)}
	case exit.ExitCode() != 1:
		return journal.CheckResult{Error: strings.TrimSuffix(c.name()+": "+exit.String()+": "+errs.FirstLine(c.resolver.hidden, maxText), ": ")}
	}
	return c.violations(&out)
}

func (c *commandChecker) name() string { return c.resolver.hidden.Line(c.args[0], maxText) }

// violations returns one violation for each line of output, and at least one.
func (c *commandChecker) violations(out *redact.Output) journal.CheckResult {
	lines := out.Lines(c.resolver.hidden, maxText)
	r := journal.CheckResult{Violations: max(float64(len(lines)), 1)}
	setKeys(&r, lines)
	if len(out.Bytes()) == maxOutput {
		r.All = nil // there may have been more
	}
	r.Detail = fmt.Sprintf("%s ends with 1 and names %d", c.name(), len(r.Keys))
	if r.Violations > float64(len(r.Keys)) && len(r.Keys) > 0 {
		r.Detail += fmt.Sprintf(" and %g more", r.Violations-float64(len(r.Keys)))
	}
	return r
}
