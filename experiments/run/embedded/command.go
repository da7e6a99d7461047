package embedded

import (
	"context"
	"encoding/json"
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
	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/hosts"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/run/internal/usage"
)

const (
	answerTimeout = time.Minute
	readyTimeout  = 10 * time.Second // for a supervisor to start, and to end beyond its command's time
)

// LogFile is where the output of the command is kept, in the run's directory.
const LogFile = "command.log"

// A command is a process that we start and stop, with all processes that it starts
// itself. Between it and us is a supervisor, which ends it when we die.
type command struct {
	name       string
	supervisor *exec.Cmd
	line       *os.File // its end tells the supervisor to end the command
	log        *os.File
	secrets    *redact.Secrets // that its output may hold
	done       chan struct{}   // closed when the command has ended
	end        string          // how it ended; set before done is closed
	gone       chan struct{}   // closed when nobody of the supervisor's group is left
	told       bool            // an error says how it ended
}

// startCommand starts a program through a supervisor. Its output goes to a file,
// because the screen is the run's. The file has no name, so that nothing is left of it
// when the run is killed.
func startCommand(supervisor, args []string, secrets *redact.Secrets) (c *command, err error) {
	if len(supervisor) == 0 {
		return nil, errors.New("a command needs a supervisor")
	}
	log, err := os.CreateTemp("", "blastgauge-command-")
	if err != nil {
		return nil, err
	}
	c = &command{name: filepath.Base(args[0]), log: log, secrets: secrets, done: make(chan struct{}), gone: make(chan struct{})}
	if err := os.Remove(log.Name()); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	reports, err := c.startSupervisor(append(supervisor[:len(supervisor):len(supervisor)], args...))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the supervisor of the command: %w", err), log.Close())
	}
	in := json.NewDecoder(reports)
	var first report
	err = errors.Join(reports.SetReadDeadline(time.Now().Add(readyTimeout)), in.Decode(&first), reports.SetReadDeadline(time.Time{}))
	go c.watch(in, reports)
	switch {
	case err != nil:
		err = fmt.Errorf("the supervisor of the command did not get ready: %w%s", err, c.tail())
	case first.Failed != "":
		err = usage.Errorf("the command after -- cannot be started: %s", first.Failed)
	default:
		return c, nil
	}
	c.finish()
	return nil, errors.Join(err, log.Close())
}

// startSupervisor starts the supervisor and returns its reports. It has a session of
// its own, so that no signal to the run's group and no end of its terminal reaches it
// or the command, which is stopped after the faults are gone, not before.
func (c *command) startSupervisor(args []string) (reports *os.File, err error) {
	in, line, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	reports, out, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, in.Close(), line.Close())
	}
	c.supervisor = exec.Command(args[0], args[1:]...)
	c.supervisor.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	c.supervisor.Stdin, c.supervisor.Stdout, c.supervisor.Stderr = in, out, c.log
	err = errors.Join(c.supervisor.Start(), in.Close(), out.Close())
	if err != nil {
		return nil, errors.Join(err, line.Close(), reports.Close())
	}
	c.line = line
	return reports, nil
}

// watch reads reports until the supervisor has ended: it alone holds the other end.
// Then it kills what is left of the supervisor's group, whose number is ours as long
// as nobody has waited for the supervisor, and waits for it.
func (c *command) watch(in *json.Decoder, reports *os.File) {
	ended := false
	for {
		var r report
		if err := in.Decode(&r); err != nil {
			break
		}
		if r.Ended != "" && !ended {
			ended, c.end = true, r.Ended
			close(c.done)
		}
	}
	_ = syscall.Kill(-c.supervisor.Process.Pid, syscall.SIGKILL) // fails where nobody is left
	err := c.supervisor.Wait()
	if !ended {
		c.end = "killed, as its supervisor has ended: " + describeEnd(err)
		close(c.done)
	}
	_ = reports.Close() // nothing was written
	close(c.gone)
}

// awaitAnswer waits until the system answers where journeys enter it. Any answer will
// do: the baseline finds out whether it is the right one.
func (c *command) awaitAnswer(ctx context.Context, sys *experiments.System) error {
	client := &http.Client{
		Transport:     &http.Transport{DialContext: hosts.Dialer{Policy: sys.Hosts()}.DialContext, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	ctx, cancel := context.WithTimeoutCause(ctx, answerTimeout, fmt.Errorf("no answer within %s", answerTimeout))
	defer cancel()
	for _, url := range []string{sys.URL, sys.ControlURL} {
		for url != "" {
			err := request(ctx, client, url)
			if err == nil {
				break
			}
			select {
			case <-c.done:
				c.told = true
				return fmt.Errorf("%s ended before %s answered (%s)%s", c.name, url, c.end, c.tail())
			case <-ctx.Done():
				return fmt.Errorf("%s did not answer at %s: %w: %w%s", c.name, url, context.Cause(ctx), c.secrets.Error(err, maxError), c.tail())
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
	if text == "" {
		return "; it wrote nothing"
	}
	return "; its last words:\n  " + strings.ReplaceAll(text, "\n", "\n  ")
}

// stop ends the command and its children: first politely, then by force. The error
// means that it had ended before, where no other error has said so.
func (c *command) stop() (err error) {
	select {
	case <-c.done:
		if !c.told {
			err = fmt.Errorf("%s ended while it was under test (%s)%s", c.name, c.end, c.tail())
		}
	default:
	}
	c.finish()
	return err
}

// finish has the supervisor end, and waits until nobody is left.
func (c *command) finish() {
	_ = c.line.Close() // its end is the message
	select {
	case <-c.gone:
	case <-time.After(stopTimeout + readyTimeout):
		_ = c.supervisor.Process.Kill() // fails if it ended just now
		<-c.gone
	}
}

// keepLog writes what the process wrote into a run's directory, without secrets.
func (c *command) keepLog(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }() // what is written is synced
	info, err := c.log.Stat()           // it may grow faster than it is copied
	if err != nil {
		return err
	}
	return atomicfile.WriteIn(root, LogFile, 0o600, func(w io.Writer) error {
		return c.secrets.Copy(w, io.NewSectionReader(c.log, 0, info.Size()))
	})
}
