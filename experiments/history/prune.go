package history

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// A Pruning is what would be deleted from a directory of runs.
type Pruning struct {
	Delete []string // names of directories, that of the oldest run first
	Kept   []Kept   // old runs that must not be deleted yet
	Total  int      // how many directories there are, those that are no run included
	ours   Ours
	rest   []string // taken from the runs by an earlier pruning, and kept
}

// Ours reports whether blastgauge puts a file or folder there by itself, by its path in the
// directory of a run.
type Ours func(name string) bool

// A Kept is the directory of an old run that is still needed.
type Kept struct {
	Name   string
	Reason string // such as "it has not ended, or it died"
}

// PlanPrune decides which runs to delete so that the newest ones stay, at least keep
// of them. It keeps the newest run whose hypotheses all held, because the next run is
// compared with it; every run that has not ended or whose faults are not proven gone;
// what is not a run; and every directory that holds anything that blastgauge does not put
// there by itself.
func PlanPrune(runs *os.Root, keep int, ours Ours) (*Pruning, error) {
	entries, err := Scan(runs)
	if err != nil {
		return nil, err
	}
	p := &Pruning{Total: len(entries), ours: ours}
	rest, err := takenAway(runs)
	if err != nil {
		return nil, err
	}
	for _, dir := range rest {
		if reason := ours.others(runs, dir); reason != "" {
			p.Kept, p.rest = append(p.Kept, Kept{dir, reason}), append(p.rest, dir)
		}
	}
	for _, dir := range oldRuns(New(entries), keep) {
		if reason := cmp.Or(stillNeeded(runs, dir), besideNeeded(runs, dir), ours.others(runs, dir)); reason != "" {
			p.Kept = append(p.Kept, Kept{dir, reason})
			continue
		}
		p.Delete = append(p.Delete, dir)
	}
	return p, nil
}

// others says what keeps a directory because blastgauge does not put it there by itself: a
// report may be one, whose place a person has named. It is empty where nothing does.
func (ours Ours) others(runs *os.Root, dir string) string {
	reason := ""
	err := fs.WalkDir(runs.FS(), dir, func(at string, _ fs.DirEntry, err error) error {
		if name := strings.TrimPrefix(at, dir+"/"); err == nil && at != dir && !ours(name) {
			reason = fmt.Sprintf("%s in it is a file that blastgauge does not put there by itself: move it away first", name)
			return fs.SkipAll
		}
		return err
	})
	if err != nil {
		return err.Error()
	}
	return reason
}

// goneSuffix ends the hidden names of directories that are being deleted.
const goneSuffix = ".blastgauge-deleted"

// Execute deletes what is to be deleted. An error does not stop it: deleted lists what
// is gone. Before the space is freed, update is called, which brings up to date what
// else lists the runs; nil does nothing.
//
// Each directory is taken from the runs at once, by another name, and deleted then.
// Killed in the middle, it leaves no half of a run, and the next one deletes the rest.
func (p *Pruning) Execute(runs *os.Root, update func() error) (deleted []string, err error) {
	var errs []error
	for _, name := range p.Delete {
		if reason := p.ours.others(runs, name); reason != "" { // it came since the plan was made
			errs = append(errs, fmt.Errorf("%s: %s", name, reason))
			continue
		}
		// A name of its own is free, and short enough, whatever the run is called.
		if err := runs.Rename(name, "."+rand.Text()+goneSuffix); err != nil {
			errs = append(errs, err)
			continue
		}
		deleted = append(deleted, name)
	}
	if update != nil {
		errs = append(errs, update())
	}
	return deleted, errors.Join(append(errs, p.removeRest(runs))...)
}

// removeRest deletes the directories that were taken from the runs, also those of an
// earlier pruning that was killed. Its error names each that stays and is not kept.
func (p *Pruning) removeRest(runs *os.Root) error {
	list, err := takenAway(runs)
	errs := []error{err}
	for _, dir := range list {
		switch reason := p.ours.others(runs, dir); {
		case reason == "":
			errs = append(errs, runs.RemoveAll(dir))
		case !slices.Contains(p.rest, dir):
			errs = append(errs, fmt.Errorf("%s, which was to be deleted, stays: %s", dir, reason))
		}
	}
	return errors.Join(errs...)
}

// takenAway lists the directories that were taken from the runs. Links and files of such a
// name are somebody else's.
func takenAway(runs *os.Root) (dirs []string, err error) {
	list, err := fs.ReadDir(runs.FS(), ".")
	for _, d := range list {
		if d.IsDir() && d.Name()[0] == '.' && strings.HasSuffix(d.Name(), goneSuffix) {
			dirs = append(dirs, d.Name())
		}
	}
	return dirs, err
}

// oldRuns lists the directories of runs that do not go on and that are neither among the
// newest keep nor the newest one whose hypotheses all held. The oldest comes first. Copies of
// a run go with it, and before it.
func oldRuns(index *Index, keep int) []string {
	stay := map[string]bool{}
	held := false
	for i, r := range index.Runs {
		done := r.Outcome != Died && r.Outcome != GoingOn
		if i < keep || r.Outcome == GoingOn || done && !held && r.ExitCode == result.ExitHeld {
			stay[r.Dir] = true
		}
		held = held || done && r.ExitCode == result.ExitHeld
	}
	var list []string
	for _, r := range slices.Backward(index.Runs) {
		if stay[r.Dir] || r.Ended.IsZero() {
			continue
		}
		for _, e := range slices.Backward(index.Skipped) {
			if e.SameAs == r.Dir {
				list = append(list, e.Name)
			}
		}
		list = append(list, r.Dir)
	}
	return list
}

// BesideDir is the folder in a run's directory that holds the directories of runs which were
// made beside it. They are listed nowhere else, and go with it.
const BesideDir = "beside"

// besideNeeded says which of the runs beside a run is still needed, and why; empty where none
// is.
func besideNeeded(runs *os.Root, name string) string {
	beside := path.Join(name, BesideDir)
	list, err := fs.ReadDir(runs.FS(), beside)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err.Error()
	}
	for _, d := range list {
		if reason := stillNeeded(runs, path.Join(beside, d.Name())); reason != "" {
			return fmt.Sprintf("of run %s beside it: %s", d.Name(), reason)
		}
	}
	return ""
}

// stillNeeded says why the journal of a run is still needed. It is empty where the run has
// ended, or was cleaned up after, and all its faults are proven gone.
func stillNeeded(runs *os.Root, name string) string {
	dir, err := runs.OpenRoot(name)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = dir.Close() }() // it was only read
	left, err := journal.ReadLeftovers(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "it has no journal, so it is not known whether its faults are gone"
	case err != nil:
		return err.Error()
	case left.Damage != nil && len(left.Faults) == 0 && !left.CleanedUp:
		return left.Damage.Error()
	case len(left.Faults) > 0 && (left.Faults[0].Intended || left.Damage != nil):
		return fmt.Sprintf("%s is not proven gone: see blastgauge recover", left.Faults[0].Name)
	case !left.Ended && isAlive(runs, name):
		return "it goes on"
	case !left.Ended && !left.CleanedUp:
		return "it has not ended, or it died: see blastgauge recover"
	}
	return ""
}
