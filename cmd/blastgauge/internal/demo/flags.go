package demo

import (
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/examples/checkout"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// Flags are what the command line says of the demo.
type Flags struct {
	Arguments  []string // experiments to run, or dependencies to scan
	Scan       bool     // scan both shops, and run no experiments
	Budget     string   // of the scan of one shop
	Serve      string   // a folder: only serve a shop, with its documents there
	Storefront string
	Toxiproxy  string
	Stores     Stores
	Out        string
	Rate       float64
	Set        []string
}

// Check refuses flags that are wrong or contradict each other. given reports whether a
// flag stands on the command line. An error is a [usage.Error].
func (f *Flags) Check(given func(flag string) bool) error {
	switch {
	case !(f.Rate > 0 && f.Rate <= 1000):
		return usage.Errorf("--rate %g: more than 0 and at most 1000 journeys per second", f.Rate)
	case f.Storefront != checkout.Naive && f.Storefront != checkout.Hardened:
		return usage.Errorf("--storefront %s: naive and hardened are the ones there are", f.Storefront)
	case f.Serve != "" && len(f.Arguments) > 0:
		return usage.Errorf("--serve only serves: run experiments with `blastgauge run`")
	case f.Serve != "" && f.Scan:
		return usage.Errorf("--serve only serves: scan the shop with `blastgauge scan`")
	case f.Serve != "" && slices.ContainsFunc([]string{"set", "rate", "out", "progress"}, given):
		return usage.Errorf("--set, --rate, --out and --progress are for the demo's own runs: with --serve, edit the files or give them to `blastgauge run`")
	case f.Serve == "" && (given("storefront") || f.Toxiproxy != ""):
		return usage.Errorf("--storefront and --toxiproxy go with --serve: the demo has both shops, each behind a proxy server of its own")
	case given("budget") && !f.Scan:
		return usage.Errorf("--budget goes with --scan: it is how long the scan of one shop may take")
	}
	if f.Scan && !given("rate") {
		f.Rate = ScanRate
	}
	return nil
}

// budget is how long the scan of one shop may take.
func (f *Flags) budget() (time.Duration, error) {
	if f.Budget == "" {
		return ScanBudget, nil
	}
	d, err := plan.ParseBudget(f.Budget)
	if err != nil {
		err = usage.Errorf("--budget: %w", err)
	}
	return d, err
}

// experiments are the ids of those that are run.
func (f *Flags) experiments() []string {
	if len(f.Arguments) > 0 {
		return f.Arguments
	}
	return Experiments(f.Stores)
}
