package check

import (
	"bytes"
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
	c := &commandChecker{resolver: resolver{Facts: f}, dir: filepath.Dir(s.File)}
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
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	out, errs := boundedBuffer{limit: maxOutput}, boundedBuffer{limit: maxOutput}
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
		return journal.CheckResult{Error: fmt.Sprintf("%s did not end within %s", c.name(), checkTimeout)}
	case !ended:
		return journal.CheckResult{Error: c.resolver.secrets.Redact(err.Error())}
	case exit.ExitCode() != 1:
		return journal.CheckResult{Error: strings.TrimSuffix(c.name()+": "+exit.String()+": "+c.resolver.secrets.Redact(errs.firstLine()), ": ")}
	}
	return c.violations(&out)
}

func (c *commandChecker) name() string { return c.resolver.secrets.Redact(c.args[0]) }

// violations returns one violation for each line of output, and at least one.
func (c *commandChecker) violations(out *boundedBuffer) journal.CheckResult {
	r := journal.CheckResult{}
	for line := range strings.Lines(out.String()) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		r.Violations++
		if len(r.Keys) < maxKeys {
			r.Keys = append(r.Keys, c.resolver.secrets.Redact(shorten(line)))
		}
	}
	r.Violations = max(r.Violations, 1)
	r.Detail = fmt.Sprintf("%s ends with 1 and names %d", c.name(), len(r.Keys))
	if r.Violations > float64(len(r.Keys)) && len(r.Keys) > 0 {
		r.Detail += fmt.Sprintf(" and %g more", r.Violations-float64(len(r.Keys)))
	}
	return r
}

// A boundedBuffer keeps the beginning of what is written to it.
type boundedBuffer struct {
	bytes.Buffer
	limit int // bytes
}

func (b *boundedBuffer) Write(p []byte) (int, error) {
	b.Buffer.Write(p[:min(len(p), max(0, b.limit-b.Len()))])
	return len(p), nil
}

// firstLine returns the first line, shortened.
func (b *boundedBuffer) firstLine() string {
	line, _, _ := strings.Cut(strings.TrimSpace(b.String()), "\n")
	return shorten(line)
}

// shorten returns the beginning of a text that may be of any length.
func shorten(text string) string {
	if len(text) <= maxText {
		return text
	}
	return strings.ToValidUTF8(text[:maxText], "") + "..."
}
