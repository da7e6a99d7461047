package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/injectors"
)

func newFaults(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "faults [KIND]",
		Short: "List the faults that can be injected, with attributes, units and examples",
		Long:  help("faults"),
		Example: `  blastgauge faults
  blastgauge faults http_config`,
		Args:              atMost(1),
		ValidArgsFunction: cobra.FixedCompletions(injectors.Names(), cobra.ShellCompDirectiveNoFileComp),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return injectors.WriteList(a.stdout)
			}
			kind, ok := injectors.Lookup(args[0])
			if !ok {
				return usage.Errorf("unknown fault %q%s; known: %s", args[0], usage.DidYouMean(args[0], injectors.Names()), strings.Join(injectors.Names(), ", "))
			}
			a.printf("%s", kind.Reference())
			return nil
		},
	}
}
