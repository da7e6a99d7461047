package main

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/exit"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/output"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/receivers"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/experiments/run/preflight"
	"github.com/blastgauge/blastgauge/report"
	"github.com/blastgauge/blastgauge/report/encode"
)

type tryOptions struct {
	systemFlags
	journey string
	arm     string
	step    string
	token   string
	outputs []string
	notify  bool
}

func newTry(a *app) *cobra.Command {
	var o tryOptions
	cmd := &cobra.Command{
		Use:   "try [JOURNEY]",
		Short: "Send one journey and show each step; inject nothing",
		Long:  help("try"),
		Example: `  blastgauge try
  blastgauge try checkout --step cart
  blastgauge try checkout --arm control -o json`,
		Args: atMost(1),
		ValidArgsFunction: func(_ *cobra.Command, args []string, begins string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return o.offers().Journeys(begins), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.journey = args[0]
			}
			return a.try(cmd.Context(), o)
		},
	}
	tryFlags(cmd, &o)
	return cmd
}

// tryFlags adds the flags that say what is sent, where, and how it is shown.
func tryFlags(cmd *cobra.Command, o *tryOptions) {
	o.fileFlags(cmd)
	f := cmd.Flags()
	f.StringVar(&o.arm, "arm", plan.FaultArm.String(), "the `ARM` through which the journey enters: fault or control")
	f.StringVar(&o.step, "step", "", "end after the step with this `NAME`")
	completeFlag(cmd, "arm", cobra.FixedCompletions([]string{plan.FaultArm.String(), plan.ControlArm.String()}, cobra.ShellCompDirectiveNoFileComp))
	if err := cmd.RegisterFlagCompletionFunc("step", func(_ *cobra.Command, args []string, begins string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return o.offers().Steps(strings.Join(args, " "), begins), cobra.ShellCompDirectiveNoFileComp
	}); err != nil {
		panic(err) // there is no such flag
	}
	tokenFlags(cmd, &o.token, apiToken)
	f.BoolVar(&o.notify, "notify", false, "send a test message to each receiver instead, and no journey")
	outputFlag(cmd, &o.outputs, slices.Sorted(maps.Keys(tryFormats())))
}

// tryFormats are the ways to write attempts, by their names.
func tryFormats() map[string]func(io.Writer, []preflight.Attempt) error {
	return map[string]func(io.Writer, []preflight.Attempt) error{
		"text": preflight.WriteText,
		"json": func(w io.Writer, list []preflight.Attempt) error {
			return encode.WriteJSON(w, preflight.Attempts{Schema: preflight.Schema, Journeys: list})
		},
	}
}

func (a *app) try(ctx context.Context, o tryOptions) error {
	outputs, err := output.Parse(a.console(), o.outputs, func(name string, _ report.Options) (func(io.Writer, []preflight.Attempt) error, error) {
		if format, ok := tryFormats()[name]; ok {
			return format, nil
		}
		return nil, &report.UnknownFormatError{Kind: "format", Name: name, Known: slices.Sorted(maps.Keys(tryFormats()))}
	})
	if err != nil {
		return err
	}
	options := preflight.TryOptions{Journey: o.journey, Step: o.step, Run: plan.NewRun(time.Now()), Env: a.getenv}
	switch o.arm {
	case plan.FaultArm.String():
	case plan.ControlArm.String():
		options.Arm = plan.ControlArm
	default:
		return usage.Errorf("--arm %s: fault and control are the arms there are", o.arm)
	}
	err = readNamed(ctx, func() (err error) {
		options.System, err = experiments.Outside{Getenv: a.getenv, Set: o.set}.LoadSystem(o.file)
		return err
	})
	if err != nil {
		return err
	}
	if o.notify {
		return receivers.Try(ctx, a.stdout, options.System, a.getenv)
	}
	if err := run.CheckBlocked(ctx, options.System, run.Options{Registry: journal.UserRegistry(a.getenv), Token: o.token, Getenv: a.getenv}); err != nil {
		return err
	}
	list, err := preflight.Try(ctx, options)
	if list == nil {
		return err
	}
	err = errors.Join(err, output.Write(a.stdout, outputs, list))
	if err != nil {
		return err
	}
	code := exit.Code(preflight.Failed(list))
	meaning := result.ExitMeaning(code)
	switch code {
	case result.ExitHeld:
		meaning = "every journey is ok"
	case result.ExitInvalid:
		meaning = "a journey is not ok"
	}
	a.printExit(output.TextOnStdout(outputs), code, meaning)
	return exit.With(code)
}
