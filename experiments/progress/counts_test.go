package progress

import (
	"reflect"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// Journeys that are told of at once count as those that are told of one by one.
func TestCountsOfManyAtOnce(t *testing.T) {
	t.Parallel()
	guardrails := []experiments.Guardrail{{BlastRadius: 0.6}, {P99: 3 * time.Second}}
	var one, many Counts
	for _, o := range []journal.Observation{
		{Arm: plan.ControlArm}, {Arm: plan.FaultArm, Outcome: journal.Slow, Took: 4 * time.Second, Cause: journal.TooSlow}, {Journey: 1, Arm: plan.FaultArm, Outcome: journal.Failed},
	} {
		for range 7 {
			one.Add(o, guardrails)
		}
		o.Count = 7
		many.Add(o, guardrails)
	}
	if !reflect.DeepEqual(one, many) || many[0].Harmed[plan.FaultArm] != 7 {
		t.Errorf("%+v\nwant %+v", many, one)
	}
}
