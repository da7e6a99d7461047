package plan

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/injectors"
)

// inShares are documents of an experiment that touches shares of the journeys.
func inShares(shares ...float64) (*experiments.System, *experiments.Experiment) {
	s, doc := documents()
	s.ControlURL, s.Propagates = "", experiments.PropagatesBaggage
	doc.Faults = []experiments.Fault{{Inject: "http_error", Into: "payments", Attributes: injectors.Attributes{"status": 503.0}, Share: 1}}
	doc.Saturation = shares
	doc.Settings.Phases.Fault = 2 * time.Minute
	return s, doc
}

// The turns fill the phase without gaps, give each share as much time, before and after
// the middle, and begin and end with the largest.
func TestSharesTakeTurns(t *testing.T) {
	t.Parallel()
	for phase, rounds := range map[time.Duration]int{time.Minute: 2, 2 * time.Minute: 2, 5 * time.Minute: 4, time.Hour: mostRounds} {
		turns := turnsOf([]float64{0.1, 1, 0.5}, phase, advisedTurn)
		var at time.Duration
		each, early := map[float64]time.Duration{}, map[float64]time.Duration{}
		for _, turn := range turns {
			if turn.At != at || turn.Until <= turn.At {
				t.Fatalf("%s: a turn from %s to %s after %s", phase, turn.At, turn.Until, at)
			}
			at = turn.Until
			each[turn.Share] += turn.Until - turn.At
			early[turn.Share] += max(0, min(turn.Until, phase/2)-turn.At)
		}
		if at != phase || turns[0].Share != 1 || turns[len(turns)-1].Share != 1 || len(turns) != 3*rounds-rounds+1 {
			t.Errorf("%s: %d turns to %s: %v", phase, len(turns), at, turns)
		}
		for share, d := range each {
			if d != phase/3 || early[share] != phase/6 {
				t.Errorf("%s: a share of %g has %s, %s of it in the first half", phase, share, d, early[share])
			}
		}
	}
}

func TestSaturation(t *testing.T) {
	t.Parallel()
	s, doc := inShares(0.5, 0.1)
	e := makeOne(t, s, doc, Options{})
	if !e.Tagged || e.Control != Baseline || e.Repeat != 0 || !slices.Equal(e.Shares(), []float64{0.1, 0.5}) || e.LargestShare() != 0.5 || len(e.Arms()) != 1 {
		t.Errorf("%+v", e)
	}
	if match := e.Faults[0].Attributes["match"].(map[string]any); match["baggage"].(map[string]any)[Tag] != "r" {
		t.Errorf("the fault matches %v", match)
	}
	plain := *doc
	plain.Saturation = nil
	s.Propagates = ""
	whole := makeOne(t, s, &plain, Options{})
	if e.Digests.Load == whole.Digests.Load || e.Digests.Faults != whole.Digests.Faults {
		t.Error("the same faults, and other journeys meet them: only the load differs")
	}
	if n, _ := e.Cohort(e.Journeys[0]); n < 500 || n > 900 { // 40/s, half of them in two turns of 30 s, less slow_after and settling
		t.Errorf("%d journeys count at the largest share", n)
	}
	text := strings.Join(e.sayTurns(), "\n")
	if !strings.Contains(text, "50% for 30s, 10% for 1m, 50% for 30s") {
		t.Errorf("the plan says %s", text)
	}
}

// A second route is not used: the journeys that the fault does not touch are on its own.
func TestSaturationIsOnOneRoute(t *testing.T) {
	t.Parallel()
	s, doc := inShares(0.5, 1)
	s.ControlURL = "http://127.0.0.1:8081"
	s.Defaults.Repeat = 5
	if e := makeOne(t, s, doc, Options{}); e.Control != Baseline || !e.Tagged || e.Repeat != 0 || len(e.Faults) != 1 {
		t.Errorf("control %s, tagged %t, %d turns, %d faults", e.Control, e.Tagged, e.Repeat, len(e.Faults))
	}
}

func TestImpossibleSaturation(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*experiments.Experiment){
		"turns too short":    func(e *experiments.Experiment) { e.Settings.Phases.Fault = 47 * time.Second }, // slow_after is 3 s
		"on bytes":           func(e *experiments.Experiment) { e.Faults[0].Inject = "latency" },
		"on commands":        func(e *experiments.Experiment) { e.Faults[0].Inject = "redis_error" },
		"a part of the time": func(e *experiments.Experiment) { e.Faults[0].For = time.Minute },
		"a part of it all":   func(e *experiments.Experiment) { e.Faults[0].Share = 0.5 },
	} {
		s, doc := inShares(0.5, 1)
		edit(doc)
		if _, err := Make(s, []*experiments.Experiment{doc}, Options{Run: "r", Phases: NoOverride()}); !errors.Is(err, ErrImpossible) {
			t.Errorf("%s: %v, want ErrImpossible", name, err)
		}
	}
	s, doc := inShares(0.5, 1)
	doc.Settings.Phases.Fault = 48 * time.Second
	makeOne(t, s, doc, Options{})
}
