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
		Long:  help("recover"),
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
