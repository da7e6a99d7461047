package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

func TestAWholeRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		start := time.Now()
		if err := b.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := time.Since(start).Round(time.Second); got != 19*time.Second {
			t.Errorf("took %v, want the 19 s of its phases", got)
		}
		want := []journal.Kind{
			journal.RunStarted, journal.ExperimentStarted, journal.PhaseStarted, journal.PhaseStarted, journal.PhaseStarted,
			journal.FaultIntended, journal.FaultInjected, journal.FaultRemoved, journal.PhaseStarted,
			journal.ExperimentEnded, journal.RunEnded,
		}
		if got := b.mem.kinds(); !slices.Equal(got, want) {
			t.Errorf("journal = %v, want %v", got, want)
		}
		removed, _ := b.mem.find(journal.FaultRemoved)
		if !removed.Verified || removed.Evidence.Met != 7 {
			t.Errorf("removal = %+v, want it verified, with the last counts", removed)
		}
		if b.mem.seen < 1800 { // 19 s at 100/s
			t.Errorf("%d observations", b.mem.seen)
		}
	})
}

// The intent must be durable before anything changes: if it cannot be recorded, the
// fault is not injected.
func TestNoRecordNoFault(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.mem.failAt = journal.FaultIntended
		injected := false
		b.mem.on = func(journal.Event) { injected = injected || b.in.harming() }
		if err := b.run(t.Context()); !errors.Is(err, errDisk) {
			t.Errorf("Run() = %v, want the disk's error", err)
		}
		if injected || b.in.harming() {
			t.Error("a fault was injected without a record")
		}
	})
}

// From the moment a fault is in force, no failing journal may keep it there.
func TestUndoDoesNotWaitForTheJournal(t *testing.T) {
	t.Parallel()
	for _, kind := range []journal.Kind{journal.FaultInjected, journal.FaultRemoved, journal.ExperimentEnded} {
		t.Run(string(kind), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench()
				b.mem.failAt = kind
				if err := b.run(t.Context()); !errors.Is(err, errDisk) {
					t.Errorf("Run() = %v, want the disk's error", err)
				}
				if b.in.harming() {
					t.Error("the fault was left in force")
				}
			})
		})
	}
}

func TestInterruptInEveryPhaseRemovesTheFault(t *testing.T) {
	t.Parallel()
	phases := map[string]time.Duration{
		"warmup": 500 * time.Millisecond, "baseline": 3 * time.Second, "fault": 9 * time.Second, "recovery": 17 * time.Second,
	}
	for name, after := range phases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench()
				ctx, stop := context.WithCancelCause(t.Context())
				time.AfterFunc(after, func() { stop(&Interrupt{Signal: "INT"}) })
				start := time.Now()
				err := b.run(ctx)
				if i, ok := errors.AsType[*Interrupt](err); !ok || i.Signal != "INT" || !errors.Is(err, errInterrupted) {
					t.Errorf("Run() = %v, want an interrupt", err)
				}
				if took := time.Since(start); took > after+100*time.Millisecond {
					t.Errorf("stopped %v after the signal", took-after)
				}
				if b.in.harming() {
					t.Error("the fault was left in force")
				}
				kinds := b.mem.kinds()
				removed, interrupted := slices.Index(kinds, journal.FaultRemoved), slices.Index(kinds, journal.Interrupted)
				if interrupted < 0 || (name == "fault" && (removed < 0 || removed > interrupted)) {
					t.Errorf("journal = %v, want the removal first, then the reason", kinds)
				}
			})
		})
	}
}

func TestAContextThatEndsForAnotherReasonIsAFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		ctx, stop := context.WithCancelCause(t.Context())
		time.AfterFunc(9*time.Second, func() { stop(errors.New("the lock was lost")) })
		err := b.run(ctx)
		if err == nil || errors.Is(err, errInterrupted) || !strings.Contains(err.Error(), "the lock was lost") {
			t.Errorf("Run() = %v, want the cause", err)
		}
		if _, ok := b.mem.find(journal.Interrupted); ok || b.in.harming() {
			t.Errorf("interrupted: %v, fault left: %v", ok, b.in.harming())
		}
	})
}

