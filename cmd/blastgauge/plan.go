package main

import (
	"bytes"
	"errors"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

func newPlan(a *app) *cobra.Command {
	var o runOptions
	var limit string
	cmd := &cobra.Command{
		Use:   "plan [EXPERIMENT...]",
		Short: "Show what a run would do, touch and be able to tell; inject nothing",
		Long:  help("plan"),
		Example: `  blastgauge plan
  blastgauge plan payments-slow --phases baseline=20s,fault=30s
  blastgauge plan --for 5%`,
		ValidArgsFunction: o.completeIDs,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.args = args
			loaded, err := o.plan(cmd.Context(), a.getenv)
			if err != nil {
				return err
			}
			var lengths bytes.Buffer // asked for, so they come last
			if limit != "" {
				if err := loaded.Plan.WritePhasesFor(&lengths, limit); err != nil {
					return usage.Errorf("--for: %v", err)
				}
			}
			if err := loaded.Plan.WriteText(a.stdout); err != nil {
				return err
			}
			for _, e := range shape.Errors(loaded.Unset) {
				a.printf("  Variables  %s:%d:%d: %s: a run needs it\n", e.File, e.Line, e.Col, e.Msg)
			}
			found, err := run.Inspect(cmd.Context(), loaded.Plan, run.Options{Registry: journal.UserRegistry(a.getenv), Token: o.token, Getenv: a.getenv})
			err = errors.Join(err, found.WriteText(a.stdout, loaded.Plan))
			_, wrote := lengths.WriteTo(a.stdout)
			return errors.Join(err, wrote)
		},
	}
	o.planFlags(cmd)
	cmd.Flags().StringVar(&limit, "for", "", "say how long phases must be to show that a blast radius is within `LIMIT`, such as 5%")
	tokenFlags(cmd, &o.token, apiToken)
	return cmd
}
