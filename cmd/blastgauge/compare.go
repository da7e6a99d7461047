package main

import (
	"context"
	"errors"
	"io"
	"math"
	"slices"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/exit"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/output"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/runs"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/statements"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments/compare"
	"github.com/blastgauge/blastgauge/report"
)

type compareOptions struct {
	base, head []string
	names      [2]string // of the sides
	margin     string
	outputs    []string
	open       bool
	pages      output.Pages
	signed     statements.Flags
}

func newCompare(a *app) *cobra.Command {
	var o compareOptions
	cmd := &cobra.Command{
		Use:   "compare BASE HEAD",
		Short: "Say what changed between two runs, and whether anything got worse",
		Long:  help("compare"),
		Example: `  blastgauge compare .blastgauge/runs/20261123t140231z-7f3a9c .blastgauge/runs/20261124t090000z-c20e71
  blastgauge compare latest~1 latest --base-name v2.18 --head-name v2.19
  blastgauge compare last-good/report.html report.html --margin 1.5 -o text -o md=comment.md
  blastgauge compare --base runs/1 --base runs/2 --base runs/3 --head runs/4`,
		ValidArgsFunction: completeRuns(2),
		RunE:              func(cmd *cobra.Command, args []string) error { return a.compare(cmd.Context(), o, args) },
	}
	pageFlags(cmd, &o.pages)
	statementFlags(cmd, &o.signed)
	f := cmd.Flags()
	f.StringArrayVar(&o.base, "base", nil, "a `RUN` of base; repeatable, instead of the arguments")
	f.StringArrayVar(&o.head, "head", nil, "a `RUN` of head; repeatable")
	f.StringVar(&o.names[0], "base-name", "", "what the report calls base, as `NAME`, such as v2.18")
	f.StringVar(&o.names[1], "head-name", "", "what it calls head, as `NAME`")
	openFlag(cmd, &o.open, "the page of -o html=PATH")
	f.StringVar(&o.margin, "margin", "2", "the change that does not matter, in `POINTS`")
	outputFlag(cmd, &o.outputs, report.CompareFormats())
	for _, side := range []string{"base", "head"} {
		completeFlag(cmd, side, completeRuns(math.MaxInt))
	}
	return cmd
}

func (a *app) compare(ctx context.Context, o compareOptions, args []string) error {
	outputs, page, err := a.compareOutputs(&o)
	if err != nil {
		return err
	}
	margin, err := compare.ParseMargin(o.margin)
	if err != nil {
		return usage.Errorf("--margin %w", err)
	}
	writer, err := a.statements(ctx, &o.signed)
	if err != nil {
		return err
	}
	sides, err := o.load(ctx, args)
	if err = errors.Join(err, writer.CheckSides(sides[1])); err != nil {
		return err
	}
	c, err := compare.Results(sides[0], sides[1], margin)
	if err != nil {
		return usage.Errorf("%w", err)
	}
	if err := errors.Join(output.Write(a.stdout, outputs, c), output.WriteStyleSheets(o.pages, outputs), writer.WriteComparison(runs.Dir(nil), c, sides[1], a.logf)); err != nil {
		return err
	}
	if err := exit.UnlessDecided(page.Show(ctx, ""), c.ExitCode, a.logf); err != nil {
		return err
	}
	a.printExit(output.TextOnStdout(outputs), c.ExitCode, compare.ExitMeaning(c.ExitCode))
	return exit.With(c.ExitCode)
}

// compareOutputs reads the flags that say where a comparison goes.
func (a *app) compareOutputs(o *compareOptions) ([]output.Output[*compare.Comparison], output.Opening, error) {
	outputs, err := output.Parse(a.console(), o.outputs, func(name string, with report.Options) (func(io.Writer, *compare.Comparison) error, error) {
		return report.CompareFor(name, o.pages.Options(with))
	})
	if err == nil {
		err = output.CheckPages(o.pages, outputs)
	}
	if err != nil {
		return nil, output.Opening{}, err
	}
	if o.open && !slices.ContainsFunc(outputs, func(out output.Output[*compare.Comparison]) bool { return out.Name == "html" && out.Path != "" }) {
		return nil, output.Opening{}, usage.Errorf("--open shows the page of the comparison: write one with -o html=comparison.html")
	}
	page, err := output.OpeningOf(a.console(), o.open, outputs)
	return outputs, page, err
}

// load loads the runs of base and of head.
func (o *compareOptions) load(ctx context.Context, args []string) (sides [2][]compare.Input, err error) {
	names, err := compare.NewNames(o.names[0], o.names[1])
	if err != nil {
		return sides, usage.Errorf("--base-name, --head-name: %w", err)
	}
	called := [2]string{names.Base, names.Head}
	base, head, err := runs.Sides(args, o.base, o.head)
	if err != nil {
		return sides, err
	}
	for i, paths := range [][]string{base, head} {
		var side []compare.Input // not sides[i], which a late read could still set
		err := readNamed(ctx, func() (err error) {
			side, err = runs.Load(paths, called[i])
			return err
		})
		if err != nil {
			return sides, err
		}
		sides[i] = side
	}
	return sides, nil
}
