package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/run/internal/wait"
)

// checkEvery is the pause between two rounds of checks of the invariants under a
// fault.
const checkEvery = 5 * time.Second

// errGuardrailCheck means that the check of a guardrail fails although no fault is
// in force: a fault must not make that worse.
var errGuardrailCheck = errors.New("a guardrail's probe fails before the fault")

// checkInvariants checks every invariant once and records the results. A check
// that could not be made is a result as well.
func (x *experimentRun) checkInvariants(ctx context.Context, when journal.Phase) error {
	if x.options.CheckInvariant == nil {
		return nil
	}
	for _, inv := range x.e.Invariants {
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the caller reports why ctx ended
		}
		result := x.options.CheckInvariant(ctx, inv, x.started)
		if err := x.log.event(journal.InvariantChecked, journal.Event{Phase: when, Check: &result}); err != nil {
			return err
		}
	}
	return nil
}

// watchInvariants checks every invariant again and again under the fault. It
// records only news: the first result, and each that is worse than all before.
func (x *experimentRun) watchInvariants(ctx context.Context) {
	defer x.catchPanic("invariants")
	if x.options.CheckInvariant == nil || len(x.e.Invariants) == 0 {
		return
	}
	worst := map[string]float64{}
	for {
		for _, inv := range x.e.Invariants {
			result := x.options.CheckInvariant(ctx, inv, x.started)
			if ctx.Err() != nil {
				return // cut short: the invariant had no time to settle
			}
			violations := result.Violations
			if !result.Holds {
				violations = max(violations, 1)
			}
			before, known := worst[inv.Name]
			if result.Error != "" || known && violations <= before {
				continue
			}
			worst[inv.Name] = violations
			x.recordBeside(journal.InvariantChecked, journal.Event{Phase: journal.Fault, Check: &result})
		}
		if !wait.For(ctx, checkEvery) {
			return
		}
	}
}

// checkedGuardrails returns the guardrails that are watched by a check instead of
// by journeys.
func (x *experimentRun) checkedGuardrails() []experiments.Guardrail {
	var list []experiments.Guardrail
	for _, g := range x.e.Guardrails {
		if g.Probe != nil && x.options.CheckInvariant != nil {
			list = append(list, g)
		}
	}
	return list
}

// checkGuardrailsOnce makes the check of every guardrail before the fault. A check
// that fails is repeated as often as it would be under the fault, because one
// failure may be chance.
func (x *experimentRun) checkGuardrailsOnce(ctx context.Context) error {
	for _, g := range x.checkedGuardrails() {
		for n := 1; ; n++ {
			result := x.options.CheckInvariant(ctx, g.Probe.Invariant, x.started)
			if passed(result) || ctx.Err() != nil {
				break
			}
			if n >= g.Probe.Failures {
				return fmt.Errorf("%w: %s: %s", errGuardrailCheck, g.Probe.Name, cmp.Or(result.Error, result.Detail))
			}
			wait.For(ctx, g.Probe.Every)
		}
	}
	return nil
}

// watchGuardrailCheck makes the check of a guardrail again and again, and ends the
// fault after several failures in a row.
func (x *experimentRun) watchGuardrailCheck(ctx context.Context, g experiments.Guardrail, stop context.CancelCauseFunc) {
	defer x.catchPanic("guardrail")
	failed := 0
	for wait.For(ctx, g.Probe.Every) {
		result := x.options.CheckInvariant(ctx, g.Probe.Invariant, x.started)
		if ctx.Err() != nil {
			return
		}
		if passed(result) {
			failed = 0
			continue
		}
		if failed++; failed < g.Probe.Failures {
			continue
		}
		how := fmt.Sprintf("%s (%d times in a row)", cmp.Or(result.Error, result.Detail, "not as expected"), failed)
		x.trip(ctx, violation{guardrail: g, how: how, excess: float64(failed), limit: float64(g.Probe.Failures)}, stop)
		return
	}
}

func passed(r journal.CheckResult) bool { return r.Error == "" && r.Holds }
