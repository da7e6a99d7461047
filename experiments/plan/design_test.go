package plan

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
)

// A plan says which design an experiment has, and what a weak one lacks.
func TestDesign(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		edit func(*experiments.System, *experiments.Experiment)
		want Design
		says string // in the plan's text
	}{
		"a second route": {
			func(s *experiments.System, _ *experiments.Experiment) { s.ControlURL = "http://127.0.0.1:8081" },
			SecondRoute, "harms both arms alike",
		},
		"a long recovery phase": {func(*experiments.System, *experiments.Experiment) {}, BeforeAndAfter, "if the system is back 1m4s after the removal or earlier"},
		"just long enough": {
			func(_ *experiments.System, e *experiments.Experiment) { e.Settings.Phases.Recovery = 26 * time.Second },
			BeforeAndAfter, "if the system is back 0s after",
		},
		"a short recovery phase": {
			func(_ *experiments.System, e *experiments.Experiment) { e.Settings.Phases.Recovery = 25 * time.Second },
			BaselineOnly, "a recovery phase of about 30s",
		},
		"a short baseline": {
			func(_ *experiments.System, e *experiments.Experiment) { e.Settings.Phases.Baseline = 15 * time.Second },
			BaselineOnly, "a baseline of 16s or more",
		},
		"few journeys": {
			func(s *experiments.System, _ *experiments.Experiment) { s.Journeys[0].Rate = 0.5 },
			BaselineOnly, "checkout: baseline only: all that changes after it counts as the fault's: about 45 journeys after it are too few",
		},
		"turns": {
			func(_ *experiments.System, e *experiments.Experiment) { e.Settings.Repeat = 5 },
			Turns, "5 turns of control and fault",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, doc := documents()
			s.ControlURL = ""
			tt.edit(s, doc)
			e := makeOne(t, s, doc, Options{})
			var b bytes.Buffer
			e.writeText(&b)
			if got := e.Design(e.Journeys[0]); got != tt.want || !strings.Contains(b.String(), tt.says) {
				t.Errorf("design %q, text %s", got, b.String())
			}
		})
	}
}
