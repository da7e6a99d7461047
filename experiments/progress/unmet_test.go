package progress

import (
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// A fault that nothing comes to is told once, after a while, and only where the server
// would know.
func TestUnmet(t *testing.T) {
	t.Parallel()
	f := plan.Fault{Name: "one", Proxy: "payments"}
	f.Fault = experiments.Fault{Inject: "down", Into: "payments"}
	run := &plan.Plan{Experiments: []plan.Experiment{{Faults: []plan.Fault{f}}}}
	begun := time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)
	counted := journal.Evidence{Present: true, Counted: true}
	with := func(edit func(*journal.Evidence)) journal.Evidence {
		e := counted
		edit(&e)
		return e
	}
	for name, tt := range map[string]struct {
		plan *plan.Plan
		e    journal.Evidence
		told int
	}{
		"nothing came":                {run, counted, 1},
		"a stock server cannot tell":  {run, journal.Evidence{Present: true}, 0},
		"who is refused is not known": {run, with(func(e *journal.Evidence) { e.Refuses = true }), 0},
		"connections came":            {run, with(func(e *journal.Evidence) { e.Of = 1 }), 0},
		"other requests came":         {run, with(func(e *journal.Evidence) { e.Seen = 1 }), 0},
		"a scan asks by itself":       {&plan.Plan{Scan: &plan.Scan{}, Experiments: run.Experiments}, counted, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var u Unmet
			told := 0
			for second := range 30 {
				topic, text := u.Look(tt.plan, "one", tt.e, begun.Add(time.Duration(second)*time.Second))
				if topic == "" {
					continue
				}
				told++
				if second != 10 || !strings.Contains(text, "into payments") {
					t.Errorf("after %d s: %s %q", second, topic, text)
				}
			}
			if told != tt.told {
				t.Errorf("told %d times, want %d", told, tt.told)
			}
		})
	}
}
