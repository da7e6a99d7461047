package journal

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/filelock"
)

// Names of the files in a run directory.
const (
	EventsFile       = "journal.ndjson"
	ObservationsFile = "observations"
)

// A Log writes the journal of one run into its directory. Its methods may be
// called from several goroutines.
type Log struct {
	mu      sync.Mutex
	events  *sealedFile
	obsFile *os.File
	obs     *bufio.Writer
	flushed time.Time
	counted int // journeys in observations of more than one
}

// Create starts a journal in dir, which must not hold one yet.
func Create(dir *os.Root) (*Log, error) {
	const flags, mode = os.O_CREATE | os.O_EXCL | os.O_WRONLY | os.O_APPEND, 0o600
	events, err := dir.OpenFile(EventsFile, flags, mode)
	if err != nil {
		return nil, fmt.Errorf("create journal: %w", err)
	}
	// The lock is held for as long as the file is open. That is how others know that
	// the run is alive. The file is new, so only they can hold the lock, for a moment.
	if err := filelock.Lock(context.Background(), events); err != nil {
		return nil, errors.Join(fmt.Errorf("create journal: %w", err), events.Close())
	}
	obs, err := dir.OpenFile(ObservationsFile, flags, mode)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("create observations: %w", err), events.Close())
	}
	l := &Log{events: &sealedFile{File: events}, obsFile: obs, obs: bufio.NewWriter(obs), flushed: time.Now()}
	if _, err := l.obs.WriteString(header); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// Record appends an event and returns once it is on disk. After an error the
// event must be taken as not recorded.
func (l *Log) Record(e Event) error { return l.keep(e, l.events.append) }

// Note appends an event without waiting for the disk: it is there with the next event
// that is recorded, or was never noted. It is for what nothing waits for.
func (l *Log) Note(e Event) error { return l.keep(e, l.events.note) }

func (l *Log) keep(e Event, add func([]byte) error) error {
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := add(line); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}

// Observe appends what became of a journey. It is buffered for at most a second of
// traffic, so a run that dies loses no more than that.
func (l *Log) Observe(o Observation) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if o.Count > 1 {
		if l.counted += o.Count; o.Count > MaxCount || l.counted > mostTogether {
			return fmt.Errorf("observations: %w", errCounted) // nobody could read them back
		}
	}
	var frame [256]byte
	if _, err := l.obs.Write(appendFrame(frame[:0], o)); err != nil {
		return fmt.Errorf("observations: %w", err)
	}
	if now := time.Now(); now.Sub(l.flushed) > time.Second {
		l.flushed = now
		if err := l.obs.Flush(); err != nil {
			return fmt.Errorf("observations: %w", err)
		}
	}
	return nil
}

// Flush writes what is buffered, so that a reader of the files finds every observation
// so far.
func (l *Log) Flush() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flushed = time.Now()
	if err := l.obs.Flush(); err != nil {
		return fmt.Errorf("observations: %w", err)
	}
	return nil
}

// Close flushes and closes the files.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return errors.Join(l.obs.Flush(), l.obsFile.Close(), l.events.Close())
}
