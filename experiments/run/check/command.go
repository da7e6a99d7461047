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
	mostOutput  = 64 << 10    // of a command that is read
	afterKill   = time.Second // that a command's output stays open
	mostComment = 200         // bytes of what a command says of its own trouble
)

// A command is an invariant that a program knows. It is run in the folder of the
// system's document, without a shell, and what it does is its own: no host policy
// reaches into it.
type command struct {
	filler *filler
	args   []string
	dir    string
}

func newCommand(s *experiments.System, inv experiments.Invariant, f journey.Facts) (*command, error) {
	c := &command{filler: newFiller(f), dir: filepath.Dir(s.File)}
	for _, text := range inv.Command {
		arg, err := c.filler.fill(text)
		if err != nil {
			return nil, err
		}
		c.args = append(c.args, arg)
	}
	return c, nil
}

func (c *command) close() {}

// ask runs the program once: 0 means that all is well, 1 that it found what is in
// violation, a line of output for each; any other end says nothing of the data.
func (c *command) ask(ctx context.Context) journal.CheckResult {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	out, errs := bounded{most: mostOutput}, bounded{most: mostOutput}
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = c.dir, &out, &errs, afterKill
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // what it starts ends with it
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	err := cmd.Run()
	exit, ended := errors.AsType[*exec.ExitError](err)
	switch {
	case err == nil:
		return journal.CheckResult{Holds: true}
	case ctx.Err() != nil:
		return journal.CheckResult{Error: fmt.Sprintf("%s did not end within %s", c.name(), askFor)}
	case !ended:
		return journal.CheckResult{Error: c.filler.clean(err.Error())}
	case exit.ExitCode() != 1:
		return journal.CheckResult{Error: strings.TrimSuffix(c.name()+": "+exit.String()+": "+c.filler.clean(errs.comment()), ": ")}
	}
	return c.violations(&out)
}

func (c *command) name() string { return c.filler.clean(c.args[0]) }

// violations are the lines that a program wrote; one where it wrote none.
func (c *command) violations(out *bounded) journal.CheckResult {
	r := journal.CheckResult{}
	for line := range strings.Lines(out.String()) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		r.Violations++
		if len(r.Keys) < mostKeys {
			r.Keys = append(r.Keys, c.filler.clean(short(line)))
		}
	}
	r.Violations = max(r.Violations, 1)
	r.Detail = fmt.Sprintf("%s ends with 1 and names %d", c.name(), len(r.Keys))
	if r.Violations > float64(len(r.Keys)) && len(r.Keys) > 0 {
		r.Detail += fmt.Sprintf(" and %g more", r.Violations-float64(len(r.Keys)))
	}
	return r
}

// bounded keeps the beginning of what is written to it.
type bounded struct {
	bytes.Buffer
	most int
}

func (b *bounded) Write(p []byte) (int, error) {
	b.Buffer.Write(p[:min(len(p), max(0, b.most-b.Len()))])
	return len(p), nil
}

// comment is the first line, shortened.
func (b *bounded) comment() string {
	line, _, _ := strings.Cut(strings.TrimSpace(b.String()), "\n")
	return short(line)
}

// short is the beginning of a text that may be of any length.
func short(text string) string {
	if len(text) <= mostComment {
		return text
	}
	return strings.ToValidUTF8(text[:mostComment], "") + "..."
}
