// Package signals ends work when the process is told to end: the first signal lets it undo
// what it changed, and one that insists does not wait for that.
package signals

import (
	"context"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"

	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
)

// Attend does work and handles signals meanwhile. The first one cancels the context of
// the work, with an [engine.Interrupt] as its cause. Of each further one again is told,
// with its number; if it says so, Attend returns the code of the first signal at once and
// waits no longer. interrupted is told that a terminal may have echoed ^C.
func Attend(work func(context.Context) int, interrupted func(), again func(count int) (leave bool)) int {
	received := make(chan os.Signal, 3)
	signal.Notify(received, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(received)
	// A reader of our output that goes away, such as head, is an error at the end. As a
	// signal it would end the process with faults in force and no report. It is caught
	// and not ignored, because commands that we start would inherit that.
	closed := make(chan os.Signal, 1) // nobody reads it
	signal.Notify(closed, syscall.SIGPIPE)
	defer signal.Stop(closed)

	ctx, stop := context.WithCancelCause(context.Background())
	defer stop(nil)
	done := make(chan int, 1) // buffered: the work may end after Attend has returned
	go func() { done <- work(ctx) }()
	var first os.Signal
	for count := 1; ; count++ {
		select {
		case code := <-done:
			return code
		case s := <-received:
			if s == os.Interrupt {
				interrupted()
			}
			if count == 1 {
				first = s
				stop(&engine.Interrupt{Signal: name(s)})
			} else if again(count) {
				return code(first)
			}
		}
	}
}

func name(s os.Signal) string {
	switch s {
	case syscall.SIGHUP:
		return "HUP"
	case syscall.SIGTERM:
		return "TERM"
	default:
		return "INT"
	}
}

func code(s os.Signal) int { return run.InterruptCode(&engine.Interrupt{Signal: name(s)}) }

// A Hurry decides once whether the report of a run is written: whoever wants none says so
// before it is begun, or too late. The zero value is ready.
type Hurry struct{ state atomic.Int32 }

const (
	skipped int32 = iota + 1
	begun
)

// Skip asks for no report. It is false where one is being written already.
func (h *Hurry) Skip() bool { return h.state.CompareAndSwap(0, skipped) || h.Skipped() }

// Begin is asked before reports are written: whether there are to be any.
func (h *Hurry) Begin() bool { return h.state.CompareAndSwap(0, begun) || !h.Skipped() }

// Skipped reports whether there are no reports.
func (h *Hurry) Skipped() bool { return h.state.Load() == skipped }
