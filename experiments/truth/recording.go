package truth

import (
	"iter"
	"sync"

	"github.com/blastgauge/blastgauge/experiments/journal"
)

// A recording is a journal in memory. It implements engine.Recorder and
// result.Observations.
type recording struct {
	mu       sync.Mutex
	events   []journal.Event         // guarded by mu, while the run lasts
	journeys [][]journal.Observation // full pieces but for the last; guarded by mu, while the run lasts
}

// Record keeps an event.
func (r *recording) Record(e journal.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
	return nil
}

// Note keeps an event.
func (r *recording) Note(e journal.Event) error { return r.Record(e) }

// Observe keeps a journey.
func (r *recording) Observe(o journal.Observation) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	last := len(r.journeys) - 1
	if last < 0 || len(r.journeys[last]) == cap(r.journeys[last]) {
		r.journeys = append(r.journeys, make([]journal.Observation, 0, 1024)) // a slice that grows copies all again and again
		last++
	}
	r.journeys[last] = append(r.journeys[last], o)
	return nil
}

// seen is what became of the journeys that began under the fault.
func (r *recording) seen(fault *injector) *Seen {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &Seen{}
	for o := range r.pass() {
		if !fault.at(o.Intended.Seconds()).inForce {
			continue
		}
		s.All[o.Arm]++
		if o.Harmed() {
			s.Harmed[o.Arm]++
		}
	}
	return s
}

// all yields the events.
func (r *recording) all() iter.Seq2[journal.Event, error] {
	return func(yield func(journal.Event, error) bool) {
		for _, e := range r.events {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// Of yields the journeys of an experiment.
func (r *recording) Of(experiment int) iter.Seq2[*journal.Observation, error] {
	return func(yield func(*journal.Observation, error) bool) {
		for o := range r.pass() {
			if o.Experiment == experiment && !yield(o, nil) {
				return
			}
		}
	}
}

// pass yields the journeys.
func (r *recording) pass() iter.Seq[*journal.Observation] {
	return func(yield func(*journal.Observation) bool) {
		for _, piece := range r.journeys {
			for i := range piece {
				if !yield(&piece[i]) {
					return
				}
			}
		}
	}
}

// Damage reports that nothing is damaged.
func (r *recording) Damage() error { return nil }
