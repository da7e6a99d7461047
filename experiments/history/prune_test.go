package history

import (
	"encoding/json"
	"errors"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// Lines of journals.
const (
	started  = `{"seq":1,"kind":"run_started","plan":{"run":"r","experiments":[{"id":"e","faults":[{"name":"blastgauge.r.1"}]}]}}` + "\n"
	intended = `{"seq":2,"kind":"fault_intended","fault":"blastgauge.r.1"}` + "\n"
	removed  = `{"seq":3,"kind":"fault_removed","fault":"blastgauge.r.1","verified":true}` + "\n"
	ended    = `{"seq":4,"kind":"run_ended"}` + "\n"
)

// made is what these tests write into the directories of runs.
func made(name string) bool {
	return name == result.File || name == journal.EventsFile || name == journal.ObservationsFile || name == journal.UndoFile
}

// A run whose faults are not proven gone is kept, however old it is.
func TestPlanPrune(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		journal string // of the oldest run; empty: it has none
		undone  bool   // another process has cleaned up after it
		kept    string // a part of the reason; empty: it is deleted
	}{
		"ended":              {started + intended + removed + ended, false, ""},
		"no journal":         {"", false, "it has no journal"},
		"not ended":          {started, false, "it has not ended"},
		"died, cleaned up":   {started + intended, true, ""},
		"a fault in force":   {started + intended, false, "blastgauge.r.1 is not proven gone"},
		"ended with a fault": {started + intended + ended, false, "blastgauge.r.1 is not proven gone"},
		"damaged":            {started + "{]}\n" + ended, false, "blastgauge.r.1 is not proven gone"},
		"without a plan":     {ended, false, "the journal holds no plan"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for file, text := range nights(nil, nil, nil) {
				writeFile(t, filepath.Join(dir, file), string(text.Data))
			}
			writeFile(t, filepath.Join(dir, "photos", "cat.jpg"), "x")
			if tt.journal != "" {
				writeJournal(t, filepath.Join(dir, "dir0"), tt.journal)
			}
			runs, err := os.OpenRoot(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = runs.Close() }() // it was only read
			if tt.undone {
				cleanUp(t, runs, "dir0")
			}
			p, err := PlanPrune(runs, 2, made)
			if err != nil || p.Total != 4 || len(p.Delete)+len(p.Kept) != 1 {
				t.Fatalf("PlanPrune() = %+v, %v; want one old run of 4 directories", p, err)
			}
			if tt.kept != "" && (len(p.Kept) != 1 || p.Kept[0].Name != "dir0" || !strings.Contains(p.Kept[0].Reason, tt.kept)) {
				t.Errorf("kept %+v, want dir0 because %q", p.Kept, tt.kept)
			}
			deleted, err := p.Execute(runs, nil)
			if err != nil || !slices.Equal(deleted, p.Delete) {
				t.Errorf("Execute() = %v, %v; want %v", deleted, err, p.Delete)
			}
			_, err = os.Stat(filepath.Join(dir, "dir0"))
			if gone := os.IsNotExist(err); gone != (tt.kept == "") {
				t.Errorf("dir0 is gone: %t, want %t", gone, tt.kept == "")
			}
		})
	}
}

// cleanUp records that another process has looked at everything that a run may have left.
func cleanUp(t *testing.T, runs *os.Root, name string) {
	t.Helper()
	dir, err := runs.OpenRoot(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = dir.Close() }() // what is written is synced
	undo, err := journal.OpenUndo(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(undo.Record(journal.Event{Kind: journal.CleanedUp}), undo.Close()); err != nil {
		t.Fatal(err)
	}
}

// writeJournal writes the events of a journal as a run does, and what is no event as it
// is.
func writeJournal(t *testing.T, dir, text string) {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, journal.ObservationsFile)); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = root.Close() }() // what is written is synced
	log, err := journal.Create(root)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(text) {
		var e journal.Event
		if json.Unmarshal([]byte(line), &e) != nil {
			appendTo(t, filepath.Join(dir, journal.EventsFile), line)
			continue
		}
		if err := log.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
}

