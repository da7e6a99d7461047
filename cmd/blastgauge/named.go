package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/blastgauge/blastgauge/experiments/run"
)

// findRun is the path of a run that the user names: a path as it is, or the id of one of
// the runs below the working directory. What exists at the path comes first.
func findRun(named string) string {
	if _, err := os.Lstat(named); !errors.Is(err, fs.ErrNotExist) || named != filepath.Base(named) || named == "." || named == ".." {
		return named
	}
	below := filepath.Join(filepath.FromSlash(run.DefaultRuns), named)
	if info, err := os.Lstat(below); err != nil || !info.IsDir() {
		return named // its own error says what is wrong
	}
	return below
}

// readNamed reads files that the user names. They may be pipes, such as <(COMMAND), and
// then whoever writes them decides how long that takes: no read of theirs ends by
// itself. So a signal ends the wait here, with its own error. What read sets may be used
// only after nil, because read may go on until the process ends.
func readNamed(ctx context.Context, read func() error) error {
	done := make(chan error, 1) // buffered: nobody may be waiting any more
	go func() { done <- read() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("stopped reading: %w", context.Cause(ctx))
	}
}
