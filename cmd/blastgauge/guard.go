package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// What run and its guard say to each other: a line of orders, then signs of life,
// then the dismissal. An end without one means that the run has died.
const (
	signOfLife = '.'
	dismissal  = '!'
	ready      = "ready\n" // the guard's only word, once it can act
)

const (
	lifeEvery  = 500 * time.Millisecond // between signs of life
	readyIn    = 10 * time.Second       // time for a guard to start
	dismissIn  = 3 * time.Second        // time for a guard to end
	guardLog   = "guard.log"            // what a guard has to say, in the run directory
	guardNamed = "guard"                // the hidden command
)

// orders are what a guard has to know before there is a journal. They go through
// a pipe, because they hold what no file and no argument may: the token.
type orders struct {
	Run        string   `json:"run"`
	Toxiproxy  string   `json:"toxiproxy,omitempty"` // empty: it is part of the run
	AllowHosts []string `json:"allow_hosts,omitempty"`
	Token      string   `json:"token,omitempty"`
}

// A guard is the process that takes a run's faults back when the run cannot any
// more: it has a session of its own, so that signals to the run's group and its
// terminal do not reach it, and it ends when it is dismissed.
type guard struct {
	root *os.Root
	cmd  *exec.Cmd
	line *os.File // to the guard

	quiet   chan struct{} // closed when no more signs of life are wanted
	life    sync.WaitGroup
	expects bool          // it was dismissed or left to itself: its end is no loss
	mu      sync.Mutex    // of expects
	gone    chan struct{} // closed when the process has ended
}

// startGuard starts this program as the guard of a run directory. It returns once
// the guard can act. When the guard ends before it is dismissed, lost is called:
// then nobody but the run looks after its faults.
func startGuard(dir string, root *os.Root, o orders, lost func(error)) (g *guard, err error) {
	log, err := root.OpenFile(guardLog, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("guard: %w", err)
	}
	defer log.Close() //nolint:errcheck // the guard writes it
	in, line, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("guard: %w", err)
	}
	defer in.Close() //nolint:errcheck // the guard reads it
	answer, out, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("guard: %w", err), line.Close())
	}
	defer answer.Close() //nolint:errcheck // nothing is written
	g = &guard{root: root, line: line, quiet: make(chan struct{}), gone: make(chan struct{})}
	if g.cmd, err = guardCommand(dir); err == nil {
		g.cmd.Stdin, g.cmd.Stdout, g.cmd.Stderr = in, out, log
		err = g.cmd.Start()
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return nil, errors.Join(fmt.Errorf("guard: %w", err), line.Close())
	}
	go g.await(lost)
	if err := g.instruct(o, answer); err != nil {
		g.leave()
		return nil, fmt.Errorf("guard: it did not get ready: %w%s", err, g.said())
	}
	g.life.Go(g.beat)
	return g, nil
}

func guardCommand(dir string) (*exec.Cmd, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	cmd := exec.Command(program, guardNamed, dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd, nil
}

// instruct tells the guard what it is for and waits for its word.
func (g *guard) instruct(o orders, answer *os.File) error {
	if err := json.NewEncoder(g.line).Encode(o); err != nil {
		return err
	}
	if err := answer.SetReadDeadline(time.Now().Add(readyIn)); err != nil {
		return err
	}
	word := make([]byte, len(ready))
	if _, err := io.ReadFull(answer, word); err != nil {
		return err
	}
	if string(word) != ready {
		return fmt.Errorf("it says %q", word)
	}
	return nil
}

// beat gives signs of life. A guard that does not read them has ended, or is
// stopped; its pipe holds a day of them.
func (g *guard) beat() {
	tick := time.NewTicker(lifeEvery)
	defer tick.Stop()
	for {
		select {
		case <-g.quiet:
			return
		case <-tick.C:
		}
		if _, err := g.line.Write([]byte{signOfLife}); err != nil {
			return
		}
	}
}

// await waits for the end of the process.
func (g *guard) await(lost func(error)) {
	err := g.cmd.Wait()
	close(g.gone)
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.expects {
		lost(fmt.Errorf("the guard process has ended (%v): nobody would remove the faults of a killed run", err))
	}
}

// release ends the signs of life; the guard's end is expected from here on.
func (g *guard) release() {
	g.mu.Lock()
	g.expects = true
	g.mu.Unlock()
	close(g.quiet)
	g.life.Wait()
}

// dismiss ends the guard of a run that left nothing behind.
func (g *guard) dismiss() error {
	g.release()
	_, err := g.line.Write([]byte{dismissal})
	if err = errors.Join(err, g.line.Close()); err != nil {
		return fmt.Errorf("guard: %w", err)
	}
	select {
	case <-g.gone:
	case <-time.After(dismissIn):
		return fmt.Errorf("guard: process %d does not end", g.cmd.Process.Pid)
	}
	return nil
}

// tidyLog removes a log in which nothing stands. A guard does so itself, as it
// may be the last one there.
func tidyLog(root *os.Root) {
	if info, err := root.Stat(guardLog); err == nil && info.Size() == 0 {
		root.Remove(guardLog) //nolint:errcheck // an empty file does no harm
	}
}

// leave lets the guard do what the run could not. It outlives the run, so nobody
// waits for it.
func (g *guard) leave() {
	g.release()
	g.line.Close() //nolint:errcheck // that it ends is the message
}

// said is what the guard wrote, for an error that it explains.
func (g *guard) said() string {
	text, err := g.root.ReadFile(guardLog)
	if err != nil || len(text) == 0 {
		return ""
	}
	return ": " + strings.TrimSpace(string(text))
}
