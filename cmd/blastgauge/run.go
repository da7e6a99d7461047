package main

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/output"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/version"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/experiments/run/embedded"
	"github.com/blastgauge/blastgauge/experiments/run/preflight"
	"github.com/blastgauge/blastgauge/report"
	"github.com/blastgauge/blastgauge/report/results"
	"github.com/blastgauge/blastgauge/report/terminal"
)

type runOptions struct {
	selection
	out      string
	outputs  []string
	allow    []string
	progress string
	token    string
	create   bool
	open     bool
	blind    bool     // ask nothing before
	command  []string // starts the system, where the proxies are ours
}

func newRun(a *app) *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run [EXPERIMENT...] [-- COMMAND ARG...]",
		Short: "Run experiments and judge their hypotheses",
		Long: `Run injects each experiment's faults, one experiment at a time, sends journeys
meanwhile, removes the faults, and writes a report.

With toxiproxy: embedded in the system file, run starts proxies of its own and then
COMMAND, which is the system behind them, and stops both in the end. The system has a
minute to answer at its url.

Ctrl-C removes the faults and writes the report; a second one skips the report; a
third leaves at once.
` + exitStatus,
		Example: `  blastgauge run
  blastgauge run payments-slow --phases baseline=20s,fault=30s
  blastgauge run -f staging/blastgauge.yaml -o text -o json=result.json
  blastgauge run -- docker compose up`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.args = args
			if dash := cmd.ArgsLenAtDash(); dash >= 0 {
				o.args, o.command = args[:dash], args[dash:]
			}
			return a.runCommand(cmd.Context(), o)
		},
	}
	o.planFlags(cmd)
	f := cmd.Flags()
	f.StringVar(&o.out, "out", "", "the run's `DIR` (default: .blastgauge/runs/ID)")
	outputFlag(cmd, &o.outputs, report.Formats())
	f.StringSliceVar(&o.allow, "allow", nil, "`VERDICT`, inconclusive or invalid, that counts as held; repeatable")
	openFlag(cmd, &o.open, "the page of -o html=PATH, or else the run's "+output.ReportFile+",")
	progressFlag(cmd, &o.progress)
	tokenFlags(cmd, &o.token, apiToken)
	f.BoolVar(&o.create, "create-proxies", false, "create declared proxies that are missing, and leave them")
	f.BoolVar(&o.blind, "no-preflight", false, "do not ask the system before the first fault whether journeys, invariants and probes work")
	return cmd
}

func (a *app) runCommand(ctx context.Context, o runOptions) error {
	if err := checkProgress(o.progress); err != nil {
		return err
	}
	outputs, err := a.outputs(o.outputs)
	if err != nil {
		return err
	}
	page, err := output.OpeningOf(a.console(), o.open, outputs)
	if err != nil {
		return err
	}
	options, err := a.runOptions(o)
	if err != nil {
		return err
	}
	loaded, err := o.plan(ctx, a.getenv)
	if err != nil {
		return err
	}
	if loaded.Unset != nil {
		return loaded.Unset
	}
	if err := run.CheckStart(&loaded.Plan.System, options); err != nil {
		return err
	}
	for _, text := range loaded.Plan.Advice() {
		a.logf("! %s", text)
	}
	screen := a.screen(o.progress)
	screen.Announce(loaded.Plan, loaded.Plan.System.Name+" in "+loaded.Plan.System.Environment)
	options.View = func(p *plan.Plan) run.View { return screen.View(0, p) }
	out, err := run.Run(ctx, loaded.Plan, options)
	screen.Close()
	if out == nil {
		return err
	}
	if out.Decisive || errors.Is(out.Err, preflight.ErrFailed) {
		a.logf("error: %v", out.Err)
	}
	return a.conclude(ctx, out, outputs, page)
}

// conclude writes the reports and returns what a run ends with. That a report could not
// be written hides no fault that may be left.
func (a *app) conclude(ctx context.Context, out *run.Outcome, outputs []output.Output[*result.Result], page output.Opening) error {
	err := a.publish(out, outputs)
	code := out.Result.Run.ExitCode
	if err != nil {
		a.logVerdicts(out.Result)
		if !run.OutranksError(code) {
			return lostReport{err}
		}
		a.logf("error: %v", err)
	}
	if err == nil && !a.hurry.Skipped() {
		if err := a.unlessDecided(page.Show(ctx, filepath.Join(out.Dir, output.ReportFile)), code); err != nil {
			return err
		}
	}
	a.printExit(err == nil && output.TextOnStdout(outputs), code, out.Result.ExitMeaning())
	if code == result.ExitHeld {
		return nil
	}
	return verdictError{code}
}

// logVerdicts tells what a run found where a report of it could not be written: it took
// its time, and nobody should have to look for the answer.
func (a *app) logVerdicts(r *result.Result) {
	for i := range r.Experiments {
		a.logf("%s", results.Sentence(&r.Experiments[i], terminal.Options{}))
	}
	a.logf("but for the error below: exit %d: %s", r.Run.ExitCode, r.ExitMeaning())
}

// messages are the messages of an app as a writer.
type messages struct{ *app }

func (m messages) Write(lines []byte) (int, error) { return m.app.messages().Write(lines) }

// runOptions returns the options of a run on this machine, for this user.
func (a *app) runOptions(o runOptions) (run.Options, error) {
	options := run.Options{Dir: o.out, Registry: journal.UserRegistry(a.getenv), Getenv: a.getenv, Token: o.token, CreateProxies: o.create, NoPreflight: o.blind, Log: messages{a}}
	var err error
	if options.Allow, err = result.ParseAllowed(o.allow); err != nil {
		return options, usage.Errorf("--allow %w", err)
	}
	if len(o.command) > 0 {
		supervisor, err := supervisorCommand()
		if err != nil {
			return options, err
		}
		options.Command = o.command
		options.Start = func(ctx context.Context, p *plan.Plan) (run.System, error) {
			return embedded.Start(ctx, p, embedded.Options{Command: o.command, Supervisor: supervisor, Version: version.Current()})
		}
	}
	options.Watchdog, err = guardCommand()
	return options, err
}

// publish writes the reports. After a second interrupt it does not: report DIR makes
// them later.
func (a *app) publish(out *run.Outcome, outputs []output.Output[*result.Result]) error {
	if !a.hurry.Begin() {
		a.logf("report skipped; make it with: blastgauge report %s", out.Dir)
		return nil
	}
	err := output.WriteRunFiles(out.Dir, out.Result)
	if err == nil {
		a.logf("report  %s\ndata    %s", filepath.Join(out.Dir, output.ReportFile), filepath.Join(out.Dir, result.File))
	}
	return errors.Join(err, output.Write(a.stdout, outputs, out.Result))
}
