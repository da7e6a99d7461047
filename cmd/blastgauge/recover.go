package main

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/experiments/run/cleanup"
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
again: all its connections and toxics are lost, also those of others. If the
deletion hangs as well, the server has to be restarted.

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
	options := cleanup.Options{
		Registry: journal.UserRegistry(a.getenv), Getenv: a.getenv, Token: o.token, Stop: o.stop, Recreate: o.recreate, Log: a.stdout,
	}
	switch {
	case o.url != "":
		return cleanup.Server(ctx, o.url, options)
	case len(dirs) == 0:
		below, err := filepath.Glob(filepath.Join(run.DefaultRuns, "*"))
		return errors.Join(err, cleanup.All(ctx, below, options))
	}
	var errs []error
	for _, dir := range dirs {
		errs = append(errs, cleanup.Run(ctx, dir, options))
	}
	return errors.Join(errs...)
}
