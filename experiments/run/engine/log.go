package engine

import (
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
)

// A runLog stamps the events of a run and makes them durable.
type runLog struct {
	recorder Recorder
	epoch    time.Time // the run's start, which Since and observations are relative to

	mu   sync.Mutex
	seq  int
	over bool // the last event is recorded
}

func (l *runLog) since() time.Duration { return time.Since(l.epoch) }

// record returns once the event is durable.
func (l *runLog) record(e journal.Event) error { return l.stamp(e, l.recorder.Record) }

func (l *runLog) stamp(e journal.Event, keep func(journal.Event) error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return ErrOver
	}
	l.over = e.Kind == journal.RunEnded
	l.seq++
	e.Seq, e.At, e.Since = l.seq, time.Now().UTC(), l.since()
	return keep(e)
}

// An experimentLog records the events of one experiment.
type experimentLog struct {
	*runLog
	experiment string // its ID
}

// event records something about the experiment.
func (l experimentLog) event(kind journal.Kind, e journal.Event) error {
	e.Kind, e.Experiment = kind, l.experiment
	return l.record(e)
}

// note does the same without waiting for the disk.
func (l experimentLog) note(kind journal.Kind, e journal.Event) error {
	e.Kind, e.Experiment = kind, l.experiment
	return l.stamp(e, l.recorder.Note)
}
