package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/blastgauge/blastgauge/experiments/filelock"
)

// UndoFile holds, as events, what other processes did to clean up after a run. Readers
// of a journal must read it, too.
const UndoFile = "undo.ndjson"

var (
	// ErrAlive means that the run of a journal is still going on.
	ErrAlive = errors.New("the run is still alive")
	// ErrBusy means that another process is cleaning up after the run at this moment.
	ErrBusy = errors.New("another process is cleaning up after this run")
)

// Alive reports whether the run of the journal in dir is still going on: its process
// holds the lock of its journal for as long as it lives.
func Alive(dir *os.Root) (bool, error) {
	events, err := dir.Open(EventsFile)
	if err != nil {
		return false, fmt.Errorf("not a run directory: %w", err)
	}
	defer func() { _ = events.Close() }()  // it was only read
	free, err := filelock.TryShare(events) // shared: two processes that ask must not take each other for the run
	return !free, err
}

// An Undo is the record of a process that cleans up after a run. Only one process has
// it at a time.
type Undo struct {
	dir  *os.Root
	file *os.File
	size int64
}

// OpenUndo opens the record beside the journal in dir. The error is [ErrBusy] while
// another process has it.
func OpenUndo(dir *os.Root) (u *Undo, err error) {
	if _, err := dir.Stat(EventsFile); err != nil {
		return nil, fmt.Errorf("not a run directory: %w", err)
	}
	file, err := dir.OpenFile(UndoFile, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("undo: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, file.Close())
		}
	}()
	switch free, err := filelock.TryLock(file); {
	case err != nil:
		return nil, fmt.Errorf("undo: %w", err)
	case !free:
		return nil, ErrBusy
	}
	size, err := cutTornLine(file)
	if err != nil {
		return nil, fmt.Errorf("undo: %w", err)
	}
	return &Undo{dir, file, size}, nil
}

// cutTornLine cuts off a last line without an end, which a process left behind that
// was killed while writing it, and returns the size of the rest in bytes.
func cutTornLine(file *os.File) (int64, error) {
	text, err := io.ReadAll(file)
	if err != nil {
		return 0, err
	}
	size := int64(bytes.LastIndexByte(text, '\n') + 1)
	if size == int64(len(text)) {
		return size, nil
	}
	return size, file.Truncate(size)
}

// Record appends an event and returns once it is on disk. While the run is alive, the
// removal of a fault is not recorded, because the run may be about to inject it; the
// error is [ErrAlive] then.
func (u *Undo) Record(e Event) error {
	if e.Kind == FaultRemoved {
		if alive, err := Alive(u.dir); err != nil || alive {
			return errors.Join(err, ErrAlive)
		}
	}
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("undo: %w", err)
	}
	n, err := appendLine(u.file, u.size, line)
	if err != nil {
		return fmt.Errorf("undo: %w", err)
	}
	u.size += n
	return nil
}

// Close gives up the record, so that another process can have it.
func (u *Undo) Close() error { return u.file.Close() }
