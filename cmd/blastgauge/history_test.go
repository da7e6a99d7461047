package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/output"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report"
)

// runsOf makes a directory of runs, a day apart, whose journals say that they
// came to their end; and what is no run.
func runsOf(t *testing.T, codes ...int) string {
	t.Helper()
	dir := t.TempDir()
	for i, code := range codes {
		r, err := result.Load("../../report/testdata/suite.json")
		if err != nil {
			t.Fatal(err)
		}
		id := "run" + string(rune('a'+i))
		r.Run.ID, r.Run.ExitCode = id, code
		r.Run.Started, r.Run.Ended = r.Run.Started.AddDate(0, 0, i), r.Run.Ended.AddDate(0, 0, i)
		run := filepath.Join(dir, id)
		if err := os.Mkdir(run, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := output.WriteRunFiles(run, r); err != nil {
			t.Fatal(err)
		}
		journalOf(t, run, id, true)
	}
	for name, text := range map[string]string{"photos/cat.jpg": "x", "torn/result.json": `{"schema":`, "going/journal.ndjson": "{}\n"} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// journalOf writes the journal of a run that ended, or that is not known to have.
func journalOf(t *testing.T, dir, run string, ended bool) {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for _, name := range []string{journal.EventsFile, journal.ObservationsFile} {
		if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	log, err := journal.Create(root)
	if err != nil {
		t.Fatal(err)
	}
	events := []journal.Event{{Seq: 1, Kind: journal.RunStarted, Plan: &plan.Plan{Run: run}}}
	if ended {
		events = append(events, journal.Event{Seq: 2, Kind: journal.RunEnded})
	}
	for _, e := range events {
		if err := log.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
}

func names(t *testing.T, dir string) string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, d := range list {
		all = append(all, d.Name())
	}
	return strings.Join(all, " ")
}

func TestHistoryListsRunsAndWhatIsNone(t *testing.T) {
	dir := runsOf(t, 3, 3, 3)
	code, out, errs := invoke(t, "history", dir, "-n", "2")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	for _, want := range []string{"and 1 older run", "payments-latency-2s", "31.9   31.9   31.9", "photos: not a run of blastgauge", "torn: its result.json is broken", "going: no result"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	if strings.Index(out, "runc") > strings.Index(out, "runb") || strings.Contains(out, "runa ") {
		t.Errorf("want the newest two, the newest first:\n%s", out)
	}
	code, out, errs = invoke(t, "report", "--index", dir)
	if page, err := os.ReadFile(filepath.Join(dir, report.IndexFile)); code != 0 || err != nil || !strings.Contains(string(page), "payments-latency-2s") || !strings.Contains(errs, "photos") {
		t.Errorf("exit %d, %v\n%s%s", code, err, out, errs)
	}
}

func TestPruneKeepsWhatIsNeeded(t *testing.T) {
	dir := runsOf(t, 3, 0, 3, 3, 3, 3)
	journalOf(t, filepath.Join(dir, "runa"), "runa", false)
	before := names(t, dir)
	if code, out, errs := invoke(t, "prune", "--keep", "2", "--dry-run", dir); code != 0 || names(t, dir) != before || !strings.Contains(out, "2 of 9 directories to be deleted") {
		t.Errorf("a dry run: exit %d, %s left\n%s%s", code, names(t, dir), out, errs)
	}
	code, out, errs := invoke(t, "prune", "--keep", "2", dir)
	if got, want := names(t, dir), "going photos runa runb rune runf torn"; code != 0 || got != want {
		t.Errorf("exit %d, %s left, want %s: the newest two, the last good one, and what may still be needed\n%s%s", code, got, want, out, errs)
	}
	if !strings.Contains(errs, "kept runa: it has not ended") {
		t.Errorf("nothing says why runa is kept: %s", errs)
	}
}

func TestHistoryMistakes(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	for _, tt := range []struct {
		args []string
		want int
		says string
	}{
		{[]string{"history", none}, 1, "there is no directory"},
		{[]string{"history", "-n", "-1"}, 2, "0 (all) or more"},
		{[]string{"history", "-o", "pdf"}, 2, "known are html, json, text"},
		{[]string{"prune", none}, 2, "--keep N"},
		{[]string{"prune", "--keep", "0", none}, 2, "1 or more"},
		{[]string{"prune", "--keep", "3", none}, 1, "there is no directory"},
		{[]string{"report"}, 2, "--index"},
		{[]string{"report", "--index", none, "x"}, 2, "blastgauge history"},
		{[]string{"report", "--index", none}, 1, "there is no directory"},
	} {
		if code, _, errs := invoke(t, tt.args...); code != tt.want || !strings.Contains(errs, tt.says) {
			t.Errorf("%q: exit %d, want %d and %q in %s", tt.args, code, tt.want, tt.says, errs)
		}
	}
}

// A copy of a run is named and not counted; it stays or goes with it. Pruning brings the
// page of all runs up to date, if that is one.
func TestACopyOfARunAndThePageOfAllRuns(t *testing.T) {
	dir := runsOf(t, 0, 3, 3)
	if err := os.CopyFS(filepath.Join(dir, "copied"), os.DirFS(filepath.Join(dir, "runb"))); err != nil {
		t.Fatal(err)
	}
	code, out, errs := invoke(t, "history", dir)
	if code != 0 || !strings.Contains(out, "31.9   31.9   31.9") || strings.Contains(out, "31.9   31.9   31.9   31.9") || !strings.Contains(out, "copied: the same run as in runb") {
		t.Errorf("exit %d, want three points and the copy named\n%s%s", code, out, errs)
	}
	page := filepath.Join(dir, report.IndexFile)
	if err := os.WriteFile(page, []byte("<h1>mine</h1>"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := invoke(t, "prune", "--keep", "2", dir); code != 0 || !strings.Contains(out, "0 of 7 directories deleted") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	if text, err := os.ReadFile(page); err != nil || string(text) != "<h1>mine</h1>" {
		t.Errorf("a page of somebody else's became %.80q, %v", text, err)
	}
	invoke(t, "report", "--index", dir)
	if text, err := os.ReadFile(page); err != nil || !strings.Contains(string(text), "runb/report.html") {
		t.Fatalf("the page does not lead to runb: %v", err)
	}
	code, out, errs = invoke(t, "prune", "--keep", "1", dir)
	if got, want := names(t, dir), "going index.html photos runa runc torn"; code != 0 || got != want {
		t.Errorf("exit %d, left %s, want %s\n%s%s", code, got, want, out, errs)
	}
	if text, err := os.ReadFile(page); err != nil || strings.Contains(string(text), "runb/report.html") || !strings.Contains(string(text), "runc/report.html") {
		t.Errorf("the page still leads to runb, or no longer to runc: %v", err)
	}
}

// A run goes with all that blastgauge writes beside it, and stays with what others wrote.
func TestPruneKeepsWhatOthersWrote(t *testing.T) {
	dir := runsOf(t, 3, 3, 3)
	put := func(name string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte("x"), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{
		"undo.ndjson", "undo.ndjson.damaged", "fence", "guard.log", "command.log", "compare.html", "blastgauge.css", ".result.json.part", ".blastgauge-X.part",
		"undo/blastgauge.runa.1.json", "undo/blastgauge.runa.1.original", "undo/blastgauge.runa.1.original.next",
	} {
		put("runa/" + name)
	}
	put("runb/undo/notes.txt")
	code, out, errs := invoke(t, "prune", "--keep", "1", dir)
	if got, want := names(t, dir), "going photos runb runc torn"; code != 0 || got != want || !strings.Contains(errs, "kept runb: undo/notes.txt in it") {
		t.Errorf("exit %d, left %s, want %s\n%s%s", code, got, want, out, errs)
	}
}
