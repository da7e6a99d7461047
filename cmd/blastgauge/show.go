package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/live"
	"github.com/blastgauge/blastgauge/examples/checkout"
	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/compare"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/report"
)

// demoPhases and demoRate are as short and as low as a limit of 5 % can be judged
// with: 105 journeys of each kind in an arm, of which one may fail by chance.
const (
	demoPhases = "warmup=500ms,baseline=2500ms,fault=4500ms,recovery=3500ms"
	demoRate   = 60 // journeys per second, of each kind on each shop
)

// demoExperiments are those of the show, in its order.
func demoExperiments(redis, database bool) []string {
	list := []string{"payments-slow", "payments-down", "payments-hang", "payments-charge-then-fail", "recommendations-down", "recommendations-hang", "carts-reset"}
	if redis {
		list = append(list, "carts-read-only", "carts-empty")
	}
	if database {
		list = append(list, "orders-db-down", "orders-db-hang", "orders-db-refuses", "orders-db-read-only", "orders-db-commit-then-error")
	}
	return list
}

// An act is one shop under all experiments.
type act struct {
	build string // of the storefront
	stage *stage
	run   runOptions

	outcome *run.Outcome // nil where nothing was run
	err     error
}

// showDemo runs the same experiments against both shops at the same time and
// tells what hardening was good for.
func (a *app) showDemo(ctx context.Context, o demoOptions) (err error) {
	documents, err := os.MkdirTemp("", "blastgauge-demo-")
	if err != nil {
		return err
	}
	a.scratch.Store(&documents)
	defer func() { err = errors.Join(err, os.RemoveAll(documents)) }()
	started, err := startParts(ctx, &o)
	defer func() { err = errors.Join(err, closeParts(started)) }()
	if err != nil {
		return err
	}
	acts := []*act{{build: checkout.Naive}, {build: checkout.Hardened}}
	for _, act := range acts {
		act.stage, err = raise(ctx, demoOptions{storefront: act.build, redis: o.redis, postgres: o.postgres}, filepath.Join(documents, act.build))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, act.stage.close()) }()
		act.run = runOptions{selection: selection{file: act.stage.file, args: o.experiments}}
		act.run.phases, act.run.rates = demoPhases, map[string]float64{"checkout": o.rate, "browse": o.rate}
		if o.out != "" {
			act.run.out = filepath.Join(o.out, act.build)
		}
	}
	if err := a.playAll(ctx, acts, o.progress); err != nil {
		return err
	}
	return a.closing(acts)
}

// playAll runs all acts side by side.
func (a *app) playAll(ctx context.Context, acts []*act, progress string) error {
	s := a.screen(progress, checkout.Naive, checkout.Hardened)
	var all sync.WaitGroup
	var plans []*plan.Plan
	for _, act := range acts {
		p, err := act.run.plan(time.Now())
		if err != nil {
			return err
		}
		rename(p, filepath.Dir(act.stage.file))
		plans = append(plans, p)
	}
	if progress != "none" {
		many := fmt.Sprintf("%d faults, one after the other,", len(plans[0].Experiments))
		if len(plans[0].Experiments) == 1 {
			many = "1 fault"
		}
		fmt.Fprintf(a.stderr, "%s against a naive and a hardened shop: about %s\n\n", many, plans[0].Duration().Round(time.Second))
	}
	for i, act := range acts {
		options, err := a.runOptions(act.run)
		if err != nil {
			return err
		}
		options.Embedded = true
		options.View = func(p *plan.Plan) run.View { return s.View(i, p) }
		all.Go(func() { act.outcome, act.err = run.Run(ctx, plans[i], options) })
	}
	all.Wait()
	s.Close()
	return nil
}

// rename names a plan's documents as they are in the folder that demo --serve writes:
// that of the show is gone when its reports are read.
func rename(p *plan.Plan, dir string) {
	within := func(file *string) {
		if rel, err := filepath.Rel(dir, *file); err == nil {
			*file = rel
		}
	}
	for i := range p.Documents {
		within(&p.Documents[i].File)
	}
	for i := range p.Experiments {
		within(&p.Experiments[i].File)
	}
}

// closing tells what was found and where it can be read. What was cut short is
// reported too.
func (a *app) closing(acts []*act) error {
	var errs []error
	for _, act := range acts {
		errs = append(errs, act.err)
		if act.outcome == nil {
			continue
		}
		errs = append(errs, act.outcome.Err)
		if !a.hurry.Load() {
			errs = append(errs, writeRunFiles(act.outcome.Dir, act.outcome.Result))
		}
	}
	if slices.ContainsFunc(acts, func(act *act) bool { return act.outcome == nil }) {
		return errors.Join(errs...)
	}
	page, err := a.compareActs(acts)
	errs = append(errs, err)
	(&finale{w: a.stdout, color: a.color(""), columns: live.Columns(a.stdout)}).print(acts) // last, where a terminal stands
	fmt.Fprintln(a.stdout, "\nreports")
	for _, act := range acts {
		file := filepath.Join(act.outcome.Dir, reportFile)
		if a.hurry.Load() {
			file = "skipped; make it with: blastgauge report " + act.outcome.Dir
		}
		fmt.Fprintf(a.stdout, "  %-10s %s\n", act.build, file)
	}
	if page != "" {
		fmt.Fprintf(a.stdout, "  %-10s %s\n", "both", page)
	}
	return errors.Join(errs...)
}

// compareFile is the comparison that the demo leaves beside the hardened shop's
// report.
const compareFile = "compare.html"

// compareActs tells what hardening bought: the hardened shop against the naive
// one, in text and as a page.
func (a *app) compareActs(acts []*act) (page string, err error) {
	naive, hardened := acts[0], acts[1]
	c := compare.Runs([]compare.Input{{Source: naive.outcome.Dir, Result: naive.outcome.Result}}, []compare.Input{{Source: hardened.outcome.Dir, Result: hardened.outcome.Result}}, compare.DefaultMargin)
	fmt.Fprintf(a.stdout, "\nWhat did hardening buy? Base is the %s shop, head the %s one.\n\n", naive.build, hardened.build)
	text, err := report.CompareFor("text", report.Options{Color: a.color(""), Width: live.Columns(a.stdout)})
	if err != nil {
		return "", err
	}
	if err := text(a.stdout, c); err != nil {
		return "", err
	}
	if a.hurry.Load() {
		return "", nil
	}
	html, err := report.CompareFor("html", report.Options{})
	if err != nil {
		return "", err
	}
	page = filepath.Join(hardened.outcome.Dir, compareFile)
	return page, atomicfile.Write(page, func(w io.Writer) error { return html(w, c) })
}
