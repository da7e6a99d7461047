package engine

import (
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// RecordNotRun records a run that ends before it begins: its plan, what is wrong with
// the system already, and that nothing was run.
func RecordNotRun(p *plan.Plan, rec Recorder, t journal.Toxiproxy, problems []string) error {
	log := &runLog{recorder: rec, epoch: time.Now()}
	events := []journal.Event{{Kind: journal.RunStarted, Plan: p, Toxiproxy: &t}}
	for _, problem := range problems {
		events = append(events, journal.Event{Kind: journal.PreflightFailed, Detail: problem})
	}
	for _, e := range append(events, journal.Event{Kind: journal.RunEnded}) {
		if err := log.record(e); err != nil {
			return err
		}
	}
	return nil
}
