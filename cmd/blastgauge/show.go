package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/examples/checkout"
	"github.com/blastgauge/blastgauge/experiments/compare"
	"github.com/blastgauge/blastgauge/experiments/result"
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

	result *result.Result // nil where nothing was run
	dir    string
	err    error
}

// showDemo runs the same experiments against both shops at the same time and
// tells what hardening was good for.
func (a *app) showDemo(ctx context.Context, o demoOptions) (err error) {
	documents, err := os.MkdirTemp("", "blastgauge-demo-")
	if err != nil {
		return err
	}
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
		act.run = runOptions{selection: selection{file: act.stage.file, args: o.experiments}, embedded: true}
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
	for i, act := range acts {
		p, err := act.run.plan(time.Now())
		if err != nil {
			return err
		}
		all.Go(func() { act.result, act.dir, act.err = a.perform(ctx, p, act.run, s.viewer(i)) })
	}
	all.Wait()
	s.close()
	return nil
}

// closing tells what was found and where it can be read. What was cut short is
// reported too.
func (a *app) closing(acts []*act) error {
	var errs []error
	for _, act := range acts {
		errs = append(errs, act.err)
		if act.result == nil {
			continue
		}
		act.result.Run.ExitCode = a.settle(act.result, nil, nil)
		if !a.hurry.Load() {
			errs = append(errs, keep(act.dir, act.result))
		}
	}
	if slices.ContainsFunc(acts, func(act *act) bool { return act.result == nil }) {
		return errors.Join(errs...)
	}
	page, err := a.compareActs(acts)
	errs = append(errs, err)
	fmt.Fprintln(a.stdout, "\nreports")
	for _, act := range acts {
		file := filepath.Join(act.dir, reportFile)
		if a.hurry.Load() {
			file = "skipped; make it with: blastgauge report " + act.dir
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
	c := compare.Runs([]compare.Input{{Source: naive.dir, Result: naive.result}}, []compare.Input{{Source: hardened.dir, Result: hardened.result}}, compare.DefaultMargin)
	fmt.Fprintf(a.stdout, "\nWhat did hardening buy? Base is the %s shop, head the %s one.\n\n", naive.build, hardened.build)
	text, err := report.CompareFor("text", report.Options{Color: a.color(""), Width: width(a.stdout)})
	if err != nil {
		return "", err
	}
	if err := text(a.stdout, c); err != nil {
		return "", err
	}
	for _, act := range acts {
		for i, line := range slices.Concat(broken(act.result), hardWhenSlow(act.result), notMeasured(act.result)) {
			if i == 0 {
				fmt.Fprintln(a.stdout)
			}
			fmt.Fprintf(a.stdout, "%s: %s\n", act.build, line)
		}
	}
	if a.hurry.Load() {
		return "", nil
	}
	html, err := report.CompareFor("html", report.Options{})
	if err != nil {
		return "", err
	}
	page = filepath.Join(hardened.dir, compareFile)
	return page, writeFile(page, func(w io.Writer) error { return html(w, c) })
}

// broken names the invariants that each fault broke.
func broken(r *result.Result) []string {
	var lines []string
	for _, e := range r.Experiments {
		for _, c := range e.Criteria {
			if name, ok := strings.CutPrefix(c.Name, "invariant "); ok && c.Verdict == result.Refuted {
				lines = append(lines, fmt.Sprintf("%s: no longer %s (%s violations).", strings.ToLower(e.Title[:1])+e.Title[1:], name, c.Measured))
			}
		}
	}
	return lines
}

// hardWhenSlow names soft dependencies whose refusal harms nobody, and whose
// silence does.
func hardWhenSlow(r *result.Result) []string {
	survived, hurt := map[string]bool{}, map[string]bool{}
	for _, e := range r.Experiments {
		for _, f := range e.Faults {
			survived[f.Into] = survived[f.Into] || f.Inject == "down" && e.Verdict != result.Refuted
			hurt[f.Into] = hurt[f.Into] || f.Inject == "timeout" && e.Verdict == result.Refuted
		}
	}
	var lines []string
	for name, d := range r.System.Dependencies {
		if d.Criticality == "soft" && survived[name] && hurt[name] {
			lines = append(lines, name+" is declared soft. The shop does without it when it refuses, and fails when it hangs.")
		}
	}
	slices.Sort(lines)
	return lines
}

// notMeasured says how many experiments tell nothing, and why the first of them
// does not.
func notMeasured(r *result.Result) []string {
	invalid, why := 0, ""
	for _, e := range r.Experiments {
		if e.Verdict != result.Invalid {
			continue
		}
		if invalid++; why == "" && len(e.Reasons) > 0 {
			why = e.Title + ": " + e.Reasons[0]
		}
	}
	if invalid == 0 {
		return nil
	}
	lines := []string{fmt.Sprintf("%d of %d measurements are invalid. %s.", invalid, len(r.Experiments), why)}
	if strings.Contains(why, result.TooBusy) {
		lines = append(lines, "fewer journeys are easier on a machine that has other work: blastgauge demo --rate 20")
	}
	return lines
}
