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

// maxNewKeys is how many keys of new violations a journal holds of one check.
const maxNewKeys = 20

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
		result := x.checkInvariant(ctx, inv, when)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // cut short: the invariant had no time to settle
		}
		if err := x.log.event(journal.InvariantChecked, journal.Event{Phase: when, Check: &result}); err != nil {
			return err
		}
	}
	return nil
}

// checkInvariant checks an invariant once. Before the fault it keeps the keys of what
// is in violation; later it tells new violations from these.
func (x *experimentRun) checkInvariant(ctx context.Context, inv experiments.Invariant, when journal.Phase) journal.CheckResult {
	result := x.options.CheckInvariant(ctx, inv, x.started)
	all := result.All
	result.All = nil // the memory of a run is bounded, and its journal as well
	switch old := x.oldKeys[inv.Name]; {
	case result.Error != "":
	case when == journal.Baseline:
		x.oldKeys[inv.Name] = all
	case len(old) > 0 && (result.Holds || all != nil):
		tellNew(&result, all, old)
	}
	return result
}

// tellNew counts the violations in all that are not among the old ones, and names only
// them. A key that is there more often than before is new as often as it is more.
func tellNew(r *journal.CheckResult, all, old []string) {
	left := map[string]int{}
	for _, k := range old {
		left[k]++
	}
	var list []string
	for _, k := range all {
		if left[k]--; left[k] < 0 {
			list = append(list, k)
		}
	}
	r.New = new(float64(len(list)))
	r.Keys = list[:min(len(list), maxNewKeys)]
	if !r.Holds {
		r.Detail += fmt.Sprintf(", %d of them new", len(list))
	}
}

// severity is how bad an answer is, for comparing it with others about the invariant.
func severity(r journal.CheckResult) float64 {
	switch {
	case r.New != nil:
		return *r.New
	case r.Holds:
		return r.Violations
	}
	return max(r.Violations, 1)
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
			result := x.checkInvariant(ctx, inv, journal.Fault)
			if ctx.Err() != nil {
				return // cut short: the invariant had no time to settle
			}
			violations := severity(result)
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
