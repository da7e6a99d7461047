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

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// fenceEvery is how often a run looks whether it was fenced off.
const fenceEvery = 250 * time.Millisecond

// ProtectOptions say how to protect a run.
type ProtectOptions struct {
	Registry journal.Registry // lists the run as open while it lasts
	Getenv   func(string) (string, bool)
	Token    string // where the token is, see [toxiproxy.ReadToken]
	// Watchdog is a program and its arguments. With the run's directory as a further
	// argument it must call [Watch]. Empty: the run has no watchdog, and when it is
	// killed its faults stay until it is recovered.
	Watchdog []string
	// Embedded: the proxies are part of the run's process, so that there is no server
	// to clean up after it.
	Embedded bool
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

	watchdog *process // nil: none was started
	unwatch  context.CancelFunc
	watching sync.WaitGroup
}

// Protect protects the run of p in dir, whose journal is there and empty. The caller
// calls End when the run is over, also after an error.
func Protect(dir string, root *os.Root, p *plan.Plan, o ProtectOptions) (*Protection, error) {
	secret, err := toxiproxy.ReadToken(o.Token, o.Getenv)
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
	server := p.System.Toxiproxy
	if o.Embedded {
		server = ""
	}
	g.register(p, server)
	if len(o.Watchdog) > 0 {
		c := config{Run: p.Run, Toxiproxy: server, AllowHosts: p.System.AllowHosts, Token: secret}
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

// register lists the run as open.
func (g *Protection) register(p *plan.Plan, server string) {
	open := journal.OpenRun{
		Run: p.Run, Dir: g.dir, Toxiproxy: WithoutCredentials(server), Files: files(p), Token: g.o.Token, PID: os.Getpid(), Started: time.Now().UTC(),
	}
	if err := g.o.Registry.Add(open); err != nil {
		g.warnf("%v: should this machine die, `recover --all` will not find the run; `recover %s` will", err, g.dir)
	}
}

func (g *Protection) warnf(format string, args ...any) {
	_, _ = fmt.Fprintf(g.o.Log, "warning: %s\n", fmt.Sprintf(format, args...)) // a log that cannot be written stops no run
}

// files returns the files that a plan's faults are put on, with all links resolved.
func files(p *plan.Plan) []string {
	var list []string
	for _, e := range p.Experiments {
		for _, f := range e.Faults {
			if !f.OnFile() {
				continue
			}
			file := f.File()
			if resolved, err := filepath.EvalSymlinks(file); err == nil {
				file = resolved
			}
			if !slices.Contains(list, file) {
				list = append(list, file)
			}
		}
	}
	return list
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
	left, err := journal.ReadLeftovers(g.root)
	clean := errors.Is(err, journal.ErrNoPlan) || err == nil && len(left.Faults) == 0
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
