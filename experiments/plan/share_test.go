package plan

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
)

// The recovery of one experiment may be the baseline of the next only where both send the
// same journeys on the same arms, and it is long enough. A plan says which may, why others
// may not, and what is saved.
func TestWhichBaselinesAreShared(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		edit func(s *experiments.System, next *experiments.Experiment)
		why  string // "": it is shared
	}{
		"the same":           {func(*experiments.System, *experiments.Experiment) {}, ""},
		"another fault":      {func(_ *experiments.System, e *experiments.Experiment) { e.Faults[0].Attributes["latency"] = 5.0 }, ""},
		"another limit":      {func(_ *experiments.System, e *experiments.Experiment) { l := 0.1; e.Settings.Limits.BlastRadius = &l }, ""},
		"another rate":       {func(_ *experiments.System, e *experiments.Experiment) { e.Rates = map[string]float64{"browse": 3} }, "phases or rates"},
		"another phase":      {func(_ *experiments.System, e *experiments.Experiment) { e.Settings.Phases.Fault = time.Minute }, "phases or rates"},
		"another control":    {func(_ *experiments.System, e *experiments.Experiment) { e.Control = experiments.ControlBaseline }, "arms"},
		"turns":              {func(s *experiments.System, _ *experiments.Experiment) { s.ControlURL, s.Defaults.Repeat = "", 3 }, "turns"},
		"too short recovery": {func(s *experiments.System, _ *experiments.Experiment) { s.Defaults.Phases.Recovery = 69 * time.Second }, "recovery phase"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, first := documents()
			_, second := documents()
			first.ID, second.ID = "first", "second"
			tt.edit(s, second)
			for _, share := range []bool{false, true} {
				s.Defaults.ShareBaselines = share
				p, err := Make(s, []*experiments.Experiment{first, second}, Options{Phases: NoOverride()})
				if err != nil {
					t.Fatal(err)
				}
				a, b := p.Experiments[0], p.Experiments[1]
				if a.SharesBaseline || a.OwnBaseline != "" || b.SharesBaseline != (share && tt.why == "") || (b.OwnBaseline != "") != (share && tt.why != "") || !strings.Contains(b.OwnBaseline, tt.why) && share {
					t.Errorf("sharing %v: %v %q, %v %q", share, a.SharesBaseline, a.OwnBaseline, b.SharesBaseline, b.OwnBaseline)
				}
				saved := time.Duration(0)
				if b.SharesBaseline {
					saved = time.Minute
				}
				var text bytes.Buffer
				if err := p.WriteText(&text); err != nil || p.SavedByBaselines() != saved || strings.Contains(text.String(), "up to 1m less") != (saved > 0) {
					t.Errorf("saved %s: %v %s", p.SavedByBaselines(), err, text.String())
				}
			}
		})
	}
}
