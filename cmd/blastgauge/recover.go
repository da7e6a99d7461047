package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
)

type recoverOptions struct {
	all      bool
	stop     bool
	url      string
	recreate string
	token    string
}

func newRecover(a *app) *cobra.Command {
	var o recoverOptions
	cmd := &cobra.Command{
		Use:   "recover [DIR... | --all | --stop DIR | --toxiproxy URL]",
		Short: "Remove the faults that runs left behind when they died",
		Long: `Recover reads the journal in a run's directory, removes every fault that is not
proven gone, reads back that it is, and writes what it did beside the journal.
Without a directory it does so for every open run of this user.

A run that is alive is left alone, unless --stop is given: that is the emergency
stop from another terminal. The run's faults are removed, it injects nothing more,
and it ends as invalid.

With --toxiproxy no journal is needed: toxics of blastgauge's are known by their
names. A proxy that a run took down on a stock Toxiproxy is not.

With --recreate PROXY a proxy of a stock Toxiproxy that hangs is deleted and made
again: with it go all its connections and toxics, whoever's. Should the deletion
hang as well, the server has to be restarted.

Running it twice, or beside the guard of a run that died, does no harm.

Exit status:
  0    nothing is left
  1    error of the tool or its environment
  2    invalid flags
  6    a run is alive and was left alone
  7    clean-up incomplete: a fault may still be active
`,
		Example: `  blastgauge recover
  blastgauge recover .blastgauge/runs/20261124t140200z-7f3a9c
  blastgauge recover --stop .blastgauge/runs/20261124t140200z-7f3a9c
  blastgauge recover --toxiproxy http://127.0.0.1:8474`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(args); err != nil {
				return err
			}
			return a.recoverCommand(cmd.Context(), o, args)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.all, "all", false, "all open runs of this user, and those below the working directory (the default)")
	f.BoolVar(&o.stop, "stop", false, "stop the run in DIR if it is alive")
	f.StringVar(&o.url, "toxiproxy", "", "remove all toxics of blastgauge's from the server at `URL`")
	f.StringVar(&o.recreate, "recreate", "", "delete `PROXY` and make it again, where nothing else helps")
	tokenFlags(cmd, &o.token, apiToken)
	return cmd
}

// check refuses flags that contradict each other.
func (o recoverOptions) check(dirs []string) error {
	switch {
	case o.all && (len(dirs) > 0 || o.stop || o.url != "" || o.recreate != ""):
		return usagef("--all goes with nothing else")
	case o.url != "" && (len(dirs) > 0 || o.stop):
		return usagef("--toxiproxy is for a server without a run directory")
	case o.stop && len(dirs) == 0:
		return usagef("--stop: the DIR of the run is needed")
	case o.recreate != "" && (o.stop || o.url == "" && len(dirs) != 1):
		return usagef("--recreate: one DIR or --toxiproxy URL is needed")
	}
	return nil
}

func (a *app) recoverCommand(ctx context.Context, o recoverOptions, dirs []string) error {
	switch {
	case o.url != "":
		return a.recoverServer(ctx, o)
	case len(dirs) == 0:
		return a.recoverAll(ctx, o)
	}
	var errs []error
	for _, dir := range dirs {
		errs = append(errs, a.recoverRun(ctx, dir, o))
	}
	return errors.Join(errs...)
}

// recoverAll tidies up after every open run, and after those below the working
// directory that are on no list.
func (a *app) recoverAll(ctx context.Context, o recoverOptions) error {
	list, err := a.listing().All()
	errs := []error{err}
	dirs := []string{}
	for _, open := range list {
		if gone(open) {
			errs = append(errs, a.recoverLost(ctx, open, o))
			continue
		}
		dirs = append(dirs, open.Dir)
	}
	dirs = append(dirs, unlisted(dirs)...)
	for _, dir := range dirs {
		err := a.recoverRun(ctx, dir, o)
		if errors.Is(err, journal.ErrAlive) {
			fmt.Fprintf(a.stdout, "%s: the run is alive: left alone (--stop stops it)\n", dir)
			continue
		}
		errs = append(errs, err)
	}
	if len(list)+len(dirs) == 0 {
		fmt.Fprintln(a.stdout, "no run is open: nothing is left behind")
	}
	return errors.Join(errs...)
}

// unlisted are the run directories below the working directory that hold
// anything to recover and are not known already.
func unlisted(known []string) []string {
	seen := map[string]bool{}
	for _, dir := range known {
		seen[dir] = true
	}
	found, err := filepath.Glob(filepath.Join(defaultRuns, "*", journal.EventsFile))
	if err != nil {
		return nil
	}
	var list []string
	for _, file := range found {
		dir := filepath.Dir(file)
		if abs, err := filepath.Abs(dir); err != nil || seen[abs] {
			continue
		}
		root, err := os.OpenRoot(dir)
		if err != nil {
			continue
		}
		if left, err := journal.ReadLeft(root); err == nil && len(left.Faults) > 0 {
			list = append(list, dir)
		}
		root.Close() //nolint:errcheck // nothing is written
	}
	return list
}

