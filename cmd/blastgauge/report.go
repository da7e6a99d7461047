package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/experiments/result"
)

func newReport(a *app) *cobra.Command {
	var specs []string
	var index string
	cmd := &cobra.Command{
		Use:   "report DIR | --index DIR",
		Short: "Make the reports of a run from its journal, also of one that died",
		Example: `  blastgauge report .blastgauge/runs/20261123t140200z-7f3a9c
  blastgauge report DIR -o html=report.html -o text
  blastgauge report --index .blastgauge/runs`,
		Args: usage(cobra.MaximumNArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			switch {
			case index != "" && len(args)+len(specs) > 0:
				return usagef("--index DIR makes the page of all runs in DIR; `blastgauge history DIR` has more formats")
			case index != "":
				return a.writeIndex(index, filepath.Join(index, indexFile))
			case len(args) == 0:
				return usagef("report takes the DIR of a run, or --index and the directory of all runs")
			}
			outputs, err := a.outputs(specs)
			if err != nil {
				return err
			}
			root, err := os.OpenRoot(args[0])
			if err != nil {
				return fmt.Errorf("not a run directory: %w", err)
			}
			defer root.Close()
			r, err := result.Read(root)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			if err := keep(args[0], r); err != nil {
				return err
			}
			return a.write(outputs, r)
		},
	}
	cmd.Flags().StringArrayVarP(&specs, "output", "o", nil, "`FORMAT[=PATH]`: text, json, ndjson, html, md, junit or github; repeatable (default: text on stdout)")
	cmd.Flags().StringVar(&index, "index", "", "write the page of all runs in `DIR`, with the trend of each experiment, to DIR/index.html")
	return cmd
}
