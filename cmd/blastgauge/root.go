package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

const exitStatus = `
Exit status:
  0    every hypothesis held
  1    error of the tool or its environment
  2    invalid flags or documents; nothing was injected
  3    a hypothesis was refuted
  4    inconclusive
  5    invalid or not run
  6    refused by a safety rule; nothing was injected
  7    clean-up incomplete: a fault may still be active
  129, 130, 143   interrupted (HUP, INT, TERM); faults removed
`

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "blastgauge",
		Short: "Measure what share of your checkouts a broken dependency harms",
		Long: `blastgauge answers one question with a number: if this dependency misbehaves,
what share of our checkouts is harmed?

It injects latency, errors or bad config into staging dependencies through
Toxiproxy, drives real user journeys meanwhile, measures the blast radius with a
confidence interval, and proves that the fault was really there and is really
gone.

  blastgauge demo        see it work, on a shop that comes with it`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          known,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(newDemo(a), newInit(a), newSchema(a), newValidate(a), newPlan(a), newRun(a), newReport(a), newCompare(a), newHistory(a), newPrune(a), newRecover(a), newGuard(a), newProxy(a), newFaults(a), newVersion(a))
	return root
}

// known refuses a command that does not exist.
func known(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := ""
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hint = fmt.Sprintf(", did you mean %q?", strings.Join(near, `" or "`))
	}
	return usagef("unknown command %q%s", args[0], hint)
}

// usage marks the errors of an argument check as mistakes on the command line.
func usage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError{err}
		}
		return nil
	}
}
