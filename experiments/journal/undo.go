package journal

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/blastgauge/blastgauge/experiments/atomicfile"
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
	events, err := atomicfile.OpenIn(dir, EventsFile)
	if err != nil {
		return false, fmt.Errorf("not a run directory: %w", err)
	}
	defer func() { _ = events.Close() }()  // it was only read
	free, err := filelock.TryShare(events) // shared: two processes that ask must not take each other for the run
	return !free, err
}

// Alive reports what [Alive] does. The error means that the directory does not tell: it
// is none of a run any more, or others can write it, who may hold the lock themselves.
// [Registry.Alive] tells it then.
func (o OpenRun) Alive(dir *os.Root) (bool, error) {
	if err := checkRecords(dir); err != nil {
		return false, err
	}
	return Alive(dir)
}

// An Undo is the record of a process that cleans up after a run. Only one process has
// it at a time.
type Undo struct {
	dir  *os.Root
	file *sealedFile
}

// DamagedUndoFile holds what was cut off a damaged record, for people to look at.
const DamagedUndoFile = "undo.ndjson.damaged"

// OpenUndo opens the record beside the journal in dir. The error is [ErrBusy] while
// another process has it.
func OpenUndo(dir *os.Root) (u *Undo, err error) {
	if _, err := dir.Stat(EventsFile); err != nil {
		return nil, fmt.Errorf("not a run directory: %w", err)
	}
	file, err := atomicfile.AppendIn(dir, UndoFile, 0o600)
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
	u = &Undo{dir, &sealedFile{File: file}}
	if err := u.cutDamage(); err != nil {
		return nil, fmt.Errorf("undo: %w", err)
	}
	return u, nil
}

// cutDamage cuts off everything from the first line whose checksum is not right: a
// reader would believe nothing that came after it. That may be a line without an end,
// which a process left behind that was killed while writing it. More is kept in
// another file, as far as there is room.
func (u *Undo) cutDamage() error {
	lines := &u.file.written
	br := bufio.NewReader(u.file)
	for {
		line, err := readLine(br)
		if err != nil {
			break
		}
		sum, err := lines.sum.check(line)
		if err != nil {
			break
		}
		lines.size, lines.sum = lines.size+int64(len(line))+1, sum
	}
	u.file.synced = *lines
	info, err := u.file.Stat()
	if err != nil || info.Size() == lines.size {
		return err
	}
	u.keepDamage(info.Size())
	return u.file.Truncate(lines.size)
}

// keepDamage copies what is going to be cut off, where that is more than one torn line.
func (u *Undo) keepDamage(end int64) {
	from := u.file.written.size
	rest := make([]byte, min(end-from, maxLine))
	n, err := u.file.ReadAt(rest, from)
	if err != nil && !errors.Is(err, io.EOF) || !bytes.Contains(rest[:n], []byte("\n")) {
		return
	}
	_ = u.dir.Remove(DamagedUndoFile) // what has this name may be a pipe, which would never open
	kept, err := u.dir.OpenFile(DamagedUndoFile, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return // without room it goes: it proves nothing
	}
	_, _ = kept.Write(rest[:n])
	_ = kept.Close()
}

// Record appends an event and returns once it is on disk. While the run is alive, the
// removal of a fault is not recorded, because the run may be about to inject it; the
// error is [ErrAlive] then. A lock that somebody else may hold is no sign of that.
func (u *Undo) Record(e Event) error {
	if e.Kind == FaultRemoved || e.Kind == CleanedUp {
		switch alive, err := Alive(u.dir); {
		case err != nil: // not that it is alive: whoever asks leaves a run alone that is
			return fmt.Errorf("undo: %w", err)
		case alive && !Shared(u.dir):
			return ErrAlive
		}
	}
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("undo: %w", err)
	}
	if err := u.file.append(line); err != nil {
		return fmt.Errorf("undo: %w", err)
	}
	return nil
}

// Close gives up the record, so that another process can have it.
func (u *Undo) Close() error { return u.file.Close() }
