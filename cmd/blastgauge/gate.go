package main

import (
	"context"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/exit"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/gating"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/livepage"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/output"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/runs"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/statements"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/version"
	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/gate"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/report"
)

type gateOptions struct {
	runOptions
	flags gating.Flags
	more  []string // experiments
	rest  offline  // what measures nothing
}

func newGate(a *app) *cobra.Command {
	var o gateOptions
	cmd := &cobra.Command{
		Use:   "gate FILE [EXPERIMENT...] [-- COMMAND ARG...]",
		Short: "Measure a config before it ships, and decide by what was measured whether it may",
		Long:  help("gate"),
		Example: `  blastgauge gate settings/next.json
  blastgauge gate pull-request/settings.json settings-next --budget 5m
  blastgauge gate settings/next.json -o text -o md=comment.md -o json=gate.json
  blastgauge gate settings/next.json --key ci.pem --statement next.intoto.jsonl --max-attempts 2
  blastgauge gate --keygen release
  blastgauge gate --verify settings/next.json --key release.pub.pem --max-harm 5%
  blastgauge gate settings/next.json --bypass "the shop is down" --key release.pem --statement next.intoto.jsonl`,
		ValidArgsFunction: o.completeCandidate,
		RunE: func(cmd *cobra.Command, args []string) error {
			args, o.command = splitCommand(cmd, args)
			done, err := a.gateOffline(cmd, o.rest, o.selection, o.signed, o.flags.MaxAttempts, o.outputs, args)
			if done || err != nil {
				return err
			}
			if len(args) == 0 {
				return usage.Errorf("which file is to be measured? %s", cmd.UseLine())
			}
			o.flags.File, o.flags.Experiments = args[0], append(args[1:], o.more...)
			return a.gate(cmd.Context(), o)
		},
	}
	o.fileFlags(cmd)
	o.seedFlag(cmd)
	o.phasesFlag(cmd)
	gateFlags(cmd, &o)
	offlineFlags(cmd, &o.rest)
	o.performFlags(cmd)
	verifiedKeys(cmd)
	outputFlag(cmd, &o.outputs, report.GateFormats())
	return cmd
}

// completeCandidate offers a file, and then ids of experiments.
func (o *gateOptions) completeCandidate(cmd *cobra.Command, args []string, begins string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return o.completeIDs(cmd, args[1:], begins)
}

// gateFlags adds the flags that say what is measured.
func gateFlags(cmd *cobra.Command, o *gateOptions) {
	f := cmd.Flags()
	f.StringSliceVar(&o.more, "experiment", nil, "the experiments that measure the candidate, as `ID,...`, like arguments (default: those whose candidate FILE is)")
	completeList(cmd, "experiment", o.experiments)
	f.StringVar(&o.flags.Served, "served", "", "the `FILE` with what is served now (default: the dependency is asked, or the config file read)")
	f.StringVar(&o.flags.Budget, "budget", "", "how long all runs together may take, as `TIME` (default: "+figures.Span(gating.DefaultBudget)+")")
	f.BoolVar(&o.flags.Neighborhood, "neighbourhood", true, "measure what is near a candidate that holds")
	f.BoolVar(&o.flags.Smallest, "smallest", true, "search the smallest part of a candidate that fails")
	f.IntVar(&o.flags.MaxAttempts, "max-attempts", 0, "how often a candidate may be measured, this time included, as `N` (default: any number)")
}

// gate measures a candidate, and what its verdict leaves to ask.
func (a *app) gate(ctx context.Context, o gateOptions) error {
	if err := checkProgress(o.progress); err != nil {
		return err
	}
	command := gating.Command{Stdout: a.stdout}
	var err error
	if command.Outputs, err = output.Parse(a.console(), o.outputs, func(name string, o report.Options) (func(io.Writer, *gate.Report) error, error) {
		return report.GateFor(name, o)
	}); err != nil {
		return err
	}
	opening, err := output.OpeningOf(a.console(), o.open, command.Outputs)
	if err != nil {
		return err
	}
	command.Closing = a.closing(opening)
	if command.Statements, err = a.statements(ctx, &o.signed); err != nil {
		return err
	}
	g, page, err := a.loadGate(ctx, o, command.Statements)
	if err != nil {
		return err
	}
	defer page.Close("", nil, 0)
	found, out, err := g.Measure(ctx)
	if found == nil {
		return err
	}
	err = command.Conclude(ctx, g, found, out)
	page.Close(filepath.Join(out.Dir, gating.PageFile), out, exit.Code(err))
	return err
}

// loadGate loads what a gate needs, finds out whether it may begin, and serves the page that
// shows it.
func (a *app) loadGate(ctx context.Context, o gateOptions, w *statements.Writer) (*gating.Gate, *livepage.Page, error) {
	phases, err := plan.ParsePhases(o.phases)
	if err != nil {
		return nil, nil, usage.Errorf("--phases: %w", err)
	}
	options, err := a.runOptions(o.runOptions)
	if err != nil {
		return nil, nil, err
	}
	var page *livepage.Page
	how := gating.Options{
		Flags: o.flags, System: o.file, Outside: experiments.Outside{Getenv: a.getenv, Set: o.set, Silent: bool(o.silent)},
		Plan: plan.Options{Seed: o.seed, Version: version.Current(), Commit: plan.CommitUnderTest(a.getenv), Phases: phases},
		Run:  options, Subjects: w.Subjects(), Runs: runs.Dir(nil), Getenv: a.getenv, Logf: a.logf,
		Perform: func(ctx context.Context, p *plan.Plan, how run.Options, about string, candidate bool) (*run.Outcome, error) {
			if !candidate {
				return a.performOne(ctx, o.runOptions, nil, p, how, about)
			}
			return a.performOne(ctx, o.runOptions, page, p, how, about)
		},
	}
	var g *gating.Gate
	if err := readNamed(ctx, func() (err error) { g, err = gating.Load(how); return err }); err != nil {
		return nil, nil, err
	}
	for _, text := range g.Plan().Advice() {
		a.logf("! %s", text)
	}
	if err := g.Prepare(ctx); err != nil {
		return nil, nil, err
	}
	page, err = o.live.Serve(ctx, livepage.Options{Open: o.open, Getenv: a.getenv, Logf: a.logf})
	return g, page, err
}

// performOne performs one run of several, shows it, and writes what every run leaves.
func (a *app) performOne(ctx context.Context, o runOptions, page *livepage.Page, p *plan.Plan, how run.Options, about string) (*run.Outcome, error) {
	out, err := a.perform(ctx, o, p, how, page, about, false)
	if out == nil || a.hurry.Skipped() {
		return out, err
	}
	if err := output.WriteRunFiles(out.Dir, out.Result); err != nil {
		a.logf("error: %v", err) // the gate goes on: its verdict is in memory
	}
	return out, nil
}
