package main

import (
	"context"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/demo"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/output"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/runs"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments/gate/attempts"
	"github.com/blastgauge/blastgauge/experiments/history"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/experiments/run/embedded"
	"github.com/blastgauge/blastgauge/report"
)

func newHistory(a *app) *cobra.Command {
	var newest int
	var specs []string
	cmd := &cobra.Command{
		Use:   "history [DIR]",
		Short: "List the runs in a directory, and the trend of each experiment",
		Long:  help("history"),
		Example: `  blastgauge history
  blastgauge history -n 50 -o text -o json=history.json
  blastgauge history -o html=index.html`,
		Args:              atMost(1),
		ValidArgsFunction: completeFolders,
		RunE: func(_ *cobra.Command, args []string) error {
			if newest < 0 {
				return usage.Errorf("-n %d: 0 (all) or more", newest)
			}
			outputs, err := output.Parse(a.console(), specs, func(name string, o report.Options) (func(io.Writer, *history.Index) error, error) {
				return report.IndexFor(name, o, newest)
			})
			if err != nil {
				return err
			}
			index, err := history.Load(runs.Dir(args))
			if err != nil {
				return err
			}
			return output.Write(a.stdout, outputs, index)
		},
	}
	f := cmd.Flags()
	f.IntVarP(&newest, "newest", "n", 20, "list the newest `N` runs, 0 for all")
	outputFlag(cmd, &specs, report.IndexFormats())
	return cmd
}

// writeIndex writes the page of all runs in a directory, into it, and opens it if asked to.
func (a *app) writeIndex(ctx context.Context, dir string, open bool) error {
	page, err := output.OpeningOf[*history.Index](a.console(), open, nil)
	if err != nil {
		return err
	}
	index, err := report.WriteIndex(dir)
	if err != nil {
		return err
	}
	a.printf("%d runs  %s\n", len(index.Runs), filepath.Join(dir, report.IndexFile))
	for _, e := range index.Skipped {
		a.logf("not shown: %s: %s", e.Name, e.Problem)
	}
	return page.Show(ctx, filepath.Join(dir, report.IndexFile))
}

// renewIndex writes the page of all runs anew if blastgauge wrote one.
func (a *app) renewIndex(dir string, root *os.Root) error {
	found, err := report.RenewIndex(dir, root)
	switch {
	case err != nil:
		return err
	case found == report.ForeignIndex:
		a.logf("%s is no page of blastgauge: it stays as it is", filepath.Join(dir, report.IndexFile))
	case found == report.OurIndex:
		a.logf("%s lists the runs that are left", filepath.Join(dir, report.IndexFile))
	}
	return nil
}

func newPrune(a *app) *cobra.Command {
	keep, dry := -1, false
	cmd := &cobra.Command{
		Use:   "prune --keep N [DIR]",
		Short: "Delete all but the newest runs in a directory",
		Long:  help("prune"),
		Example: `  blastgauge prune --keep 100
  blastgauge prune --keep 100 --dry-run`,
		Args:              atMost(1),
		ValidArgsFunction: completeFolders,
		RunE: func(_ *cobra.Command, args []string) error {
			if keep < 1 {
				return usage.Errorf("--keep N: how many of the newest runs stay? 1 or more")
			}
			return a.prune(runs.Dir(args), keep, dry)
		},
	}
	f := cmd.Flags()
	f.IntVar(&keep, "keep", 0, "the newest `N` runs stay; 1 or more")
	f.BoolVar(&dry, "dry-run", false, "only say what would be deleted")
	return cmd
}

func (a *app) prune(dir string, keep int, dry bool) error {
	root, err := history.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }() // nothing is written
	pruning, err := history.PlanPrune(root, keep, run.Makes(attempts.File, embedded.LogFile, output.ReportFile, output.StyleFile, demo.ComparisonFile))
	if err != nil {
		return err
	}
	for _, k := range pruning.Kept {
		a.logf("kept %s: %s", k.Name, k.Reason)
	}
	names, done := pruning.Delete, "to be deleted"
	if !dry {
		names, err = pruning.Execute(root, func() error { return a.renewIndex(dir, root) })
		done = "deleted"
	}
	for _, name := range names {
		a.printf("%s\n", filepath.Join(dir, name))
	}
	a.printf("%d of %d directories %s\n", len(names), pruning.Total, done)
	return err
}