func TestAHalfAppliedFaultIsReverted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.in.injectErr = errors.New("connection reset in the middle")
		err := b.run(t.Context())
		if err == nil || !strings.Contains(err.Error(), "inject latency into payments: connection reset") {
			t.Errorf("Run() = %v, want the injection's error", err)
		}
		if b.in.harming() {
			t.Error("half a fault was left in force")
		}
		if e, ok := b.mem.find(journal.FaultRemoved); !ok || !e.Verified {
			t.Error("the removal is not in the journal")
		}
	})
}

func TestAHungRevertIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		release := make(chan struct{})
		defer close(release)
		b.in.revert = func(context.Context) error { <-release; return nil } // ignores its context
		start := time.Now()
		err := b.run(t.Context())
		if !errors.Is(err, ErrNotRemoved) || !strings.Contains(err.Error(), "blastgauge.r.1 on payments") {
			t.Errorf("Run() = %v, want ErrNotRemoved that names the fault", err)
		}
		if got := time.Since(start).Round(time.Second); got != 26*time.Second { // 16 s of phases and 10 s of trying
			t.Errorf("ended after %v, want 26s", got)
		}
		e, ok := b.mem.find(journal.FaultRemoved)
		if !ok || e.Verified || e.Error == "" {
			t.Errorf("the journal says %+v, want an unverified removal", e)
		}
	})
}

func TestARemovalIsTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.in.revert = func(context.Context) error {
			if b.in.reverts < 4 {
				return errors.New("connection refused")
			}
			return nil
		}
		if err := b.run(t.Context()); err != nil {
			t.Errorf("Run() = %v", err)
		}
		if b.in.harming() || b.in.reverts != 4 {
			t.Errorf("after %d removals the fault is still there: %v", b.in.reverts, b.in.harming())
		}
	})
}

type lost struct{}

func (lost) Error() string  { return "somebody else changed it" }
func (lost) Hopeless() bool { return true }

// A removal that only a person can put right is not retried.
func TestARemovalThatIsHopelessIsTriedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.in.revert = func(context.Context) error { return fmt.Errorf("the file: %w", lost{}) }
		start := time.Now()
		if err := b.run(t.Context()); !errors.Is(err, ErrNotRemoved) || !errors.Is(err, lost{}) {
			t.Errorf("Run() = %v, want ErrNotRemoved, and why", err)
		}
		if got := time.Since(start).Round(time.Second); b.in.reverts != 1 || got != 16*time.Second {
			t.Errorf("%d removals, ended after %v", b.in.reverts, got)
		}
	})
}

// One hung removal must not use up the time of the others.
func TestRemovalsRunSideBySide(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		hung := &fakeInjector{live: map[string]bool{}, revert: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}
		b.opts.Injectors["down"] = hung
		other := newFault("blastgauge.r.2", 0, 10*time.Second)
		other.Inject = "down"
		e := &b.plan.Experiments[0]
		e.Faults = append(e.Faults, other)
		if err := b.run(t.Context()); !errors.Is(err, ErrNotRemoved) || strings.Contains(err.Error(), "blastgauge.r.1") {
			t.Errorf("Run() = %v, want only the hung fault in it", err)
		}
		if b.in.harming() {
			t.Error("the healthy removal did not happen")
		}
	})
}

func TestGuardrailRemovesTheFault(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.plan.Experiments[0].Guardrails = []experiments.Guardrail{{BlastRadius: 0.36}}
		b.harm = func(in *fakeInjector) bool { return in.harming() }
		if err := b.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		intended, _ := b.mem.find(journal.FaultIntended)
		removed, _ := b.mem.find(journal.FaultRemoved)
		if in := removed.Since - intended.Since; in > 2*time.Second {
			t.Errorf("the fault stayed %v beyond its guardrail", in)
		}
		trip, ok := b.mem.find(journal.GuardrailTripped)
		if !ok || trip.Value < 0.9 || trip.Limit != 0.36 || !strings.Contains(trip.Detail, "checkout") {
			t.Errorf("trip = %+v", trip)
		}
	})
}

