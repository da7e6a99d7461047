package engine

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
)

// An invariant that breaks is the doing of the cell that broke it, and of no later one.
func TestAnInvariantThatBreaksIsOneCellsDoing(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answers []string // by question: the keys in violation, - for one without keys, ? for none at all
		want    []string // by cell: broken, unjudged or nothing
	}{
		"holds":                                 {[]string{"", "", "", ""}, []string{"", "", ""}},
		"breaks":                                {[]string{"", "", "a b", "a b"}, []string{"", "broken a b", ""}},
		"breaks again":                          {[]string{"", "a", "a", "a b"}, []string{"broken a", "", "broken b"}},
		"heals and breaks":                      {[]string{"", "a", "", "b"}, []string{"broken a", "", "broken b"}},
		"was broken before":                     {[]string{"a", "a", "a c", "c"}, []string{"", "broken c", ""}},
		"breaks without keys":                   {[]string{"", "-", "-", ""}, []string{"broken", "unjudged", ""}},
		"heals and breaks without keys":         {[]string{"", "-", "", "-"}, []string{"broken", "", "broken"}},
		"was broken before, without keys":       {[]string{"-", "-", "", "-"}, []string{"unjudged", "", "broken"}},
		"cannot be asked":                       {[]string{"", "?", "", "a"}, []string{"unjudged", "", "broken a"}},
		"could not be asked before":             {[]string{"?", "a", "a b", "a b"}, []string{"unjudged", "broken b", ""}},
		"cannot be asked, then it is broken":    {[]string{"", "?", "a", "a b"}, []string{"unjudged", "unjudged", "broken b"}},
		"cannot be asked, then broken with old": {[]string{"a", "?", "a b", "a"}, []string{"unjudged", "unjudged", ""}},
		"cannot be asked, then nothing is new":  {[]string{"a", "?", "a", "a b"}, []string{"unjudged", "", "broken b"}},
		"cannot be asked, then broken, no keys": {[]string{"", "?", "-", "-"}, []string{"unjudged", "unjudged", "unjudged"}},
		"could not be asked, and it holds":      {[]string{"?", "", "a", "a"}, []string{"", "broken a", ""}},
		"keys are lost":                         {[]string{"a", "-", "-", "-"}, []string{"unjudged", "unjudged", "unjudged"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newScanBench([]string{hard}, []string{hard}, []string{hard})
				b.plan.Experiments[0].Invariants = []experiments.Invariant{{Name: "charged once"}}
				b.wantAnswers(t, tt.answers, tt.want)
				b.checkJournal(t)
			})
		})
	}
}

// wantAnswers scans a system whose invariant is answered so, and wants that each cell says so
// much of it, after four questions.
func (b *scanBench) wantAnswers(t *testing.T, answers, want []string) {
	t.Helper()
	asked := 0
	b.answers(func(string) journal.CheckResult {
		asked++
		return answer(answers[asked-1])
	})
	if err := b.scan(t.Context()); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range b.scanner.ended {
		got = append(got, sayAnswers(e))
	}
	if asked != 4 || !slices.Equal(got, want) {
		t.Errorf("%q after %d questions, want %q", got, asked, want)
	}
}

func answer(text string) journal.CheckResult {
	keys := strings.Fields(text)
	switch text {
	case "":
		return journal.CheckResult{Holds: true}
	case "?":
		return journal.CheckResult{Error: "connection refused"}
	case "-":
		return journal.CheckResult{Violations: 1}
	}
	return journal.CheckResult{Violations: float64(len(keys)), All: keys, Keys: keys}
}

func sayAnswers(e journal.CellEnd) string {
	var said []string
	for _, r := range e.Broken {
		said = append(said, strings.Join(append([]string{"broken"}, r.Keys...), " "))
	}
	for _, r := range e.Unjudged {
		if r.Error == "" {
			said = append(said, fmt.Sprintf("unjudged without a reason: %+v", r))
		}
		said = append(said, "unjudged")
	}
	return strings.Join(said, ", ")
}

// Invariants are asked while the system recovers, a second after the removal: before the
// next fault, and without waiting for a slow recovery.
func TestInvariantsAreAskedASecondAfterTheRemoval(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newScanBench([]string{hard})
		b.plan.Experiments[0].Invariants = []experiments.Invariant{{Name: "charged once"}}
		b.answers(func(string) journal.CheckResult { return journal.CheckResult{Holds: true} })
		b.after = func(since time.Duration) effect {
			if since < 5*time.Second {
				return fails
			}
			return fine
		}
		if err := b.scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		removed, _ := b.mem.find(journal.FaultRemoved)
		var asked []time.Duration
		for _, e := range b.mem.events {
			if e.Kind == journal.InvariantChecked && e.Phase == journal.Recovery {
				asked = append(asked, e.Since-removed.Since)
			}
		}
		if len(asked) != 2 || asked[0] != time.Second || asked[1] < 6*time.Second {
			t.Errorf("asked %v after the removal, want a second, and once more when the system is healthy", asked)
		}
		if end := b.end(t, 1); end.Back < 4900*time.Millisecond || end.Back > 5200*time.Millisecond {
			t.Errorf("back after %v", end.Back)
		}
	})
}

// What breaks while the system recovers is the doing of the cell before.
func TestALateViolationIsOfTheCellBefore(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answers []string // by question
		want    []string
	}{
		"late":            {[]string{"", "", "a", "a"}, []string{"broken a", ""}},
		"early and late":  {[]string{"", "a", "a b", "a b"}, []string{"broken a b", ""}},
		"early":           {[]string{"", "a", "a", "a"}, []string{"broken a", ""}},
		"without keys":    {[]string{"", "-", "-", "-"}, []string{"broken", "unjudged"}},
		"asked in time":   {[]string{"", "?", "", ""}, []string{"", ""}},
		"never answered":  {[]string{"", "?", "?", ""}, []string{"unjudged", ""}},
		"it answers late": {[]string{"", "?", "a", "a"}, []string{"unjudged", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newScanBench([]string{hard}, []string{soft})
				b.plan.Experiments[0].Invariants = []experiments.Invariant{{Name: "charged once"}}
				var ended atomic.Bool
				b.mem.on = func(e journal.Event) {
					if e.Kind == journal.CellEnded {
						ended.Store(true)
					}
				}
				b.after = func(since time.Duration) effect {
					if !ended.Load() && since < 5*time.Second {
						return fails
					}
					return fine
				}
				b.wantAnswers(t, tt.answers, tt.want)
			})
		})
	}
}

// An invariant that takes long to answer leaves the system time to relapse: the next fault
// waits until it is healthy again.
func TestHealthIsLookedAtAfterInvariantsThatTakeLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newScanBench([]string{soft}, []string{soft})
		b.plan.Experiments[0].Invariants = []experiments.Invariant{{Name: "charged once"}}
		b.answers(func(string) journal.CheckResult {
			time.Sleep(5 * time.Second)
			return journal.CheckResult{Holds: true}
		})
		b.after = func(since time.Duration) effect {
			if since > 2*time.Second && since < 8*time.Second {
				return fails
			}
			return fine
		}
		if err := b.scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		first, second := b.end(t, 1), b.end(t, 2)
		if second.From-first.To < 9*time.Second || second.Journeys[0].Decision != journal.Harmless {
			t.Errorf("the next fault came %v after the removal, and checkout is %q", second.From-first.To, second.Journeys[0].Decision)
		}
	})
}
