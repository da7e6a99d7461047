// Package demo runs the same experiments on two builds of a small web shop, a naive one
// and a hardened one, and says what each fault harmed and what hardening bought. It also
// serves one of them, with documents that describe it, for other commands to be tried on.
package demo

import (
	"bytes"
	"cmp"
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

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/live"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/livepage"
	"github.com/blastgauge/blastgauge/examples/checkout"
	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/compare"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/report"
	"github.com/blastgauge/blastgauge/report/terminal"
)

// Rate is the default number of journeys per second, of each kind on each shop. With
// phases this short it is just enough to judge a limit of 5 %: 105 journeys of each kind
// in an arm, of which one may fail by chance.
const Rate = 60

// phases are as short as that rate allows.
func phases() experiments.Phases {
	return experiments.Phases{Warmup: 500 * time.Millisecond, Baseline: 2500 * time.Millisecond, Fault: 4500 * time.Millisecond, Recovery: 3500 * time.Millisecond}
}

// Experiments lists the ids of the experiments that the demo runs, in its order. Some
// need a real Redis or a PostgreSQL.
func Experiments(s Stores) []string {
	list := []string{"payments-slow", "payments-down", "payments-hang", "payments-charge-then-fail", "recommendations-down", "recommendations-hang", "carts-reset"}
	if s.Redis != "" {
		list = append(list, "carts-read-only", "carts-empty")
	}
	if s.Postgres != "" {
		list = append(list, "orders-db-down", "orders-db-hang", "orders-db-refuses", "orders-db-read-only", "orders-db-commit-then-error")
	}
	return list
}

// Options say how to run the demo.
type Options struct {
	Flags     Flags
	Documents string // a directory for the documents of both shops
	Version   string // of blastgauge
	Commit    string // under test

	Run    run.Options    // what both runs have in common
	Screen *live.Screen   // shows them: the naive shop, then the hardened one
	Live   *livepage.Page // the same for browsers; nil: for none

	Stdout io.Writer
	Color  bool // on stdout
	// SkipReports is asked when the runs have ended: whether to write no files.
	SkipReports func() bool
	// WriteReports writes the files of a run into its directory and returns the path of
	// its page.
	WriteReports func(*run.Outcome) (page string, err error)
}

// A shop is one shop under all experiments.
type shop struct {
	build string // of the storefront
	env   *Environment
	plan  *plan.Plan

	outcome *run.Outcome // nil where nothing was run
	err     error
}

// Run runs the experiments on both shops at the same time, and prints a comparison and a
// summary to stdout. It starts and stops the shops.
func Run(ctx context.Context, o Options) (err error) {
	shops := []*shop{{build: checkout.Naive}, {build: checkout.Hardened}}
	for _, s := range shops {
		dir := filepath.Join(o.Documents, s.build)
		if s.env, err = Start(ctx, EnvironmentOptions{Dir: dir, Storefront: s.build, Stores: o.Flags.Stores, Version: o.Version}); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.env.Close()) }()
		if s.plan, err = o.makePlan(s.env.SystemFile); err != nil {
			return err
		}
		s.plan.Commit = cmp.Or(s.plan.Commit, s.build)
		nameDocumentsRelativeTo(dir, s.plan)
	}
	o.runAll(ctx, shops)
	return o.conclude(shops)
}

// makePlan plans the run of one shop.
func (o Options) makePlan(systemFile string) (*plan.Plan, error) {
	loaded, err := plan.Load(experiments.Selection{SystemFile: systemFile, Arguments: o.Flags.experiments(), Outside: experiments.Outside{Getenv: o.Run.Getenv, Set: o.Flags.Set}},
		plan.Options{Version: o.Version, Commit: o.Commit, Phases: phases(), Rates: o.rates()}, o.Run.Getenv)
	if err != nil {
		return nil, err
	}
	loaded.Plan.Choices.Demo = o.again()
	loaded.Plan.Choices.Selected = len(o.Flags.Arguments) > 0 // and not merely by the demo itself
	return loaded.Plan, nil
}

// rates are journeys per second by kind.
func (o Options) rates() map[string]float64 {
	return map[string]float64{"checkout": o.Flags.Rate, "browse": o.Flags.Rate}
}

// again is what runs the demo like this again, without its experiments. Stores that were
// given may have passwords; the demo starts stores of its own instead.
func (o Options) again() []string {
	words, usual := []string{"demo"}, float64(Rate)
	if o.Flags.Scan {
		words, usual = append(words, "--scan"), ScanRate
	}
	if o.Flags.Budget != "" {
		words = append(words, "--budget="+o.Flags.Budget)
	}
	if o.Flags.Rate != usual {
		words = append(words, fmt.Sprintf("--rate=%g", o.Flags.Rate))
	}
	for _, set := range o.Flags.Set {
		words = append(words, "--set="+set)
	}
	if o.Flags.Stores.Redis != "" {
		words = append(words, "--redis=start")
	}
	if o.Flags.Stores.Postgres != "" {
		words = append(words, "--postgres=start")
	}
	return words
}

// nameDocumentsRelativeTo names a plan's documents as they are in the folder that demo
// --serve writes, because the demo's own folder is gone when its reports are read.
func nameDocumentsRelativeTo(dir string, p *plan.Plan) {
	makeRelative := func(file *string) {
		if rel, err := filepath.Rel(dir, *file); err == nil {
			*file = rel
		}
	}
	for i := range p.Documents {
		makeRelative(&p.Documents[i].File)
	}
	for i := range p.Experiments {
		makeRelative(&p.Experiments[i].File)
	}
}

