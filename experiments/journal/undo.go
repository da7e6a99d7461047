package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"syscall"
)

// UndoFile holds what was done about a run after it died, as events. Whoever
// reads a journal reads it as well.
const UndoFile = "undo.ndjson"

// ErrAlive means that the run of a journal is still going on.
var ErrAlive = errors.New("the run is still alive")

// claim makes the journal this process's own for as long as the file is open: the
// kernel gives it up when the process ends, however it does.
func claim(events *os.File) error {
	err := syscall.Flock(int(events.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return ErrAlive
	}
	return err
}

// An Undo writes what is done about a run that has died.
type Undo struct {
	events *os.File // held for its lock
	file   *os.File
}

// OpenUndo takes over the journal in dir. The error is [ErrAlive] while its run,
// or somebody else who undoes it, is at work.
func OpenUndo(dir *os.Root) (*Undo, error) {
	events, err := dir.Open(EventsFile)
	if err != nil {
		return nil, fmt.Errorf("not a run directory: %w", err)
	}
	if err := claim(events); err != nil {
		return nil, errors.Join(err, events.Close())
	}
	file, err := dir.OpenFile(UndoFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, errors.Join(err, events.Close())
	}
	return &Undo{events, file}, nil
}

// Record appends an event and returns once it is on disk.
func (u *Undo) Record(e Event) error {
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("undo: %w", err)
	}
	if _, err := u.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("undo: %w", err)
	}
	return u.file.Sync()
}

// Close gives the journal back.
func (u *Undo) Close() error { return errors.Join(u.file.Close(), u.events.Close()) }
