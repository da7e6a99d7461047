package main

import (
	"context"
	"errors"
	"math"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/runs"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments/history"
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
	trust    bool
	ended    bool
	keep     bool
	file     string // of the system
}

func newRecover(a *app) *cobra.Command {
	var o recoverOptions
	cmd := &cobra.Command{
		Use:   "recover [DIR... | --all | --stop DIR | --trust DIR | --server-ended DIR | --keep-files DIR | --toxiproxy URL]",
		Short: "Remove the faults that runs left behind when they died",
		Long: `Recover removes every fault of a run that is not proven gone, reads back that it
is, and writes what it did beside the run's journal. What the run was going to do is
in this user's list of open runs; the journal proves what is gone. Without a
directory it does so for every run in that list.

DIR is a directory, or the id of a run below .blastgauge/runs, or latest, the newest
run there that is over, or latest~1, the one before it, and so on. With --stop latest
is the newest run, whether it is over or alive.

A directory that is not in the list may be anybody's: it may have come with a cloned
repository. It is named, or shown with what it would have done, and no more. With
--trust that is done, as far as this user allows it: only hosts that the system FILE
of -f allows are reached (without it, this machine and *.test), the token is the one
that a flag names, only reload requests of the experiments beside FILE are sent, and
only files that carry the mark of the fault are put back.

A run that is alive is left alone, unless --stop is given: that is the emergency
stop from another terminal. The run's faults are removed, it injects nothing more,
and it ends as invalid.

With --toxiproxy no journal is needed: toxics of blastgauge's are known by their
names. A proxy that a run took down on a stock Toxiproxy is not.

A stock Toxiproxy that refuses connections has ended, and its faults with it, or it
is out of reach, such as behind a tunnel that was closed. Only you know which: with
--server-ended the faults count as gone.

A file that is not what it was when its run began is named, also where everything is
gone that could restore it. If it is right as it is, say so with --keep-files: a file
of the run that is neither the original nor what the fault made of it is left alone.

With --recreate PROXY a proxy of a stock Toxiproxy that hangs is deleted and made
again: all its connections and toxics are lost, also those of others. If the
deletion hangs as well, the server has to be restarted.

Running it twice, or beside the guard of a run that died, does no harm.

Exit status:
  0    nothing is left, but for runs that are alive where no DIR was given
  1    error of the tool or its environment, such as a DIR that is no run's, or a
       server at URL that is not there
  2    invalid flags, a system FILE that is missing or wrong, or a token that cannot
       be read
  6    the run in DIR is alive, or a run is not in the list, and was left alone
  7    clean-up incomplete: a fault may still be active, also after an interrupt
  129, 130, 143   interrupted (HUP, INT, TERM) before it began, or with all faults gone

Of several runs the gravest counts: 7, then 2, 6, and 1.
`,
		Example: `  blastgauge recover
  blastgauge recover .blastgauge/runs/20261124t140200z-7f3a9c
  blastgauge recover --stop .blastgauge/runs/20261124t140200z-7f3a9c
  blastgauge recover --trust artefact/run -f blastgauge.yaml
  blastgauge recover --stop latest
  blastgauge recover --toxiproxy http://127.0.0.1:8474`,
		ValidArgsFunction: completeRuns(math.MaxInt),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(args); err != nil {
				return err
			}
			return a.recoverCommand(cmd.Context(), o, args)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.all, "all", false, "all open runs of this user, and the names of others below the working directory (the default)")
	f.BoolVar(&o.stop, "stop", false, "stop the run in DIR if it is alive")
	f.BoolVar(&o.trust, "trust", false, "clean up after the run in DIR although it is not in this user's list")
	f.BoolVar(&o.ended, "server-ended", false, "the server of the run in DIR has ended, and its faults with it")
	f.BoolVar(&o.keep, "keep-files", false, "the files of the run in DIR are right as they are")
	f.StringVarP(&o.file, "file", "f", "", "with --trust: the system `FILE` that says which hosts may be reached")
	f.StringVar(&o.url, "toxiproxy", "", "remove all toxics of blastgauge's from the server at `URL`, or from all behind dns://NAME:PORT")
	f.StringVar(&o.recreate, "recreate", "", "delete `PROXY` and make it again, where nothing else helps")
	tokenFlags(cmd, &o.token, apiToken)
	return cmd
}

// check refuses flags that contradict each other.
func (o recoverOptions) check(dirs []string) error {
	switch {
	case o.all && (len(dirs) > 0 || o.stop || o.trust || o.ended || o.keep || o.url != "" || o.recreate != ""):
		return usage.Errorf("--all goes with nothing else")
	case o.url != "" && (len(dirs) > 0 || o.stop || o.keep):
		return usage.Errorf("--toxiproxy is for a server without a run directory")
	case o.trust && len(dirs) == 0:
		return usage.Errorf("--trust: the DIR of the run is needed")
	case o.ended && len(dirs) == 0:
		return usage.Errorf("--server-ended: the DIR of the run is needed")
	case o.keep && len(dirs) == 0:
		return usage.Errorf("--keep-files: the DIR of the run is needed")
	case o.keep && o.stop:
		return usage.Errorf("--keep-files is for a run that has died, and --stop for one that is alive")
	case o.file != "" && !o.trust:
		return usage.Errorf("-f goes with --trust only: the plan of a run in the list says which hosts may be reached")
	case o.stop && len(dirs) == 0:
		return usage.Errorf("--stop: the DIR of the run is needed")
	case o.recreate != "" && (o.stop || o.url == "" && len(dirs) != 1):
		return usage.Errorf("--recreate: one DIR or --toxiproxy URL is needed")
	}
	return nil
}

func (a *app) recoverCommand(ctx context.Context, o recoverOptions, dirs []string) error {
	options := cleanup.Options{
		Registry: journal.UserRegistry(a.getenv), Getenv: a.getenv, Token: o.token, Stop: o.stop, Recreate: o.recreate, ServerEnded: o.ended, KeepFiles: o.keep, Log: a.stdout,
	}
	if o.trust {
		err := readNamed(ctx, func() (err error) {
			options.Trust, err = cleanup.LoadTrust(o.file, a.getenv)
			return err
		})
		if err != nil {
			return err
		}
	}
	switch {
	case o.url != "":
		return cleanup.Server(ctx, o.url, options)
	case len(dirs) == 0:
		below, err := filepath.Glob(filepath.Join(run.DefaultRuns, "*"))
		return errors.Join(err, cleanup.All(ctx, below, options))
	}
	var errs []error
	for _, named := range dirs {
		dir, err := history.FindToRecover(runs.Dir(nil), named, o.stop)
		if err == nil {
			err = cleanup.Run(ctx, dir, options)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
