package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// answers lets a function of the name decide the result of every check.
func (b *bench) answers(f func(name string) journal.CheckResult) {
	b.opts.CheckInvariant = func(_ context.Context, inv experiments.Invariant, _ time.Time) journal.CheckResult {
		r := f(inv.Name)
		r.Invariant = inv.Name
		return r
	}
}

func (m *memory) readings() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []string
	for _, e := range m.events {
		if e.Kind == journal.InvariantChecked {
			list = append(list, fmt.Sprintf("%s %g", e.Phase, e.Check.Violations))
		}
	}
	return list
}

// Under the fault, only results with more violations than before are recorded.
func TestInvariantsAreReadBeforeDuringAndAfter(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		broken []float64 // by question
		want   []string
	}{
		"holds":            {[]float64{0, 0, 0, 0}, []string{"baseline 0", "fault 0", "recovery 0"}},
		"breaks and heals": {[]float64{0, 3, 1, 0}, []string{"baseline 0", "fault 3", "recovery 0"}},
		"gets worse":       {[]float64{0, 0, 2, 4}, []string{"baseline 0", "fault 0", "fault 2", "recovery 4"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench() // 8 s of fault: asked at once and after 5 s
				b.plan.Experiments[0].Phases.Fault = 8 * time.Second
				b.plan.Experiments[0].Faults[0].Until = 8 * time.Second
				b.plan.Experiments[0].Invariants = []experiments.Invariant{{Name: "charged once"}}
				asked := 0
				b.answers(func(string) journal.CheckResult {
					v := tt.broken[min(asked, len(tt.broken)-1)]
					asked++
					return journal.CheckResult{Holds: v == 0, Violations: v}
				})
				if err := b.run(t.Context()); err != nil {
					t.Fatal(err)
				}
				if got := b.mem.readings(); !slices.Equal(got, tt.want) {
					t.Errorf("read %v, want %v", got, tt.want)
				}
			})
		})
	}
}

// New violations are told from old ones by all keys, and only theirs are recorded.
func TestNewViolationsAreToldFromOldOnes(t *testing.T) {
	t.Parallel()
	many := make([]string, 30)
	for i := range many {
		many[i] = fmt.Sprint("old-", i)
	}
	for name, tt := range map[string]struct {
		before, later []string
		all           bool // keys are known
		want          string
	}{
		"a new one":              {many, append([]string{"new"}, many[1:]...), true, "new 1 [new]"},
		"the old ones":           {many, many, true, "new 0 []"},
		"some healed":            {many, many[3:], true, "new 0 []"},
		"all healed":             {many, nil, true, "new 0 []"},
		"an old key once more":   {many, append([]string{"old-7"}, many...), true, "new 1 [old-7]"},
		"keys do not tell":       {many, append([]string{"new"}, many...), false, "not told"},
		"it held before":         {nil, []string{"new"}, true, "not told"},
		"new ones beyond number": {[]string{"old"}, many, true, "new 30 " + fmt.Sprint(many[:maxNewKeys])},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench()
				b.plan.Experiments[0].Invariants = []experiments.Invariant{{Name: "charged once"}}
				b.answers(func(string) journal.CheckResult {
					keys := tt.before
					if _, injected := b.mem.find(journal.FaultInjected); injected {
						keys = tt.later
					}
					r := journal.CheckResult{Holds: len(keys) == 0, Violations: float64(len(keys)), Keys: keys[:min(len(keys), maxNewKeys)]}
					if tt.all {
						r.All = keys
					}
					return r
				})
				if err := b.run(t.Context()); err != nil {
					t.Fatal(err)
				}
				for _, phase := range []journal.Phase{journal.Fault, journal.Recovery} {
					if got := b.mem.fresh(phase); got != tt.want {
						t.Errorf("%s: %s, want %s", phase, got, tt.want)
					}
				}
			})
		})
	}
}

// fresh describes the new violations in the last reading of a phase.
func (m *memory) fresh(phase journal.Phase) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	text := "not read"
	for _, e := range m.events {
		switch {
		case e.Kind != journal.InvariantChecked || e.Phase != phase:
		case e.Check.New == nil:
			text = "not told"
		default:
			text = fmt.Sprintf("new %g %v", *e.Check.New, e.Check.Keys)
		}
	}
	return text
}

// A check that the removal cuts short is not recorded: the invariant had no time to
// settle.
func TestAnAnswerThatIsCutShortDoesNotCount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.plan.Experiments[0].Invariants = []experiments.Invariant{{Name: "charged once"}}
		b.opts.CheckInvariant = func(ctx context.Context, _ experiments.Invariant, _ time.Time) journal.CheckResult {
			if !b.in.harming() {
				return journal.CheckResult{Holds: true}
			}
			<-ctx.Done() // it would have settled in an hour
			return journal.CheckResult{Violations: 5}
		}
		if err := b.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, want := b.mem.readings(), []string{"baseline 0", "recovery 0"}; !slices.Equal(got, want) {
			t.Errorf("read %v, want %v", got, want)
		}
	})
}

func guardrails(list ...experiments.Guardrail) []experiments.Guardrail { return list }

