package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/injectors"
)

func newFaults(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "faults [KIND]",
		Short: "List the faults that can be injected, with attributes, units and examples",
		Long: `Faults lists what can be injected. With a KIND it says more of that one: its
attributes with their units, an example for experiments/*.yaml, and what surprises
people.`,
		Example: `  blastgauge faults
  blastgauge faults http_config`,
		Args: atMost(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return listFaults(a.stdout)
			}
			kind, ok := injectors.Lookup(args[0])
			if !ok {
				return usagef("unknown fault %q; known: %s", args[0], strings.Join(injectors.Names(), ", "))
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
		showAttribute(w, at, "")
	}
	of := "of connections, drawn once per connection; 100% when not given"
	if k.Level == injectors.Message {
		of = "of matching " + k.Acts + ", drawn for each; 100% when not given"
	}
	if k.Level != injectors.File {
		fmt.Fprintf(w, "  %-15s share\n%18s%s\n", "share", "", of)
	}
	if k.Config {
		fmt.Fprintf(w, "  %-15s request, headers, json or body, expect\n%18ssent once the config is bad and again once it is good, to a system that reads it only when it is told\n", "reload", "")
	}
	if k.Level == injectors.Message {
		fmt.Fprintf(w, "\nneeds `blastgauge proxy` and an upstream that begins with %s\n", schemes(k))
	}
	fmt.Fprintf(w, "\nexample\n  faults:\n    - %s\n", k.Example)
	if len(k.Caveats) > 0 {
		fmt.Fprintln(w, "\nmind")
	}
	for _, s := range k.Caveats {
		fmt.Fprintf(w, "  - %s\n", s.Text)
	}
	return nil
}

func showAttribute(w io.Writer, at injectors.Attribute, group string) {
	unit := string(at.Unit)
	switch at.Unit {
	case injectors.Group, injectors.Table, injectors.Operation:
		unit = "mapping"
	case injectors.Values:
		unit = "mapping of paths to values"
	case injectors.Value:
		unit = "any value"
	case injectors.Inner:
		unit = "another operator"
	}
	if len(at.Words) > 0 {
		unit = strings.Join(at.Words, ", ")
	}
	if at.Required {
		unit += ", required"
	}
	fmt.Fprintf(w, "  %-15s %s\n%18s%s\n", group+at.Name, unit, "", at.Doc)
	if at.Unit == injectors.Inner { // its fields are shown already
		return
	}
	for _, f := range at.Fields {
		showAttribute(w, f, at.Name+".")
	}
}

// schemes are those of the upstreams that a kind acts on, as users write them.
func schemes(k injectors.Kind) string {
	var list []string
	for _, s := range k.Schemes {
		list = append(list, s+"://")
	}
	return strings.Join(list, " or ")
}
