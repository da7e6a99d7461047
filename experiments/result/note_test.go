package result

import (
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
)

// A note is where the run was when it was written.
func TestNotes(t *testing.T) {
	t.Parallel()
	s := newStory()
	s.writeJournal()
	id := s.plan.Experiments[0].ID
	var events []journal.Event
	for i, e := range s.events { // a note behind each event
		e.Seq = 2*i + 1
		note := journal.Event{Seq: 2*i + 2, At: e.At, Since: e.Since, Kind: journal.Noted, Author: "ann", Detail: string(e.Kind), FollowUp: i == 0}
		events = append(events, e, note)
	}
	s.events = events
	r := s.fold(t)
	if len(r.Run.Notes) != len(events)/2 {
		t.Fatalf("%d notes of %d", len(r.Run.Notes), len(events)/2)
	}
	phase, running := "", false
	for i, n := range r.Run.Notes {
		before := events[2*i]
		switch before.Kind {
		case journal.ExperimentStarted:
			running = true
		case journal.PhaseStarted:
			phase = string(before.Phase)
		case journal.ExperimentEnded:
			running, phase = false, ""
		}
		want := ""
		if running {
			want = id
		}
		if n.Experiment != want || n.Phase != phase || n.Author != "ann" || n.Text != string(before.Kind) || n.FollowUp != (i == 0) || n.Since != before.Since.Seconds() {
			t.Errorf("behind %s: %+v, want it in %q, phase %q", before.Kind, n, want, phase)
		}
	}
}

// What no run keeps of a person is damage.
func TestNotesThatNoRunKeeps(t *testing.T) {
	t.Parallel()
	for name, e := range map[string]journal.Event{
		"a long text":   {Kind: journal.Noted, Author: "ann", Detail: strings.Repeat("a", journal.MostNote+1)},
		"a long name":   {Kind: journal.Noted, Author: strings.Repeat("a", journal.MostAuthor+1), Detail: "a"},
		"a long reason": {Kind: journal.Interrupted, Detail: "INT", Author: "ann", Reason: strings.Repeat("a", journal.MostReason+1)},
	} {
		e.At = time.Now()
		if err := checkEvent(&e, 0); err == nil {
			t.Errorf("%s is taken for what a run has recorded", name)
		}
	}
}
