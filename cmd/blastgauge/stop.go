package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/author"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/runs"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/history"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/run/stop"
)

type stopOptions struct {
	stop.Options
	file                 string // of the system
	set                  []string
	block                string // the reason
	all, unblock, status bool
}

func newStop(a *app) *cobra.Command {
	var o stopOptions
	cmd := &cobra.Command{
		Use:   "stop [RUN | DIR | latest | --all | --unblock | --status]",
		Short: "Stop runs that go on, and block new ones until that is lifted",
		Long:  help("stop"),
		Example: `  blastgauge stop
  blastgauge stop latest --why "incident 4711"
  blastgauge stop --all --block "incident 4711" -f blastgauge.yaml
  blastgauge stop --status --toxiproxy http://127.0.0.1:8474
  blastgauge stop --unblock -f blastgauge.yaml`,
		Args:              atMost(1),
		ValidArgsFunction: completeRuns(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(cmd, args); err != nil {
				return err
			}
			return a.stop(cmd.Context(), o, args)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Why, "why", "", "`TEXT` for the report: why the run is stopped")
	f.StringVar(&o.By, "by", "", "`NAME` for the report (default: the user's)")
	f.BoolVar(&o.all, "all", false, "all runs of this user that go on here")
	f.StringVar(&o.block, "block", "", "with --all: let no run begin until it is lifted, for this `REASON`")
	f.BoolVar(&o.unblock, "unblock", false, "lift a block")
	f.BoolVar(&o.status, "status", false, "print what is blocked, and which runs go on")
	f.StringVarP(&o.file, "file", "f", "", "also the Toxiproxies of the system `FILE`")
	setFlag(cmd, &o.set)
	f.StringArrayVar(&o.Servers, "toxiproxy", nil, "also the Toxiproxy at `URL`, or all behind dns://NAME:PORT; repeatable")
	f.BoolVar(&o.NoWait, "no-wait", false, "do not wait until the run is over")
	tokenFlags(cmd, &o.Token, apiToken)
	return cmd
}

// check refuses flags that contradict each other.
func (o stopOptions) check(cmd *cobra.Command, args []string) error {
	blocks, servers := cmd.Flags().Changed("block"), o.file != "" || len(o.Servers) > 0
	switch {
	case len(args) > 0 && (o.all || o.unblock || o.status):
		return usage.Errorf("%q names a run: --all, --unblock and --status are for all", args[0])
	case o.unblock && (o.all || o.status), o.status && o.all:
		return usage.Errorf("--all, --unblock and --status are three commands: give one of them")
	case blocks && strings.TrimSpace(o.block) == "":
		return usage.Errorf("--block needs a reason, such as \"incident 4711\": whoever is refused reads it")
	case blocks && !o.all:
		return usage.Errorf("--block stops all runs: say so with --all")
	case servers && !o.all && !o.unblock && !o.status:
		return usage.Errorf("-f and --toxiproxy go with --all, --unblock or --status")
	}
	return nil
}

func (a *app) stop(ctx context.Context, o stopOptions, args []string) error {
	o.Registry, o.Getenv, o.Out = journal.UserRegistry(a.getenv), a.getenv, a.stdout
	if o.By == "" {
		o.By = author.Name(a.getenv)
	}
	if o.file != "" {
		err := readNamed(ctx, func() (err error) {
			o.System, err = experiments.Outside{Getenv: a.getenv, Set: o.set}.LoadSystem(o.file)
			return err
		})
		if err != nil {
			return err
		}
	}
	switch {
	case o.unblock:
		return stop.Unblock(ctx, o.Options)
	case o.status:
		return stop.PrintStatus(ctx, o.Options)
	case o.block != "":
		o.Why = o.block
		return stop.Block(ctx, o.Options)
	case o.all:
		return stop.All(ctx, o.Options)
	}
	dir, err := a.runToStop(o, args)
	if err != nil {
		return err
	}
	return stop.Run(ctx, dir, o.Options)
}

// runToStop is the directory of the run that is named, or of the one that goes on.
func (a *app) runToStop(o stopOptions, args []string) (string, error) {
	if len(args) == 0 {
		return stop.One(o.Options)
	}
	if dir := stop.Find(o.Options, args[0]); dir != "" {
		return dir, nil
	}
	return history.FindToRecover(runs.Dir(nil), args[0], true)
}