// What a fault met is read once more before it is removed: a guardrail may stop it
// before the first read-back, and the counts go with it.
func TestAFaultThatIsStoppedEarlyHasMetSomebody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.plan.Experiments[0].Guardrails = []experiments.Guardrail{{BlastRadius: 0.36}}
		b.harm = func(in *fakeInjector) bool { return in.harming() }
		b.in.counts = func() int64 { return int64(b.in.looks()) }
		if err := b.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		injected, _ := b.mem.find(journal.FaultInjected)
		removed, _ := b.mem.find(journal.FaultRemoved)
		trip, _ := b.mem.find(journal.GuardrailTripped)
		if trip.Since-injected.Since >= time.Second {
			t.Fatalf("the guardrail took %v: it proves nothing", trip.Since-injected.Since)
		}
		if removed.Evidence == nil || removed.Evidence.Met <= injected.Evidence.Met {
			t.Errorf("met %+v at its removal, %+v at its injection", removed.Evidence, injected.Evidence)
		}
	})
}

// Journeys that hang end long after a guardrail should have tripped. So their harm
// counts as soon as their budget is spent.
func TestGuardrailSeesJourneysThatHang(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.plan.Experiments[0].Guardrails = []experiments.Guardrail{{BlastRadius: 0.36}}
		var from time.Duration // when the first journey hung
		b.hanging = func(now time.Duration) (list []time.Duration) {
			if from == 0 && b.in.harming() {
				from = now
			}
			for at := from; from > 0 && at < now; at += 10 * time.Millisecond {
				list = append(list, at+time.Microsecond)
			}
			return list
		}
		if err := b.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, ok := b.mem.find(journal.GuardrailTripped); !ok {
			t.Error("two of three journeys hang, which did not trip the guardrail")
		}
	})
}

func TestGuardrailDoesNotTripOnSharedHarm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.plan.Experiments[0].Guardrails = []experiments.Guardrail{{BlastRadius: 0.36}}
		if err := b.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if e, ok := b.mem.find(journal.GuardrailTripped); ok {
			t.Errorf("tripped without harm: %s", e.Detail)
		}
	})
}

func TestAFaultThatVanishesEndsItsPhase(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		time.AfterFunc(9*time.Second, b.in.vanish) // 3 s into the fault
		if err := b.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		e, ok := b.mem.find(journal.FaultVanished)
		if !ok || e.Detail != "no such toxic" {
			t.Errorf("vanished = %+v, %v", e, ok)
		}
		if at := e.Since.Round(time.Second); at < 9*time.Second || at > 10*time.Second {
			t.Errorf("noticed at %v, want within a second", at)
		}
	})
}

func TestAServerThatFallsSilent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		back   time.Duration // when the server answers again, from the first silence
		vanish bool
	}{
		{"for some seconds is no proof of anything", 8 * time.Second, false},
		{"for good ends the phase", time.Hour, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench()
				e := &b.plan.Experiments[0]
				e.Phases.Fault = 40 * time.Second
				e.Faults[0].Until = e.Phases.Fault
				time.AfterFunc(9500*time.Millisecond, func() { b.in.silence(errors.New("connection refused")) })
				time.AfterFunc(9500*time.Millisecond+c.back, func() { b.in.silence(nil) })
				if err := b.run(t.Context()); err != nil {
					t.Fatal(err)
				}
				ev, ok := b.mem.find(journal.FaultVanished)
				if ok != c.vanish {
					t.Fatalf("vanished = %t (%s), want %t", ok, ev.Detail, c.vanish)
				}
				if ok && !strings.Contains(ev.Detail, "not seen for 10s") {
					t.Errorf("detail = %q", ev.Detail)
				}
				if at := ev.Since.Round(time.Second); ok && (at < 19*time.Second || at > 21*time.Second) {
					t.Errorf("noticed at %v, want about 10 s after the last look", at)
				}
			})
		})
	}
}

func TestSeveralFaultsAtTheirTimes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		e := &b.plan.Experiments[0]
		e.Faults = append(e.Faults, newFault("blastgauge.r.2", 2*time.Second, 5*time.Second))
		if err := b.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		var got []string
		base := time.Duration(0)
		for _, ev := range b.mem.events {
			switch ev.Kind {
			case journal.PhaseStarted:
				if ev.Phase == journal.Fault {
					base = ev.Since
				}
			case journal.FaultInjected, journal.FaultRemoved:
				got = append(got, (ev.Since-base).Round(time.Second).String()+" "+string(ev.Kind)+" "+ev.Fault)
			}
		}
		want := []string{
			"0s fault_injected blastgauge.r.1", "2s fault_injected blastgauge.r.2",
			"5s fault_removed blastgauge.r.2", "10s fault_removed blastgauge.r.1",
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// A read-back in the middle of an injection does not mean that the fault vanished.
func TestAFaultOnItsWayInHasNotVanished(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		e := &b.plan.Experiments[0]
		e.Faults = append(e.Faults, newFault("blastgauge.r.2", 2*time.Second, 9*time.Second))
		b.in.inject = func(f plan.Fault) {
			if f.Name == "blastgauge.r.2" {
				time.Sleep(2*readBackEvery + readBackEvery/2)
			}
		}
		if err := b.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if e, ok := b.mem.find(journal.FaultVanished); ok {
			t.Errorf("%s was still on its way in: %s", e.Fault, e.Detail)
		}
	})
}

