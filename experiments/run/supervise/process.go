// Package supervise runs a program with all the processes that it starts, and ends them
// when the run that needs them ends or dies.
package supervise

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// readyTimeout is how long a supervisor may take to start, and to end beyond the time that
// its command has.
const readyTimeout = 10 * time.Second

// Options say how to run a program.
type Options struct {
	Env []string // of the program; nil: that of this process
	Dir string   // that it works in; empty: that of this process
	// Stdout is the path of what the program's standard output is written to; empty: Output.
	Stdout string
	Output *os.File      // gets what the program writes
	Grace  time.Duration // to end politely, also where this process dies
}

// A Process is a program that we start and stop, with all processes that it starts
// itself. Between it and us is a supervisor, which ends it when we die.
type Process struct {
	supervisor *exec.Cmd
	line       *os.File      // its end tells the supervisor to end the command
	ended      chan struct{} // closed when the command has ended
	end        string        // how it ended; set before ended is closed
	gone       chan struct{} // closed when nobody of the supervisor's group is left
	stop       sync.Once
}

// A NotStarted is why a program could not be started.
type NotStarted struct{ Why string }

func (e *NotStarted) Error() string { return "cannot be started: " + e.Why }

// Start starts a program and its arguments through a supervisor, a program that calls
// [Supervise] with them as further arguments. The error is a [NotStarted] where it was the
// program that could not be started.
func Start(supervisor, args []string, o Options) (*Process, error) {
	if len(supervisor) == 0 {
		return nil, errors.New("a command needs a supervisor")
	}
	p := &Process{ended: make(chan struct{}), gone: make(chan struct{})}
	reports, err := p.startSupervisor(append(supervisor[:len(supervisor):len(supervisor)], args...), o)
	if err != nil {
		return nil, fmt.Errorf("the supervisor of the command: %w", err)
	}
	in := json.NewDecoder(reports)
	var first report
	err = errors.Join(p.order(order{Grace: o.Grace, Stdout: o.Stdout}), reports.SetReadDeadline(time.Now().Add(readyTimeout)), in.Decode(&first), reports.SetReadDeadline(time.Time{}))
	go p.watch(in, reports)
	switch {
	case err != nil:
		err = fmt.Errorf("the supervisor of the command did not get ready: %w", err)
	case first.Failed != "":
		err = &NotStarted{first.Failed}
	default:
		return p, nil
	}
	p.Close(o.Grace)
	return nil, err
}

// startSupervisor starts the supervisor and returns its reports. It has a session of
// its own, so that no signal to the run's group and no end of its terminal reaches it
// or the command, which is stopped after the faults are gone, not before.
func (p *Process) startSupervisor(args []string, o Options) (reports *os.File, err error) {
	in, line, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	reports, out, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, in.Close(), line.Close())
	}
	p.supervisor = exec.Command(args[0], args[1:]...)
	p.supervisor.Env, p.supervisor.Dir = o.Env, o.Dir
	p.supervisor.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	p.supervisor.Stdin, p.supervisor.Stdout, p.supervisor.Stderr = in, out, o.Output
	err = errors.Join(p.supervisor.Start(), in.Close(), out.Close())
	if err != nil {
		return nil, errors.Join(err, line.Close(), reports.Close())
	}
	p.line = line
	return reports, nil
}

func (p *Process) order(o order) error { return json.NewEncoder(p.line).Encode(o) }

// watch reads reports until the supervisor has ended: it alone holds the other end.
// Then it kills what is left of the supervisor's group, whose number is ours as long
// as nobody has waited for the supervisor, and waits for it.
func (p *Process) watch(in *json.Decoder, reports *os.File) {
	ended := false
	for {
		var r report
		if err := in.Decode(&r); err != nil {
			break
		}
		if r.Ended != "" && !ended {
			ended, p.end = true, r.Ended
			close(p.ended)
		}
	}
	_ = syscall.Kill(-p.supervisor.Process.Pid, syscall.SIGKILL) // fails where nobody is left
	err := p.supervisor.Wait()
	if !ended {
		p.end = "killed, as its supervisor has ended: " + describeEnd(err)
		close(p.ended)
	}
	_ = reports.Close() // nothing was written
	close(p.gone)
}

// Pid is the number of the supervisor, which leads the session of the program.
func (p *Process) Pid() int { return p.supervisor.Process.Pid }

// Ended returns a channel that is closed when the program has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// End says how the program ended, such as "exit status 1", once it has.
func (p *Process) End() string { return p.end }

// Gone returns a channel that is closed when nobody of the program's group is left.
func (p *Process) Gone() <-chan struct{} { return p.gone }

// Stop asks the program to end, and its supervisor to kill it with all of its group once
// the grace is over. It does not wait. Only the first call counts.
func (p *Process) Stop(grace time.Duration) {
	p.stop.Do(func() {
		_ = p.order(order{Grace: grace}) // fails where the supervisor is dead: then all are killed
		_ = p.line.Close()               // its end is the message
	})
}

// Kill kills the program and all of its group. It does not wait.
func (p *Process) Kill() {
	_ = p.supervisor.Process.Kill() // fails if it has ended: the rest of the group goes with it, see watch
}

// Close stops the program and waits until nobody is left.
func (p *Process) Close(grace time.Duration) {
	p.Stop(grace)
	select {
	case <-p.gone:
	case <-time.After(grace + readyTimeout):
		p.Kill()
		<-p.gone
	}
}
