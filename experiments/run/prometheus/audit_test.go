package prometheus

import (
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/plan"
)

// audited adds what a kind of journey counts to an audit; a sample at 100 s is at the run's
// start.
func audited(a *audit, k *kind, list ...series) {
	for _, i := range k.targets.add(list) {
		from, to := time.Duration(i.from-100*second)*time.Millisecond, time.Duration(i.to-100*second)*time.Millisecond
		a.add(k, &i, from, to)
	}
}

func visits() *kind {
	k := &kind{targets: newTargets(1500 * time.Millisecond)}
	k.Name = "visit"
	return k
}

// What was lost before the run is none of its business: a time before its start cannot be
// written down.
func TestLossesBeforeTheRunAreNotTold(t *testing.T) {
	t.Parallel()
	a := newAudit(time.Second, time.Minute)
	audited(a, visits(), ofTarget("t", total, "a", 95*second, 10, 20, 5, 6, 7, 8, 9, 3))
	m := a.measurement()
	if len(m.Losses) != 1 || m.Losses[0].From != time.Second || m.Losses[0].To != 2*time.Second {
		t.Errorf("%+v", m.Losses)
	}
	if len(m.Counts) != 1 || m.Counts[0].Arm != plan.FaultArm.String() || m.Counts[0].Total != 1 {
		t.Errorf("%+v", m.Counts)
	}
}