// A read-back in the middle of a planned removal does not mean that the fault
// vanished.
func TestAFaultOnItsWayOutHasNotVanished(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		e := &b.plan.Experiments[0]
		e.Faults = append(e.Faults, newFault("blastgauge.r.2", 2*time.Second, 4500*time.Millisecond))
		b.in.revert = func(context.Context) error {
			b.in.remove("blastgauge.r.2")
			time.Sleep(2 * readBackEvery) // until it is proven gone
			return nil
		}
		if err := b.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if ev, ok := b.mem.find(journal.FaultVanished); ok {
			t.Errorf("a planned removal was taken for a loss: %+v", ev)
		}
	})
}

func TestTheSuiteWaitsForAHealthyBaseline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.plan.Experiments = append(b.plan.Experiments, b.plan.Experiments[0])
		b.plan.Experiments[1].ID = "second"
		sickUntil := time.Now().Add(40 * time.Second) // the second experiment's warm-up would end at 20 s
		b.harm = func(*fakeInjector) bool {
			return time.Now().Before(sickUntil) && time.Since(sickUntil) > -21*time.Second
		}
		if err := b.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		var baseline time.Duration
		for _, e := range b.mem.events {
			if e.Experiment == "second" && e.Phase == journal.Baseline {
				baseline = e.Since
			}
		}
		if baseline < 40*time.Second || baseline > 47*time.Second {
			t.Errorf("the second baseline began at %v, want soon after 40 s", baseline)
		}
	})
}

func TestTheSuiteStopsWhenTheSystemDoesNotComeBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.plan.Experiments = append(b.plan.Experiments, b.plan.Experiments[0])
		b.plan.Experiments[1].ID = "second"
		sickFrom := time.Now().Add(17 * time.Second)
		b.harm = func(*fakeInjector) bool { return time.Now().After(sickFrom) }
		if err := b.run(t.Context()); err != nil {
			t.Fatalf("Run() = %v: a system that stays down is a finding", err)
		}
		stop, ok := b.mem.find(journal.SuiteStopped)
		if !ok || !strings.Contains(stop.Detail, "second") {
			t.Errorf("suite stopped = %+v, %v", stop, ok)
		}
		if n := len(slices.DeleteFunc(b.mem.kinds(), func(k journal.Kind) bool { return k != journal.FaultIntended })); n != 1 {
			t.Errorf("%d faults were injected, want only the first experiment's", n)
		}
	})
}

// A system that was never healthy did not fail to come back: nothing was done to it.
func TestTheSuiteStopsForASystemThatWasNeverHealthy(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		sickFrom time.Duration
		want     error
		injected int
	}{
		"from the start":             {0, errNeverHealthy, 0},
		"since the first experiment": {17 * time.Second, errUnhealthy, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBench()
				b.plan.Experiments = append(b.plan.Experiments, b.plan.Experiments[0])
				b.plan.Experiments[1].ID = "second"
				start := time.Now()
				b.harm = func(*fakeInjector) bool { return time.Since(start) >= tt.sickFrom }
				if err := b.run(t.Context()); err != nil {
					t.Fatalf("Run() = %v: a system that is down is a finding", err)
				}
				stop, _ := b.mem.find(journal.SuiteStopped)
				if !strings.Contains(stop.Detail, tt.want.Error()) || !strings.Contains(stop.Detail, "second") {
					t.Errorf("the suite stopped for %q, want %q", stop.Detail, tt.want)
				}
				if n := len(slices.DeleteFunc(b.mem.kinds(), func(k journal.Kind) bool { return k != journal.FaultIntended })); n != tt.injected {
					t.Errorf("%d faults, want %d", n, tt.injected)
				}
			})
		})
	}
}

