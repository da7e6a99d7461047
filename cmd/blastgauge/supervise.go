package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/experiments/run/supervise"
)

const supervisorNamed = "supervise" // the hidden command

func newSupervise(a *app) *cobra.Command {
	return &cobra.Command{
		Use:    supervisorNamed + " -- COMMAND ARG...",
		Short:  "Run the command of a run and end it when the run dies (started by run)",
		Hidden: true,
		Args:   cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return supervise.Supervise(args, a.stdin, a.stdout, a.stderr)
		},
	}
}

// supervisorCommand returns the command line of the hidden command, without the
// command that it is to run.
func supervisorCommand() ([]string, error) {
	program, err := os.Executable()
	return []string{program, supervisorNamed, "--"}, err
}
