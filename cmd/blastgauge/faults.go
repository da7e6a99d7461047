package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/injectors"
)

func newFaults(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "faults [KIND]",
		Short: "List the faults that can be injected, with attributes, units and examples",
		Args:  usage(cobra.MaximumNArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return listFaults(a.stdout)
			}
			kind, ok := injectors.Lookup(args[0])
			if !ok {
				return usagef("unknown fault kind %q; known: %s", args[0], joined(injectors.Names()))
			}
			return showFault(a.stdout, kind)
		},
	}
}

func listFaults(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "FAULT\tLEVEL\tWHAT HAPPENS\tEXAMPLE")
	for _, k := range injectors.Catalogue() {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", k.Name, k.Level, k.Summary, k.Example)
	}
	return tw.Flush()
}

func showFault(w io.Writer, k injectors.Kind) error {
	fmt.Fprintf(w, "%s: %s\n\n", k.Name, k.Summary)
	for _, at := range k.Attributes {
		need := ""
		if at.Required {
			need = ", required"
		}
		fmt.Fprintf(w, "  %-15s %s%s\n%18s%s\n", at.Name, at.Unit, need, "", at.Doc)
	}
	fmt.Fprintf(w, "  %-15s share\n%18sof connections, drawn once per connection; 100%% when not given\n", "share", "")
	fmt.Fprintf(w, "\nexample\n  faults:\n    - %s\n", k.Example)
	if len(k.Surprises) > 0 {
		fmt.Fprintln(w, "\nmind")
	}
	for _, s := range k.Surprises {
		fmt.Fprintf(w, "  - %s\n", s.Text)
	}
	return nil
}
