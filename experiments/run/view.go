package run

import "github.com/blastgauge/blastgauge/experiments/journal"

// A View shows a run while it goes on. Its methods are called from several
// goroutines. They hold up the run, so they must wait for nothing.
type View interface {
	// Record is called with every event that is on disk.
	Record(journal.Event)
	// Observe is called with every journey that has ended.
	Observe(journal.Observation)
	// Close is called when the run is over.
	Close()
}

// noView shows nothing.
type noView struct{}

func (noView) Record(journal.Event)        {}
func (noView) Observe(journal.Observation) {}
func (noView) Close()                      {}

// A recorder gives the view the same events as the journal, after the journal.
type recorder struct {
	log  *journal.Log
	view View
}

func (r *recorder) Record(e journal.Event) error {
	if err := r.log.Record(e); err != nil {
		return err
	}
	r.view.Record(e)
	return nil
}

func (r *recorder) Observe(o journal.Observation) error {
	r.view.Observe(o)
	return r.log.Observe(o)
}
