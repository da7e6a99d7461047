package run

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/history"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run/cleanup"
	"github.com/blastgauge/blastgauge/experiments/run/generator"
	"github.com/blastgauge/blastgauge/injectors/configfile"
)

// DefaultRuns is where runs have their directories, below the working directory.
const DefaultRuns = ".blastgauge/runs"

// openDir makes the directory of a run: dir where it is given, else
// .blastgauge/runs/ID below the working directory. Links out of the working directory
// are not followed then. New directories can be read by their user only.
func openDir(dir, id string) (opened string, root *os.Root, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("run directory: %w", err)
		}
	}()
	if dir != "" {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return "", nil, err
		}
		root, err := atomicfile.OpenDir(dir)
		return dir, root, err
	}
	here, err := os.OpenRoot(".")
	if err != nil {
		return "", nil, err
	}
	defer func() { _ = here.Close() }() // nothing is written
	dir = path.Join(DefaultRuns, id)
	if err := here.MkdirAll(dir, 0o700); err != nil {
		return "", nil, err
	}
	root, err = here.OpenRoot(dir)
	return filepath.FromSlash(dir), root, err
}

// A Format writes a result.
type Format = func(io.Writer, *result.Result) error

// WriteFiles writes a result into a run's directory, in each format, by the names of
// the files there. Each file is replaced as a whole, also after one that cannot be
// written.
func WriteFiles(dir string, r *result.Result, files map[string]Format) error {
	root, err := atomicfile.OpenDir(dir)
	if err != nil {
		return fmt.Errorf("run directory: %w", err)
	}
	defer func() { _ = root.Close() }() // what is written is synced
	var errs []error
	for name, format := range files {
		if err := atomicfile.WriteIn(root, name, 0o600, func(w io.Writer) error { return format(w, r) }); err != nil {
			errs = append(errs, fmt.Errorf("write %s: %w", filepath.Join(dir, name), err))
		}
	}
	return errors.Join(errs...)
}

// Makes returns a function that reports whether blastgauge puts a file or folder there by
// itself, by its path in the directory of a run. Names that only others know, such as those of
// pages, are given.
func Makes(also ...string) func(name string) bool {
	made := append([]string{
		journal.EventsFile, journal.ObservationsFile, journal.UndoFile, journal.DamagedUndoFile, journal.FenceFile, journal.StopFile, configfile.UndoDir, history.BesideDir,
		cleanup.LogFile, generator.LogFile, result.File,
	}, also...)
	var makes func(name string) bool
	makes = func(name string) bool {
		if dir, file, below := strings.Cut(name, "/"); below {
			if _, inside, deeper := strings.Cut(file, "/"); dir == history.BesideDir {
				return !deeper || makes(inside)
			}
			return dir == configfile.UndoDir && strings.HasPrefix(file, "blastgauge.") && !strings.Contains(file, "/")
		}
		if hidden, ok := strings.CutPrefix(name, "."); ok { // not yet in its place
			if part, ok := strings.CutSuffix(hidden, ".part"); ok {
				return slices.Contains(made, part) || strings.HasPrefix(part, "blastgauge-")
			}
		}
		return slices.Contains(made, name)
	}
	return makes
}
