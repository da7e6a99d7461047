package history

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/atomicfile"
)

// Open opens a directory of runs.
func Open(dir string) (*os.Root, error) {
	root, err := atomicfile.OpenDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no runs: there is no directory %s (`blastgauge run` makes it)", dir)
	}
	return root, err
}

// ScanDir reads the runs in a directory, see [Scan].
func ScanDir(dir string) ([]Entry, error) {
	root, err := Open(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }() // nothing is written
	return Scan(root)
}

// Latest names the newest run of a directory, and with ~N the Nth before
// it, as names of commits do in Git.
const Latest = "latest"

// Find is the path of a run that the user names: a path as it is, or the id of one of the
// runs in the directory, or how many runs it is before the latest there. What exists at
// the path comes first.
func Find(runs, named string) (string, error) {
	if _, err := os.Lstat(named); !errors.Is(err, fs.ErrNotExist) || named != filepath.Base(named) || named == "." || named == ".." {
		return named, nil
	}
	below := filepath.Join(runs, named)
	if info, err := os.Lstat(below); err == nil && info.IsDir() {
		return below, nil
	}
	if before, ok := BeforeLatest(named); ok {
		dir, err := runBefore(runs, before)
		if err != nil {
			return "", fmt.Errorf("%s: %w", named, err)
		}
		return filepath.Join(runs, dir), nil
	}
	return named, nil // its own error says what is wrong
}

// BeforeLatest is how many runs before the latest one a name means.
func BeforeLatest(named string) (int, bool) {
	before, ok := strings.CutPrefix(named, Latest)
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
func runBefore(runs string, n int) (string, error) {
	entries, err := ScanDir(runs)
	if err != nil {
		return "", err
	}
	over := 0
	for _, r := range New(entries).Runs {
		if r.Outcome == GoingOn {
			continue
		}
		if over == n {
			return r.Dir, nil
		}
		over++
	}
	return "", fmt.Errorf("runs that are over in %s: %d", filepath.ToSlash(runs), over)
}
