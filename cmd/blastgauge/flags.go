package main

import (
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/live"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/livepage"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/output"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report"
)

// console is where this command prints.
func (a *app) console() output.Console { return output.Console{Stdout: a.stdout, Getenv: a.getenv} }

// outputs reads the -o flags of a run.
func (a *app) outputs(specs []string) ([]output.Output[*result.Result], error) {
	return output.Parse(a.console(), specs, func(name string, o report.Options) (func(io.Writer, *result.Result) error, error) {
		return report.For(name, o)
	})
}

// outputFlag adds the flag that names formats and where they go.
func outputFlag(cmd *cobra.Command, to *[]string, formats []string) {
	cmd.Flags().StringArrayVarP(to, "output", "o", nil, output.Usage(formats))
	completeFlag(cmd, "output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoSpace|cobra.ShellCompDirectiveNoFileComp))
}

// pageFlags adds the flags for HTML pages.
func pageFlags(cmd *cobra.Command, p *output.Pages) {
	*p = output.DefaultPages()
	cmd.Flags().StringVar(&p.Assets, "assets", p.Assets, "`WHERE` the styles of a page are: inline, or sibling, a file "+output.StyleFile+" beside it, for servers that block styles in pages")
	cmd.Flags().StringVar(&p.Print, "print", p.Print, "what `PART` of a page is printed whole: refuted or all, which unfolds everything")
	completeFlag(cmd, "assets", cobra.FixedCompletions([]string{"inline", "sibling"}, cobra.ShellCompDirectiveNoFileComp))
	completeFlag(cmd, "print", cobra.FixedCompletions([]string{"refuted", "all"}, cobra.ShellCompDirectiveNoFileComp))
}

// openFlag adds the flag that shows a page.
func openFlag(cmd *cobra.Command, to *bool, page string) {
	cmd.Flags().BoolVar(to, "open", false, "open "+page+" in a browser: that of $BROWSER, or of the desktop")
}

// progressFlag adds the flag that says how progress is shown.
func progressFlag(cmd *cobra.Command, to *string) {
	cmd.Flags().StringVar(to, "progress", live.Auto, "`HOW` to show progress on stderr: "+figures.List(live.Modes(), "or"))
	completeFlag(cmd, "progress", cobra.FixedCompletions(live.Modes(), cobra.ShellCompDirectiveNoFileComp))
}

// liveFlags adds the flags for the page of a run that goes on.
func liveFlags(cmd *cobra.Command, to *livepage.Flags) {
	f := cmd.Flags()
	f.StringVar(&to.Address, "live", "", "serve a page of the run while it goes on, to look at and to stop it, at `ADDRESS` (default: "+livepage.Anywhere+")")
	f.Lookup("live").NoOptDefVal = livepage.Anywhere
	f.StringVar(&to.Cert, "live-cert", "", "serve the page with TLS: `CERT,KEY`, files in PEM; elsewhere than on this machine a page without it only warns")
}

// checkProgress refuses a mode that there is not.
func checkProgress(mode string) error {
	if slices.Contains(live.Modes(), mode) {
		return nil
	}
	return usage.Errorf("--progress %s: known are %s%s", mode, figures.List(live.Modes(), "and"), usage.DidYouMean(mode, live.Modes()))
}

// screen makes the live view that --progress asks for. From now on, messages stand above
// its bars.
func (a *app) screen(mode string, labels ...string) *live.Screen {
	term, _ := a.getenv("TERM")
	s := live.New(live.Options{Mode: mode, Output: a.stderr, Term: term, Color: a.console().Colored(a.stderr), Labels: labels})
	a.shown.Store(s)
	return s
}

// printExit prints the exit code and its meaning as the last line: below the text on
// stdout, or on stderr where a program reads stdout.
func (a *app) printExit(text bool, code int, meaning string) {
	if text {
		a.printf("exit %d: %s\n", code, meaning)
		return
	}
	a.logf("exit %d: %s", code, meaning)
}
