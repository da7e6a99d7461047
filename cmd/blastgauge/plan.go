package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/experiments/shape"
	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

func newPlan(a *app) *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "plan [EXPERIMENT...]",
		Short: "Show what a run would do, touch and be able to tell; inject nothing",
		Long: `Plan prints each experiment's faults, phases and limits, the control it will have
and why, how precisely the answer will be known, what will be touched, and what the
Toxiproxy can prove and protect. It looks at proxies and files as a run would
before it starts, and injects nothing.

Exit status:
  0    a run could start, or would once its Toxiproxy is there
  1    error of the tool or its environment
  2    invalid flags or documents
  6    a run would be refused by a safety rule`,
		Example: `  blastgauge plan
  blastgauge plan payments-slow --phases baseline=20s,fault=30s`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.args = args
			loaded, err := o.plan(a.getenv)
			if err != nil {
				return err
			}
			p := loaded.Plan
			printPlan(a.stdout, p)
			for _, e := range shape.Errors(loaded.Unset) {
				fmt.Fprintf(a.stdout, "  Variables  %s:%d:%d: %s: a run needs it\n", e.File, e.Line, e.Col, e.Msg)
			}
			return a.printChecks(cmd.Context(), p, o.token)
		},
	}
	o.planFlags(cmd)
	tokenFlags(cmd, &o.token, apiToken)
	return cmd
}

func printPlan(w io.Writer, p *plan.Plan) {
	what := "1 experiment"
	if n := len(p.Experiments); n != 1 {
		what = fmt.Sprintf("%d experiments", n)
	}
	fmt.Fprintf(w, "blastgauge will run %s against %s on %s, one at a time.\n", what, p.System.Name, p.System.Environment)
	load := 0.0
	for _, e := range p.Experiments {
		printExperiment(w, e)
		load = max(load, e.Load())
	}
	fmt.Fprintf(w, "\n  Reach      %s\n", joined(touched(p)))
	fmt.Fprintf(w, "  Load       at most %g journeys/s\n", load)
	fmt.Fprintf(w, "  Time       about %s\n", p.Duration().Round(time.Second))
	fmt.Fprintf(w, "  Seed       %d\n", p.Seed)
}

func printExperiment(w io.Writer, e plan.Experiment) {
	fmt.Fprintf(w, "\n  # %s: %s\n", e.ID, e.Title)
	for _, f := range e.Faults {
		share := ""
		if f.Share > 0 && f.Share < 1 {
			of := "connections"
			if kind, _ := injectors.Lookup(f.Inject); kind.Level == injectors.Message {
				of = "requests"
			}
			share = fmt.Sprintf(", %s of %s", f.Portion(), of)
		}
		what := strings.TrimSuffix(f.Describe(), " into "+f.Into)
		if name, ok := f.Attributes["file"].(string); ok { // where says it, as a path from anywhere
			what = strings.Replace(what, ", file "+name, "", 1)
		}
		fmt.Fprintf(w, "  + %s on %s%s, from %s to %s of the fault phase\n", what, f.Target(), share, f.At, f.Until)
	}
	for _, f := range e.Faults {
		if f.Reload != nil {
			fmt.Fprintf(w, "      the system is told by %s %s, after the injection and after the removal\n", f.Reload.Request.Method, f.Reload.Request.Target)
		}
	}
	fmt.Fprintf(w, "      %s warm-up, %s baseline, %s fault, %s recovery\n", e.Phases.Warmup, e.Phases.Baseline, e.Phases.Fault, e.Phases.Recovery)
	fmt.Fprintf(w, "      control: %s (%s)\n", e.Control, e.ControlWhy)
	for _, j := range e.Journeys {
		n, _ := e.Cohort(j)
		fmt.Fprintf(w, "      %s: %g/s, about %d journeys count in the fault arm; holds if its blast radius is at most %s, which will be known to ± %.1f points\n",
			j.Name, j.Rate, n, figures.ShortPercent(j.Limit, 1), e.Precision(j)*100)
	}
	if e.Limits.Recovery > 0 {
		fmt.Fprintf(w, "      holds if recovery takes at most %s\n", e.Limits.Recovery)
	}
	for _, inv := range e.Invariants {
		fmt.Fprintf(w, "      holds if nothing new breaks: %s\n", inv.Name)
	}
	for _, g := range e.Guardrails {
		fmt.Fprintf(w, "      guardrail: the fault is removed at once: %s\n", guardrail(g))
	}
	for _, text := range e.Warnings {
		fmt.Fprintf(w, "      ! %s\n", text)
	}
}

