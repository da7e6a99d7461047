package cleanup

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/journal"
)

// A run and its watchdog talk through pipes: a line with the config, then
// heartbeats, then the shutdown. An end without a shutdown means that the run has
// died.
const (
	heartbeatByte = '.'
	shutdownByte  = '!'
	readyLine     = "ready\n" // all that a watchdog writes, once it can act
)

const (
	heartbeatEvery  = 500 * time.Millisecond
	readyTimeout    = 10 * time.Second // for a watchdog to start
	shutdownTimeout = 3 * time.Second  // for a watchdog to end
)

// LogFile is where a watchdog writes its errors, in the run's directory.
const LogFile = "guard.log"

// A config is all that a watchdog needs, so that it can do without the run's directory:
// that may be gone, or damaged, when it has to act. It goes through a pipe, because it
// holds the token, which no file and no argument may hold.
type config struct {
	Open  journal.OpenRun `json:"run"` // with its plan
	Token string          `json:"token,omitempty"`
}

// A process is the watchdog as its run sees it. It has a session of its own, so that
// signals to the run's group and its terminal do not reach it.
type process struct {
	root *os.Root
	cmd  *exec.Cmd
	line *os.File // to the watchdog

	quit       chan struct{} // closed when no more heartbeats are wanted
	heartbeats sync.WaitGroup
	gone       chan struct{} // closed when the process has ended

	mu       sync.Mutex
	expected bool // guarded by mu: the run asked it to end, or does not need it any more
}

// startProcess starts command, with the run's directory as its last argument, as the
// watchdog of the run. It returns once the watchdog can act. When the watchdog ends
// before it is shut down, lost is called: then nothing but the run itself removes the
// run's faults.
func startProcess(command []string, dir string, root *os.Root, c config, lost func(error)) (p *process, err error) {
	log, err := atomicfile.AppendIn(root, LogFile, 0o600)
	if err != nil {
		return nil, fmt.Errorf("guard: %w", err)
	}
	defer func() { _ = log.Close() }() // the watchdog writes it
	in, line, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("guard: %w", err)
	}
	defer func() { _ = in.Close() }() // the watchdog reads it
	answer, out, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("guard: %w", err), line.Close())
	}
	defer func() { _ = answer.Close() }() // nothing is written
	p = &process{root: root, line: line, quit: make(chan struct{}), gone: make(chan struct{})}
	p.cmd = exec.Command(command[0], append(command[1:len(command):len(command)], dir)...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = in, out, log
	if err = errors.Join(p.cmd.Start(), out.Close()); err != nil {
		return nil, errors.Join(fmt.Errorf("guard: %w", err), line.Close())
	}
	go p.await(lost)
	if err := p.configure(c, answer); err != nil {
		p.abandon()
		return nil, fmt.Errorf("guard: it did not get ready: %w%s", err, p.logged())
	}
	p.heartbeats.Go(p.beat)
	return p, nil
}

// configure sends the config and waits until the watchdog is ready.
func (p *process) configure(c config, answer *os.File) error {
	if err := p.line.SetWriteDeadline(time.Now().Add(readyTimeout)); err != nil { // a plan may be longer than the pipe
		return err
	}
	if err := json.NewEncoder(p.line).Encode(c); err != nil {
		return err
	}
	if err := p.line.SetWriteDeadline(time.Time{}); err != nil {
		return err
	}
	if err := answer.SetReadDeadline(time.Now().Add(readyTimeout)); err != nil {
		return err
	}
	word := make([]byte, len(readyLine))
	if _, err := io.ReadFull(answer, word); err != nil {
		return err
	}
	if string(word) != readyLine {
		return fmt.Errorf("it says %q", word)
	}
	return nil
}

// beat sends heartbeats. A watchdog that does not read them has ended, or is
// stopped; its pipe holds those of a day.
func (p *process) beat() {
	tick := time.NewTicker(heartbeatEvery)
	defer tick.Stop()
	for {
		select {
		case <-p.quit:
			return
		case <-tick.C:
		}
		if _, err := p.line.Write([]byte{heartbeatByte}); err != nil {
			return
		}
	}
}

// errEnded means that the watchdog ended without an error.
var errEnded = errors.New("exit status 0")

// await waits for the end of the process.
func (p *process) await(lost func(error)) {
	err := p.cmd.Wait()
	close(p.gone)
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.expected {
		lost(fmt.Errorf("the guard process has ended, so nothing would remove the faults of a killed run: %w", cmp.Or(err, errEnded)))
	}
}

// silence ends the heartbeats. From here on the end of the process is expected.
func (p *process) silence() {
	p.mu.Lock()
	p.expected = true
	p.mu.Unlock()
	close(p.quit)
	p.heartbeats.Wait()
}

// shutDown ends the watchdog of a run that left nothing behind.
func (p *process) shutDown() error {
	p.silence()
	_, err := p.line.Write([]byte{shutdownByte})
	if err = errors.Join(err, p.line.Close()); err != nil {
		return fmt.Errorf("guard: %w", err)
	}
	select {
	case <-p.gone:
	case <-time.After(shutdownTimeout):
		return fmt.Errorf("guard: process %d does not end", p.cmd.Process.Pid)
	}
	return nil
}

// abandon lets the watchdog do what the run could not. It outlives the run, so
// nothing waits for it.
func (p *process) abandon() {
	p.silence()
	_ = p.line.Close() // its end is the message
}

// logged returns what the watchdog wrote, to be added to an error that it explains.
func (p *process) logged() string {
	text, err := atomicfile.ReadIn(p.root, LogFile)
	if err != nil || len(text) == 0 {
		return ""
	}
	return ": " + strings.TrimSpace(string(text))
}

// removeEmptyLog removes the log of a watchdog that had nothing to write. The
// watchdog does so itself, because the run may have ended before it.
func removeEmptyLog(root *os.Root) {
	if info, err := root.Stat(LogFile); err == nil && info.Size() == 0 {
		_ = root.Remove(LogFile) // an empty file does no harm
	}
}
