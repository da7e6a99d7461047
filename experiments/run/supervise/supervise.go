package supervise

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// An order is what a run tells a supervisor: first how to start its command, and then, if
// anything, what is different now. The end of orders is the order to end the command.
type order struct {
	Grace  time.Duration `json:"grace"`            // to end politely
	Stdout string        `json:"stdout,omitempty"` // path of what its standard output goes to
}

// A report is what a supervisor tells its run: at first whether the command started,
// and later how it ended.
type report struct {
	Failed string `json:"failed,omitempty"` // why the command did not start
	Ended  string `json:"ended,omitempty"`  // how it ended, such as "exit status 1"
}

const (
	lookEvery = 20 * time.Millisecond // for who is left
	killTime  = 2 * time.Second       // for processes to be gone that were killed
)

// Supervise runs a command and ends it, with all processes of its group, when line
// ends: the run closed it, or the run is dead. On Linux it ends those as well that have
// left the group. What the command has started has the rest of the grace, also where the
// command ends before it: a shell ends at once, and what it runs has journeys under way. It reports to the run, which must have
// made this process the leader of a session. Supervise does not return once the
// command has started: it ends its own group, so that no number of a process that is
// gone can be hit.
func Supervise(command []string, line io.Reader, reports, output io.Writer) error {
	if len(command) == 0 {
		return errors.New("supervise: no command")
	}
	if syscall.Getpgrp() != os.Getpid() {
		return errors.New("supervise: not the leader of a process group, so others would be ended as well")
	}
	adopt()
	runtime.LockOSThread() // a command that dies with its parent dies with the thread that started it
	out := json.NewEncoder(reports)
	c := &supervised{cmd: exec.Command(command[0], command[1:]...), ended: make(chan struct{})}
	orders := json.NewDecoder(line)
	var told order
	if err := orders.Decode(&told); err != nil {
		return fmt.Errorf("supervise: no order came: %w", err)
	}
	if err := c.start(output, told.Stdout); err != nil {
		return out.Encode(report{Failed: err.Error()})
	}
	// What is sent to the group is for the command. It is ignored only now, because the
	// command would inherit that.
	signal.Ignore(syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGPIPE, syscall.SIGALRM,
		syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU)
	_ = out.Encode(report{}) // fails where the run is dead, and then line ends
	go func() {
		_ = out.Encode(report{Ended: c.await()}) // as above
		close(c.ended)
	}()
	for err := error(nil); err == nil; { // any error is an end as well
		err = orders.Decode(&told)
	}
	c.finish(told.Grace)
	return nil
}

// A supervised command is a child of this process, in its group unless it left it.
type supervised struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed when the end was reported

	mu     sync.Mutex
	reaped bool // guarded by mu: its number may belong to somebody else
	told   bool // guarded by mu: it was told to end
}

// start starts the command.
func (c *supervised) start(output io.Writer, stdout string) error {
	c.cmd.Stdout, c.cmd.Stderr = output, output
	c.cmd.SysProcAttr = dieWithParent()
	if stdout != "" {
		to, err := os.OpenFile(stdout, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		defer func() { _ = to.Close() }() // the command has it
		c.cmd.Stdout = to
	}
	return c.cmd.Start()
}

// await waits for the end of the command and describes it.
func (c *supervised) await() string {
	if !holdsEnded {
		return describeEnd(c.cmd.Wait())
	}
	awaitEnd(c.cmd.Process.Pid)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.leads() && !c.told { // the last time that its group can be named
		_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL) // fails where nobody is left
	}
	c.reaped = true
	return describeEnd(c.cmd.Wait())
}

// finish ends the command and what it has started: politely, and by force when the grace is
// over, or at once where the command has ended by itself.
func (c *supervised) finish(grace time.Duration) {
	over := time.After(grace)
	select {
	case <-c.ended:
	default:
		c.mu.Lock()
		c.told = true
		c.mu.Unlock()
		signalStrays(c.cmd.Process.Pid) // while their parents live, by whom they are found
		c.signal(syscall.SIGTERM)
		c.outlast(over)
	}
	killChildren(c.ended)
	c.signal(syscall.SIGKILL) // also this process
}

// outlast waits until nobody of the command is left, or until the grace is over.
func (c *supervised) outlast(over <-chan time.Time) {
	select {
	case <-c.ended:
	case <-over:
		return
	}
	for hasChildren() {
		select {
		case <-over:
			return
		case <-time.After(lookEvery):
		}
	}
}

// hasChildren reports whether this process has children that live, once its command is
// reaped. Where it adopts nobody, there are none.
func hasChildren() bool {
	for {
		switch pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); {
		case err == syscall.EINTR, err == nil && pid > 0:
		default:
			return err == nil
		}
	}
}

// leads reports whether the command has made itself the leader of a group of its own,
// as timeout(1) does.
func (c *supervised) leads() bool {
	group, err := syscall.Getpgid(c.cmd.Process.Pid)
	return err == nil && group == c.cmd.Process.Pid
}

// signal sends a signal to this process's group, and to the command where it has left
// it. Errors mean that nobody is left, which is what is wanted.
func (c *supervised) signal(s syscall.Signal) {
	c.mu.Lock()
	switch {
	case c.reaped || !c.leads():
	case holdsEnded:
		_ = syscall.Kill(-c.cmd.Process.Pid, s)
	default:
		_ = c.cmd.Process.Signal(s) // which knows whether it was reaped
	}
	c.mu.Unlock()
	_ = syscall.Kill(0, s)
}

// describeEnd describes how a process ended.
func describeEnd(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}
