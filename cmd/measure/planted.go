package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run/systemtest"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// baseHarm is the share of journeys, in percent, that a planted system harms
// without a fault.
const baseHarm = 1

// A cell is one kind of planted truth.
type cell struct {
	percent    int // harmed by the fault, beyond baseHarm
	bursts     bool
	concurrent bool // a second route is the control, not the baseline
	guarded    bool // by a guardrail of 2 %, at 50 journeys/s and arm
}

func (c cell) String() string {
	pattern, control := "scattered", "baseline"
	if c.bursts {
		pattern = "in bursts"
	}
	if c.concurrent {
		control = "concurrent"
	}
	return fmt.Sprintf("%d %%\t%s\t%s", c.percent, pattern, control)
}

// options are the system of a cell.
func (c cell) options(seed uint64) systemtest.Options {
	usual := func(n uint64) *systemtest.Harm {
		return &systemtest.Harm{Percent: baseHarm, Chance: true, Seed: n}
	}
	faulted := &systemtest.Harm{Percent: baseHarm + c.percent, Bursts: c.bursts, Chance: true, Seed: seed + 1<<33}
	o := systemtest.Options{
		Entry:  systemtest.Planted(usual(seed), faulted),
		Rate:   "30/s",
		Phases: "{warmup: 300ms, baseline: 18s, fault: 18s, recovery: 0s}",
		Limits: fmt.Sprintf("{blast_radius: %d%%, baseline: 5%%}", c.percent), // at 0 any excess that is shown refutes
	}
	if c.concurrent {
		other := usual(seed + 1<<32)
		o.Control = systemtest.Planted(other, other)
		o.Rate, o.Phases = "60/s", "{warmup: 300ms, baseline: 4s, fault: 18s, recovery: 0s}"
	}
	if c.guarded {
		o.Rate, o.More = "50/s", "guardrails: [{blast_radius: 2%}]\n"
	}
	return o
}

// measure performs the cell's experiment once. width is that of the interval, as a plan
// foresees it of harm that does not come in bursts.
func (c cell) measure(ctx context.Context, cmd *command, seed uint64) (e result.Experiment, width float64, err error) {
	e, err = measureIn(ctx, cmd, c.options(seed), func(dir string) error {
		width, err = c.foreseen(dir)
		return err
	})
	return e, width, err
}

// foreseen is how wide the plan of a directory's experiment expects the interval to be.
func (c cell) foreseen(dir string) (float64, error) {
	files := experiments.Selection{SystemFile: filepath.Join(dir, systemtest.SystemFile), Arguments: []string{filepath.Join(dir, systemtest.ExperimentFile)}}
	loaded, err := plan.Load(files, plan.Options{Phases: plan.NoOverride()}, os.LookupEnv)
	if err != nil {
		return 0, err
	}
	x := loaded.Plan.Experiments[0]
	j := x.Journeys[0]
	j.Last = plan.Last{Known: true, Base: float64(baseHarm) / 100, Effect: 1}
	return 2 * x.Precision(j), nil
}

// measureSystem starts a system, performs its experiment and ends it.
func measureSystem(ctx context.Context, cmd *command, o systemtest.Options) (result.Experiment, error) {
	return measureIn(ctx, cmd, o, func(string) error { return nil })
}

// measureIn does the same, and looks at the system's directory before.
func measureIn(ctx context.Context, cmd *command, o systemtest.Options, look func(dir string) error) (e result.Experiment, err error) {
	dir, err := cmd.dir()
	if err != nil {
		return e, err
	}
	s, err := systemtest.Start(dir, o)
	if err != nil {
		return e, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := look(dir); err != nil {
		return e, err
	}
	return cmd.run(ctx, dir, systemtest.ExperimentFile)
}

// A score counts the runs of one cell.
type score struct {
	cell
	runs, covered, refuted, void int
	width, expected              float64
	why                          []string // the reasons of void runs
}

func (s *score) add(e result.Experiment, width float64) {
	b := e.BlastRadius
	if e.Verdict == result.Invalid || b == nil {
		s.void++
		s.why = append(s.why, fmt.Sprint(e.Reasons))
		return
	}
	s.runs++
	truth := float64(s.percent) / 100
	if b.Low <= truth && truth <= b.High {
		s.covered++
	}
	if e.Verdict == result.Refuted {
		s.refuted++
	}
	s.width += b.High - b.Low
	s.expected += width
}

func definePlanted(f *flag.FlagSet) func(context.Context, *printer) error {
	runs := f.Int("runs", 20, "runs of each cell")
	parallel := f.Int("parallel", 8, "runs at once")
	return func(ctx context.Context, out *printer) (err error) {
		cmd, err := build(ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, cmd.Close()) }()
		var cells []*score
		for _, percent := range []int{0, 5, 30} {
			cells = append(cells, &score{cell: cell{percent: percent, concurrent: true}},
				&score{cell: cell{percent: percent, bursts: true, concurrent: true}}, &score{cell: cell{percent: percent}})
		}
		var mu sync.Mutex
		err = inParallel(*parallel, *runs*len(cells), func(i int) error {
			c := cells[i%len(cells)]
			e, width, err := c.measure(ctx, cmd, uint64(i))
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				c.add(e, width)
			}
			return err
		})
		return errors.Join(err, judgePlanted(out, cells))
	}
}

