package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/demo"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/livepage"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/output"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/version"
	"github.com/blastgauge/blastgauge/examples/checkout"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
)

type demoOptions struct {
	demo.Flags
	progress string
	live     livepage.Flags
}

func newDemo(a *app) *cobra.Command {
	var o demoOptions
	cmd := &cobra.Command{
		Use:   "demo [EXPERIMENT...] | --scan [DEPENDENCY...] | --serve DIR",
		Short: "Break the dependencies of a small web shop, twice, and see what that harms",
		Long:  help("demo"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkProgress(o.progress); err != nil {
				return err
			}
			o.Arguments = args
			if err := o.Check(cmd.Flags().Changed); err != nil {
				return err
			}
			if o.Serve != "" {
				return a.withStores(cmd.Context(), o, a.serveDemo)
			}
			return a.withStores(cmd.Context(), o, a.runDemo)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.Scan, "scan", false, "map what each dependency harms, of one shop after the other, instead of running experiments")
	f.StringVar(&o.Budget, "budget", "", "with --scan, how long the scan of one shop may take at most, as `TIME` (default: "+figures.Span(demo.ScanBudget)+")")
	f.StringVar(&o.Serve, "serve", "", "start the shop, write its documents into `DIR`, and wait")
	f.StringVar(&o.Storefront, "storefront", checkout.Naive, "with --serve, the shop's `BUILD`: naive or hardened")
	completeFlag(cmd, "storefront", cobra.FixedCompletions([]string{checkout.Naive, checkout.Hardened}, cobra.ShellCompDirectiveNoFileComp))
	f.StringVar(&o.Toxiproxy, "toxiproxy", "", "with --serve, use the Toxiproxy at this `URL` instead of one of our own")
	f.StringVar(&o.Stores.Redis, "redis", "", "keep carts in the Redis at `ADDRESS` (host:port or URL); start: in one that the demo starts")
	f.StringVar(&o.Stores.Postgres, "postgres", "", "keep orders in the PostgreSQL at `URL`; start: in one that the demo starts")
	f.StringVar(&o.Out, "out", "", "`DIR` for the two runs (default: .blastgauge/runs)")
	f.Float64Var(&o.Rate, "rate", demo.Rate, "`N` journeys per second, of each kind on each shop (with --scan: 80): fewer are easier for a slow machine, and tell less")
	setFlag(cmd, &o.Set)
	progressFlag(cmd, &o.progress)
	liveFlags(cmd, &o.live)
	return cmd
}

// withStores does work while the stores run that the demo starts itself.
func (a *app) withStores(ctx context.Context, o demoOptions, work func(context.Context, demoOptions) error) (err error) {
	stores, servers, err := demo.StartStores(ctx, o.Stores)
	defer func() { err = errors.Join(err, servers.Close()) }()
	if err != nil {
		return err
	}
	o.Stores = stores
	err = work(ctx, o)
	if errors.Is(err, checkout.ErrAddress) {
		return usage.Error{Err: err}
	}
	return err
}

// serveDemo starts one shop and waits until it is interrupted.
func (a *app) serveDemo(ctx context.Context, o demoOptions) (err error) {
	env, err := demo.Start(ctx, demo.EnvironmentOptions{
		Dir: o.Serve, Storefront: o.Storefront, Stores: o.Stores, Toxiproxy: o.Toxiproxy, SettingsFile: true, Version: version.Current(),
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, env.Close()) }()
	a.printf("%s", env.Served(o.Storefront))
	a.serves.Store(true)
	<-ctx.Done()
	return stoppedByUser(ctx)
}

// runDemo runs the experiments on both shops.
func (a *app) runDemo(ctx context.Context, o demoOptions) (err error) {
	documents, err := os.MkdirTemp("", "blastgauge-demo-")
	if err != nil {
		return err
	}
	a.scratch.Store(&documents)
	defer func() { err = errors.Join(err, os.RemoveAll(documents)) }()
	options, err := a.runOptions(runOptions{})
	if err != nil {
		return err
	}
	perform := demo.Run
	if o.Scan {
		perform = demo.Scan
	}
	labels := []string{checkout.Naive, checkout.Hardened}
	served, err := o.live.Serve(ctx, livepage.Options{Labels: labels, Getenv: a.getenv, Logf: a.logf})
	if err != nil {
		return err
	}
	defer served.Close("", nil, 0)
	return perform(ctx, demo.Options{
		Flags: o.Flags, Documents: documents, Version: version.Current(), Commit: plan.CommitUnderTest(a.getenv),
		Run: options, Screen: a.screen(o.progress, labels...), Live: served, Stdout: a.stdout, Color: a.console().Color(""),
		SkipReports: func() bool { return !a.hurry.Begin() },
		WriteReports: func(out *run.Outcome) (string, error) {
			return filepath.Join(out.Dir, output.ReportFile), output.WriteRunFiles(out.Dir, out.Result)
		},
	})
}

// stoppedByUser returns nil where an interrupt ended the work, which is how a server is
// meant to end.
func stoppedByUser(ctx context.Context) error {
	if _, ok := errors.AsType[*engine.Interrupt](context.Cause(ctx)); ok {
		return nil
	}
	return context.Cause(ctx)
}
