package engine

import (
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// Journeys that an earlier cell has harmed trip no guardrail of the next one. Those that were
// on their way when a fault came, and that no other has touched, are its own.
func TestAGuardrailIsNotOfTheCellBefore(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		removed time.Duration
		trips   bool
	}{
		"they are the cell's before": {18 * time.Second, false},
		"nobody else harmed them":    {10 * time.Second, true},
	} {
		e := &newBench().plan.Experiments[0]
		e.Guardrails = guardrails(experiments.Guardrail{BlastRadius: 0.1})
		c := newJourneyCounts(e)
		c.startBaseline(0)
		observe := func(intended, took time.Duration, outcome journal.Outcome) {
			c.add(journal.Observation{Arm: plan.FaultArm, Intended: intended, Took: took, Outcome: outcome})
		}
		for i := range 100 {
			observe(time.Duration(i)*100*time.Millisecond, time.Millisecond, journal.OK)
		}
		c.endBaseline(10 * time.Second)
		c.startCell(20*time.Second, tt.removed)
		for i := range 40 {
			observe(15*time.Second+time.Duration(i)*time.Millisecond, 6*time.Second, journal.Failed)
		}
		_, trips := c.exceedsLimit(21500*time.Millisecond, guardedJourney{}, plan.FaultArm, func(int, plan.Arm) []time.Duration { return nil })
		if trips != tt.trips {
			t.Errorf("%s: it trips: %v", name, trips)
		}
	}
}
