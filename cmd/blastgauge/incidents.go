package main

import (
	"context"
	"io"
	"math"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/incidents"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/offers"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/output"
	library "github.com/blastgauge/blastgauge/examples/incidents"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/report"
)

func newIncidents(a *app) *cobra.Command {
	var specs []string
	cmd := &cobra.Command{
		Use:   "incidents",
		Short: "Look up outages that others had, and re-enact them on your system",
		Long:  help("incidents"),
		Example: `  blastgauge incidents
  blastgauge incidents show slack-2022-02-22
  blastgauge incidents run slack-2022-02-22 --bind cache=carts`,
		Args: func(cmd *cobra.Command, args []string) error {
			if err := incidents.NoCommand(args); err != nil {
				return err
			}
			return refuseUnknown(cmd, args)
		},
		RunE: func(*cobra.Command, []string) error {
			list, err := library.All()
			if err != nil {
				return err
			}
			return a.writeIncidents(specs, list, func(report.Options) incidents.Format { return incidents.WriteList })
		},
	}
	outputFlag(cmd, &specs, incidents.Formats())
	cmd.AddCommand(newIncidentsShow(a), newIncidentsRun(a))
	return cmd
}

// writeIncidents writes incidents to every output; text is how their text is written.
func (a *app) writeIncidents(specs []string, list []library.Incident, text func(report.Options) incidents.Format) error {
	outputs, err := output.Parse(a.console(), specs, func(name string, o report.Options) (func(io.Writer, []library.Incident) error, error) {
		return incidents.FormatFor(name, text(o))
	})
	if err != nil {
		return err
	}
	return output.Write(a.stdout, outputs, list)
}

func newIncidentsShow(a *app) *cobra.Command {
	var specs, bind []string
	cmd := &cobra.Command{
		Use:   "show INCIDENT",
		Short: "Show what happened, how it is re-enacted, and what a good system does",
		Long:  help("incidents_show"),
		Example: `  blastgauge incidents show slack-2022-02-22
  blastgauge incidents show slack-2022-02-22 --bind cache=carts > experiments/slack-2022-02-22.yaml`,
		Args:              oneIncident,
		ValidArgsFunction: completeIncidents(1),
		RunE: func(_ *cobra.Command, args []string) error {
			i, err := incidents.Show(args[0], bind)
			if err != nil {
				return err
			}
			return a.writeIncidents(specs, []library.Incident{i}, func(o report.Options) incidents.Format {
				if len(bind) > 0 {
					return incidents.WriteDocument
				}
				return incidents.WriteText(o.Width)
			})
		},
	}
	bindFlag(cmd, &bind, "and print the document of the experiment alone")
	outputFlag(cmd, &specs, incidents.Formats())
	return cmd
}

func newIncidentsRun(a *app) *cobra.Command {
	var o runOptions
	var bind []string
	cmd := &cobra.Command{
		Use:   "run INCIDENT... [-- COMMAND ARG...]",
		Short: "Re-enact incidents on your system, as a run",
		Long:  help("incidents_run"),
		Example: `  blastgauge incidents run slack-2022-02-22 --bind cache=carts
  blastgauge incidents run amazon-2026-03-02 --bind promise=shipping --bind number=/promise/days -f staging/blastgauge.yaml`,
		ValidArgsFunction: completeIncidents(math.MaxInt),
		RunE: func(cmd *cobra.Command, args []string) error {
			var ids []string
			ids, o.command = splitCommand(cmd, args)
			binding, err := incidents.Bind(ids, bind)
			if err != nil {
				return err
			}
			o.write, o.remarks = binding.Write, binding.Remarks
			return a.runCommand(cmd.Context(), o, func() (*plan.Loaded, error) { return a.planIncidents(cmd.Context(), o, binding) })
		},
	}
	bindFlag(cmd, &bind, "")
	o.fileFlags(cmd)
	o.seedFlag(cmd)
	o.phasesFlag(cmd)
	o.runFlags(cmd)
	return cmd
}

// planIncidents plans the run of incidents.
func (a *app) planIncidents(ctx context.Context, o runOptions, binding *incidents.Binding) (*plan.Loaded, error) {
	loaded, err := o.plan(ctx, a.getenv)
	if err != nil {
		return nil, err
	}
	loaded.Plan.Choices.Bind, loaded.Plan.Choices.Selected = binding.Bound(), true
	return loaded, nil
}

// bindFlag adds the flag that says who takes a role.
func bindFlag(cmd *cobra.Command, to *[]string, more string) {
	usage := "let a dependency take a role, or say where something is in a document, as `ROLE=NAME`, such as cache=carts or list=/discounts, or as INCIDENT.ROLE=NAME for one of several; repeatable"
	if more != "" {
		usage += "; " + more
	}
	cmd.Flags().StringArrayVar(to, "bind", nil, usage)
}

// oneIncident refuses anything but one argument.
func oneIncident(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		_, err := incidents.Bind(nil, nil)
		return err
	}
	return atMost(1)(cmd, args)
}

// completeIncidents is what a shell offers where a command takes at most so many incidents.
func completeIncidents(arguments int) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, begins string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) >= arguments {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return offers.Beginning(incidents.IDs(), args, begins), cobra.ShellCompDirectiveNoFileComp
	}
}
