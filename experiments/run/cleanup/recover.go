package cleanup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/experiments/run/internal/injectorset"
	"github.com/blastgauge/blastgauge/experiments/run/internal/usage"
	"github.com/blastgauge/blastgauge/injectors/manual"
)

// All cleans up after every open run in the registry. Runs that are alive are left
// alone. It returns the error of every run that could not be cleaned up.
//
// Of these directories it only names those that are not in the registry and may have
// left something: the error is of class [experiments.ErrRefused] for each of them.
func All(ctx context.Context, dirs []string, o Options) error {
	o = o.withDefaults()
	list, err := o.Registry.All()
	errs := []error{errUnread(err)}
	found := len(list)
	for _, open := range list {
		err := o.recoverOpen(ctx, open)
		if errors.Is(err, journal.ErrAlive) && !errors.Is(err, engine.ErrNotRemoved) {
			o.logf(open.Dir)("%s", leftAlone(open.Dir))
			continue
		}
		errs = append(errs, err)
	}
	for _, dir := range dirs {
		if _, listed := findOpen(list, dir); listed {
			continue
		}
		if err := o.nameForeign(dir); err != nil {
			found++
			errs = append(errs, err)
		}
	}
	if found == 0 && err == nil {
		_, _ = fmt.Fprintln(o.Log, "no run is open: nothing is left behind")
	}
	return errors.Join(errs...)
}

// leftAlone says that a run is alive, and the whole command that stops it.
func leftAlone(dir string) string {
	return "the run is alive: left alone; to stop it: blastgauge recover --stop " + manual.Quote(dir)
}

// errUnread is the error of class [engine.ErrNotRemoved] for a list, or entries of it, that
// cannot be read: it says what a person can do. Nil where the whole list was read.
func errUnread(err error) error {
	if err == nil {
		return nil
	}
	var steps strings.Builder
	for _, e := range entryErrors(err) {
		fmt.Fprintf(&steps, "\nthen take run %s off the list with\n  rm -f %s", shown(e.Run), manual.Quote(e.File))
	}
	return fmt.Errorf("%w: %w: which faults are left is not known; for each server that was used\n  blastgauge recover --toxiproxy URL\nand for each directory of a run, whose files are put back\n  blastgauge recover --trust DIR%s", engine.ErrNotRemoved, err, steps.String())
}

// entryErrors lists the entries that an error of the list is about.
func entryErrors(err error) []*journal.EntryError {
	var found []*journal.EntryError
	switch e := err.(type) { //nolint:errorlint // it walks the tree itself, to find each one
	case *journal.EntryError:
		return []*journal.EntryError{e}
	case interface{ Unwrap() []error }:
		for _, part := range e.Unwrap() {
			found = append(found, entryErrors(part)...)
		}
	case interface{ Unwrap() error }:
		return entryErrors(e.Unwrap())
	}
	return found
}

// nameForeign returns an error that names a directory which is not in the registry, if
// its run may have left something.
func (o Options) nameForeign(dir string) error {
	root, err := atomicfile.OpenDir(dir)
	if err != nil {
		return nil //nolint:nilerr // not a directory
	}
	defer func() { _ = root.Close() }() // nothing is written
	alive, err := journal.Alive(root)
	if err != nil {
		return nil //nolint:nilerr // not a run
	}
	if alive {
		o.logf(dir)("%s", leftAlone(dir))
		return nil
	}
	left, err := journal.ReadLeftovers(root)
	if err != nil || !mayHaveLeft(left) {
		return nil //nolint:nilerr // not a run
	}
	return fmt.Errorf("%w: %s: it may have left faults, and it is not in your list of open runs: look at it with `blastgauge recover %s`", experiments.ErrRefused, shown(dir), manual.Quote(dir))
}

// findOpen finds the open run that has a directory.
func findOpen(list []journal.OpenRun, dir string) (journal.OpenRun, bool) {
	info, err := os.Stat(dir)
	abs, _ := filepath.Abs(dir) // without a working directory only the first way finds it
	for _, open := range list {
		other, failed := os.Stat(open.Dir)
		if err == nil && failed == nil && os.SameFile(info, other) || err != nil && open.Dir == abs {
			return open, true
		}
	}
	return journal.OpenRun{}, false
}

// Run cleans up after the run in dir: it removes every fault that is not proven gone,
// and writes beside the journal what it did. It may be called any number of times. What
// the run was going to do is taken from the registry. A directory that is not there is
// only shown, and needs o.Trust for more.
//
// The error is of class [engine.ErrNotRemoved] where a fault may still be in force,
// of class [journal.ErrAlive] and [experiments.ErrRefused] for a run that is alive
// where o.Stop is not set, and of class [experiments.ErrRefused] for one that is not in
// the registry.
func Run(ctx context.Context, dir string, o Options) (err error) {
	o = o.withDefaults()
	list, unread := o.Registry.All()
	if open, listed := findOpen(list, dir); listed {
		open.Dir = dir // as the caller names it
		return o.recoverOpen(ctx, open)
	}
	defer nameDir(&err, dir)
	root, err := atomicfile.OpenDir(dir)
	if err != nil {
		return fmt.Errorf("not a run directory: %w", err)
	}
	defer func() { _ = root.Close() }() // what is written is synced
	err = o.runForeign(ctx, dir, root)
	if errors.Is(err, experiments.ErrRefused) && unread != nil {
		err = fmt.Errorf("%w (%w)", err, unread)
	}
	return err
}

