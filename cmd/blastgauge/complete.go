package main

import (
	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/offers"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/runs"
	"github.com/blastgauge/blastgauge/experiments/history"
)

// completeRuns makes what a shell offers for the first so many arguments of a command, each
// a run: latest, and the ids of the runs below the working directory, the newest first, as
// they begin with their time. Where nothing begins as the user wrote, the shell offers
// files. It reads no run: a shell waits for it.
func completeRuns(arguments int) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, begins string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) >= arguments {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		names := history.Names(runs.Dir(nil))
		if len(names) == 0 {
			return nil, cobra.ShellCompDirectiveDefault
		}
		return offers.Beginning(names, args, begins), cobra.ShellCompDirectiveKeepOrder
	}
}

// completeFolders is what a shell offers where a command takes a directory of runs.
func completeFolders(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// completeStatements is what a shell offers where a command takes a file of statements.
func completeStatements(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return []cobra.Completion{"jsonl"}, cobra.ShellCompDirectiveFilterFileExt
}

// completeYAML lets a shell offer documents for a flag.
func completeYAML(cmd *cobra.Command, flag string) {
	completeFlag(cmd, flag, cobra.FixedCompletions([]string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt))
}

// completeList sets what a shell offers for a flag that takes names with commas between
// them.
func completeList(cmd *cobra.Command, flag string, names func(there []string, begins string) []string) {
	completeFlag(cmd, flag, func(_ *cobra.Command, _ []string, begins string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return offers.List(begins, names), cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
	})
}

// completeFlag sets what a shell offers for a flag.
func completeFlag(cmd *cobra.Command, flag string, offer cobra.CompletionFunc) {
	if err := cmd.RegisterFlagCompletionFunc(flag, func(cmd *cobra.Command, _ []string, begins string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return offer(cmd, nil, begins) // its arguments are another matter
	}); err != nil {
		panic(err) // there is no such flag
	}
}
