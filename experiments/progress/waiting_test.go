package progress

import (
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// What a game day waits for is known until somebody decides; what is skipped takes no time.
func TestWaiting(t *testing.T) {
	t.Parallel()
	p := &plan.Plan{GameDay: &plan.GameDay{Name: "november", Items: []plan.GameDayItem{{Experiment: "second", Owner: "ann", Expect: experiments.ExpectRefuted, Question: "Who notices?"}}}}
	for _, id := range []string{"first", "second", "third"} {
		p.Experiments = append(p.Experiments, plan.Experiment{ID: id, Phases: experiments.Phases{Fault: time.Minute}})
	}
	now := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	known := New(p, now)
	seq := 0
	record := func(e journal.Event) {
		seq++
		e.Seq, e.At = seq, now
		known.Record(e, now)
	}
	about := func(d time.Duration) time.Duration { return d.Truncate(time.Minute) }
	record(journal.Event{Kind: journal.RunStarted, Plan: p})
	record(journal.Event{Kind: journal.Waiting, Experiment: "first"})
	if w := known.Waiting; w == nil || w.Experiment != "first" || w.Owner != "" || !w.Since.Equal(now) || about(known.Left(now)) != 3*time.Minute {
		t.Errorf("waiting %+v, left %v", w, known.Left(now))
	}
	record(journal.Event{Kind: journal.Decided, Experiment: "first", Decision: journal.Skip, Author: "bob", Reason: "no time"})
	if known.Waiting != nil || about(known.Left(now)) != 2*time.Minute {
		t.Errorf("after it was skipped: waiting %+v, left %v", known.Waiting, known.Left(now))
	}
	if e := known.Entries[len(known.Entries)-1]; e.Topic != "decided" || e.By != "bob" || e.Text != "first is skipped: no time" {
		t.Errorf("entry %+v", e)
	}
	record(journal.Event{Kind: journal.Waiting, Experiment: "second"})
	if w := known.Waiting; w == nil || w.Owner != "ann" || w.Expect != "refuted" || w.Question != "Who notices?" || w.Index != 1 {
		t.Errorf("waiting %+v", w)
	}
	record(journal.Event{Kind: journal.Decided, Experiment: "second", Decision: journal.Continue})
	record(journal.Event{Kind: journal.ExperimentStarted, Experiment: "second"})
	if known.Current.Index != 1 {
		t.Errorf("experiment %d goes on", known.Current.Index)
	}
	record(journal.Event{Kind: journal.ExperimentEnded, Experiment: "second"})
	record(journal.Event{Kind: journal.Waiting, Experiment: "third"})
	record(journal.Event{Kind: journal.Decided, Experiment: "third", Decision: journal.End})
	if known.Waiting != nil || known.Left(now) != 0 {
		t.Errorf("after the end: waiting %+v, left %v", known.Waiting, known.Left(now))
	}
	record(journal.Event{Kind: journal.Waiting, Experiment: "third"})
	record(journal.Event{Kind: journal.Interrupted, Detail: "INT"})
	if known.Waiting != nil {
		t.Errorf("after an interruption it waits for %+v", known.Waiting)
	}
}
