package main

import (
	"bytes"
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
)

const (
	readyWithin = time.Minute
	stopWithin  = 10 * time.Second
	commandLog  = "command.log" // in the run directory
)

// An underTest is the system under test as a process that we start and stop, with
// all that it starts itself.
type underTest struct {
	cmd  *exec.Cmd
	log  *os.File
	done chan struct{} // closed when the process has ended
	err  error         // how it ended; set before done is closed
}

// startSystem starts args as the system under test. What it writes goes to a file, because the screen is
// the run's; one without a name, so that nothing is left of it when the run is killed.
func startSystem(args []string) (*underTest, error) {
	log, err := os.CreateTemp("", "blastgauge-command-")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(log.Name()); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	c := &underTest{cmd: exec.Command(args[0], args[1:]...), log: log, done: make(chan struct{})}
	c.cmd.Stdout, c.cmd.Stderr = log, log
	ownGroup(c.cmd)
	if err := c.cmd.Start(); err != nil {
		return nil, errors.Join(usagef("the command after -- cannot be started: %w", err), c.forget())
	}
	go func() {
		c.err = c.cmd.Wait()
		close(c.done)
	}()
	return c, nil
}

// ownGroup lets a process be ended with its children, and keeps the terminal's
// Ctrl-C from it: it is stopped after the faults are gone, not before.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// signalGroup ignores errors: a group without processes is what is wanted.
func signalGroup(cmd *exec.Cmd, s syscall.Signal) { _ = syscall.Kill(-cmd.Process.Pid, s) }

// ready waits until the system answers where journeys enter it. Any answer will
// do: whether it is the right one is what the baseline is for.
func (c *underTest) ready(ctx context.Context, sys *experiments.System) error {
	client := &http.Client{
		Transport:     &http.Transport{DialContext: hosts.Dialer{Policy: sys.Hosts()}.DialContext, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	for _, url := range []string{sys.URL, sys.ControlURL} {
		for url != "" {
			err := c.asks(ctx, client, url)
			if err == nil {
				break
			}
			select {
			case <-c.done:
				return fmt.Errorf("%s ended before %s answered (%s); its last words:\n%s", c.name(), url, ended(c.err), c.lastWords())
			case <-ctx.Done():
				return fmt.Errorf("%s did not answer at %s within %s: %w; its last words:\n%s", c.name(), url, readyWithin, err, c.lastWords())
			case <-time.After(100 * time.Millisecond):
			}
		}
	}
	return nil
}

func (c *underTest) asks(ctx context.Context, client *http.Client, url string) error {
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

func (c *underTest) name() string { return filepath.Base(c.cmd.Path) }

// ended is how a process ended, in words.
func ended(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}

// lastWords are the last lines that the process wrote.
func (c *underTest) lastWords() string {
	const most = 2000
	info, err := c.log.Stat()
	if err != nil {
		return ""
	}
	buf := make([]byte, most)
	n, err := c.log.ReadAt(buf, max(0, info.Size()-most))
	if err != nil && err != io.EOF {
		return ""
	}
	lines := bytes.Split(bytes.TrimSpace(buf[:n]), []byte("\n"))
	return "  " + strings.ToValidUTF8(string(bytes.Join(lines[max(0, len(lines)-8):], []byte("\n  "))), "?")
}

// stop ends the process and what it started: politely, and after a while not.
// The error says that it had ended before it was told to.
func (c *underTest) stop() error {
	select {
	case <-c.done:
		return fmt.Errorf("%s ended while it was under test (%s); its last words:\n%s", c.name(), ended(c.err), c.lastWords())
	default:
	}
	signalGroup(c.cmd, syscall.SIGTERM)
	select {
	case <-c.done:
	case <-time.After(stopWithin):
	}
	signalGroup(c.cmd, syscall.SIGKILL) // also what it left behind
	<-c.done
	return nil
}

// keep moves what the process wrote into a run's directory.
func (c *underTest) keep(dir string) error {
	if _, err := c.log.Seek(0, io.SeekStart); err != nil {
		return err
	}
	to, err := os.OpenFile(filepath.Join(dir, commandLog), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, c.log)
	return errors.Join(err, to.Close())
}

// forget gives up what the process wrote.
func (c *underTest) forget() error { return c.log.Close() }
