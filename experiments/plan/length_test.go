package plan

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
)

// Phases are just long enough for a limit, whatever the design and however few journeys
// there are.
func TestPhasesFor(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		limit float64
		edit  func(*experiments.System, *experiments.Experiment)
	}{
		"second route":       {0.05, func(s *experiments.System, _ *experiments.Experiment) { s.ControlURL = "http://127.0.0.1:8081" }},
		"a journey a second": {0.05, func(s *experiments.System, _ *experiments.Experiment) { s.Journeys[0].Rate, s.Journeys[1].Rate = 1, 1 }},
		"before and after":   {0.02, func(*experiments.System, *experiments.Experiment) {}},
		"baseline only":      {0.05, func(_ *experiments.System, e *experiments.Experiment) { e.Settings.Phases.Recovery = 5 * time.Second }},
		"turns":              {0.05, func(_ *experiments.System, e *experiments.Experiment) { e.Settings.Repeat = 4 }},
		"a fault with an end": {0.05, func(_ *experiments.System, e *experiments.Experiment) {
			e.Faults[0].At, e.Faults[0].For = time.Second, 20*time.Second
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, doc := documents()
			s.ControlURL = ""
			tt.edit(s, doc)
			e := makeOne(t, s, doc, Options{})
			factor, _ := e.factorFor(tt.limit)
			holds := func(factor float64) bool { return e.scaled(factor).allCanHold(tt.limit) }
			if !holds(factor) || holds(factor*0.6) {
				t.Errorf("%.2f times as long: enough %v, 0.6 of that enough %v", factor, holds(factor), holds(factor*0.6))
			}
			t.Log(e.sayPhasesFor(tt.limit))
		})
	}
}

// What no phase can show is said, and what is no limit is refused.
func TestWritePhasesFor(t *testing.T) {
	t.Parallel()
	s, doc := documents()
	p, err := Make(s, []*experiments.Experiment{doc}, Options{Phases: NoOverride()})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := p.WritePhasesFor(&b, "5%"); err != nil || !strings.Contains(b.String(), "payments-slow: ") || !strings.Contains(b.String(), "browse takes the longest") {
		t.Errorf("%v: %s", err, b.String())
	}
	b.Reset()
	if err := p.WritePhasesFor(&b, "0.001%"); err != nil || !strings.Contains(b.String(), "send more journeys") {
		t.Errorf("%v: %s", err, b.String())
	}
	for _, wrong := range []string{"", "5", "0%", "-1%", "NaN%", "100%", "x%"} {
		if err := p.WritePhasesFor(&b, wrong); err == nil {
			t.Errorf("%q is taken for a limit", wrong)
		}
	}
}
