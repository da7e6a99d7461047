package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report"
)

// Files in a run directory that are made from its journal.
const (
	resultFile = "result.json"
	reportFile = "report.html"
)

// defaultRuns is where runs are kept below the working directory.
const defaultRuns = ".blastgauge/runs"

// runDir makes the directory of a run: out where it is given, else
// .blastgauge/runs/ID below the working directory. It belongs to its user only.
func runDir(out, id string) (string, *os.Root, error) {
	dir := out
	if dir == "" {
		dir = filepath.Join(defaultRuns, id)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", nil, fmt.Errorf("run directory: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", nil, fmt.Errorf("run directory: %w", err)
	}
	return dir, root, nil
}

// keep writes what every run leaves beside its journal.
func keep(dir string, r *result.Result) error {
	for name, file := range map[string]string{"json": resultFile, "html": reportFile} {
		format, err := report.For(name, report.Options{})
		if err != nil {
			return err
		}
		if err := writeFile(filepath.Join(dir, file), format, r); err != nil {
			return err
		}
	}
	return nil
}
