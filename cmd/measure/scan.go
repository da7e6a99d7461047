package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/examples/checkout"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/scan"
)

// scan scans what flags name, in a directory, and returns what result.json says.
func (c *command) scan(ctx context.Context, dir string, flags ...string) (*result.Result, error) {
	cmd := c.exec(ctx, dir, append([]string{"scan", "--progress", "none", "--out", "run"}, flags...)...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	failed := cmd.Run() // what was found is an exit code: the result says whether it went wrong
	r, err := readScan(filepath.Join(dir, "run"))
	if err != nil {
		return nil, fmt.Errorf("%w, %w\n%s", err, failed, &out)
	}
	return r, nil
}

func readScan(dir string) (*result.Result, error) {
	r, err := result.Load(dir)
	if err == nil && r.Scan == nil {
		err = fmt.Errorf("%s is no scan", dir)
	}
	return r, err
}

// A plantedCell is a cell of the naive shop's map whose answer its source code tells.
type plantedCell struct {
	dependency string
	mode       plan.FailureMode
	want       scan.Verdict
	broken     bool // an invariant
	why        string
}

// plantedInTheDemo lists what was built into the naive shop.
func plantedInTheDemo() []plantedCell {
	return []plantedCell{
		{"recommendations", plan.Refuse, scan.Harmless, false, "soft when it refuses"},
		{"recommendations", plan.Hang, scan.Harmful, false, "hard when it hangs"},
		{"recommendations", plan.Slow, scan.Harmful, false, "no time-out"},
		{"mail", plan.Hang, scan.Harmful, false, "every checkout waits for it"},
		{"payments", plan.Hang, scan.Harmful, true, "charged more than once"},
		{"payments", plan.ErrorAfter, scan.Harmful, true, "charged although it failed"},
		{"reviews", plan.Hang, scan.NotExercised, false, "nobody calls it"},
	}
}

func defineScan(f *flag.FlagSet) func(context.Context, *printer) error {
	n := f.Int("n", 1, "runs of the demo, each of which scans both shops")
	budget := f.String("budget", "5m", "of the scan of one shop")
	return func(ctx context.Context, out *printer) (err error) {
		cmd, err := build(ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, cmd.Close()) }()
		var errs []error
		for i := range *n {
			dir, err := cmd.dir()
			if err != nil {
				return err
			}
			run := cmd.exec(ctx, dir, "demo", "--scan", "--budget", *budget, "--progress", "none", "--out", "run")
			said, failed := run.CombinedOutput()
			naive, naiveErr := readScan(filepath.Join(dir, "run", checkout.Naive))
			hardened, hardenedErr := readScan(filepath.Join(dir, "run", checkout.Hardened))
			if err := errors.Join(failed, naiveErr, hardenedErr); err != nil {
				return fmt.Errorf("run %d: %w\n%s", i+1, err, said)
			}
			out.printf("run %d\n", i+1)
			errs = append(errs, judgeScan(out, naive.Scan, hardened.Scan))
		}
		return errors.Join(errs...)
	}
}

// judgeScan wants every planted weakness on the map of the naive shop, and none on that of
// the hardened one.
func judgeScan(out *printer, naive, hardened *scan.Map) error {
	var w strings.Builder
	fmt.Fprintln(&w, "planted in the naive shop\twant\tfound")
	var errs []error
	found := 0
	for _, p := range plantedInTheDemo() {
		got, ok := p.on(naive)
		if ok {
			found++
		} else {
			errs = append(errs, fmt.Errorf("%s of %s is %s, want %s: %s", p.mode, p.dependency, got, p.want, p.why))
		}
		fmt.Fprintf(&w, "%s %s: %s\t%s\t%s\n", p.dependency, p.mode, p.why, p.want, got)
	}
	out.table(w.String())
	for i := range hardened.Findings {
		if f := &hardened.Findings[i]; f.Weakness(hardened) {
			errs = append(errs, fmt.Errorf("the hardened shop has a weakness that is none: %s of %s", f.Code, f.Dependency))
		}
	}
	out.printf("naive: %d of %d planted, %s, %.0f s, %s\n", found, len(plantedInTheDemo()), counted(naive), naive.Spent, naive.Ended)
	out.printf("hardened: %s, %.0f s, %s\n", counted(hardened), hardened.Spent, hardened.Ended)
	return errors.Join(errs...)
}

// on is what a map says of a planted cell, and whether that is right.
func (p plantedCell) on(m *scan.Map) (got string, ok bool) {
	for _, d := range m.Dependencies {
		for _, c := range d.Cells {
			if d.Name != p.dependency || len(c.Faults) != 1 || c.Faults[0].Mode != p.mode {
				continue
			}
			got = string(c.Verdict)
			if len(c.Broken) > 0 {
				got += ", breaks " + c.Broken[0].Invariant
			}
			return got, c.Verdict == p.want && (!p.broken || len(c.Broken) > 0)
		}
	}
	return "not there", false
}

// counted says how many cells of a map are how.
func counted(m *scan.Map) string {
	n := map[scan.Verdict]int{}
	for _, d := range m.Dependencies {
		for _, c := range d.Cells {
			n[c.Verdict]++
		}
	}
	var parts []string
	for verdict, count := range n {
		parts = append(parts, fmt.Sprintf("%d %s", count, verdict))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}
