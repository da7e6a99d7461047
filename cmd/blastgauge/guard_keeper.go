package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/hosts"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

const (
	silence = 3 * time.Second        // without a sign of life a run counts as lost
	grace   = 200 * time.Millisecond // for signs that arrived while the guard itself stood still
	again   = time.Second            // between two attempts
)

func newGuard(a *app) *cobra.Command {
	return &cobra.Command{
		Use:    guardNamed + " DIR",
		Short:  "Watch over a run and remove its faults when it dies (started by run)",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE:   func(_ *cobra.Command, args []string) error { return a.guard(args[0]) },
	}
}

// guard is the process beside a run. Signals that end everything around it are
// what it is there for, so it listens to none.
func (a *app) guard(dir string) error {
	signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // what is written is synced
	line := bufio.NewReader(a.stdin)
	text, err := line.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("orders: %w", err)
	}
	var o orders
	if err := json.Unmarshal(text, &o); err != nil {
		return fmt.Errorf("orders: %w", err)
	}
	system := experiments.System{Toxiproxy: o.Toxiproxy, AllowHosts: o.AllowHosts}
	s := &salvage{by: "guard", run: o.Run, dir: dir, root: root, listing: a.listing(), env: a.getenv, say: func(string, ...any) {}}
	if o.Toxiproxy != "" {
		s.hands.driver = toxiproxy.New(toxiproxy.Options{URL: o.Toxiproxy, Token: o.Token, Dial: hosts.Dialer{Policy: system.Hosts()}.DialContext})
	}
	if _, err := io.WriteString(a.stdout, ready); err != nil {
		return err
	}
	k := &keeper{fence: s.fence, sweep: s.sweep, finish: s.finish}
	err = k.keep(context.Background(), line)
	if err == nil {
		tidyLog(root)
	}
	return err
}

// A keeper is the guard's judgement: what to do when.
//
//	sign of life     wait on
//	none for 3 s     fence the run off and take its faults back; wait on
//	end of the line  the run is dead: take back what its journal leaves open
//	dismissal        nothing is left to do
//
// A run that was only stopped may go on behind the fence, in the middle of an
// injection. It looks for the fence then, and whatever it does not live to take
// back is taken back after its end: so the keeper stays until then.
type keeper struct {
	fence  func(why string) error
	sweep  func(context.Context) error // takes back faults of a run that may be alive
	finish func(context.Context) error // tidies up after its death
}

func (k *keeper) keep(ctx context.Context, line io.Reader) error {
	signs, dismissed := listen(line)
	timer := time.NewTimer(silence)
	defer timer.Stop()
	for fenced := false; ; {
		select {
		case _, alive := <-signs:
			if !alive {
				if <-dismissed {
					return nil
				}
				return k.finish(ctx)
			}
			if !fenced {
				timer.Reset(silence)
			}
			continue
		case <-timer.C:
		}
		if !fenced && heard(signs) {
			timer.Reset(silence)
			continue
		}
		if !fenced {
			fenced = k.fence(fmt.Sprintf("no sign of life for %s", silence)) == nil
		}
		if err := k.sweep(ctx); err != nil || !fenced {
			timer.Reset(again)
		}
	}
}

// heard waits a moment for signs of life that were sent in time: a machine that
// was too busy for the run was too busy for its guard, too.
func heard(signs <-chan struct{}) bool {
	select {
	case _, alive := <-signs:
		return alive
	case <-time.After(grace):
		return false
	}
}

// listen turns the line into signs of life; their channel is closed at its end,
// and then the other one tells whether that was a dismissal.
func listen(line io.Reader) (signs <-chan struct{}, dismissed <-chan bool) {
	heard, end := make(chan struct{}, 1), make(chan bool, 1)
	go func() { // ends with the line
		defer close(heard)
		for buf := make([]byte, 64); ; {
			n, err := line.Read(buf)
			for _, b := range buf[:n] {
				if b == dismissal {
					end <- true
					return
				}
				select {
				case heard <- struct{}{}:
				default: // one that nobody has taken yet says the same
				}
			}
			if err != nil {
				end <- false
				return
			}
		}
	}()
	return heard, end
}
