package history

import (
	"slices"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// A run that ended before an experiment's turn says nothing of its hypothesis, and does
// not make what was measured before and after it comparable.
func TestARunThatDidNotTestIsNotAnAnswer(t *testing.T) {
	t.Parallel()
	verdict := func(v result.Verdict, journey string) Entry {
		return Entry{Run: &Run{System: "checkout", Experiments: []Experiment{{ID: "a", Verdict: v, Radius: &Radius{Journey: journey}}}}}
	}
	cut := verdict(result.NotRun, "")
	cut.Run.Experiments[0].Radius = nil
	entries := []Entry{verdict(result.Held, "buy"), cut, verdict(result.Refuted, "pay"), cut}
	for i := range entries {
		r := *entries[i].Run
		r.ID = string(rune('a' + i))
		entries[i].Run = &r
	}
	trend := New(entries).Trends[0]
	var tested []string
	for _, p := range trend.Tested() {
		tested = append(tested, p.Run)
	}
	if want := []string{"a", "c"}; !slices.Equal(tested, want) {
		t.Errorf("tested in %v, want %v", tested, want)
	}
	if got := trend.Points[2].Changed; !slices.Equal(got, []string{"journey"}) {
		t.Errorf("changed %v, want the journey", got)
	}
	if alone := New(entries[1:2]).Trends[0]; len(alone.Tested()) != 1 {
		t.Error("an experiment that was never tested has no point to show")
	}
}
