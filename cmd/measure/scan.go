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
	"time"

	"github.com/blastgauge/blastgauge/examples/checkout"
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
			naive, hardened, err := scanDemo(ctx, out, cmd, *budget)
			out.printf("run %d\n", i+1)
			if err == nil {
				err = judgeScan(out, naive, hardened)
			}
			if err != nil {
				errs = append(errs, fmt.Errorf("run %d: %w", i+1, err))
			}
		}
		return errors.Join(errs...)
	}
}

// scanDemo scans both shops of the demo, which may take ten minutes.
func scanDemo(ctx context.Context, out *printer, cmd *command, budget string) (naive, hardened *result.Result, err error) {
	dir, err := cmd.dir()
	if err != nil {
		return nil, nil, err
	}
	run := cmd.exec(ctx, dir, "demo", "--scan", "--budget", budget, "--progress", "none", "--out", "run")
	began := time.Now()
	said, failed := run.CombinedOutput()
	took := time.Since(began)
	naive, naiveErr := readScan(filepath.Join(dir, "run", checkout.Naive))
	hardened, hardenedErr := readScan(filepath.Join(dir, "run", checkout.Hardened))
	if err := errors.Join(failed, naiveErr, hardenedErr); err != nil {
		return nil, nil, fmt.Errorf("%w\n%s", err, said)
	}
	out.printf("both shops took %.0f s\n", took.Seconds())
	if took > 10*time.Minute {
		err = fmt.Errorf("both shops took %s, want at most 10 minutes", took.Round(time.Second))
	}
	return naive, hardened, err
}

// judgeScan wants every planted weakness on the map of the naive shop, none on that of the
// hardened one, and of both that enough was decided to say so.
func judgeScan(out *printer, naive, hardened *result.Result) error {
	for _, r := range []*result.Result{naive, hardened} {
		if !r.Scan.Decided() {
			return fmt.Errorf("run %s: exit %d, nothing was decided: %s", r.Run.ID, r.Run.ExitCode, r.Scan.Ended)
		}
	}
	errs := []error{judgePlantedCells(out, naive.Scan), judgeFindings(out, naive.Scan), judgeBreakingPoints(out, naive.Scan, hardened.Scan)}
	for i := range hardened.Scan.Findings {
		f := &hardened.Scan.Findings[i]
		errs = append(errs, fmt.Errorf("the hardened shop has a weakness that is none: %s of %s", f.Code, f.Dependency))
	}
	for _, shop := range []struct {
		name  string
		r     *result.Result
		codes []int
	}{
		{checkout.Naive, naive, []int{result.ExitRefuted}},
		{checkout.Hardened, hardened, []int{result.ExitHeld, result.ExitInconclusive}},
	} {
		m, code := shop.r.Scan, shop.r.Run.ExitCode
		decided, open := countDecided(m)
		out.printf("%s: exit %d, %s, %.0f s, %s\n", shop.name, code, counted(m), m.Spent, m.Ended)
		if !slices.Contains(shop.codes, code) {
			errs = append(errs, fmt.Errorf("%s: exit %d, want one of %v", shop.name, code, shop.codes))
		}
		if decided <= open {
			errs = append(errs, fmt.Errorf("%s: %d cells are decided and %d are not, want most of them", shop.name, decided, open))
		}
	}
	return errors.Join(errs...)
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

// countDecided counts the cells that have an answer, and those that could have one.
func countDecided(m *scan.Map) (decided, open int) {
	for _, d := range m.Dependencies {
		for _, c := range d.Cells {
			switch {
			case c.Verdict.Decided():
				decided++
			case c.Verdict != scan.NotExercised && c.Verdict != scan.Unavailable:
				open++
			}
		}
	}
	return decided, open
}
