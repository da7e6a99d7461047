package result

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/journal"
)

// What is left of a run's records is reported: its result where the journal tells
// nothing, its events where the journeys are gone. It is an error where nothing is left.
func TestReadOfDamagedRecords(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../report/testdata/refuted.json")
	if err != nil {
		t.Fatal(err)
	}
	const plan = `{"seq":1,"kind":"run_started","plan":{"run":"r","experiments":[]}}` + "\n"
	for name, tt := range map[string]struct {
		files  map[string]string
		run    string // the id; empty: an error
		warned string
	}{
		"the plan is damaged":   {map[string]string{journal.EventsFile: "{]}\n", journal.ObservationsFile: "", File: string(text)}, "-", "nothing confirms it"},
		"only a result is left": {map[string]string{File: string(text)}, "-", "nothing confirms it"},
		"no journeys":           {map[string]string{journal.EventsFile: plan}, "r", "every journey"},
		"nothing is left":       {map[string]string{journal.EventsFile: "{]}\n", journal.ObservationsFile: ""}, "", ""},
		"both are damaged":      {map[string]string{journal.EventsFile: "{]}\n", File: "{]}"}, "", ""},
	} {
		dir := t.TempDir()
		for file, text := range tt.files {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		root, err := os.OpenRoot(dir)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Read(root)
		if errClose := root.Close(); errClose != nil {
			t.Fatal(errClose)
		}
		switch {
		case tt.run == "":
			if err == nil {
				t.Errorf("%s: no error", name)
			}
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case tt.run != "-" && r.Run.ID != tt.run || !strings.Contains(strings.Join(r.Warnings, "\n"), tt.warned):
			t.Errorf("%s: run %s, warnings %q", name, r.Run.ID, r.Warnings)
		}
	}
}

// Damage in one file hides nothing of the other: what others have proven gone is gone,
// whatever is left of the journal, and the report names each file that is damaged.
func TestDamageOfOneFileHidesNothingOfTheOther(t *testing.T) {
	t.Parallel()
	s := newStory()
	s.cut(journal.FaultRemoved)
	whole, later := s.lines(t), undoneLater(t)
	const damage = "{]}\n"
	for name, tt := range map[string]struct {
		journal, undone string
		gone            bool
		damaged         []string // files
	}{
		"the journal":           {string(whole) + damage, string(later), true, []string{journal.EventsFile}},
		"the end of the other":  {string(whole), string(later) + damage, true, []string{journal.UndoFile}},
		"the ends of both":      {string(whole) + damage, string(later) + damage, true, []string{journal.EventsFile, journal.UndoFile}},
		"all of the other":      {string(whole), damage + string(later), false, []string{journal.UndoFile}},
		"the journal alone":     {string(whole) + damage, "", false, []string{journal.EventsFile}},
		"none":                  {string(whole), string(later), true, nil},
		"none, nobody undid it": {string(whole), "", false, nil},
	} {
		r, _, err := foldText([]byte(tt.journal), []byte(tt.undone), nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if f := r.Experiments[0].Faults[0]; f.RemovalVerified != tt.gone || (r.Exit(nil) == ExitNotRemoved) == tt.gone {
			t.Errorf("%s: removal verified %v, exit %d", name, f.RemovalVerified, r.Exit(nil))
		}
		for i, file := range tt.damaged {
			if len(r.Warnings) != len(tt.damaged) || !strings.HasPrefix(r.Warnings[i], file+": ") {
				t.Errorf("%s: warnings %q, want one of each of %q", name, r.Warnings, tt.damaged)
			}
		}
		if tt.damaged == nil && len(r.Warnings) > 0 {
			t.Errorf("%s: warnings %q", name, r.Warnings)
		}
	}
}