func appendTo(t *testing.T, file, text string) {
	t.Helper()
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// However it ends, no half of a run is left under its name, and the next pruning deletes
// what one that was killed took away.
func TestPruningThatIsKilledLeavesNoHalfOfARun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for file, text := range nights(nil, nil, nil) {
		writeFile(t, filepath.Join(dir, file), string(text.Data))
	}
	for _, old := range []string{"dir0", "dir1"} {
		writeJournal(t, filepath.Join(dir, old), started+intended+removed+ended)
	}
	writeFile(t, filepath.Join(dir, ".notes", "mine"), "x")
	outside := filepath.Join(t.TempDir(), "outside")
	writeFile(t, filepath.Join(outside, "mine"), "x")
	if err := os.Symlink(outside, filepath.Join(dir, ".link"+goneSuffix)); err != nil {
		t.Fatal(err)
	}
	runs, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = runs.Close() }() // it was only read
	prune := func(update func() error) (deleted []string) {
		p, err := PlanPrune(runs, 1, made)
		if err != nil {
			t.Fatal(err)
		}
		deleted, err = p.Execute(runs, update)
		if err != nil {
			t.Fatal(err)
		}
		return deleted
	}
	func() {
		defer func() { _ = recover() }() // as far as the directory is concerned, it was killed
		prune(func() error { panic("killed") })
	}()
	entries, err := Scan(runs)
	if err != nil || len(entries) != 1 || entries[0].Name != "dir2" || entries[0].Problem != "" {
		t.Errorf("after the kill there are %+v, %v; want the newest run alone", entries, err)
	}
	if deleted := prune(nil); len(deleted) > 0 {
		t.Errorf("the next one says that it deleted %q", deleted)
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".[A-Z2-7]*"+goneSuffix)); len(left) > 0 || err != nil {
		t.Errorf("the next one left %q, %v", left, err)
	}
	for _, file := range []string{filepath.Join(dir, ".notes", "mine"), filepath.Join(outside, "mine"), filepath.Join(dir, "dir2", "result.json")} {
		if _, err := os.Stat(file); err != nil {
			t.Errorf("what is somebody else's is gone: %v", err)
		}
	}
}

// What comes into a directory while it is being deleted keeps it, and that is told. What an
// earlier pruning has kept is told once.
func TestPruningTellsWhatStays(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for file, text := range nights(nil, nil, nil) {
		writeFile(t, filepath.Join(dir, file), string(text.Data))
	}
	writeJournal(t, filepath.Join(dir, "dir0"), started+intended+removed+ended)
	writeFile(t, filepath.Join(dir, ".killed"+goneSuffix, "report.md"), "x")
	runs, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = runs.Close() }() // it was only read
	p, err := PlanPrune(runs, 2, made)
	if err != nil || len(p.Kept) != 1 || !strings.HasPrefix(p.Kept[0].Reason, "report.md in it ") {
		t.Fatalf("PlanPrune() = %+v, %v", p, err)
	}
	_, err = p.Execute(runs, func() error {
		taken, err := filepath.Glob(filepath.Join(dir, ".[A-Z2-7]*"+goneSuffix))
		if err != nil || len(taken) != 1 {
			t.Fatalf("%q are taken from the runs, %v", taken, err)
		}
		writeFile(t, filepath.Join(taken[0], "late.md"), "x")
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), goneSuffix+", which was to be deleted, stays: late.md in it ") || strings.Contains(err.Error(), "report.md") {
		t.Errorf("Execute() = %v", err)
	}
}

