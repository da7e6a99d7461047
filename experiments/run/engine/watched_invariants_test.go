package engine

import (
	"fmt"
	"slices"
	"strings"
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
		"holds":                            {[]string{"", "", "", ""}, []string{"", "", ""}},
		"breaks":                           {[]string{"", "", "a b", "a b"}, []string{"", "broken a b", ""}},
		"breaks again":                     {[]string{"", "a", "a", "a b"}, []string{"broken a", "", "broken b"}},
		"heals and breaks":                 {[]string{"", "a", "", "b"}, []string{"broken a", "", "broken b"}},
		"was broken before":                {[]string{"a", "a", "a c", "c"}, []string{"", "broken c", ""}},
		"breaks without keys":              {[]string{"", "-", "-", ""}, []string{"broken", "unjudged", ""}},
		"heals and breaks without keys":    {[]string{"", "-", "", "-"}, []string{"broken", "", "broken"}},
		"was broken before, without keys":  {[]string{"-", "-", "", "-"}, []string{"unjudged", "", "broken"}},
		"cannot be asked":                  {[]string{"", "?", "", "a"}, []string{"unjudged", "", "broken a"}},
		"could not be asked before":        {[]string{"?", "a", "a b", "a b"}, []string{"unjudged", "broken b", ""}},
		"could not be asked, and it holds": {[]string{"?", "", "a", "a"}, []string{"", "broken a", ""}},
		"keys are lost":                    {[]string{"a", "-", "-", "-"}, []string{"unjudged", "unjudged", "unjudged"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newScanBench([]string{hard}, []string{hard}, []string{hard})
				b.plan.Experiments[0].Invariants = []experiments.Invariant{{Name: "charged once"}}
				asked := 0
				b.answers(func(string) journal.CheckResult {
					asked++
					return answer(tt.answers[asked-1])
				})
				if err := b.scan(t.Context()); err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, e := range b.scanner.ended {
					got = append(got, sayAnswers(e))
				}
				if asked != 4 || !slices.Equal(got, tt.want) {
					t.Errorf("%q after %d questions, want %q", got, asked, tt.want)
				}
				b.checkJournal(t)
			})
		})
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
		for _, e := range b.mem.events {
			if e.Kind == journal.InvariantChecked && e.Phase == journal.Recovery && e.Since-removed.Since != time.Second {
				t.Errorf("asked %v after the removal", e.Since-removed.Since)
			}
		}
		if end := b.end(t, 1); end.Back < 4900*time.Millisecond || end.Back > 5200*time.Millisecond {
			t.Errorf("back after %v", end.Back)
		}
	})
}
