package main

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/author"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/ending"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/exit"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/gameday"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/live"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/livepage"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/output"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/receivers"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/runs"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/statements"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/version"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/experiments/run/embedded"
	"github.com/blastgauge/blastgauge/report"
)

type runOptions struct {
	selection
	out      string
	outputs  []string
	allow    []string
	progress string
	live     livepage.Flags
	signed   statements.Flags
	token    string
	create   bool
	open     bool
	blind    bool            // ask nothing before
	command  []string        // starts the system, where the proxies are ours
	earlier  *result.Result  // that a scan takes over from
	remarks  func() []string // on how the documents were made, once they are loaded; nil: there are none
}

func newRun(a *app) *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run [EXPERIMENT...] [-- COMMAND ARG...]",
		Short: "Run experiments and judge their hypotheses",
		Long:  help("run"),
		Example: `  blastgauge run
  blastgauge run payments-slow --phases baseline=20s,fault=30s
  blastgauge run -f staging/blastgauge.yaml -o text -o json=result.json
  blastgauge run --gameday gameday.yaml
  blastgauge run -- docker compose up`,
		ValidArgsFunction: o.completeIDs,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.args, o.command = splitCommand(cmd, args)
			return a.runCommand(cmd.Context(), o, func() (*plan.Loaded, error) { return o.plan(cmd.Context(), a.getenv) })
		},
	}
	o.planFlags(cmd)
	o.dayFlags(cmd)
	o.runFlags(cmd)
	return cmd
}

// runFlags adds the flags that say how a run is performed, and where its reports go.
func (o *runOptions) runFlags(cmd *cobra.Command) {
	outputFlag(cmd, &o.outputs, report.Formats())
	o.performFlags(cmd)
}

// performFlags adds the flags that say how a run is performed.
func (o *runOptions) performFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.out, "out", "", "the run's `DIR` (default: .blastgauge/runs/ID)")
	f.StringSliceVar(&o.allow, "allow", nil, "`VERDICT`, inconclusive or invalid, that counts as held; repeatable")
	completeFlag(cmd, "allow", cobra.FixedCompletions([]string{"inconclusive", "invalid"}, cobra.ShellCompDirectiveNoFileComp))
	openFlag(cmd, &o.open, "the page of --live, and in the end the page of -o html=PATH, or else the run's "+output.ReportFile+",")
	progressFlag(cmd, &o.progress)
	liveFlags(cmd, &o.live)
	tokenFlags(cmd, &o.token, apiToken)
	f.Var(&o.silent, "notify", receivers.FlagUsage)
	f.BoolVar(&o.create, "create-proxies", false, "create declared proxies that are missing, and leave them")
	statementFlags(cmd, &o.signed)
	f.BoolVar(&o.blind, "no-preflight", false, "do not ask the system before the first fault whether journeys, invariants and probes work")
}

// splitCommand splits the arguments of a run at the --, behind which is what starts the
// system.
func splitCommand(cmd *cobra.Command, args []string) (before, command []string) {
	if dash := cmd.ArgsLenAtDash(); dash >= 0 {
		return args[:dash], args[dash:]
	}
	return args, nil
}

// runCommand performs the run that load plans. more is left to do once its reports are
// written.
func (a *app) runCommand(ctx context.Context, o runOptions, load func() (*plan.Loaded, error), more ...ending.More) error {
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
	typed := live.IsTyped(a.stdin) && live.IsTerminal(a.stderr)
	loaded, options, err := a.prepare(o, load, typed)
	if err != nil {
		return err
	}
	writer, err := a.statements(ctx, &o.signed)
	if err = errors.Join(err, writer.Follow(loaded.Plan, &options)); err != nil {
		return err
	}
	if o.remarks != nil {
		a.remark(o.remarks())
	}
	a.remark(loaded.Plan.Advice())
	served, err := o.live.Serve(ctx, livepage.Options{Open: o.open, Getenv: a.getenv, Logf: a.logf})
	if err != nil {
		return err
	}
	defer served.Close("", nil, 0)
	out, err := a.perform(ctx, o, loaded.Plan, options, served, against(loaded.Plan), typed)
	if out == nil {
		return err
	}
	err = a.ending(outputs, page, append(more, writer.Ending(runs.Dir(nil), a.logf)...)...).Conclude(ctx, out)
	served.Close(filepath.Join(out.Dir, output.ReportFile), out, exit.Code(err))
	return err
}

