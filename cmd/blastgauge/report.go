package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/documents"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/output"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/runs"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/compare"
	"github.com/blastgauge/blastgauge/experiments/history"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report"
)

func newReport(a *app) *cobra.Command {
	var specs []string
	var index string
	var extract string
	var open bool
	var pages output.Pages
	cmd := &cobra.Command{
		Use:   "report DIR | report FILE --documents DIR | report --index DIR",
		Short: "Make the reports of a run from its journal, also of one that died",
		Long:  help("report"),
		Example: `  blastgauge report .blastgauge/runs/20261123t140200z-7f3a9c
  blastgauge report latest --open
  blastgauge report DIR -o html=report.html -o text
  blastgauge report DIR -o html=artifacts/report.html --assets=sibling  # for Jenkins
  blastgauge report DIR -o html=paper.html --print=all
  blastgauge report report.html --documents again
  blastgauge report --index .blastgauge/runs`,
		Args:              atMost(1),
		ValidArgsFunction: completeRuns(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case index != "" && len(args)+len(specs) > 0:
				return usage.Errorf("--index DIR makes the page of all runs in DIR; `blastgauge history DIR` has more formats")
			case index != "":
				return a.writeIndex(cmd.Context(), index, open)
			case extract != "" && (len(args) == 0 || len(specs) > 0 || open):
				return usage.Errorf("--documents DIR goes with the directory of a run, its result.json or its report.html, and with nothing else")
			case extract != "":
				return a.extractDocuments(cmd.Context(), extract, args)
			case len(args) == 0:
				return usage.Errorf("report takes the DIR of a run, or --index and the directory of all runs")
			}
			outputs, err := output.Parse(a.console(), specs, func(name string, o report.Options) (func(io.Writer, *result.Result) error, error) {
				return report.For(name, pages.Options(o))
			})
			if err != nil {
				return err
			}
			if err := output.CheckPages(pages, outputs); err != nil {
				return err
			}
			page, err := output.OpeningOf(a.console(), open, outputs)
			if err != nil {
				return err
			}
			dir, err := history.Find(runs.Dir(nil), args[0])
			if err != nil {
				return err
			}
			root, err := atomicfile.OpenDir(dir)
			if err != nil {
				return fmt.Errorf("not a run directory: %w", err)
			}
			defer func() { _ = root.Close() }() // nothing is written
			r, err := result.Read(root)
			if err != nil {
				return fmt.Errorf("%s: %w", dir, err)
			}
			if err := errors.Join(output.WriteRunFiles(dir, r), output.Write(a.stdout, outputs, r), output.WriteStyleSheets(pages, outputs)); err != nil {
				return err
			}
			return page.Show(cmd.Context(), filepath.Join(dir, output.ReportFile))
		},
	}
	pageFlags(cmd, &pages)
	openFlag(cmd, &open, "the page of -o html=PATH, or else the run's "+output.ReportFile+",")
	outputFlag(cmd, &specs, report.Formats())
	cmd.Flags().StringVar(&index, "index", "", "write the page of all runs in `DIR`, with the trend of each experiment, to DIR/index.html")
	completeFlag(cmd, "index", completeFolders)
	cmd.Flags().StringVar(&extract, "documents", "", "write the documents of a run, or of a page that embeds its result, into `DIR`, and nothing else")
	completeFlag(cmd, "documents", completeFolders)
	return cmd
}

// extractDocuments writes the documents of a run into a folder.
func (a *app) extractDocuments(ctx context.Context, dir string, run []string) error {
	var list []compare.Input
	err := readNamed(ctx, func() (err error) {
		list, err = runs.Load(run, "")
		return err
	})
	if err != nil {
		return err
	}
	return documents.Write(a.stdout, dir, list[0].Result)
}
