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
