package cleanup

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/injectors/fleet"
)

// Times of a watchdog.
const (
	heartbeatTimeout = 3 * time.Second        // without a heartbeat a run counts as lost
	heartbeatGrace   = 200 * time.Millisecond // for heartbeats that arrived while the watchdog itself stood still
)

// Watch is the watchdog process of the run in dir: it removes the run's faults once
// the run is dead. It reads its config and the run's heartbeats from stdin and
// writes to stdout that it is ready. It returns when the run shuts it down, or when
// the faults of a dead run are removed. From then on the process ignores the signals
// that end everything around it, because those are what it is there for.
func Watch(dir string, stdin io.Reader, stdout io.Writer, o Options) error {
	signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	return watch(dir, stdin, stdout, o.withDefaults())
}

func watch(dir string, stdin io.Reader, stdout io.Writer, o Options) error {
	root, err := atomicfile.OpenDir(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }() // what is written is synced
	line := bufio.NewReader(stdin)
	c, err := readConfig(line)
	if err != nil {
		return err
	}
	r := &rollback{by: "guard", open: c.Open, dir: dir, root: root, registry: o.Registry, getenv: o.Getenv, logf: o.logf(dir)}
	if c.Open.Toxiproxy != "" {
		system := &c.Open.Plan.System
		r.fleet = fleet.New(fleet.Options{System: system, Token: c.Token})
		r.fleet.MarkKnown(c.Open.Plan)
	}
	if _, err := io.WriteString(stdout, readyLine); err != nil {
		return err
	}
	s := &supervisor{fence: r.fence, remove: r.removeFromLive, cleanUp: r.cleanUpPersistently}
	err = s.supervise(context.Background(), line)
	if err == nil {
		removeEmptyLog(root)
	}
	return err
}

func readConfig(line *bufio.Reader) (config, error) {
	text, err := line.ReadBytes('\n')
	if err != nil {
		return config{}, fmt.Errorf("config: %w", err)
	}
	var c config
	if err := json.Unmarshal(text, &c); err != nil {
		return config{}, fmt.Errorf("config: %w", err)
	}
	if c.Open.Run == "" || c.Open.Plan == nil {
		return config{}, errors.New("config: it holds no plan")
	}
	return c, nil
}

// cleanUpPersistently cleans up again and again, for a minute. Between two attempts
// others may have a try, such as recover.
func (r *rollback) cleanUpPersistently(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, retryFor)
	defer cancel()
	for {
		err := r.cleanUp(ctx)
		switch {
		case err == nil:
			return r.removeLateArrivals(ctx)
		case !errors.Is(err, engine.ErrNotRemoved) && !errors.Is(err, journal.ErrBusy) && !errors.Is(err, journal.ErrAlive):
			return err
		}
		select {
		case <-time.After(retryEvery):
		case <-ctx.Done():
			return err
		}
	}
}

// removeLateArrivals removes once more what the run was injecting when it died. When
// packets are lost, the removal may overtake the injection by more than the moment
// that the driver waits.
func (r *rollback) removeLateArrivals(ctx context.Context) error {
	if len(r.unsettled) == 0 || r.fleet.Ended() {
		return nil
	}
	select {
	case <-time.After(arrivesIn):
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(ctx, removalTimeout)
	defer cancel()
	var done []removal
	for i, err := range r.revert(ctx, r.unsettled) {
		done = append(done, removal{Fault: r.unsettled[i], err: err})
	}
	return r.explain(done)
}

// A supervisor decides what a watchdog does:
//
//	heartbeat          wait on
//	none for 3 s       fence the run off and remove its faults; wait on
//	end of the line    the run is dead: remove what its journal leaves open
//	shutdown           nothing is left to do
//
// A run that was only stopped may go on behind the fence, in the middle of an
// injection. It looks for the fence then, and a fault that it does not live to
// remove is removed after its end: so the supervisor stays until then.
type supervisor struct {
	fence   func(why string) error
	remove  func(context.Context) error // removes faults of a run that may be alive
	cleanUp func(context.Context) error // cleans up after its death
}

func (s *supervisor) supervise(ctx context.Context, line io.Reader) error {
	heartbeats, shutDown := listen(line)
	timer := time.NewTimer(heartbeatTimeout)
	defer timer.Stop()
	for fenced := false; ; {
		select {
		case _, alive := <-heartbeats:
			if !alive {
				if <-shutDown {
					return nil
				}
				return s.cleanUp(ctx)
			}
			if !fenced {
				timer.Reset(heartbeatTimeout)
			}
			continue
		case <-timer.C:
		}
		if !fenced && isPending(heartbeats) {
			timer.Reset(heartbeatTimeout)
			continue
		}
		if !fenced {
			fenced = s.fence(fmt.Sprintf("no sign of life for %s", heartbeatTimeout)) == nil
		}
		if err := s.remove(ctx); err != nil || !fenced {
			timer.Reset(retryEvery)
		}
	}
}

// isPending waits a moment for heartbeats that were sent in time: a machine that was
// too busy for the run was too busy for its watchdog, too.
func isPending(heartbeats <-chan struct{}) bool {
	select {
	case _, alive := <-heartbeats:
		return alive
	case <-time.After(heartbeatGrace):
		return false
	}
}

// listen turns the line into heartbeats. Their channel is closed at the end of the
// line, and the other one then holds whether the run asked for a shutdown.
func listen(line io.Reader) (heartbeats <-chan struct{}, shutDown <-chan bool) {
	beats, end := make(chan struct{}, 1), make(chan bool, 1)
	go func() { // ends with the line
		defer close(beats)
		for buf := make([]byte, 64); ; {
			n, err := line.Read(buf)
			for _, b := range buf[:n] {
				if b == shutdownByte {
					end <- true
					return
				}
				select {
				case beats <- struct{}{}:
				default: // one that is still waiting means the same
				}
			}
			if err != nil {
				end <- false
				return
			}
		}
	}()
	return beats, end
}
