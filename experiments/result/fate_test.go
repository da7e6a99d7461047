package result

import (
	"os"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/journal"
)

// A journal without an end is of a run that died, or of one that goes on: whoever writes
// it holds its lock. Who has only its text does not know.
func TestAJournalWithoutAnEndTellsWhetherItIsWritten(t *testing.T) {
	t.Parallel()
	s := newStory()
	s.cut(journal.FaultRemoved)
	unknown := s.fold(t).Run.Error
	dir, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = dir.Close() }() // the directory goes with the test
	log, err := journal.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range s.events {
		if err := log.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	texts := map[string]bool{unknown: true}
	read := func(want fate) {
		t.Helper()
		r, err := Read(dir)
		if err != nil {
			t.Fatal(err)
		}
		e := &r.Experiments[0]
		if note := e.Faults[0].Exercised.Note; note != want.unwritten() || !r.Run.Died || e.ReasonCodes[0] != ReasonRunDied {
			t.Errorf("%+v, %s: %q, want that of a run that %s", r.Run, e.ReasonCodes, note, want.verb())
		}
		texts[r.Run.Error] = true
	}
	read(goesOn)
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	read(hasDied)
	if len(texts) != 3 {
		t.Errorf("one text for two fates: %v", texts)
	}
}
