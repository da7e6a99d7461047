package journal

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/atomicfile"
)

// A pipe in the place of a file of a run is not waited for: a fence is one whatever it
// is, and a record cannot be kept in it.
func TestNoPipeInARunIsWaitedFor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, EventsFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{FenceFile, UndoFile} {
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		root, err := atomicfile.OpenDir(dir)
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = root.Close() }() // nothing is written
		if _, fenced := FindFence(root); !fenced {
			t.Error("a pipe is no fence")
		}
		if _, err := OpenUndo(root); !errors.Is(err, atomicfile.ErrNoFile) {
			t.Errorf("OpenUndo() = %v", err)
		}
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("a pipe is waited for")
	}
}
