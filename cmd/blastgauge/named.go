package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/history"
	"github.com/blastgauge/blastgauge/experiments/run"
)

// latestRun names the newest run below the working directory, and with ~N the Nth before
// it, as names of commits do in Git.
const latestRun = "latest"

// findRun is the path of a run that the user names: a path as it is, or the id of one of
// the runs below the working directory, or how many runs it is before the latest. What
// exists at the path comes first.
func findRun(named string) (string, error) {
	if _, err := os.Lstat(named); !errors.Is(err, fs.ErrNotExist) || named != filepath.Base(named) || named == "." || named == ".." {
		return named, nil
	}
	below := filepath.Join(filepath.FromSlash(run.DefaultRuns), named)
	if info, err := os.Lstat(below); err == nil && info.IsDir() {
		return below, nil
	}
	if before, ok := beforeLatest(named); ok {
		dir, err := runBefore(before)
		if err != nil {
			return "", fmt.Errorf("%s: %w", named, err)
		}
		return filepath.Join(filepath.FromSlash(run.DefaultRuns), dir), nil
	}
	return named, nil // its own error says what is wrong
}

// beforeLatest is how many runs before the latest one a name means.
func beforeLatest(named string) (int, bool) {
	before, ok := strings.CutPrefix(named, latestRun)
	switch {
	case !ok:
		return 0, false
	case before == "":
		return 0, true
	case before == "~":
		return 1, true
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(before, "~"), 10, 31)
	return int(n), err == nil && before[0] == '~'
}

// runBefore is the directory of the run that is so many before the newest one that is over,
// in the order of `history`. What one that is going on will say is not known.
func runBefore(n int) (string, error) {
	entries, err := scanRuns(filepath.FromSlash(run.DefaultRuns))
	if err != nil {
		return "", err
	}
	over := 0
	for _, r := range history.New(entries).Runs {
		if r.Outcome == history.GoingOn {
			continue
		}
		if over == n {
			return r.Dir, nil
		}
		over++
	}
	return "", fmt.Errorf("runs that are over in %s: %d", run.DefaultRuns, over)
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