// recoverRun tidies up after one run.
func (a *app) recoverRun(ctx context.Context, dir string, o recoverOptions) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s: %w", dir, err)
		}
	}()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("not a run directory: %w", err)
	}
	defer root.Close() //nolint:errcheck // what is written is synced
	alive, err := journal.Alive(root)
	if err != nil {
		return err
	}
	s, left, err := a.salvageOf(dir, root, o.token)
	switch {
	case err != nil:
		return err
	case alive && o.stop:
		return a.stopRun(ctx, s, dir)
	case alive:
		return fmt.Errorf("%w: %w: Ctrl-C stops it, and so does `blastgauge recover --stop %s`", experiments.ErrRefused, journal.ErrAlive, dir)
	case o.recreate != "":
		if err := s.recreate(ctx, left, o.recreate); err != nil {
			return err
		}
	case left != nil && left.Ended && len(left.Faults) == 0 && !a.listed(s.run):
		if left.Undone > 0 {
			s.sayUndone(left)
		} else {
			s.say("the run ended and left no fault behind")
		}
		return nil
	}
	return s.tidyInTurn(ctx)
}

func (a *app) listed(run string) bool {
	list, _ := a.listing().All() // an entry that cannot be read is not this run's
	for _, open := range list {
		if open.Run == run {
			return true
		}
	}
	return false
}

// salvageOf prepares to take back what the run in dir left behind. A run without
// a plan injected nothing; what is left of it is nil.
func (a *app) salvageOf(dir string, root *os.Root, token string) (*salvage, *journal.Left, error) {
	s := &salvage{by: "recover", dir: dir, root: root, listing: a.listing(), env: a.getenv}
	s.say = func(format string, args ...any) { fmt.Fprintf(a.stdout, dir+": "+format+"\n", args...) }
	left, err := journal.ReadLeft(root)
	if errors.Is(err, journal.ErrNoPlan) {
		return s, nil, a.adopt(s, token)
	}
	if err != nil {
		return nil, nil, err
	}
	s.run = left.Plan.Run
	if token == "" {
		token = left.Toxiproxy.Token
	}
	if left.Toxiproxy.Kind == experiments.Embedded {
		return s, left, nil
	}
	s.hands.driver, err = newDriver(&left.Plan.System, token, nil)
	return s, left, err
}

// adopt finds out from the list of open runs what a journal without a plan does
// not tell: whose it is.
func (a *app) adopt(s *salvage, token string) error {
	dir, err := filepath.Abs(s.dir)
	if err != nil {
		return err
	}
	list, err := a.listing().All()
	for _, open := range list {
		if open.Dir == dir {
			s.run = open.Run
			if open.Toxiproxy == "" {
				continue
			}
			s.hands.driver, err = urlDriver(open.Toxiproxy, token, open.Token)
		}
	}
	return err
}

// tidyInTurn is tidy for a person: it waits while the run's guard is at it, and
// then sees what is left.
func (s *salvage) tidyInTurn(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, turnIn)
	defer cancel()
	for told := false; ; told = true {
		err := s.tidy(ctx)
		if !errors.Is(err, journal.ErrBusy) {
			return err
		}
		if !told {
			s.say("somebody else, such as its guard, is at it: waiting")
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", engine.ErrNotRemoved, err)
		}
	}
}

// turnIn is the time for the guard's attempt and for one of ours after it.
const turnIn = 2*removalIn + 2*dropIn

// stopRun is the emergency stop of a run that is alive.
func (a *app) stopRun(ctx context.Context, s *salvage, dir string) error {
	if err := s.fence("a person asked for it"); err != nil {
		return err
	}
	s.say("the run is alive: fenced off, it injects nothing more")
	swept := s.sweep(ctx) // the run itself does so as well, if it can
	if err := s.awaitEnd(ctx, stopIn); err != nil {
		if errors.Is(err, journal.ErrAlive) && swept == nil {
			s.say("the run does not end, as if it were stopped or hung: its guard stays with it")
			return nil
		}
		return errors.Join(swept, err)
	}
	s.say("the run has ended")
	return s.tidyInTurn(ctx)
}

// stopIn is the time for a run that was fenced off to remove its faults and to
// end.
const stopIn = removalIn + 5*time.Second

// recreate deletes a proxy of the run's plan and makes it again.
func (s *salvage) recreate(ctx context.Context, left *journal.Left, proxy string) error {
	if left == nil {
		return usagef("--recreate: the run died before it injected anything")
	}
	for _, e := range left.Plan.Experiments {
		for _, f := range e.Faults {
			if f.Proxy != proxy || s.hands.driver == nil {
				continue
			}
			if err := s.hands.driver.Recreate(ctx, proxy, f.Listen, f.Upstream); err != nil {
				return fmt.Errorf("%w: %w", engine.ErrNotRemoved, err)
			}
			s.say("proxy %s was deleted and made again: %s to %s", proxy, f.Listen, f.Upstream)
			return nil
		}
	}
	return usagef("--recreate: the run has no fault on a proxy %s", proxy)
}
