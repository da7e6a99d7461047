package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/runs"
	"github.com/blastgauge/blastgauge/experiments/history"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors"
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
	all := filepath.Join(".blastgauge", "runs")
	for _, dir := range []string{filepath.Join(all, "r1"), filepath.Join(all, "both"), "both"} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(t.TempDir(), filepath.Join(all, "link")); err != nil {
		t.Fatal(err)
	}
	for named, want := range map[string]string{
		"r1": filepath.Join(all, "r1"), "both": "both", "none": "none", "": "", ".": ".", "..": "..",
		"../r1": "../r1", "x/r1": "x/r1", "link": "link",
	} {
		if got, err := history.Find(runs.Dir(nil), named); got != want || err != nil {
			t.Errorf("Find(%q) = %q, %v, want %q", named, got, err, want)
		}
	}
}

// A clean-up is asked for by the same names. The latest run to stop may be alive, and none
// that cannot be read is passed over for an older one.
func TestTheLatestRunToRecover(t *testing.T) {
	all := runsOf(t, 0, 3)
	t.Chdir(t.TempDir())
	below := filepath.Join(".blastgauge", "runs")
	if err := errors.Join(os.CopyFS(below, os.DirFS(all)), os.RemoveAll(filepath.Join(below, "torn"))); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(filepath.Join(below, "going"))
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if err := root.Remove(journal.EventsFile); err != nil {
		t.Fatal(err)
	}
	alive, err := journal.Create(root)
	if err != nil {
		t.Fatal(err)
	}
	defer alive.Close()
	if err := alive.Record(journal.Event{Seq: 1, Kind: journal.RunStarted, At: time.Now(), Plan: &plan.Plan{Run: "going"}}); err != nil {
		t.Fatal(err)
	}
	for named, want := range map[string][2]string{"latest": {"runb", "going"}, "latest~1": {"runa", "runb"}, "runa": {"runa", "runa"}} {
		for i, stop := range []bool{false, true} {
			if got, err := history.FindToRecover(runs.Dir(nil), named, stop); err != nil || got != filepath.Join(below, want[i]) {
				t.Errorf("FindToRecover(%s, %t) = %s, %v, want %s", named, stop, got, err, want[i])
			}
		}
	}
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	if code, out, errs := invoke(t, "recover", "latest", "runa"); code != 0 || !strings.Contains(out, filepath.Join(below, "runb")+": the run ended") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	if code, _, errs := invoke(t, "recover", "latest~9"); code != 1 {
		t.Errorf("exit %d: %s", code, errs)
	}
	if err := os.CopyFS(filepath.Join(below, "zorn"), os.DirFS(filepath.Join(all, "torn"))); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := invoke(t, "recover", "latest"); code != 1 || !strings.Contains(errs, "zorn") {
		t.Errorf("a run that cannot be read is passed over: exit %d: %s", code, errs)
	}
}

// A shell offers the runs that there are, the newest first, and folders where a command
// takes a folder of runs.
func TestAShellOffersRuns(t *testing.T) {
	t.Chdir(t.TempDir())
	offers := func(args ...string) string {
		t.Helper()
		code, out, errs := invoke(t, append([]string{"__complete"}, args...)...)
		if code != 0 {
			t.Fatalf("%q: exit %d: %s", args, code, errs)
		}
		return strings.Join(strings.Fields(out), " ")
	}
	if got := offers("report", ""); got != ":0" {
		t.Errorf("without runs it offers %s", got)
	}
	for _, name := range []string{"r1", "r2", "other", ".r3", "r4\n\x1b[2J"} {
		if err := os.MkdirAll(filepath.Join(".blastgauge", "runs", name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for line, want := range map[string]string{
		"report |": "latest latest~1 r2 r1 other :32", "report r|": "r2 r1 :32", "report ./|": ":32", "report r1 |": ":4", "compare r2 |": "latest latest~1 r1 other :32",
		"compare r2 r1 |": ":4", "compare --base |": "latest latest~1 r2 r1 other :32", "compare --base r1 --head r|": "r2 r1 :32",
		"recover r1 r2 |": "latest latest~1 other :32", "recover --stop |": "latest latest~1 r2 r1 other :32", "prune |": ":16", "history |": ":16", "prune x |": ":4", "report --index |": ":16",
		"faults |": strings.Join(injectors.Names(), " ") + " :4", "try -o |": "json text :6", // the shell filters what is not a run
	} {
		if got := offers(strings.Split(strings.TrimSuffix(line, "|"), " ")...); got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
}

// The latest run is the newest that is over, and what exists under that name comes first.
func TestLatestRun(t *testing.T) {
	all := runsOf(t, 0, 3, 0)
	t.Chdir(t.TempDir())
	below := filepath.Join(".blastgauge", "runs")
	if got, err := history.Find(runs.Dir(nil), "latest"); err == nil || !strings.Contains(err.Error(), ".blastgauge/runs") {
		t.Errorf("without runs it is %q, %v", got, err)
	}
	if err := os.CopyFS(below, os.DirFS(all)); err != nil {
		t.Fatal(err)
	}
	for named, want := range map[string]string{
		"latest": filepath.Join(below, "runc"), "latest~": filepath.Join(below, "runb"), "latest~0": filepath.Join(below, "runc"),
		"latest~2": filepath.Join(below, "runa"), "latest~-1": "latest~-1", "latest1": "latest1",
		"latest~x": "latest~x", "latest~99999999999": "latest~99999999999", "./latest": "./latest",
	} {
		if got, err := history.Find(runs.Dir(nil), named); got != want || err != nil {
			t.Errorf("Find(%q) = %q, %v, want %q", named, got, err, want)
		}
	}
	if code, _, errs := invoke(t, "compare", "latest~1", "latest"); code != 0 {
		t.Errorf("compare: exit %d: %s", code, errs)
	}
	if _, err := history.Find(runs.Dir(nil), "latest~3"); err == nil || !strings.Contains(err.Error(), "3 runs") { // how many there are
		t.Errorf("a run before the first: %v", err)
	}
	if code, _, errs := invoke(t, "report", "latest~9"); code != 1 {
		t.Errorf("a run that is not there: exit %d: %s", code, errs)
	}
	if err := os.Mkdir("latest", 0o700); err != nil {
		t.Fatal(err)
	}
	if got, _ := history.Find(runs.Dir(nil), "latest"); got != "latest" {
		t.Errorf("what exists is passed over for %q", got)
	}
}
