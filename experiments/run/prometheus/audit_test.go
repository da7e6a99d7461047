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

// What one target of several loses is worth what it carried, on its own arm alone.
func TestLossesWeighWhatTheirTargetsCarried(t *testing.T) {
	t.Parallel()
	a, k := newAudit(time.Second, time.Minute), visits()
	of := func(target string, arm plan.Arm, values ...float64) series {
		s := ofTarget("t", total, target, 100*second, values...)
		s.arm = arm
		return s
	}
	audited(a, k, of("a", plan.FaultArm, 0, 90, 180, 5), of("b", plan.FaultArm, 0, 10, 20, 30), of("c", plan.ControlArm, 0, 100, 200, 300))
	m := a.measurement()
	if len(m.Losses) != 1 || m.Losses[0].Arm != "fault" || m.Losses[0].Share < 0.85 || m.Losses[0].Share > 0.9 || len(m.Losses[0].First) != 1 || m.Losses[0].First[0] != "a" {
		t.Errorf("%+v", m.Losses)
	}
}

// Losses beyond those that are told are counted.
func TestLossesThatAreNotToldAreCounted(t *testing.T) {
	t.Parallel()
	a, k := newAudit(time.Second, time.Minute), visits()
	values := make([]float64, 2*mostLosses+11)
	for i := range values {
		values[i] = float64((i + 1) % 2)
	}
	audited(a, k, ofTarget("t", total, "a", 100*second, values...))
	if m := a.measurement(); len(m.Losses) != mostLosses || m.Untold != 5 || m.Lost != mostLosses+5 {
		t.Errorf("%d told, %d not, of %d", len(m.Losses), m.Untold, m.Lost)
	}
}