func guardrail(g experiments.Guardrail) string {
	if p := g.Probe; p != nil {
		return fmt.Sprintf("%d times in a row, every %s, not as it should be: %s", p.Failures, p.Every, p.Name)
	}
	return g.Says("a journey")
}

func touched(p *plan.Plan) []string {
	var names []string
	seen := map[string]bool{}
	for _, e := range p.Experiments {
		for _, f := range e.Faults {
			if name := f.Target(); !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	return names
}

// printChecks prints what a run would find before it starts.
func (a *app) printChecks(ctx context.Context, p *plan.Plan, token string) error {
	found, err := run.Inspect(ctx, p, run.Options{Token: token, Getenv: a.getenv})
	for _, c := range found.Files {
		fmt.Fprintf(a.stdout, "  File       %s: %s\n", c.File, c.What)
	}
	if len(found.Files) > 0 && found.FilesFit {
		fmt.Fprintln(a.stdout, "             bytes, mode and owner are kept in the run's directory first; a killed run's files are put back by its guard process, those of a dead machine by the next recover")
	}
	if found.Toxiproxy.Kind != "" {
		fmt.Fprintf(a.stdout, "  Toxiproxy  %s %s at %s: %s\n", found.Toxiproxy.Kind, found.Toxiproxy.Version, p.System.Toxiproxy, protections(found.Toxiproxy.Kind, p))
	}
	switch {
	case err != nil:
		return err
	case found.Embedded:
		fmt.Fprintln(a.stdout, "  Toxiproxy  embedded: its proxies exist only while blastgauge runs")
		return nil
	case found.Unreachable != nil:
		fmt.Fprintf(a.stdout, "  Toxiproxy  %s is not reached: a run needs it\n  Checks     none was made: %v\n\nNothing was injected.\n", p.System.Toxiproxy, found.Unreachable)
		return nil
	}
	fmt.Fprintln(a.stdout, "  Checks     every proxy is there, enabled, leads where it should and carries no toxic")
	fmt.Fprintln(a.stdout, "\nNothing was injected.")
	return nil
}

// protections says what a Toxiproxy can prove of a plan's faults, and who takes
// them back.
func protections(kind string, p *plan.Plan) string {
	if kind != toxiproxy.KindStock {
		return "it counts what a fault meets; faults of a killed run are removed by its guard process, those of a dead machine when their lease lapses"
	}
	return uncounted(p) + "; faults of a killed run are removed by its guard process, those of a dead machine by the next recover"
}

// uncounted says of which experiments a server that does not count can show no
// more than harm. The readers of a file are counted by the machine, so what breaks
// only files can be held on any server.
func uncounted(p *plan.Plan) string {
	var ids []string
	for _, e := range p.Experiments {
		if slices.ContainsFunc(e.Faults, func(f plan.Fault) bool { return !f.OnFile() }) {
			ids = append(ids, e.ID)
		}
	}
	switch {
	case len(ids) == 0:
		return "it does not count what a fault meets, which matters to no experiment here: who reads a file is counted by this machine"
	case len(ids) == len(p.Experiments):
		return "it does not count what a fault meets, so no hypothesis can be held, only refuted or inconclusive"
	}
	return fmt.Sprintf("it does not count what a fault meets, so %s cannot be held, only refuted or inconclusive; who reads a file is counted by this machine", joined(ids))
}
