package history

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// Scan reads the heads of all runs in a directory of runs. There is an entry for each
// subdirectory, also for one that is not a run. Files and hidden directories are
// skipped.
func Scan(runs fs.FS) ([]Entry, error) {
	list, err := fs.ReadDir(runs, ".")
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
func readEntry(runs fs.FS, name string) Entry {
	e := Entry{Name: name}
	text, err := fs.ReadFile(runs, path.Join(name, result.File))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.Problem, e.Foreign = explainMissing(runs, name)
		return e
	case err != nil:
		e.Problem = err.Error()
		return e
	}
	var h head
	if err := json.Unmarshal(text, &h); err != nil {
		e.Problem = fmt.Sprintf("its %s is broken: %v", result.File, err)
		return e
	}
	if h.Schema != result.Schema {
		e.Problem, e.Foreign = fmt.Sprintf("its %s is not of blastgauge: its schema is %q, want %q", result.File, h.Schema, result.Schema), true
		return e
	}
	e.Run = h.run()
	e.Run.Dir = name
	return e
}

// explainMissing says why a directory has no result: a run that has not ended has a
// journal, a directory of something else has none.
func explainMissing(runs fs.FS, name string) (problem string, foreign bool) {
	if _, err := fs.Stat(runs, path.Join(name, journal.EventsFile)); err != nil {
		return "not a run of blastgauge", true
	}
	return "no result: it is going on, or it died; `blastgauge report` makes the report of one that died", false
}

// A head is the part of a result that an index needs.
type head struct {
	Schema      string           `json:"schema"`
	Tool        result.Tool      `json:"tool"`
	Run         result.Run       `json:"run"`
	System      result.System    `json:"system"`
	Experiments []headExperiment `json:"experiments"`
}

type headExperiment struct {
	ID          string              `json:"id"`
	Title       string              `json:"title"`
	Verdict     result.Verdict      `json:"verdict"`
	Digests     result.Digests      `json:"digests"`
	Limits      result.Limits       `json:"limits"`
	BlastRadius *result.BlastRadius `json:"blast_radius"`
	Criteria    []result.Criterion  `json:"criteria"`
	Recovery    *result.Recovery    `json:"recovery"`
	Journeys    []struct {
		Name  string  `json:"name"`
		Limit float64 `json:"limit"`
	} `json:"journeys"`
}

func (h head) run() *Run {
	r := &Run{
		ID: h.Run.ID, Started: h.Run.Started, Ended: h.Run.Ended, Outcome: h.Run.Outcome, ExitCode: h.Run.ExitCode, Commit: h.Run.Commit,
		System: h.System.Name, Environment: h.System.Environment, Version: h.Tool.Version, Experiments: []Experiment{},
	}
	for _, e := range h.Experiments {
		r.Experiments = append(r.Experiments, e.experiment())
	}
	return r
}

// experiment sums up what one experiment found.
func (e *headExperiment) experiment() Experiment {
	x := Experiment{ID: e.ID, Title: e.Title, Verdict: e.Verdict, Digests: e.Digests, Limit: e.Limits.BlastRadius}
	if b := e.BlastRadius; b != nil && e.Verdict != result.Invalid && e.Verdict != result.NotRun {
		x.Radius = &Radius{b.Journey, b.Estimate, b.Low, b.High, b.Control}
		for _, j := range e.Journeys {
			if j.Name == b.Journey {
				x.Limit = j.Limit
			}
		}
	}
	if rec := e.Recovery; rec != nil && !rec.Censored {
		x.Recovery = &rec.Seconds
	}
	for _, c := range e.Criteria {
		if c.Verdict == result.Refuted && c.Kind == result.InvariantCriterion {
			x.Broken++
		}
	}
	return x
}
