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
	events   []journal.Event       // guarded by mu, while the run lasts
	journeys []journal.Observation // guarded by mu, while the run lasts
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
	r.journeys = append(r.journeys, o)
	return nil
}

// seen is what became of the journeys that began under the fault.
func (r *recording) seen(fault *injector) *Seen {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &Seen{}
	for _, o := range r.journeys {
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
		for i := range r.journeys {
			if r.journeys[i].Experiment == experiment && !yield(&r.journeys[i], nil) {
				return
			}
		}
	}
}

// Damage reports that nothing is damaged.
func (r *recording) Damage() error { return nil }
