package result

import (
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
)

// A stretch that is no recovery of an earlier experiment is nobody's baseline, whatever a
// journal says.
func TestAStretchThatIsNoBaseline(t *testing.T) {
	t.Parallel()
	good := journal.SharedStretch{Of: "payments-slow", From: 30 * time.Second, To: 40 * time.Second}
	for name, tt := range map[string]struct {
		edit func(*journal.SharedStretch)
		want bool
	}{
		"a recovery before":   {func(*journal.SharedStretch) {}, true},
		"of itself":           {func(s *journal.SharedStretch) { s.Of = "second" }, false},
		"of nobody":           {func(s *journal.SharedStretch) { s.Of = "nobody" }, false},
		"of the future":       {func(s *journal.SharedStretch) { s.To = 2 * time.Minute }, false},
		"that ends before":    {func(s *journal.SharedStretch) { s.To = s.From }, false},
		"from before the run": {func(s *journal.SharedStretch) { s.From = -1 }, false},
	} {
		story := newStory()
		second := story.plan.Experiments[0]
		second.ID = "second"
		story.plan.Experiments = append(story.plan.Experiments, second)
		stretch := good
		tt.edit(&stretch)
		f := &fold{}
		f.event(journal.Event{Kind: journal.RunStarted, Plan: story.plan})
		f.event(journal.Event{Kind: journal.BaselineShared, Experiment: "second", Since: time.Minute, Shared: &stretch})
		if got := f.runs[1].shared; (got != nil) != tt.want || tt.want && (got.of != f.runs[0] || got.span != (span{good.From, good.To})) {
			t.Errorf("%s: %+v", name, got)
		}
		f.event(journal.Event{Kind: journal.BaselineShared, Experiment: "payments-slow", Since: time.Minute, Shared: &good})
		if f.runs[0].shared != nil {
			t.Errorf("%s: the first experiment shares a baseline with %+v", name, f.runs[0].shared)
		}
	}
	f := &fold{}
	f.event(journal.Event{Kind: journal.RunStarted, Plan: newStory().plan})
	f.event(journal.Event{Kind: journal.BaselineShared, Experiment: "payments-slow"})
	if f.runs[0].shared != nil {
		t.Error("an event without a stretch shares a baseline")
	}
}