func TestAPanicInTrafficRemovesTheFault(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.harm = func(in *fakeInjector) bool {
			if in.harming() {
				panic("a bug in the generator")
			}
			return false
		}
		err := b.run(t.Context())
		if err == nil || !strings.Contains(err.Error(), "a bug in the generator") {
			t.Errorf("Run() = %v, want the panic as an error", err)
		}
		if b.in.harming() {
			t.Error("the fault was left in force")
		}
	})
}

// A system whose baseline is harmed beyond its limit is not broken further: nothing is
// injected, no invariant is asked afterwards, and the next experiment has its turn.
func TestABrokenBaselineIsNotBrokenFurther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.plan.Experiments = append(b.plan.Experiments, b.plan.Experiments[0])
		b.plan.Experiments[1].ID = "second"
		b.plan.Experiments[0].Invariants = []experiments.Invariant{{Name: "ledger"}}
		b.opts.CheckInvariant = func(context.Context, experiments.Invariant, time.Time) journal.CheckResult {
			return journal.CheckResult{Invariant: "ledger", Holds: true}
		}
		start := time.Now()
		b.harm = func(*fakeInjector) bool { return time.Since(start) < 10*time.Second }
		if err := b.run(t.Context()); err != nil {
			t.Fatalf("Run() = %v: a system that is broken already is a finding", err)
		}
		harmed, ok := b.mem.find(journal.BaselineHarmed)
		if !ok || harmed.Experiment != "payments-slow" || harmed.Value <= harmed.Limit || harmed.Limit != 0.02 || !strings.Contains(harmed.Detail, "checkout") {
			t.Errorf("harmed baseline = %+v, %v", harmed, ok)
		}
		for _, e := range b.mem.events {
			switch {
			case e.Experiment != "payments-slow":
			case e.Kind == journal.FaultIntended, e.Phase == journal.Fault, e.Phase == journal.Recovery:
				t.Errorf("after a harmed baseline: %+v", e)
			case e.Kind == journal.ExperimentEnded && (e.Error != "" || e.Since < 6*time.Second || e.Since > 7*time.Second):
				t.Errorf("the experiment ended at %v with %q, want at the end of its baseline", e.Since, e.Error)
			}
		}
		var injected []time.Duration
		for _, e := range b.mem.events {
			if e.Kind == journal.FaultInjected {
				injected = append(injected, e.Since)
			}
		}
		if len(injected) != 1 || injected[0] < 15*time.Second {
			t.Errorf("faults were injected at %v, want that of the second experiment, after it had waited for health", injected)
		}
	})
}

// Journeys that hang since the baseline are harm before they end.
func TestABaselineThatHangsIsHarmed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.hanging = func(now time.Duration) (list []time.Duration) {
			for at := 1107 * time.Millisecond; at < now; at += 20 * time.Millisecond {
				list = append(list, at)
			}
			return list
		}
		if err := b.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, ok := b.mem.find(journal.FaultIntended); ok {
			t.Error("a fault was injected into a system that hangs")
		}
	})
}

// What hurts few journeys, as many as the limit allows, stops nothing.
func TestABaselineWithinItsLimitIsInjected(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, n := newBench(), 0
		b.harm = func(*fakeInjector) bool { n++; return n%50 == 0 }
		if err := b.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, ok := b.mem.find(journal.FaultInjected); !ok {
			t.Errorf("nothing was injected: %v", b.mem.kinds())
		}
	})
}

// What a server says of requests may hold secrets: none reaches the journal.
func TestKindsOfRequestsAreMasked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.in.missed = []journal.Missed{{What: "POST /hooks/canary", Count: 3}}
		b.opts.Hide = func(text string) string { return strings.ReplaceAll(text, "canary", "***") }
		if err := b.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		seen := 0
		for _, e := range b.mem.events {
			if e.Evidence == nil {
				continue
			}
			for _, m := range e.Evidence.Missed {
				if seen++; m.What != "POST /hooks/***" || m.Count != 3 {
					t.Errorf("%s holds %+v", e.Kind, m)
				}
			}
		}
		if seen != 2 {
			t.Errorf("%d events hold kinds of requests, want those of the injection and the removal", seen)
		}
	})
}
