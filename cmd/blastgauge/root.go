package main

import (
	"strings"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/spf13/cobra"
)

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:               "blastgauge",
		Short:             "Measure what share of your checkouts a broken dependency harms",
		Long:              help("blastgauge"),
		PersistentPreRunE: a.takePipedToken,

		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          refuseUnknown,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(explainFlag)
	root.SuggestionsMinimumDistance = 2
	addGroup(root, "begin", "Begin:", newDemo(a), newInit(a), newValidate(a), newTry(a), newPlan(a))
	addGroup(root, "run", "Measure:", newRun(a), newScan(a), newGate(a), newApprove(a))
	addGroup(root, "around", "Around a run:", newProxy(a), newStop(a), newRecover(a))
	addGroup(root, "read", "Read what was found:", newReport(a), newCompare(a), newHistory(a), newPrune(a), newServe(a))
	addGroup(root, "more", "Look up:", newFaults(a), newIncidents(a), newSchema(a), newVersion(a))
	root.SetHelpCommandGroupID("more")
	root.SetCompletionCommandGroupID("more")
	root.AddCommand(newGuard(a), newSupervise(a), newManual(a))
	root.InitDefaultCompletionCmd()
	if completion, _, err := root.Find([]string{"completion"}); err == nil {
		completion.Args = refuseUnknown // cobra's own command would print its help and succeed
		completion.SuggestionsMinimumDistance = root.SuggestionsMinimumDistance
		completion.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
	root.InitDefaultHelpCmd()
	if help, _, err := root.Find([]string{"help"}); err == nil { // cobra's own prints the help of all for a command that there is not
		help.Run, help.RunE = nil, func(_ *cobra.Command, args []string) error {
			about, rest, err := root.Find(args)
			if err != nil || about == root && len(args) > 0 {
				return refuseUnknown(root, args)
			}
			if len(rest) > 0 {
				return refuseUnknown(about, rest)
			}
			return about.Help()
		}
	}
	return root
}

// addGroup adds commands that the help lists under one title.
func addGroup(root *cobra.Command, id, title string, list ...*cobra.Command) {
	root.AddGroup(&cobra.Group{ID: id, Title: title})
	for _, cmd := range list {
		cmd.GroupID = id
	}
	root.AddCommand(list...)
}

// refuseUnknown refuses a command that does not exist.
func refuseUnknown(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := ""
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hint = `, did you mean "` + strings.Join(near, `" or "`) + `"?`
	}
	return usage.Errorf("unknown command %q%s; see: %s --help", args[0], hint, cmd.CommandPath())
}

// atMost refuses more than n arguments.
func atMost(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) <= n {
			return nil
		}
		return usage.Errorf("%q is one argument too many: %s", args[n], cmd.UseLine())
	}
}
