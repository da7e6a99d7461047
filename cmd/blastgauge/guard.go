package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/run/cleanup"
)

const guardNamed = "guard" // the hidden command

func newGuard(a *app) *cobra.Command {
	return &cobra.Command{
		Use:    guardNamed + " DIR",
		Short:  "Watch over a run and remove its faults when it dies (started by run)",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return cleanup.Watch(args[0], a.stdin, a.stdout, cleanup.Options{Registry: journal.UserRegistry(a.getenv), Getenv: a.getenv})
		},
	}
}

// guardCommand returns the command line of the hidden command, without its argument.
func guardCommand() ([]string, error) {
	program, err := os.Executable()
	return []string{program, guardNamed}, err
}
