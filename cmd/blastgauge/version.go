package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/version"
)

func newVersion(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  atMost(0),
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(a.stdout, "blastgauge %s\n", version.Current())
			return err
		},
	}
}
