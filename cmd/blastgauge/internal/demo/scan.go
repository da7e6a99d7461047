package demo

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/live"
	"github.com/blastgauge/blastgauge/examples/checkout"
	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/report"
	"github.com/blastgauge/blastgauge/report/scans"
	"github.com/blastgauge/blastgauge/report/terminal"
)

// ScanRate is the default number of journeys per second, of each kind, where a shop is
// scanned. More than [Rate]: only one shop runs at a time, and the sooner a fault is judged,
// the more of them fit the budget.
const ScanRate = 80

// ScanBudget is how long the scan of one shop takes at most by default.
const ScanBudget = 5 * time.Minute

// Scan scans the naive shop and then the hardened one, and prints what each is worth to
// stdout. It starts and stops the shops.
func Scan(ctx context.Context, o Options) error {
	shops := []*shop{{build: checkout.Naive}, {build: checkout.Hardened}}
	for i, s := range shops {
		if err := o.scanShop(ctx, i, s); err != nil {
			s.err = err
		}
		if s.outcome == nil || ctx.Err() != nil {
			break
		}
	}
	o.Screen.Close()
	return o.concludeScan(shops)
}

// scanShop scans one shop, which is number i of them.
func (o Options) scanShop(ctx context.Context, i int, s *shop) (err error) {
	dir := filepath.Join(o.Documents, s.build)
	if s.env, err = Start(ctx, EnvironmentOptions{Dir: dir, Storefront: s.build, Stores: o.Flags.Stores, Version: o.Version}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.env.Close()) }()
	if s.plan, err = o.makeScan(s.env.SystemFile); err != nil {
		return err
	}
	nameDocumentsRelativeTo(dir, s.plan)
	o.Screen.Announce(s.plan, "the "+s.build+" shop")
	s.outcome, err = run.Run(ctx, s.plan, o.runOptions(i, s))
	return err
}

// makeScan plans the scan of one shop.
func (o Options) makeScan(systemFile string) (*plan.Plan, error) {
	budget, err := o.Flags.budget()
	if err != nil {
		return nil, err
	}
	scan := plan.DefaultScan()
	scan.Dependencies, scan.Budget = o.Flags.Arguments, budget
	scan.Version, scan.Commit, scan.Rates = o.Version, o.Commit, o.rates()
	loaded, err := plan.LoadScan(experiments.Selection{SystemFile: systemFile, Outside: experiments.Outside{Getenv: o.Run.Getenv, Set: o.Flags.Set}}, scan, o.Run.Getenv)
	if err != nil {
		return nil, err
	}
	loaded.Plan.Choices.Demo = o.again()
	return loaded.Plan, nil
}

// concludeScan writes the reports, and prints the map of each shop. It does so for scans
// that were cut short, too.
func (o Options) concludeScan(shops []*shop) error {
	skip := o.SkipReports()
	pages, errs := o.writePages(shops, skip)
	scanned := slices.DeleteFunc(slices.Clone(shops), func(s *shop) bool { return s.outcome == nil })
	if len(scanned) == 0 {
		return joinDistinct(errs)
	}
	for _, s := range scanned {
		errs = append(errs, o.printMap(s))
	}
	both := ""
	if len(scanned) == len(shops) {
		page, err := o.writeComparison(shops[0], shops[1], skip)
		both, errs = page, append(errs, err, o.printHeadlines(shops))
	}
	return joinDistinct(append(errs, o.listPages(shops, pages, both)))
}

// printMap prints the map of one shop.
func (o Options) printMap(s *shop) error {
	text, err := report.For("text", report.Options{Color: o.Color, Width: live.Columns(o.Stdout)})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(o.Stdout, "\nThe %s shop\n\n", s.build); err != nil {
		return err
	}
	return text(o.Stdout, s.outcome.Result)
}

// printHeadlines says in a line for each shop what was found.
func (o Options) printHeadlines(shops []*shop) error {
	p := terminal.NewPrinter(terminal.Options{Color: o.Color, Width: live.Columns(o.Stdout)})
	p.Line("")
	for _, s := range shops {
		if s.outcome.Result.Scan != nil {
			p.Wrap(terminal.Left("  "+s.build, 12), inert.Text(scans.Headline(s.outcome.Result))+".")
		}
	}
	_, err := o.Stdout.Write(p.Bytes())
	return err
}
