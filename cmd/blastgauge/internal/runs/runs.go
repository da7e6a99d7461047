// Package runs finds the runs that a command names.
package runs

import (
	"path/filepath"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments/compare"
	"github.com/blastgauge/blastgauge/experiments/history"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/report"
)

// Dir is the directory of all runs: the first of the arguments, or the usual one.
func Dir(args []string) string {
	if len(args) > 0 {
		return args[0]
	}
	return filepath.FromSlash(run.DefaultRuns)
}

// Sides returns the runs of base and of head, from the arguments of a comparison or from
// its flags. An error is a [usage.Error].
func Sides(args, baseFlag, headFlag []string) (base, head []string, err error) {
	byFlag := len(baseFlag)+len(headFlag) > 0
	switch {
	case byFlag && len(args) > 0:
		return nil, nil, usage.Errorf("compare takes BASE HEAD or --base and --head, not both")
	case byFlag && (len(baseFlag) == 0 || len(headFlag) == 0):
		return nil, nil, usage.Errorf("--base and --head go together: a side is missing")
	case byFlag:
		return baseFlag, headFlag, nil
	case len(args) != 2:
		return nil, nil, usage.Errorf("compare takes two runs, BASE and HEAD, got %d; several runs of a side are given with --base and --head", len(args))
	}
	return args[:1], args[1:], nil
}

// Load loads the results of runs for a comparison, in which their side is called so; empty:
// as usual.
func Load(named []string, side string) ([]compare.Input, error) {
	var list []compare.Input
	for _, name := range named {
		found, err := history.Find(Dir(nil), name)
		if err != nil {
			return nil, err
		}
		r, err := result.Load(found)
		if err != nil {
			return nil, err
		}
		if _, ok := history.BeforeLatest(name); ok { // tomorrow it means another run
			name = found
		}
		list = append(list, compare.Input{Source: name, Result: r, Side: side, Page: report.PageOf(found)})
	}
	return list, nil
}
