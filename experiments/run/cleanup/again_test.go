package cleanup

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/journal"
)

// What a clean-up has proven gone is not removed again, and not told as if it were.
func TestASecondCleanUpRemovesNothing(t *testing.T) {
	t.Parallel()
	for name, damaged := range map[string]bool{"intact": false, "damaged": true} {
		d := newDeadRun(t, underFault...)
		d.unlist(t)
		if damaged {
			file := filepath.Join(d.dir, journal.EventsFile)
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			text[len(text)-20] ^= 1
			if err := os.WriteFile(file, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		trusting := d.options
		trusting.Trust = &Trust{}
		undone := func() []byte {
			if err := Run(t.Context(), d.dir, trusting); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			text, err := os.ReadFile(filepath.Join(d.dir, journal.UndoFile))
			if err != nil {
				t.Fatal(err)
			}
			return text
		}
		first := undone()
		d.wantClean(t)
		d.log.Reset()
		if second := undone(); !bytes.Equal(first, second) {
			t.Errorf("%s: the second clean-up records %s", name, second[len(first):])
		}
		if bytes.Contains(d.log.Bytes(), []byte(d.fault().Name)) {
			t.Errorf("%s: the second clean-up says %s", name, d.log.String())
		}
	}
}
