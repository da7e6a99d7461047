package cleanup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/experiments/run/internal/injectorset"
	"github.com/blastgauge/blastgauge/experiments/run/internal/usage"
)

// All cleans up after every open run in the registry, and after the runs with these
// directories. Runs that are alive are left alone. It returns the error of every run
// that could not be cleaned up.
func All(ctx context.Context, dirs []string, o Options) error {
	o = o.withDefaults()
	list, err := o.Registry.All()
	errs := []error{err}
	todo, known := []string{}, map[string]bool{}
	for _, open := range list {
		if lostDirectory(open) {
			errs = append(errs, o.recoverLost(ctx, open))
			continue
		}
		todo, known[open.Dir] = append(todo, open.Dir), true
	}
	for _, dir := range dirs {
		if abs, err := filepath.Abs(dir); err == nil && !known[abs] && hasLeftovers(dir) {
			todo = append(todo, dir)
		}
	}
	for _, dir := range todo {
		err := Run(ctx, dir, o)
		if errors.Is(err, journal.ErrAlive) {
			o.logf(dir)("the run is alive: left alone (--stop stops it)")
			continue
		}
		errs = append(errs, err)
	}
	if len(list)+len(todo) == 0 {
		_, _ = fmt.Fprintln(o.Log, "no run is open: nothing is left behind")
	}
	return errors.Join(errs...)
}

// hasLeftovers reports whether the journal in a directory leaves faults open.
func hasLeftovers(dir string) bool {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return false
	}
	defer func() { _ = root.Close() }() // nothing is written
	left, err := journal.ReadLeftovers(root)
	return err == nil && len(left.Faults) > 0
}

// Run cleans up after the run in dir: it removes every fault that the journal does
// not prove gone, and writes beside the journal what it did. It may be called any
// number of times.
//
// The error is of class [engine.ErrNotRemoved] where a fault may still be in force,
// and of class [journal.ErrAlive] and [experiments.ErrRefused] for a run that is alive
// where o.Stop is not set.
func Run(ctx context.Context, dir string, o Options) (err error) {
	o = o.withDefaults()
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s: %w", dir, err)
		}
	}()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("not a run directory: %w", err)
	}
	defer func() { _ = root.Close() }() // what is written is synced
	alive, err := journal.Alive(root)
	if err != nil {
		return err
	}
	r, left, err := o.rollbackOf(dir, root)
	switch {
	case err != nil:
		return err
	case alive && o.Stop:
		return r.stop(ctx)
	case alive:
		return fmt.Errorf("%w: %w: Ctrl-C stops it, and so does `blastgauge recover --stop %s`", experiments.ErrRefused, journal.ErrAlive, dir)
	case o.Recreate != "":
		if err := r.recreate(ctx, left, o.Recreate); err != nil {
			return err
		}
	case left != nil && left.Ended && len(left.Faults) == 0 && !o.isRegistered(r.run):
		if left.Undone > 0 {
			r.logUndone(left)
		} else {
			r.logf("the run ended and left no fault behind")
		}
		return nil
	}
	return r.cleanUpInTurn(ctx)
}

func (o Options) isRegistered(run string) bool {
	list, _ := o.Registry.All() // an entry that cannot be read is not this run's
	for _, open := range list {
		if open.Run == run {
			return true
		}
	}
	return false
}

// rollbackOf prepares to remove what the run in dir left behind. A run without a plan
// injected nothing, and its leftovers are nil.
func (o Options) rollbackOf(dir string, root *os.Root) (*rollback, *journal.Leftovers, error) {
	r := &rollback{by: "recover", dir: dir, root: root, registry: o.Registry, getenv: o.Getenv, logf: o.logf(dir)}
	left, err := journal.ReadLeftovers(root)
	if errors.Is(err, journal.ErrNoPlan) {
		return r, nil, r.findInRegistry(o)
	}
	if err != nil {
		return nil, nil, err
	}
	r.run = left.Plan.Run
	token := o.Token
	if token == "" {
		token = left.Toxiproxy.Token
	}
	if left.Toxiproxy.Kind == experiments.Embedded {
		return r, left, nil
	}
	r.driver, err = injectorset.NewDriver(&left.Plan.System, token, o.Getenv, nil)
	return r, left, err
}

// findInRegistry finds the name and the server of a run whose journal holds no plan.
func (r *rollback) findInRegistry(o Options) error {
	dir, err := filepath.Abs(r.dir)
	if err != nil {
		return err
	}
	list, err := o.Registry.All()
	for _, open := range list {
		if open.Dir == dir {
			r.run = open.Run
			if open.Toxiproxy == "" {
				continue
			}
			r.driver, err = o.driver(open.Toxiproxy, o.Token, open.Token)
		}
	}
	return err
}

// cleanUpInTurn waits while the run's watchdog cleans up, and then removes what is
// left.
func (r *rollback) cleanUpInTurn(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, turnTimeout)
	defer cancel()
	for logged := false; ; logged = true {
		err := r.cleanUp(ctx)
		if !errors.Is(err, journal.ErrBusy) {
			return err
		}
		if !logged {
			r.logf("another process, such as the guard of the run, is cleaning up: waiting")
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", engine.ErrNotRemoved, err)
		}
	}
}

// stop is the emergency stop of a run that is alive.
func (r *rollback) stop(ctx context.Context) error {
	if err := r.fence("a person asked for it"); err != nil {
		return err
	}
	r.logf("the run is alive: fenced off, it injects nothing more")
	removed := r.removeFromLive(ctx) // the run itself does so as well, if it can
	if err := r.awaitEnd(ctx, stopTimeout); err != nil {
		if errors.Is(err, journal.ErrAlive) && removed == nil {
			r.logf("the run does not end, as if it were stopped or hung: its guard stays with it")
			return nil
		}
		return errors.Join(removed, err)
	}
	r.logf("the run has ended")
	return r.cleanUpInTurn(ctx)
}

// recreate deletes a proxy of the run's plan and makes it again.
func (r *rollback) recreate(ctx context.Context, left *journal.Leftovers, proxy string) error {
	if left == nil {
		return usage.Errorf("--recreate: the run died before it injected anything")
	}
	for _, e := range left.Plan.Experiments {
		for _, f := range e.Faults {
			if f.Proxy != proxy || r.driver == nil {
				continue
			}
			if err := r.driver.Recreate(ctx, proxy, f.Listen, f.Upstream); err != nil {
				return fmt.Errorf("%w: %w", engine.ErrNotRemoved, err)
			}
			r.logf("proxy %s was deleted and made again: %s to %s", proxy, f.Listen, f.Upstream)
			return nil
		}
	}
	return usage.Errorf("--recreate: the run has no fault on a proxy %s", proxy)
}