// runAll runs the plans of all shops at the same time.
func (o Options) runAll(ctx context.Context, shops []*shop) {
	o.Screen.Announce(shops[0].plan, "a naive and a hardened shop at once")
	var all sync.WaitGroup
	for i, s := range shops {
		all.Go(func() { s.outcome, s.err = run.Run(ctx, s.plan, o.runOptions(i, s)) })
	}
	all.Wait()
	o.Screen.Close()
}

// runOptions are those of the run of shop number i.
func (o Options) runOptions(i int, s *shop) run.Options {
	options := o.Run
	options.Embedded = true
	o.Live.Show(i, &options, func(p *plan.Plan) run.View { return o.Screen.View(i, p) })
	if o.Flags.Out != "" {
		options.Dir = filepath.Join(o.Flags.Out, s.build)
	}
	return options
}

// conclude writes the reports, a comparison and a summary. It does so for runs that were
// cut short, too.
func (o Options) conclude(shops []*shop) error {
	skip := o.SkipReports()
	pages, errs := o.writePages(shops, skip)
	if slices.ContainsFunc(shops, func(s *shop) bool { return s.outcome == nil }) {
		return joinDistinct(errs)
	}
	page, err := o.writeComparison(shops[0], shops[1], skip)
	errs = append(errs, err, o.printSummary(shops)) // last, where people look
	return joinDistinct(append(errs, o.listPages(shops, pages, page)))
}

// writePages writes the files of each run that there is. It returns the path of its page,
// and everything that went wrong so far.
func (o Options) writePages(shops []*shop, skip bool) (pages []string, errs []error) {
	pages = make([]string, len(shops))
	for i, s := range shops {
		errs = append(errs, s.err)
		if s.outcome == nil {
			continue
		}
		errs = append(errs, s.outcome.Err)
		if skip {
			pages[i] = "skipped; make it with: blastgauge report " + s.outcome.Dir
			continue
		}
		page, err := o.WriteReports(s.outcome)
		pages[i], errs = page, append(errs, err)
	}
	return pages, errs
}

// listPages prints where the pages are.
func (o Options) listPages(shops []*shop, pages []string, both string) error {
	list := bytes.NewBufferString("\nreports\n")
	for i, s := range shops {
		if pages[i] != "" {
			fmt.Fprintf(list, "  %-10s %s\n", s.build, pages[i])
		}
	}
	if both != "" {
		fmt.Fprintf(list, "  %-10s %s\n", "both", both)
	}
	_, err := list.WriteTo(o.Stdout)
	return err
}

// joinDistinct joins errors, and those of the same text once: an interrupt ends both runs.
func joinDistinct(errs []error) error {
	var list []error
	for _, err := range errs {
		if err != nil && !slices.ContainsFunc(list, func(e error) bool { return e.Error() == err.Error() }) {
			list = append(list, err)
		}
	}
	return errors.Join(list...)
}

func (o Options) printSummary(shops []*shop) error {
	var results []shopResult
	for _, s := range shops {
		results = append(results, shopResult{s.build, s.outcome.Result})
	}
	return writeSummary(o.Stdout, results, terminal.Options{Color: o.Color, Width: live.Columns(o.Stdout)})
}

// ComparisonFile is the name of the page that compares both shops. It is beside the
// report of the hardened one.
const ComparisonFile = "compare.html"

// writeComparison compares the hardened shop with the naive one: in text on stdout and,
// unless pages are skipped, as a page.
func (o Options) writeComparison(naive, hardened *shop, skipPage bool) (page string, err error) {
	c, err := compare.Results(
		[]compare.Input{{Source: naive.outcome.Dir, Result: naive.outcome.Result, Side: naive.build, Page: report.PageOf(naive.outcome.Dir)}},
		[]compare.Input{{Source: hardened.outcome.Dir, Result: hardened.outcome.Result, Side: hardened.build, Page: report.PageOf(hardened.outcome.Dir)}}, compare.DefaultMargin)
	if err != nil {
		return "", err
	}
	title := fmt.Sprintf("What did hardening buy? The %s shop is the base, the %s one the head.", naive.build, hardened.build)
	if _, err := fmt.Fprintf(o.Stdout, "\n%s\n\n", strings.Join(terminal.Lines(title, live.Columns(o.Stdout)), "\n")); err != nil {
		return "", err
	}
	text, err := report.CompareFor("text", report.Options{Color: o.Color, Width: live.Columns(o.Stdout)})
	if err != nil {
		return "", err
	}
	if err := text(o.Stdout, c); err != nil || skipPage {
		return "", err
	}
	folder, err := filepath.Abs(hardened.outcome.Dir)
	if err != nil {
		return "", err
	}
	html, err := report.CompareFor("html", report.Options{Folder: folder})
	if err != nil {
		return "", err
	}
	root, err := os.OpenRoot(hardened.outcome.Dir)
	if err != nil {
		return "", err
	}
	defer func() { _ = root.Close() }() // what is written is synced
	return filepath.Join(hardened.outcome.Dir, ComparisonFile), atomicfile.RewriteIn(root, ComparisonFile, func(w io.Writer) error { return html(w, c) })
}
