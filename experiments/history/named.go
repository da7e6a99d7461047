package history

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/plan"
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
func Find(runs, named string) (string, error) { return findOf(runs, named, overRuns) }

// choosable are the runs of which a name such as latest means one.
type choosable int

const (
	overRuns choosable = iota // it is known how they ended
	allRuns
)

func (c choosable) has(r Run) bool { return c == allRuns || r.Outcome != GoingOn }

// lack says that there are only so many of them.
func (c choosable) lack(n int, runs string) error {
	over := ""
	if c == overRuns {
		over = " that are over"
	}
	switch n {
	case 0:
		return fmt.Errorf("there are no runs%s in %s", over, runs)
	case 1:
		return fmt.Errorf("there is only one run%s in %s", strings.Replace(over, "are", "is", 1), runs)
	}
	return fmt.Errorf("there are only %d runs%s in %s", n, over, runs)
}

// FindToRecover is like [Find], for a clean-up: where a run is to be stopped, the latest may
// be one that is alive. It passes over no run that cannot be read and may be newer, because
// that may be the one that left a fault.
func FindToRecover(runs, named string, stop bool) (string, error) {
	of := overRuns
	if stop {
		of = allRuns
	}
	dir, err := findOf(runs, named, of)
	if _, latest := BeforeLatest(named); err != nil || !latest || dir == named {
		return dir, err
	}
	entries, err := ScanDir(runs)
	for _, e := range entries {
		if e.Run == nil && !e.Foreign && e.Name > filepath.Base(dir) {
			err = errors.Join(err, fmt.Errorf("%s: whether it is %s or %s is not known: %s; name its directory", named, filepath.Base(dir), e.Name, e.Problem))
		}
	}
	return dir, err
}

// findOf finds the run, counting only some.
func findOf(runs, named string, of choosable) (string, error) {
	if _, err := os.Lstat(named); !errors.Is(err, fs.ErrNotExist) || named != filepath.Base(named) || named == "." || named == ".." {
		return named, nil
	}
	below := filepath.Join(runs, named)
	if info, err := os.Lstat(below); err == nil && info.IsDir() {
		return below, nil
	}
	if before, ok := BeforeLatest(named); ok {
		dir, err := runBefore(runs, before, of)
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

// runBefore is the directory of the run that is so many before the newest one of some, in the
// order of `history`.
func runBefore(runs string, n int, of choosable) (string, error) {
	entries, err := ScanDir(runs)
	if err != nil {
		return "", err
	}
	found := 0
	for _, r := range New(entries).Runs {
		if !of.has(r) {
			continue
		}
		if found == n {
			return r.Dir, nil
		}
		found++
	}
	return "", of.lack(found, filepath.ToSlash(runs))
}

// Names are the names by which [Find] finds the runs in a directory: latest, the one before it, and their ids,
// the newest first, as they begin with their time. No run is read: a shell waits for this.
func Names(runs string) []string {
	list, err := os.ReadDir(runs)
	if err != nil {
		return nil
	}
	var names []string
	for _, d := range slices.Backward(list) {
		name := d.Name()
		if d.IsDir() && name[0] != '.' && !strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
			names = append(names, name)
		}
	}
	switch {
	case len(names) > 1:
		return slices.Insert(names, 0, Latest, Latest+"~1")
	case len(names) > 0:
		return slices.Insert(names, 0, Latest)
	}
	return names
}

// ForetellFrom is [Foretell] of the runs in a directory. Without any, a plan is as good as
// it can be.
func ForetellFrom(runs string, p *plan.Plan) {
	root, err := Open(runs)
	if err != nil {
		return
	}
	defer func() { _ = root.Close() }() // nothing is written
	Foretell(root, p)
}