func probing(every time.Duration, failures int) experiments.Guardrail {
	return experiments.Guardrail{Probe: &experiments.Probe{Invariant: experiments.Invariant{Name: "disk is not full"}, Every: every, Failures: failures}}
}

func TestAProbeRemovesTheFault(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]journal.CheckResult{
		"answered wrongly":     {Violations: 1, Detail: "$.free is 0, expected at least 1"},
		"that cannot be asked": {Error: "connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench()
				b.plan.Experiments[0].Guardrails = guardrails(probing(time.Second, 3))
				b.answers(func(string) journal.CheckResult {
					if b.in.harming() {
						return bad
					}
					return journal.CheckResult{Holds: true}
				})
				if err := b.run(t.Context()); err != nil {
					t.Fatal(err)
				}
				injected, _ := b.mem.find(journal.FaultInjected)
				removed, _ := b.mem.find(journal.FaultRemoved)
				if got := removed.Since - injected.Since; got != 3*time.Second {
					t.Errorf("removed after %v, want three questions of a second each", got)
				}
				trip, ok := b.mem.find(journal.GuardrailTripped)
				if !ok || trip.Guardrail != "probe" || trip.Value != 3 || !strings.Contains(trip.Detail, "disk is not full: ") || !strings.Contains(trip.Detail, bad.Error+bad.Detail) {
					t.Errorf("trip = %+v", trip)
				}
			})
		})
	}
}

// Failures that are not in a row do not trip a guardrail.
func TestAProbeForgivesSingleFailures(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.plan.Experiments[0].Guardrails = guardrails(probing(time.Second, 2))
		var asked atomic.Int64
		b.answers(func(string) journal.CheckResult { return journal.CheckResult{Holds: asked.Add(1)%2 == 0} })
		if err := b.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if trip, ok := b.mem.find(journal.GuardrailTripped); ok || asked.Load() < 8 {
			t.Errorf("tripped after %d questions: %+v", asked.Load(), trip)
		}
	})
}

// Where the check of a guardrail fails before the fault, nothing is injected.
func TestAProbeThatFailsBeforeTheFault(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.plan.Experiments[0].Guardrails = guardrails(probing(time.Second, 3))
		b.answers(func(string) journal.CheckResult { return journal.CheckResult{Error: "connection refused"} })
		if err := b.run(t.Context()); err != nil {
			t.Fatalf("Run() = %v: a probe that fails is a finding", err)
		}
		if _, ok := b.mem.find(journal.FaultIntended); ok {
			t.Error("a fault was injected into a system that is not well")
		}
		stopped, ok := b.mem.find(journal.SuiteStopped)
		if !ok || !strings.Contains(stopped.Detail, "disk is not full: connection refused") {
			t.Errorf("stopped: %+v", stopped)
		}
	})
}

// Each guardrail stops the faults that meet its condition and no others, with a
// concurrent control and with the baseline as control.
func TestGuardrailsOfEveryKind(t *testing.T) {
	t.Parallel()
	failed, p99 := experiments.Guardrail{Failed: 0.2}, experiments.Guardrail{P99: 2 * time.Second}
	slow := func(o *journal.Observation) { o.Outcome, o.Took, o.Step = journal.Slow, 3*time.Second, 0 }
	wrong := func(o *journal.Observation) { o.Outcome, o.Step = journal.Wrong, 0 }
	fails := func(o *journal.Observation) { o.Outcome, o.Cause, o.Step = journal.Failed, journal.Status, 0 }
	for name, tt := range map[string]struct {
		guardrail experiments.Guardrail
		harm      func(*journal.Observation)
		want      string
	}{
		"failing journeys":          {failed, fails, "failed share of checkout: "},
		"slow journeys do not fail": {failed, slow, ""},
		"slow journeys":             {p99, slow, "p99 of checkout: "},
		"wrong answers in time":     {p99, wrong, ""},
		"wrong answers are harm":    {experiments.Guardrail{BlastRadius: 0.2}, wrong, "blast radius of checkout: "},
	} {
		for _, control := range []plan.Control{plan.Concurrent, plan.Baseline} {
			t.Run(name+"/"+string(control), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := newBench()
					e := &b.plan.Experiments[0]
					e.Guardrails, e.Control = guardrails(experiments.Guardrail{BlastRadius: 0.999}, tt.guardrail), control
					b.change = func(o *journal.Observation) {
						if b.in.harming() && o.Intended%(40*time.Millisecond) == 0 { // every other one
							tt.harm(o)
						}
					}
					if err := b.run(t.Context()); err != nil {
						t.Fatal(err)
					}
					trip, ok := b.mem.find(journal.GuardrailTripped)
					if ok != (tt.want != "") || !strings.HasPrefix(trip.Detail, tt.want) {
						t.Fatalf("trip = %+v, want %q", trip, tt.want)
					}
					if ok && (trip.Guardrail != tt.guardrail.Kind() || trip.Limit != tt.guardrail.Share()) {
						t.Errorf("trip = %+v, want one of %s", trip, tt.guardrail.Kind())
					}
				})
			})
		}
	}
}
