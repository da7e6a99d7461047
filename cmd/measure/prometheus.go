package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run/systemtest"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// A countedCell is one kind of planted truth that a real Prometheus measures.
type countedCell struct {
	scrape  time.Duration
	percent int  // harmed by the fault, beyond baseHarm
	lanes   bool // real traffic has two arms; else the baseline is the control
	restart bool // a replica begins anew under the fault
}

func (c countedCell) String() string {
	control, restart := "baseline", ""
	if c.lanes {
		control = "lanes"
	}
	if c.restart {
		restart = "restart"
	}
	return fmt.Sprintf("%s\t%d %%\t%s\t%s", c.scrape, c.percent, control, restart)
}

// nthCell is one of the kinds of a scrape interval, in turn.
func nthCell(scrape time.Duration, i int) countedCell {
	return countedCell{scrape: scrape, percent: []int{0, 10, 30}[i%3], lanes: i/3%2 == 1, restart: i/6%2 == 1}
}

// options are the shop of a cell. Phases hold as many batches as an interval needs.
func (c countedCell) options(seed uint64) systemtest.CountedOptions {
	usual := func(n uint64) *systemtest.Harm {
		return &systemtest.Harm{Percent: baseHarm, Chance: true, Seed: n}
	}
	phase := max(24*time.Second, 11*c.scrape+2*time.Second)
	o := systemtest.CountedOptions{Scrape: c.scrape, PerArm: 40, Lanes: c.lanes, Restart: c.restart, System: systemtest.Options{
		Entry:  systemtest.Planted(usual(seed), &systemtest.Harm{Percent: baseHarm + c.percent, Chance: true, Seed: seed + 1<<33}),
		Phases: fmt.Sprintf("{warmup: %s, baseline: %s, fault: %[2]s, recovery: 0s}", 2*c.scrape, phase),
		Limits: fmt.Sprintf("{blast_radius: %d%%, baseline: 10%%}", c.percent),
	}}
	if c.lanes {
		o.System.Control = systemtest.Planted(usual(seed+1<<32), usual(seed+1<<34))
	}
	return o
}

// measure starts a shop and a Prometheus, and performs the experiment once.
func (c countedCell) measure(ctx context.Context, cmd *command, seed uint64) (e result.Experiment, err error) {
	dir, err := cmd.dir()
	if err != nil {
		return e, err
	}
	shop, err := systemtest.StartCounted(dir, c.options(seed))
	if err != nil {
		return e, err
	}
	defer func() { err = errors.Join(err, shop.Close()) }()
	return cmd.run(ctx, dir, systemtest.ExperimentFile)
}

// definePrometheus: how often the interval of an experiment that a real Prometheus measures
// holds the harm that was planted, with restarts and without.
func definePrometheus(f *flag.FlagSet) func(context.Context, *printer) error {
	runs := f.Int("n", 20, "experiments with each scrape interval")
	parallel := f.Int("parallel", 4, "experiments at once")
	seed := f.Uint64("seed", 0, "of the harm: another one plants it at other checkouts")
	return func(ctx context.Context, out *printer) (err error) {
		cmd, err := build(ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, cmd.Close()) }()
		intervals := []time.Duration{5 * time.Second, time.Second}
		scores := map[countedCell]*score{}
		var order []countedCell
		var mu sync.Mutex
		err = inParallel(*parallel, *runs*len(intervals), func(i int) error {
			c := nthCell(intervals[i / *runs], i%*runs)
			e, err := c.measure(ctx, cmd, *seed+uint64(i))
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				return err
			}
			if scores[c] == nil {
				scores[c], order = &score{cell: cell{percent: c.percent}}, append(order, c)
			}
			scores[c].add(e, 0)
			return nil
		})
		return errors.Join(err, judgeCounted(out, order, scores))
	}
}

func judgeCounted(out *printer, order []countedCell, scores map[countedCell]*score) error {
	var w strings.Builder
	fmt.Fprintln(&w, "scraped every\tharms\tcontrol\tunder the fault\truns\tinterval holds the truth\trefuted\tmean width, points\tvoid")
	sums := map[time.Duration]*score{}
	var errs []error
	var harmless score
	for _, c := range order {
		s := scores[c]
		fmt.Fprintf(&w, "%s\t%d\t%d\t%d\t%.1f\t%d\n", c, s.runs, s.covered, s.refuted, 100*s.width/float64(max(1, s.runs)), s.void)
		if sums[c.scrape] == nil {
			sums[c.scrape] = &score{}
		}
		sum := sums[c.scrape]
		sum.runs, sum.covered, sum.void, sum.why = sum.runs+s.runs, sum.covered+s.covered, sum.void+s.void, append(sum.why, s.why...)
		if c.percent == 0 {
			harmless.runs, harmless.refuted = harmless.runs+s.runs, harmless.refuted+s.refuted
		}
	}
	out.table(w.String())
	for _, scrape := range []time.Duration{time.Second, 5 * time.Second} {
		sum := sums[scrape]
		if sum == nil {
			continue
		}
		out.printf("scraped every %s: covered in %d of %d runs, %d void\n", scrape, sum.covered, sum.runs, sum.void)
		for _, text := range sum.why {
			out.printf("void: %s\n", text)
		}
		if sum.runs == 0 || stats.Wilson(stats.Count{Hits: sum.covered, N: sum.runs}).High < stats.Confidence {
			errs = append(errs, fmt.Errorf("scraped every %s: as far as so many runs can tell, the interval must hold the truth in 95 %% of them", scrape))
		}
	}
	if blamed := stats.Wilson(stats.Count{Hits: harmless.refuted, N: harmless.runs}); harmless.runs > 0 && blamed.Low > 0.05 {
		errs = append(errs, fmt.Errorf("a fault that does nothing was blamed in %d of %d runs", harmless.refuted, harmless.runs))
	}
	return errors.Join(errs...)
}
