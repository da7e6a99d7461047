package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/hosts"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/run/internal/usage"
)

const (
	answerTimeout = time.Minute
	stopTimeout   = 10 * time.Second
)

// LogFile is where the output of the command is kept, in the run's directory.
const LogFile = "command.log"

// A command is a process that we start and stop, with all processes that it starts
// itself.
type command struct {
	cmd     *exec.Cmd
	log     *os.File
	secrets *redact.Secrets // that its output may hold
	done    chan struct{}   // closed when the process has ended
	err     error           // how it ended; set before done is closed
}

// startCommand starts a program. Its output goes to a file, because the screen is the
// run's. The file has no name, so that nothing is left of it when the run is killed.
func startCommand(args []string, secrets *redact.Secrets) (*command, error) {
	log, err := os.CreateTemp("", "blastgauge-command-")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(log.Name()); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	c := &command{cmd: exec.Command(args[0], args[1:]...), log: log, secrets: secrets, done: make(chan struct{})}
	c.cmd.Stdout, c.cmd.Stderr = log, log
	// A group of its own lets the process be ended with its children, and keeps the
	// terminal's Ctrl-C from it: it is stopped after the faults are gone, not before.
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.cmd.Start(); err != nil {
		return nil, errors.Join(usage.Errorf("the command after -- cannot be started: %w", err), log.Close())
	}
	go func() {
		c.err = c.cmd.Wait()
		close(c.done)
	}()
	return c, nil
}

// signal sends a signal to the process and its children. It ignores errors, because a
// group without processes is what is wanted.
func (c *command) signal(s syscall.Signal) { _ = syscall.Kill(-c.cmd.Process.Pid, s) }

// awaitAnswer waits until the system answers where journeys enter it. Any answer will
// do: the baseline finds out whether it is the right one.
func (c *command) awaitAnswer(ctx context.Context, sys *experiments.System) error {
	client := &http.Client{
		Transport:     &http.Transport{DialContext: hosts.Dialer{Policy: sys.Hosts()}.DialContext, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	for _, url := range []string{sys.URL, sys.ControlURL} {
		for url != "" {
			err := request(ctx, client, url)
			if err == nil {
				break
			}
			select {
			case <-c.done:
				return fmt.Errorf("%s ended before %s answered (%s); its last words:\n%s", c.name(), url, describeEnd(c.err), c.tail())
			case <-ctx.Done():
				return fmt.Errorf("%s did not answer at %s within %s: %w; its last words:\n%s", c.name(), url, answerTimeout, c.secrets.Error(err, maxError), c.tail())
			case <-time.After(100 * time.Millisecond):
			}
		}
	}
	return nil
}

func request(ctx context.Context, client *http.Client, url string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(r)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

func (c *command) name() string { return filepath.Base(c.cmd.Path) }

// describeEnd describes how a process ended.
func describeEnd(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}

const (
	tailLines = 8
	maxTail   = 2000 // bytes
	maxError  = 200  // bytes of why there was no answer
)

// tail returns the last lines that the process wrote, indented and without secrets.
func (c *command) tail() string {
	info, err := c.log.Stat()
	if err != nil {
		return ""
	}
	text, err := c.secrets.LastLines(c.log, info.Size(), tailLines, maxTail)
	if err != nil {
		return ""
	}
	return "  " + strings.ReplaceAll(text, "\n", "\n  ")
}

// stop ends the process and its children: first politely, then by force. The error
// means that it had ended before.
func (c *command) stop() error {
	select {
	case <-c.done:
		return fmt.Errorf("%s ended while it was under test (%s); its last words:\n%s", c.name(), describeEnd(c.err), c.tail())
	default:
	}
	c.signal(syscall.SIGTERM)
	select {
	case <-c.done:
	case <-time.After(stopTimeout):
	}
	c.signal(syscall.SIGKILL) // also the children that it left behind
	<-c.done
	return nil
}

// keepLog moves what the process wrote into a run's directory, without secrets.
func (c *command) keepLog(dir string) error {
	if _, err := c.log.Seek(0, io.SeekStart); err != nil {
		return err
	}
	to, err := os.OpenFile(filepath.Join(dir, LogFile), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(c.secrets.Copy(to, c.log), to.Close())
}
