package main

import (
	"bytes"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/injectors"
)

func newFaults(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "faults [KIND]",
		Short: "List the faults that can be injected, with attributes, units and examples",
		Long: `Faults lists what can be injected. With a KIND it says more of that one: its
attributes with their units, an example for experiments/*.yaml, and its caveats.`,
		Example: `  blastgauge faults
  blastgauge faults http_config`,
		Args: atMost(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return a.listFaults()
			}
			kind, ok := injectors.Lookup(args[0])
			if !ok {
				return usage.Errorf("unknown fault %q%s; known: %s", args[0], usage.DidYouMean(args[0], injectors.Names()), strings.Join(injectors.Names(), ", "))
			}
			a.printf("%s", describeFault(kind))
			return nil
		},
	}
}

// listFaults prints a line for each kind of fault.
func (a *app) listFaults() error {
	var list bytes.Buffer
	list.WriteString("FAULT\tLEVEL\tWHAT HAPPENS\tEXAMPLE\n")
	for _, k := range injectors.Catalogue() {
		fmt.Fprintf(&list, "%s\t%s\t%s\t%s\n", k.Name, k.Level, k.Summary, k.Example)
	}
	tw := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	if _, err := list.WriteTo(tw); err != nil {
		return err
	}
	return tw.Flush()
}

// describeFault says everything about one kind of fault.
func describeFault(k injectors.Kind) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n\n", k.Name, k.Summary)
	for _, at := range k.Attributes {
		describeAttribute(&b, at, "")
	}
	of := "of connections, drawn once per connection; 100% when not given"
	if k.Level == injectors.Message {
		of = "of matching " + k.Acts + ", drawn for each; 100% when not given"
	}
	if k.Level != injectors.File {
		fmt.Fprintf(&b, "  %-15s share\n%18s%s\n", "share", "", of)
	}
	if k.Config {
		fmt.Fprintf(&b, "  %-15s request, headers, json or body, expect\n%18ssent once the config is bad and again once it is good, to a system that reads it only when it is told\n", "reload", "")
	}
	if k.Level == injectors.Message {
		fmt.Fprintf(&b, "\nneeds `blastgauge proxy` and an upstream that begins with %s\n", schemes(k))
	}
	fmt.Fprintf(&b, "\nexample\n  faults:\n    - %s\n", k.Example)
	if len(k.Caveats) > 0 {
		b.WriteString("\ncaveats\n")
	}
	for _, s := range k.Caveats {
		fmt.Fprintf(&b, "  - %s\n", s.Text)
	}
	if len(k.Notes) > 0 {
		b.WriteString("\nnotes\n")
	}
	for _, s := range k.Notes {
		fmt.Fprintf(&b, "  - %s\n", s)
	}
	return b.String()
}

// describeAttribute says everything about one attribute and its fields, whose names
// begin with that of their group.
func describeAttribute(b *strings.Builder, at injectors.Attribute, group string) {
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
	if at.Lists && at.Unit != injectors.Table {
		unit += ", or a list"
	}
	if at.Lists && at.Unit == injectors.Table {
		unit += " of texts or lists"
	}
	if at.Required {
		unit += ", required"
	}
	fmt.Fprintf(b, "  %-15s %s\n%18s%s\n", group+at.Name, unit, "", at.Doc)
	if at.Unit == injectors.Inner || at.Name == "not" { // its fields are shown already
		return
	}
	for _, f := range at.Fields {
		describeAttribute(b, f, at.Name+".")
	}
}

// schemes lists the URL schemes of the upstreams that a kind acts on.
func schemes(k injectors.Kind) string {
	var list []string
	for _, s := range k.Schemes {
		list = append(list, s+"://")
	}
	return strings.Join(list, " or ")
}