// inParallel calls do for 0 to n-1, some at once, and returns all errors.
func inParallel(atOnce, n int, do func(i int) error) error {
	var (
		mu    sync.Mutex
		errs  []error
		tasks sync.WaitGroup
		slots = make(chan struct{}, max(1, atOnce))
	)
	for i := range n {
		slots <- struct{}{}
		tasks.Go(func() {
			defer func() { <-slots }()
			if err := do(i); err != nil {
				mu.Lock()
				errs = append(errs, err)
				mu.Unlock()
			}
		})
	}
	tasks.Wait()
	return errors.Join(errs...)
}

func judgePlanted(out *printer, cells []*score) error {
	var w strings.Builder
	fmt.Fprintln(&w, "harms\tthe harm is\tcontrol\truns\tinterval holds the truth\trefuted\tmean width, points\texpected without bursts\tvoid")
	var all, harmless, scattered score
	var why []string
	for _, c := range cells {
		fmt.Fprintf(&w, "%s\t%d\t%d\t%d\t%.1f\t%.1f\t%d\n", c.cell, c.runs, c.covered, c.refuted, 100*c.width/float64(max(1, c.runs)), 100*c.expected/float64(max(1, c.runs)), c.void)
		all.runs, all.covered = all.runs+c.runs, all.covered+c.covered
		if !c.bursts && c.concurrent {
			scattered.runs, scattered.width, scattered.expected = scattered.runs+c.runs, scattered.width+c.width, scattered.expected+c.expected
		}
		if c.percent == 0 {
			harmless.runs, harmless.refuted = harmless.runs+c.runs, harmless.refuted+c.refuted
		}
		why = append(why, c.why...)
	}
	out.table(w.String())
	slices.Sort(why)
	for _, text := range slices.Compact(why) {
		out.printf("void: %s\n", text)
	}
	out.printf("covered in %d of %d runs; blamed without harm in %d of %d\n", all.covered, all.runs, harmless.refuted, harmless.runs)
	return errors.Join(judgeCoverage(all, harmless), judgeWidth(scattered))
}

// judgeCoverage wants the interval to hold the truth as often as it says, and not always:
// one that is far too wide always does.
func judgeCoverage(all, harmless score) error {
	const enough = 100 // runs of which all may not be held
	covered, blamed := stats.Wilson(stats.Count{Hits: all.covered, N: all.runs}), stats.Wilson(stats.Count{Hits: harmless.refuted, N: harmless.runs})
	switch {
	case all.runs == 0 || covered.High < stats.Confidence || blamed.Low > 0.05:
		return errors.New("as far as so many runs can tell, the interval must hold the truth in 95 % of them, and blame no fault that does nothing in more than 5 %")
	case all.runs >= enough && covered.Estimate > 0.99:
		return fmt.Errorf("the interval holds the truth in %d of %d runs: one of 95 %% is wrong more often, so it is too wide", all.covered, all.runs)
	}
	return nil
}

// judgeWidth wants intervals as wide as independent harm makes them.
func judgeWidth(scattered score) error {
	if ratio := scattered.width / scattered.expected; scattered.runs > 0 && (ratio < 0.85 || ratio > 1.15) {
		return fmt.Errorf("intervals of harm without bursts are %.2f times as wide as expected, want 0.85 to 1.15", ratio)
	}
	return nil
}

func defineGuardrail(f *flag.FlagSet) func(context.Context, *printer) error {
	runs := f.Int("runs", 20, "faults that are stopped")
	parallel := f.Int("parallel", 5, "runs at once")
	return func(ctx context.Context, out *printer) (err error) {
		cmd, err := build(ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, cmd.Close()) }()
		var mu sync.Mutex
		var seconds []float64
		err = inParallel(*parallel, *runs, func(i int) error {
			e, _, err := cell{percent: 19, concurrent: true, guarded: true}.measure(ctx, cmd, uint64(i))
			if err == nil && (e.Guardrail == nil || !e.Guardrail.Tripped) {
				err = fmt.Errorf("not stopped: %s, %s", e.Verdict, strings.Join(e.Reasons, "; "))
			}
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			seconds = append(seconds, e.Faults[0].Removed.Sub(e.Faults[0].Injected).Seconds())
			return nil
		})
		if len(seconds) == 0 {
			return errors.Join(err, errors.New("no fault was stopped"))
		}
		slices.Sort(seconds)
		out.printf("%d faults were gone after %.2f s (median), %.2f s at the fastest and %.2f s at the slowest\n",
			len(seconds), median(seconds), seconds[0], seconds[len(seconds)-1])
		if median(seconds) > 3 {
			err = errors.Join(err, errors.New("the median is more than 3 s"))
		}
		return err
	}
}

// median returns the upper median of a list that is not empty.
func median(list []float64) float64 {
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/2]
}
