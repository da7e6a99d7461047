package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
)

// fenceEvery is how often a run looks whether somebody has fenced it off.
const fenceEvery = 250 * time.Millisecond

// listing is the user's list of open runs.
func (a *app) listing() journal.Listing {
	state, _ := a.getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(state) { // the specification wants anything else ignored
		home, _ := a.getenv("HOME")
		if !filepath.IsAbs(home) {
			return journal.Listing{}
		}
		state = filepath.Join(home, ".local", "state")
	}
	return journal.OpenListing(state)
}

// A ward keeps a run's faults from outliving it: the run is listed as open, a
// guard stands by, and a fence that somebody puts up ends the run. Its zero value
// is that of a run that has not begun.
type ward struct {
	app   *app
	stop  context.CancelCauseFunc // ends the run
	token string                  // where the token is

	run     string
	dir     string // absolute
	root    *os.Root
	guard   *guard
	watch   context.CancelFunc
	watcher sync.WaitGroup
}

// begin protects a run whose journal is there and empty. Proxies that are embedded
// are part of the run: there will be no server to tidy up.
func (w *ward) begin(dir string, root *os.Root, p *plan.Plan, embedded bool) (err error) {
	token, err := readToken(w.token)
	if err != nil {
		return err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	w.run, w.dir = p.Run, dir
	if w.root, err = root.OpenRoot("."); err != nil { // it is needed for longer than the other one
		return err
	}
	server := p.System.Toxiproxy
	if embedded {
		server = ""
	}
	listed := journal.Open{
		Run: p.Run, Dir: dir, Toxiproxy: anonymous(server), Files: filesOf(p), Token: w.token, PID: os.Getpid(), Started: time.Now().UTC(),
	}
	if err := w.app.listing().Add(listed); err != nil {
		fmt.Fprintf(w.app.stderr, "mind    %v: should this machine die, `recover --all` will not find the run; `recover %s` will\n", err, dir)
	}
	o := orders{Run: p.Run, Toxiproxy: server, AllowHosts: p.System.AllowHosts, Token: token}
	w.guard, err = startGuard(dir, w.root, o, func(err error) { w.stop(err) })
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.watch = cancel
	w.watcher.Go(func() { w.look(ctx) })
	return nil
}

// look ends the run once it is fenced off.
func (w *ward) look(ctx context.Context) {
	tick := time.NewTicker(fenceEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := w.fenced(); err != nil {
			w.stop(err)
			return
		}
	}
}

// fenced is of class [engine.ErrFenced] once the run may not inject any more.
func (w *ward) fenced() error {
	if w.root == nil {
		return nil
	}
	if b, ok := journal.FindFence(w.root); ok {
		return fmt.Errorf("%w by %s: %s", engine.ErrFenced, b.By, b.Why)
	}
	return nil
}

// end is called when the run is over and its hold on the server released, or
// not. What the run could not put in order is the guard's from here on.
func (w *ward) end(released error) error {
	if w.root == nil {
		return released
	}
	defer w.root.Close() //nolint:errcheck // nothing is written
	if w.watch != nil {
		w.watch()
		w.watcher.Wait()
	}
	left, err := journal.ReadLeft(w.root)
	clean := errors.Is(err, journal.ErrNoPlan) || err == nil && len(left.Faults) == 0
	switch {
	case !clean && w.guard != nil:
		w.guard.leave()
		fmt.Fprintf(w.app.stderr, "guard   goes on trying for %s; later: blastgauge recover %s\n", patience, w.dir)
		return released
	case !clean:
		return released
	case released != nil && w.guard != nil:
		w.guard.leave()
	case w.guard != nil:
		released = w.guard.dismiss()
	}
	return errors.Join(released, w.app.listing().Remove(w.run))
}

// anonymous is a URL without credentials.
func anonymous(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	u.User = nil
	return u.String()
}

// checkUnfinished refuses to start where an earlier run has not been tidied up:
// on the same server, or in the same directory.
func (a *app) checkUnfinished(p *plan.Plan, out string) error {
	if out != "" {
		if err := checkOut(out); err != nil {
			return err
		}
	}
	open, err := a.listing().All()
	if err != nil {
		fmt.Fprintf(a.stderr, "mind    %v\n", err)
	}
	var errs []error
	for _, o := range open {
		if o.Toxiproxy == anonymous(p.System.Toxiproxy) {
			errs = append(errs, unfinished(o))
		}
	}
	return errors.Join(errs...)
}

// unfinished says what a listed run left behind. One that is alive is none of
// this: it holds its server.
func unfinished(o journal.Open) error {
	refused := fmt.Errorf("%w: run %s died and its faults may still be in force: `blastgauge recover %s` removes them", experiments.ErrRefused, o.Run, o.Dir)
	root, err := os.OpenRoot(o.Dir)
	if err != nil {
		return fmt.Errorf("%w: run %s died, its faults may still be in force, and its directory is gone: `blastgauge recover --all` looks for them", experiments.ErrRefused, o.Run)
	}
	defer root.Close() //nolint:errcheck // nothing is written
	if alive, err := journal.Alive(root); err == nil && alive {
		return nil
	}
	left, err := journal.ReadLeft(root)
	if errors.Is(err, journal.ErrNoPlan) || err == nil && len(left.Faults) == 0 {
		return nil
	}
	return refused
}

// checkOut refuses a directory that holds a run already.
func checkOut(dir string) error {
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return usagef("--out: %w", err)
	}
	defer root.Close() //nolint:errcheck // nothing is written
	if _, err := root.Stat(journal.EventsFile); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	alive, err := journal.Alive(root)
	if err != nil {
		return err
	}
	left, err := journal.ReadLeft(root)
	switch {
	case alive:
		return fmt.Errorf("%w: --out %s: a run is going on in it", experiments.ErrRefused, dir)
	case err == nil && len(left.Faults) > 0:
		return fmt.Errorf("%w: --out %s: run %s died in it and its faults may still be in force: `blastgauge recover %s` removes them", experiments.ErrRefused, dir, left.Plan.Run, dir)
	}
	return usagef("--out %s: it holds a run already", dir)
}