// What somebody put into the directory of a run is never deleted, whenever it came and
// however deep it is; and no name that is taken, or long, keeps a run from being deleted.
func TestPruningDeletesNothingOfOthers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for file, text := range nights(nil, nil, nil, nil, nil, nil) {
		writeFile(t, filepath.Join(dir, file), string(text.Data))
	}
	long := strings.Repeat("n", 255)
	if err := os.Rename(filepath.Join(dir, "dir4"), filepath.Join(dir, long)); err != nil {
		t.Fatal(err)
	}
	for _, old := range []string{"dir0", "dir1", "dir2", "dir3", long} {
		writeJournal(t, filepath.Join(dir, old), started+intended+removed+ended)
	}
	taken := filepath.Join(dir, ".dir3"+goneSuffix)
	mine := []string{filepath.Join(dir, "dir0", "notes.txt"), filepath.Join(dir, "dir1", "a", "b"), filepath.Join(dir, "dir2", "late"), taken, filepath.Join(dir, ".killed"+goneSuffix, "notes.txt")}
	write := func(file string) { writeFile(t, file, "x") }
	for _, i := range []int{0, 1, 3, 4} {
		write(mine[i])
	}
	runs, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = runs.Close() }() // it was only read
	p, err := PlanPrune(runs, 1, made)
	if err != nil {
		t.Fatal(err)
	}
	kept := map[string]string{}
	for _, k := range p.Kept {
		kept[k.Name] = k.Reason
	}
	for name, file := range map[string]string{"dir0": "notes.txt", "dir1": "a", filepath.Base(filepath.Dir(mine[4])): "notes.txt"} {
		if !strings.HasPrefix(kept[name], file+" in it ") {
			t.Errorf("%s is kept because %q, want %s named", name, kept[name], file)
		}
	}
	write(mine[2]) // after the plan was made
	deleted, err := p.Execute(runs, nil)
	if slices.Sort(deleted); err == nil || !strings.HasPrefix(err.Error(), "dir2: late in it ") || !slices.Equal(deleted, []string{"dir3", long}) {
		t.Errorf("Execute() = %q, %v", deleted, err)
	}
	for _, file := range mine {
		if text, err := os.ReadFile(file); err != nil || string(text) != "x" {
			t.Errorf("what is somebody else's is gone: %v", err)
		}
	}
	for _, whole := range []string{"dir0", "dir1", "dir2", "dir5"} {
		if _, err := os.Stat(filepath.Join(dir, whole, result.File)); err != nil {
			t.Error(err)
		}
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 6 {
		t.Errorf("left are %v, %v", list, err)
	}
}

// A run whose run beside it is not proven clean is kept, and one whose is, goes with it.
func TestPrunesRunsBeside(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ journal, kept string }{
		"ended":            {started + intended + removed + ended, ""},
		"a fault in force": {started + intended, "of run near beside it: blastgauge.r.1 is not proven gone"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for file, text := range nights(nil, nil, nil) {
				writeFile(t, filepath.Join(dir, file), string(text.Data))
			}
			writeJournal(t, filepath.Join(dir, "dir0"), started+intended+removed+ended)
			writeFile(t, filepath.Join(dir, "dir0", BesideDir, "near", result.File), "{}")
			writeJournal(t, filepath.Join(dir, "dir0", BesideDir, "near"), tt.journal)
			runs, err := os.OpenRoot(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = runs.Close() }() // nothing is left to write
			p, err := PlanPrune(runs, 1, func(name string) bool { return made(path.Base(name)) || strings.HasPrefix(name, BesideDir) })
			if err != nil {
				t.Fatal(err)
			}
			kept := ""
			for _, k := range p.Kept {
				if k.Name == "dir0" {
					kept = k.Reason
				}
			}
			if kept != tt.kept && (tt.kept == "" || !strings.HasPrefix(kept, tt.kept)) || (tt.kept == "") != slices.Contains(p.Delete, "dir0") {
				t.Errorf("kept: %q, deleted: %q", kept, p.Delete)
			}
		})
	}
}
