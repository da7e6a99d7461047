package journal

import (
	"errors"
	"os"
	"testing"
)

func TestARunThatIsAliveCannotBeUndone(t *testing.T) {
	dir, l := create(t)
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if _, err := OpenUndo(root); !errors.Is(err, ErrAlive) {
		t.Errorf("OpenUndo() of a live run = %v, want ErrAlive", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	u, err := OpenUndo(root)
	if err != nil {
		t.Fatalf("OpenUndo() of a dead run = %v", err)
	}
	if _, err := OpenUndo(root); !errors.Is(err, ErrAlive) {
		t.Errorf("a second OpenUndo() = %v, want ErrAlive", err)
	}
	if err := u.Record(Event{Kind: FaultRemoved, Fault: "blastgauge.r.1", Verified: true}); err != nil {
		t.Fatal(err)
	}
	if err := u.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(dir + "/" + UndoFile)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := readAll(t, string(text)); err != nil || len(got) != 1 || !got[0].Verified {
		t.Errorf("undo file holds %v, %v", got, err)
	}
}
