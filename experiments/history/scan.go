package history

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// Scan reads the heads of all runs in a directory of runs. There is an entry for each
// subdirectory, also for one that is not a run. Files and hidden directories are
// skipped.
func Scan(runs *os.Root) ([]Entry, error) {
	list, err := fs.ReadDir(runs.FS(), ".")
	if err != nil {
		return nil, err
	}
	var entries []Entry
	for _, d := range list {
		if !d.IsDir() || d.Name()[0] == '.' {
			continue
		}
		entries = append(entries, readEntry(runs, d.Name()))
	}
	return entries, nil
}

// readEntry reads one directory. What is wrong with it is stated in the entry, as it
// must not keep the others from being read.
func readEntry(runs *os.Root, name string) Entry {
	e := Entry{Name: name}
	text, err := result.ReadFile(runs, path.Join(name, result.File))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.Run, e.Problem, e.Foreign = readJournal(runs, name)
		return e
	case err != nil:
		e.Problem = err.Error()
		return e
	}
	r, err := result.Decode(text)
	if other, ok := errors.AsType[*result.SchemaError](err); ok {
		e.Problem, e.Foreign = fmt.Sprintf("its %s is not of blastgauge: its schema is %q, want %q or %q", result.File, other.Schema, result.Schema, result.ScanSchema), true
		return e
	}
	if err != nil {
		e.Problem = fmt.Sprintf("its %s is broken: %v", result.File, err)
		return e
	}
	e.Run = summarize(r)
	e.Run.Dir = name
	if r.Run.Died {
		e.Run.end(isAlive(runs, name))
	}
	return e
}

// isAlive reports whether a process still holds the journal of a run; false where that is
// not known.
func isAlive(runs *os.Root, name string) bool {
	dir, err := runs.OpenRoot(name)
	if err != nil {
		return false
	}
	defer func() { _ = dir.Close() }() // it was only read
	held, err := journal.Alive(dir)
	return held && err == nil
}

// end sets what became of a run whose journal has no end.
func (r *Run) end(alive bool) {
	if r.Outcome = Died; alive {
		r.Outcome, r.Ended = GoingOn, time.Time{}
	}
}

// readJournal reads a directory without a result: a run that has not ended has a
// journal, a directory of something else has none.
func readJournal(runs *os.Root, name string) (run *Run, problem string, foreign bool) {
	events, err := atomicfile.OpenIn(runs, path.Join(name, journal.EventsFile))
	switch {
	case errors.Is(err, fs.ErrNotExist) && wasRun(runs, name):
		return nil, "its " + journal.EventsFile + " is gone", false
	case errors.Is(err, fs.ErrNotExist):
		return nil, "not a run of blastgauge", true
	case err != nil:
		return nil, err.Error(), false
	}
	_ = events.Close() // nothing was read
	dir, err := runs.OpenRoot(name)
	if err != nil {
		return nil, err.Error(), false
	}
	defer func() { _ = dir.Close() }() // it was only read
	alive, err := journal.Alive(dir)
	if err != nil {
		return nil, err.Error(), false
	}
	r, err := result.Read(dir)
	if err != nil {
		return nil, "no result, and its journal does not tell: " + err.Error(), false
	}
	run = summarize(r)
	run.Dir = name
	left, err := journal.ReadLeftovers(dir)
	if alive || err != nil || !left.Ended {
		run.end(alive)
	}
	return run, "", false
}

// wasRun reports whether a directory without a journal holds what only a run leaves.
func wasRun(runs *os.Root, name string) bool {
	return slices.ContainsFunc([]string{journal.ObservationsFile, journal.UndoFile, journal.FenceFile}, func(file string) bool {
		_, err := runs.Lstat(path.Join(name, file))
		return err == nil
	})
}

// summarize keeps what an index needs of a result.
func summarize(in *result.Result) *Run {
	r := &Run{
		ID: in.Run.ID, Started: in.Run.Started, Ended: in.Run.Ended, Outcome: in.Run.Outcome, ExitCode: in.Run.ExitCode, Commit: in.Run.Commit,
		System: in.System.Name, Environment: in.System.Environment, Version: in.Tool.Version, Selected: in.Run.Choices.Selected || in.Run.Choices.GameDay != "", Experiments: []Experiment{},
	}
	if m := in.Scan; m != nil {
		r.Scan = &Scanned{Dependencies: len(m.Dependencies), Findings: len(m.Findings)}
	}
	for i := range in.Experiments {
		r.Experiments = append(r.Experiments, summarizeExperiment(&in.Experiments[i]))
	}
	return r
}

// summarizeExperiment sums up what one experiment found.
func summarizeExperiment(e *result.Experiment) Experiment {
	x := Experiment{ID: e.ID, Title: e.Title, Verdict: e.Verdict, Digests: e.Digests, Limit: e.Limits.BlastRadius}
	if b := e.BlastRadius; b != nil && e.Trusted() {
		x.Radius = &Radius{b.Journey, b.Estimate, b.Low, b.High, b.Control}
		for _, j := range e.Journeys {
			if j.Name == b.Journey {
				x.Limit = j.Limit
			}
		}
	}
	x.Recovery = e.KnownRecovery().Took()
	if !e.Judged() {
		return x
	}
	for _, c := range e.Criteria {
		switch {
		case c.Verdict != result.Refuted:
		case c.Kind == result.InvariantCriterion:
			x.Broken++
		case c.Kind == result.AlertCriterion:
			x.Undetected++
		}
	}
	return x
}
