package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/ending"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/scanning"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/version"
	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run"
)

func newScan(a *app) *cobra.Command {
	var o runOptions
	var f scanning.Flags
	cmd := &cobra.Command{
		Use:   "scan [DEPENDENCY...] [-- COMMAND ARG...]",
		Short: "Break every dependency in every way, and map what that harms; needs no experiment",
		Long:  help("scan"),
		Example: `  blastgauge scan
  blastgauge scan payments carts --budget 5m
  blastgauge scan --faults hang,refuse --no-thresholds -o text -o json=scan.json
  blastgauge scan --since latest --write experiments
  blastgauge scan -- docker compose up`,
		ValidArgsFunction: func(_ *cobra.Command, args []string, begins string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return o.offers().Dependencies(args, begins), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			f.Dependencies, o.command = splitCommand(cmd, args)
			return a.scan(cmd.Context(), o, f)
		},
	}
	o.fileFlags(cmd)
	o.seedFlag(cmd)
	scanFlags(cmd, &f)
	o.runFlags(cmd)
	return cmd
}

// scanFlags adds the flags that say what a scan tries, and what it does with what it found.
func scanFlags(cmd *cobra.Command, f *scanning.Flags) {
	flags := cmd.Flags()
	flags.StringVar(&f.Budget, "budget", "", "how long the scan may take at most, as `TIME` (default: "+figures.Span(plan.DefaultBudget)+", or caps.duration of the system file if that is less)")
	flags.StringSliceVar(&f.Modes, "faults", nil, "only these ways to fail, as `MODE,...`: hang, refuse, slow, error, error-after, reset")
	flags.StringVar(&f.Limit, "limit", "", "the `SHARE` of journeys that a fault may harm, such as 5%, of every journey (default: as the system file says)")
	flags.BoolVar(&f.NoThresholds, "no-thresholds", false, "search no breaking points")
	flags.BoolVar(&f.NoPairs, "no-pairs", false, "break no dependency together with the one that stands in for it")
	flags.StringVar(&f.Since, "since", "", "take over what still holds of an earlier scan, `RUN`: its id, its directory or latest")
	flags.StringVar(&f.Write, "write", "", "write an experiment for each weakness into `DIR`; nothing there is overwritten")
	completeFlag(cmd, "since", completeRuns(1))
	completeFlag(cmd, "faults", func(_ *cobra.Command, _ []string, begins string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return scanning.Modes(begins), cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
	})
}

// scan plans a scan, performs it as a run, and writes the experiments of what it found.
func (a *app) scan(ctx context.Context, o runOptions, f scanning.Flags) error {
	options, err := f.Options()
	if err != nil {
		return err
	}
	options.Seed, options.Version, options.Commit = o.seed, version.Current(), plan.CommitUnderTest(a.getenv)
	if o.earlier, err = f.Earlier(); err != nil {
		return err
	}
	var loaded *plan.Loaded
	load := func() (*plan.Loaded, error) {
		err := readNamed(ctx, func() (err error) {
			loaded, err = plan.LoadScan(experiments.Selection{SystemFile: o.file, Outside: experiments.Outside{Getenv: a.getenv, Set: o.set, Silent: bool(o.silent)}}, options, a.getenv)
			return err
		})
		return loaded, err
	}
	var more []ending.More
	if f.Write != "" {
		more = append(more, ending.More{
			Do:      func(out *run.Outcome) error { return f.WriteFindings(loaded.Plan, out.Result.Scan, a.logf) },
			Skipped: "nothing was written into " + f.Write + " either; what holds of this scan is written with: blastgauge scan --since latest --write " + f.Write,
		})
	}
	return a.runCommand(ctx, o, load, more...)
}
