package scaffold

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
)

// FuzzReadRecording: whatever the file, it is either refused as an invalid
// document, or makes documents that load and hold no password.
func FuzzReadRecording(f *testing.F) {
	files, err := filepath.Glob("testdata/*.har")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
		var har struct {
			Log struct{ Entries []json.RawMessage }
		}
		if err := json.Unmarshal(text, &har); err != nil {
			f.Fatal(err)
		}
		for e := range slices.Chunk(har.Log.Entries, 4) { // small seeds are changed sooner
			small, err := json.Marshal(map[string]any{"log": map[string]any{"entries": e}})
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(small))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		j, err := fromHAR("f.har", strings.NewReader(text))
		if err != nil {
			if !errors.Is(err, experiments.ErrInvalid) {
				t.Fatalf("fromHAR() = %v", err)
			}
			return
		}
		d, err := Make(Options{Journey: j})
		if err != nil {
			t.Fatal(err)
		}
		loaded(t, d)
		for _, secret := range j.Secrets.Order {
			if len(secret) >= 12 && strings.Contains(journeyText(d), secret) && !strings.Contains(systemHead+systemTail+j.Origin, secret) {
				t.Fatalf("the documents hold the secret %q:\n%s", secret, journeyText(d))
			}
		}
	})
}

// journeyText returns the text that the recording added to the document.
func journeyText(d *Documents) string {
	_, text, _ := strings.Cut(d.Files[0].Text, "\n    steps:\n")
	text, _, _ = strings.Cut(text, "\n# What must be true")
	return text
}
