package main

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report"
)

// Files in a run directory that are made from its journal.
const (
	resultFile = result.File
	reportFile = "report.html"
)

// defaultRuns is where runs are kept below the working directory.
const defaultRuns = ".blastgauge/runs"

// runDir makes the directory of a run: out where it is given, else
// .blastgauge/runs/ID below the working directory, and nowhere else: links out of
// it are not followed. What is made belongs to its user only.
func runDir(out, id string) (dir string, root *os.Root, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("run directory: %w", err)
		}
	}()
	if out != "" {
		if err := os.MkdirAll(out, 0o700); err != nil {
			return "", nil, err
		}
		root, err := os.OpenRoot(out)
		return out, root, err
	}
	here, err := os.OpenRoot(".")
	if err != nil {
		return "", nil, err
	}
	defer here.Close() //nolint:errcheck // nothing is written
	dir = path.Join(defaultRuns, id)
	if err := here.MkdirAll(dir, 0o700); err != nil {
		return "", nil, err
	}
	root, err = here.OpenRoot(dir)
	return filepath.FromSlash(dir), root, err
}

// keep writes what every run leaves beside its journal.
func keep(dir string, r *result.Result) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("run directory: %w", err)
	}
	defer root.Close() //nolint:errcheck // what is written is closed before
	for name, file := range map[string]string{"json": resultFile, "html": reportFile} {
		format, err := report.For(name, report.Options{})
		if err != nil {
			return err
		}
		if err := replace(root, file, format, r); err != nil {
			return fmt.Errorf("write %s: %w", filepath.Join(dir, file), err)
		}
	}
	return nil
}

// replace replaces a file in a run directory only by a whole one.
func replace(root *os.Root, name string, format report.Format, r *result.Result) (err error) {
	part := "." + name + ".part"
	f, err := root.OpenFile(part, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(format(f, r), f.Close()); err != nil {
		return errors.Join(err, root.Remove(part))
	}
	return root.Rename(part, name)
}
