// Package scanning reads what the command line says of a scan, finds the earlier scan that
// it goes on from, and writes the experiments of what it found.
package scanning

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/offers"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/runs"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/findings"
	"github.com/blastgauge/blastgauge/experiments/history"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/scan"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

// Flags are what the command line says, as it is written there.
type Flags struct {
	Dependencies []string
	Budget       string // empty: the usual one
	Modes        []string
	Limit        string // empty: as the document says
	NoThresholds bool
	NoPairs      bool
	Since        string // a run: its id, its directory or latest; empty: none
	Write        string // a directory for experiments; empty: none are written
}

// Options reads the flags. An error is a [usage.Error].
func (f Flags) Options() (o plan.ScanOptions, err error) {
	o = plan.ScanOptions{Dependencies: f.Dependencies, Thresholds: !f.NoThresholds, Pairs: !f.NoPairs}
	if f.Budget != "" {
		if o.Budget, err = plan.ParseBudget(f.Budget); err != nil {
			return o, usage.Errorf("--budget: %w", err)
		}
	}
	if o.Modes, err = plan.ParseFailureModes(f.Modes); err != nil {
		return o, usage.Errorf("--faults: %w", err)
	}
	if f.Limit != "" {
		if o.Limit, err = parseLimit(f.Limit); err != nil {
			return o, err
		}
	}
	return o, f.checkWrite()
}

func parseLimit(text string) (float64, error) {
	share, err := shape.ParseShare(strings.TrimSpace(text))
	switch {
	case err != nil:
		return 0, usage.Errorf("--limit: %w", err)
	case share == 0 || share == 1:
		return 0, usage.Errorf("--limit %s: give more than 0%% and less than 100%%", text)
	}
	return share, nil
}

// checkWrite finds before a scan what keeps files from being written after it.
func (f Flags) checkWrite() error {
	if f.Write == "" {
		return nil
	}
	if info, err := os.Stat(f.Write); err == nil && !info.IsDir() {
		return usage.Errorf("--write %s: it is %s, and a directory is needed", f.Write, atomicfile.Describe(info.Mode()))
	} else if errors.Is(err, fs.ErrNotExist) { // it is made
		return nil
	}
	if err := atomicfile.Check(filepath.Join(f.Write, "experiment.yaml")); err != nil {
		return usage.Errorf("--write %s: %w", f.Write, err)
	}
	return nil
}

// Earlier loads the scan that --since names; nil where it names none.
func (f Flags) Earlier() (*result.Result, error) {
	if f.Since == "" {
		return nil, nil //nolint:nilnil // there is none
	}
	found, err := history.Find(runs.Dir(nil), f.Since)
	if err != nil {
		return nil, usage.Errorf("--since: %w", err)
	}
	r, err := result.Load(found)
	if err != nil {
		return nil, usage.Errorf("--since: %w", err)
	}
	if r.Scan == nil {
		return nil, usage.Errorf("--since %s: it is no scan, so there is nothing to take over: name a run of `blastgauge scan`", f.Since)
	}
	return r, nil
}

// WriteFindings writes the experiments of what was found, and tells what became of each.
func (f Flags) WriteFindings(p *plan.Plan, m *scan.Map, logf func(format string, args ...any)) error {
	if f.Write == "" || m == nil {
		return nil
	}
	files, err := findings.Make(p, m)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		logf("no weakness was found: nothing is written into %s", f.Write)
		return nil
	}
	written, err := findings.Write(f.Write, files)
	for _, path := range written.New {
		logf("wrote   %s", path)
	}
	for _, path := range written.Same {
		logf("there   %s: the same experiment", path)
	}
	for _, path := range written.Kept {
		logf("kept    %s: it differs from what this scan would write, and nothing is overwritten", path)
	}
	return err
}

// Modes completes a list of failure modes, such as "hang,re".
func Modes(begins string) []string {
	return offers.List(begins, func(there []string, begins string) []string {
		var names []string
		for _, m := range plan.FailureModes() {
			names = append(names, string(m))
		}
		return offers.Beginning(names, there, begins)
	})
}
