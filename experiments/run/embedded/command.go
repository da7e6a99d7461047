package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/hosts"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/run/internal/usage"
	"github.com/blastgauge/blastgauge/experiments/run/supervise"
)

const (
	answerTimeout = time.Minute
	stopTimeout   = 10 * time.Second // for a command to end politely
)

// LogFile is where the output of the command is kept, in the run's directory.
const LogFile = "command.log"

// A command is a process that we start and stop, with all processes that it starts
// itself.
type command struct {
	name    string
	process *supervise.Process
	log     *os.File
	secrets *redact.Secrets // that its output may hold
	told    bool            // an error says how it ended
}

// startCommand starts a program through a supervisor. Its output goes to a file,
// because the screen is the run's. The file has no name, so that nothing is left of it
// when the run is killed.
func startCommand(supervisor, args []string, secrets *redact.Secrets) (c *command, err error) {
	log, err := os.CreateTemp("", "blastgauge-command-")
	if err != nil {
		return nil, err
	}
	c = &command{name: filepath.Base(args[0]), log: log, secrets: secrets}
	if err := os.Remove(log.Name()); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	c.process, err = supervise.Start(supervisor, args, supervise.Options{Output: log, Grace: stopTimeout})
	if err == nil {
		return c, nil
	}
	if wrong, ok := errors.AsType[*supervise.NotStarted](err); ok {
		err = usage.Errorf("the command after -- cannot be started: %s", wrong.Why)
	} else {
		err = fmt.Errorf("%w%s", err, c.tail())
	}
	return nil, errors.Join(err, log.Close())
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
			case <-c.process.Ended():
				c.told = true
				return fmt.Errorf("%s ended before %s answered (%s)%s", c.name, url, c.process.End(), c.tail())
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
	case <-c.process.Ended():
		if !c.told {
			err = fmt.Errorf("%s ended while it was under test (%s)%s", c.name, c.process.End(), c.tail())
		}
	default:
	}
	c.finish()
	return err
}

// finish ends the command, and waits until nobody is left.
func (c *command) finish() { c.process.Close(stopTimeout) }

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