// openRun finds a run in the registry by its name.
func (o Options) openRun(run string) (journal.OpenRun, bool) {
	list, _ := o.Registry.All() // an entry that cannot be read is not this run's
	i := slices.IndexFunc(list, func(open journal.OpenRun) bool { return open.Run == run })
	if i < 0 {
		return journal.OpenRun{}, false
	}
	return list[i], true
}

// nameDir puts before an error which directory it is about.
func nameDir(err *error, dir string) {
	if *err != nil {
		*err = fmt.Errorf("%s: %w", shown(dir), *err)
	}
}

// recoverOpen cleans up after an open run of this user, or stops it.
func (o Options) recoverOpen(ctx context.Context, open journal.OpenRun) (err error) {
	defer nameDir(&err, open.Dir)
	r, err := o.rollbackOf(open)
	if err != nil {
		return err
	}
	if r.root != nil {
		defer func() { _ = r.root.Close() }() // what is written is synced
	}
	alive, err := r.isAlive()
	switch {
	case err != nil:
		return err
	case alive && r.records() == nil:
		return fmt.Errorf("%w: %w, and its directory is gone: end process %d in good order", experiments.ErrRefused, journal.ErrAlive, open.PID)
	case alive && o.Stop:
		return r.stop(ctx)
	case alive:
		return errAlive(open.Dir)
	case o.Recreate != "":
		if err := r.recreate(ctx, o.Recreate); err != nil {
			return err
		}
	}
	return r.cleanUpInTurn(ctx)
}

func errAlive(dir string) error {
	return fmt.Errorf("%w: %w: Ctrl-C stops it, and so does `blastgauge recover --stop %s`", experiments.ErrRefused, journal.ErrAlive, manual.Quote(dir))
}

// rollbackOf prepares to remove what an open run left behind.
func (o Options) rollbackOf(open journal.OpenRun) (*rollback, error) {
	r := &rollback{by: "recover", open: open, dir: open.Dir, registry: o.Registry, getenv: o.Getenv, ended: o.ServerEnded, keep: o.KeepFiles, logf: o.logf(open.Dir)}
	token := cmp.Or(o.Token, open.Server.Token)
	var err error
	switch {
	case open.Toxiproxy == "": // it was part of the run
	case open.Plan == nil: // an entry of an older version
		r.fleet, err = o.fleet(open.Toxiproxy, token)
	default:
		r.fleet, err = injectorset.NewFleet(&open.Plan.System, token, o.Getenv, nil)
	}
	if err != nil {
		return nil, err
	}
	if open.Plan != nil && r.fleet != nil {
		r.fleet.MarkKnown(open.Plan)
		r.fleet.NeedOnly(open.Plan)
	}
	root, err := atomicfile.OpenDir(open.Dir)
	switch {
	case err == nil:
		r.root = root
	case !errors.Is(err, fs.ErrNotExist):
		r.logf("its directory cannot be read, and counts as gone: %v", err)
	}
	return r, nil
}

// cleanUpInTurn waits while the run's watchdog cleans up, and then removes what is
// left.
func (r *rollback) cleanUpInTurn(asked context.Context) error {
	ctx, cancel := context.WithTimeout(asked, turnTimeout)
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
			if errors.Is(asked.Err(), context.Canceled) {
				return fmt.Errorf("%w: %w", engine.ErrNotRemoved, err)
			}
			return r.removeOutOfTurn(context.WithoutCancel(asked), err)
		}
	}
}

// removeOutOfTurn removes what is left although another process is at it and does not
// come to an end, as one that is stopped. Each step can be taken twice, and a fault must
// not stay in force for want of a record. The run stays listed.
func (r *rollback) removeOutOfTurn(ctx context.Context, busy error) error {
	left, err := r.leftovers()
	if err == nil {
		_, err = r.removeAll(ctx, left)
	}
	return errors.Join(err, fmt.Errorf("%w: %w and does not come to an end, as if it were stopped, so nothing was recorded: end it with kill -9 (in a list of processes the guard of the run is `blastgauge guard %s`), and then\n  blastgauge recover %s",
		engine.ErrNotRemoved, busy, shown(r.dir), r.argument()))
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

// fenceAndAwaitEnd stops a run that is alive and not in the registry. It removes
// nothing: that is for the run to do.
func (r *rollback) fenceAndAwaitEnd(ctx context.Context) error {
	if err := r.fence("a person asked for it"); err != nil {
		return err
	}
	r.logf("the run is alive: fenced off, it injects nothing more")
	if err := r.awaitEnd(ctx, stopTimeout); err != nil {
		return fmt.Errorf("%w: %w", engine.ErrNotRemoved, err)
	}
	r.logf("the run has ended")
	return nil
}

// recreate deletes a proxy of the run's plan and makes it again.
func (r *rollback) recreate(ctx context.Context, proxy string) error {
	if r.open.Plan == nil {
		return usage.Errorf("--recreate: nothing says which proxies the run used; give the server with --toxiproxy URL")
	}
	for _, e := range r.open.Plan.Experiments {
		for _, f := range e.Faults {
			if f.Proxy != proxy || r.fleet == nil {
				continue
			}
			left, err := r.leftovers()
			if err != nil {
				return err
			}
			r.findServers(left)
			made, err := r.fleet.Recreate(ctx, f)
			for _, url := range made {
				r.logf("proxy %s was deleted and made again at %s", shown(proxy), shown(WithoutCredentials(url)))
			}
			if err != nil {
				return fmt.Errorf("%w: %w", engine.ErrNotRemoved, err)
			}
			if len(made) == 0 {
				r.logf("proxy %s was left as it is: the fault on it is gone from every Toxiproxy", shown(proxy))
			}
			return nil
		}
	}
	return usage.Errorf("--recreate: the run has no fault on a proxy %s", proxy)
}
