package cleanup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/injectors/configfile"
	"github.com/blastgauge/blastgauge/injectors/manual"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// fenceEvery is how often a run looks whether it was fenced off.
const fenceEvery = 250 * time.Millisecond

// ProtectOptions say how to protect a run.
type ProtectOptions struct {
	Registry journal.Registry // lists the run as open while it lasts
	Getenv   func(string) (string, bool)
	Server   journal.Toxiproxy // what it is, and where its token is, see [toxiproxy.ReadToken]
	Files    map[string]string // of the faults, see [configfile.Files]; no fault is injected yet
	// Watchdog is a program and its arguments. With the run's directory as a further
	// argument it must call [Watch]. Empty: the run has no watchdog, and when it is
	// killed its faults stay until it is recovered.
	Watchdog []string
	// Stop ends the run.
	Stop context.CancelCauseFunc
	Log  io.Writer // receives warnings
}

// A Protection keeps a run's faults from outliving the run: the run is registered as
// open, a watchdog process stands by, and a fence that another process puts up ends
// the run.
type Protection struct {
	o    ProtectOptions
	run  string
	dir  string // absolute
	root *os.Root

	unhold   func()   // gives up the run's place in the registry
	listed   bool     // it has such a place
	watchdog *process // nil: none was started
	unwatch  context.CancelFunc
	watching sync.WaitGroup
}

// Protect protects the run of p in dir, whose journal is there and empty. The caller
// calls End when the run is over, also after an error.
func Protect(dir string, root *os.Root, p *plan.Plan, o ProtectOptions) (*Protection, error) {
	secret, err := toxiproxy.ReadToken(o.Server.Token, o.Getenv)
	if err != nil {
		return nil, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	g := &Protection{o: o, run: p.Run, dir: dir}
	if g.root, err = root.OpenRoot("."); err != nil { // it is needed for longer than root
		return nil, err
	}
	open := g.describe(p)
	g.register(open)
	if len(o.Watchdog) > 0 {
		c := config{Open: open, Token: secret}
		if g.watchdog, err = startProcess(o.Watchdog, dir, g.root, c, func(err error) { o.Stop(err) }); err != nil {
			return g, err
		}
	} else {
		g.warnf("no watchdog process: when this process is killed, its faults stay until `blastgauge recover %s`", dir)
	}
	ctx, cancel := context.WithCancel(context.Background())
	g.unwatch = cancel
	g.watching.Go(func() { g.watchFence(ctx) })
	return g, nil
}

// describe describes the run for those who may have to clean up after it. A server that
// is part of the run's process cannot be cleaned up.
func (g *Protection) describe(p *plan.Plan) journal.OpenRun {
	open := journal.OpenRun{Run: p.Run, Dir: g.dir, Server: g.o.Server, Files: g.o.Files, Originals: configfile.Originals(g.o.Files), PID: os.Getpid(), Started: time.Now().UTC(), Plan: p}
	if g.o.Server.Kind != experiments.Embedded {
		open.Toxiproxy = namedServer(&p.System)
	}
	return open
}

// register lists the run as open.
func (g *Protection) register(open journal.OpenRun) {
	unhold, err := g.o.Registry.Add(open)
	if err != nil {
		g.warnf("%v: should this machine die, only `blastgauge recover --trust %s` will be able to clean up", err, manual.Quote(g.dir))
	}
	g.unhold, g.listed = unhold, err == nil
}

// Joined notes that a Toxiproxy has come which is to carry a fault. It is on disk when
// Joined returns. A nil Protection, and a run that is not on the list, have the journal
// alone.
func (g *Protection) Joined(j journal.Joined) error {
	if g == nil || !g.listed {
		return nil
	}
	return g.o.Registry.AddJoined(g.run, j)
}

func (g *Protection) warnf(format string, args ...any) {
	_, _ = fmt.Fprintf(g.o.Log, "warning: %s\n", fmt.Sprintf(format, args...)) // a log that cannot be written stops no run
}

// watchFence ends the run once it is fenced off.
func (g *Protection) watchFence(ctx context.Context) {
	tick := time.NewTicker(fenceEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := g.Fenced(); err != nil {
			g.o.Stop(err)
			return
		}
	}
}

// Fenced returns an error of class [engine.ErrFenced] once the run may not inject any
// more. A nil Protection has no fence.
func (g *Protection) Fenced() error {
	if g == nil {
		return nil
	}
	if b, ok := journal.FindFence(g.root); ok {
		return fmt.Errorf("%w by %s: %s", engine.ErrFenced, b.By, b.Why)
	}
	return nil
}

// End ends the protection of a run that is over. The run's lease on the server was
// ended before, with the result released. A fault that the run could not remove is
// the watchdog's from here on. End returns released and its own errors. A nil
// Protection has nothing to end.
func (g *Protection) End(released error) error {
	if g == nil {
		return released
	}
	defer func() { _ = g.root.Close() }() // nothing is written
	if g.unwatch != nil {
		g.unwatch()
		g.watching.Wait()
	}
	if g.unhold != nil {
		g.unhold()
	}
	clean := g.isClean()
	switch {
	case !clean && g.watchdog != nil:
		g.watchdog.abandon()
		_, _ = fmt.Fprintf(g.o.Log, "guard   goes on trying for %s; later: blastgauge recover %s\n", retryFor, g.dir)
		return released
	case !clean:
		return released
	case released != nil && g.watchdog != nil:
		g.watchdog.abandon()
	case g.watchdog != nil:
		released = g.watchdog.shutDown()
	}
	return errors.Join(released, g.o.Registry.Remove(g.run))
}

// isClean reports whether the run removed all that it was going to inject. It asks for
// its own run, of which no record is lost: what was not intended was not injected.
func (g *Protection) isClean() bool {
	left, err := journal.ReadLeftovers(g.root)
	if err != nil || left.Damage != nil && !left.Empty {
		return false
	}
	return !slices.ContainsFunc(left.Faults, func(f journal.Leftover) bool { return f.Intended })
}
