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

	mu  sync.Mutex
	seq int
}

func (l *runLog) since() time.Duration { return time.Since(l.epoch) }

// record returns once the event is durable.
func (l *runLog) record(e journal.Event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seq++
	e.Seq, e.At, e.Since = l.seq, time.Now().UTC(), l.since()
	return l.recorder.Record(e)
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
