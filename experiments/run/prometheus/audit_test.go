package prometheus

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
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

// Counts are told by phase, and what is wrong more than once.
func TestCountsAreToldByPhase(t *testing.T) {
	t.Parallel()
	a := newAudit(time.Second, time.Minute)
	a.phases = []phaseStart{{journal.Baseline, 0}, {journal.Fault, 2 * time.Second}}
	audited(a, visits(), ofTarget("t", total, "a", 100*second, 0, 1, 2, 12, 22))
	for _, text := range []string{"refused", "refused", "a part alone", "late", "something else"} {
		a.unanswered(errors.New(text))
	}
	m := a.measurement()
	if len(m.Counts) != 2 || m.Counts[0].Phase != journal.Baseline || m.Counts[0].Total != 2 || m.Counts[1].Total != 20 {
		t.Errorf("%+v", m.Counts)
	}
	if m.Unanswered != 5 || m.Error != "refused; a part alone; late" {
		t.Errorf("%d: %q", m.Unanswered, m.Error)
	}
}

// Where a histogram lacks the edge of the budget, nobody is slow and nobody is not.
func TestAHistogramWithoutTheEdgeTellsNothing(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		buckets map[float64]int
		want    int
	}{
		"with the edge":     {map[float64]int{2: 8, math.Inf(1): 10}, 10},
		"without":           {map[float64]int{1: 8, math.Inf(1): 10}, 0},
		"timed none so far": {nil, 10},
	} {
		g := &Generator{clock: clock{epoch: time.Unix(100, 0)}, audit: newAudit(time.Second, time.Minute)}
		k := visits()
		k.Duration = &experiments.MeasuredDuration{SlowAfter: 2 * time.Second}
		n := 0
		g.take(k, interval{target: "a", from: 101 * second, to: 102 * second, on: [2]bool{true, false}, arms: [2]armCounts{{total: 10, buckets: tt.buckets}}}, func(o journal.Observation) { n += o.Times() })
		if lost := len(g.audit.all.Losses); n != tt.want || (lost == 1) != (tt.want == 0) {
			t.Errorf("%s: %d journeys, %d lost", name, n, lost)
		}
	}
}

// The name of a target may be longer than what is written down.
func TestNamesOfTargetsAreCut(t *testing.T) {
	t.Parallel()
	if n := len(cut(strings.Repeat("x", 10*journal.MaxKey))); n != journal.MaxKey {
		t.Errorf("%d bytes", n)
	}
}