// against says against what a run is performed.
func against(p *plan.Plan) string { return p.System.Name + " in " + p.System.Environment }

// perform performs a run, and shows it meanwhile. about says against what it runs.
func (a *app) perform(ctx context.Context, o runOptions, p *plan.Plan, options run.Options, served *livepage.Page, about string, typed bool) (*run.Outcome, error) {
	screen := a.screen(o.progress)
	screen.Announce(p, about)
	show := func(p *plan.Plan) run.View { return screen.View(0, p) }
	if typed && o.day.Asks() {
		show = gameday.Ask(gameday.Options{Input: a.stdin, Screen: screen, Author: author.Name(a.getenv), Elsewhere: o.live.Address != "", Alone: o.progress == live.None}, &options, show)
	}
	served.Show(0, &options, show)
	out, err := run.Run(ctx, p, options)
	screen.Close()
	return out, err
}

// remark prints what the user should know before a run begins.
func (a *app) remark(list []string) {
	for _, text := range list {
		a.logf("! %s", text)
	}
}

// dayFlags adds the flags of a game day, beside its file.
func (o *runOptions) dayFlags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&o.day.Yes, "yes", false, "let a game day go on by itself, and ask nobody")
	cmd.Flags().StringVar(&o.day.Within, "decide-within", "", "how long a game day waits for a decision, as `TIME` such as 30m, before the run is interrupted (default: 4h)")
}

// prepare loads what a run needs, and checks that it may start. typed is whether somebody at
// a terminal can decide.
func (a *app) prepare(o runOptions, load func() (*plan.Loaded, error), typed bool) (*plan.Loaded, run.Options, error) {
	options, err := a.runOptions(o)
	if err != nil {
		return nil, options, err
	}
	loaded, err := load()
	if err != nil {
		return nil, options, err
	}
	if loaded.Unset != nil {
		return nil, options, loaded.Unset
	}
	if err := o.day.Set(&options, typed || o.live.Address != ""); err != nil {
		return nil, options, err
	}
	return loaded, options, run.CheckStart(&loaded.Plan.System, options)
}

// ending is how the command of a run ends.
func (a *app) ending(outputs []output.Output[*result.Result], page output.Opening, more ...ending.More) ending.Command {
	return ending.Command{Outputs: outputs, More: more, Stdout: a.stdout, Closing: a.closing(page)}
}

// closing is how every command ends that performs runs.
func (a *app) closing(page output.Opening) ending.Closing {
	return ending.Closing{Page: page, Logf: a.logf, PrintExit: a.printExit, Hurry: &a.hurry}
}

// messages are the messages of an app as a writer.
type messages struct{ *app }

func (m messages) Write(lines []byte) (int, error) { return m.app.messages().Write(lines) }

// runOptions returns the options of a run on this machine, for this user.
func (a *app) runOptions(o runOptions) (run.Options, error) {
	options := run.Options{Dir: o.out, Registry: journal.UserRegistry(a.getenv), Getenv: a.getenv, Token: o.token, CreateProxies: o.create, NoPreflight: o.blind, Earlier: o.earlier, Stated: o.signed.Words(), Log: messages{a}}
	var err error
	if options.Allow, err = result.ParseAllowed(o.allow); err != nil {
		return options, usage.Errorf("--allow %w", err)
	}
	if options.Supervisor, err = supervisorCommand(); err != nil {
		return options, err
	}
	if len(o.command) > 0 {
		options.Command = o.command
		options.Start = func(ctx context.Context, p *plan.Plan) (run.System, error) {
			return embedded.Start(ctx, p, embedded.Options{Command: o.command, Supervisor: options.Supervisor, Version: version.Current()})
		}
	}
	options.Watchdog, err = guardCommand()
	return options, err
}
