package history

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// A run without a result is listed with what its journal tells, in no trend, and stays
// when others are pruned.
func TestRunsWithoutAResult(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for file, text := range nights(nil, nil) {
		writeFile(t, filepath.Join(dir, file), string(text.Data))
	}
	for _, name := range []string{"died", "skipped", "alive"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	begun := strings.Replace(started, `"id":"e",`, `"id":"e","control":"baseline",`, 1)
	writeJournal(t, filepath.Join(dir, "died"), begun+intended)
	writeJournal(t, filepath.Join(dir, "skipped"), begun+intended+removed+ended)
	runs, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = runs.Close() }() // it was only read
	alive, err := runs.OpenRoot("alive")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = alive.Close() }() // the log has its files open
	log, err := journal.Create(alive)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "died", journal.EventsFile))
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "alive", journal.EventsFile), string(text)) // the log still holds its lock
	entries, err := Scan(runs)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, e := range entries {
		if e.Run == nil {
			t.Errorf("%s: %s", e.Name, e.Problem)
			continue
		}
		got[e.Name] = e.Run.Outcome
	}
	if got["died"] != Died || got["alive"] != GoingOn || got["skipped"] != result.Completed || len(got) != 5 {
		t.Errorf("outcomes %v", got)
	}
	index := New(entries)
	for _, trend := range index.Trends {
		for _, p := range trend.Points {
			if trend.Experiment == "e" && p.Verdict != result.NotRun && p.Verdict != result.Invalid {
				t.Errorf("trend %+v", trend)
			}
		}
		if trend.Experiment == "e" && len(trend.Points) != 1 {
			t.Errorf("%d points, want that of the run that ended alone", len(trend.Points))
		}
	}
	p, err := PlanPrune(runs, 1, made)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range p.Delete {
		if name == "died" || name == "alive" {
			t.Errorf("%s would be deleted", name)
		}
	}
	reported := map[string]string{} // a report of a run writes its result
	for _, name := range []string{"died", "alive"} {
		root, err := runs.OpenRoot(name)
		if err != nil {
			t.Fatal(err)
		}
		r, err := result.Read(root)
		if err = errors.Join(err, root.Close()); err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(dir, name, result.File), string(text))
		if e := readEntry(runs, name); e.Run != nil {
			reported[name] = e.Run.Outcome
		}
	}
	if reported["died"] != Died || reported["alive"] != GoingOn {
		t.Errorf("after a report of it, outcomes %v", reported)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
}

// A scan is a run like any other, but has no experiment and is in no trend.
func TestAScanAmongRuns(t *testing.T) {
	t.Parallel()
	text := `{"schema":"blastgauge/scan/v1","run":{"id":"r009","started":"2026-11-23T14:00:00Z","outcome":"completed","exit_code":3},"system":{"name":"checkout"},"experiments":[],
"scan":{"ended":"complete","control":"concurrent","dependencies":[{"name":"payments","cells":[]}],"findings":[{"code":"no_timeout","dependency":"payments","cells":[1]}]}}`
	index := New(scan(t, fstest.MapFS{"r009/result.json": {Data: []byte(text)}}))
	if len(index.Runs) != 1 || len(index.Skipped)+len(index.Trends) > 0 {
		t.Fatalf("%+v", index)
	}
	if r := index.Runs[0]; r.ExitCode != 3 || r.Scan == nil || *r.Scan != (Scanned{Dependencies: 1, Findings: 1}) || r.Experiments == nil {
		t.Errorf("%+v", r)
	}
}
