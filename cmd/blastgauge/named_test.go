package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/history"
)

// Two runs are compared by the ids that `history` lists.
func TestCompareByID(t *testing.T) {
	base, head := fixtureRun(t, "suite", nil), fixtureRun(t, "suite", worse)
	t.Chdir(t.TempDir())
	for id, dir := range map[string]string{"r1": base, "r2": head} {
		if err := os.CopyFS(filepath.Join(".blastgauge", "runs", id), os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
	}
	if code, out, err := invoke(t, "compare", "r1", "r2"); code != 3 || !strings.Contains(out, "1 regressed") {
		t.Errorf("exit %d\n%s%s", code, out, err)
	}
	if code, out, err := invoke(t, "report", "r1"); code != 0 || out == "" {
		t.Errorf("exit %d, %q: %s", code, out, err)
	}
	if code, _, _ := invoke(t, "report", "r3"); code == 0 {
		t.Error("a run that is not there was reported")
	}
}

// A run is named by its path or, below the working directory, by its id. What exists comes
// first, and no name leads out of the runs.
func TestFindRun(t *testing.T) {
	t.Chdir(t.TempDir())
	runs := filepath.Join(".blastgauge", "runs")
	for _, dir := range []string{filepath.Join(runs, "r1"), filepath.Join(runs, "both"), "both"} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(t.TempDir(), filepath.Join(runs, "link")); err != nil {
		t.Fatal(err)
	}
	for named, want := range map[string]string{
		"r1": filepath.Join(runs, "r1"), "both": "both", "none": "none", "": "", ".": ".", "..": "..",
		"../r1": "../r1", "x/r1": "x/r1", "link": "link",
	} {
		if got, err := history.Find(runsDir(nil), named); got != want || err != nil {
			t.Errorf("Find(%q) = %q, %v, want %q", named, got, err, want)
		}
	}
}

// The latest run is the newest that is over, and what exists under that name comes first.
func TestLatestRun(t *testing.T) {
	runs := runsOf(t, 0, 3, 0)
	t.Chdir(t.TempDir())
	below := filepath.Join(".blastgauge", "runs")
	if got, err := history.Find(runsDir(nil), "latest"); err == nil || !strings.Contains(err.Error(), ".blastgauge/runs") {
		t.Errorf("without runs it is %q, %v", got, err)
	}
	if err := os.CopyFS(below, os.DirFS(runs)); err != nil {
		t.Fatal(err)
	}
	for named, want := range map[string]string{
		"latest": filepath.Join(below, "runc"), "latest~": filepath.Join(below, "runb"), "latest~0": filepath.Join(below, "runc"),
		"latest~2": filepath.Join(below, "runa"), "latest~-1": "latest~-1", "latest1": "latest1",
		"latest~x": "latest~x", "latest~99999999999": "latest~99999999999", "./latest": "./latest",
	} {
		if got, err := history.Find(runsDir(nil), named); got != want || err != nil {
			t.Errorf("Find(%q) = %q, %v, want %q", named, got, err, want)
		}
	}
	if code, _, errs := invoke(t, "compare", "latest~1", "latest"); code != 0 {
		t.Errorf("compare: exit %d: %s", code, errs)
	}
	if _, err := history.Find(runsDir(nil), "latest~3"); err == nil || !strings.Contains(err.Error(), ": 3") { // how many there are
		t.Errorf("a run before the first: %v", err)
	}
	if code, _, errs := invoke(t, "report", "latest~9"); code != 1 {
		t.Errorf("a run that is not there: exit %d: %s", code, errs)
	}
	if err := os.Mkdir("latest", 0o700); err != nil {
		t.Fatal(err)
	}
	if got, _ := history.Find(runsDir(nil), "latest"); got != "latest" {
		t.Errorf("what exists is passed over for %q", got)
	}
}
